/** The question before a switch: whoever listens to webhooks may stop it while nothing has been changed. */
import type { HookSender } from '../hook-sender.ts';
import type { Journal } from '../journal.ts';
import { letGoRows } from './end.ts';
import { type CutoverAnswer, OVER } from './run.ts';

/** Null: it may begin. Otherwise it is let go, or left to the next process because the bot is being stopped. */
export async function askBefore(
  journal: Journal,
  sender: HookSender,
  shards: readonly number[],
): Promise<CutoverAnswer | null> {
  const { entry } = journal.state;
  const asked = await sender.ask(shards);
  // Behind a canary somebody may have rolled back meanwhile, or changed a server: there is nothing to begin or to let go.
  const isOff = journal.state.entry !== entry;
  switch (asked.kind) {
    case 'yes':
      return isOff ? OVER : null;
    case 'stopped':
      return { waitsFor: 'The webhook before_switch is asked again when the bot is back.', why: null };
    case 'no': {
      const { sent } = asked;
      if (isOff) {
        journal.append([sent]);
        return OVER;
      }
      const said = sent.outcome === 'refused' ? 'said no' : 'got no answer';
      const reason = `the webhook before_switch ${said}. ${sent.detail}`;
      journal.append([sent, ...letGoRows(journal.state, reason)]);
      return OVER;
    }
  }
}
