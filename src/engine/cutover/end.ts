/** What a cut-over leads to, by the phase that it runs in: when all of its shards are promoted, and when it is let go. Pure. */
import { goneOver, soakBegins } from '../../domain/canary.ts';
import type { Event } from '../../domain/event.ts';
import type { MigrationState } from '../../domain/state.ts';

/**
 * All shards of this cut-over were seen promoted. A roll back and a finish have housekeeping left, and behind a canary
 * the others wait, so their phase stays.
 */
export function endOf(state: MigrationState): Event[] {
  if (state.phase !== 'switching') return [];
  if (state.shards.some((one) => !one.promoted)) return soakBegins(state);
  const reason = 'The new servers take the writes; the old ones refuse them. Point the application at the new ones.';
  return [{ kind: 'phase_entered', phase: 'switched', reason }];
}

/** Nothing has changed: back to where it came from. */
function letGoTo(state: MigrationState): Event {
  const { phase, cameFrom } = state;
  if (phase === 'switching') {
    const gone = state.shards.filter((one) => one.promoted).length;
    const which = gone === 1 && goneOver(state) !== null ? 'The shard that went first' : 'What has gone over';
    const reason =
      gone > 0
        ? `${which} stays on its new server, the others go on as before. Switch can be approved again for them when they are in step.`
        : 'The old servers go on as before. Switch can be approved again when all shards are in step.';
    return { kind: 'phase_entered', phase: 'streaming', reason };
  }
  if (phase === 'finishing') {
    const reason = 'Everything is as it was before. Finish can be approved again when its gate is open.';
    return { kind: 'phase_entered', phase: 'switched', reason };
  }
  const reason = 'The new servers go on taking the writes. It can be rolled back again when the way back is open.';
  // Somebody wanted the canary back: the others do not follow it by themselves any more.
  if (cameFrom === 'switching')
    return {
      kind: 'phase_entered',
      phase: 'streaming',
      reason: `${reason} The others follow only when switch is approved again.`,
    };
  return { kind: 'phase_entered', phase: cameFrom === 'rolling_back' ? 'switched' : cameFrom, reason };
}

/** What is journalled when everything was taken back. `partly`: shards that were promoted by then stay promoted. */
export function letGoRows(state: MigrationState, reason: string, partly = false): Event[] {
  const row: Event = { kind: 'cutover_let_go', reason, ...(partly ? { partly } : {}) };
  // Rolled back in part there is no phase to go on in, for finish would count all of them as moved: it goes on to its end.
  return partly && state.phase === 'rolling_back' ? [row] : [row, letGoTo(state)];
}
