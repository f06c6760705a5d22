/** Looks at every server of a plan, once and in parallel, and judges what it saw. Changes nothing, keeps nothing open. */
import type { Side } from '../domain/event.ts';
import { judgePreflight, type PreflightSight } from '../domain/judge-preflight.ts';
import type { MigrationId, Plan } from '../domain/plan.ts';
import type { PreflightReport } from '../domain/preflight.ts';
import { RedisError } from '../redis/errors.ts';
import type { Inspector } from '../redis/inspector.ts';
import { createHands, type HandsDeps } from './hands.ts';

/** A setting of each side that has to be readable for what comes later. */
const NEEDED_SETTING: Readonly<Record<Side, string>> = { source: 'slave-read-only', destination: 'masterauth' };

/** `taken`: run ids of the servers of other unfinished migrations. Never rejects for what a server does. */
export async function runPreflight(
  plan: Plan,
  taken: ReadonlyMap<string, MigrationId>,
  deps: HandsDeps,
): Promise<PreflightReport> {
  const hands = createHands(plan, deps);
  try {
    const sights = await Promise.all(
      plan.shards.map(async ({ index }): Promise<PreflightSight> => {
        const [source, destination] = await Promise.all([
          lookAt(hands.inspector(index, 'source'), 'source'),
          lookAt(hands.inspector(index, 'destination'), 'destination'),
        ]);
        return {
          source: source.look,
          destination: destination.look,
          sourceConfigProblem: source.configProblem,
          sourceStaysWritable: source.writableReplica,
          destinationConfigProblem: destination.configProblem,
        };
      }),
    );
    return judgePreflight(plan, sights, taken);
  } finally {
    hands.close();
  }
}

async function lookAt(inspector: Inspector, side: Side) {
  const look = await inspector.look({ clients: 'none', commandStats: false });
  // A server that loads, or that we may not talk to, has a finding of its own already.
  if (!look.ok || look.facts.loading) return { look, configProblem: null, writableReplica: false };
  try {
    const value = await inspector.setting(NEEDED_SETTING[side]);
    return { look, configProblem: null, writableReplica: side === 'source' && value === 'no' };
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    return { look, configProblem: error.message, writableReplica: false };
  }
}
