/** Looks at every server of a plan, once and in parallel, and judges what it saw. Changes nothing, keeps nothing open. */
import type { Side } from '../domain/event.ts';
import { judgePreflight, type PreflightSight } from '../domain/judge-preflight.ts';
import type { ServerLook } from '../domain/observation.ts';
import type { MigrationId, Plan } from '../domain/plan.ts';
import type { PreflightReport } from '../domain/preflight.ts';
import { RedisError } from '../redis/errors.ts';
import type { Inspector } from '../redis/inspector.ts';
import { createHands, type HandsDeps } from './hands.ts';

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
          sourceConfigProblem: source.settings.problem,
          destinationConfigProblem: destination.settings.problem,
          sourceStaysWritable: source.settings.values.get('slave-read-only') === 'no',
          destinationDatabases: numberIn(destination.settings, 'databases'),
          destinationMinReplicas: numberIn(destination.settings, 'min-slaves-to-write'),
        };
      }),
    );
    return judgePreflight(plan, sights, taken);
  } finally {
    hands.close();
  }
}

interface Settings {
  readonly problem: string | null;
  /** Name → value; null where the server has no such setting. */
  readonly values: ReadonlyMap<string, string | null>;
}

/** The settings of each side that have to be readable for what comes later. */
const SETTINGS: Readonly<Record<Side, readonly string[]>> = {
  source: ['slave-read-only', 'repl-ping-slave-period'],
  destination: ['masterauth', 'databases', 'min-slaves-to-write'],
};

async function lookAt(
  inspector: Inspector,
  side: Side,
): Promise<{ readonly look: ServerLook; readonly settings: Settings }> {
  const look = await inspector.look({ clients: 'none', commandStats: false });
  // A server that loads, or that we may not talk to, has a finding of its own already.
  if (!look.ok || look.facts.loading) return { look, settings: { problem: null, values: new Map() } };
  try {
    const values = await Promise.all(
      SETTINGS[side].map(async (name) => [name, await inspector.setting(name)] as const),
    );
    return { look, settings: { problem: null, values: new Map(values) } };
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    return { look, settings: { problem: error.message, values: new Map() } };
  }
}

function numberIn(settings: Settings, name: string): number | null {
  const value = settings.values.get(name);
  return value != null && /^\d+$/.test(value) ? Number(value) : null;
}
