import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Fleet, startFleet } from '../../../src/sandbox/redis/fleet.ts';
import { until } from '../../../src/sandbox/redis/wait.ts';
import { missingServers, otherServers } from '../../support/other-servers.ts';

let fleet: Fleet;
beforeEach(async () => {
  fleet = await startFleet();
});
afterEach(() => fleet.close());

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('the other servers', () => {
  it('are each either found or missing with a reason', () => {
    const names = [...otherServers(), ...missingServers()].map(({ name }) => name);
    expect(names.toSorted()).toEqual(['redis 6.0', 'redis 7.0', 'redis 8.0', 'valkey 8', 'valkey 9']);
    for (const { reason } of missingServers()) expect(reason).toMatch(/\w/);
  });

  // As skipped tests, so that the counts at the end tell.
  for (const { name, reason } of missingServers()) it.skip(`${name}: ${reason}`, () => {});
});

describe.each(otherServers())('$name ($version)', ({ name, kind, version, binary }) => {
  it('starts as a process of ours and says what it is', async () => {
    const server = await fleet.server({ binary });
    const info = await server.info();
    const said = kind === 'valkey' ? info['valkey_version'] : info['redis_version'];
    expect(said).toBe(version);
    expect(`${version}.`.startsWith(`${name.split(' ')[1]}.`)).toBe(true);
    expect(info['process_id']).toBe(String(server.pid));
  });

  it('reads and writes, rewrites its settings, freezes, restarts, and leaves no process', async () => {
    // One word: CONFIG REWRITE of 6.0 writes a password with a space so that the server can't start any more.
    const server = await fleet.server({ binary, requirepass: 'word' });
    await server.call('SET', 'key', 'value');
    expect(await server.call('GET', 'key')).toBe('value');

    await server.config('maxmemory', '60mb');
    expect(await server.call('CONFIG', 'REWRITE')).toBe('OK');
    await server.restart();
    expect(await server.call('CONFIG', 'GET', 'maxmemory')).toEqual(['maxmemory', String(60 << 20)]);

    server.freeze();
    await expect(server.client({ commandTimeout: 200 }).ping()).rejects.toThrow('timed out');
    server.thaw();
    expect(await server.call('PING')).toBe('PONG');

    const pid = server.pid ?? 0;
    expect(isAlive(pid)).toBe(true);
    await server.stop();
    expect(isAlive(pid)).toBe(false);
    // It ended by itself at SIGTERM, it was not killed.
    expect(await server.log(6)).toMatch(/ready to exit/);
  });

  it('follows another of its kind by name, and writes its snapshot', async () => {
    const config = { 'repl-diskless-sync-delay': '0' };
    const [master, replica] = await Promise.all([fleet.server({ binary, config }), fleet.server({ binary, config })]);
    await master.call('SET', 'key', 'value');
    expect(await master.call('SAVE')).toBe('OK');
    await replica.call('REPLICAOF', 'localhost', master.port);
    await until(async () => (await replica.call('GET', 'key')) === 'value', { what: 'the key on the replica' });
  });
});
