import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSampled, MOST_SAMPLES, sampleOf, spacingAt } from '../../src/domain/sample.ts';
import { aPlan, followingPair, START, sightOf, stateOf, toStreaming, toSwitched } from './support/build.ts';

const PLAN = aPlan(3);
const state = stateOf(PLAN, toStreaming(PLAN));

describe('the series of a chart', () => {
  it('never has more than its most, however long it grows, and covers all of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), (last) => {
        const spacing = spacingAt(last);
        const kept = Math.floor(last / spacing) + 1;
        expect(kept).toBeLessThanOrEqual(MOST_SAMPLES);
        if (last >= MOST_SAMPLES) expect(kept).toBeGreaterThan(MOST_SAMPLES / 2 - 1);
        // What is kept later was kept before: each spacing is twice the one before.
        expect(Number.isInteger(Math.log2(spacing))).toBe(true);
      }),
    );
  });

  it('holds what was seen of all shards together', () => {
    const sight = sightOf(
      state,
      PLAN.shards.map((shard) => followingPair(shard, 300)),
    );
    const sample = sampleOf(state, sight, 4);
    expect(sample).toMatchObject({ place: 4, at: sight.wallNow, lagBytes: 900 });
    expect(sample?.percents).toHaveLength(3);
    expect(sampleOf(state, { ...sight, shards: null }, 4)).toBeNull();
  });

  it('counts a shard that has gone over as done, whatever is seen of it', () => {
    const over = stateOf(PLAN, toSwitched(PLAN));
    const sample = sampleOf(over, { ...sightOf(over, []), shards: [] }, 0);
    expect(sample).toMatchObject({ percents: [100, 100, 100], lagBytes: null, worst: null });
  });

  it('does not go on for days while people wait to finish', () => {
    const over = stateOf(PLAN, toSwitched(PLAN));
    expect(isSampled(over, over.phaseSince + 60_000)).toBe(true);
    expect(isSampled(over, over.phaseSince + 3_600_000)).toBe(false);
    expect(isSampled(state, START + 7 * 86_400_000)).toBe(true);
    expect(isSampled(stateOf(PLAN), START)).toBe(false);
  });
});
