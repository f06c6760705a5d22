/**
 * Rows that follow from how approvals stand: nobody clicked for them. Pure.
 *
 * | row             | when                                                                     | where                      |
 * | --------------- | ------------------------------------------------------------------------ | -------------------------- |
 * | approvals_void  | a phase was entered, or preflight found something else                    | same append, see journal.ts |
 * | approvals_void  | they were not used before they expired                                   | a tick                     |
 * | approval_needed | a gate is open and lacks approvals; once, whatever links do in between    | a tick                     |
 * | reminded        | it has lacked them for REMIND_MINUTES, and for ESCALATE_MINUTES           | a tick                     |
 */
import type { Event, JournalRow } from './event.ts';
import { type Policy, validApprovals } from './gate.ts';
import { fold } from './migration.ts';
import { GATES, gateAt, isAhead } from './phase.ts';
import { reminders } from './reminders.ts';
import type { Approval, MigrationState } from './state.ts';
import { countsUntil, momentOf } from './timed.ts';
import type { GateView } from './view.ts';
import { secondsText } from './words.ts';

/** `before`: the state without `rows`. What they void is void by their fold; this only says so. */
export function voidsOf(before: MigrationState, rows: readonly JournalRow[]): Event[] {
  if (!before.approvals.some((one) => one.void === null)) return [];
  const events: Event[] = [];
  let state = before;
  for (const row of rows) {
    const after = fold(state, row);
    const reason = reasonOf(row.event);
    if (reason !== null) {
      const counted = new Set(state.approvals.filter((one) => one.void === null).map((one) => one.row));
      const gone = after.approvals.filter((one) => one.void === 'changed' && counted.has(one.row));
      events.push(...voidRows(gone, reason));
    }
    state = after;
  }
  return events;
}

function reasonOf(event: Event): string | null {
  if (event.kind === 'phase_entered') return event.reason;
  return event.kind === 'preflight_done' ? 'the check found something else than what they were given for.' : null;
}

/** What a tick has to say of approvals. Not while another phase begins. */
export function approvalRows(
  state: MigrationState,
  gates: readonly GateView[],
  wallNow: number,
  policy: Policy,
): Event[] {
  const expired = state.approvals.filter(
    (one) =>
      one.void === null && isAhead(one.gate, state.phase) && wallNow > countsUntil(one.gate, one.at, state, policy),
  );
  const reason = state.plan.schedule
    ? 'not used in time.'
    : `not used within ${secondsText(policy.approvalTtlMs / 1000)}.`;
  return [
    ...voidRows(expired, reason),
    ...callRows(state, gates, wallNow, policy),
    ...reminders(state, gates, wallNow, policy),
  ];
}

function callRows(state: MigrationState, gates: readonly GateView[], wallNow: number, policy: Policy): Event[] {
  const gate = gateAt(state.phase);
  if (gate === null || state.asked.includes(gate)) return [];
  const view = gates.find((one) => one.gate === gate);
  if (!view?.open && view?.early !== true) return [];
  const missing = policy.approvals[gate] - validApprovals(gate, state, wallNow, policy).length;
  if (missing <= 0) return [];
  const from = view.open ? null : momentOf(gate, state, wallNow, policy);
  return [{ kind: 'approval_needed', gate, missing, ...(from === null ? {} : { from }) }];
}

function voidRows(gone: readonly Approval[], reason: string): Event[] {
  return GATES.flatMap((gate): Event[] => {
    const of = gone.filter((one) => one.gate === gate);
    if (of.length === 0) return [];
    const users = [...new Set(of.map((one) => one.user))];
    return [{ kind: 'approvals_void', gate, approvals: of.map((one) => one.row), users, reason }];
  });
}
