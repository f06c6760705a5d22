import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/clock.ts';
import { createFakeWorld, type FakeRedis, type FakeWorld } from '../../../src/sandbox/redis/fake-redis.ts';
import { connectRaw } from '../../../src/sandbox/redis/raw-connection.ts';
import { type Reply, textOf } from '../../../src/sandbox/redis/resp.ts';
import { parseInfo } from '../../../src/sandbox/redis/server.ts';
import { startTraffic } from '../../../src/sandbox/redis/traffic.ts';
import { until } from '../../../src/sandbox/redis/wait.ts';

let world: FakeWorld;
afterEach(() => world.close());

async function ask(server: FakeRedis, ...command: (string | number)[]): Promise<Reply> {
  const connection = await connectRaw(server);
  try {
    return await connection.send(...command);
  } finally {
    connection.close();
  }
}

async function info(server: FakeRedis, ...sections: string[]): Promise<Record<string, string>> {
  return parseInfo(textOf(await ask(server, 'INFO', ...sections)));
}

/** A clock that stands still until it is moved. */
function heldClock(): Clock & { pass(ms: number): void } {
  let ms = 1_000_000;
  return {
    now: () => ms,
    monotonicMs: () => ms,
    sleep: async () => {},
    randomBytes: (count) => new Uint8Array(count),
    pass(more) {
      ms += more;
    },
  };
}

describe('a fake pair', () => {
  it('says all that a real pair in step says about replication', async () => {
    world = createFakeWorld();
    const { source, destination } = await world.pair({ inStep: true });
    const text = readFileSync(new URL('../../fixtures/servers/r7.0.15.json', import.meta.url), 'utf8');
    const real = JSON.parse(text) as { state: string; side: string; command: string; reply: string }[];
    for (const [side, fake] of [
      ['source', source],
      ['destination', destination],
    ] as const) {
      const recorded = real.find(
        (record) => record.state.includes('slave=online') && record.side === side && record.command === 'INFO',
      );
      const replication = recorded?.reply.split('# Replication\r\n')[1]?.split('\r\n\r\n')[0] ?? '';
      expect(Object.keys(await info(fake, 'replication')).toSorted()).toEqual(
        Object.keys(parseInfo(replication)).toSorted(),
      );
    }
  });

  it('goes through a whole cut-over as real servers do', async () => {
    const clock = heldClock();
    world = createFakeWorld(clock);
    const { source, destination } = await world.pair({
      bytesPerSecond: 1_000,
      writesPerSecond: 10,
      syncMs: 500,
      keys: 7,
    });
    expect(await info(destination)).toMatchObject({ role: 'master' });
    expect((await info(destination))['db0']).toBeUndefined();

    await ask(destination, 'REPLICAOF', source.host, source.port);
    expect(await info(destination)).toMatchObject({
      role: 'slave',
      master_link_status: 'down',
      master_sync_in_progress: '1',
    });
    clock.pass(600);
    expect(await info(destination)).toMatchObject({
      master_link_status: 'up',
      slave_repl_offset: '600',
      db0: 'keys=7,expires=0,avg_ttl=0',
    });
    const before = await info(source, 'all');
    expect(before).toMatchObject({ connected_slaves: '1', sync_full: '1', master_repl_offset: '600' });
    expect(before['slave0']).toBe(`ip=127.0.0.1,port=${destination.port},state=online,offset=600,lag=0`);
    expect(before['cmdstat_set']).toMatch(/^calls=6,/);
    expect(await ask(source, 'CLIENT', 'LIST')).toMatch(/name=app .*cmd=set[^]*flags=S .*cmd=replconf/);

    await ask(source, 'CLIENT', 'PAUSE', 2_000, 'WRITE');
    clock.pass(400);
    expect((await info(source))['master_repl_offset']).toBe('600');
    await ask(source, 'REPLICAOF', '127.7.7.7', 1);
    await ask(destination, 'REPLICAOF', 'NO', 'ONE');
    await ask(source, 'CLIENT', 'UNPAUSE');
    clock.pass(1_000);
    const promoted = await info(destination);
    expect(promoted).toMatchObject({
      role: 'master',
      master_replid2: before['master_replid'],
      second_repl_offset: '601',
    });
    expect(await info(source)).toMatchObject({
      role: 'slave',
      master_link_status: 'down',
      master_repl_offset: '600',
      errorstat_READONLY: 'count=10',
    });

    await ask(source, 'REPLICAOF', destination.host, destination.port);
    expect(await info(source)).toMatchObject({ master_link_status: 'up', master_replid: promoted['master_replid'] });
    expect(await info(destination)).toMatchObject({ sync_full: '0', sync_partial_ok: '1' });
  });

  it('lets the pause lapse by itself', async () => {
    const clock = heldClock();
    world = createFakeWorld(clock);
    const { source } = await world.pair({ bytesPerSecond: 1_000 });
    await ask(source, 'CLIENT', 'PAUSE', 300, 'WRITE');
    clock.pass(1_000);
    expect((await info(source))['master_repl_offset']).toBe('700');
  });

  it('keeps settings under both names, runs transactions, and refuses writes on a replica', async () => {
    world = createFakeWorld();
    const { source, destination } = await world.pair({ inStep: true });
    expect(await ask(source, 'CONFIG', 'SET', 'slave-read-only', 'no', 'repl-timeout', '600')).toBe('OK');
    expect(await ask(source, 'CONFIG', 'GET', 'repl*-timeout', 'replica-read-only')).toEqual([
      'repl-timeout',
      '600',
      'replica-read-only',
      'no',
    ]);
    expect(await ask(source, 'CONFIG', 'SET', 'no-such', '1')).toMatchObject({
      message: expect.stringContaining('Unknown option'),
    });
    expect(await ask(destination, 'SET', 'a', 'b')).toMatchObject({ message: expect.stringMatching(/^READONLY/) });
    const connection = await connectRaw(source);
    expect(await connection.sendAll([['MULTI'], ['PING'], ['SET', 'a', 'b'], ['EXEC']])).toEqual([
      'OK',
      'QUEUED',
      'QUEUED',
      ['PONG', 'OK'],
    ]);
    connection.close();
  });

  it('is not led astray by two servers that follow each other, nor by one that follows itself', async () => {
    world = createFakeWorld();
    const { source, destination } = await world.pair({ inStep: true });
    await ask(source, 'REPLICAOF', destination.host, destination.port);
    expect(await info(source)).toMatchObject({ role: 'slave' });
    await ask(source, 'REPLICAOF', source.host, source.port);
    expect(await info(source)).toMatchObject({ role: 'slave', master_link_status: 'down' });
  });

  it('stands for a hundred shards in one process', async () => {
    world = createFakeWorld();
    const pairs = await Promise.all(Array.from({ length: 100 }, () => world.pair({ inStep: true })));
    const answers = await Promise.all(pairs.map(({ destination }) => info(destination)));
    expect(answers.every((answer) => answer['master_link_status'] === 'up')).toBe(true);
    expect(new Set(answers.map((answer) => answer['run_id'])).size).toBe(100);
  });

  it('is found out by traffic: it holds no data', async () => {
    world = createFakeWorld();
    const traffic = startTraffic({ shards: [await world.server()], kinds: ['set'], ratePerSecond: 0 });
    await until(() => (traffic.counts()[0]?.acknowledged ?? 0) > 10, { what: 'writes' });
    const seen = await traffic.verify();
    expect(seen.missing).toBe(seen.acknowledged);
  });
});
