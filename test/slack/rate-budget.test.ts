import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CHAT_UPDATE, createRateBudget } from '../../src/slack/rate-budget.ts';
import { ManualClock } from './support.ts';

it('never lets 50 calls out in any minute, whatever is asked for', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(4), fc.nat(3_000)), { minLength: 100, maxLength: 300 }), (asked) => {
      const clock = new ManualClock();
      const budget = createRateBudget(clock, CHAT_UPDATE);
      const taken: number[] = [];
      for (const [spare, waitMs] of asked) {
        if (budget.take(spare)) taken.push(clock.monotonicMs());
        clock.skip(waitMs);
      }
      for (const [first, at] of taken.entries()) {
        expect(taken.slice(first).filter((other) => other < at + 60_000).length).toBeLessThan(50);
      }
    }),
    { numRuns: 30 },
  );
});

it('keeps its last calls for what people wait for', () => {
  const clock = new ManualClock();
  const budget = createRateBudget(clock, { perMinute: 60, burst: 10 });
  let ordinary = 0;
  while (budget.take(4)) ordinary++;
  let urgent = 0;
  while (budget.take(0)) urgent++;
  expect([ordinary, urgent]).toEqual([6, 4]);
});

it('counts what others send', () => {
  const clock = new ManualClock();
  const budget = createRateBudget(clock, { perMinute: 60, burst: 1 });
  budget.spend();
  budget.spend();
  expect(budget.msUntil(0)).toBe(2_000);
});

it('says how long to wait, and obeys Retry-After', () => {
  const clock = new ManualClock();
  const budget = createRateBudget(clock, { perMinute: 60, burst: 1 });
  expect(budget.take(0)).toBe(true);
  expect(budget.msUntil(0)).toBe(1_000);
  clock.skip(1_000);
  expect(budget.msUntil(0)).toBe(0);
  budget.pause(30_000);
  expect([budget.take(0), budget.isPaused(), budget.msUntil(0)]).toEqual([false, true, 30_000]);
  clock.skip(30_000);
  expect([budget.isPaused(), budget.take(0)]).toEqual([false, true]);
});
