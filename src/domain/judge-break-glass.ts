/**
 * Judges a click on "Break glass": an approver passes an open gate alone, although more approvals are needed than there
 * are. It never opens a closed gate; what does is the override of finish, see judge-override.ts. Part of click.ts; pure.
 */
import {
  type Case,
  type ClickVerdict,
  entering,
  isRequester,
  outdated,
  personOf,
  tooOld,
  wipes,
} from './click-verdict.ts';
import { gatesOf, type Policy, validApprovals } from './gate.ts';
import { gateFrom } from './may-ask.ts';
import { type Gate, gateAt } from './phase.ts';

/** Whether there is anybody whose own approval may not be enough. */
export function mayNeedGlass(gate: Gate, policy: Policy): boolean {
  return policy.approvals[gate] > 1 || !policy.selfApproval;
}

export function judgeBreakGlass({ click, state, sight, policy, rights, refuse }: Case): ClickVerdict {
  const { event, seq } = click;
  if (!rights.approve.ok) return refuse(rights.approve.why);
  const outOfDate = outdated(click, state, gateFrom(state));
  if (outOfDate !== null) return refuse(outOfDate);
  const gate = gateAt(state.phase);
  const view = gatesOf(state, sight, policy).find((one) => one.gate === gate);
  if (gate === null || !view?.open)
    return refuse(`Breaking the glass passes an open gate only; it opens none. ${view?.reason ?? ''}`.trim());
  const valid = validApprovals(gate, state, sight.wallNow, policy).filter((one) => !rights.lost?.has(one.user));
  const needed = policy.approvals[gate];
  const given = valid.some((one) => one.person === personOf(click, rights));
  const counts = !given && (policy.selfApproval || !isRequester(click, state, rights));
  if (needed - valid.length <= (counts ? 1 : 0))
    return refuse(`Your own approval of *${gate}* is enough: use the button of the gate.`);
  const tooLate = tooOld(click, sight.wallNow, policy);
  if (tooLate !== null) return refuse(tooLate);
  const reason = event.reason?.trim() ?? '';
  if (event.typedName?.trim() !== state.plan.name || reason === '')
    return refuse('Use the form: it takes the name of the migration and a reason.');
  const { user } = event;
  const how = { reason, wipe: wipes(gate, state), given: valid.length, needed };
  return {
    accepted: true,
    rows: [{ kind: 'glass_broken', gate, user, click: seq, entry: state.entry, ...how }, entering(gate, state)],
    text: `*${gate}* is passed, by you alone. The channel is told.`,
  };
}
