/**
 * Looks at every server of a plan, once and in parallel, and judges what it saw. Changes nothing; with a journal it also
 * tries the links, which is put back before it ends. Keeps nothing open.
 */
import { can } from '../domain/dialect.ts';
import type { Side } from '../domain/event.ts';
import type { ServerLook } from '../domain/observation.ts';
import type { MigrationId, Plan } from '../domain/plan.ts';
import { judgePreflight, subjectOf } from '../domain/preflight/judge.ts';
import { NOT_PROBED, type PreflightSight, type ServerProbe } from '../domain/preflight/sight.ts';
import { whyNotTried } from '../domain/preflight/trial.ts';
import type { PreflightReport } from '../domain/preflight.ts';
import { RedisError } from '../redis/errors.ts';
import { BRIEF } from '../redis/inspector.ts';
import { probeServer } from '../redis/probe.ts';
import { createHands, type Hands, type HandsDeps } from './hands.ts';
import type { Journal } from './journal.ts';
import type { SyncDeps } from './replicate.ts';
import { leftOver, tryLink, undoTrial } from './try-link.ts';

/** `taken`: run ids of the servers of other unfinished migrations. Never rejects for what a server does. */
export async function runPreflight(
  plan: Plan,
  taken: ReadonlyMap<string, MigrationId>,
  deps: HandsDeps,
): Promise<PreflightReport> {
  const hands = createHands(plan, deps);
  try {
    return judgePreflight(plan, await sightsOf(plan, hands, deps), taken);
  } finally {
    hands.close();
  }
}

/** Preflight of a migration, with the trial of the links. `still`: whether anybody still waits for it. */
export async function runPreflightWithTrials(
  journal: Journal,
  taken: ReadonlyMap<string, MigrationId>,
  deps: SyncDeps,
  still: () => boolean,
): Promise<PreflightReport> {
  const { plan } = journal.state;
  const hands = createHands(plan, deps);
  const work = { journal, hands, deps, still };
  try {
    // What a trial of before a crash has left would be seen as somebody else's doing.
    await Promise.all(plan.shards.map((shard) => undoTrial(shard, work)));
    const sights = await sightsOf(plan, hands, deps);
    const { findings } = judgePreflight(plan, sights, taken);
    const wrong = (shard: number) =>
      findings.some((one) => one.level === 'error' && (one.shard === null || one.shard === shard));
    const tried = await Promise.all(
      plan.shards.map(async (shard): Promise<PreflightSight | null> => {
        const sight = sights[shard.index];
        if (!sight) return null;
        // What has to be mended first is told already.
        const left = leftOver(shard, journal);
        if (left !== null || wrong(shard.index) || !still()) return { ...sight, left };
        const why = deps.policy.tuneSyncs
          ? whyNotTried(subjectOf(plan, shard, sight))
          : 'It takes settings of both servers, and TUNE_SYNCS=false leaves them alone.';
        if (why !== null) return { ...sight, trial: { kind: 'not_tried', why } };
        const trial = await tryLink(shard, work);
        // Up to Redis 6.0 a snapshot that somebody makes meanwhile goes to everybody who waits for one.
        const look = await hands.inspector(shard.index, 'destination').look(BRIEF);
        const destination = withReplicasOf(sight.destination, look);
        return { ...sight, destination, trial, left: leftOver(shard, journal) };
      }),
    );
    return judgePreflight(
      plan,
      tried.filter((one) => one !== null),
      taken,
    );
  } finally {
    hands.close();
  }
}

/** Being freed sends a destination's own replicas away until they connect again: they count as they were before. */
function withReplicasOf(before: ServerLook, now: ServerLook): ServerLook {
  if (!before.ok || !now.ok) return now;
  const { replicas } = before.facts.replication;
  return { ...now, facts: { ...now.facts, replication: { ...now.facts.replication, replicas } } };
}

function sightsOf(plan: Plan, hands: Hands, deps: HandsDeps): Promise<PreflightSight[]> {
  return Promise.all(
    plan.shards.map(async (shard): Promise<PreflightSight> => {
      const [source, destination] = await Promise.all([
        lookAt(plan, shard.index, 'source', hands, deps),
        lookAt(plan, shard.index, 'destination', hands, deps),
      ]);
      return {
        source: source.look,
        destination: destination.look,
        sourceProbe: source.probe,
        destinationProbe: destination.probe,
        trial: null,
        left: null,
      };
    }),
  );
}

/** Sources below 6.0 write a key of ours last, and the switch waits until the destination has it. */
async function needsMarker(hands: Hands, index: number): Promise<boolean> {
  const source = await hands.inspector(index, 'source').look(BRIEF);
  return source.ok && !can(source.facts, 'acl');
}

interface Seen {
  readonly look: ServerLook;
  readonly probe: ServerProbe;
}

async function lookAt(plan: Plan, index: number, side: Side, hands: Hands, deps: HandsDeps): Promise<Seen> {
  const look = await hands.inspector(index, side).look(BRIEF);
  const endpoint = plan.shards[index]?.[side];
  // A server that loads, or that we may not talk to, has a finding of its own already.
  if (!endpoint || !look.ok || look.facts.loading) return { look, probe: NOT_PROBED };
  try {
    const overlap = plan.cutover === 'overlap';
    const marked = side === 'destination' && (await needsMarker(hands, index));
    return { look, probe: await probeServer(endpoint, side, look.facts, { ...deps, marked, overlap }) };
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    return { look: { ok: false, at: look.at, problem: error.problem }, probe: NOT_PROBED };
  }
}
