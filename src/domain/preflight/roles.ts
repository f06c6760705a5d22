/** Who follows whom, and what a server must not be: unreachable, loading, a cluster node, in a ring, one of another plan. */
import { addressOf, type Endpoint, followAddress, isAt } from '../endpoint.ts';
import type { ServerFacts } from '../observation.ts';
import { fenceAddress, type MigrationId, type Plan, type ShardPlan } from '../plan.ts';
import type { Finding } from '../preflight.ts';
import { plural } from '../words.ts';
import { type Add, factsOf, type Seen, type Subject } from './rule.ts';
import type { PreflightSight } from './sight.ts';

const AGAIN = 'Wait until it has loaded, then check again.';

export function judgeReach({ source, destination }: Subject, add: Add): void {
  for (const seen of [source, destination]) {
    if (seen.look.ok) continue;
    const { kind, text } = seen.look.problem;
    const code = kind === 'auth_required' || kind === 'auth_failed' ? 'auth' : kind;
    add('error', `${seen.side}_${code}`, text, fixFor(kind, seen.name));
  }
}

export function judgeSourceRole({ plan, source }: Subject, add: Add): void {
  const facts = factsOf(source);
  if (!facts) return;
  const { name } = source;
  if (facts.clusterEnabled) {
    const text = `${name} runs in cluster mode, which is not supported.`;
    add('error', 'source_cluster_mode', text, 'Use servers with cluster-enabled no.');
  }
  if (facts.role === 'replica') {
    const master = facts.replication.master;
    const fenced = isAnyFence(plan, master);
    add(
      'error',
      'source_not_master',
      fenced
        ? `${name} is fenced by an earlier migration: it refuses writes.`
        : `${name} is a replica of ${master ? addressOf(master) : 'another server'}.`,
      fenced
        ? `To take it into use again: redis-cli -h HOST -p PORT REPLICAOF NO ONE`
        : 'Give the master as the source.',
    );
  }
  if (facts.loading) add('error', 'source_loading', `${name} is still loading its data set.`, AGAIN);
  const syncing = facts.replication.replicas.filter((one) => one.state !== 'online').length;
  if (syncing > 0) {
    const text = `${name} has ${plural(syncing, 'replica')} of its own in a full sync right now: one more at the same time costs it memory and speed.`;
    add('note', 'source_replicas_syncing', text, null);
  }
}

/** Of this migration or of another one. */
function isAnyFence(plan: Plan, master: Pick<Endpoint, 'host' | 'port'> | null): boolean {
  const { port } = fenceAddress(plan.id);
  return master !== null && master.port === port && /^127\.(6[4-9]|[7-9]\d)\./.test(master.host);
}

export function judgeDestinationRole({ plan, source, destination }: Subject, add: Add): void {
  const facts = factsOf(destination);
  if (!facts) return;
  const { name } = destination;
  if (facts.clusterEnabled) {
    const text = `${name} runs in cluster mode and cannot follow a source.`;
    add('error', 'destination_cluster_mode', text, 'Use servers with cluster-enabled no.');
  }
  if (facts.role === 'replica') {
    const master = facts.replication.master;
    const own = isAt(master, source.endpoint) || isAt(master, followAddress(source.endpoint));
    const text = own
      ? `${name} is a replica of ${source.name} already: the bot only counts a replication that it began itself.`
      : isAnyFence(plan, master)
        ? `${name} is fenced by an earlier migration: it refuses writes.`
        : `${name} is a replica of ${master ? addressOf(master) : 'another server'} already.`;
    add('error', 'destination_not_master', text, `If it is free to use: ${onItself('REPLICAOF NO ONE')}`);
  }
  if (facts.loading) add('error', 'destination_loading', `${name} is still loading its data set.`, AGAIN);
  if (facts.keys > 0) {
    const keys = `${name} holds ${plural(facts.keys, 'key')}, which replication will wipe.`;
    const consent = `${keys} To continue, the migration's name has to be typed.`;
    const fix = 'Empty it with FLUSHALL and check again, or start again with --yes-wipe.';
    if (plan.yesWipe) add('warning', 'destination_not_empty', consent, null);
    else add('error', 'destination_not_empty', keys, fix);
  }
}

/** A source that follows its own destination, over however many servers of the plan: both would be emptied in a ring. */
export function judgeRings(plan: Plan, sights: readonly PreflightSight[]): Finding[] {
  const masters = new Map<string, Pick<Endpoint, 'host' | 'port'> | null>();
  for (const shard of plan.shards) {
    const sight = sights[shard.index];
    for (const side of ['source', 'destination'] as const) {
      const look = sight?.[side];
      const master = look?.ok ? look.facts.replication.master : null;
      for (const one of [shard[side], followAddress(shard[side])]) masters.set(addressOf(one), master);
    }
  }
  return plan.shards.flatMap((shard) => {
    const way = wayUp(shard, masters);
    if (way === null) return [];
    const [source, destination] = [addressOf(shard.source), addressOf(shard.destination)];
    const text = `${source} follows ${way.join(', which follows ')}: with ${destination} following ${source} they would be a ring without a master.`;
    const fix = `Give the servers the other way round, or REPLICAOF NO ONE on ${source} if it is the one that holds the data.`;
    return [{ level: 'error', shard: shard.index, code: 'replication_ring', text, fix }];
  });
}

/** The servers from the source's master up to the destination; null when that is not among them. */
function wayUp(
  shard: ShardPlan,
  masters: ReadonlyMap<string, Pick<Endpoint, 'host' | 'port'> | null>,
): string[] | null {
  const way: string[] = [];
  let above = masters.get(addressOf(shard.source)) ?? null;
  while (above !== null) {
    const name = addressOf({ ...above, host: above.host.toLowerCase() });
    if (way.includes(name)) return null;
    way.push(name);
    if (isAt(above, shard.destination) || isAt(above, followAddress(shard.destination))) return way;
    above = masters.get(name) ?? null;
  }
  return null;
}

/** Two addresses, one process: seen by run id. */
export function judgeSameServers(
  plan: Plan,
  sights: readonly PreflightSight[],
  taken: ReadonlyMap<string, MigrationId>,
): Finding[] {
  const seen = new Map<string, string>();
  const findings: Finding[] = [];
  for (const shard of plan.shards) {
    for (const side of ['source', 'destination'] as const) {
      const look = sights[shard.index]?.[side];
      if (!look?.ok || look.facts.runId === null) continue;
      const name = addressOf(shard[side]);
      const owner = taken.get(look.facts.runId);
      if (owner !== undefined) {
        findings.push({
          level: 'error',
          shard: shard.index,
          code: 'server_taken',
          text: `${name} is a server of migration ${owner}, which has not ended.`,
          fix: 'Finish or abort that one first, then check again.',
        });
      }
      const other = seen.get(look.facts.runId);
      if (other === undefined) seen.set(look.facts.runId, name);
      else {
        findings.push({
          level: 'error',
          shard: shard.index,
          code: 'same_server',
          text: `${name} and ${other} are one and the same server: they have the same run id.`,
          fix: 'Give every server once.',
        });
      }
    }
  }
  return findings;
}

/** Replicas of the destination: they come along, unless people write to the destination while it follows. */
export function judgeDestinationReplicas({ plan, destination }: Subject, passesOn: boolean, add: Add): void {
  const facts: ServerFacts | null = factsOf(destination);
  const count = facts?.replication.replicas.length ?? 0;
  if (count === 0) return;
  const has = `${destination.name} has ${plural(count, 'replica')} of its own`;
  if (plan.cutover === 'fenced' || passesOn) {
    add('note', 'destination_has_replicas', `${has}, which will follow it.`, null);
    return;
  }
  const text = `${has}: what is written to it while it still follows its source never reaches them, and they differ for good.`;
  add(
    'error',
    'destination_has_replicas',
    text,
    'Start again with --cutover fenced, or attach the replicas afterwards.',
  );
}

function onItself(command: string): string {
  return `${command} on it, then check again.`;
}

function fixFor(kind: string, name: Seen['name']): string {
  switch (kind) {
    case 'auth_required':
    case 'auth_failed':
      return `Put ${name} into the inventory with its password (env: or file:), then restart the bot.`;
    case 'secret_missing':
      return 'Set the variable or mount the file that the inventory names.';
    case 'no_permission':
      return 'Give our user the right that is missing.';
    case 'loading':
      return AGAIN;
    default:
      return 'Check the address and that the server runs, then check again.';
  }
}
