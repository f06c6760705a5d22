/** Looks at every server of a plan, once and in parallel, and judges what it saw. Changes nothing, keeps nothing open. */
import type { Side } from '../domain/event.ts';
import type { ServerLook } from '../domain/observation.ts';
import type { MigrationId, Plan } from '../domain/plan.ts';
import { judgePreflight } from '../domain/preflight/judge.ts';
import { NOT_PROBED, type PreflightSight, type ServerProbe } from '../domain/preflight/sight.ts';
import type { PreflightReport } from '../domain/preflight.ts';
import { RedisError } from '../redis/errors.ts';
import { probeServer } from '../redis/probe.ts';
import { createHands, type Hands, type HandsDeps } from './hands.ts';

/** `taken`: run ids of the servers of other unfinished migrations. Never rejects for what a server does. */
export async function runPreflight(
  plan: Plan,
  taken: ReadonlyMap<string, MigrationId>,
  deps: HandsDeps,
): Promise<PreflightReport> {
  const hands = createHands(plan, deps);
  try {
    const sights = await Promise.all(
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
        };
      }),
    );
    return judgePreflight(plan, sights, taken);
  } finally {
    hands.close();
  }
}

interface Seen {
  readonly look: ServerLook;
  readonly probe: ServerProbe;
}

async function lookAt(plan: Plan, index: number, side: Side, hands: Hands, deps: HandsDeps): Promise<Seen> {
  const look = await hands.inspector(index, side).look({ clients: 'none', commandStats: false });
  const endpoint = plan.shards[index]?.[side];
  // A server that loads, or that we may not talk to, has a finding of its own already.
  if (!endpoint || !look.ok || look.facts.loading) return { look, probe: NOT_PROBED };
  try {
    return { look, probe: await probeServer(endpoint, side, look.facts, deps) };
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    return { look: { ok: false, at: look.at, problem: error.problem }, probe: NOT_PROBED };
  }
}
