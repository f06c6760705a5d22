/**
 * What to do next: state and sight in, effects out. Pure. The engine carries the effects out and journals them; nothing
 * here knows how. Look, then act: an effect is asked for only when the last look shows that it is not done yet.
 */
import { approvalRows } from './approval-rows.ts';
import { starts } from './begin.ts';
import { goneOver } from './canary.ts';
import { finishing, rollingBack, switched } from './decide-after.ts';
import { switching } from './decide-switching.ts';
import { type Decision, type Following, NOTHING } from './decision.ts';
import { fenceEffects, unsettlingText } from './drift.ts';
import { RETRY_MS } from './due.ts';
import type { Effect } from './event.ts';
import { approvalsText, gatesOf, type Policy, switchStatus } from './gate.ts';
import { heldText } from './held.ts';
import { assertNever, type Gate } from './phase.ts';
import { recordOf, type ShardSight, type Sight, STEADY_TICKS } from './sight.ts';
import { parkEffects } from './source-guard.ts';
import type { MigrationState } from './state.ts';
import { story } from './story.ts';
import { isCheckDue, lateStart, passesByItself, unjudged, windowRows } from './timed.ts';
import { aborting, restoreAll } from './undo.ts';
import type { GateView } from './view.ts';
import { wayBackSteps } from './way-back.ts';
import { capital, countText, listText, plural, shardText } from './words.ts';

export function decide(state: MigrationState, sight: Sight, policy: Policy): Decision {
  const gates = gatesOf(state, sight, policy);
  const decision = decideIn(state, sight, policy, gates);
  if (decision.enter !== null) return decision;
  const rows = approvalRows(state, gates, sight.wallNow, policy);
  return rows.length === 0 ? decision : { ...decision, rows: [...decision.rows, ...rows] };
}

function decideIn(state: MigrationState, sight: Sight, policy: Policy, gates: readonly GateView[]): Decision {
  switch (state.phase) {
    case 'checking':
      return {
        ...NOTHING,
        run: 'preflight',
        waitingFor: `The check is looking at ${plural(state.plan.shards.length * 2, 'server')}.`,
      };
    case 'planned':
      return planned(state, sight, gates);
    case 'syncing':
    case 'streaming':
      return replicating(state, sight, policy, gates);
    case 'switching':
      return switching(state, sight, () => following(state, sight, policy));
    case 'switched':
      return switched(state, sight, gates, gateText(state, gates, 'finish'));
    case 'finishing':
      return finishing(state, sight);
    case 'aborting':
      return aborting(state, sight);
    case 'rolling_back':
      return rollingBack(state, sight);
    case 'finished':
    case 'aborted':
    case 'rolled_back':
      return NOTHING;
    default:
      return assertNever(state.phase);
  }
}

function planned(state: MigrationState, { wallNow }: Sight, gates: readonly GateView[]): Decision {
  const waitingFor = gateText(state, gates, 'continue');
  const rows = lateStart(state, wallNow);
  if (isCheckDue(state, wallNow)) return { ...NOTHING, rows, run: 'preflight', waitingFor };
  const reason = passesByItself(gateOf(gates, 'continue'), state);
  if (reason === null) return { ...NOTHING, rows, waitingFor };
  return { ...NOTHING, rows, enter: { phase: 'syncing', reason }, byItself: 'continue', waitingFor };
}

function gateOf(gates: readonly GateView[], gate: Gate): GateView | undefined {
  return gates.find((one) => one.gate === gate);
}

function gateText(state: MigrationState, gates: readonly GateView[], gate: Gate): string {
  const view = gateOf(gates, gate);
  if (!view) return '';
  if (view.open && view.approvals.length >= view.needed) return unjudged(state) ?? view.reason;
  return view.open ? `Waits for ${approvalsText(view)} to ${gate}. ${view.reason}` : view.reason;
}

/** What is done and told while shards follow; those that have gone over already keep their way back. */
function following(state: MigrationState, sight: Sight, policy: Policy): Following {
  const shards = sight.shards ?? [];
  const begin = starts(state, shards, sight, policy);
  // What a cut-over that was let go had changed on the sources.
  const restore = restoreAll(state, sight, 'cutover');
  const wayBack = wayBackSteps(state, sight);
  const effects = [
    ...parkEffects(state, shards, policy, sight.wallNow),
    ...tuneEffects(state, shards, sight.wallNow),
    ...begin.list,
    ...restore.effects,
    ...fenceEffects(state, sight),
    ...wayBack.effects,
  ];
  const rows = story(state, shards, sight.wallNow);
  const again = shards.find((shard) => ['snapshot', 'transfer', 'loading'].includes(shard.verdict.state));
  const unsettled =
    unsettlingText(rows) ?? (again ? `${capital(shardText(again.verdict.shard))} makes another full sync.` : null);
  const held = heldText(state) ?? begin.held ?? alarmText(state);
  return { effects, rows: [...rows, ...wayBack.rows], unsettled, held };
}

function replicating(state: MigrationState, sight: Sight, policy: Policy, gates: readonly GateView[]): Decision {
  if (!sight.shards) return { ...NOTHING, waitingFor: 'Looks at the servers.' };
  const { effects, rows: told, unsettled, held } = following(state, sight, policy);
  const rows = [...told, ...windowRows(state, sight.wallNow, policy, whyNotSwitched(state, sight, gates))];
  const shards = sight.shards.filter((one) => !recordOf(state, one).promoted);
  if (state.phase === 'syncing') {
    const steady = shards.every((shard) => shard.inStepTicks >= STEADY_TICKS);
    const enter = steady ? { phase: 'streaming' as const, reason: 'Every shard is in step.' } : null;
    const ahead = goneOver(state);
    const gone = ahead === null ? '' : `${capital(shardText(ahead.index))} has gone over already. `;
    return { ...NOTHING, effects, rows, enter, waitingFor: held ?? gone + syncText(shards) };
  }
  const reason = passesByItself(gateOf(gates, 'switch'), state);
  const enter = unsettled === null ? null : { phase: 'syncing' as const, reason: unsettled };
  const letGo = state.letGo === null ? '' : ` The last cut-over was let go: ${state.letGo}`;
  const waitingFor = gateText(state, gates, 'switch') + letGo;
  if (enter !== null || reason === null) return { ...NOTHING, effects, rows, enter, waitingFor };
  return { ...NOTHING, effects, rows, enter: { phase: 'switching', reason }, byItself: 'switch', waitingFor };
}

/** When a window closes. */
function whyNotSwitched(state: MigrationState, sight: Sight, gates: readonly GateView[]): string {
  if (state.phase !== 'streaming') return 'Not every shard was in step.';
  const { open, reason } = switchStatus(state, sight);
  if (!open) return reason;
  const view = gateOf(gates, 'switch');
  const waits = view && view.approvals.length >= view.needed ? unjudged(state) : null;
  if (waits !== null) return waits;
  const letGo = state.letGo === null ? '' : ` The last cut-over was let go: ${state.letGo}`;
  return `It lacked ${view ? approvalsText(view) : 'approvals'}.${letGo}`;
}

/** What an approver agreed to, until it is done; not while its servers are away or somebody else changes them. */
function tuneEffects(state: MigrationState, shards: readonly ShardSight[], wallNow: number): Effect[] {
  return shards.flatMap((one): Effect[] => {
    const { index, tune, held, tuneFailedAt } = recordOf(state, one);
    const due = tuneFailedAt === null || Math.abs(wallNow - tuneFailedAt) >= RETRY_MS;
    const mayBeDone = due && held.length === 0 && one.look.source.ok && one.look.destination.ok;
    return tune.length > 0 && mayBeDone ? [{ kind: 'tune', shard: index, changes: tune }] : [];
  });
}

function alarmText(state: MigrationState): string | null {
  const loud = state.shards.filter((one) => one.alarm !== null);
  const [first] = loud;
  if (!first?.alarm) return null;
  const rest = loud.length > 1 ? ` And ${plural(loud.length - 1, 'more shard')} with an alarm.` : '';
  return `${capital(shardText(first.index))}: ${first.alarm.text}${rest}`;
}

function syncText(shards: readonly ShardSight[]): string {
  const trouble = shards.filter((one) => one.verdict.reason !== null && one.verdict.state !== 'in_step');
  const inStep = shards.filter((one) => one.verdict.state === 'in_step').length;
  const head = `${countText(inStep)} of ${plural(shards.length, 'shard')} in step.`;
  const [first] = trouble;
  if (first) return `${head} ${capital(shardText(first.verdict.shard))}: ${first.verdict.reason}`;
  const rest = shards.filter((one) => one.verdict.state !== 'in_step');
  if (rest.length === 0) return `${head} Looks once more to be sure.`;
  return `${head} ${capital(listText(rest.map(progressText), 3))}.`;
}

function progressText(one: ShardSight): string {
  const { verdict } = one;
  const percent = verdict.percent === null ? '' : ` ${Math.floor(verdict.percent)} %`;
  return `${shardText(verdict.shard)}: ${verdict.state.replaceAll('_', ' ')}${percent}`;
}
