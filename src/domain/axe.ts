/**
 * The axe: the old masters of a finished migration are shut down, once a person has asked for it. Which of them can be,
 * why one is left alone, and what became of each. Pure.
 */
import { isBehindFence } from './drift.ts';
import { addressOf, type Endpoint } from './endpoint.ts';
import type { Event } from './event.ts';
import type { ServerLook } from './observation.ts';
import type { MigrationId, ShardPlan } from './plan.ts';
import type { Sight } from './sight.ts';
import type { MigrationState } from './state.ts';
import type { AxeView } from './view.ts';
import { capital, countText, listText, plural, shardText } from './words.ts';

const MOST_LINES = 10;

/** Whether it was asked for and something is still to be done or to be told of it. */
export function isAxing({ axe, shards }: MigrationState): boolean {
  return axe !== null && shards.some((one) => one.axed === null);
}

/** Old servers that it can be offered for: those that are not known to be gone. */
export function axeable(state: MigrationState, { shards }: Sight): readonly ShardPlan[] {
  if (state.phase !== 'finished' || isAxing(state)) return [];
  return state.plan.shards.filter(({ index }) => {
    const look = shards?.find((one) => one.verdict.shard === index)?.look.source;
    return state.shards[index]?.axed?.gone !== true && look?.ok !== false;
  });
}

/** At the end of a migration: old servers that somebody has shut down already. */
export function goneRows(state: MigrationState, { shards }: Sight): Event[] {
  return (shards ?? []).flatMap(({ look, verdict }): Event[] => {
    const plan = state.plan.shards[verdict.shard];
    if (!plan || look.source.ok || look.source.problem.kind !== 'refused') return [];
    return [{ kind: 'axed', shard: verdict.shard, gone: true, text: goneText(plan.source) }];
  });
}

export function goneText(source: Endpoint): string {
  return `${addressOf(source)} takes no connections any more: it is shut down.`;
}

/** Why this old server must not be shut down, as a sentence; null when it may be. `taken`: as in a sight. */
export function axeRefusal(
  state: MigrationState,
  { index, source }: ShardPlan,
  look: ServerLook,
  taken: ReadonlyMap<string, MigrationId>,
): string | null {
  if (!look.ok) return look.problem.text;
  const name = addressOf(source);
  const { runId, role, replication } = look.facts;
  if (runId === null || runId !== state.shards[index]?.before?.sourceRunId)
    return `${name} is another process than the one that was moved.`;
  const owner = taken.get(runId);
  if (owner !== undefined) return `${name} is a server of migration ${owner}, which has not ended.`;
  if (role === 'master') return `${name} is a master: it is not behind the fence of this migration.`;
  if (!isBehindFence(state, look))
    return `${name} follows ${replication.master ? addressOf(replication.master) : 'another server'}: it is not behind the fence of this migration.`;
  if (replication.readOnly !== true) return `${name} takes writes (replica-read-only no).`;
  if (replication.replicas.length > 0) return `${plural(replication.replicas.length, 'replica')} follow ${name}.`;
  if (look.clients === null) return `${name} does not tell who is connected to it (CLIENT LIST).`;
  const others = look.clients.map((one) => one.address);
  if (others.length > 0)
    return `${others.length === 1 ? 'One client is' : `${countText(others.length)} clients are`} connected to ${name}: ${listText(others, 3)}.`;
  return null;
}

/** `why`: a sentence. With the line that a person can run. */
export function leftText(source: Endpoint, why: string): string {
  const tls = source.tls ? ' --tls' : '';
  const user = source.user === undefined ? '' : ` --user ${source.user}`;
  const password = source.password === undefined ? '' : ' --askpass';
  const line = `redis-cli -h ${source.host} -p ${source.port}${tls}${user}${password} SHUTDOWN`;
  return `${why} It is left as it is. To shut it down by hand: \`${line}\`.`;
}

/** What became of the old servers; null when there is nothing to tell. */
export function axeView(state: MigrationState): AxeView | null {
  const told = state.shards.filter((one) => one.axed !== null);
  if (state.axe === null && told.length === 0) return null;
  const gone = told.filter((one) => one.axed?.gone).length;
  const left = told.flatMap(({ index, axed }) =>
    axed && !axed.gone ? [`${capital(shardText(index))}: ${axed.text}`] : [],
  );
  const running = isAxing(state);
  const all = plural(state.shards.length, 'old server');
  const head = running
    ? `The old servers are being shut down, as <@${state.axe?.user}> asked: ${countText(told.length)} of ${all} done.`
    : `${countText(gone)} of ${all} ${gone === 1 ? 'is' : 'are'} shut down.`;
  const rest =
    left.length > MOST_LINES ? [`And ${plural(left.length - MOST_LINES, 'more server')} left as they are.`] : [];
  return { running, lines: [head, ...left.slice(0, MOST_LINES), ...rest] };
}
