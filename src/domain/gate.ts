/** When a gate is open, and whose approval counts. Pure. */

import { behindCanary, goneOver } from './canary.ts';
import { finishStatus } from './finish-gate.ts';
import { heldText } from './held.ts';
import { isOverlap } from './overlap.ts';
import { assertNever, GATE_PHASES, GATES, type Gate, isAbort, isAhead, isBehind, type Phase } from './phase.ts';
import { planHash } from './plan.ts';
import { findingsMark } from './preflight.ts';
import type { Calendar } from './schedule.ts';
import { recordOf, type ShardSight, type Sight, STEADY_TICKS } from './sight.ts';
import type { Approval, Denial, Glass, MigrationState } from './state.ts';
import { dateMark } from './time-mark.ts';
import { countsUntil, heldByTime, isCheckDue, takesEarlyApproval } from './timed.ts';
import type { ApprovalView, GateView } from './view.ts';
import { capital, countText, listText, plural, saidText, shardText } from './words.ts';

export interface Policy {
  /** Distinct approvers needed. */
  readonly approvals: Readonly<Record<Gate, number>>;
  readonly selfApproval: boolean;
  readonly approvalTtlMs: number;
  /** How long a gate lacks approvals before those who must act are reminded, and before the channel is told; 0: never. */
  readonly remindMs: number;
  readonly escalateMs: number;
  readonly quietMs: number;
  readonly maxLagBytes: number;
  readonly maxPauseMs: number;
  readonly syncsPerHost: number;
  readonly syncsTotal: number;
  /** Whether what a full sync needs is set on the servers without being asked for. */
  readonly tuneSyncs: boolean;
  /** A source that takes longer to answer is relieved of its full sync. */
  readonly maxSourceLatencyMs: number;
  /** So is one that takes more of its machine's memory. */
  readonly maxSourceMemoryPercent: number;
  readonly calendar: Calendar;
}

export function gatesOf(state: MigrationState, sight: Sight, policy: Policy): GateView[] {
  return GATES.map((gate) => {
    const approvals = shownApprovals(gate, state, sight.wallNow, policy);
    const needed = policy.approvals[gate];
    const { open, reason } = statusOf(gate, state, sight, policy);
    const denial = denialOf(gate, state);
    const glass = glassOf(gate, state);
    const said = {
      approvals,
      needed,
      ...(denial === null ? {} : { denied: saidBy(denial) }),
      ...(glass === null ? {} : { brokenGlass: { ...saidBy(glass), given: glass.given, needed: glass.needed } }),
    };
    const approved = approvals.length >= needed;
    const held = open ? heldByTime(gate, state, sight.wallNow, policy, approved) : null;
    if (held === null) return { gate, open, reason, ...said };
    const early = !approved && takesEarlyApproval(gate, state) ? { early: true as const } : {};
    return { gate, open: false, reason: held, ...said, ...early };
  });
}

function saidBy({ user, at, reason }: Pick<Denial, 'user' | 'at' | 'reason'>) {
  return { user, at: new Date(at).toISOString(), reason: saidText(reason) };
}

/** The no that keeps a gate closed; null where there is none. */
export function denialOf(gate: Gate, { denial, phase }: MigrationState): Denial | null {
  return denial?.gate === gate && isAhead(gate, phase) ? denial : null;
}

/** Who passed a gate alone; null where nobody did, or it was not passed. */
export function glassOf(gate: Gate, { glass, phase }: MigrationState): Glass | null {
  return isAhead(gate, phase) ? null : (glass.find((one) => one.gate === gate) ?? null);
}

/** Approvals that count now: for this very phase entry, these findings and this plan, not expired, one a person. */
export function validApprovals(
  gate: Gate,
  state: MigrationState,
  wallNow: number,
  policy: Policy,
): readonly Approval[] {
  const given = state.approvals.filter((one) => one.gate === gate && one.void === null && one.entry === state.entry);
  if (given.length === 0) return given;
  const mark = findingsMark(state.preflight?.findings ?? []);
  const hash = planHash(state.plan);
  const seen = new Set<string>();
  return given.filter((one) => {
    const counts =
      one.findings === mark &&
      (one.planHash === null || one.planHash === hash) &&
      (policy.selfApproval || !one.own) &&
      wallNow <= countsUntil(gate, one.at, state, policy) &&
      !seen.has(one.person);
    if (counts) seen.add(one.person);
    return counts;
  });
}

/** The approvals that opened a gate the last time: of its last phase entry, not expired by then, one a person. */
export function passedWith(gate: Gate, state: MigrationState, ttlMs = Number.POSITIVE_INFINITY): readonly Approval[] {
  const all = state.approvals.filter((one) => one.gate === gate && one.void === null);
  const last = all.at(-1);
  const counted = all.filter((one) => last && one.entry === last.entry && last.at - one.at <= ttlMs);
  return counted.filter((one, place) => counted.findIndex((other) => other.person === one.person) === place);
}

/** While a gate is ahead: the approvals that count. Behind it: those that opened it. */
function shownApprovals(gate: Gate, state: MigrationState, wallNow: number, policy: Policy): ApprovalView[] {
  const kept = isBehind(gate, state.phase) || isAbort(state.phase);
  // With a schedule, the first of several approvals may be older than the last by days.
  const ttlMs = state.plan.schedule ? Number.POSITIVE_INFINITY : policy.approvalTtlMs;
  const shown = kept ? passedWith(gate, state, ttlMs) : validApprovals(gate, state, wallNow, policy);
  return shown.map((one) => ({ user: one.user, at: new Date(one.at).toISOString() }));
}

function statusOf(gate: Gate, state: MigrationState, sight: Sight, policy: Policy): { open: boolean; reason: string } {
  const denial = denialOf(gate, state);
  if (denial !== null) return { open: false, reason: deniedText(denial) };
  if (!(GATE_PHASES[gate] as readonly Phase[]).includes(state.phase))
    return { open: false, reason: outOfPhase(gate, state) };
  switch (gate) {
    case 'continue':
      return continueStatus(state, sight);
    case 'switch':
      return switchStatus(state, sight);
    case 'finish':
      return finishStatus(state, sight, policy.quietMs);
    default:
      return assertNever(gate);
  }
}

function outOfPhase(gate: Gate, state: MigrationState): string {
  if (isAbort(state.phase)) return 'The migration was aborted.';
  const undone = state.phase === 'rolling_back' || state.phase === 'rolled_back';
  if (undone && gate === 'finish') return 'The migration was rolled back.';
  if (isBehind(gate, state.phase)) return 'This gate is behind us.';
  if (gate === 'continue') return 'The check is still looking at the servers.';
  if (gate === 'switch') return 'Opens when every shard is in step.';
  return 'Opens after the switch, when nobody writes to the old masters any more.';
}

function continueStatus(state: MigrationState, sight: Sight): { open: boolean; reason: string } {
  for (const { look, verdict } of sight.shards ?? []) {
    for (const one of [look.source, look.destination]) {
      const owner = one.ok && one.facts.runId !== null ? sight.taken.get(one.facts.runId) : undefined;
      if (owner !== undefined)
        return {
          open: false,
          reason: `${capital(shardText(verdict.shard))} has a server of migration ${owner}, which has not ended. Abort one of the two.`,
        };
    }
  }
  const errors = (state.preflight?.findings ?? []).filter((one) => one.level === 'error');
  if (errors.length > 0) {
    const [first] = errors;
    const rest = errors.length > 1 ? ` And ${plural(errors.length - 1, 'more error')}.` : '';
    return {
      open: false,
      reason: `${plural(errors.length, 'error')} found: ${first?.text ?? ''}${rest} Mend what the findings say, then check again.`,
    };
  }
  // Called off in the middle of the look right before the start: no later look puts back what its trials have left.
  const tried = state.shards.find((one) => one.trial !== null || leavesTrial(state, one.index));
  if (tried && !isCheckDue(state, sight.wallNow)) {
    const where = capital(shardText(tried.index));
    return { open: false, reason: `${where}: the trial of its link is not put back yet. Check again if it stays so.` };
  }
  return { open: true, reason: `Replication of ${plural(state.plan.shards.length, 'shard')} will start.` };
}

function leavesTrial({ ledger }: MigrationState, shard: number): boolean {
  return ledger.some((one) => one.shard === shard && one.until === 'trial' && !one.closed);
}

/** Whether all that have not gone over could go now; also asked for the others before they follow their canary. */
export function switchStatus(state: MigrationState, sight: Sight): { open: boolean; reason: string } {
  if (!sight.shards) return { open: false, reason: 'The servers have not been looked at yet.' };
  const held = heldText(state);
  if (held !== null) return { open: false, reason: held };
  const unwell = sight.shards.find((one) => recordOf(state, one).promoted && one.verdict.state !== 'promoted');
  if (unwell) {
    const why = unwell.verdict.reason ?? 'its new server is not seen as a master.';
    return {
      open: false,
      reason: `${capital(shardText(unwell.verdict.shard))} has gone over, and is not well: ${why}`,
    };
  }
  const rest = sight.shards.filter((one) => !recordOf(state, one).promoted);
  const late = rest.filter((shard) => shard.inStepTicks < STEADY_TICKS);
  if (late.length > 0) return { open: false, reason: lateText(late, rest.length) };
  const ahead = goneOver(state);
  if (ahead !== null) return { open: true, reason: `${capital(behindCanary(state))} in step.` };
  const all = rest.length === 1 ? 'The shard is' : `All ${countText(rest.length)} shards are`;
  const then = isOverlap(state)
    ? 'The new servers will take writes beside the old ones.'
    : 'The new servers will take the writes.';
  return { open: true, reason: `${all} in step. ${then}` };
}

function lateText(late: readonly ShardSight[], of: number): string {
  const [worst] = late.toSorted((a, b) => (b.verdict.lagBytes ?? Infinity) - (a.verdict.lagBytes ?? Infinity));
  const why = worst?.verdict.reason ? ` ${capital(shardText(worst.verdict.shard))}: ${worst.verdict.reason}` : '';
  return `${countText(of - late.length)} of ${plural(of, 'shard')} in step.${why}`;
}

/** Why a gate is closed that somebody has denied. */
export function deniedText({ user, at, reason }: Denial): string {
  return `Denied by <@${user}> ${dateMark(at)}: ${saidText(reason)}.`;
}

/** Sentence about an open gate that still lacks approvals. */
export function approvalsText(view: GateView): string {
  if (view.approvals.length === 0) return view.needed === 1 ? 'one approval' : `${view.needed} approvals`;
  return `${view.needed - view.approvals.length} more of ${plural(view.needed, 'approval')} (given by ${listText(view.approvals.map((one) => `<@${one.user}>`))})`;
}
