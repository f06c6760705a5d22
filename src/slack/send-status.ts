/**
 * Sends one status message once, and finds out what to do when Slack does not take it. Owns nothing but what it was
 * handed; never rejects because of Slack. A message that is gone, or too old to be edited, is posted anew; blocks that
 * are refused come back simpler the next time.
 */
import type { Clock } from '../clock.ts';
import type { MigrationId } from '../domain/plan.ts';
import type { MigrationView } from '../domain/view.ts';
import type { MigrationService } from '../engine/service.ts';
import type { Log } from '../log.ts';
import { isSlackProblem, type SlackApi, type SlackProblem } from './api.ts';
import { type Rendering, renderStatus } from './blocks/status.ts';
import { type Poster, STATUS_EVENT } from './post.ts';
import { linkMessages, moveMessage } from './repost.ts';
import { isAboutBlocks, type Rungs } from './rungs.ts';

/**
 * | kind    | meaning                                                            |
 * | ------- | ------------------------------------------------------------------ |
 * | sent    | Slack has this state                                               |
 * | again   | to be sent again as soon as it has a turn                          |
 * | limited | to be sent again, and no other before `pauseMs` are over           |
 * | failed  | to be sent again after `atLeastMs`, later when it has failed often |
 */
export type Sent =
  | { readonly kind: 'sent' }
  | { readonly kind: 'again' }
  | { readonly kind: 'limited'; readonly pauseMs: number }
  | { readonly kind: 'failed'; readonly atLeastMs: number };

export interface StatusSender {
  send(view: MigrationView, rendering: Rendering): Promise<Sent>;
  /** Where the message is; the journal learns of it later when it cannot be written now. */
  whereIs(view: MigrationView): string | null;
}

/**
 * Slack says that it is too old by `edit_window_closed`. One that is merely far up in the channel is left where it is:
 * the thread calls the channel when something is needed, and leads back to it.
 */
const GONE = ['message_not_found', 'cant_update_message', 'edit_window_closed', 'is_archived', 'msg_too_old'];
const MOVES_APART_MS = 60_000;
const MOVES_APART_AT_MOST_MS = 3_600_000;

/** How often a message was posted anew, so that a channel in which nothing can be edited does not fill with them. */
interface Moves {
  readonly at: number;
  readonly apartMs: number;
  readonly signature: string;
  /** Its `ts` while the journal does not have it. */
  unwritten: { readonly ts: string; readonly why: string } | null;
}

export function createStatusSender(deps: {
  readonly api: SlackApi;
  readonly poster: Poster;
  readonly service: Pick<MigrationService, 'messagePosted'>;
  readonly rungs: Rungs;
  readonly clock: Clock;
  readonly log: Log;
}): StatusSender {
  const { api, poster, service, rungs, clock, log } = deps;
  const moves = new Map<MigrationId, Moves>();

  function whereIs(view: MigrationView): string | null {
    return moves.get(view.id)?.unwritten?.ts ?? view.messageTs;
  }

  /** The first time at once; then at most once a minute for news, and without any less and less often. */
  function mayMove(view: MigrationView, { signature }: Rendering): boolean {
    const last = moves.get(view.id);
    if (last === undefined) return true;
    return clock.monotonicMs() - last.at >= (last.signature === signature ? last.apartMs : MOVES_APART_MS);
  }

  async function move(view: MigrationView, rendering: Rendering, code: string): Promise<Sent> {
    const old = { ...view, messageTs: whereIs(view) };
    const ts = await moveMessage({ poster, log }, old, code, renderStatus(view, rungs.of(view.id)));
    if (ts === null) return { kind: 'failed', atLeastMs: 5_000 };
    const apartMs = Math.min(MOVES_APART_AT_MOST_MS, 2 * (moves.get(view.id)?.apartMs ?? MOVES_APART_MS / 2));
    const unwritten = { ts, why: movedBecause(code) };
    moves.set(view.id, { at: clock.monotonicMs(), apartMs, signature: rendering.signature, unwritten });
    writeDown(view.id);
    void linkMessages({ api, poster, log }, old, ts, code !== 'message_not_found');
    return { kind: 'again' };
  }

  function writeDown(id: MigrationId): void {
    const known = moves.get(id);
    if (known?.unwritten == null) return;
    try {
      service.messagePosted(id, known.unwritten.ts, known.unwritten.why);
      known.unwritten = null;
    } catch (error) {
      log.error({ migration: id, err: error }, 'the journal does not take where the status message is now');
    }
  }

  async function recover(view: MigrationView, rendering: Rendering, problem: SlackProblem): Promise<Sent> {
    const { code } = problem;
    if (problem.kind === 'rate_limited') return { kind: 'limited', pauseMs: problem.retryAfterMs };
    if (problem.kind === 'unreachable') {
      log.warn({ migration: view.id, code }, 'Slack does not take a status');
      return { kind: 'failed', atLeastMs: 0 };
    }
    if (isAboutBlocks(code)) {
      const rung = rungs.lower(view.id, code);
      if (rung !== null) {
        log.warn({ migration: view.id, code, rung }, 'Slack refuses blocks, showing them simpler');
        return { kind: 'again' };
      }
      log.error({ migration: view.id, code }, 'Slack refuses even the simplest status');
      return { kind: 'failed', atLeastMs: 30_000 };
    }
    if (GONE.includes(code) && mayMove(view, rendering)) return move(view, rendering, code);
    log.warn({ migration: view.id, code }, 'Slack refuses a status');
    return { kind: 'failed', atLeastMs: 10_000 };
  }

  return {
    whereIs,
    async send(view, rendering) {
      const ts = whereIs(view);
      writeDown(view.id);
      try {
        await api.call('chat.update', {
          channel: view.channel,
          ts,
          text: rendering.text,
          blocks: rendering.blocks,
          metadata: { event_type: STATUS_EVENT, event_payload: { migration: view.id } },
        });
        return { kind: 'sent' };
      } catch (error) {
        if (!isSlackProblem(error)) throw error;
        return recover(view, rendering, error);
      }
    },
  };
}

function movedBecause(code: string): string {
  if (code === 'message_not_found') return 'The status message was deleted, so it was posted again.';
  return 'Slack does not allow the status message to be edited any more, so a new one was posted.';
}
