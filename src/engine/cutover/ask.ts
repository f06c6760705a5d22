/** The question before a switch: whoever listens to webhooks may stop it while nothing has been changed. */
import type { HookSender } from '../hook-sender.ts';
import type { Journal } from '../journal.ts';
import { letGoTo } from './end.ts';
import type { CutoverAnswer } from './run.ts';

/** Null: it may begin. Otherwise it is let go, or left to the next process because the bot is being stopped. */
export async function askBefore(
  journal: Journal,
  sender: HookSender,
  shards: readonly number[],
): Promise<CutoverAnswer | null> {
  const asked = await sender.ask(shards);
  switch (asked.kind) {
    case 'yes':
      return null;
    case 'stopped':
      return { waitsFor: 'The webhook before_switch is asked again when the bot is back.', why: null };
    case 'no': {
      const { sent } = asked;
      const said = sent.outcome === 'refused' ? 'said no' : 'got no answer';
      const reason = `the webhook before_switch ${said}. ${sent.detail}`;
      journal.append([sent, { kind: 'cutover_let_go', reason }, letGoTo(journal.state)]);
      return { waitsFor: null, why: null };
    }
  }
}
