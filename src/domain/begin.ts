/** Which shards may begin to replicate now: a few full syncs at a time, and none into data that nobody gave away. Pure. */
import { isDue } from './due.ts';
import { addressOf } from './endpoint.ts';
import type { Effect } from './event.ts';
import { type Policy, passedWith } from './gate.ts';
import type { MigrationState, ShardRecord } from './migration.ts';
import { recordOf, type ShardSight } from './sight.ts';
import type { Verdict } from './verdict.ts';
import { capital, plural, shardText } from './words.ts';

/** Which shards may begin to replicate now, and why others are held. */
export function starts(state: MigrationState, shards: readonly ShardSight[], wallNow: number, policy: Policy) {
  const list: Effect[] = [];
  let held: string | null = null;
  const busy = shards.filter((one) => isSyncing(recordOf(state, one), one.verdict));
  const perHost = new Map<string, number>();
  for (const one of busy) count(perHost, hostOf(state, one));
  let total = busy.length;
  for (const one of shards) {
    const record = recordOf(state, one);
    const { look } = one;
    if (!look.destination.ok || !look.source.ok) continue;
    const again = isDue(record.replicate, wallNow);
    if (!again || look.destination.facts.role !== 'master' || record.promoted) continue;
    const held1 = heldBack(state, one);
    if (held1 !== null) {
      held = held1;
      continue;
    }
    if (record.replicate === null) {
      const host = hostOf(state, one);
      if (total >= policy.syncsTotal || (perHost.get(host) ?? 0) >= policy.syncsPerHost) continue;
      total += 1;
      count(perHost, host);
    }
    const { fullSyncs, runId } = look.source.facts;
    list.push({ kind: 'replicate', shard: one.verdict.shard, sourceFullSyncs: fullSyncs, sourceRunId: runId });
  }
  return { list, held };
}

/** The last look before a destination is given away: is it still the server that was checked, and still as empty? */
function heldBack(state: MigrationState, one: ShardSight): string | null {
  const plan = state.plan.shards[one.verdict.shard];
  const report = state.preflight?.shards[one.verdict.shard];
  const { source, destination } = one.look;
  if (!plan || !source.ok || !destination.ok) return null;
  const where = capital(shardText(plan.index));
  if (source.facts.role !== 'master')
    return `${where}: ${addressOf(plan.source)} is not a master any more. Nothing was done to it. Abort, or make it one.`;
  if (destination.facts.loading)
    return `${where}: ${addressOf(plan.destination)} was restarted and loads its own data. Nothing was done to it.`;
  // What was consented to is to wipe the server that was checked, not whatever answers at its address now.
  if (report?.destination && destination.facts.runId !== report.destination.runId && destination.facts.keys > 0) {
    return `${where}: ${addressOf(plan.destination)} is another server process than the one that was checked, and holds ${plural(destination.facts.keys, 'key')}. Nothing was done to it. Abort and start again.`;
  }
  if (destination.facts.keys > 0 && !mayWipe(state, plan.index)) {
    return `${where}: ${addressOf(plan.destination)} has got ${plural(destination.facts.keys, 'key')} since it was checked. Nothing was done to it. Empty it (FLUSHALL) or abort.`;
  }
  return null;
}

/** Consent counts for the destinations that were found to hold keys, and only if it was given when the gate was passed. */
export function mayWipe(state: MigrationState, shard: number): boolean {
  const found = state.preflight?.findings.some((one) => one.code === 'destination_not_empty' && one.shard === shard);
  return state.plan.yesWipe && found === true && passedWith('continue', state).some((one) => one.wipe);
}

function isSyncing(record: ShardRecord, verdict: Verdict): boolean {
  return record.replicate !== null && ['queued', 'snapshot', 'transfer', 'loading'].includes(verdict.state);
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function hostOf(state: MigrationState, one: ShardSight): string {
  return state.plan.shards[one.verdict.shard]?.source.host ?? '';
}
