/** What the status message says of what is to come by the clock. */
import { expect, it } from 'vitest';
import type { MigrationView, ScheduleView } from '../../../src/domain/view.ts';
import { renderFirst, renderStatus } from '../../../src/slack/blocks/status.ts';
import { aPlan } from '../../domain/support/build.ts';
import { actionView, gateView, view } from '../support.ts';

const MOMENT = '<!date^1796432400^{date_long_pretty} at {time}|2026-12-05T01:00:00Z>';
const SCHEDULE: ScheduleView = {
  zone: 'Europe/Berlin',
  startAt: '2026-12-05T01:00:00.000Z',
  window: null,
  autoSwitch: false,
  cancelledBy: null,
  text: `Starts ${MOMENT}.`,
};
const shown = (patch: Partial<MigrationView>) => JSON.stringify(renderStatus(view(patch)).blocks);

it('has a line of its own, in the reader’s own time, while something is to come', () => {
  expect(shown({ schedule: SCHEDULE })).toContain(`🗓️ Starts ${MOMENT}.`);
  expect(shown({ schedule: { ...SCHEDULE, text: null } })).not.toContain('🗓️');
  expect(shown({})).not.toContain('🗓️');
});

it('names the button of an approval that is for later, and the one that calls it off', () => {
  const blocks = shown({
    gates: [gateView('continue', { reason: `Starts ${MOMENT}.`, early: true }), gateView('switch'), gateView('finish')],
    actions: [
      actionView({ label: 'Approve the start', consequence: 'At the start time: replication starts.' }),
      actionView({ action: 'migration:cancel_schedule', consequence: 'Nothing happens by itself any more.' }),
    ],
  });
  for (const words of [
    'Approve the start',
    'Approve the start?',
    '"Approve"',
    'Cancel the schedule',
    'At the start time: replication starts.',
  ])
    expect(blocks).toContain(words);
});

it('is there from the first message on', () => {
  const plan = aPlan(2, { schedule: { zone: 'Europe/Berlin', startAt: Date.parse('2026-12-05T01:00Z') } });
  expect(JSON.stringify(renderFirst(plan).blocks)).toContain(`2 shards, starts ${MOMENT}. All servers`);
});
