import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digest } from '../../../src/sandbox/redis/digest.ts';
import { fill } from '../../../src/sandbox/redis/fill.ts';
import { type Fleet, startFleet } from '../../../src/sandbox/redis/fleet.ts';
import type { RedisServerHandle } from '../../../src/sandbox/redis/server.ts';
import { until } from '../../../src/sandbox/redis/wait.ts';

let fleet: Fleet;
let left: RedisServerHandle;
let right: RedisServerHandle;

beforeAll(async () => {
  fleet = await startFleet();
  [left, right] = await Promise.all([
    fleet.server({ config: { 'repl-diskless-sync-delay': '0' } }),
    fleet.server({ requirepass: 'open sesame' }),
  ]);
});
afterAll(() => fleet.close());

describe('fill', () => {
  it('makes the same data from the same seed, of all types, over databases 0 and 3', async () => {
    await Promise.all([left.flush(), right.flush()]);
    await Promise.all([
      fill(left, { keys: 5_000, valueBytes: 100, seed: 7 }),
      fill(right, { keys: 5_000, valueBytes: 100, seed: 7 }),
    ]);

    const info = await left.info('keyspace');
    expect(info['db0']).toMatch(/^keys=2500,expires=250,/);
    expect(info['db3']).toMatch(/^keys=2500,expires=250,/);
    const types = new Set<unknown>();
    for (let key = 0; key < 10; key += 2) types.add(await left.call('TYPE', `fill:${key}`));
    expect(types).toEqual(new Set(['string', 'list', 'hash', 'set', 'zset']));

    const seen = await digest(left);
    expect(seen.keys).toBe(5_000);
    expect(await digest(right)).toEqual(seen);

    await right.flush();
    await fill(right, { keys: 5_000, valueBytes: 100, seed: 8 });
    expect((await digest(right)).digest).not.toBe(seen.digest);
  });

  it('says what the server answered when it refuses', async () => {
    await left.flush();
    await left.config('maxmemory', '1');
    await expect(fill(left, { keys: 10 })).rejects.toThrow('OOM');
    await left.config('maxmemory', '0');
  });
});

describe('digest', () => {
  it('is the same on a replica, and notices every kind of difference', async () => {
    await left.flush();
    await fill(left, { keys: 2_000, types: ['string', 'list', 'hash', 'set', 'zset', 'stream'] });
    await left.client().set(Buffer.from([0, 255, 13, 10, 128]), Buffer.from([200, 201]));
    await left.call('ZADD', 'edges', '-inf', 'low', 'inf', 'high', '0.1', 'some');
    await right.call('REPLICAOF', left.host, left.port);
    await until(async () => (await right.info('replication'))['master_link_status'] === 'up', { what: 'the link' });
    const before = await digest(left);
    expect(before.keys).toBe(2_002);
    expect(await digest(right)).toEqual(before);

    await right.call('REPLICAOF', 'NO', 'ONE');
    const differences: (string | number)[][] = [
      ['APPEND', 'fill:0', 'x'],
      ['RPUSH', 'fill:2', 'x'],
      ['HSET', 'fill:4', 'field-0', 'x'],
      ['SADD', 'fill:6', 'x'],
      ['ZADD', 'fill:8', '1e300', 'x'],
      ['XADD', 'fill:10', '99-0', 'a', 'b'],
      ['ZADD', 'edges', 'inf', 'low'],
      ['EXPIRE', 'fill:12', '1000'],
      ['DEL', 'fill:14'],
      ['MOVE', 'fill:24', '5'],
    ];
    const digests = new Set([before.digest]);
    for (const [index, command] of differences.entries()) {
      await right.call(...command);
      digests.add((await digest(right)).digest);
      expect(digests.size, command.join(' ')).toBe(index + 2);
    }
  });

  it('is all zero for an empty server', async () => {
    await left.flush();
    expect(await digest(left)).toEqual({ keys: 0, digest: '0'.repeat(64) });
  });
});
