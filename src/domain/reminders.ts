/** When people are reminded of a gate that waits for them, once, and when the channel is told, once. Pure. */
import type { Event } from './event.ts';
import type { Policy } from './gate.ts';
import { gateAt } from './phase.ts';
import type { MigrationState } from './state.ts';
import { momentOf } from './timed.ts';
import type { GateView } from './view.ts';

/**
 * A gate that is open counts from the moment that approvers were called, or from its scheduled moment if that is later.
 * One that waits for its moment is reminded of shortly before it, so that there is still time to approve.
 */
export function reminders(
  state: MigrationState,
  gates: readonly GateView[],
  wallNow: number,
  policy: Policy,
): readonly Event[] {
  const { remindMs, escalateMs } = policy;
  const view = gates.find((one) => one.gate === gateAt(state.phase));
  const { waits } = state;
  if (!view || waits?.gate !== view.gate || !state.asked.includes(view.gate)) return [];
  const { gate } = view;
  const missing = view.needed - view.approvals.length;
  if (missing <= 0) return [];
  const moment = momentOf(gate, state, wallNow, policy);
  if (view.early === true) {
    const near = moment !== null && wallNow >= moment - remindMs && wallNow >= waits.since + remindMs;
    if (remindMs === 0 || waits.reminded || !near) return [];
    return [{ kind: 'reminded', gate, where: 'thread', missing, waitedMs: 0 }];
  }
  if (!view.open) return [];
  const waitedMs = wallNow - Math.max(waits.since, moment ?? 0);
  if (remindMs > 0 && !waits.reminded && waitedMs >= remindMs)
    return [{ kind: 'reminded', gate, where: 'thread', missing, waitedMs }];
  if (escalateMs > 0 && !waits.escalated && waitedMs >= escalateMs)
    return [{ kind: 'reminded', gate, where: 'channel', missing, waitedMs }];
  return [];
}
