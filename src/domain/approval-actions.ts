/** The buttons beside a gate's own: say no, take it back, pass it alone. Part of view-of.ts; pure. */
import { type Policy, validApprovals } from './gate.ts';
import { denialNow } from './judge-approvals.ts';
import { mayNeedGlass } from './judge-break-glass.ts';
import { gateAt } from './phase.ts';
import type { Sight } from './sight.ts';
import type { MigrationState } from './state.ts';
import { takesEarlyApproval } from './timed.ts';
import type { ActionView, GateView } from './view.ts';
import { listText, plural, saidText } from './words.ts';

type Drawn = Omit<ActionView, 'value'>;

/** `whatItDoes`: what passing this gate means, with the numbers of this moment. */
export function approvalActions(
  state: MigrationState,
  gates: readonly GateView[],
  sight: Sight,
  policy: Policy,
  whatItDoes: (gate: GateView) => string,
): readonly Drawn[] {
  const denial = denialNow(state);
  if (denial) {
    const who = `<@${denial.user}>`;
    return [
      {
        action: 'migration:ask_again',
        ask: 'confirm',
        consequence: `*${denial.gate}* can be approved again then, and those who may are called. ${who} denied it: ${saidText(denial.reason)}.`,
      },
      {
        action: 'migration:revoke',
        ask: 'confirm',
        label: 'Take back denial',
        consequence: `Only ${who} can. *${denial.gate}* can be approved again then.`,
      },
    ];
  }
  const gate = gates.find((one) => one.gate === gateAt(state.phase));
  if (!gate) return [];
  const given = validApprovals(gate.gate, state, sight.wallNow, policy);
  const drawn: Drawn[] = [];
  if (given.length > 0) {
    const by = listText(given.map((one) => `<@${one.user}>`));
    const consequence = `Your approval of *${gate.gate}* does not count any more then; you can give it again. Given so far by ${by}.`;
    drawn.push({ action: 'migration:revoke', ask: 'confirm', label: 'Take back approval', consequence });
  }
  if (!gate.open && !takesEarlyApproval(gate.gate, state)) return drawn;
  const voided = given.length === 0 ? '' : ` Void by it: ${plural(given.length, 'approval')}.`;
  const consequence = `*${gate.gate}* stays closed until you take it back or somebody asks again. The thread is told who and why.${voided}`;
  drawn.push({ action: 'migration:deny', ask: 'form', consequence });
  if (gate.open && mayNeedGlass(gate.gate, policy)) {
    const alone = `You pass *${gate.gate}* alone, with ${given.length} of ${plural(gate.needed, 'approval')}. The channel is told who and why.`;
    drawn.push({ action: 'migration:break_glass', ask: 'form', consequence: `${alone} ${whatItDoes(gate)}` });
  }
  return drawn;
}
