/** Judges a click on "Finish anyway": an approver answers for finish without the quiet period. Part of click.ts; pure. */
import { approval, type Case, type ClickVerdict, isRequester, OLD_COPY, tooOld } from './click-verdict.ts';
import { finishStatus, overrideFrom, overrideOf } from './finish-gate.ts';
import { denialOf, deniedText } from './gate.ts';

export function judgeOverride({ click, state, sight, policy, rights, refuse }: Case): ClickVerdict {
  const { event, seq } = click;
  const { user } = event;
  if (!rights.approve.ok) return refuse(rights.approve.why);
  if (!policy.selfApproval && isRequester(click, state, rights))
    return refuse('You asked for this migration: somebody else has to answer for it.');
  if (state.phase !== 'switched')
    return refuse(`There is nothing to open: the migration is ${state.phase.replaceAll('_', ' ')}.`);
  const given = overrideOf(state);
  if (given) return refuse(`*finish* was opened already by <@${given.user}>. What it needs now is approvals.`);
  if (event.entry !== null && event.entry !== overrideFrom(state)) return refuse(OLD_COPY);
  const denial = denialOf('finish', state);
  if (denial) return refuse(`Nobody can answer for this: ${deniedText(denial)}`);
  const status = finishStatus(state, sight, policy.quietMs);
  if (status.open) return refuse('The gate *finish* is open by itself: use its own button.');
  if (!status.wantsQuiet) return refuse(`Nobody can answer for this: ${status.reason}`);
  const old = tooOld(click, sight.wallNow, policy);
  if (old !== null) return refuse(old);
  const reason = event.reason?.trim() ?? '';
  if (event.typedName?.trim() !== state.plan.name || reason === '')
    return refuse('Use the form: it takes the name of the migration and a reason.');
  const approved = approval('finish', click, state, sight.wallNow, policy, rights, false);
  return {
    ...approved,
    rows: [{ kind: 'override_asked', user, click: seq, entry: state.entry, reason }, ...approved.rows],
  };
}
