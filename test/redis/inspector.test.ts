/** One look at one server: scripted ones for what goes wrong, a real one for what it sees. */
import { networkInterfaces } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ServerLook } from '../../src/domain/observation.ts';
import { OUR_NAME } from '../../src/redis/connection.ts';
import { RedisError } from '../../src/redis/errors.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { error, type Handler, OK, type ScriptedServer, startScripted } from '../../src/sandbox/redis/scripted.ts';
import { except, hanging, loading, noAuth, noPerm, recorded } from '../../src/sandbox/redis/scripted-ready.ts';
import type { RedisServerHandle } from '../../src/sandbox/redis/server.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { closeAll, endpointOf, inspect } from './support/connect.ts';
import { momentsOf, NAMES, recordsOf } from './support/recordings.ts';

const ALL = { clients: 'all', commandStats: true } as const;
const LITTLE = { clients: 'none', commandStats: false } as const;
const scripted: ScriptedServer[] = [];

async function serve(handler: Handler, password?: string): Promise<ScriptedServer> {
  const server = await startScripted({ handler, ...(password === undefined ? {} : { password }) });
  scripted.push(server);
  return server;
}

afterEach(async () => {
  closeAll();
  await Promise.all(scripted.splice(0).map((server) => server.close()));
});

function good(look: ServerLook): Extract<ServerLook, { ok: true }> {
  if (!look.ok) throw new Error(look.problem.text);
  return look;
}

function asked(server: ScriptedServer, ...words: readonly string[]): number {
  return server.received.filter((command) => words.every((word, place) => command[place]?.toUpperCase() === word))
    .length;
}

describe('a server that misbehaves', () => {
  it.each<[string, Handler, string]>([
    ['asks for a password', noAuth, 'auth_required'],
    ['lets us do nothing', noPerm, 'no_permission'],
  ])('%s: the look says so and does not reject', async (_, handler, kind) => {
    const look = await inspect(endpointOf(await serve(handler))).look(ALL);
    expect(look).toMatchObject({ ok: false, problem: { kind } });
    expect(look.at).toBeGreaterThan(0);
  });

  it('loads its data: is looked at all the same', async () => {
    const look = good(await inspect(endpointOf(await serve(loading))).look(ALL));
    expect(look.facts).toMatchObject({
      loading: { percent: 42 },
      role: 'master',
      writeCalls: expect.anything() as unknown,
    });
    expect(look.clients).toBeNull();
  });

  it('is mute: the look ends in timeout after about five seconds', async () => {
    const began = performance.now();
    const look = await inspect(endpointOf(await serve(hanging))).look(ALL);
    expect(look).toMatchObject({ ok: false, problem: { kind: 'timeout' } });
    expect(performance.now() - began).toBeGreaterThan(4_500);
    expect(performance.now() - began).toBeLessThan(7_000);
  });

  it('refuses CLIENT LIST and commandstats: the rest of the look is there', async () => {
    const real = recorded(recordsOf('r7.0.15'), 'source', 'standalone').handler;
    const handler: Handler = (command, connection) =>
      /^(client list|info commandstats)/i.test(command.join(' '))
        ? error('NOPERM no permissions')
        : real(command, connection);
    const look = good(await inspect(endpointOf(await serve(handler))).look(ALL));
    expect(look).toMatchObject({ clients: null, replicaBufferBytes: null, facts: { keys: 120_002, writeCalls: null } });
  });

  it('drops the connection: the next look is over a new one', async () => {
    const server = await serve(recorded(recordsOf('r7.0.15'), 'source', 'standalone').handler);
    const inspector = inspect(endpointOf(server));
    good(await inspector.look(LITTLE));
    server.drop();
    await until(async () => (await inspector.look(LITTLE)).ok, { what: 'a look over a new connection' });
    expect(server.connections).toBe(1);
  });

  it('closes in the middle of a look: the look fails, and nothing is asked twice in it', async () => {
    const server = await serve(except({ INFO: () => 'close' }, () => OK));
    const look = await inspect(endpointOf(server)).look(LITTLE);
    expect(look).toMatchObject({ ok: false, problem: { kind: 'unreachable' } });
    expect(asked(server, 'INFO')).toBe(1);
  });
});

describe.each(NAMES)('%s, as it was recorded', (name) => {
  it('is looked at with all that it can tell', async () => {
    const last = momentsOf(name).at(-1);
    const server = await serve(recorded(recordsOf(name), 'source', last?.state ?? '').handler);
    const inspector = inspect(endpointOf(server));
    const look = good(await inspector.look(ALL));
    expect(look.facts).toMatchObject({ version: name.slice(1), role: 'master', keys: 120_002 });
    expect(look.clients).toHaveLength(2);
    expect(look.clients?.some((client) => client.isReplica)).toBe(false);
    expect(look.replicaBufferBytes).toBeGreaterThanOrEqual(0);
    const before = server.received.length;
    const replicas = good(await inspector.look({ clients: 'replicas', commandStats: false }));
    expect(replicas.clients).toBeNull();
    expect(replicas.replicaBufferBytes).toBe(look.replicaBufferBytes);
    await inspector.look({ clients: 'replicas', commandStats: false });
    // The recordings know no filter: it is tried once, not every second.
    const lists = server.received
      .slice(before)
      .filter((command) => command.length === 4 && /^client$/i.test(command[0] ?? ''));
    expect(lists).toHaveLength(1);
    expect(asked(server, 'CLIENT', 'SETNAME')).toBe(1);
  });
});

describe('a real server', () => {
  let fleet: Fleet;
  let server: RedisServerHandle;

  beforeAll(async () => {
    fleet = await startFleet();
    const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some((one) => one.address === '::1'));
    const bind = hasIpv6 ? '127.0.0.1 ::1' : '127.0.0.1';
    server = await fleet.server({ requirepass: 'hunter2-hunter2', config: { bind } });
  });

  afterAll(() => fleet.close());

  it('looks are over one connection, which is not among the clients', async () => {
    const inspector = inspect(endpointOf(server));
    const application = server.client({ connectionName: 'orders-app' });
    await application.set('a', '1');
    const stats = async () => Number((await server.info('stats'))['total_connections_received']);
    const first = good(await inspector.look(ALL));
    const before = await stats();
    const second = good(await inspector.look(ALL));
    // The one more is that of the question itself.
    expect(await stats()).toBe(before + 1);
    expect(first.clients?.map((client) => client.name)).toContain('orders-app');
    expect(second.clients?.map((client) => client.name)).not.toContain(OUR_NAME);
    expect(await application.client('LIST')).toContain(`name=${OUR_NAME}`);
    expect(second.at).toBeGreaterThan(first.at);
    application.disconnect();
  });

  it('counts its writes', async () => {
    const inspector = inspect(endpointOf(server));
    const before = good(await inspector.look(ALL)).facts.writeCalls ?? 0;
    const application = server.client();
    for (let count = 0; count < 5; count += 1) await application.incr('n');
    await application.get('n');
    const after = good(await inspector.look(ALL)).facts.writeCalls ?? 0;
    expect(after - before).toBe(5);
    application.disconnect();
  });

  it('tells its settings, and null for one that it does not have', async () => {
    const inspector = inspect(endpointOf(server));
    expect(await inspector.setting('repl-ping-slave-period')).toBe('10');
    expect(await inspector.setting('masterauth')).toBe('');
    expect(await inspector.setting('no-such-setting')).toBeNull();
  });

  it('refuses a wrong password, and the password is nowhere', async () => {
    const look = await inspect(endpointOf({ ...server, password: 'wrong-password' })).look(ALL);
    expect(look).toMatchObject({ ok: false, problem: { kind: 'auth_failed' } });
    expect(JSON.stringify(look)).not.toMatch(/wrong-password|hunter2/);
    const none = await inspect({ host: server.host, port: server.port, tls: false }).look(ALL);
    expect(none).toMatchObject({ ok: false, problem: { kind: 'auth_required' } });
  });

  it('that is frozen is waited for, and looked at again when it thaws', async () => {
    const inspector = inspect(endpointOf(server));
    good(await inspector.look(LITTLE));
    server.freeze();
    const look = await inspector.look(LITTLE);
    server.thaw();
    expect(look).toMatchObject({ ok: false, problem: { kind: 'timeout' } });
    good(await inspector.look(LITTLE));
  });

  it('that was restarted is looked at again, and is another process', async () => {
    const inspector = inspect(endpointOf(server));
    const { runId } = good(await inspector.look(LITTLE)).facts;
    await server.restart();
    const again = await until(
      async () => {
        const look = await inspector.look(LITTLE);
        return look.ok ? look : null;
      },
      { what: 'a look after the restart' },
    );
    expect(good(again).facts.runId).not.toBe(runId);
  });

  it('at its maxclients says so', async () => {
    const held = server.client();
    await held.ping();
    await server.config('maxclients', '1');
    const look = await inspect(endpointOf(server)).look(LITTLE);
    await held.config('SET', 'maxclients', '1000');
    expect(look).toMatchObject({ ok: false, problem: { kind: 'max_clients' } });
    held.disconnect();
  });

  it('is reached over IPv6', async (context) => {
    const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some((one) => one.address === '::1'));
    if (!hasIpv6) context.skip('this machine has no IPv6 loopback');
    const look = good(await inspect(endpointOf({ ...server, host: '::1', password: 'hunter2-hunter2' })).look(LITTLE));
    expect(look.facts.role).toBe('master');
  });

  it('replication alone is the same as in a whole look; a closed inspector asks nothing more', async () => {
    const inspector = inspect(endpointOf(server));
    const look = good(await inspector.look(LITTLE));
    const { role, replication } = await inspector.replication();
    expect({ role, replid: replication.replid }).toEqual({ role: 'master', replid: look.facts.replication.replid });
    inspector.close();
    inspector.close();
    await expect(inspector.replication()).rejects.toBeInstanceOf(RedisError);
    expect(await inspector.look(LITTLE)).toMatchObject({ ok: false });
  });
});
