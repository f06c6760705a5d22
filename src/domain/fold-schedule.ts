/** How the rows about when things happen fold. Part of migration.ts; pure. */
import type { JournalRow } from './event.ts';
import type { ScheduleEvent } from './event-schedule.ts';
import { settled, voided } from './fold-approvals.ts';
import { assertNever, gateAt } from './phase.ts';
import type { MigrationState, ScheduleRecord } from './state.ts';

export const NOT_SCHEDULED: ScheduleRecord = { cancelledBy: null, lateTold: false, window: null, followsSince: null };

export function foldSchedule(before: MigrationState, event: ScheduleEvent, seq: number): MigrationState {
  const record = before.schedule;
  switch (event.kind) {
    case 'schedule_cancelled': {
      const gate = gateAt(before.phase);
      const state = voided(settled(before, event.click), 'cancelled', (one) => one.gate === gate);
      const asked = state.asked.filter((one) => one !== gate);
      return { ...state, asked, decided: seq, schedule: { ...record, cancelledBy: event.user } };
    }
    case 'start_late':
      return { ...before, schedule: { ...record, lateTold: true } };
    case 'window': {
      const { opensAt, closesAt, what } = event;
      // Those who may approve are called anew for the next one.
      const asked = what === 'opened' ? before.asked : before.asked.filter((gate) => gate !== 'switch');
      const decided = what === 'opened' ? before.decided : seq;
      const window = { opensAt, closesAt, over: what !== 'opened' };
      return { ...before, asked, decided, schedule: { ...record, window } };
    }
    default:
      return assertNever(event);
  }
}

/** Windows count from the moment that shards begin to follow. */
export function followsFrom(state: MigrationState, row: JournalRow): ScheduleRecord {
  const begins = row.event.kind === 'phase_entered' && row.event.phase === 'syncing';
  return begins && state.schedule.followsSince === null ? { ...state.schedule, followsSince: row.at } : state.schedule;
}
