/** The whole way of all shards as three figures. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import type { Verdict } from '../../src/domain/place.ts';
import { progressOf } from '../../src/domain/progress.ts';
import type { MigrationState } from '../../src/domain/state.ts';
import { aPlan, beforeOf, enter, freshPair, NOT_LOOKED, START, sightOf, stateOf, toSyncing } from './support/build.ts';

const NONE = { percent: null, bytesPerSecond: null, etaSeconds: null };

/** Shards whose orders to follow were sent at `START + rows`; `verdicts` are what they look like now. */
function progress(
  verdicts: readonly Partial<Verdict>[],
  more: { readonly seconds?: number; readonly phase?: 'streaming' | 'aborting' } = {},
) {
  const plan = aPlan(verdicts.length);
  const orders = verdicts.map((_, shard): Event => {
    return { kind: 'intent', effect: { kind: 'replicate', shard, before: beforeOf(shard) } };
  });
  const rows = [...toSyncing(plan), ...orders, ...(more.phase ? [enter(more.phase)] : [])];
  const state: MigrationState = stateOf(plan, rows);
  const begun = state.shards[0]?.replicate?.at ?? START;
  const sight = sightOf(
    state,
    plan.shards.map(({ index }) => freshPair(index)),
    { wallNow: begun + (more.seconds ?? 100) * 1_000 },
  );
  const shards = (sight.shards ?? []).map((one, index) => ({
    ...one,
    verdict: { ...one.verdict, ...verdicts[index] },
  }));
  return progressOf(state, { ...sight, shards });
}

describe('the percentage', () => {
  it('weighs shards by their bytes, or alike where one’s size is unknown', () => {
    const big = { state: 'transfer', percent: 50, bytes: 900 } as const;
    const small = { state: 'in_step', percent: 100, bytes: 100 } as const;
    expect(progress([big, small]).percent).toBe(55);
    // What preflight found stands in for a size that is not told now.
    expect(
      progress([
        { ...big, bytes: null },
        { ...small, bytes: 1_000_000 },
      ]).percent,
    ).toBe(75);
    expect(progress([big, { ...small, bytes: 0 }]).percent).toBe(75);
  });

  it('a shard in step has all of it; one that waits has nothing; one of which nobody knows makes it unknown', () => {
    expect(
      progress([
        { state: 'in_step', percent: 100 },
        { state: 'queued', percent: 0 },
      ]).percent,
    ).toBe(50);
    expect(
      progress([
        { state: 'in_step', percent: 100 },
        { state: 'snapshot', percent: null, bytesPerSecond: 7 },
      ]),
    ).toEqual({
      ...NONE,
      bytesPerSecond: 7,
    });
  });

  it('is told while shards follow, and not before, after, or unseen', () => {
    const done = [{ state: 'in_step', percent: 100 }] as const;
    expect(progress(done)).toMatchObject({ percent: 100, etaSeconds: 0 });
    expect(progress(done, { phase: 'streaming' }).percent).toBe(100);
    expect(progress(done, { phase: 'aborting' })).toEqual(NONE);
    expect(progressOf(stateOf(aPlan(1), toSyncing(aPlan(1))), NOT_LOOKED)).toEqual(NONE);
  });
});

describe('speed and time left', () => {
  it('the speeds of all that copy add up; those in step do not count', () => {
    const copying = { state: 'transfer', percent: 50, bytesPerSecond: 300 } as const;
    expect(progress([copying, copying, { state: 'in_step', percent: 100, bytesPerSecond: 999 }]).bytesPerSecond).toBe(
      600,
    );
    expect(progress([{ state: 'in_step', percent: 100, bytesPerSecond: 9 }]).bytesPerSecond).toBeNull();
  });

  it('goes on as fast as since the first order; nobody guesses from the first few percent, or from a clock that went back', () => {
    const at = (percent: number, seconds: number) => progress([{ state: 'transfer', percent }], { seconds }).etaSeconds;
    expect(at(25, 100)).toBe(300);
    expect(at(99, 99)).toBe(1);
    expect(at(2.9, 100)).toBeNull();
    expect(at(50, -3_600)).toBeNull();
    expect(at(50, 0)).toBeNull();
  });
});

it('no figure is below nothing, above all of it, or none at all', () => {
  const verdict = fc.record({
    state: fc.constantFrom(
      'queued',
      'snapshot',
      'transfer',
      'loading',
      'catching_up',
      'in_step',
      'link_down',
      'detached',
    ),
    percent: fc.option(fc.double({ min: 0, max: 100, noNaN: true }), { nil: null }),
    bytes: fc.option(fc.nat(), { nil: null }),
    bytesPerSecond: fc.option(fc.nat(), { nil: null }),
  });
  fc.assert(
    fc.property(
      fc.array(verdict, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: -9_999, max: 9_999 }),
      (all, seconds) => {
        const { percent, bytesPerSecond, etaSeconds } = progress(all, { seconds });
        for (const figure of [percent, bytesPerSecond, etaSeconds])
          if (figure !== null) expect(Number.isFinite(figure) && figure >= 0, String(figure)).toBe(true);
        if (percent !== null) expect(percent).toBeLessThanOrEqual(100);
      },
    ),
  );
});
