/**
 * The bot is killed with -9 at each named place of a cut-over, on the way over and on the way back, under writes of every
 * kind. The next bot reads the journal, looks at the servers, completes or undoes, and says which. Never two servers of
 * one shard that take writes; no acknowledged write missing; roles and settings as they should be.
 */
import { describe, test } from 'vitest';
import { CRASH_CASES, killedAt } from '../support/killed-at.ts';

describe.concurrent('killed with -9 in a cut-over', () => {
  test.for(CRASH_CASES)('$way, $point', { timeout: 120_000 }, (at, tools) => killedAt(at, tools));
});
