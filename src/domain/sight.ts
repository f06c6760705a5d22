/** What was seen of a migration at one moment: the looks at its servers and what they mean. */

import type { PairLook } from './observation.ts';
import type { Verdict } from './place.ts';
import type { MigrationId } from './plan.ts';
import type { MigrationState, ShardRecord } from './state.ts';

/** How many ticks running a shard must be in step before it counts. */
export const STEADY_TICKS = 2;

export interface ShardSight {
  readonly look: PairLook;
  readonly verdict: Verdict;
  /** Looks running in which it was in step. */
  readonly inStepTicks: number;
  /** Looks running in which it was in trouble. */
  readonly troubleTicks: number;
  /** How quick the source answered the last looks, the quickest of three; 0 where its destination is as slow; null before. */
  readonly sourceLatencyMs: number | null;
}

/** Full syncs under way. */
export interface SyncLoad {
  readonly total: number;
  /** By source host. */
  readonly perHost: ReadonlyMap<string, number>;
}

/** None that is known. */
export const NO_SYNCS: SyncLoad = { total: 0, perHost: new Map() };

/** Everything that was seen of a migration at one moment. */
export interface Sight {
  /** Wall-clock milliseconds. */
  readonly wallNow: number;
  /** Null before the first look. */
  readonly shards: readonly ShardSight[] | null;
  /** Run ids of the servers of other unfinished migrations, and whose they are. */
  readonly taken: ReadonlyMap<string, MigrationId>;
  /** Full syncs of other migrations. */
  readonly elsewhere: SyncLoad;
  /** For how long writes would stand still if they went over now, in milliseconds; null when nobody can tell. */
  readonly predictedPauseMs: number | null;
  /** In switched: for how long no old master saw a write or refused one; null before it was measured. */
  readonly quietMs: number | null;
  /** In switched: whether a write or a refused write was seen at all since the old masters are watched. */
  readonly stirred: boolean;
  /** In switched: an old master that may take writes, as a sentence: nobody can agree to that. */
  readonly unquiet: string | null;
  /** In switched: an old master that cannot be watched, so that quiet cannot be claimed, as a sentence. */
  readonly unwatched: string | null;
  /**
   * For how long a canary has been on its new server while others wait behind it: by the wall clock for the time before
   * this process, by the monotonic one since. Null where nobody waits, and before the first look.
   */
  readonly soakedMs: number | null;
}

export function recordOf(state: MigrationState, one: ShardSight): ShardRecord {
  const record = state.shards[one.verdict.shard];
  if (!record) throw new Error(`The plan has no shard ${one.verdict.shard}.`);
  return record;
}
