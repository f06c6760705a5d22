/** What a tick asks of which server: as little as its phase needs. Pure. */
import type { Side } from '../domain/event.ts';
import type { MigrationState } from '../domain/state.ts';
import { DESTINATION_SYNC_SETTINGS, SOURCE_SYNC_SETTINGS } from '../domain/tuning.ts';
import { BRIEF, type LookOptions } from '../redis/inspector.ts';

/** CLIENT LIST of everybody is long: it is asked for every few ticks. */
const CLIENTS_EVERY = 3;
/** So are settings, which somebody may change behind our back. */
const SETTINGS_EVERY = 3;

/** `tick` counts from 1. */
export function lookOptions(state: MigrationState, tick: number): (shard: number, side: Side) => LookOptions {
  const { phase } = state;
  const all = phase === 'switched' && tick % CLIENTS_EVERY === 1;
  const clients = all ? 'all' : phase === 'planned' ? 'none' : 'replicas';
  const withSettings = (phase === 'syncing' || phase === 'streaming') && tick % SETTINGS_EVERY === 1;
  return (shard, side) => ({
    ...(side === 'source' ? { clients, commandStats: true } : BRIEF),
    ...(withSettings ? { settings: settingsToWatch(state, shard, side) } : {}),
  });
}

/** What a full sync depends on, and every setting of ours that is still to be put back; no secret is read for this. */
function settingsToWatch(state: MigrationState, shard: number, side: Side): readonly string[] {
  const own = state.ledger.filter(
    (one) => one.shard === shard && one.side === side && !one.closed && one.value !== null,
  );
  const sync = side === 'source' ? SOURCE_SYNC_SETTINGS : DESTINATION_SYNC_SETTINGS;
  return [...new Set([...sync, ...own.map((one) => one.name)])];
}
