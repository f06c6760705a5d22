/**
 * The demo's servers: so many old ones with data, as many new ones without. They keep what they acknowledged through a
 * kill, as servers that matter do, and a full sync takes some seconds, so that there is something to see.
 */
import { fill } from '../redis/fill.ts';
import type { Fleet } from '../redis/fleet.ts';
import type { RedisServerHandle } from '../redis/server.ts';
import { startWire, type Wire } from './wire.ts';

export interface Pair {
  readonly shard: number;
  readonly old: RedisServerHandle;
  readonly new: RedisServerHandle;
  /** Its address is the one by which people, the bot and the new server know the old server. */
  readonly wire: Wire;
  /** About how long a full sync takes, whatever there is to copy. */
  readonly syncMs: number;
}

export interface PairOptions {
  readonly shards: number;
  /** For the first shard; each further one takes longer, so that they stand at different places. */
  readonly syncMs?: number;
}

const SYNC_MS = 6_000;
/** Above so many shards each gets less, or the whole would take too long. */
const MANY_SHARDS = 12;
const STEPS = 4;
const LONGEST_PAUSE_US = 20_000;

const CONFIG = {
  // What was acknowledged is in the file before the answer goes out: SIGKILL loses nothing.
  appendonly: 'yes',
  appendfsync: 'no',
  // A rewrite would keep a full sync waiting for its turn.
  'auto-aof-rewrite-percentage': '0',
  'repl-diskless-sync': 'yes',
  'repl-diskless-sync-delay': '0',
};

export async function startPairs(fleet: Fleet, { shards, syncMs = SYNC_MS }: PairOptions): Promise<Pair[]> {
  const share = Math.min(1, MANY_SHARDS / shards);
  const numbers = Array.from({ length: shards }, (_, shard) => shard);
  return Promise.all(
    numbers.map(async (shard) => {
      const [old, fresh] = await Promise.all([
        fleet.server({ name: `old-${shard + 1}`, config: CONFIG }),
        fleet.server({ name: `new-${shard + 1}`, config: CONFIG }),
      ]);
      return {
        shard,
        old,
        new: fresh,
        wire: await startWire(old),
        syncMs: syncMs * share * (1 + (shard % STEPS) / STEPS),
      };
    }),
  );
}

/** The servers are the fleet's; this ends what stands between them. */
export async function closePairs(pairs: readonly Pair[]): Promise<void> {
  await Promise.all(pairs.map((pair) => pair.wire.close()));
}

/** What the bot is told, and people see. */
export function addressIn(pair: Pair, side: 'old' | 'new'): string {
  const { host, port } = side === 'old' ? pair.wire : pair.new;
  return `${host}:${port}`;
}

export async function fillPairs(pairs: readonly Pair[], keys: number): Promise<void> {
  await Promise.all(pairs.map(({ old, shard }) => fill(old, { keys, seed: shard + 1 })));
}

/**
 * Microseconds of rest behind each key of a snapshot, for rdb-key-save-delay: a setting that CONFIG GET hides, made for
 * tests that want to look at a sync (6.0 and later).
 */
export function keyDelayUs(syncMs: number, keys: number): number {
  return Math.min(LONGEST_PAUSE_US, Math.round((syncMs * 1_000) / Math.max(keys, 1)));
}
