/** How the chart's series is kept, with a clock that stands and a store in memory. */
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Sample } from '../../src/domain/sample.ts';
import { Samples } from '../../src/engine/samples.ts';
import { noLog, noMetrics } from '../../src/log.ts';
import { aPlan, followingPair, sightOf, stateOf, toStreaming } from '../domain/support/build.ts';

const PLAN = aPlan(2);
const STATE = stateOf(PLAN, toStreaming(PLAN));
const SIGHT = sightOf(
  STATE,
  PLAN.shards.map((shard) => followingPair(shard)),
);

function setUp(stored: Sample[] = []) {
  let now = 0;
  let dropped = 0;
  const writes: number[] = [];
  const disk = { full: false };
  const store = {
    samples: () => stored,
    keepSamples(_id: string, fresh: readonly Sample[], spacing: number) {
      if (disk.full) throw new Error('The disk is full.');
      writes.push(fresh.length);
      const all = [...stored, ...fresh].filter((one) => one.place % spacing === 0);
      stored.splice(0, stored.length, ...all);
    },
  };
  const samples = new Samples('m-7k3q', {
    store,
    clock: { ...systemClock, monotonicMs: () => now },
    metrics: { ...noMetrics, samplesDropped: (many) => void (dropped += many) },
    log: noLog,
  });
  const tick = (times: number, busy = false) => {
    for (let many = 0; many < times; many++) {
      now += 1_000;
      samples.take(STATE, SIGHT, busy);
    }
  };
  return { samples, stored, writes, disk, tick, dropped: () => dropped, rush: () => void (now += 10) };
}

describe('keeping the series', () => {
  it('is stored a few at a time, and shows all the same', () => {
    const { samples, stored, writes, tick } = setUp();
    tick(25);
    expect(writes).toEqual([10, 10]);
    expect(samples.all()).toHaveLength(25);
    samples.flush();
    samples.flush();
    expect([stored.length, writes]).toEqual([25, [10, 10, 5]]);
  });

  it('leaves the disk alone during a cut-over', () => {
    const { writes, tick } = setUp();
    tick(30, true);
    expect(writes).toEqual([]);
    tick(1);
    expect(writes).toEqual([31]);
  });

  it('stays below its limit for hours, and thins what is on the disk', () => {
    const { samples, stored, tick } = setUp();
    tick(20_000);
    expect(samples.all().length).toBeLessThanOrEqual(610);
    expect(stored[0]?.place).toBe(0);
    expect(stored.at(-1)?.place).toBeGreaterThan(19_000);
  });

  it('goes on behind what an earlier process kept', () => {
    const earlier = setUp();
    earlier.tick(20);
    const { samples, tick } = setUp(earlier.stored);
    tick(3);
    expect(samples.all().map((one) => one.place)).toEqual(Array.from({ length: 23 }, (_, place) => place));
  });

  it('drops what a full disk does not take, counts it, and never throws', () => {
    const { samples, stored, disk, tick, dropped } = setUp();
    disk.full = true;
    tick(35);
    expect(dropped()).toBe(30);
    disk.full = false;
    tick(10);
    samples.flush();
    expect([dropped(), stored.length]).toEqual([30, 15]);
  });

  it('takes no two samples of one moment', () => {
    const { samples, tick, rush } = setUp();
    tick(1);
    rush();
    samples.take(STATE, SIGHT, false);
    expect(samples.all()).toHaveLength(1);
  });
});
