import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digest } from '../../../src/sandbox/redis/digest.ts';
import { fill } from '../../../src/sandbox/redis/fill.ts';
import { type Fleet, startFleet } from '../../../src/sandbox/redis/fleet.ts';
import { type Proxy, startProxy } from '../../../src/sandbox/redis/proxy.ts';
import { connectRaw } from '../../../src/sandbox/redis/raw-connection.ts';
import { textOf } from '../../../src/sandbox/redis/resp.ts';
import type { RedisServerHandle } from '../../../src/sandbox/redis/server.ts';
import { until } from '../../../src/sandbox/redis/wait.ts';

let fleet: Fleet;
let source: RedisServerHandle;
let destination: RedisServerHandle;
let proxy: Proxy;

beforeAll(async () => {
  fleet = await startFleet();
  source = await fleet.server({ config: { 'repl-diskless-sync-delay': '0' } });
  destination = await fleet.server();
});
afterAll(() => fleet.close());

beforeEach(async () => {
  await source.flush();
  proxy = await startProxy({ target: source });
});
afterEach(async () => {
  await destination.call('REPLICAOF', 'NO', 'ONE');
  await proxy.close();
});

async function link(): Promise<string | undefined> {
  return (await destination.info('replication'))['master_link_status'];
}

async function follow(): Promise<void> {
  await destination.call('REPLICAOF', proxy.host, proxy.port);
  await until(async () => (await link()) === 'up', { what: 'the link' });
}

describe('a proxy', () => {
  it('passes replication, and a cut link heals by a partial resync', async () => {
    await fill(source, { keys: 500 });
    await follow();
    const before = await source.info('stats');
    await until(async () => (await digest(destination)).keys === 500, { what: 'the data' });
    expect(await digest(destination)).toEqual(await digest(source));
    expect(proxy.passed.fromTarget).toBeGreaterThan(10_000);

    proxy.cut();
    const resyncs = Number(before['sync_partial_ok']);
    const resynced = async () => Number((await source.info('stats'))['sync_partial_ok']) === resyncs + 1;
    await until(resynced, { what: 'a partial resync' });
    expect((await source.info('stats'))['sync_full']).toBe(before['sync_full']);
    await source.call('SET', 'after', 'cut');
    await until(async () => (await destination.call('GET', 'after')) === 'cut', { what: 'the write' });
  });

  it('keeps a blocked link down until it is resumed', async () => {
    await follow();
    proxy.block();
    await until(async () => (await link()) === 'down', { what: 'the link to be down' });
    await expect(connectRaw(proxy).then((connection) => connection.send('PING'))).rejects.toThrow();
    expect(proxy.links).toBe(0);
    proxy.resume();
    await until(async () => (await link()) === 'up', { what: 'the link' });
  });

  it('stalls: the link stays up and nothing arrives, then all of it does', async () => {
    await follow();
    proxy.stall();
    await source.call('SET', 'stalled', 'value');
    const connection = await connectRaw(proxy, { timeoutMs: 200 });
    await expect(connection.send('PING')).rejects.toThrow('no answer within');
    expect(await destination.call('GET', 'stalled')).toBeNull();
    expect(await link()).toBe('up');
    proxy.resume();
    await until(async () => (await destination.call('GET', 'stalled')) === 'value', { what: 'the write' });
  });

  it('does not tell of an end either while it stalls', async () => {
    const connection = await connectRaw(proxy, { name: 'leaver' });
    proxy.stall();
    connection.close();
    for (let look = 0; look < 5; look += 1) expect(await source.call('CLIENT', 'LIST')).toContain('name=leaver');
    proxy.resume();
    await until(async () => !textOf(await source.call('CLIENT', 'LIST')).includes('name=leaver'), { what: 'the end' });
    await until(() => proxy.links === 0, { what: 'the link to be gone' });
  });

  it('half-opens: the target sees the end, the client sees nothing', async () => {
    await follow();
    proxy.halfOpen();
    await until(async () => (await source.info('replication'))['connected_slaves'] === '0', {
      what: 'the source to notice',
    });
    await source.call('SET', 'unseen', 'value');
    expect(await link()).toBe('up');
    const mute = await connectRaw(proxy, { timeoutMs: 200 });
    await expect(mute.send('PING')).rejects.toThrow('no answer within');
    expect(await destination.call('GET', 'unseen')).toBeNull();
    proxy.resume();
    proxy.cut();
    await until(async () => (await destination.call('GET', 'unseen')) === 'value', { what: 'the link to heal' });
  });

  it('slows a link down to so many bytes a second', async () => {
    await source.call('SET', 'big', 'x'.repeat(60_000));
    proxy.limit(100_000);
    const connection = await connectRaw(proxy);
    const before = performance.now();
    expect(textOf(await connection.send('GET', 'big')).length).toBe(60_000);
    const tookMs = performance.now() - before;
    expect(tookMs).toBeGreaterThan(500);
    proxy.limit(null);
    const again = performance.now();
    await connection.send('GET', 'big');
    expect(performance.now() - again).toBeLessThan(tookMs / 2);
    connection.close();
  });

  it('ends what it was asked to end, also when the target is not there', async () => {
    proxy.pointAt({ host: '127.0.0.1', port: 1 });
    await expect(connectRaw(proxy).then((connection) => connection.send('PING'))).rejects.toThrow();
    await proxy.close();
    await proxy.close();
    await expect(connectRaw(proxy)).rejects.toThrow('ECONNREFUSED');
  });
});
