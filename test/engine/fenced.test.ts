import { afterEach, beforeEach, expect, test } from 'vitest';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { startTraffic } from '../../src/sandbox/redis/traffic.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { type Pairs, settingsOf, startPairs, urls } from '../support/servers.ts';

let fleet: Fleet;
let harness: Harness;
let pairs: Pairs;

beforeEach(async () => {
  fleet = await startFleet();
  pairs = await startPairs(fleet, 3);
  harness = createHarness();
});

afterEach(async () => {
  await harness?.close();
  await fleet?.close();
});

test('three shards under traffic move from start to finished, and every acknowledged write is on the new servers', async () => {
  const { sources, destinations } = pairs;
  await Promise.all(sources.map((source) => fill(source, { keys: 2_000 })));
  const before = await Promise.all([...sources, ...destinations].map(settingsOf));
  const traffic = startTraffic({ shards: sources, ratePerSecond: 300 });
  try {
    const id = await harness.start({ sources: urls(sources), destinations: urls(destinations), name: 'orders' });
    const planned = await harness.open(id, 'continue');
    expect(planned.findings).toEqual([]);
    expect(planned.totals.keys).toBeGreaterThanOrEqual(6_000);

    expect(await harness.click(id, 'gate:continue')).toMatchObject({ accepted: true });
    const streaming = await harness.open(id, 'switch');
    expect(streaming.shards.map((one) => one.state)).toEqual(['in_step', 'in_step', 'in_step']);
    const page = harness.engine.shard(id, 1, null);
    const [old, fresh] = page?.servers ?? [];
    const { run_id: runId } = (await sources[1]?.info('server')) ?? {};
    expect(old).toMatchObject({
      address: `127.0.0.1:${sources[1]?.port}`,
      from: 'look',
      role: 'master',
      runId,
      problem: null,
    });
    expect(fresh?.follows).toEqual({ address: `127.0.0.1:${sources[1]?.port}`, linkUp: true, fence: false });
    expect(fresh?.stream?.replid).toBe(old?.stream?.replid);
    // What the trial of the link changed is back by now.
    expect(page?.settings.every((one) => one.state === 'set' || one.state === 'put_back')).toBe(true);
    const told = page?.events ?? [];
    // What came of what was done to this shard, and nothing of the others.
    expect(told.map((one) => one.kind)).toEqual(expect.arrayContaining(['shard_in_step', 'seen', 'intent']));
    expect(told.every((one) => one.shard === 1 || one.shard === null)).toBe(true);
    expect(told.map((one) => one.seq)).toEqual(told.map((one) => one.seq).toSorted((a, b) => b - a));

    expect(await harness.click(id, 'gate:switch')).toMatchObject({ accepted: true });
    const switched = await harness.phase(id, 'switched');
    for (const [index, destination] of destinations.entries()) traffic.pointAt(index, destination);
    expect(switched.shards.map((one) => one.state)).toEqual(['promoted', 'promoted', 'promoted']);
    for (const shard of switched.shards) expect(shard.pauseMs).toBeGreaterThan(0);
    for (const source of sources) {
      await expect(source.call('SET', 'late', 'write')).rejects.toThrow(/READONLY/);
    }

    await harness.open(id, 'finish');
    expect(await harness.click(id, 'gate:finish')).toMatchObject({ accepted: true });
    const finished = await harness.phase(id, 'finished');
    expect(finished.waitingFor).toBeNull();
    const end = harness.engine.shard(id, 1, null);
    expect(end?.servers.map((one) => [one.role, one.follows?.fence ?? null])).toEqual([
      ['replica', true],
      ['master', null],
    ]);
    expect(end?.settings.every((one) => one.state === 'put_back')).toBe(true);
    expect(harness.engine.shard(id, 3, null)).toBeNull();

    const verified = await traffic.verify(destinations);
    expect(verified).toMatchObject({ missing: 0, examples: [] });
    expect(verified.acknowledged).toBeGreaterThan(500);
    for (const one of destinations) expect(await one.info('replication')).toMatchObject({ role: 'master' });
    expect(await Promise.all([...sources, ...destinations].map(settingsOf))).toEqual(before);
  } finally {
    await traffic.stop();
  }
});
