/**
 * The servers that writes have left for good, at the end of a migration: each has to be seen behind its fence before
 * that is said. One that was restarted meanwhile has come back without it. Pure.
 */
import { fenceCause, fenceEffects, isBehindFence, mustFence, restartRows } from './drift.ts';
import { isDue } from './due.ts';
import { addressOf } from './endpoint.ts';
import type { Effect, Event, Side } from './event.ts';
import { fenceAddress } from './plan.ts';
import { recordOf, type ShardSight, type Sight } from './sight.ts';
import type { MigrationState, ShardRecord } from './state.ts';
import { followsBack } from './way-back.ts';
import { capital, listText, plural, shardText } from './words.ts';

interface Keeping {
  readonly effects: Effect[];
  readonly rows: Event[];
  readonly waits: string[];
}

/** Rolled back: the new servers that writes have left stay fenced, also those that were restarted in that moment. */
export function keepFenced(state: MigrationState, sight: Sight): Keeping {
  const effects: Effect[] = [];
  const rows: Event[] = [];
  const waits: string[] = [];
  for (const one of sight.shards ?? []) {
    const record = recordOf(state, one);
    if (!record.returned || record.detach?.givenUp) continue;
    rows.push(...restartRows(state, record, one));
    const open = openText(state, one, 'destination');
    if (open === null) continue;
    const { ok, text } = open;
    const { index: shard } = record;
    if (ok || state.giveUp) {
      const { host, port } = fenceAddress(state.plan.id);
      const detail = ok ? text : `${text} It may take writes: run REPLICAOF ${host} ${port} on it.`;
      rows.push({ kind: 'given_up', what: 'detach', ledger: null, shard, detail });
      continue;
    }
    waits.push(`${capital(shardText(shard))}: ${text} Abort to leave it as it is.`);
    const { destination } = one.look;
    const comesBack = destination.ok && destination.facts.role === 'master' && !destination.facts.loading;
    if (comesBack && isDue(record.fence, sight.wallNow))
      effects.push({ kind: 'fence', shard, up: true, side: 'destination' });
  }
  return { effects, rows, waits };
}

/**
 * Rolled back in part: of a shard that stays the new server has to be seen as the master, and only then its old one goes
 * behind the fence, whether that was restarted, carried out its order late, or still follows.
 */
export function keepStaying(state: MigrationState, sight: Sight): Keeping {
  const effects: Effect[] = [];
  const rows: Event[] = [];
  const waits: string[] = [];
  for (const one of sight.shards ?? []) {
    const record = recordOf(state, one);
    if (!record.stays) continue;
    // What they tell is not in the state yet: nothing is decided by it in the same breath.
    const restarts = restartRows(state, record, one);
    rows.push(...restarts);
    const { index: shard } = record;
    const unserved = unservedText(state, one);
    const open = unserved === null && !record.detach?.givenUp ? openText(state, one, 'source') : null;
    const isLeft = open !== null && restarts.length === 0 && (open.ok || isReleased(state, one, sight.wallNow));
    const text = unserved ?? open?.text ?? null;
    if (text === null || (unserved !== null && state.giveUp)) continue;
    if (isLeft || state.giveUp) {
      const detail = isLeft && !open.ok ? 'The old server was released by somebody. It is left so.' : text;
      rows.push({ kind: 'given_up', what: 'detach', ledger: null, shard, detail });
      continue;
    }
    waits.push(`${capital(shardText(shard))}: ${text} Abort to leave it as it is.`);
    if (unserved !== null) continue;
    const follows = followsBack(state, one) && isDue(record.fence, sight.wallNow);
    effects.push(
      ...(follows ? [{ kind: 'fence' as const, shard, up: true }] : fenceEffects(state, { ...sight, shards: [one] })),
    );
  }
  return { effects, rows, waits };
}

/** An old server that is a master although it was fenced again: whoever took that fence down had a reason. */
function isReleased(state: MigrationState, one: ShardSight, wallNow: number): boolean {
  const record = recordOf(state, one);
  const { source } = one.look;
  const settled = record.fence !== null && Math.abs(wallNow - record.fence.at) > SETTLE_MS;
  return settled && source.ok && source.facts.role === 'master' && !mustFence(state, one);
}

/** Why the new server of a shard that stays is not seen to take its writes, as a sentence; null when it is. */
function unservedText({ plan }: MigrationState, { look, verdict }: ShardSight): string | null {
  const { destination } = look;
  if (!destination.ok) return destination.problem.text;
  const shard = plan.shards[verdict.shard];
  return destination.facts.role === 'master' || !shard ? null : `${addressOf(shard.destination)} is not a master.`;
}

/** Why the server that writes have left is not behind its fence, as a sentence; `ok`: somebody else saw to it. Null when it is. */
function openText(
  state: MigrationState,
  one: ShardSight,
  side: Side,
): { readonly ok: boolean; readonly text: string } | null {
  const plan = state.plan.shards[one.verdict.shard];
  const look = one.look[side];
  if (!plan || stands(state, one, side)) return null;
  if (!look.ok) return { ok: false, text: look.problem.text };
  const name = addressOf(plan[side]);
  const { master } = look.facts.replication;
  if (isBehindFence(state, look))
    return { ok: false, text: `${name} takes writes behind its fence. CONFIG SET slave-read-only yes on it.` };
  // An old server that follows its new one does so for the way back, which is not gone any more.
  const isOurs = master === null || (side === 'source' && followsBack(state, one));
  if (isOurs) return { ok: false, text: `${name} goes behind its fence.` };
  return { ok: true, text: `${name} follows ${addressOf(master)} by now, which is not our doing. It is left so.` };
}

/**
 * Finishing: an old server that was restarted in that moment goes behind its fence again. One that somebody released is
 * theirs, and one that takes no order is told in the closing words.
 */
export function keepOldFenced(state: MigrationState, sight: Sight): Keeping {
  const gone = (sight.shards ?? []).filter((one) => recordOf(state, one).promoted);
  const rows = gone.flatMap((one) => restartRows(state, recordOf(state, one), one));
  if (Math.abs(sight.wallNow - state.phaseSince) > PATIENCE_MS) return { effects: [], rows, waits: [] };
  const back = gone.filter((one) => {
    const { source } = one.look;
    return fenceCause(state, one) !== null && source.ok && source.facts.role === 'master';
  });
  const waits = back.flatMap(({ verdict }) => {
    const { fence } = state.shards[verdict.shard] ?? {};
    // Up again, and a master after all: somebody has released it since.
    const released = fence?.outcome === 'ok' && Math.abs(sight.wallNow - fence.at) > SETTLE_MS;
    const plan = state.plan.shards[verdict.shard];
    return plan && !released
      ? [`${capital(shardText(verdict.shard))}: ${addressOf(plan.source)} goes behind its fence.`]
      : [];
  });
  return { effects: fenceEffects(state, { ...sight, shards: back }), rows, waits };
}

/** How long an old server may take to go behind its fence again. */
const PATIENCE_MS = 30_000;
/** What was seen so soon after an order may be from before it. */
const SETTLE_MS = 3_000;

/** What is said in the end of those that refuse writes from now on, as lines: only what the last look shows. */
export function fencedLines(state: MigrationState, sight: Sight, side: Side, which: readonly ShardRecord[]): string[] {
  const { host, port } = fenceAddress(state.plan.id);
  const who = side === 'source' ? 'old' : 'new';
  const open = which.filter(({ index }) => {
    const one = sight.shards?.find(({ verdict }) => verdict.shard === index);
    return !one || !stands(state, one, side);
  });
  const rest = which.length - open.length;
  const names = open.flatMap(({ index }) => {
    const plan = state.plan.shards[index];
    return plan ? [addressOf(plan[side])] : [];
  });
  return [
    ...(rest === 0
      ? []
      : [
          `The ${who} servers of ${plural(rest, 'shard')} stay fenced: they are replicas of ${host}:${port}, where nobody listens, and refuse writes. ` +
            'REPLICAOF NO ONE on one of them makes it take writes again, and so may a restart.',
        ]),
    ...(open.length === 0
      ? []
      : [`Not seen behind a fence: ${listText(names, 20)}. To put it up: REPLICAOF ${host} ${port}.`]),
  ];
}

function stands(state: MigrationState, { look }: ShardSight, side: Side): boolean {
  const server = look[side];
  return isBehindFence(state, server) && server.ok && server.facts.replication.readOnly !== false;
}
