/**
 * Takes up a cut-over from wherever the journal says it stands: after a restart, after a step whose outcome is not
 * known, after something came in between. Looks at the servers, completes or undoes, and assumes nothing about what was
 * sent last. May be called again and again; each call does what is still to be done.
 */

import { addressOf } from '../domain/endpoint.ts';
import type { Frozen } from '../domain/event.ts';
import type { ShardPlan } from '../domain/plan.ts';
import { RedisError } from '../redis/errors.ts';
import type { ReplicationSight } from '../redis/inspector.ts';
import { type CutoverDeps, CutoverGround, frozenOf, named, PAUSE_MARGIN_MS, unseen } from './cutover-ground.ts';
import type { Journal } from './journal.ts';
import { hasApplied, isBehindFence, isFenced, isPromoted } from './proof.ts';

/** How long a fence whose answer was not awaited may take to arrive. */
const LATE_FENCE_MS = 50;

/** Returns null when the cut-over is over, or what it waits for. `why`: the reason if it has to be let go. */
export async function settle(journal: Journal, deps: CutoverDeps, why: string): Promise<string | null> {
  const ground = new CutoverGround(journal, deps);
  try {
    const step = journal.state.cutover?.step;
    if (step === 'promote' || step === 'unpause') return await goForward(ground);
    return await letGo(ground, why, step === 'fence');
  } finally {
    ground.close();
  }
}

/**
 * Undoes fence and pause on all sources and believes it when all are seen as masters. Needs no row before it: by the
 * journal no promotion was sent, so undoing is right however often it is done, even while the journal is full.
 * `fenceSent`: a fence may still arrive at a source, so that one look is not enough to say there is none.
 */
export async function letGo(ground: CutoverGround, reason: string, fenceSent: boolean): Promise<string | null> {
  const waits = await ground.each((shard) => release(ground, shard, fenceSent));
  const wait = waits.find((one) => one !== null) ?? null;
  if (wait !== null) return `${wait} The cut-over is being let go: ${reason}`;
  ground.journal.append([
    { kind: 'cutover_let_go', reason },
    {
      kind: 'phase_entered',
      phase: 'streaming',
      reason: 'The old servers go on as before. Switch can be approved again when all shards are in step.',
    },
  ]);
  return null;
}

/** Lets one source go. Null when nothing of ours is left on it, or what it waits for. */
async function release(ground: CutoverGround, shard: ShardPlan, fenceSent: boolean): Promise<string | null> {
  const { inspector, operator } = ground.source(shard);
  try {
    // A fence may be on its way still: it gets a moment to arrive before what is seen is believed.
    if (fenceSent) await ground.deps.clock.sleep(LATE_FENCE_MS);
    // Only our own fence is taken down. Whoever made it follow somebody else had a reason.
    if (isBehindFence(await inspector.replication(), ground.fence)) {
      await operator.followNobody();
      if (isBehindFence(await inspector.replication(), ground.fence)) return `${named(shard)}: the fence is still up.`;
    }
    // After the fence is gone: whoever is parked goes on as if nothing had happened.
    const outcome = await operator.unpause();
    if (outcome.kind === 'ok' || pauseIsOver(ground)) return null;
    return `${named(shard)}: ${outcome.detail} The pause ends by itself.`;
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    // A process that is gone took the pause and the fence with it.
    if (error.kind === 'refused') return null;
    return `${named(shard)}: ${error.message} It has to be let go before anything else.`;
  }
}

/** Whether the pause of this cut-over has ended by itself, whatever its server answers. */
function pauseIsOver({ journal, deps }: CutoverGround): boolean {
  const { cutover } = journal.state;
  const since = cutover?.pausedAt == null ? Number.POSITIVE_INFINITY : Math.abs(deps.clock.now() - cutover.pausedAt);
  return since > deps.policy.maxPauseMs + PAUSE_MARGIN_MS;
}

/** A promotion was sent to at least one. Completes what can be completed; the fence stays until all are seen. */
async function goForward(ground: CutoverGround): Promise<string | null> {
  const { frozen } = ground.journal.state.cutover ?? { frozen: [] };
  const waits = await ground.each(async (shard): Promise<string | null> => {
    try {
      return await forward(ground, shard, frozenOf(frozen, shard));
    } catch (error) {
      return unseen(shard, error);
    }
  });
  const wait = waits.find((one) => one !== null) ?? null;
  if (wait !== null) {
    ground.recordPromoted();
    return wait;
  }
  ground.conclude();
  return null;
}

async function forward(ground: CutoverGround, shard: ShardPlan, frozen: Frozen): Promise<string | null> {
  // It was seen once: what became of it since is for the time after the switch.
  if (ground.journal.state.shards[shard.index]?.promoted) return null;
  const seen = await ground.destination(shard).inspector.replication();
  if (isPromoted(seen, frozen)) {
    ground.sawPromoted(shard);
    await ground.source(shard).operator.unpause();
    return null;
  }
  if (seen.role === 'master') {
    return `${named(shard)}: the destination is a master, but not by this promotion: it was restarted, or somebody changed it. The source stays fenced and has every write. A person has to decide. To serve this shard from the old server again: REPLICAOF NO ONE on ${addressOf(shard.source)}.`;
  }
  const problem = await forwardProblem(ground, shard, seen, frozen);
  if (problem !== null) return problem;
  await ground.promote(shard, frozen);
  return null;
}

/** Whether a destination that still follows may be promoted after all: fence in place, everything applied. */
async function forwardProblem(
  ground: CutoverGround,
  shard: ShardPlan,
  seen: ReplicationSight,
  frozen: Frozen,
): Promise<string | null> {
  const source = await ground.source(shard).inspector.replication();
  if (!isFenced(source, ground.fence)) {
    return `${named(shard)}: the source is not fenced any more: it was restarted, or somebody changed it. A person has to decide.`;
  }
  if (source.replication.masterOffset !== BigInt(frozen.offset)) {
    return `${named(shard)}: the source has been written to after the fence. A person has to decide.`;
  }
  return hasApplied(seen, frozen) ? null : `${named(shard)}: the destination has not applied everything yet.`;
}
