/** What preflight asks beyond a look, on a real server and on what thirteen real servers answered. */
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Server } from '../../src/domain/dialect.ts';
import type { Endpoint } from '../../src/domain/endpoint.ts';
import type { Side } from '../../src/domain/event.ts';
import type { ServerProbe } from '../../src/domain/preflight/sight.ts';
import { factsFrom } from '../../src/redis/facts.ts';
import { parseInfo } from '../../src/redis/info.ts';
import { probeServer } from '../../src/redis/probe.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { array, bulk, error, type Handler, int, startScripted } from '../../src/sandbox/redis/scripted.ts';
import { except, loading, recorded } from '../../src/sandbox/redis/scripted-ready.ts';
import type { RedisServerHandle } from '../../src/sandbox/redis/server.ts';
import { otherServers } from '../support/other-servers.ts';
import { depsOf, endpointOf } from './support/connect.ts';
import { infoOf, isAtLeast, NAMES, recordsOf } from './support/recordings.ts';

const SEVEN: Server = { kind: 'redis', version: '7.0.15' };

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet();
});
afterEach(async () => {
  await Promise.all(fleet.servers.map((one) => one.stop()));
});
afterAll(() => fleet.close());

function ask(endpoint: Endpoint, side: Side, server = SEVEN): Promise<ServerProbe> {
  return probeServer(endpoint, side, server, { ...depsOf(), clock: systemClock });
}

/** Everything that a probe could have changed: all settings, the role, whom it follows, who is paused, what it holds. */
async function stateOf(server: RedisServerHandle): Promise<unknown> {
  const info = await server.info();
  const kept = Object.entries(info).filter(([name]) =>
    /^(role|master_|slave|connected_slaves|repl_backlog|second_repl|sync_|rdb_|aof_|db\d|blocked|loading|maxmemory|paused)/.test(
      name,
    ),
  );
  const volatile = /^(master_link_down_since|master_last_io|rdb_changes)/;
  const role = await server.call('ROLE');
  return {
    // What its replicas have acknowledged moves by itself.
    info: kept
      .filter(([name]) => !volatile.test(name))
      .map(([name, value]) => [name, value.replace(/,offset=.*$/, '')]),
    config: await server.call('CONFIG', 'GET', '*'),
    role: Array.isArray(role) ? role.slice(0, role[0] === 'master' ? 2 : 5) : role,
    acl: await server.call('ACL', 'LIST'),
  };
}

/** Of one version: this machine's own one when `binary` is left out. */
async function changesNothing(side: Side, server: Server, binary?: string): Promise<void> {
  const on = binary === undefined ? {} : { binary };
  const master = await fleet.server({ ...on, config: { 'repl-diskless-sync-delay': '0' } });
  const replica = await fleet.server(on);
  await master.call('SET', 'k', 'v');
  await replica.call('REPLICAOF', '127.0.0.1', String(master.port));
  await expect.poll(async () => (await replica.info())['master_link_status'], { timeout: 10_000 }).toBe('up');
  await master.config('repl-ping-replica-period', '3600');
  await expect
    .poll(async () => (await replica.info())['slave_repl_offset'] === (await master.info())['master_repl_offset'])
    .toBe(true);
  // The sync's own child process is still on its way out.
  await expect.poll(async () => (await master.info())['rdb_bgsave_in_progress'], { timeout: 10_000 }).toBe('0');
  for (const one of [master, replica]) {
    const before = await stateOf(one);
    const probe = await ask(endpointOf(one), side, server);
    expect(probe).toMatchObject({ settingsProblem: null, denied: [], sentinels: [] });
    expect(Math.abs(probe.clock?.aheadMs ?? Number.NaN)).toBeLessThan(50 + (probe.clock?.errorMs ?? 0));
    expect(await stateOf(one)).toEqual(before);
    // Nobody is paused.
    expect(await one.call('PUBLISH', 'c', 'm')).toBe(0);
  }
}

describe.each(['source', 'destination'] as const)(
  'probing a %s changes nothing on it, be it a master or a replica',
  (side) => {
    test("this machine's server", () => changesNothing(side, SEVEN));
    test.for(otherServers())('$kind $version', ({ kind, version, binary }) =>
      changesNothing(side, { kind, version }, binary),
    );
  },
);

test('a clock on the same machine agrees to within the round trip', async () => {
  const server = await fleet.server();
  const { clock } = await ask(endpointOf(server), 'source');
  expect(Math.abs(clock?.aheadMs ?? Number.NaN)).toBeLessThan(50 + (clock?.errorMs ?? 0));
});

test('a clock that is wrong is seen, and the way there is not taken for it', async () => {
  const server = await startScripted({
    handler: except(
      {
        TIME: async () => {
          await systemClock.sleep(100);
          return array([bulk(String(Math.floor(Date.now() / 1000) + 60)), bulk('0')]);
        },
      },
      (command) => (command[0] === 'CONFIG' ? array([]) : error('ERR nothing')),
    ),
  });
  onTestFinished(() => server.close());
  const { clock } = await ask(endpointOf(server), 'destination');
  expect(clock?.errorMs).toBeGreaterThan(45);
  expect(clock?.aheadMs).toBeGreaterThan(58_500);
  expect(clock?.aheadMs).toBeLessThan(60_500);
});

test('functions and engines', async () => {
  const server = await fleet.server();
  expect(await ask(endpointOf(server), 'source')).toMatchObject({ functions: { libraries: 0, engines: [] } });
  await server.call('FUNCTION', 'LOAD', "#!lua name=mine\nredis.register_function('f', function() return 1 end)");
  expect(await ask(endpointOf(server), 'source')).toMatchObject({ functions: { libraries: 1, engines: ['LUA'] } });
  expect(await ask(endpointOf(server), 'destination')).toMatchObject({ functions: null, engines: ['LUA'] });
});

test('a Sentinel is seen by the names of its connections, or by its subscription where CLIENT LIST is not for us', async () => {
  const server = await fleet.server();
  const sentinel = server.client({ connectionName: 'sentinel-0123abcd-pubsub' });
  await sentinel.subscribe('__sentinel__:hello');
  expect((await ask(endpointOf(server), 'source')).sentinels).toEqual(['127.0.0.1']);
  await server.call('ACL', 'SETUSER', 'few', 'on', '>pw', '+@all', '-client|list');
  const few = { user: 'few', password: { kind: 'env', name: 'pw' } } as const;
  expect(await ask(endpointOf(server, few), 'destination')).toMatchObject({ sentinels: [''], denied: [] });
});

test('a user without rights is told each one, and nothing is tried for good', async () => {
  const server = await fleet.server();
  await server.call('ACL', 'SETUSER', 'few', 'on', '>pw', '+info', '+config|get');
  const few = endpointOf(server, { user: 'few', password: { kind: 'env', name: 'pw' } });
  const before = await stateOf(server);
  const commands = (probe: ServerProbe) => probe.denied.map((one) => `${one.command}: ${one.why}`);
  const source = await ask(few, 'source');
  expect(commands(source)).toEqual([
    'SLAVEOF: no_permission',
    'CONFIG SET: no_permission',
    'CLIENT PAUSE: no_permission',
    'PSYNC: no_permission',
    'REPLCONF: no_permission',
    'CLIENT LIST: no_permission',
  ]);
  expect(source).toMatchObject({ modules: null, functions: null, clock: null, settingsProblem: null });
  // The way back needs of it what the way over needs of its source.
  expect(commands(await ask(few, 'destination'))).toEqual(
    commands(source).filter((one) => !one.startsWith('CLIENT LIST')),
  );
  expect(await stateOf(server)).toEqual(before);

  const rights = ['+slaveof', '+config|set', '+client|pause', '+client|list', '+psync', '+replconf'];
  await server.call('ACL', 'SETUSER', 'few', ...rights);
  expect((await ask(few, 'source')).denied).toEqual([]);
});

test('a renamed command is found by its name in the inventory, and told as hidden without it', async () => {
  const server = await fleet.server({ config: { 'rename-command': 'SLAVEOF follow-me' } });
  expect((await ask(endpointOf(server), 'destination')).denied).toEqual([{ command: 'SLAVEOF', why: 'hidden' }]);
  const told = endpointOf(server, { renamed: { slaveof: 'follow-me' } });
  expect((await ask(told, 'destination')).denied).toEqual([]);
  expect((await server.info())['role']).toBe('master');
});

test('a server that hides CONFIG has a sentence and no settings', async () => {
  const server = await fleet.server({ config: { 'rename-command': 'CONFIG ""' } });
  const probe = await ask(endpointOf(server), 'source');
  expect(probe.settingsProblem).toMatch(/does not know CONFIG GET/);
  expect(probe.settings.size).toBe(0);
  expect(probe.denied).toEqual([{ command: 'CONFIG SET', why: 'hidden' }]);
});

test('a server that has begun to load meanwhile is no answer', async () => {
  const server = await startScripted({ handler: loading });
  onTestFinished(() => server.close());
  await expect(ask(endpointOf(server), 'source')).rejects.toMatchObject({ kind: 'loading' });
});

/** What the recordings don't have: as each version says it. */
function restOf(name: string): Readonly<Record<string, Handler>> {
  const arity = (command: string) => error(`ERR wrong number of arguments for '${command}' command`);
  return {
    SLAVEOF: (command) => (command.length === 1 ? arity('slaveof') : error('ERR Invalid master port')),
    PSYNC: (command) =>
      isAtLeast(name, '6.2') && command.length === 4
        ? error("ERR PSYNC FAILOVER can't be sent to a master.")
        : arity('psync'),
    ACL: (command) =>
      command[1]?.toUpperCase() === 'LIST'
        ? array([bulk('user default on nopass ~* +@all')])
        : error("ERR Unknown subcommand or wrong number of arguments for 'SETUSER'. Try ACL HELP."),
    SYNC: () => arity('sync'),
    REPLCONF: () => error('ERR syntax error'),
    PUBSUB: (command) => array([bulk(command[2] ?? ''), int(0)]),
  };
}

describe.each(NAMES)('%s', (name) => {
  const server = factsFrom(parseInfo(infoOf(name, 'source', 'standalone')), false);

  it.each(['source', 'destination'] as const)('as a %s is asked only what it refuses', async (side) => {
    const asked: string[] = [];
    const { handler } = recorded(recordsOf(name), 'source', 'standalone');
    const real = except(restOf(name), (command, connection) => {
      const [first = '', second = ''] = command.map((word) => word.toUpperCase());
      if (first === 'CONFIG' && second === 'SET') return error(`ERR Unsupported CONFIG parameter: ${command[2]}`);
      if (first === 'CONFIG' && second === 'GET') return array([bulk(command[2] ?? ''), bulk('0')]);
      if (first === 'CLIENT' && second === 'PAUSE') return error('ERR timeout is not an integer or out of range');
      if (first === 'FUNCTION' && second === 'STATS') return array([bulk('engines'), array([bulk('LUA'), array([])])]);
      return handler(command, connection);
    });
    const scripted = await startScripted({
      handler: (command, connection) => {
        asked.push(command.join(' '));
        return real(command, connection);
      },
    });
    onTestFinished(() => scripted.close());
    const probe = await ask(endpointOf(scripted), side, server);
    expect(probe).toMatchObject({ denied: [], settingsProblem: null, sentinels: [] });
    const names = name.startsWith('r8') ? ['vectorset'] : name.startsWith('v9') ? ['lua'] : [];
    expect(probe.modules?.map((one) => one.name)).toEqual(names);
    expect(probe.clock === null).toBe(!isAtLeast(name, '2.6'));
    expect(probe.engines).toEqual(side === 'destination' && isAtLeast(name, '7.0') ? ['LUA'] : null);
    const follow = asked.filter((one) => /^slaveof/i.test(one));
    expect(follow).toEqual([isAtLeast(name, '6.0') ? 'SLAVEOF 127.0.0.1 notaport' : 'SLAVEOF']);
    const sync = asked.filter((one) => /^p?sync/i.test(one));
    const psync = isAtLeast(name, '6.2') ? 'PSYNC redis-migrate-preflight -1 FAILOVER' : 'PSYNC';
    // From 4.0 on an old server may be able to follow its new one, on the way back.
    const leads = side === 'source' || isAtLeast(name, '4.0');
    expect(sync).toEqual(leads ? [isAtLeast(name, '2.8') ? psync : 'SYNC x'] : []);
    expect(asked.filter((one) => /pause/i.test(one))).toEqual(
      leads && isAtLeast(name, '6.2') ? ['CLIENT PAUSE notanumber WRITE'] : [],
    );
  });
});
