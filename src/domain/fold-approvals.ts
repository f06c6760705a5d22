/** How the rows about approvals fold, and what becomes of approvals when the phase or the findings change. Part of migration.ts; pure. */
import type { JournalRow } from './event.ts';
import type { ApprovalEvent } from './event-approvals.ts';
import { assertNever, type Gate, isAhead, isBehind } from './phase.ts';
import { findingsMark, type PreflightReport } from './preflight.ts';
import type { Approval, MigrationState, VoidWhy } from './state.ts';

export function foldApprovals(before: MigrationState, event: ApprovalEvent, row: JournalRow): MigrationState {
  const state = 'click' in event ? settled(before, event.click) : before;
  switch (event.kind) {
    case 'approved': {
      const { gate, user, person = user, entry, findings, planHash = null, wipe } = event;
      const own = event.own === true || user === state.plan.requestedBy;
      const given = { row: row.seq, gate, user, person, own, at: row.at };
      const approval = { ...given, entry, findings, planHash, wipe, void: null };
      // Somebody's older one, which had expired, is not counted beside it.
      const rest = voided(state, 'changed', (one) => one.gate === gate && one.person === person);
      return { ...rest, approvals: [...rest.approvals, approval] };
    }
    case 'approval_revoked':
      return {
        ...voided(state, 'revoked', (one) => one.row === event.approval),
        // Their word for finish without the quiet period goes with it.
        override: event.gate === 'finish' && state.override?.user === event.user ? null : state.override,
      };
    case 'approvals_void':
      return voided(state, 'changed', (one) => event.approvals.includes(one.row));
    case 'approval_needed':
      return {
        ...state,
        asked: [...without(state.asked, event.gate), event.gate],
        waits: { gate: event.gate, since: row.at, reminded: false, escalated: false },
      };
    case 'reminded': {
      const { waits } = state;
      if (waits === null) return state;
      return {
        ...state,
        waits: event.where === 'thread' ? { ...waits, reminded: true } : { ...waits, escalated: true },
      };
    }
    case 'gate_denied': {
      const { gate, user, person = user, reason } = event;
      const denial = { gate, user, person, at: row.at, reason };
      return { ...voided(state, 'denied', (one) => one.gate === gate), denial };
    }
    case 'denial_revoked':
    case 'asked_again':
      return { ...state, denial: null, decided: row.seq, asked: without(state.asked, event.gate) };
    case 'glass_broken': {
      const { gate, user, reason, entry, wipe, given, needed } = event;
      const glass = { gate, user, at: row.at, reason, entry, wipe, given, needed };
      return { ...state, glass: [...state.glass.filter((one) => one.gate !== gate), glass] };
    }
    default:
      return assertNever(event);
  }
}

/**
 * Approvals belong to a phase entry: those of a gate that is still ahead, or ahead again, count no more. Who was called to
 * a gate is called again once it was passed, or everything is looked at anew; a link that flaps calls nobody again.
 */
export function afterPhase(state: MigrationState): MigrationState {
  const { phase, denial, glass, asked } = state;
  return {
    ...voided(state, 'changed', (one) => isAhead(one.gate, phase)),
    // A roll back may be let go, and lead to the denied gate again.
    denial: denial !== null && (isAhead(denial.gate, phase) || phase === 'rolling_back') ? denial : null,
    glass: glass.filter((one) => !isAhead(one.gate, phase)),
    asked: phase === 'checking' ? [] : asked.filter((gate) => !isBehind(gate, phase)),
  };
}

/** They were given for what was found then, `before`: to wipe those very servers, and no more keys than they had. */
export function afterFindings(state: MigrationState, before: PreflightReport | null): MigrationState {
  const mark = findingsMark(state.preflight?.findings ?? []);
  const more = wipesMore(state, before);
  return voided(
    state,
    'changed',
    (one) => isAhead(one.gate, state.phase) && (one.findings !== mark || (one.wipe && more)),
  );
}

function wipesMore({ preflight }: MigrationState, before: PreflightReport | null): boolean {
  return (preflight?.shards ?? []).some(({ index, destination }) => {
    const seen = before?.shards.find((one) => one.index === index)?.destination;
    if (!destination || !seen) return false;
    return destination.keys > seen.keys || (destination.keys > 0 && destination.runId !== seen.runId);
  });
}

export function voided(state: MigrationState, why: VoidWhy, which: (one: Approval) => boolean): MigrationState {
  if (!state.approvals.some((one) => one.void === null && which(one))) return state;
  return {
    ...state,
    approvals: state.approvals.map((one) => (one.void === null && which(one) ? { ...one, void: why } : one)),
  };
}

/** A click that was judged is not judged again. */
export function settled(state: MigrationState, click: number): MigrationState {
  return { ...state, clicks: state.clicks.filter((one) => one.seq !== click) };
}

function without(gates: readonly Gate[], gate: Gate): readonly Gate[] {
  return gates.filter((one) => one !== gate);
}
