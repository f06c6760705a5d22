/** Judges clicks that say no to a gate, or take a word back. Part of click.ts; pure. */
import { type Case, type ClickVerdict, either, outdated, personOf } from './click-verdict.ts';
import { denialOf, validApprovals } from './gate.ts';
import { gateFrom } from './may-ask.ts';
import { GATES, gateAt } from './phase.ts';
import type { Denial, MigrationState } from './state.ts';
import { clockMark, plural } from './words.ts';

/** The no that stands now; null where there is none. */
export function denialNow(state: MigrationState): Denial | null {
  return GATES.map((gate) => denialOf(gate, state)).find((one) => one !== null) ?? null;
}

/** A no needs no freshness: it only ever holds a migration back. */
export function judgeDeny({ click, state, sight, policy, rights, refuse }: Case): ClickVerdict {
  const { event, seq } = click;
  if (!rights.approve.ok) return refuse(rights.approve.why);
  const denial = denialNow(state);
  if (denial) return refuse(`*${denial.gate}* was already denied by <@${denial.user}> at ${clockMark(denial.at)}.`);
  const old = outdated(click, state);
  if (old !== null) return refuse(old);
  const gate = gateAt(state.phase);
  if (gate === null)
    return refuse(`There is no gate that could be denied: the migration is ${state.phase.replaceAll('_', ' ')}.`);
  const reason = event.reason?.trim() ?? '';
  if (reason === '') return refuse('Use the form: it takes a reason.');
  const approvals = validApprovals(gate, state, sight.wallNow, policy).length;
  const person = personOf(click, rights);
  const by = { user: event.user, ...(person === event.user ? {} : { person }) };
  return {
    accepted: true,
    rows: [{ kind: 'gate_denied', gate, ...by, click: seq, entry: state.entry, reason, approvals }],
    text: `Denied: *${gate}* stays closed.${approvals > 0 ? ` Void by it: ${plural(approvals, 'approval')}.` : ''}`,
  };
}

/** Takes back a denial or an approval of one's own, whether one may still approve or not. */
export function judgeRevoke({ click, state, sight, policy, rights, refuse }: Case): ClickVerdict {
  const { event, seq } = click;
  const { user } = event;
  const person = personOf(click, rights);
  const old = outdated(click, state);
  if (old !== null) return refuse(old);
  const denial = denialNow(state);
  if (denial?.person === person)
    return {
      accepted: true,
      rows: [{ kind: 'denial_revoked', gate: denial.gate, user, click: seq }],
      text: `Your denial of *${denial.gate}* is taken back.`,
    };
  const gate = gateAt(state.phase);
  const own =
    gate === null ? undefined : validApprovals(gate, state, sight.wallNow, policy).find((one) => one.person === person);
  if (gate !== null && own)
    return {
      accepted: true,
      rows: [{ kind: 'approval_revoked', gate, user, click: seq, approval: own.row }],
      text: `Your approval of *${gate}* is taken back.`,
    };
  if (denial) return refuse(`<@${denial.user}> denied *${denial.gate}*, and can take it back. You can ask again.`);
  return refuse('No approval of yours counts now, so there is nothing to take back.');
}

export function judgeAskAgain({ click, state, rights, refuse }: Case): ClickVerdict {
  const { event, seq } = click;
  const allowed = either(rights);
  if (!allowed.ok) return refuse(allowed.why);
  const denial = denialNow(state);
  // Another no than the one that was shown is not lifted by this.
  const old = outdated(click, state, denial === null ? Math.max(state.entry, event.entry ?? 0) : gateFrom(state));
  if (old !== null) return refuse(old);
  if (denial === null) return refuse('No gate is denied any more: it was asked again, or the denial was taken back.');
  const { gate, user: denier } = denial;
  return {
    accepted: true,
    rows: [{ kind: 'asked_again', gate, user: event.user, click: seq, denier }],
    text: `Asked again: *${gate}* can be approved.`,
  };
}
