/** How the rows about when things happen fold. Part of migration.ts; pure. */
import type { JournalRow } from './event.ts';
import type { ScheduleEvent } from './event-schedule.ts';
import { assertNever, gateAt } from './phase.ts';
import type { MigrationState, ScheduleRecord } from './state.ts';

export const NOT_SCHEDULED: ScheduleRecord = { cancelledBy: null, lateTold: false, window: null, followsSince: null };

export function foldSchedule(before: MigrationState, event: ScheduleEvent): MigrationState {
  const record = before.schedule;
  switch (event.kind) {
    case 'schedule_cancelled': {
      const clicks = before.clicks.filter((one) => one.seq !== event.click);
      const approvals = before.approvals.map((one) =>
        one.void === null && one.gate === gateAt(before.phase) ? { ...one, void: 'changed' as const } : one,
      );
      return { ...before, clicks, approvals, schedule: { ...record, cancelledBy: event.user } };
    }
    case 'start_late':
      return { ...before, schedule: { ...record, lateTold: true } };
    case 'window': {
      const { opensAt, closesAt, what } = event;
      return { ...before, schedule: { ...record, window: { opensAt, closesAt, over: what !== 'opened' } } };
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
