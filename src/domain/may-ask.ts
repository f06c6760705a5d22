/** Which requests beside the gates a migration can take now. Pure. */
import { canResume } from './held.ts';
import { isOverlap } from './overlap.ts';
import { assertNever } from './phase.ts';
import type { Sight } from './sight.ts';
import type { MigrationState } from './state.ts';
import { canCancel } from './timed.ts';
import { wayBackOf } from './way-back.ts';

export type Request = 'recheck' | 'abort' | 'rollback' | 'tune' | 'resume' | 'cancel_schedule';

/** The number of the buttons that agree to what was told of the servers: older ones did not show all of it. */
export function agreedFrom({ entry, told }: MigrationState): number {
  return Math.max(entry, told);
}

/** The number of the buttons that pass a gate, or ask again: older ones were drawn for something else. */
export function gateFrom({ entry, decided }: MigrationState): number {
  return Math.max(entry, decided);
}

/** What was begun is being taken back, and no write is at stake: what cannot be reached may be left behind. */
export function isPuttingBack({ phase, cutover, shards }: MigrationState): boolean {
  if (phase === 'aborting') return true;
  return phase === 'rolling_back' && cutover === null && shards.every((one) => !one.promoted || one.stays);
}

export function mayAsk(state: MigrationState, sight: Sight, what: Request): boolean {
  const follows = state.phase === 'syncing' || state.phase === 'streaming';
  switch (what) {
    case 'recheck':
      return state.phase === 'planned';
    case 'cancel_schedule':
      return canCancel(state);
    case 'tune':
      return follows && state.shards.some(({ alarm, tune }) => alarm !== null && alarm.tune.length > 0 && !tune.length);
    case 'resume':
      return follows && canResume(state, sight);
    case 'rollback':
      // Not in the middle of a cut-over: that ends by itself, one way or the other.
      return state.cutover === null && wayBackOf(state, sight)?.open === true;
    case 'abort':
      // A second abort, or one behind a roll back, leaves behind what cannot be reached.
      if (isPuttingBack(state)) return !state.giveUp;
      // A shard that has gone over can only be rolled back.
      if (state.shards.some((one) => one.promoted)) return false;
      // It gives up what was written on the new side, which takes consent.
      if (state.phase === 'switched') return isOverlap(state) && state.cutover === null;
      return follows || state.phase === 'checking' || state.phase === 'planned';
    default:
      return assertNever(what);
  }
}
