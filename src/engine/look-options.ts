/** What is asked of each server in a tick: what is long, or changes seldom, only every few ticks. */
import type { Side } from '../domain/event.ts';
import type { MigrationState } from '../domain/state.ts';
import { DESTINATION_SYNC_SETTINGS, SOURCE_SYNC_SETTINGS } from '../domain/tuning.ts';
import { BRIEF, type LookOptions } from '../redis/inspector.ts';
import { isAhead } from './gone-over.ts';

/** CLIENT LIST of everybody is long. */
const CLIENTS_EVERY = 3;
/** So are settings, which somebody may change behind our back. */
const SETTINGS_EVERY = 3;

/** `ticks`: how many there were, this one counted. `watched`: whether writers on the shard's old master are watched. */
export function lookOptions(
  state: MigrationState,
  ticks: number,
  watched: (shard: number) => boolean,
): (shard: number, side: Side) => LookOptions {
  const { phase } = state;
  const few = phase === 'planned' ? 'none' : 'replicas';
  const follows = phase === 'syncing' || phase === 'streaming' || isAhead(state);
  const withSettings = follows && ticks % SETTINGS_EVERY === 1;
  return (shard, side) => {
    const clients = watched(shard) && ticks % CLIENTS_EVERY === 1 ? 'all' : few;
    return {
      ...(side === 'source' ? { clients, commandStats: true } : BRIEF),
      ...(withSettings ? { settings: settingsToWatch(state, shard, side) } : {}),
    };
  };
}

/** What a full sync depends on, and every setting of ours that is still to be put back; no secret is read for this. */
function settingsToWatch(state: MigrationState, shard: number, side: Side): readonly string[] {
  const own = state.ledger.filter(
    (one) => one.shard === shard && one.side === side && !one.closed && one.value !== null,
  );
  const sync = side === 'source' ? SOURCE_SYNC_SETTINGS : DESTINATION_SYNC_SETTINGS;
  return [...new Set([...sync, ...own.map((one) => one.name)])];
}
