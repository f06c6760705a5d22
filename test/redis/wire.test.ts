/** Packets over one connection of our own, against a real server and a scripted one. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Endpoint } from '../../src/domain/endpoint.ts';
import { type ConnectionDeps, connect } from '../../src/redis/connection.ts';
import { openWire, type Wire } from '../../src/redis/wire.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { error, OK, startScripted } from '../../src/sandbox/redis/scripted.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { depsOf, endpointOf } from './support/connect.ts';

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet();
});
afterAll(() => fleet.close());

async function wireTo(endpoint: Endpoint, deps: ConnectionDeps = depsOf(), timeoutMs?: number): Promise<Wire> {
  const wire = await openWire(endpoint, deps, timeoutMs);
  onTestFinished(() => wire.close());
  return wire;
}

describe('a packet', () => {
  test('gives one answer a command, refusals among them', async () => {
    const server = await fleet.server();
    const wire = await wireTo(endpointOf(server));
    const answers = await wire.packet([
      ['SET', 'a', 'ä'],
      ['LPUSH', 'a', 'x'],
      ['GET', 'a'],
      ['STRLEN', 'a'],
      ['NOPE'],
    ]);
    expect(answers).toMatchObject([
      { kind: 'line', text: 'OK' },
      { kind: 'error', text: expect.stringContaining('WRONGTYPE') },
      { kind: 'text', text: 'ä' },
      { kind: 'number', value: 2 },
      { kind: 'error' },
    ]);
    expect(wire.alive).toBe(true);
    expect((await server.call('CLIENT', 'LIST')) as string).toContain(`:${wire.localPort} `);
  });

  test('goes on while the connection is a MONITOR, whatever others send', async () => {
    const server = await fleet.server();
    const wire = await wireTo(endpointOf(server));
    const [monitor] = await wire.packet([['MONITOR']]);
    expect(monitor).toMatchObject({ kind: 'line', text: 'OK' });
    let written = 0;
    const ending = new AbortController();
    const writing = (async () => {
      while (!ending.signal.aborted) {
        await server.call('SET', `k:${written}`, '+OK\r\n$4\r\nrole\r\n');
        written += 1;
      }
    })();
    await until(() => written > 20);
    for (let round = 0; round < 20; round++) {
      const [ping, info] = await wire.packet([
        ['ECHO', `round ${round}`],
        ['INFO', 'replication'],
      ]);
      expect(ping).toMatchObject({ text: `round ${round}` });
      expect(info).toMatchObject({ kind: 'text', text: expect.stringMatching(/^# Replication/) });
    }
    ending.abort();
    await writing;
  });

  test('whose connection breaks has an outcome that nobody knows, and the next one was not sent', async () => {
    const server = await startScripted({ handler: ([name]) => (name === 'CLIENT' ? OK : 'close') });
    onTestFinished(() => server.close());
    const wire = await wireTo(endpointOf(server));
    await expect(wire.packet([['SLAVEOF', 'NO', 'ONE']])).rejects.toMatchObject({ outcomeUnknown: true });
    expect(wire.alive).toBe(false);
    await expect(wire.packet([['INFO']])).rejects.toMatchObject({ outcomeUnknown: false });
  });

  test('that is not answered in time ends the connection', async () => {
    const server = await startScripted({ handler: ([name]) => (name === 'CLIENT' ? OK : 'hang') });
    onTestFinished(() => server.close());
    const wire = await wireTo(endpointOf(server), depsOf(), 200);
    await expect(wire.packet([['INFO']])).rejects.toMatchObject({ kind: 'timeout', outcomeUnknown: true });
    expect(wire.alive).toBe(false);
  });

  test('goes by the names that the server has for its commands', async () => {
    const server = await startScripted({
      handler: ([name]) => (name === 'hidden' ? OK : error('ERR unknown command')),
    });
    onTestFinished(() => server.close());
    const wire = await wireTo({ ...endpointOf(server), renamed: { slaveof: 'hidden' } });
    expect(await wire.packet([['SLAVEOF', 'NO', 'ONE']])).toEqual([{ kind: 'line', text: 'OK' }]);
  });
});

describe('a server that a cut-over has locked', () => {
  const locked: ConnectionDeps = { ...depsOf(), alsoTry: () => 'the-lock-of-a-cut-over' };

  test('lets us in by the lock, whichever way we come', async () => {
    const server = await fleet.server({ requirepass: 'the-lock-of-a-cut-over' });
    const { password: _, ...without } = endpointOf(server);
    expect((await wireTo(without, locked)).byLock).toBe(true);
    const connection = await connect(without, 1_000, locked);
    onTestFinished(() => connection.close());
    expect(await connection.call('PING')).toBe('PONG');
    const wrong = { ...without, password: { kind: 'env' as const, name: 'another-password' } };
    expect((await wireTo(wrong, locked)).byLock).toBe(true);
  });

  test('is entered by its own password once the lock is gone', async () => {
    const server = await fleet.server();
    expect((await wireTo(endpointOf(server), locked)).byLock).toBe(false);
  });

  test('that refuses the lock too says what was said of its own password', async () => {
    const server = await fleet.server({ requirepass: 'something-else' });
    const { password: _, ...without } = endpointOf(server);
    await expect(openWire(without, locked)).rejects.toMatchObject({ kind: 'auth_required' });
    await expect(connect(without, 1_000, locked)).rejects.toMatchObject({ kind: 'auth_required' });
  });
});

test('a server that is not there', async () => {
  const server = await startScripted({ handler: () => OK });
  const endpoint = endpointOf(server);
  await server.close();
  await expect(openWire(endpoint, depsOf(), 500)).rejects.toMatchObject({ kind: 'refused', outcomeUnknown: false });
});
