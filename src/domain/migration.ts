/**
 * A migration's state: the fold of its journal, nothing else. What the servers say right now is not in here; see
 * observation.ts. Folding is total: rows of a known kind never throw, whatever the order a crash left them in, except
 * that a phase may only follow a phase as the table says.
 */
import type { BeforeReplication, Event, JournalRow } from './event.ts';
import { afterFindings, afterPhase, foldApprovals, settled } from './fold-approvals.ts';
import { foldCutover } from './fold-cutover.ts';
import { foldHooks, withoutQuestions } from './fold-hooks.ts';
import { foldSchedule, followsFrom, NOT_SCHEDULED } from './fold-schedule.ts';
import { intended, stepFrom, withShard, withStep } from './fold-steps.ts';
import { assertNever, mayFollow, type Phase, WrongPhaseError } from './phase.ts';
import type { Held, MigrationState } from './state.ts';

/** The state after all rows. Throws when the first row is not `requested`. */
export function foldJournal(rows: readonly JournalRow[]): MigrationState {
  const [first, ...rest] = rows;
  if (first?.event.kind !== 'requested') throw new Error('A journal has to begin with the request.');
  let state = begin(first.event, first);
  for (const row of rest) state = fold(state, row);
  return state;
}

function begin(event: Extract<Event, { kind: 'requested' }>, row: JournalRow): MigrationState {
  return {
    plan: event.plan,
    phase: 'checking',
    cameFrom: 'checking',
    entry: row.seq,
    stretch: row.seq,
    turned: row.seq,
    turnedAt: row.at,
    told: row.seq,
    decided: row.seq,
    phaseSince: row.at,
    version: row.seq,
    messageTs: event.messageTs,
    preflight: null,
    checkedAt: null,
    schedule: NOT_SCHEDULED,
    approvals: [],
    denial: null,
    glass: [],
    asked: [],
    waits: null,
    clicks: [],
    shards: event.plan.shards.map((shard) => ({
      index: shard.index,
      replicate: null,
      trial: null,
      before: null,
      fence: null,
      detach: null,
      shutdown: null,
      axed: null,
      promoted: false,
      promotedAt: null,
      returned: false,
      stays: false,
      late: null,
      frozen: null,
      followBack: null,
      wayBack: null,
      open: null,
      guard: null,
      closing: null,
      pauseMs: null,
      wasInStep: false,
      trouble: null,
      parked: null,
      parkedWhy: null,
      timesParked: 0,
      alarm: null,
      tune: [],
      tuneFailedAt: null,
      toldSyncs: 0,
      held: [],
    })),
    ledger: [],
    cutover: null,
    cutoverAttempts: 0,
    soaked: false,
    letGo: null,
    giveUp: false,
    progress: 0,
    quietTold: false,
    drifts: [],
    override: null,
    axe: null,
    hooks: [],
  };
}

/** The state after one more row. Pure. */
export function fold(before: MigrationState, row: JournalRow): MigrationState {
  const event = row.event;
  const turn = isTurn(event) ? { turned: row.seq, turnedAt: row.at } : {};
  const state = { ...before, version: row.seq, ...turn };
  switch (event.kind) {
    case 'requested':
      return state;
    case 'message_posted':
      return { ...state, messageTs: event.ts };
    case 'preflight_done':
      return afterFindings({ ...state, preflight: event.report, checkedAt: row.at }, state.preflight);
    case 'clicked':
      return { ...state, clicks: [...state.clicks, { seq: row.seq, at: row.at, event }] };
    case 'click_refused':
      return settled(state, event.click);
    case 'approved':
    case 'approval_revoked':
    case 'approvals_void':
    case 'approval_needed':
    case 'reminded':
    case 'gate_denied':
    case 'denial_revoked':
    case 'asked_again':
    case 'glass_broken':
      return foldApprovals(state, event, row);
    case 'recheck_asked':
      return settled(state, event.click);
    case 'abort_asked':
      return { ...settled(state, event.click), giveUp: state.giveUp || event.giveUp };
    case 'override_asked': {
      const { user, reason, entry } = event;
      return { ...settled(state, event.click), override: { user, reason, entry } };
    }
    case 'rollback_asked':
      return settled(state, event.click);
    case 'phase_entered':
      if (!mayFollow(state.phase, event.phase)) throw new WrongPhaseError(state.phase, event.phase);
      return afterPhase({
        ...state,
        phase: event.phase,
        cameFrom: state.phase,
        entry: row.seq,
        stretch: stretchOf(event.phase) === stretchOf(state.phase) ? state.stretch : row.seq,
        phaseSince: row.at,
        schedule: followsFrom(state, row),
        hooks: withoutQuestions(state.hooks),
      });
    case 'intent':
      return intended(state, event.effect, row);
    case 'answered':
      return withStep(state, event.intent, row.at, (step) => ({
        ...step,
        outcome: event.outcome,
        detail: event.detail,
      }));
    case 'seen':
      return withStep(state, event.intent, row.at, (step) => ({ ...step, seen: true, detail: event.detail }));
    case 'given_up':
      if (event.what === 'lock') return leftLocked(state, event.shard);
      if (event.what === 'guard')
        return withShard(state, event.shard, (shard) => ({
          ...shard,
          guard: shard.guard && {
            ...shard.guard,
            down: { ...stepFrom(shard.guard.down, row), detail: event.detail, givenUp: true },
          },
        }));
      return event.what === 'setting'
        ? {
            ...state,
            ledger: state.ledger.map((one) => (one.intent === event.ledger ? { ...one, closed: true } : one)),
          }
        : withShard(state, event.shard, (shard) => ({
            ...shard,
            detach: { ...stepFrom(shard.detach, row), detail: event.detail, givenUp: true },
          }));
    case 'progress':
      return { ...state, progress: event.percent };
    case 'shard_in_step':
      return withShard(state, event.shard, (shard) => ({ ...shard, wasInStep: true }));
    case 'trouble':
      return withShard(state, event.shard, (shard) => ({ ...shard, trouble: event.text }));
    case 'trouble_over':
      return withShard(state, event.shard, (shard) => ({ ...shard, trouble: null }));
    case 'drift':
      return drifted(state, event, row.seq);
    case 'trial_over':
      return withShard(state, event.shard, (shard) => ({ ...shard, trial: null }));
    case 'sync_alarm': {
      const { cause, text, tune } = event;
      return withShard({ ...state, told: row.seq }, event.shard, (shard) => ({
        ...shard,
        alarm: { cause, text, tune },
      }));
    }
    case 'sync_alarm_over':
      return withShard(state, event.shard, (shard) => ({
        ...shard,
        alarm: null,
        tune: [],
        toldSyncs: event.fullSyncs,
      }));
    case 'tune_asked':
      return {
        ...settled(state, event.click),
        shards: state.shards.map((shard) => ({ ...shard, tune: shard.alarm?.tune ?? shard.tune })),
      };
    case 'tuned':
      return withShard(state, event.shard, (shard) => ({
        ...shard,
        alarm: null,
        tune: [],
        tuneFailedAt: null,
        toldSyncs: event.fullSyncs,
      }));
    case 'held': {
      const { side, what, ledger, text } = event;
      return withShard({ ...state, told: row.seq }, event.shard, (shard) => ({
        ...shard,
        held: [...shard.held.filter((one) => !isSame(one, event)), { side, what, ledger, text }],
      }));
    }
    case 'resume_asked':
      return settled(state, event.click);
    case 'released':
      return {
        ...withShard(state, event.shard, (shard) => ({
          ...shard,
          held: shard.held.filter((one) => !isSame(one, event)),
        })),
        // Somebody else's value by now, and agreed to: it is theirs, so it is not put back.
        ledger: state.ledger.map((one) =>
          event.by !== null && one.intent === event.ledger ? { ...one, closed: true } : one,
        ),
      };
    case 'cutover_started':
    case 'cutover_step':
    case 'promoted':
    case 'way_back':
    case 'soak':
    case 'stuck':
    case 'serve_old_asked':
    case 'cutover_let_go':
    case 'overlap_opened':
    case 'conflict':
      return foldCutover(state, event, row);
    case 'axe_asked': {
      // Those that were left are tried once more, from the beginning.
      const shards = state.shards.map((one) => (one.axed?.gone ? one : { ...one, axed: null, shutdown: null }));
      return { ...settled(state, event.click), axe: { user: event.user }, shards };
    }
    case 'axed': {
      const { gone, text } = event;
      return withShard(state, event.shard, (shard) => ({ ...shard, axed: { gone, text } }));
    }
    case 'hook_due':
    case 'hook_sent':
      return foldHooks(state, event, row);
    case 'schedule_cancelled':
    case 'start_late':
    case 'window':
      return foldSchedule(state, event, row.seq);
    case 'quiet':
      return { ...state, quietTold: true };
    case 'slack_away':
    case 'resumed':
    case 'summary':
      return state;
    default:
      return assertNever(event);
  }
}

function isSame(one: Held, other: Pick<Held, 'side' | 'what' | 'ledger'>): boolean {
  return one.side === other.side && one.what === other.what && one.ledger === other.ledger;
}

function leftLocked({ cutover, ...state }: MigrationState, shard: number): MigrationState {
  return { ...state, cutover: cutover && { ...cutover, leftLocked: [...cutover.leftLocked, shard] } };
}

/**
 * Whether a cut-over has given servers other roles by this row, or the old ones back. Not every phase is such a turn:
 * where a server that does not answer is left as it is, one slow look would decide that.
 */
function isTurn(event: Event): boolean {
  if (event.kind === 'cutover_step') return event.step === 'unpause';
  return ['promoted', 'cutover_let_go', 'overlap_opened'].includes(event.kind);
}

function stretchOf(phase: Phase): string {
  if (phase === 'checking' || phase === 'planned') return 'nothing begun';
  return phase === 'syncing' || phase === 'streaming' || phase === 'switching' ? 'following' : phase;
}

/** A new process is what later looks are held against; what happened after the switch is remembered for finish. */
function drifted(state: MigrationState, event: Extract<Event, { kind: 'drift' }>, row: number): MigrationState {
  const { shard, side, runId, text } = event;
  const gone = state.phase === 'switched' || state.shards[shard]?.promoted === true;
  const drifts = gone ? [...state.drifts, { row, shard, side, runId, text }] : state.drifts;
  const renewed = (before: BeforeReplication): BeforeReplication =>
    side === 'source'
      ? { ...before, sourceRunId: runId, sourceFullSyncs: 0, sourceBufferDisconnections: 0 }
      : { ...before, destinationRunId: runId, destinationRefusedCommands: 0 };
  const ledger = state.ledger.map((one) =>
    runId !== null && one.shard === shard && one.side === side ? { ...one, outlived: true } : one,
  );
  // Whoever answered for finish did not know of it.
  const override = state.phase === 'switched' ? null : state.override;
  return withShard({ ...state, drifts, ledger, override }, shard, (one) =>
    runId === null || one.before === null
      ? one
      : { ...one, before: renewed(one.before), toldSyncs: side === 'source' ? 0 : one.toldSyncs },
  );
}
