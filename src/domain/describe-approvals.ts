/** The journal's sentences about approvals. Part of describe.ts; pure. */
import type { ApprovalEvent } from './event-approvals.ts';
import { assertNever } from './phase.ts';
import type { Plan } from './plan.ts';
import { dateMark } from './time-mark.ts';
import { callingNobody, listText, plural, roughText, saidText } from './words.ts';

export function describeApproval(event: ApprovalEvent, plan: Plan): string {
  const gate = `*${event.gate}*`;
  switch (event.kind) {
    case 'approved': {
      const of = event.count === undefined ? '' : ` (${event.count.given} of ${event.count.needed})`;
      const wipe = event.wipe ? ', and typed the name: destinations that hold keys may be wiped' : '';
      return `<@${event.user}> approved ${gate}${of}${wipe}.`;
    }
    case 'approval_revoked':
      return `<@${event.user}> took back the approval of ${gate}.`;
    case 'approvals_void': {
      const from = listText(
        event.users.map((user) => `<@${user}>`),
        20,
      );
      return `${voidText(event.approvals.length)} (${gate}, by ${from}): ${event.reason}`;
    }
    case 'approval_needed':
      return event.from === undefined
        ? `Gate ${gate} is open and needs ${plural(event.missing, 'approval')}.`
        : `Gate ${gate} can be approved already, for ${dateMark(event.from)}: it needs ${plural(event.missing, 'approval')}.`;
    case 'reminded': {
      const since = event.waitedMs >= 60_000 ? ` It has waited for ${roughText(event.waitedMs / 1000)}.` : '';
      return `Gate ${gate} of “${callingNobody(plan.name)}” still needs ${plural(event.missing, 'approval')}.${since}`;
    }
    case 'gate_denied': {
      const voided = event.approvals === 0 ? '' : ` ${voidText(event.approvals)}.`;
      const asker = event.user === plan.requestedBy ? 'Ask again' : `<@${plan.requestedBy}>, ask again`;
      return `<@${event.user}> denied ${gate}: ${saidText(event.reason)}.${voided} ${asker} once that is settled.`;
    }
    case 'denial_revoked':
      return `<@${event.user}> took back the denial of ${gate}: it can be approved again.`;
    case 'asked_again':
      return `<@${event.user}> asked again for ${gate}, which <@${event.denier}> had denied.`;
    case 'glass_broken':
      return `Gate ${gate} was ${glassText(event)}`;
    default:
      return assertNever(event);
  }
}

/** `passed by @ben alone, with 1 of 2 approvals: "…".` */
export function glassText(one: {
  readonly user: string;
  readonly reason: string;
  readonly given: number;
  readonly needed: number;
}): string {
  return `passed by <@${one.user}> alone, with ${one.given} of ${plural(one.needed, 'approval')}: ${saidText(one.reason)}.`;
}

function voidText(count: number): string {
  return `${plural(count, 'approval')} ${count === 1 ? 'is' : 'are'} void`;
}
