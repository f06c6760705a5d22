/**
 * Days on which many things go wrong at once, one a version of Redis; see bad-day.ts. The same ones each time; BAD_DAYS
 * and BAD_DAYS_SEED give more of them, and others.
 */
import { describe, test } from 'vitest';
import { badDays, liveThrough } from '../support/bad-day.ts';
import { otherServers } from '../support/other-servers.ts';

const SERVERS = [{ name: 'redis-server', binary: undefined }, ...otherServers()];
const COUNT = Number(process.env['BAD_DAYS'] ?? SERVERS.length);
const SEED = Number(process.env['BAD_DAYS_SEED'] ?? 1);

const CASES = badDays(COUNT, SEED).map((day, index) => {
  const server = SERVERS[index % SERVERS.length];
  return { day, number: index + 1, binary: server?.binary, name: server?.name };
});

describe.concurrent('bad days', () => {
  test.for(CASES)(`day $number of seed ${SEED}, $name`, { timeout: 400_000 }, async ({ day, binary }, { expect }) => {
    const { phase, missing, acknowledged, story } = await liveThrough(day, binary);
    expect(missing, story.join('\n')).toBe(0);
    expect(acknowledged).toBeGreaterThan(0);
    expect(phase).toMatch(/^(finished|rolled_back)$/);
  });
});
