/**
 * The way back of a fenced migration: whether the old servers can take the writes again without losing one. It needs each
 * old server to follow its new one since the promotion, by a partial resync: then it has every write. Pure. Facts:
 * redis.md 3.3 (which version can follow which) and "Way back on the same version".
 */

import { can, type Server, serverName } from './dialect.ts';
import { isBehindFence } from './drift.ts';
import { isDue } from './due.ts';
import { addressOf, followAddress, isAt } from './endpoint.ts';
import type { Effect, Event } from './event.ts';
import type { ServerFacts, ServerLook } from './observation.ts';
import { canFollowBack } from './pairing.ts';
import { assertNever, type Phase } from './phase.ts';
import type { Cutover } from './plan.ts';
import { recordOf, type ShardSight, type Sight } from './sight.ts';
import type { MigrationState, ShardRecord } from './state.ts';
import { bytesText, capital, countText, plural, shardText } from './words.ts';

export interface WayBack {
  readonly open: boolean;
  /** Why it is open or closed, as a sentence. */
  readonly text: string;
}

/** Why this shard's old server can never follow its new one, as a sentence; null when it can, as far as versions say. */
export function wayBackRefusal(state: MigrationState, shard: number): string | null {
  if (state.plan.cutover !== 'fenced') return 'An overlap has no way back: both sides took writes.';
  const report = state.preflight?.shards[shard];
  const [old, fresh] = [serverOf(report?.source), serverOf(report?.destination)];
  if (old === null || fresh === null) return 'Nobody knows which versions the servers have.';
  if (!can(old, 'replid') || !can(fresh, 'replid'))
    return `${serverName(old)} cannot resume where it stopped; that came with 4.0.`;
  if (!canFollowBack(old, fresh))
    return `${serverName(old)} cannot follow ${serverName(fresh)}: a newer server sends commands that an older one lacks.`;
  return null;
}

function serverOf(report: { readonly kind: string; readonly version: string } | null | undefined): Server | null {
  return report ? { kind: report.kind === 'valkey' ? 'valkey' : 'redis', version: report.version } : null;
}

/** As people see it; null in phases in which there is none. */
export function wayBackOf(state: MigrationState, sight: Sight): WayBack | null {
  const moved = state.shards.filter((one) => one.promoted);
  if (state.plan.cutover !== 'fenced' || moved.length === 0) return null;
  if (!['switched', 'switching', 'streaming', 'syncing'].includes(state.phase)) return null;
  const closed = moved.filter((one) => one.wayBack?.open === false);
  const [first] = closed;
  if (first) {
    const rest = closed.length > 1 ? ` So it is for ${plural(closed.length - 1, 'more shard')}.` : '';
    return { open: false, text: `${capital(shardText(first.index))}: ${first.wayBack?.text ?? ''}${rest}` };
  }
  if (!sight.shards) return { open: false, text: 'The servers have not been looked at yet.' };
  for (const record of moved) {
    const one = sight.shards.find(({ verdict }) => verdict.shard === record.index);
    const problem = one ? problemNow(state, record, one) : 'it has not been looked at yet.';
    if (problem !== null) return { open: false, text: `${capital(shardText(record.index))}: ${problem}` };
  }
  const all = moved.length === 1 ? 'The old server follows' : `All ${countText(moved.length)} old servers follow`;
  return {
    open: true,
    text: `${all} the new ${moved.length === 1 ? 'one' : 'ones'} and ${moved.length === 1 ? 'has' : 'have'} every write.`,
  };
}

/** Why nobody can roll back now, as a sentence. Asked when it cannot be done. */
export function noRollbackText(phase: Phase, cutover: Cutover, wayBack: WayBack | null): string {
  if (wayBack !== null)
    return wayBack.open
      ? 'A cut-over is running: it ends by itself in a moment, one way or the other. Look again then.'
      : `The way back is closed. ${wayBack.text}`;
  switch (phase) {
    case 'rolling_back':
      return 'It is being rolled back already.';
    case 'rolled_back':
      return 'It was rolled back already.';
    case 'finishing':
    case 'finished':
      return 'The way back closed when finish was passed.';
    case 'switched':
      return cutover === 'overlap'
        ? 'An overlap has no way back: both sides took writes. Until finish it can be aborted, which gives up what the new side took.'
        : 'Nothing has gone over.';
    case 'checking':
    case 'planned':
    case 'syncing':
    case 'streaming':
    case 'switching':
    case 'aborting':
    case 'aborted':
      return 'Nothing has gone over, so there is nothing to roll back.';
    default:
      return assertNever(phase);
  }
}

/** What is done and told about it by a tick: the order that a cut-over did not get to, and each turning point once. */
export function wayBackSteps(
  state: MigrationState,
  sight: Sight,
): { readonly effects: Effect[]; readonly rows: Event[] } {
  const effects: Effect[] = [];
  const rows: Event[] = [];
  for (const one of sight.shards ?? []) {
    const record = recordOf(state, one);
    const { index: shard } = record;
    if (!record.promoted || state.plan.cutover !== 'fenced') continue;
    const { source, destination } = one.look;
    if (record.wayBack?.open === false) {
      // Without a way back, its copy is of no use any more: it stays as it was fenced.
      if (source.ok && followsNew(state, shard, source.facts) && isDue(record.fence, sight.wallNow))
        effects.push({ kind: 'fence', shard, up: true });
      continue;
    }
    const over = closedNow(state, record, one, sight.wallNow);
    if (over !== null) rows.push({ kind: 'way_back', shard, open: false, text: over });
    else if (record.wayBack === null && problemNow(state, record, one) === null) {
      if (record.followBack && !record.followBack.seen)
        rows.push({ kind: 'seen', intent: record.followBack.intent, detail: 'the old server follows the new one.' });
      rows.push({
        kind: 'way_back',
        shard,
        open: true,
        text: 'The old server follows the new one, by a partial resync.',
      });
    } else if (source.ok && destination.ok && isBehindFence(state, source) && destination.facts.role === 'master') {
      const { fullSyncs } = destination.facts;
      const { refusedCommands } = source.facts;
      if (isDue(record.followBack, sight.wallNow))
        effects.push({ kind: 'follow_back', shard, fullSyncs, refusedCommands });
    }
  }
  return { effects, rows };
}

/** Why it is closed for good, as a sentence; null when it is not. */
function closedNow(state: MigrationState, record: ShardRecord, { look }: ShardSight, wallNow: number): string | null {
  const plan = state.plan.shards[record.index];
  const refusal = wayBackRefusal(state, record.index);
  if (refusal !== null || !plan) return refusal;
  const { before, followBack } = record;
  const [old, fresh] = [addressOf(plan.source), addressOf(plan.destination)];
  if (look.source.ok && before && look.source.facts.runId !== before.sourceRunId) return `${old} was restarted since.`;
  if (look.destination.ok) {
    const { runId, fullSyncs } = look.destination.facts;
    if (before && runId !== before.destinationRunId)
      return `${fresh} was restarted since: what it had not saved is gone.`;
    const base = followBack?.fullSyncs ?? null;
    if (followBack && base !== null && fullSyncs !== null && fullSyncs > base && mayHaveCopied(look.source))
      return `${fresh} began a full sync: ${old} could not resume where it had stopped.`;
  }
  // It tries without a rest as long as it follows: a login that is refused would be refused for ever.
  const waited = followBack !== null && record.wayBack === null && Math.abs(wallNow - followBack.at) > LINK_PATIENCE_MS;
  if (
    waited &&
    look.source.ok &&
    followsNew(state, record.index, look.source.facts) &&
    !look.source.facts.replication.linkUp
  )
    return `${old} could not get through to ${fresh}: a login that may not replicate (+psync +replconf +ping), a firewall, or an address that only the bot can use.`;
  const drift = state.drifts.find((one) => one.shard === record.index);
  return drift ? drift.text : null;
}

/**
 * Whether a full sync that the new server began may have been for its old one, and not for another replica: a partial
 * resync leaves the history before it in master_replid2, a full one empties it.
 */
function mayHaveCopied(old: ServerLook): boolean {
  return !old.ok || old.facts.replication.syncing || old.facts.replication.replid2 === null;
}

/** What stands in the way right now, as the end of a sentence; null when the old server follows and has everything. */
function problemNow(state: MigrationState, record: ShardRecord, { look }: ShardSight): string | null {
  const plan = state.plan.shards[record.index];
  if (!plan) return null;
  const [old, fresh] = [addressOf(plan.source), addressOf(plan.destination)];
  if (!look.source.ok) return look.source.problem.text;
  if (!look.destination.ok) return look.destination.problem.text;
  const { facts } = look.source;
  if (!followsNew(state, record.index, facts)) return `${old} does not follow ${fresh} yet.`;
  const { linkUp, replid, replicaOffset, syncing } = facts.replication;
  if (!linkUp || syncing) return `${old} has no link to ${fresh}.`;
  const { masterOffset, replid: history } = look.destination.facts.replication;
  if (history === null || replid !== history) return `${old} follows another history than ${fresh} writes.`;
  const lag = masterOffset === null || replicaOffset === null ? null : Number(masterOffset - replicaOffset);
  if (lag === null) return 'the servers do not tell their offsets.';
  return lag > MOST_LAG_BYTES ? `${old} is ${bytesText(lag)} behind ${fresh}.` : null;
}

/** How long the link of an old server may take to come up. */
const LINK_PATIENCE_MS = 30_000;
/** More than this behind, and a proof would take too long to be tried. */
const MOST_LAG_BYTES = 1_048_576;

function followsNew(state: MigrationState, shard: number, source: ServerFacts): boolean {
  const plan = state.plan.shards[shard];
  return (
    plan !== undefined && source.role === 'replica' && isAt(source.replication.master, followAddress(plan.destination))
  );
}

/** Whether an old master follows its new one: it refuses writes, and its offset moves with the new one's. */
export function followsBack(state: MigrationState, one: ShardSight): boolean {
  return one.look.source.ok && followsNew(state, one.verdict.shard, one.look.source.facts);
}
