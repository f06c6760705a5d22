/**
 * Full syncs cost their source a fork, memory and a network. A source that suffers is relieved: the destination is
 * parked, as a replica of our own closed port, where it keeps refusing writes, and takes its turn again later. Pure.
 */
import { can } from './dialect.ts';
import { isDue } from './due.ts';
import { addressOf } from './endpoint.ts';
import type { Effect } from './event.ts';
import type { Policy } from './gate.ts';
import { recordOf, type ShardSight } from './sight.ts';
import type { MigrationState, ShardRecord } from './state.ts';
import type { ShardState } from './view.ts';
import { bytesText } from './words.ts';

/** How long a source has to recover before it is asked again; longer each time. */
const REST_MS = 30_000;
/** The states in which a full sync weighs on its source. While it loads, a destination takes no order either. */
const HEAVY: readonly ShardState[] = ['snapshot', 'transfer'];

export function parkEffects(
  state: MigrationState,
  shards: readonly ShardSight[],
  policy: Policy,
  wallNow: number,
): Effect[] {
  return shards.flatMap((one): Effect[] => {
    const record = recordOf(state, one);
    const { destination } = one.look;
    // One that copies although it was told to wait aside did not do so.
    const running = record.replicate?.seen === true && isDue(record.parked, wallNow) && record.held.length === 0;
    if (!running || !HEAVY.includes(one.verdict.state)) return [];
    // Where a replica takes writes from everybody, a parked one would be open to them.
    if (!destination.ok || !can(destination.facts, 'read_only_replicas')) return [];
    const why = suffering(state, one, policy);
    return why === null ? [] : [{ kind: 'park', shard: one.verdict.shard, why }];
  });
}

/** Whether it was told to wait aside, and not yet to follow its source again. */
export function waitsAside({ parked, replicate }: ShardRecord): boolean {
  return parked !== null && (replicate === null || replicate.intent < parked.intent);
}

/** Why a parked destination may not take its turn yet; null when it may. */
export function stillParked(
  state: MigrationState,
  one: ShardSight,
  record: ShardRecord,
  policy: Policy,
  wallNow: number,
): string | null {
  if (record.parked === null) return null;
  const rested = Math.abs(wallNow - record.parked.at) >= REST_MS * record.timesParked;
  return suffering(state, one, policy) ?? (rested ? null : 'It gets some rest first.');
}

/** What is too much for a source, as a sentence; null when it is well. */
function suffering(state: MigrationState, one: ShardSight, policy: Policy): string | null {
  const plan = state.plan.shards[one.verdict.shard];
  const { source } = one.look;
  if (!plan || !source.ok) return null;
  const name = addressOf(plan.source);
  const { sourceLatencyMs } = one;
  if (sourceLatencyMs !== null && sourceLatencyMs > policy.maxSourceLatencyMs)
    return `${name} takes ${Math.round(sourceLatencyMs)} ms to answer, more than ${policy.maxSourceLatencyMs}.`;
  const { rssBytes, systemMemoryBytes } = source.facts;
  if (rssBytes === null || systemMemoryBytes === null || systemMemoryBytes === 0) return null;
  const percent = (rssBytes / systemMemoryBytes) * 100;
  if (percent <= policy.maxSourceMemoryPercent) return null;
  return `${name} takes ${bytesText(rssBytes)} of its machine's ${bytesText(systemMemoryBytes)}, more than ${policy.maxSourceMemoryPercent} %.`;
}
