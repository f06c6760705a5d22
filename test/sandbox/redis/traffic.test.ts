import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Fleet, startFleet } from '../../../src/sandbox/redis/fleet.ts';
import type { RedisServerHandle } from '../../../src/sandbox/redis/server.ts';
import { startTraffic, type Traffic, type TrafficOptions } from '../../../src/sandbox/redis/traffic.ts';
import { WRITE_KINDS } from '../../../src/sandbox/redis/traffic-book.ts';
import { until } from '../../../src/sandbox/redis/wait.ts';

let fleet: Fleet;
let traffic: Traffic | undefined;

beforeEach(async () => {
  fleet = await startFleet();
});
afterEach(async () => {
  await traffic?.stop();
  traffic = undefined;
  await fleet.close();
});

async function start(options: TrafficOptions, more = 300): Promise<Traffic> {
  traffic = startTraffic(options);
  await hasAcknowledged(traffic, more);
  return traffic;
}

/** Until every shard has acknowledged so many more writes than now. */
async function hasAcknowledged(running: Traffic, more: number): Promise<void> {
  const before = running.counts().map(({ acknowledged }) => acknowledged);
  await until(() => running.counts().every(({ acknowledged }, shard) => acknowledged >= (before[shard] ?? 0) + more), {
    what: `${more} writes`,
  });
}

async function replicate(source: RedisServerHandle, destination: RedisServerHandle): Promise<void> {
  await destination.config('repl-diskless-sync-delay', '0');
  await source.config('repl-diskless-sync-delay', '0');
  await destination.call('REPLICAOF', source.host, source.port);
  await until(async () => (await destination.info('replication'))['master_link_status'] === 'up', { what: 'the link' });
}

describe('traffic', () => {
  it('finds every acknowledged write of every kind on a quiet pair of servers', async () => {
    const shards = await Promise.all([fleet.server(), fleet.server({ requirepass: 'open sesame' })]);
    const running = await start({ shards, ratePerSecond: 0 });
    await until(() => running.counts().every(({ perSecond }) => perSecond > 100), { what: 'a speed' });
    const seen = await running.verify();

    expect(seen).toMatchObject({ missing: 0, examples: [] });
    expect(seen.acknowledged).toBe(running.counts().reduce((sum, { acknowledged }) => sum + acknowledged, 0));
    for (const { refused, unknown, errors, maxGapMs } of running.counts()) {
      expect({ refused, unknown, errors }).toEqual({ refused: 0, unknown: 0, errors: 0 });
      expect(maxGapMs).toBeGreaterThan(0);
    }
  });

  it('has many writers without a warning of Node', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on('warning', onWarning);
    const server = await fleet.server();
    await start({ shards: Array.from({ length: 8 }, () => server), ratePerSecond: 50, kinds: ['set'] }, 20);
    await traffic?.stop();
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  }, 20_000);

  it('keeps to its rate', async () => {
    const running = await start({ shards: [await fleet.server()], ratePerSecond: 400, kinds: ['set'] });
    await until(() => (running.counts()[0]?.perSecond ?? 0) >= 300, { what: 'the rate' });
    expect(running.counts()[0]?.perSecond).toBeLessThan(600);
  });

  it.each(WRITE_KINDS.filter((kind) => kind !== 'queue'))('notices each lost write of kind %s', async (kind) => {
    const server = await fleet.server();
    const running = await start({ shards: [server], kinds: [kind], ratePerSecond: 0 });
    await running.stop();
    expect((await running.verify()).missing).toBe(0);
    await server.flush();
    const seen = await running.verify();
    expect(seen.missing).toBe(seen.acknowledged);
    expect(seen.examples.length).toBe(kind === 'incr' ? 2 : 10);
  });

  it('notices one key that was deleted and one that was changed', async () => {
    const server = await fleet.server();
    const running = await start({ shards: [server], kinds: ['set'], ratePerSecond: 0 });
    await running.stop();
    await server.call('DEL', `${running.prefix}:set:0:0:5`);
    await server.call('SET', `${running.prefix}:set:0:1:7`, 'else');
    expect(await running.verify()).toMatchObject({
      missing: 2,
      examples: [
        `shard 0: set ${running.prefix}:set:0:0:5 (write 5) is gone`,
        `shard 0: set ${running.prefix}:set:0:1:7 (write 7) has another value`,
      ],
    });
  });

  it('notices a queue item that was lost and one that came back', async () => {
    const server = await fleet.server();
    const running = await start({ shards: [server], kinds: ['queue'], ratePerSecond: 0 });
    await running.stop();
    const key = `${running.prefix}:queue:0`;
    await server.call('DEL', key);
    const lost = (await running.verify()).missing;
    await server.call('RPUSH', key, '0:0', '1:0');
    expect((await running.verify()).missing).toBe(lost + 2);
  });

  it('waits out a refusal, follows to another server, and measures the gap', async () => {
    const [source, destination] = [await fleet.server(), await fleet.server()];
    const running = await start({ shards: [source], ratePerSecond: 500 });
    await replicate(source, destination);
    await source.call('CLIENT', 'PAUSE', 5_000, 'WRITE');
    const target = (await source.info('replication'))['master_repl_offset'];
    await until(async () => (await destination.info('replication'))['slave_repl_offset'] === target, {
      what: 'the destination',
    });
    await source.call('REPLICAOF', '127.0.0.1', 1);
    await destination.call('REPLICAOF', 'NO', 'ONE');
    await source.call('CLIENT', 'UNPAUSE');
    await until(() => (running.counts()[0]?.refused ?? 0) > 3, { what: 'writes to be refused' });
    running.pointAt(0, destination);
    await hasAcknowledged(running, 200);

    expect(await running.verify()).toMatchObject({ missing: 0 });
    expect((await running.verify([source])).missing).toBeGreaterThan(0);
    expect(running.counts()[0]?.maxGapMs).toBeGreaterThan(10);
  });

  it('finds what a careless promotion loses', async () => {
    const [source, destination] = [await fleet.server(), await fleet.server()];
    const running = await start({ shards: [source], ratePerSecond: 0 });
    await replicate(source, destination);
    await destination.call('REPLICAOF', 'NO', 'ONE');
    await hasAcknowledged(running, 200);
    running.pointAt(0, destination);
    await hasAcknowledged(running, 200);
    expect((await running.verify()).missing).toBeGreaterThan(100);
  });

  it('goes on after its server was killed, and does not count what it was not promised', async () => {
    const server = await fleet.server({ config: { appendonly: 'yes', appendfsync: 'always' } });
    const running = await start({ shards: [server], ratePerSecond: 0 });
    await server.kill();
    await until(() => (running.counts()[0]?.errors ?? 0) > 3, { what: 'failed connections' });
    await server.start();
    await hasAcknowledged(running, 100);
    expect(await running.verify()).toMatchObject({ missing: 0, examples: [] });
    expect(running.counts()[0]?.unknown).toBeGreaterThan(0);
  });

  it('does not wait for a frozen server for ever', async () => {
    const server = await fleet.server();
    const running = await start({ shards: [server], ratePerSecond: 0, timeoutMs: 200 });
    server.freeze();
    await until(() => (running.counts()[0]?.unknown ?? 0) > 0, { what: 'a write to be given up' });
    server.thaw();
    await hasAcknowledged(running, 100);
    expect(await running.verify()).toMatchObject({ missing: 0, examples: [] });
  });
});
