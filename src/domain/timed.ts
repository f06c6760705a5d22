/**
 * What the schedule of a migration means for its gates: when they are kept closed, which approvals count, what happens by
 * itself, and how that is told. Pure: every tick compares the wall clock with the journal, so a restart changes nothing.
 */
import type { Event } from './event.ts';
import type { Policy } from './gate.ts';
import type { Gate, Phase } from './phase.ts';
import { isOpen, nextOpening, type Opening } from './schedule.ts';
import type { MigrationState } from './state.ts';
import { dateMark } from './time-mark.ts';
import type { ActionId, GateView, ScheduleView } from './view.ts';
import { countText, listText, plural, secondsText } from './words.ts';

/** So long before the start every server is looked at once more. */
const CHECK_LEAD_MS = 120_000;
/** A start that is later than that is told. */
const LATE_MS = 120_000;
/** How many windows that passed unseen are counted. */
const COUNTED = 400;

/** Null where it starts as soon as it is approved. */
function startAtOf({ plan, schedule }: MigrationState): number | null {
  return schedule.cancelledBy === null ? (plan.schedule?.startAt ?? null) : null;
}

/** Whether it switches by itself. */
function isAuto({ plan, schedule }: MigrationState): boolean {
  return plan.schedule?.autoSwitch === true && schedule.cancelledBy === null;
}

/** The window that is open at a moment, or the next one; null without windows, or where a year has none. */
function openingAt({ plan }: MigrationState, at: number, { calendar }: Policy): Opening | null {
  const { window, zone = 'UTC' } = plan.schedule ?? {};
  return window ? nextOpening(window, zone, at, calendar) : null;
}

/** Whether every server has to be looked at once more, right before the start. */
export function isCheckDue(state: MigrationState, wallNow: number): boolean {
  const startAt = startAtOf(state);
  if (startAt === null || state.phase !== 'planned') return false;
  const from = startAt - CHECK_LEAD_MS;
  return wallNow >= from && (state.checkedAt === null || state.checkedAt < from);
}

/** Why the schedule keeps a gate closed that would be open, as a sentence; null when it does not. `approved`: by enough. */
export function heldByTime(
  gate: Gate,
  state: MigrationState,
  wallNow: number,
  policy: Policy,
  approved: boolean,
): string | null {
  if (gate === 'continue') {
    const startAt = startAtOf(state);
    if (startAt === null) return null;
    if (wallNow < startAt)
      return approved
        ? `Approved. Starts ${dateMark(startAt)}, after one more look at every server.`
        : `Starts ${dateMark(startAt)}, if it is approved; that can be done beforehand.`;
    return isCheckDue(state, wallNow) ? 'The start time has come: every server is looked at once more.' : null;
  }
  if (gate !== 'switch' || !state.plan.schedule?.window) return null;
  const opening = openingAt(state, wallNow, policy);
  if (isOpen(opening, wallNow)) return null;
  if (opening === null)
    return 'It may switch in a window only, and none opens within a year. Abort, and ask again with another window.';
  if (!isAuto(state)) return `It may switch in a window only. The next one ${spanText(opening)}.`;
  return approved
    ? `Approved. It switches by itself in the next window, which ${spanText(opening)}.`
    : `It may switch in a window only. The next one ${spanText(opening)}. Approve beforehand, and it switches by itself then.`;
}

/** Whether a gate that only the schedule keeps closed takes approvals already. */
export function takesEarlyApproval(gate: Gate, state: MigrationState): boolean {
  return gate === 'continue' ? startAtOf(state) !== null : gate === 'switch' && isAuto(state);
}

/**
 * Until when an approval counts. One that was given before a scheduled moment is not used up by waiting for it: it counts
 * from the start time, or for the whole of the window that it was given for. What happens by itself in a window never
 * does so by an approval of the window before.
 */
export function countsUntil(gate: Gate, givenAt: number, state: MigrationState, policy: Policy): number {
  const usual = givenAt + policy.approvalTtlMs;
  if (gate === 'continue') return Math.max(usual, (startAtOf(state) ?? 0) + policy.approvalTtlMs);
  if (gate !== 'switch' || !isAuto(state)) return usual;
  const opening = openingAt(state, givenAt, policy);
  if (opening === null) return usual;
  return givenAt < opening.opensAt ? opening.closesAt : Math.min(usual, opening.closesAt);
}

/** Why a switch that was passed must not begin any more, as a sentence; null when it may, and once it has begun. */
export function switchTooLate(state: MigrationState, wallNow: number, policy: Policy): string | null {
  if (state.phase !== 'switching' || state.cutover !== null || state.shards.some((one) => one.promoted)) return null;
  const passedIn = openingAt(state, state.phaseSince, policy);
  if (state.plan.schedule?.window && !isOpen(passedIn, wallNow)) return 'the window closed before it began.';
  if (wallNow - state.phaseSince <= policy.approvalTtlMs) return null;
  return `it did not begin within ${secondsText(policy.approvalTtlMs / 1000)} of its approval.`;
}

/** The scheduled moment that a gate waits for, or that let it open; null where nothing is scheduled. */
export function momentOf(gate: Gate, state: MigrationState, wallNow: number, policy: Policy): number | null {
  if (gate === 'continue') return startAtOf(state);
  return gate === 'switch' ? (openingAt(state, wallNow, policy)?.opensAt ?? null) : null;
}

/** What a scheduled gate leads to by itself, once it is open and approved; null when it does not. */
export function passesByItself(view: GateView | undefined, state: MigrationState): string | null {
  if (!view?.open || view.approvals.length < view.needed || !takesEarlyApproval(view.gate, state)) return null;
  if (unjudged(state) !== null) return null;
  const by = listText(view.approvals.map((one) => `<@${one.user}>`));
  return view.gate === 'continue'
    ? `The start time has come, approved beforehand by ${by}. Replication starts; the sources go on serving.`
    : `The window is open, approved by ${by}. The new servers are about to take the writes.`;
}

const HOLDING_BACK: readonly ActionId[] = [
  'migration:deny',
  'migration:revoke',
  'migration:cancel_schedule',
  'migration:abort',
  'migration:recheck',
];

/** Somebody's wish to hold it back that is not judged yet, as a sentence: nothing happens by itself before it is. */
export function unjudged({ clicks }: MigrationState): string | null {
  const click = clicks.find(({ event }) => HOLDING_BACK.includes(event.action));
  return click ? `A click of <@${click.event.user}> that may hold it back is judged first.` : null;
}

/** That nobody was there at the start time; told once. */
export function lateStart(state: MigrationState, wallNow: number): Event[] {
  const startAt = startAtOf(state);
  const late = startAt !== null && isCheckDue(state, wallNow) && wallNow > startAt + LATE_MS;
  if (!late || state.schedule.lateTold) return [];
  const text = `The start was due ${dateMark(startAt)}, and the bot was away or its clock was behind. Every server is looked at once more, then it starts late, if it is approved.`;
  return [{ kind: 'start_late', text }];
}

/** Windows that open, close without a switch, or have passed unseen. `why`: what keeps it from switching, as a sentence. */
export function windowRows(state: MigrationState, wallNow: number, policy: Policy, why: string): Event[] {
  const { followsSince, window: noted } = state.schedule;
  if (!state.plan.schedule?.window || followsSince === null) return [];
  const expected = isAuto(state);
  const opening = openingAt(state, wallNow, policy);
  const next = nextText(opening, wallNow);
  if (noted && !noted.over) {
    if (wallNow < noted.closesAt) return [];
    const { opensAt, closesAt } = noted;
    const text = `The window has closed ${dateMark(closesAt)}, and nothing was switched. ${why} ${next}`;
    return [{ kind: 'window', what: 'closed', opensAt, closesAt, expected, text }];
  }
  const missed = missedBetween(Math.max(noted?.closesAt ?? 0, followsSince), wallNow, state, policy);
  if (missed !== null) {
    const { last, many } = missed;
    const all = many === 1 ? 'A window' : `${countText(many)} windows`;
    const text = `${all} passed while the bot was away or its clock was behind; the last ${spanText(last, true)}. Nothing was switched. ${next}`;
    return [{ kind: 'window', what: 'missed', ...last, expected, text }];
  }
  if (opening === null || !isOpen(opening, wallNow) || opening.opensAt === noted?.opensAt) return [];
  const then = expected ? 'It switches by itself as soon as the gate is open and approved.' : 'It may switch now.';
  const text = `A window is open until ${dateMark(opening.closesAt)}. ${then}`;
  return [{ kind: 'window', what: 'opened', ...opening, expected, text }];
}

/** The last window that began and ended between two moments, and how many there were; null when there was none. */
function missedBetween(from: number, to: number, state: MigrationState, policy: Policy) {
  let last: Opening | null = null;
  let many = 0;
  let opening = openingAt(state, from, policy);
  while (opening !== null && opening.closesAt <= to && many < COUNTED) {
    last = opening;
    many += 1;
    opening = openingAt(state, opening.closesAt, policy);
  }
  return last === null ? null : { last, many };
}

function spanText({ opensAt, closesAt }: Opening, past = false): string {
  return past
    ? `was open from ${dateMark(opensAt)} to ${dateMark(closesAt)}`
    : `opens ${dateMark(opensAt)} and closes ${dateMark(closesAt)}`;
}

function nextText(opening: Opening | null, wallNow: number): string {
  if (opening === null) return 'No window opens within a year.';
  return isOpen(opening, wallNow)
    ? `Another one is open until ${dateMark(opening.closesAt)}.`
    : `The next one ${spanText(opening)}.`;
}

const BEFORE_START: readonly Phase[] = ['checking', 'planned'];
const BEFORE_SWITCH: readonly Phase[] = [...BEFORE_START, 'syncing', 'streaming'];

/** Whether anything would still happen by itself. */
export function canCancel(state: MigrationState): boolean {
  return (
    (startAtOf(state) !== null && BEFORE_START.includes(state.phase)) ||
    (isAuto(state) && BEFORE_SWITCH.includes(state.phase))
  );
}

/** What cancelling does, in the words of the dialog. */
export function cancelText(state: MigrationState): string {
  const start = startAtOf(state) !== null && BEFORE_START.includes(state.phase);
  const starts = start ? ' The start time does not hold any more: it starts as soon as it is approved.' : '';
  const windows = state.plan.schedule?.window ? ' It may still switch in its windows only, by the button.' : '';
  return `Nothing happens by itself any more, and approvals that were given beforehand are void.${starts}${windows}`;
}

/** Null where there is no schedule. */
export function scheduleView(state: MigrationState, wallNow: number, policy: Policy): ScheduleView | null {
  const { schedule } = state.plan;
  if (!schedule) return null;
  const { startAt, window, zone } = schedule;
  const opening = openingAt(state, wallNow, policy);
  return {
    zone,
    startAt: startAt === undefined ? null : new Date(startAt).toISOString(),
    window: window
      ? {
          cron: window.cron,
          minutes: window.minutes,
          open: isOpen(opening, wallNow),
          opensAt: opening && new Date(opening.opensAt).toISOString(),
          closesAt: opening && new Date(opening.closesAt).toISOString(),
        }
      : null,
    autoSwitch: schedule.autoSwitch === true,
    cancelledBy: state.schedule.cancelledBy,
    text: scheduleLine(state, opening, wallNow),
  };
}

/** What is to come, for the status message; null when nothing is. */
function scheduleLine(state: MigrationState, opening: Opening | null, wallNow: number): string | null {
  const { phase, plan } = state;
  const startAt = startAtOf(state);
  const parts: string[] = [];
  const { cancelledBy } = state.schedule;
  if (cancelledBy !== null && BEFORE_SWITCH.includes(phase))
    parts.push(`Cancelled by <@${cancelledBy}>: nothing happens by itself.`);
  if (startAt !== null && BEFORE_START.includes(phase))
    parts.push(wallNow < startAt ? `Starts ${dateMark(startAt)}.` : `The start was due ${dateMark(startAt)}.`);
  const { window, zone } = plan.schedule ?? {};
  if (window && BEFORE_SWITCH.includes(phase)) {
    const how = isAuto(state) ? 'Switches by itself' : 'Switches';
    const when = isOpen(opening, wallNow)
      ? `One is open until ${dateMark(opening?.closesAt ?? 0)}.`
      : opening === null
        ? 'None opens within a year.'
        : `The next one ${spanText(opening)}.`;
    parts.push(`${how} in a window only: \`${window.cron}\` for ${plural(window.minutes, 'minute')}, ${zone}. ${when}`);
  }
  return parts.length === 0 ? null : parts.join(' ');
}
