/**
 * The story of a migration in the thread under its status message: the journal's turning points, in order, each once.
 * Owns how far each thread was told (a durable note). Never throws into the engine; when Slack is away it waits and
 * goes on where it was. After a restart, or when no answer came, it looks at the thread before it posts again.
 */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../clock.ts';
import { hasEnded } from '../domain/phase.ts';
import type { MigrationId } from '../domain/plan.ts';
import type { MigrationView } from '../domain/view.ts';
import type { MigrationService } from '../engine/service.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import { backoffMs } from './alarm.ts';
import { isSlackProblem, type SlackProblem } from './api.ts';
import { type Approving, lacksApprovals, mustAct } from './must-act.ts';
import { isThreadGone, type Poster, STORY_EVENT } from './post.ts';
import { isTold, nextChapter } from './story.ts';

export interface ThreadDeps {
  readonly poster: Poster;
  readonly approving: Approving;
  readonly service: Pick<MigrationService, 'view' | 'rows'>;
  readonly store: Pick<Store, 'note' | 'setNote'>;
  readonly clock: Clock;
  readonly log: Log;
  /** The message that the thread hangs from is not there any more. */
  readonly gone: (id: MigrationId) => void;
}

export interface Thread {
  /** There may be new rows. Returns at once. */
  changed(id: MigrationId): void;
  /** Whether everything that is worth telling was told. */
  isComplete(id: MigrationId): boolean;
  /** Tells what is still untold, for at most `graceMs`. May be called twice. */
  stop(graceMs: number): Promise<void>;
}

/** Rows of one moment are told in one message; so long is a moment. */
const MOMENT_MS = 400;
/** What Slack does not take is tried again more and more slowly, up to these. */
const LIVE_APART_MS = 60_000;
const ENDED_APART_MS = 600_000;

interface Teller {
  cursor: number;
  /** Whether the thread may hold more than the note says. */
  unsure: boolean;
  again: boolean;
  running: Promise<void> | null;
}

export function createThread(deps: ThreadDeps): Thread {
  const { poster, service, store, clock, log } = deps;
  const tellers = new Map<MigrationId, Teller>();
  const ending = new AbortController();
  // One for each migration whose story is told now.
  setMaxListeners(Number.POSITIVE_INFINITY, ending.signal);

  function tellerOf(id: MigrationId): Teller {
    let teller = tellers.get(id);
    if (!teller) {
      teller = { cursor: Number(store.note(noteKey(id)) ?? '0') || 0, unsure: true, again: false, running: null };
      tellers.set(id, teller);
    }
    return teller;
  }

  async function run(id: MigrationId, teller: Teller): Promise<void> {
    await clock.sleep(MOMENT_MS, ending.signal);
    let failures = 0;
    do {
      teller.again = false;
      try {
        while (await tellNext(id, teller)) failures = 0;
      } catch (error) {
        failures += 1;
        teller.again = true;
        const problem = isSlackProblem(error) ? error : null;
        if (isThreadGone(error)) deps.gone(id);
        if (problem?.kind !== 'rate_limited' && problem?.kind !== 'refused') teller.unsure = true;
        log.warn(
          { migration: id, code: problem?.code, failures, ...(problem ? {} : { err: error }) },
          'the story cannot be told now',
        );
        await clock.sleep(
          Math.max(problem?.retryAfterMs ?? 0, backoffMs(failures, atMostMs(id, problem))),
          ending.signal,
        );
        if (ending.signal.aborted && failures > 1) return;
      }
    } while (teller.again);
  }

  /** In a channel that is gone the end of a story may wait for ever: it must not be tried every minute by all that ever ended. */
  function atMostMs(id: MigrationId, problem: SlackProblem | null): number {
    const phase = service.view(id)?.phase;
    const isForGood = problem?.kind === 'refused' && phase !== undefined && hasEnded(phase);
    return isForGood ? ENDED_APART_MS : LIVE_APART_MS;
  }

  /** Posts one message; false when there is nothing to post. */
  async function tellNext(id: MigrationId, teller: Teller): Promise<boolean> {
    const view = service.view(id);
    if (view === null || view.messageTs === null) return false;
    const pending = service.rows(id, teller.cursor);
    if (!pending.some(isTold)) {
      // What is not told needs no note: after a restart it is looked at once more.
      teller.cursor = pending.at(-1)?.seq ?? teller.cursor;
      return false;
    }
    if (teller.unsure) {
      await catchUp(view, view.messageTs, teller);
      teller.unsure = false;
      return true;
    }
    const chapter = nextChapter(pending, (gate) => ({
      waits: lacksApprovals(view, gate),
      who: mustAct(deps.approving, view, gate),
    }));
    await poster.post({
      channel: view.channel,
      threadTs: view.messageTs,
      text: chapter.text,
      broadcast: chapter.broadcast,
      metadata: { event_type: STORY_EVENT, event_payload: { migration: id, seq: chapter.lastSeq } },
    });
    remember(id, teller, chapter.lastSeq);
    return true;
  }

  async function catchUp(view: MigrationView, threadTs: string, teller: Teller): Promise<void> {
    const told = await poster.find({ channel: view.channel, threadTs }, STORY_EVENT, view.id);
    const highest = Math.max(0, ...told.map((message) => Number(message.payload['seq']) || 0));
    if (highest > teller.cursor) remember(view.id, teller, highest);
  }

  function remember(id: MigrationId, teller: Teller, seq: number): void {
    teller.cursor = seq;
    try {
      store.setNote(noteKey(id), String(seq));
    } catch (error) {
      // The thread itself holds it: after a restart it is looked at before anything is posted.
      log.warn({ migration: id, err: error }, 'it could not be written down how far the story was told');
    }
  }

  function wake(id: MigrationId): void {
    const teller = tellerOf(id);
    if (teller.running) {
      teller.again = true;
      return;
    }
    if (ending.signal.aborted || service.rows(id, teller.cursor).length === 0) return;
    teller.running = run(id, teller)
      .catch((error: unknown) => log.error({ migration: id, err: error }, 'the story stumbled'))
      .finally(() => {
        teller.running = null;
        // A row may have come between the last look and now.
        if (teller.again) wake(id);
      });
  }

  return {
    changed(id) {
      try {
        wake(id);
      } catch (error) {
        log.error({ migration: id, err: error }, 'the story stumbled');
      }
    },
    isComplete(id) {
      try {
        return !service.rows(id, tellerOf(id).cursor).some(isTold);
      } catch (error) {
        log.error({ migration: id, err: error }, 'it cannot be read how far the story was told');
        return false;
      }
    },
    async stop(graceMs) {
      ending.abort();
      const all = Promise.all([...tellers.values()].map((teller) => teller.running ?? Promise.resolve()));
      const over = new AbortController();
      await Promise.race([all, clock.sleep(graceMs, over.signal)]);
      over.abort();
    },
  };
}

function noteKey(id: MigrationId): string {
  return `thread:${id}`;
}
