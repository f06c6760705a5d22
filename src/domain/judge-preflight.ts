/** Facts of both sides in, findings out. Pure. Each finding names the server and the command that mends it. */
import { canLoad, isAtLeast, isOlderRelease } from './compatibility.ts';
import { addressOf } from './endpoint.ts';
import type { ServerFacts, ServerLook } from './observation.ts';
import { fenceAddress, type MigrationId, type Plan, type ShardPlan } from './plan.ts';
import type { Finding, PreflightReport, ServerReport, Totals } from './preflight.ts';
import { bytesText, countText, plural } from './words.ts';

/** What preflight saw of one shard. `canConfigure`: whether CONFIG GET worked; null where it was not tried. */
export interface PreflightSight {
  readonly source: ServerLook;
  readonly destination: ServerLook;
  readonly destinationConfigProblem: string | null;
  readonly sourceConfigProblem: string | null;
  /** Whether the source would go on taking writes as a replica (replica-read-only no), so that a fence would not hold. */
  readonly sourceStaysWritable: boolean;
  /** The destination's settings `databases` and `min-slaves-to-write`; null where unknown. */
  readonly destinationDatabases: number | null;
  readonly destinationMinReplicas: number | null;
}

/** `taken`: run ids of the servers of other unfinished migrations, and whose they are. */
export function judgePreflight(
  plan: Plan,
  sights: readonly PreflightSight[],
  taken: ReadonlyMap<string, MigrationId>,
): PreflightReport {
  const findings = plan.shards.flatMap((shard) => {
    const sight = sights[shard.index];
    return sight ? judgeShard(plan, shard, sight) : [];
  });
  const report = (look: ServerLook | undefined): ServerReport | null =>
    look?.ok
      ? {
          kind: look.facts.kind,
          version: look.facts.version,
          runId: look.facts.runId,
          keys: look.facts.keys,
          bytes: look.facts.usedMemoryBytes,
        }
      : null;
  return {
    totals: totalsOf(sights),
    findings: [...overall(plan), ...findings, ...sameServers(plan, sights, taken)],
    shards: plan.shards.map(({ index }) => ({
      index,
      source: report(sights[index]?.source),
      destination: report(sights[index]?.destination),
    })),
  };
}

function totalsOf(sights: readonly PreflightSight[]): Totals {
  const facts = sights.map((sight) => (sight.source.ok ? sight.source.facts : null));
  const complete = facts.every((one) => one !== null);
  const sum = (figure: (one: ServerFacts) => number | null) =>
    complete ? facts.reduce((total, one) => total + ((one && figure(one)) ?? 0), 0) : null;
  return { servers: sights.length, keys: sum((one) => one.keys), bytes: sum((one) => one.usedMemoryBytes) };
}

function overall(plan: Plan): Finding[] {
  if (plan.cutover === 'fenced') return [];
  return [
    {
      level: 'error',
      shard: null,
      code: 'overlap_not_supported',
      text: 'The overlap cut-over is not supported yet: it can lose writes unless it is guarded, and the guard is not built.',
      fix: 'Start again with --cutover fenced.',
    },
  ];
}

function judgeShard(plan: Plan, shard: ShardPlan, sight: PreflightSight): Finding[] {
  const findings: Finding[] = [];
  const add = (level: Finding['level'], code: string, text: string, fix: string | null) =>
    findings.push({ level, shard: shard.index, code, text, fix });
  const source = addressOf(shard.source);
  const destination = addressOf(shard.destination);

  for (const [side, look] of [
    ['source', sight.source],
    ['destination', sight.destination],
  ] as const) {
    if (look.ok) continue;
    const code =
      look.problem.kind === 'auth_required' || look.problem.kind === 'auth_failed' ? 'auth' : look.problem.kind;
    add(
      'error',
      `${side}_${code}`,
      look.problem.text,
      fixFor(look.problem.kind, side === 'source' ? source : destination),
    );
  }
  if (sight.source.ok) judgeSource(plan, source, sight.source.facts, sight.sourceConfigProblem, add);
  if (shard.source.tls) {
    const text = `${source} is given as rediss://, but the new server would follow it without TLS: TLS for the replication link is not supported yet.`;
    add('error', 'source_tls_not_supported', text, 'Give an address of it without TLS, if it has one.');
  }
  if (sight.sourceStaysWritable) {
    const text = `${source} has replica-read-only no: the fence that keeps late writers out after the switch would not hold.`;
    add('error', 'source_stays_writable', text, 'CONFIG SET replica-read-only yes on it, then check again.');
  }
  if (sight.destination.ok)
    judgeDestination(plan, destination, sight.destination.facts, sight.destinationConfigProblem, add);
  if (sight.source.ok && sight.destination.ok) {
    const from = sight.source.facts;
    const to = sight.destination.facts;
    judgeRoom(source, destination, sight, from, to, add);
    if (!canLoad(from, to)) {
      add(
        'error',
        'newer_to_older',
        `${destination} runs ${nameOf(to)} and cannot load what ${source} (${nameOf(from)}) sends. It would be emptied and stay empty.`,
        `Use a destination that runs ${nameOf(from)} or later.`,
      );
    } else if (isOlderRelease(to, from)) {
      add(
        'error',
        'newer_to_older',
        `${destination} runs ${nameOf(to)}, older than ${source} (${nameOf(from)}). It does not know every command that will reach it, and would drift away from its source unseen.`,
        `Use a destination that runs ${nameOf(from)} or later.`,
      );
    }
  }
  return findings;
}

type Add = (level: Finding['level'], code: string, text: string, fix: string | null) => void;

function judgeSource(plan: Plan, name: string, facts: ServerFacts, configProblem: string | null, add: Add): void {
  if (facts.clusterEnabled)
    add(
      'error',
      'source_cluster_mode',
      `${name} runs in cluster mode, which is not supported.`,
      'Use servers with cluster-enabled no.',
    );
  if (facts.role === 'replica') {
    const master = facts.replication.master;
    const fence = fenceAddress(plan.id);
    const fenced = master !== null && master.port === fence.port && /^127\.(6[4-9]|[7-9]\d)\./.test(master.host);
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
  if (facts.loading)
    add(
      'error',
      'source_loading',
      `${name} is still loading its data set.`,
      'Wait until it has loaded, then check again.',
    );
  if (!(facts.kind === 'valkey' || isAtLeast(facts.version, 6, 2))) {
    add(
      'error',
      'source_too_old',
      `${name} runs ${nameOf(facts)}. The cut-over without loss is so far built for sources from Redis 6.2 on.`,
      'Wait for the release that supports older sources.',
    );
  }
  if (configProblem)
    add('error', 'source_no_config', configProblem, 'Let our user run CONFIG GET and CONFIG SET on it.');
}

/** What a replica passes over and a master does not: it shows only at the promotion, when it is too late. */
function judgeRoom(
  source: string,
  destination: string,
  sight: PreflightSight,
  from: ServerFacts,
  to: ServerFacts,
  add: Add,
): void {
  const databases = sight.destinationDatabases;
  if (databases !== null && from.highestDatabase !== null && from.highestDatabase >= databases) {
    const text = `${source} has keys in database ${from.highestDatabase}, and ${destination} has only ${plural(databases, 'database')}: they would overwrite keys of another one.`;
    add(
      'error',
      'too_few_databases',
      text,
      `Restart ${destination} with databases ${from.highestDatabase + 1} or more.`,
    );
  }
  if (
    to.maxmemoryBytes !== null &&
    to.maxmemoryBytes > 0 &&
    from.usedMemoryBytes !== null &&
    to.maxmemoryBytes < from.usedMemoryBytes
  ) {
    const text = `${destination} may use ${bytesText(to.maxmemoryBytes)} and ${source} uses ${bytesText(from.usedMemoryBytes)}: as a replica it passes over that limit, as a master it evicts keys or refuses writes.`;
    add('error', 'too_little_memory', text, `CONFIG SET maxmemory on ${destination} to more than that, or 0.`);
  }
  const replicas = to.replication.replicas.length;
  if (sight.destinationMinReplicas !== null && sight.destinationMinReplicas > replicas) {
    const text = `${destination} wants ${plural(sight.destinationMinReplicas, 'replica')} before it takes writes (min-replicas-to-write) and has ${replicas}: as a master it would refuse all.`;
    add(
      'error',
      'too_few_replicas',
      text,
      `CONFIG SET min-replicas-to-write 0 on ${destination}, or give it its replicas first.`,
    );
  }
  if (to.diskFails) {
    const text = `${destination} could not write to its disk the last time: as a master it would refuse all writes (MISCONF).`;
    add(
      'error',
      'destination_disk',
      text,
      'Mend its disk and run BGSAVE, or CONFIG SET stop-writes-on-bgsave-error no and BGSAVE.',
    );
  }
}

function judgeDestination(plan: Plan, name: string, facts: ServerFacts, configProblem: string | null, add: Add): void {
  if (facts.clusterEnabled) {
    add(
      'error',
      'destination_cluster_mode',
      `${name} runs in cluster mode and cannot follow a source.`,
      'Use servers with cluster-enabled no.',
    );
  }
  if (facts.role === 'replica') {
    const master = facts.replication.master;
    add(
      'error',
      'destination_not_master',
      `${name} is a replica of ${master ? addressOf(master) : 'another server'} already.`,
      'If it is free to use: REPLICAOF NO ONE on it, then check again.',
    );
  }
  if (facts.loading)
    add(
      'error',
      'destination_loading',
      `${name} is still loading its data set.`,
      'Wait until it has loaded, then check again.',
    );
  if (facts.keys > 0) {
    const keys = `${name} holds ${plural(facts.keys, 'key')}, which replication will wipe.`;
    if (plan.yesWipe)
      add('warning', 'destination_not_empty', `${keys} To continue, the migration's name has to be typed.`, null);
    else
      add(
        'error',
        'destination_not_empty',
        keys,
        'Empty it with FLUSHALL and check again, or start again with --yes-wipe.',
      );
  }
  if (facts.replication.replicas.length > 0) {
    add(
      'note',
      'destination_has_replicas',
      `${name} has ${plural(facts.replication.replicas.length, 'replica')} of its own, which will follow it.`,
      null,
    );
  }
  if (configProblem)
    add('error', 'destination_no_config', configProblem, 'Let our user run CONFIG GET and CONFIG SET on it.');
}

/** Two addresses, one process: seen by run id. */
function sameServers(
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

function nameOf(facts: ServerFacts): string {
  return `${facts.kind === 'valkey' ? 'Valkey' : 'Redis'} ${facts.version}`;
}

function fixFor(kind: string, name: string): string {
  switch (kind) {
    case 'auth_required':
    case 'auth_failed':
      return `Put ${name} into the inventory with its password (env: or file:), then restart the bot.`;
    case 'secret_missing':
      return 'Set the variable or mount the file that the inventory names.';
    case 'no_permission':
      return 'Give our user the right that is missing.';
    case 'loading':
      return 'Wait until it has loaded, then check again.';
    default:
      return 'Check the address and that the server runs, then check again.';
  }
}

/** One line for the thread: what there is to move and what stands in the way. */
export function preflightText(report: PreflightReport): string {
  const count = (level: Finding['level']) => report.findings.filter((one) => one.level === level).length;
  const errors = count('error');
  const warnings = count('warning');
  const found =
    errors + warnings === 0
      ? 'nothing stands in the way'
      : `${plural(errors, 'error')}, ${plural(warnings, 'warning')}`;
  const keys = report.totals.keys === null ? 'an unknown number of keys' : `${countText(report.totals.keys)} keys`;
  return `Preflight: ${plural(report.totals.servers, 'source')}, ${keys}; ${found}.`;
}
