/** Who has to act for a gate to be passed, as mentions: they alone are called. Pure. */
import type { Config } from '../config.ts';
import type { Gate } from '../domain/phase.ts';
import type { MigrationView } from '../domain/view.ts';
import { nextGate } from './blocks/words.ts';
import { groupMention, mention } from './text.ts';

export type Approving = Pick<Config, 'approvers' | 'selfApproval'>;

/** Slack notifies each of them; a longer list is no call any more. */
const MOST = 20;

/**
 * Mentions of the people and user groups whose approval of `gate` is still missing, whether it is open at this very moment or
 * not; none when it was passed, is denied, or is not the next one. Where everybody may approve, nobody but the person who
 * asked is called, if that one's approval counts.
 */
export function mustAct({ approvers, selfApproval }: Approving, view: MigrationView, gate: Gate): readonly string[] {
  if (!lacksApprovals(view, gate)) return [];
  const given = view.gates.find((one) => one.gate === gate)?.approvals.map((one) => one.user) ?? [];
  const able = approvers ?? (selfApproval ? [view.requestedBy] : []);
  return able
    .filter((id) => !given.includes(id) && (selfApproval || id !== view.requestedBy))
    .slice(0, MOST)
    .map((id) => (id.startsWith('S') ? groupMention(id) : mention(id)));
}

/** Whether a gate is the next one, and people have still to approve it. */
export function lacksApprovals(view: MigrationView, gate: Gate): boolean {
  const found = view.gates.find((one) => one.gate === gate);
  if (found === undefined || found.denied || nextGate(view.phase) !== gate) return false;
  return found.approvals.length < found.needed;
}
