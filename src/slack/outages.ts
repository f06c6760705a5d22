/**
 * For how long Slack has not taken the newest state of a migration's message. Owns that, durably once it has lasted for
 * 30 s; tells the engine, which journals it, when it is over, and so the thread tells it, once for each outage. When the
 * store or the journal cannot be written, it tries again until they can.
 */
import type { Clock } from '../clock.ts';
import type { MigrationId } from '../domain/plan.ts';
import type { MigrationService } from '../engine/service.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';

export interface Outages {
  /** Slack did not take the message, or would not now. */
  blocked(id: MigrationId): void;
  /** It took the newest state. */
  over(id: MigrationId): void;
  /** Writes down and tells what could not be before. Returns how long there is nothing to do. */
  tend(): number;
  /** Whether an outage before the last restart is still to be told. */
  isOwed(id: MigrationId): boolean;
  /** Seconds since Slack took a message, of those that it does not take. */
  seconds(): ReadonlyMap<MigrationId, number>;
}

/** Below it nobody is told: a rate limit that is obeyed is over sooner. */
const LONG_MS = 30_000;
const AGAIN_MS = 10_000;

interface Outage {
  /** Wall clock, for people. */
  readonly from: number;
  /** When it was seen last to go on; wall clock. */
  last: number;
  /** Monotonic. */
  readonly began: number;
  /** From before the last restart, and not seen to go on since. */
  isOld: boolean;
  isOver: boolean;
  /** `last` as it stands in the store; null: not there. */
  noted: number | null;
}

export function createOutages(deps: {
  readonly store: Pick<Store, 'note' | 'setNote'>;
  readonly service: Pick<MigrationService, 'slackWasAway'>;
  readonly clock: Clock;
  readonly log: Log;
}): Outages {
  const { store, service, clock, log } = deps;
  const outages = new Map<MigrationId, Outage>();
  const read = new Set<MigrationId>();

  /** Also one that was not told before the bot stopped. */
  function known(id: MigrationId): Outage | undefined {
    if (!read.has(id)) {
      const before = noteOf(id);
      read.add(id);
      const began = clock.monotonicMs() - LONG_MS;
      if (before !== null) outages.set(id, { ...before, noted: before.last, began, isOld: true, isOver: false });
    }
    return outages.get(id);
  }

  function noteOf(id: MigrationId): Pick<Outage, 'from' | 'last'> | null {
    try {
      return readNote(store.note(noteKey(id)));
    } catch (error) {
      log.warn({ migration: id, err: error }, 'it cannot be read how long Slack took no updates before the restart');
      return null;
    }
  }

  function isLong(outage: Outage): boolean {
    return clock.monotonicMs() - outage.began >= LONG_MS;
  }

  /** Throws when the store or the journal does. */
  function settle(id: MigrationId, outage: Outage): void {
    if (!isLong(outage)) {
      if (outage.isOver) outages.delete(id);
      return;
    }
    if (!outage.isOver) {
      // Once a minute is often enough for the time that it tells after a restart.
      if (outage.noted !== null && outage.last - outage.noted < 60_000) return;
      store.setNote(noteKey(id), JSON.stringify({ from: outage.from, last: outage.last }));
      outage.noted = outage.last;
      return;
    }
    service.slackWasAway(id, outage.from, outage.last);
    if (outage.noted !== null) store.setNote(noteKey(id), '');
    outages.delete(id);
  }

  return {
    blocked(id) {
      const outage = known(id);
      if (outage === undefined) {
        const now = clock.now();
        const began = clock.monotonicMs();
        outages.set(id, { from: now, last: now, noted: null, began, isOld: false, isOver: false });
        return;
      }
      outage.isOld = false;
      outage.isOver = false;
      outage.last = clock.now();
    },
    over(id) {
      const outage = known(id);
      if (outage === undefined || outage.isOver) return;
      // An old one ended while the bot was away: what is known is when it was seen last.
      if (!outage.isOld) outage.last = clock.now();
      outage.isOver = true;
    },
    tend() {
      let next = Number.POSITIVE_INFINITY;
      for (const [id, outage] of outages) {
        try {
          settle(id, outage);
          if (!outage.isOver && !isLong(outage)) next = Math.min(next, outage.began + LONG_MS - clock.monotonicMs());
        } catch (error) {
          next = Math.min(next, AGAIN_MS);
          log.warn({ migration: id, err: error }, 'it could not be written down how long Slack took no updates');
        }
      }
      return next;
    },
    isOwed: (id) => known(id) !== undefined,
    seconds() {
      const now = clock.now();
      return new Map(
        [...outages].filter(([, one]) => !one.isOver).map(([id, one]) => [id, Math.max(0, now - one.from) / 1_000]),
      );
    },
  };
}

function noteKey(id: MigrationId): string {
  return `outage:${id}`;
}

function readNote(note: string | null): Pick<Outage, 'from' | 'last'> | null {
  if (note === null || note === '') return null;
  try {
    const { from, last } = JSON.parse(note) as { from?: unknown; last?: unknown };
    return typeof from === 'number' && typeof last === 'number' ? { from, last } : null;
  } catch {
    return null;
  }
}
