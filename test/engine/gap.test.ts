/** When a bot notices that it stood still. */
import { expect, test } from 'vitest';
import { GapWatch, gapOf } from '../../src/engine/gap.ts';
import { ManualClock } from '../slack/support.ts';

const TICK_MS = 1_000;
const START = { monotonicMs: 10_000, wallMs: 1_700_000_000_000 };
const later = (monotonicMs: number, wallMs: number) =>
  gapOf(START, { monotonicMs: START.monotonicMs + monotonicMs, wallMs: START.wallMs + wallMs }, TICK_MS);

test.each([
  ['a tick in time', 1_000, 1_000, null],
  ['a slow tick', 5_900, 5_900, null],
  ['a bot that was stopped', 21_000, 21_000, 20_000],
  ['a machine that slept, and whose monotonic clock did, too', 1_000, 61_000, 60_000],
  ['a wall clock that was set back', 1_000, -59_000, 60_000],
  ['a wall clock that was set a little', 1_000, 3_000, null],
])('%s', (_, monotonicMs, wallMs, gapMs) => {
  expect(later(monotonicMs, wallMs)).toBe(gapMs);
});

test('the first tick after the start is no gap, and a gap is told once', () => {
  const clock = new ManualClock();
  clock.skip(60_000);
  const gaps = new GapWatch(clock, TICK_MS);
  expect(gaps.beat()).toBeNull();
  clock.skip(20_000);
  expect(gaps.beat()).toBe(19_000);
  clock.skip(1_000);
  expect(gaps.beat()).toBeNull();
});
