/**
 * Days on which many things go wrong at once; see bad-day.ts. The same ones each time; BAD_DAYS and BAD_DAYS_SEED give
 * more of them and others.
 */
import { describe, test } from 'vitest';
import { badDays, liveThrough } from '../support/bad-day.ts';
import { otherServers } from '../support/other-servers.ts';

const COUNT = Number(process.env['BAD_DAYS'] ?? 4);
const SEED = Number(process.env['BAD_DAYS_SEED'] ?? 1);
const BINARIES = [undefined, ...otherServers().map((one) => one.binary)];

describe.concurrent('bad days', () => {
  test.for(badDays(COUNT, SEED).map((day, number) => ({ day, number })))(
    `day $number of seed ${SEED}`,
    { timeout: 300_000 },
    async ({ day, number }, { expect }) => {
      const { missing, acknowledged, story } = await liveThrough(day, BINARIES[number % BINARIES.length]);
      expect(missing, story.join('\n')).toBe(0);
      expect(acknowledged).toBeGreaterThan(0);
    },
  );
});
