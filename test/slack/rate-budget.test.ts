import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CHAT_UPDATE, createRateBudget } from '../../src/slack/rate-budget.ts';
import { ManualClock } from './support.ts';

it('never lets more than 50 calls out in any minute, whatever is asked for', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom('urgent', 'ordinary'), fc.nat(3_000)), { minLength: 100, maxLength: 300 }),
      async (asked) => {
        const clock = new ManualClock();
        const budget = createRateBudget(clock, CHAT_UPDATE);
        const taken: number[] = [];
        for (const [priority, waitMs] of asked) {
          if (budget.take(priority)) taken.push(clock.monotonicMs());
          clock.skip(waitMs);
        }
        for (const [first, at] of taken.entries()) {
          expect(taken.slice(first).filter((other) => other < at + 60_000).length).toBeLessThanOrEqual(50);
        }
      },
    ),
    { numRuns: 30 },
  );
});

it('keeps its last calls for what people wait for', () => {
  const clock = new ManualClock();
  const budget = createRateBudget(clock, { perMinute: 60, burst: 10, reserve: 4 });
  let ordinary = 0;
  while (budget.take('ordinary')) ordinary++;
  let urgent = 0;
  while (budget.take('urgent')) urgent++;
  expect([ordinary, urgent]).toEqual([6, 4]);
});

it('says how long to wait, and obeys Retry-After', () => {
  const clock = new ManualClock();
  const budget = createRateBudget(clock, { perMinute: 60, burst: 1, reserve: 0 });
  expect(budget.take('urgent')).toBe(true);
  expect(budget.msUntil('urgent')).toBe(1_000);
  clock.skip(1_000);
  expect(budget.msUntil('urgent')).toBe(0);
  budget.pause(30_000);
  expect(budget.take('urgent')).toBe(false);
  expect(budget.msUntil('urgent')).toBe(30_000);
});
