/**
 * How simply the shards have to be shown, because Slack did not take them richer: for the whole workspace where it does
 * not understand a kind of block, which is remembered for a week, and for a single migration where its message was too
 * long. When the store does not take the note, it is remembered until the bot stops.
 */
import type { Clock } from '../clock.ts';
import type { MigrationId } from '../domain/plan.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import { RUNGS, type Rung } from './blocks/shard-table.ts';

const TOO_MUCH = ['msg_blocks_too_long', 'msg_too_long'];
const NOT_UNDERSTOOD = ['invalid_blocks', 'invalid_attachments', 'invalid_blocks_format'];
const REMEMBER_MS = 7 * 86_400_000;
const NOTE = 'slack:rung';

export interface Rungs {
  of(id: MigrationId): Rung;
  /** One rung down. Null: there is none left. */
  lower(id: MigrationId, code: string): Rung | null;
}

interface Lowered {
  readonly rung: Rung;
  /** Wall clock. */
  readonly at: number;
}

/** Whether Slack refused the blocks, rather than the message. */
export function isAboutBlocks(code: string): boolean {
  return TOO_MUCH.includes(code) || NOT_UNDERSTOOD.includes(code);
}

export function createRungs(deps: {
  readonly store: Pick<Store, 'note' | 'setNote'>;
  readonly clock: Clock;
  readonly log: Log;
}): Rungs {
  const { store, clock, log } = deps;
  const own = new Map<MigrationId, Rung>();
  /** Undefined: the note was not read yet. */
  let ofAll: Lowered | null | undefined;

  function common(): Rung {
    if (ofAll === undefined) ofAll = readNote(store.note(NOTE));
    if (ofAll !== null && clock.now() - ofAll.at >= REMEMBER_MS) ofAll = null;
    return ofAll?.rung ?? 'table';
  }

  function rungOf(id: MigrationId): Rung {
    return RUNGS[Math.max(RUNGS.indexOf(own.get(id) ?? 'table'), RUNGS.indexOf(common()))] ?? 'bare';
  }

  return {
    of: rungOf,
    lower(id, code) {
      const next = RUNGS[RUNGS.indexOf(rungOf(id)) + 1];
      if (next === undefined) return null;
      if (!NOT_UNDERSTOOD.includes(code)) {
        own.set(id, next);
        return next;
      }
      ofAll = { rung: next, at: clock.now() };
      try {
        store.setNote(NOTE, JSON.stringify(ofAll));
      } catch (error) {
        log.warn({ err: error }, 'how simply blocks have to be shown is remembered until the bot stops only');
      }
      return next;
    },
  };
}

function readNote(note: string | null): Lowered | null {
  if (note === null) return null;
  try {
    const { rung, at } = JSON.parse(note) as { rung?: unknown; at?: unknown };
    const known = RUNGS.find((one) => one === rung);
    return known !== undefined && typeof at === 'number' ? { rung: known, at } : null;
  } catch {
    return null;
  }
}
