/** Servers that misbehave: what we send them, how long we wait, and what we say. */

import { createServer } from 'node:net';
import { inspect as show } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import type { Endpoint } from '../../src/domain/endpoint.ts';
import { connect, keepConnection } from '../../src/redis/connection.ts';
import { RedisError } from '../../src/redis/errors.ts';
import { freePort } from '../../src/sandbox/redis/ports.ts';
import {
  error,
  type Handler,
  OK,
  type ScriptedServer,
  startScripted,
  status,
} from '../../src/sandbox/redis/scripted.ts';
import { closing, except, hanging, loading, noAuth, noPerm, slowly } from '../../src/sandbox/redis/scripted-ready.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { depsOf, endpointOf } from './support/connect.ts';

const friendly: Handler = (command) => (command[0]?.toUpperCase() === 'PING' ? status('PONG') : OK);
const servers: ScriptedServer[] = [];

async function serve(handler: Handler, password?: string): Promise<ScriptedServer> {
  const server = await startScripted({ handler, ...(password === undefined ? {} : { password }) });
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function failure(work: Promise<unknown>): Promise<RedisError> {
  const thrown: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof RedisError)) throw new Error(`It should have failed with a RedisError: ${show(thrown)}`);
  return thrown;
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly ms: number }> {
  const began = performance.now();
  const result = await work();
  return { result, ms: performance.now() - began };
}

function holdsNo(secret: string, thrown: unknown): void {
  for (const text of [
    show(thrown, { depth: 9, showHidden: true }),
    JSON.stringify(thrown),
    String(thrown),
    (thrown as Error).stack,
  ]) {
    expect(text).not.toContain(secret);
  }
}

function sent(server: ScriptedServer, name: string): number {
  return server.received.filter((command) => command[0]?.toUpperCase() === name).length;
}

describe('opening', () => {
  it('names itself, logs in, and asks for nothing else', async () => {
    const server = await serve(friendly, 'hunter2-hunter2');
    const connection = await connect(endpointOf(server), 1_000, depsOf());
    expect(connection.alive).toBe(true);
    expect(server.received.map((command) => command.map((word) => word.toUpperCase()))).toEqual([
      ['AUTH'],
      ['CLIENT', 'SETNAME', 'REDIS-MIGRATE'],
    ]);
    connection.close();
    await until(() => server.connections === 0, { what: 'the connection to be closed' });
    expect(connection.alive).toBe(false);
  });

  it.each<[string, Handler, RedisError['kind']]>([
    ['wants a password that was not given', noAuth, 'auth_required'],
    ['closes at the first command', closing, 'unreachable'],
    ['has no free connection', () => error('ERR max number of clients reached'), 'max_clients'],
    [
      'runs in protected mode',
      () => error('DENIED Redis is running in protected mode because no password is set.'),
      'other',
    ],
  ])('a server that %s', async (_, handler, kind) => {
    const server = await serve(handler);
    const thrown = await failure(connect(endpointOf(server), 1_000, depsOf()));
    expect(thrown.kind).toBe(kind);
    expect(thrown.outcomeUnknown).toBe(false);
    expect(thrown.message).toContain(`127.0.0.1:${server.port}`);
  });

  it.each<[string, Handler]>([
    ['loads its data', loading],
    ['lets us do nothing', noPerm],
    [
      'has lost its master',
      () => error("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
    ],
  ])('a server that %s talks to us all the same', async (_, handler) => {
    const server = await serve(handler);
    const connection = await connect(endpointOf(server), 1_000, depsOf());
    expect(connection.alive).toBe(true);
    connection.close();
  });

  it('a wrong password is auth_failed, and is nowhere in the error', async () => {
    const server = await serve(friendly, 'the-right-one');
    const endpoint = endpointOf({ ...server, password: 'hunter2-hunter2' });
    const thrown = await failure(connect(endpoint, 1_000, depsOf('hunter2-hunter2')));
    expect(thrown.kind).toBe('auth_failed');
    holdsNo('hunter2', thrown);
    const withUser = await failure(connect({ ...endpoint, user: 'ana' }, 1_000, depsOf('hunter2-hunter2')));
    expect(withUser.kind).toBe('auth_failed');
    holdsNo('hunter2', withUser);
  });

  it('a password that cannot be had is told without a connection', async () => {
    const server = await serve(friendly);
    const endpoint: Endpoint = { ...endpointOf(server), password: { kind: 'file', path: '/run/secrets/orders' } };
    const thrown = await failure(connect(endpoint, 1_000, depsOf()));
    expect(thrown).toMatchObject({ kind: 'secret_missing', outcomeUnknown: false });
    expect(thrown.message).toContain('/run/secrets/orders cannot be read');
    expect(server.received).toEqual([]);
  });

  it.each(['', 'hunter2-hunter2'])('a mute server ends in timeout, in time (password %j)', async (password) => {
    const server = await serve(hanging);
    const endpoint = endpointOf({ ...server, ...(password === '' ? {} : { password }) });
    const { result, ms } = await timed(() => failure(connect(endpoint, 700, depsOf())));
    expect(result).toMatchObject({ kind: 'timeout', outcomeUnknown: false });
    expect(ms).toBeGreaterThan(600);
    expect(ms).toBeLessThan(1_700);
    await until(() => server.connections === 0, { what: 'the connection to be given up' });
  });

  it('a port where nobody listens is refused at once', async () => {
    const { result, ms } = await timed(async () =>
      failure(connect({ host: '127.0.0.1', port: await freePort(), tls: false }, 3_000, depsOf())),
    );
    expect(result).toMatchObject({ kind: 'refused', outcomeUnknown: false });
    expect(ms).toBeLessThan(1_500);
  });

  it('a host that nobody knows is unreachable', async () => {
    const thrown = await failure(connect({ host: 'nowhere.invalid', port: 6379, tls: false }, 3_000, depsOf()));
    expect(['unreachable', 'timeout']).toContain(thrown.kind);
    expect(thrown.message).toContain('nowhere.invalid:6379');
  });

  it('a server that is no Redis is told as an error, not thrown into the process', async () => {
    const web = createServer((socket) => void socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => void web.listen(0, '127.0.0.1', resolve));
    const { port } = web.address() as { port: number };
    const thrown = await failure(connect({ host: '127.0.0.1', port, tls: false }, 1_000, depsOf()));
    expect(thrown.message).toBe(
      `127.0.0.1:${port} does not talk as Redis does: is the port right, and does it want TLS (rediss://)?`,
    );
    await new Promise((resolve) => web.close(resolve));
  });

  it('TLS to a server that speaks none is a matter of TLS', async () => {
    const server = await serve(friendly);
    const thrown = await failure(connect({ ...endpointOf(server), tls: true }, 1_000, depsOf()));
    expect(['tls', 'unreachable', 'timeout']).toContain(thrown.kind);
  });
});

describe('renamed commands', () => {
  const renamed = { auth: 'Enter-5', client: 'guests', config: 'cfg-x1' };
  const other: Handler = (command) =>
    Object.values(renamed).includes(command[0] ?? '') ? OK : error(`ERR unknown command '${command[0]}'`);

  it('are sent by their other names, from the first one on', async () => {
    const server = await serve(other);
    const endpoint: Endpoint = { ...endpointOf({ ...server, password: 'hunter2-hunter2' }), user: 'ana', renamed };
    const connection = await connect(endpoint, 1_000, depsOf('hunter2-hunter2'));
    await connection.call('CONFIG GET', 'maxmemory');
    expect(server.received).toEqual([
      ['Enter-5', 'ana', 'hunter2-hunter2'],
      ['guests', 'SETNAME', 'redis-migrate'],
      ['cfg-x1', 'GET', 'maxmemory'],
    ]);
    connection.close();
  });

  it('are named to people as everybody knows them', async () => {
    const server = await serve(other);
    const connection = await connect({ ...endpointOf(server), renamed: { config: 'cfg-x2' } }, 1_000, depsOf());
    const thrown = await failure(connection.call('CONFIG GET', 'maxmemory'));
    expect(thrown).toMatchObject({ kind: 'unknown_command', command: 'CONFIG GET' });
    expect(thrown.message).toContain('rename-command');
    holdsNo('cfg-x2', thrown);
    connection.close();
  });
});

it('a server that needs no password is not bothered by ours', async () => {
  const server = await serve(except({ AUTH: () => error('ERR Client sent AUTH, but no password is set') }, friendly));
  const endpoint = endpointOf({ ...server, password: 'hunter2-hunter2' });
  const connection = await connect(endpoint, 1_000, depsOf());
  expect(connection.alive).toBe(true);
  connection.close();
});

describe('a command', () => {
  it('that the server refuses leaves the connection as it is', async () => {
    const server = await serve(except({ SLAVEOF: () => error('ERR SLAVEOF not allowed in cluster mode.') }, friendly));
    const connection = await connect(endpointOf(server), 1_000, depsOf());
    const thrown = await failure(connection.call('SLAVEOF', 'NO', 'ONE'));
    expect(thrown).toMatchObject({ kind: 'cluster_mode', command: 'SLAVEOF', outcomeUnknown: false });
    expect(connection.alive).toBe(true);
    expect(await connection.call('CONFIG SET', 'a', 'b')).toBe('OK');
    expect(server.received.at(-1)).toEqual(['CONFIG', 'SET', 'a', 'b']);
    connection.close();
  });

  it('whose connection dies before the answer was sent once, and its outcome is unknown', async () => {
    const server = await serve(except({ SLAVEOF: closing }, friendly));
    const connection = await connect(endpointOf(server), 1_000, depsOf());
    const thrown = await failure(connection.call('SLAVEOF', '127.0.0.1', '1'));
    expect(thrown).toMatchObject({ kind: 'unreachable', outcomeUnknown: true });
    expect(connection.alive).toBe(false);
    await failure(connection.call('PING'));
    expect(sent(server, 'SLAVEOF')).toBe(1);
    expect(server.connections).toBe(0);
  });

  it('that is not answered ends in timeout with an unknown outcome, and the connection with it', async () => {
    const server = await serve(except({ CONFIG: hanging }, friendly));
    const connection = await connect(endpointOf(server), 500, depsOf());
    const { result, ms } = await timed(() => failure(connection.call('CONFIG SET', 'masterauth', 'hunter2-hunter2')));
    expect(result).toMatchObject({ kind: 'timeout', command: 'CONFIG SET', outcomeUnknown: true });
    expect(ms).toBeLessThan(1_500);
    holdsNo('hunter2', result);
    // A late answer would be taken for the answer to the next command.
    expect(connection.alive).toBe(false);
    await until(() => server.connections === 0, { what: 'the connection to be given up' });
    expect(sent(server, 'CONFIG')).toBe(1);
  });

  it('that is refused with its own arguments repeated does not repeat them further', async () => {
    const refuse: Handler = (command) =>
      error(
        `ERR unknown command '${command[0]}', with args beginning with: ${command
          .slice(1)
          .map((arg) => `'${arg}'`)
          .join(' ')} `,
      );
    const server = await serve(except({ CONFIG: refuse }, friendly));
    const connection = await connect(endpointOf(server), 1_000, depsOf());
    // Too short for the registry of secrets: only cutting it off helps.
    const thrown = await failure(connection.call('CONFIG SET', 'masterauth', 'pw123'));
    expect(thrown.kind).toBe('unknown_command');
    holdsNo('pw123', thrown);
    connection.close();
  });

  it('of a slow server takes its time', async () => {
    const server = await serve(slowly(150, friendly));
    const connection = await connect(endpointOf(server), 2_000, depsOf());
    expect(await connection.call('CONFIG SET', 'a', 'b')).toBe('OK');
    connection.close();
  });
});

describe('a kept connection', () => {
  it('is opened once, however many ask for it at once', async () => {
    const server = await serve(slowly(30, friendly));
    const keeper = keepConnection(endpointOf(server), 1_000, depsOf());
    const [first, second] = await Promise.all([keeper.ready(), keeper.ready()]);
    expect(first).toBe(second);
    expect(await keeper.ready()).toBe(first);
    expect(server.connections).toBe(1);
    keeper.close();
  });

  it('is opened again when it has died, and after it was dropped', async () => {
    const server = await serve(friendly);
    const keeper = keepConnection(endpointOf(server), 1_000, depsOf());
    const first = await keeper.ready();
    server.drop();
    await until(() => !first.alive, { what: 'the connection to be seen as dead' });
    const second = await keeper.ready();
    expect(second.alive).toBe(true);
    keeper.drop();
    expect((await keeper.ready()).alive).toBe(true);
    expect(second.alive).toBe(false);
    keeper.close();
  });

  it('that is closed while it is being opened is not used and not left open', async () => {
    const server = await serve(slowly(100, friendly));
    const keeper = keepConnection(endpointOf(server), 1_000, depsOf());
    const opening = failure(keeper.ready());
    await until(() => server.received.length > 0, { what: 'the connection to be under way' });
    keeper.close();
    expect(await opening).toMatchObject({ kind: 'unreachable', outcomeUnknown: false });
    await until(() => server.connections === 0, { what: 'the connection to be closed' });
    await failure(keeper.ready());
  });

  it('that could not be opened is tried again when it is next asked for', async () => {
    const server = await serve(closing);
    const keeper = keepConnection(endpointOf(server), 1_000, depsOf());
    await failure(keeper.ready());
    server.use(friendly);
    expect((await keeper.ready()).alive).toBe(true);
    keeper.close();
  });
});
