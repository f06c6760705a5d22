/** Which shards may begin to replicate now: a few full syncs at a time, and none into data that nobody gave away. Pure. */
import { isDue } from './due.ts';
import { addressOf, isAt } from './endpoint.ts';
import type { BeforeReplication, Effect } from './event.ts';
import { glassOf, type Policy, passedWith } from './gate.ts';
import type { ServerFacts } from './observation.ts';
import type { Verdict } from './place.ts';
import { fenceAddress } from './plan.ts';
import { recordOf, type ShardSight, type Sight, type SyncLoad } from './sight.ts';
import { stillParked, waitsAside } from './source-guard.ts';
import type { LedgerEntry, MigrationState, ShardRecord } from './state.ts';
import { capital, plural, shardText } from './words.ts';

/** Which shards may begin to replicate now, and why others are held. */
export function starts(state: MigrationState, shards: readonly ShardSight[], sight: Sight, policy: Policy) {
  const list: Effect[] = [];
  let held: string | null = null;
  const load = syncLoad(state, shards);
  const perHost = new Map(sight.elsewhere.perHost);
  for (const [host, many] of load.perHost) count(perHost, host, many);
  let total = sight.elsewhere.total + load.total;
  for (const one of shards) {
    const record = recordOf(state, one);
    const { look } = one;
    if (!look.destination.ok || !look.source.ok) continue;
    if (record.held.length > 0 || record.promoted || isTried(state, record)) continue;
    const parked = isParked(state, record, look.destination.facts);
    if (
      parked
        ? stillParked(state, one, record, policy, sight.wallNow) !== null
        : look.destination.facts.role !== 'master'
    )
      continue;
    if (!(parked && waitsAside(record)) && !isDue(record.replicate, sight.wallNow)) continue;
    const held1 = heldBack(state, one, sight.taken);
    if (held1 !== null) {
      held = held1;
      continue;
    }
    if (!isSyncing(record, one.verdict)) {
      const host = hostOf(state, one);
      if (total >= policy.syncsTotal || (perHost.get(host) ?? 0) >= policy.syncsPerHost) continue;
      total += 1;
      count(perHost, host, 1);
    }
    list.push({
      kind: 'replicate',
      shard: one.verdict.shard,
      before: beforeOf(look.source.facts, look.destination.facts),
      writeBytesPerSecond: one.verdict.sourceBytesPerSecond,
    });
  }
  return { list, held };
}

/** Full syncs of this migration that are under way. `begins`: shards that are being prepared for theirs right now. */
export function syncLoad(
  state: MigrationState,
  shards: readonly ShardSight[],
  begins: ReadonlySet<number> = new Set(),
): SyncLoad {
  const perHost = new Map<string, number>();
  const busy = shards.filter((one) => begins.has(one.verdict.shard) || isSyncing(recordOf(state, one), one.verdict));
  for (const one of busy) count(perHost, hostOf(state, one), 1);
  return { total: busy.length, perHost };
}

/** What a trial of a shard's link has changed and not put back. */
export function trialEntries({ ledger }: MigrationState, shard: number): readonly LedgerEntry[] {
  return ledger.filter((one) => one.shard === shard && !one.closed && one.until === 'trial');
}

/** Whether a trial of the link is not over: what it changed is put back before anything else. */
function isTried(state: MigrationState, record: ShardRecord): boolean {
  return record.trial !== null || trialEntries(state, record.index).length > 0;
}

/** Whether a destination waits behind our closed port, where we put it: nobody can have written to it there. */
export function isParked(state: MigrationState, record: ShardRecord, destination: ServerFacts): boolean {
  const { master, readOnly } = destination.replication;
  return record.parked !== null && readOnly === true && isAt(master, fenceAddress(state.plan.id));
}

/** Why replication must not be set up on what was seen last; null when it may. Sentences, shard by shard. */
function heldBack(state: MigrationState, one: ShardSight, taken: Sight['taken']): string | null {
  const plan = state.plan.shards[one.verdict.shard];
  const { source, destination } = one.look;
  if (!plan || !source.ok || !destination.ok) return null;
  const where = capital(shardText(plan.index));
  if (source.facts.role !== 'master')
    return `${where}: ${addressOf(plan.source)} is not a master any more. Nothing was done to it. Abort, or make it one.`;
  for (const [name, { runId }] of [
    [addressOf(plan.source), source.facts],
    [addressOf(plan.destination), destination.facts],
  ] as const) {
    const owner = runId === null ? undefined : taken.get(runId);
    if (owner !== undefined)
      return `${where}: ${name} is a server of migration ${owner} too. Nothing was done to it. Abort one of the two.`;
  }
  const record = recordOf(state, one);
  const kept = isParked(state, record, destination.facts) ? null : mustKeep(state, plan.index, destination.facts);
  return kept === null ? null : `${where}: ${addressOf(plan.destination)} ${kept}`;
}

/**
 * Why what a destination holds must not be wiped, as the end of a sentence; null when it holds nothing, or just what was
 * consented to. Asked by the decision, and once more by the last look before the command.
 */
export function mustKeep(state: MigrationState, shard: number, destination: ServerFacts): string | null {
  if (destination.loading) return 'was restarted and loads its own data. Nothing was done to it.';
  if (destination.keys === 0) return null;
  const keys = plural(destination.keys, 'key');
  const report = state.preflight?.shards[shard]?.destination;
  // Consent is to wipe the server that was checked, not whatever answers at its address now.
  if (report && destination.runId !== report.runId)
    return `is another server process than the one that was checked, and holds ${keys}. Nothing was done to it. Abort and start again.`;
  const before = state.shards[shard]?.before;
  // A server that has followed has another replid for good: what it holds by now may be writes of people.
  if (before && destination.replication.replid !== before.destinationReplid)
    return `has followed a source already and is a master again, with ${keys}: somebody promoted it. Nothing more was done to it. Abort and start again.`;
  if (!mayWipe(state, shard))
    return `has got ${keys} since it was checked. Nothing was done to it. Empty it (FLUSHALL) or abort.`;
  if (report && destination.keys > report.keys)
    return `holds ${keys} now, and only ${plural(report.keys, 'key')} were agreed to be wiped. Nothing was done to it. Empty it (FLUSHALL) or abort.`;
  return null;
}

/** Consent counts for the destinations that were found to hold keys, and only if it was given when the gate was passed. */
export function mayWipe(state: MigrationState, shard: number): boolean {
  const found = state.preflight?.findings.some((one) => one.code === 'destination_not_empty' && one.shard === shard);
  const agreed = passedWith('continue', state).some((one) => one.wipe) || glassOf('continue', state)?.wipe === true;
  return state.plan.yesWipe && found === true && agreed;
}

function beforeOf(source: ServerFacts, destination: ServerFacts): BeforeReplication {
  return {
    sourceRunId: source.runId,
    sourceFullSyncs: source.fullSyncs,
    destinationRunId: destination.runId,
    destinationReplid: destination.replication.replid,
    destinationRefusedCommands: destination.refusedCommands,
    sourceBufferDisconnections: source.bufferDisconnections,
  };
}

function isSyncing(record: ShardRecord, verdict: Verdict): boolean {
  if (record.replicate === null) return false;
  return verdict.state === 'queued' ? !waitsAside(record) : ['snapshot', 'transfer', 'loading'].includes(verdict.state);
}

function count(map: Map<string, number>, key: string, more: number): void {
  map.set(key, (map.get(key) ?? 0) + more);
}

function hostOf(state: MigrationState, one: ShardSight): string {
  return state.plan.shards[one.verdict.shard]?.source.host ?? '';
}
