/** Looks at and answers of both sides in, findings out. Pure. Each finding names the server and the command that mends it. */
import { can } from '../dialect.ts';
import { addressOf } from '../endpoint.ts';
import type { ServerFacts, ServerLook } from '../observation.ts';
import type { MigrationId, Plan, ShardPlan } from '../plan.ts';
import type { Finding, PreflightReport, ServerReport, Totals } from '../preflight.ts';
import { countText, plural } from '../words.ts';
import { judgeAddress, judgeFence, judgeLogin, judgeRights, judgeTls } from './access.ts';
import { judgeFunctions, judgeModules } from './contents.ts';
import { judgeOverlap } from './overlap.ts';
import {
  judgeDestinationReplicas,
  judgeDestinationRole,
  judgeReach,
  judgeRings,
  judgeSameServers,
  judgeSourceRole,
} from './roles.ts';
import { judgeEviction, judgeMachines, judgeRoom, judgeSnapshot } from './room.ts';
import { type Add, factsOf, type Rule, type Subject } from './rule.ts';
import type { PreflightSight } from './sight.ts';
import { judgeClocks, judgeSentinels } from './surroundings.ts';
import { judgeLink } from './trial.ts';
import { judgeDestinationVersion, judgeProof, judgeVersions } from './versions.ts';

/** In the order in which a person would go through them. */
const RULES: readonly Rule[] = [
  judgeReach,
  judgeSourceRole,
  judgeDestinationRole,
  judgeReplicas,
  judgeVersions,
  judgeProof,
  judgeDestinationVersion,
  judgeAddress,
  judgeLogin,
  judgeTls,
  judgeRights,
  judgeFence,
  judgeSentinels,
  judgeModules,
  judgeFunctions,
  judgeRoom,
  judgeEviction,
  judgeSnapshot,
  judgeClocks,
  judgeOverlap,
];

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
  return {
    totals: totalsOf(sights),
    findings: [
      ...findings,
      ...judgeRings(plan, sights),
      ...judgeMachines(plan, sights),
      ...judgeSameServers(plan, sights, taken),
    ],
    shards: plan.shards.map(({ index }) => ({
      index,
      source: reportOf(sights[index]?.source),
      destination: reportOf(sights[index]?.destination),
    })),
  };
}

function judgeShard(plan: Plan, shard: ShardPlan, sight: PreflightSight): Finding[] {
  const findings: Finding[] = [];
  const subject = subjectOf(plan, shard, sight);
  const add: Add = (level, code, text, fix) => findings.push({ level, shard: shard.index, code, text, fix });
  for (const rule of RULES) rule(subject, add);
  judgeLink(subject, sight, add);
  return findings;
}

export function subjectOf(plan: Plan, shard: ShardPlan, sight: PreflightSight): Subject {
  const seen = (side: 'source' | 'destination') => ({
    side,
    name: addressOf(shard[side]),
    endpoint: shard[side],
    look: sight[side],
    probe: side === 'source' ? sight.sourceProbe : sight.destinationProbe,
  });
  return { plan, shard, source: seen('source'), destination: seen('destination') };
}

function judgeReplicas(subject: Subject, add: Add): void {
  const facts = factsOf(subject.destination);
  if (facts) judgeDestinationReplicas(subject, !can(facts, 'keeps_local_writes'), add);
}

function reportOf(look: ServerLook | undefined): ServerReport | null {
  if (!look?.ok) return null;
  const { kind, version, runId, keys, usedMemoryBytes } = look.facts;
  return { kind, version, runId, keys, bytes: usedMemoryBytes };
}

function totalsOf(sights: readonly PreflightSight[]): Totals {
  const facts = sights.map((sight) => (sight.source.ok ? sight.source.facts : null));
  const complete = facts.every((one) => one !== null);
  const sum = (figure: (one: ServerFacts) => number | null) =>
    complete ? facts.reduce((total, one) => total + ((one && figure(one)) ?? 0), 0) : null;
  return { servers: sights.length, keys: sum((one) => one.keys), bytes: sum((one) => one.usedMemoryBytes) };
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
  return `Checked: ${plural(report.totals.servers, 'source')}, ${keys}; ${found}.`;
}
