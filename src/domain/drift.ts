/** Servers that somebody or something else changed behind our back: what is told, and the little that is done. Pure. */
import { addressOf, followAddress, isAt } from './endpoint.ts';
import type { Effect, Event } from './event.ts';
import type { ServerLook } from './observation.ts';
import { isOverlap } from './overlap.ts';
import { fenceAddress, type ShardPlan } from './plan.ts';
import { recordOf, type ShardSight, type Sight } from './sight.ts';
import type { MigrationState, ShardRecord } from './state.ts';
import { capital, shardText } from './words.ts';

/** A fence that was sent and is not seen is sent again after this time. */
const AGAIN_MS = 5_000;

/** Another process at a server's address: told once, and from then on what later looks are held against. */
export function restartRows(state: MigrationState, record: ShardRecord, { look, verdict }: ShardSight): Event[] {
  const plan = state.plan.shards[verdict.shard];
  if (!plan || record.before === null) return [];
  const rows: Event[] = [];
  for (const side of ['source', 'destination'] as const) {
    const seen = look[side];
    const known = side === 'source' ? record.before.sourceRunId : record.before.destinationRunId;
    if (!seen.ok || seen.facts.runId === null || seen.facts.runId === known) continue;
    const text = `${addressOf(plan[side])} was restarted: it is another process than before.${consequence(state, record, side)}`;
    rows.push({ kind: 'drift', shard: verdict.shard, side, runId: seen.facts.runId, text });
  }
  return rows;
}

function consequence(
  state: MigrationState,
  { promoted, returned, stays }: ShardRecord,
  side: 'source' | 'destination',
): string {
  if (state.phase === 'switched' && isOverlap(state))
    return ' Both sides of this shard took writes: the status says what can be done.';
  if (returned)
    return side === 'destination'
      ? ' It came back without its fence: what was written to it since is not on the old server.'
      : ' What it had not saved is gone: look at its data.';
  if (promoted)
    return side === 'destination'
      ? ` What it had not saved is gone: look at its data${state.phase === 'finishing' || stays ? '' : ' before you finish'}.`
      : ' If it came back as a master, it may have taken writes that the new server never sees.';
  return side === 'source' ? ' Its copy follows what it holds now: look at its data before you switch.' : '';
}

/** Why what others did to a server voids what people approved, as a sentence; null when nobody did anything. */
export function unsettlingText(rows: readonly Event[]): string | null {
  const what = rows.some((row) => row.kind === 'drift' && row.runId !== null)
    ? 'was restarted'
    : rows.some((row) => row.kind === 'held' || row.kind === 'drift')
      ? 'was changed by somebody else'
      : null;
  return what && `A server ${what}: approvals are void, and every shard has to be in step once more.`;
}

/**
 * Fences outside of a cut-over. An old master whose shard has gone over and that was restarted comes back without its
 * fence and takes writes that nobody will see again, and so does one that carries out an order late: the fence is put up
 * once more, which wipes nothing. One that somebody released by hand is theirs: that is told and not undone. Where writes
 * have not gone over, and in an abort, a fence of ours is one that arrived too late: it is taken down.
 */
export function fenceEffects(state: MigrationState, sight: Sight): Effect[] {
  return (sight.shards ?? []).flatMap((one): Effect[] => {
    const { shard } = one.verdict;
    const { fence: step, promoted } = recordOf(state, one);
    const { source } = one.look;
    if (!source.ok || source.facts.loading) return [];
    if (step !== null && Math.abs(sight.wallNow - step.at) < AGAIN_MS) return [];
    // In an overlap the old master goes on as one until the proof: a fence there is one that came too late as well.
    if (!promoted) return isBehindFence(state, source) ? [{ kind: 'fence', shard, up: false }] : [];
    const isOpen = source.facts.role === 'master' && mustFence(state, one);
    return isOpen ? [{ kind: 'fence', shard, up: true }] : [];
  });
}

/** Whether an old server that is a master again lacks its fence by no person's doing, and was not fenced since. */
export function mustFence(state: MigrationState, one: ShardSight): boolean {
  const { fence } = recordOf(state, one);
  const cause = fenceCause(state, one);
  return cause !== null && !(fence !== null && fence.outcome === 'ok' && fence.intent > cause);
}

/**
 * Number of the row since which an old server may be a master by no person's doing: it was restarted, or the order of a
 * roll back that was given up may be carried out late. By the latter it is fenced only beside a new server that is seen
 * as the master: it may be all that there is. Null when there is none.
 */
export function fenceCause(state: MigrationState, one: ShardSight): number | null {
  const { index, late } = recordOf(state, one);
  const { destination } = one.look;
  const restart = state.drifts.findLast(
    (drift) => drift.shard === index && drift.side === 'source' && drift.runId !== null,
  );
  const isServed = destination.ok && destination.facts.role === 'master';
  const cause = Math.max(restart?.row ?? -1, isServed ? (late ?? -1) : -1);
  return cause < 0 ? null : cause;
}

/** Whether a server follows this migration's own closed port. */
export function isBehindFence(state: MigrationState, look: ServerLook): boolean {
  return look.ok && isAt(look.facts.replication.master, fenceAddress(state.plan.id));
}

/** After the switch: everything that a look at one shard shows to be other than the proof left it. */
export function switchedRows(state: MigrationState, one: ShardSight): Event[] {
  const record = recordOf(state, one);
  const rows = restartRows(state, record, one);
  const plan = state.plan.shards[one.verdict.shard];
  const { frozen } = record;
  const { source } = one.look;
  const mine = state.drifts.filter((drift) => drift.shard === one.verdict.shard && drift.side === 'source');
  // Of the same process as at the switch: its offset tells whether anything was written to it since.
  if (rows.length > 0 || mine.length > 0 || !plan || !frozen || !source.ok) return rows;
  const { masterOffset, replid, master, readOnly } = source.facts.replication;
  // It follows the new one for the way back: whatever it gets comes from there.
  if (record.followBack !== null && isAt(master, followAddress(plan.destination)) && readOnly !== false) return rows;
  // A history of the new server's own: it followed, and stands behind its fence again.
  if (record.followBack !== null && source.facts.role === 'replica') return rows;
  // Below 6.2 the offset may move up to the fence, by what is no write, and behind it has no meaning on some versions.
  if (frozen.by !== undefined && source.facts.role === 'replica') return rows;
  if (masterOffset === BigInt(frozen.offset) && replid === frozen.replid) return rows;
  const what =
    record.late === null
      ? 'was released or written to after the switch. What it took'
      : 'has carried out the order to take the writes after that was given up, or was released since. What it took then';
  const text = `${addressOf(plan.source)}, the old master, ${what} is not on the new server.`;
  return [...rows, { kind: 'drift', shard: one.verdict.shard, side: 'source', runId: null, text }];
}

/** After the switch: what an old master shows that it did not when it was fenced. Null when it stands as it was left. */
export function oldMasterProblem(plan: ShardPlan, one: ShardSight): string | null {
  if (!one.look.source.ok) return null;
  const { role, replication } = one.look.source.facts;
  const name = `The old master of ${shardText(plan.index)} (${addressOf(plan.source)})`;
  if (role === 'master') {
    return `${name} is a master again and takes writes that the new server never sees: somebody changed or restarted it. Make it follow a closed port (REPLICAOF), then look for writes that it took.`;
  }
  if (replication.readOnly === false) {
    return `${name} is a replica that takes writes (replica-read-only no): the new server never sees them. CONFIG SET replica-read-only yes on it, then look for writes that it took.`;
  }
  return null;
}

/** What finish has to be agreed to in spite of, as one sentence; null when nothing happened since the switch. */
export function driftText(state: MigrationState): string | null {
  const [first, ...more] = state.drifts;
  if (!first) return null;
  const rest = more.length > 0 ? ` And ${more.length} more such changes; the thread has them.` : '';
  return `${capital(shardText(first.shard))}: ${first.text}${rest}`;
}
