/** The world outside Slack, on real servers; the bot's part is played by the test. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HookKind } from '../../../src/domain/hook.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { Application } from '../../../src/sandbox/demo/application.ts';
import type { DemoBot, Migration } from '../../../src/sandbox/demo/bot.ts';
import { Deployments } from '../../../src/sandbox/demo/deployments.ts';
import { closePairs, fillPairs, type Pair, startPairs } from '../../../src/sandbox/demo/fleet.ts';
import { DemoWorld } from '../../../src/sandbox/demo/world.ts';
import type { WorldApplication, WorldServer } from '../../../src/sandbox/page/state.ts';
import { type Fleet, startFleet } from '../../../src/sandbox/redis/fleet.ts';
import { connectRaw } from '../../../src/sandbox/redis/raw-connection.ts';
import { until } from '../../../src/sandbox/redis/wait.ts';
import { hookOf, hooksTo } from '../../support/hook-stage.ts';

const KEYS = 300;

let fleet: Fleet;
let pair: Pair;
let application: Application;
let world: DemoWorld;
let deployments: Deployments;
let migrations: Migration[] = [];
let alive = true;
let tell = () => {};

const bot: DemoBot = {
  get running() {
    return alive;
  },
  async start() {
    alive = true;
    tell();
  },
  async kill() {
    alive = false;
    tell();
  },
  migrations: async () => (alive ? migrations : null),
  onChange(listener) {
    tell = listener;
  },
  close: async () => {},
};

beforeAll(async () => {
  fleet = await startFleet();
  const pairs = await startPairs(fleet, { shards: 1, syncMs: 0 });
  pair = pairs[0]!;
  await fillPairs(pairs, KEYS);
  application = new Application(pairs, 200);
  deployments = await Deployments.start(application);
  world = new DemoWorld({ pairs, application, bot, deployments });
});

afterAll(async () => {
  await world?.close();
  await deployments?.close();
  if (pair !== undefined) await closePairs([pair]);
  await fleet?.close();
});

function server(id: string): WorldServer {
  return world.state().servers.find((one) => one.id === id)!;
}

function app(): WorldApplication {
  return world.state().application[0]!;
}

async function follow(): Promise<void> {
  await pair.new.call('REPLICAOF', pair.wire.host, pair.wire.port);
  await until(() => server('new-1').link === 'up', { within: 40_000, what: 'the link to be seen up' });
}

async function sync(counter: 'full' | 'partial_ok'): Promise<number> {
  return Number((await pair.old.info('stats'))[`sync_${counter}`]);
}

describe('one shard', () => {
  test('both servers are seen with address, role, keys and speed', async () => {
    await until(() => (server('old-1').keys ?? 0) >= KEYS && (server('old-1').opsPerSecond ?? 0) > 0);
    expect(server('old-1')).toMatchObject({
      side: 'old',
      shard: 0,
      address: `127.0.0.1:${pair.wire.port}`,
      running: true,
      role: 'master',
      link: null,
    });
    expect(server('new-1')).toMatchObject({ side: 'new', role: 'master', keys: 0 });
    await until(() => app().acknowledged > 50, { what: 'writes' });
    expect(app()).toMatchObject({ shard: 0, pointsAt: 'old', refused: 0 });
  });

  test('a cut link stays down until it is mended, heals without another full sync, and no setting is changed', async () => {
    const settings = async () => [await pair.old.call('CONFIG', 'GET', '*'), await pair.new.call('CONFIG', 'GET', '*')];
    await expect(world.act({ kind: 'cut_link', server: 'new-1' })).rejects.toThrow('there is no link to cut');
    await follow();
    const [full, partial] = [await sync('full'), await sync('partial_ok')];
    const before = await settings();
    await world.act({ kind: 'cut_link', server: 'old-1' });
    await expect(world.act({ kind: 'cut_link', server: 'new-1' })).rejects.toThrow('cut already');
    await until(() => server('new-1').link === 'down', { what: 'the link to be seen down' });
    // The new server tries once a second: it has been cut off again by then, not merely left waiting.
    const tries = async () => (await pair.new.log(200)).split('Non blocking connect for SYNC fired').length;
    const triedBefore = await tries();
    await until(async () => (await tries()) >= triedBefore + 2, { what: 'two reconnects that were cut off' });
    expect(server('new-1')).toMatchObject({ role: 'replica', link: 'down', isCut: true });
    // Everybody else still gets through by the same address.
    expect(await (await connectRaw(pair.wire)).send('PING')).toBe('PONG');
    expect(app()).toMatchObject({ pointsAt: 'old', refused: 0 });
    expect(await settings()).toEqual(before);
    await world.act({ kind: 'mend_link', server: 'new-1' });
    await until(() => server('new-1').link === 'up', { what: 'the link to be seen up again' });
    expect(server('new-1').isCut).toBe(false);
    expect([await sync('full'), await sync('partial_ok')]).toEqual([full, partial + 1]);
    await expect(world.act({ kind: 'mend_link', server: 'new-1' })).rejects.toThrow('is not cut');
  });

  test('a flood is many more writes on top', async () => {
    await world.act({ kind: 'flood_writes' });
    await expect(world.act({ kind: 'flood_writes' })).rejects.toThrow('A flood is under way');
    await until(() => app().acknowledgedPerSecond > 2_000, { what: 'the flood' });
  });

  test('a slow destination answers now and then only, and the source can not be slowed', async () => {
    await expect(world.act({ kind: 'slow_destination', server: 'old-1' })).rejects.toThrow('is no destination');
    await world.act({ kind: 'slow_destination', server: 'new-1' });
    const isSlow = async () => {
      const began = performance.now();
      await pair.new.call('PING');
      return performance.now() - began > 300;
    };
    await until(isSlow, { what: 'an answer that takes its time' });
    expect(server('new-1').isSlow).toBe(true);
    await expect(world.act({ kind: 'slow_destination', server: 'new-1' })).rejects.toThrow('slow already');
  });

  test('a killed source comes back with everything that it acknowledged', async () => {
    await world.act({ kind: 'kill_server', server: 'old-1' });
    expect(server('old-1')).toMatchObject({ running: false, role: null, keys: null, link: null });
    await expect(world.act({ kind: 'kill_server', server: 'old-1' })).rejects.toThrow('down already');
    const { acknowledged } = app();
    await world.act({ kind: 'start_server', server: 'old-1' });
    await expect(world.act({ kind: 'start_server', server: 'old-1' })).rejects.toThrow('is running');
    await until(() => (server('old-1').keys ?? 0) >= KEYS, { what: 'the data' });
    await until(() => app().acknowledged > acknowledged, { what: 'writes again' });
    await expect(world.act({ kind: 'kill_server', server: 'old-7' })).rejects.toThrow('There is no server old-7');
  });

  test('the bot is stopped and started', async () => {
    await world.act({ kind: 'stop_bot' });
    expect(world.state().botRunning).toBe(false);
    await expect(world.act({ kind: 'stop_bot' })).rejects.toThrow('down already');
    await world.act({ kind: 'start_bot' });
    expect(world.state().botRunning).toBe(true);
  });

  test('webhooks point the application there and back by address, and a freeze says no to a switch alone', async () => {
    const hooks = hooksTo(deployments.url, { secret: new Secret(deployments.secret) });
    const source = { host: pair.wire.host, port: pair.wire.port };
    const shards = [{ index: 0, source, destination: { host: '127.0.0.1', port: pair.new.port } }];
    const send = (kind: HookKind) => hooks.send({ ...hookOf(kind), shards });
    await world.act({ kind: 'freeze_deployments' });
    await expect(world.act({ kind: 'freeze_deployments' })).rejects.toThrow('Deployments are frozen already.');
    expect(world.state().deploymentsFrozen).toBe(true);
    expect(await send('before_switch')).toMatchObject({ kind: 'refused', text: 'deployments are frozen' });
    expect(await send('switched')).toEqual({ kind: 'ok' });
    expect(app().pointsAt).toBe('new');
    await world.act({ kind: 'allow_deployments' });
    expect(await send('before_switch')).toEqual({ kind: 'ok' });
    expect(await send('rolled_back')).toEqual({ kind: 'ok' });
    expect(app().pointsAt).toBe('old');
  });

  test('after the switch: fence, refused writes, the application moves, every write is looked up', {
    timeout: 60_000,
  }, async () => {
    await follow();
    await pair.old.call('CLIENT', 'PAUSE', '5000', 'WRITE');
    const offset = async () => (await pair.old.info('replication'))['master_repl_offset'];
    await until(async () => (await pair.new.info('replication'))['slave_repl_offset'] === (await offset()), {
      within: 20_000,
    });
    await pair.old.call('REPLICAOF', '127.64.0.1', '1');
    await pair.new.call('REPLICAOF', 'NO', 'ONE');
    await pair.old.call('CLIENT', 'UNPAUSE');
    await until(() => server('old-1').role === 'fenced' && server('new-1').role === 'master', {
      what: 'the new roles',
    });
    expect(server('old-1').link).toBe(null);
    await until(() => app().refused > 0, { what: 'refused writes' });
    await expect(world.act({ kind: 'point_application', shard: 7 })).rejects.toThrow('There is no instance 8');
    await world.act({ kind: 'point_application', shard: 0 });
    expect(app().pointsAt).toBe('new');
    const { acknowledged } = app();
    await until(() => app().acknowledged > acknowledged, { what: 'writes on the new server' });

    const shard = { source: `127.0.0.1:${pair.wire.port}`, destination: `127.0.0.1:${pair.new.port}` };
    const migration = { id: 'm-7k3q', waitingFor: null, messageTs: null, findings: [], gates: [] } as const;
    migrations = [{ ...migration, phase: 'finishing', shards: [shard] }] as unknown as Migration[];
    expect(world.state().verified).toBe(null);
    migrations = [{ ...migration, phase: 'finished', shards: [shard] }] as unknown as Migration[];
    const found = await world.verified;
    expect(found).toMatchObject({ missing: 0, examples: [] });
    expect(found.acknowledged).toBeGreaterThan(2_000);
    expect(world.state().verified).toEqual({ acknowledged: found.acknowledged, missing: 0 });
    await expect(world.act({ kind: 'flood_writes' })).rejects.toThrow('The application has ended');
  });
});
