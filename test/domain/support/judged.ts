/** One shard, set up a minute ago, and the verdict about it, which never holds a figure that is none. */
import { expect } from 'vitest';
import type { PairLook } from '../../../src/domain/observation.ts';
import type { Phase } from '../../../src/domain/phase.ts';
import type { Verdict } from '../../../src/domain/place.ts';
import type { ShardPlan } from '../../../src/domain/plan.ts';
import type { ShardRecord } from '../../../src/domain/state.ts';
import { judge } from '../../../src/domain/verdict.ts';
import { aPlan, beforeOf, START, shardRecord } from './build.ts';

export const PLAN = aPlan(1).shards[0] as ShardPlan;
export const SENT: ShardRecord = shardRecord({
  replicate: { intent: 7, at: START - 60_000, attempts: 1, outcome: 'ok', detail: 'OK', seen: true, givenUp: false },
  before: beforeOf(0),
});
export const JUST_SENT: ShardRecord = {
  ...SENT,
  replicate: { ...(SENT.replicate as NonNullable<ShardRecord['replicate']>), at: START - 2_000 },
};

export function verdict(now: PairLook, more: Partial<Parameters<typeof judge>[0]> = {}): Verdict {
  const base = {
    plan: PLAN,
    id: 'm-7k3q',
    record: SENT,
    phase: 'syncing' as Phase,
    now,
    wallNow: START,
    earlier: null,
    maxLagBytes: 1_048_576,
    ownClients: 1,
  };
  const judged = judge({ ...base, ...more });
  for (const [name, figure] of Object.entries(judged)) {
    if (typeof figure === 'number') expect(Number.isFinite(figure) && figure >= 0, `${name} is ${figure}`).toBe(true);
    else expect(figure, name).not.toBeUndefined();
  }
  if (judged.percent !== null) expect(judged.percent).toBeLessThanOrEqual(100);
  if (judged.reason !== null) expect(judged.reason).toMatch(/^\S.*\.$/);
  return judged;
}
