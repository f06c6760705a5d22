/** Judges a click: who, where it stands, whether the gate is open. Pure; the same answer again after a crash. */

import { axeable } from './axe.ts';
import { goneOver } from './canary.ts';
import {
  approval,
  type Case,
  type ClickVerdict,
  either,
  isRequester,
  OLD_COPY,
  passedText,
  personOf,
  type Rights,
  tooOld,
  wipes,
} from './click-verdict.ts';
import { unprovenText } from './consent.ts';
import type { Event } from './event.ts';
import { gatesOf, type Policy, validApprovals } from './gate.ts';
import { heldText, releaseRows } from './held.ts';
import { judgeAskAgain, judgeDeny, judgeRevoke } from './judge-approvals.ts';
import { judgeAxe } from './judge-axe.ts';
import { judgeBreakGlass } from './judge-break-glass.ts';
import { judgeOverride } from './judge-override.ts';
import { agreedFrom, gateFrom, isPuttingBack, mayAsk } from './may-ask.ts';
import { isOverlap } from './overlap.ts';
import { assertNever, type Gate, hasEnded } from './phase.ts';
import type { Sight } from './sight.ts';
import type { MigrationState, PendingClick } from './state.ts';
import { judgeServeOld } from './stuck.ts';
import { noRollbackText, wayBackOf } from './way-back.ts';
import { clockMark, shardText } from './words.ts';

export type { ClickVerdict, Rights } from './click-verdict.ts';

export function judgeClick(
  click: PendingClick,
  state: MigrationState,
  sight: Sight,
  policy: Policy,
  rights: Rights,
): ClickVerdict {
  const { event, seq } = click;
  const refuse = (reason: string): ClickVerdict => ({
    accepted: false,
    rows: [{ kind: 'click_refused', click: seq, user: event.user, reason }],
    text: reason,
  });
  const asked: Case = { click, state, sight, policy, rights, refuse };
  const axe = state.phase === 'finished' && event.action === 'migration:axe';
  if (hasEnded(state.phase) && !axe)
    return refuse(
      axeable(state, sight).length > 0
        ? 'This migration is finished. All that can still be done is to shut down the old servers.'
        : `This migration is ${state.phase.replaceAll('_', ' ')}. Nothing can be done to it any more.`,
    );
  switch (event.action) {
    case 'gate:continue':
      return judgeGate('continue', asked);
    case 'gate:switch':
      return judgeGate('switch', asked);
    case 'gate:finish':
      return judgeGate('finish', asked);
    case 'migration:deny':
      return judgeDeny(asked);
    case 'migration:break_glass':
      return judgeBreakGlass(asked);
    case 'migration:revoke':
      return judgeRevoke(asked);
    case 'migration:ask_again':
      return judgeAskAgain(asked);
    case 'migration:recheck': {
      const allowed = either(rights);
      if (!allowed.ok) return refuse(allowed.why);
      if (event.entry !== null && event.entry !== state.entry) return refuse(OLD_COPY);
      if (!mayAsk(state, sight, 'recheck'))
        return refuse(`There is nothing to check again: the migration is ${state.phase}.`);
      return {
        accepted: true,
        rows: [
          { kind: 'recheck_asked', user: event.user, click: seq },
          { kind: 'phase_entered', phase: 'checking', reason: 'Every server is looked at again.' },
        ],
        text: 'Checks every server again.',
      };
    }
    case 'migration:cancel_schedule': {
      const allowed = either(rights);
      if (!allowed.ok) return refuse(allowed.why);
      if (!mayAsk(state, sight, 'cancel_schedule')) return refuse('Nothing would happen by itself any more.');
      const approvals = state.approvals.some((one) => one.entry === state.entry && one.void === null);
      return {
        accepted: true,
        rows: [{ kind: 'schedule_cancelled', user: event.user, click: seq, approvals }],
        text: 'Nothing happens by itself any more.',
      };
    }
    case 'migration:tune':
    case 'migration:resume':
      return judgeServers(event.action, asked);
    case 'migration:override':
      return judgeOverride(asked);
    case 'migration:rollback':
      return judgeRollback(asked);
    case 'migration:serve_old':
      return judgeServeOld(asked);
    case 'migration:axe':
      return judgeAxe(asked);
    case 'migration:abort':
      return judgeAbort(asked);
    default:
      return assertNever(event.action);
  }
}

/** What changes servers on an alarm, or goes on in spite of what others changed: for approvers, on what they see now. */
function judgeServers(
  action: 'migration:tune' | 'migration:resume',
  { click, state, sight, rights, refuse }: Case,
): ClickVerdict {
  const { event, seq } = click;
  if (!rights.approve.ok) return refuse(rights.approve.why);
  if (event.entry !== null && event.entry !== agreedFrom(state)) return refuse(OLD_COPY);
  const { user } = event;
  if (action === 'migration:tune') {
    if (!mayAsk(state, sight, 'tune')) return refuse('There is no alarm any more that a setting would mend.');
    return {
      accepted: true,
      rows: [{ kind: 'tune_asked', user, click: seq }],
      text: 'The settings are being changed; they are put back when the migration ends.',
    };
  }
  if (!mayAsk(state, sight, 'resume')) return refuse(heldText(state) ?? 'No shard is held any more.');
  return {
    accepted: true,
    rows: [{ kind: 'resume_asked', user, click: seq }, ...releaseRows(state, sight, user)],
    text: 'It goes on with the servers as they are now.',
  };
}

function judgeRollback({ click, state, sight, policy, rights, refuse }: Case): ClickVerdict {
  const { event, seq } = click;
  const { phase, plan } = state;
  if (!rights.approve.ok) return refuse(rights.approve.why);
  if (phase === 'rolling_back') return refuse(noRollbackText(phase, plan.cutover, null));
  if (event.entry !== null && event.entry !== state.entry) return refuse(OLD_COPY);
  if (!mayAsk(state, sight, 'rollback')) return refuse(noRollbackText(phase, plan.cutover, wayBackOf(state, sight)));
  const old = tooOld(click, sight.wallNow, policy);
  if (old !== null) return refuse(old);
  return {
    accepted: true,
    rows: [
      { kind: 'rollback_asked', user: event.user, click: seq },
      { kind: 'phase_entered', phase: 'rolling_back', reason: 'The old servers are about to take the writes again.' },
    ],
    text: 'Rolling back.',
  };
}

function judgeAbort({ click, state, sight, policy, rights, refuse }: Case): ClickVerdict {
  const { event, seq } = click;
  const giveUp = isPuttingBack(state);
  const already = state.phase === 'aborting' ? 'It is being aborted already.' : 'It is being rolled back already.';
  // A button of before the abort, pressed twice or by two people at once, is no wish to leave servers behind.
  const old = event.entry !== null && event.entry < state.stretch;
  if (giveUp && old) return refuse(already);
  const gives = state.phase === 'switched';
  const allowed = giveUp || gives ? rights.approve : either(rights);
  if (!allowed.ok) return refuse(allowed.why);
  if (!mayAsk(state, sight, 'abort')) {
    if (giveUp) return refuse(already);
    const ahead = goneOver(state);
    if (ahead !== null) {
      const wayBack = wayBackOf(state, sight);
      const gone = `It is too late to abort: ${shardText(ahead.index)} has gone over already.`;
      return refuse(wayBack?.open ? `${gone} Roll back instead.` : `${gone} ${wayBack?.text ?? ''}`.trim());
    }
    return refuse(
      `It is too late to abort: the migration is ${state.phase}. The new servers have, or are about to have, the writes.`,
    );
  }
  if (old) return refuse(OLD_COPY);
  // What it gives up was told with the numbers of that moment.
  const late = gives ? tooOld(click, sight.wallNow, policy) : null;
  if (late !== null) return refuse(late);
  if (gives && event.typedName?.trim() !== state.plan.name)
    return refuse(
      'What was written on the new servers would be given up: use the form, and type the name of the migration in it.',
    );
  const asked: Event = { kind: 'abort_asked', user: event.user, click: seq, giveUp };
  if (giveUp) return { accepted: true, rows: [asked], text: 'What cannot be reached is left as it is.' };
  return {
    accepted: true,
    rows: [asked, { kind: 'phase_entered', phase: 'aborting', reason: 'Everything that was begun is taken back.' }],
    text: 'Aborting.',
  };
}

function judgeGate(gate: Gate, { click, state, sight, policy, rights, refuse }: Case): ClickVerdict {
  const { event } = click;
  if (!rights.approve.ok) return refuse(rights.approve.why);
  if (!policy.selfApproval && isRequester(click, state, rights)) {
    return refuse('You asked for this migration: somebody else has to approve it.');
  }
  const passed = passedText(gate, state);
  if (passed !== null) return refuse(passed);
  const valid = validApprovals(gate, state, sight.wallNow, policy);
  const own = valid.find((one) => one.person === personOf(click, rights));
  if (own) return refuse(`You approved *${gate}* already, at ${clockMark(own.at)}. Somebody else is needed.`);
  if (event.entry !== null && event.entry !== gateFrom(state)) return refuse(OLD_COPY);
  const view = gatesOf(state, sight, policy).find((one) => one.gate === gate);
  if (!view?.open && view?.early !== true) return refuse(`The gate *${gate}* is closed. ${view?.reason ?? ''}`.trim());

  const old = tooOld(click, sight.wallNow, policy);
  if (old !== null) return refuse(old);
  if (gate === 'finish' && state.drifts.length > 0 && event.typedName?.trim() !== state.plan.name) {
    return refuse('A server was changed since the switch: use the form, and type the name of the migration in it.');
  }
  if (gate === 'switch' && isOverlap(state) && event.typedName?.trim() !== state.plan.name) {
    return refuse(
      'An overlap can lose writes: use the form, read what can be lost, and type the name of the migration.',
    );
  }
  if (gate === 'switch' && unprovenText(state) !== null && event.typedName?.trim() !== state.plan.name) {
    return refuse('This switch is not proven to lose nothing: use the form, and type the name of the migration in it.');
  }
  const wipe = wipes(gate, state);
  if (wipe && event.typedName?.trim() !== state.plan.name) {
    return refuse(
      'Destinations hold keys that would be wiped: use the form, and type the name of the migration in it.',
    );
  }
  return approval(gate, click, state, sight.wallNow, policy, rights, wipe, !view.open);
}
