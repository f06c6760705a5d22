/** What judging a click gives, and what every judge needs. Part of click.ts; pure. */
import type { Event } from './event.ts';
import { glassOf, type Policy, passedWith, validApprovals } from './gate.ts';
import { isOverlap } from './overlap.ts';
import { type Gate, isBehind, type Phase } from './phase.ts';
import { planHash } from './plan.ts';
import { findingsMark } from './preflight.ts';
import type { Sight } from './sight.ts';
import type { Approval, MigrationState, PendingClick } from './state.ts';
import { clockMark, plural, secondsText } from './words.ts';

export type MayDo = { readonly ok: true } | { readonly ok: false; readonly why: string };

export interface Rights {
  readonly request: MayDo;
  readonly approve: MayDo;
  /** Who clicked, and who asked for the migration, under whichever ids; absent where Slack knows them by one id only. */
  readonly person?: string;
  readonly requester?: string;
  /** Of those who have approved: the ones who may not any more. */
  readonly lost?: ReadonlySet<string>;
}

export function either(rights: Rights): MayDo {
  return rights.request.ok ? rights.request : rights.approve.ok ? rights.approve : rights.request;
}

export function personOf({ event }: PendingClick, rights: Rights): string {
  return rights.person ?? event.user;
}

export function isRequester(click: PendingClick, { plan }: MigrationState, rights: Rights): boolean {
  const requester = rights.requester ?? plan.requestedBy;
  return click.event.user === plan.requestedBy || personOf(click, rights) === requester;
}

/** `rows`: what to journal, the refusal included. `text`: what the person is told. */
export interface ClickVerdict {
  readonly accepted: boolean;
  readonly rows: readonly Event[];
  readonly text: string;
}

export type Refuse = (reason: string) => ClickVerdict;

/** One click to be judged: who clicked, how it stands now, what the rules are, what the person may do. */
export interface Case {
  readonly click: PendingClick;
  readonly state: MigrationState;
  readonly sight: Sight;
  readonly policy: Policy;
  readonly rights: Rights;
  readonly refuse: Refuse;
}

export const OLD_COPY =
  'This button is from an earlier state of the migration. Use the one in the status message as it is now.';

/** The phase behind each gate, and what begins there. */
const BEHIND: Readonly<Record<Gate, { readonly phase: Phase; readonly reason: string }>> = {
  continue: { phase: 'syncing', reason: 'Replication starts; the sources go on serving.' },
  switch: { phase: 'switching', reason: 'The new servers are about to take the writes.' },
  finish: { phase: 'finishing', reason: 'What was changed on the way is put back.' },
};

/**
 * One more approval, which may be the last one that was needed. `wipe`: given with the name typed, for a wipe. `early`:
 * only the schedule keeps the gate closed.
 */
export function approval(
  gate: Gate,
  click: PendingClick,
  state: MigrationState,
  wallNow: number,
  policy: Policy,
  rights: Rights,
  wipe: boolean,
  early = false,
): ClickVerdict {
  const { event, seq } = click;
  const all = validApprovals(gate, state, wallNow, policy);
  const lost = all.filter((one) => rights.lost?.has(one.user));
  const valid = all.filter((one) => !lost.includes(one));
  const person = personOf(click, rights);
  const again = valid.some((one) => one.person === person);
  const needed = policy.approvals[gate];
  const given = valid.length + (again ? 0 : 1);
  const approved: Event = {
    kind: 'approved',
    gate,
    user: event.user,
    click: seq,
    entry: state.entry,
    findings: findingsMark(state.preflight?.findings ?? []),
    planHash: planHash(state.plan),
    wipe,
    ...(person === event.user ? {} : { person }),
    ...(isRequester(click, state, rights) && event.user !== state.plan.requestedBy ? { own: true as const } : {}),
    ...(needed > 1 ? { count: { given, needed } } : {}),
  };
  const rows = [...lostRows(gate, lost), ...(again ? [] : [approved])];
  const missing = needed - given;
  if (missing > 0) return { accepted: true, rows, text: `Approved. ${plural(missing, 'more approval')} needed.` };
  // It goes on by itself when its time has come.
  if (early) return { accepted: true, rows, text: `Approved: *${gate}*, for the time that is set.` };
  return { accepted: true, rows: [...rows, entering(gate, state)], text: `Approved: *${gate}*.` };
}

/** Those who have approved and may not any more. */
export function lostRows(gate: Gate, lost: readonly Approval[]): Event[] {
  if (lost.length === 0) return [];
  const [approvals, users] = [lost.map((one) => one.row), lost.map((one) => one.user)];
  return [{ kind: 'approvals_void', gate, approvals, users, reason: 'they may not approve any more.' }];
}

/** The phase behind a gate begins. */
export function entering(gate: Gate, state: MigrationState): Event {
  return { kind: 'phase_entered', phase: BEHIND[gate].phase, reason: reasonBehind(gate, state) };
}

/** Who has passed a gate and when, as a sentence; null where it was not passed. */
export function passedText(gate: Gate, state: MigrationState): string | null {
  if (!isBehind(gate, state.phase)) return null;
  const alone = glassOf(gate, state);
  if (alone) return `*${gate}* was already passed by <@${alone.user}> alone, at ${clockMark(alone.at)}.`;
  const last = passedWith(gate, state).at(-1);
  return last ? `*${gate}* was already approved by <@${last.user}> at ${clockMark(last.at)}.` : null;
}

/**
 * Why a button of an earlier phase entry does nothing; null when it is of this one, or came by a command. `from`: the number
 * that such buttons have now.
 */
export function outdated({ event }: PendingClick, state: MigrationState, from = state.entry): string | null {
  if (event.entry === null || event.entry === from) return null;
  const drawnFor = [...state.glass, ...state.approvals.filter((one) => one.void === null)].find(
    (one) => one.entry === event.entry,
  );
  return (drawnFor && passedText(drawnFor.gate, state)) ?? OLD_COPY;
}

/** Whether destinations that hold keys are wiped behind this gate. */
export function wipes(gate: Gate, { preflight }: MigrationState): boolean {
  const findings = preflight?.findings ?? [];
  return gate === 'continue' && findings.some((one) => one.code === 'destination_not_empty');
}

function reasonBehind(gate: Gate, state: MigrationState): string {
  if (!isOverlap(state) || gate === 'continue') return BEHIND[gate].reason;
  return gate === 'switch'
    ? 'The new servers are about to take writes beside the old ones.'
    : 'The new servers are about to become masters.';
}

/** Why a click is too old to be acted upon, because the bot was away; null when it is not. */
export function tooOld({ at }: PendingClick, wallNow: number, { approvalTtlMs }: Policy): string | null {
  if (wallNow - at <= approvalTtlMs) return null;
  return `This click is older than ${secondsText(approvalTtlMs / 1000)}: the bot was away. Look again, and click again.`;
}
