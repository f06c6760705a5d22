/** An overlap on real servers: both sides take writes, and nothing that was acknowledged is missing in the end. */
import { expect, it, onTestFinished } from 'vitest';
import { MASK } from '../../src/log.ts';
import { redisServerBinary } from '../../src/sandbox/redis/binary.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { startFleet } from '../../src/sandbox/redis/fleet.ts';
import type { RedisServerHandle } from '../../src/sandbox/redis/server.ts';
import { startTraffic, type Traffic } from '../../src/sandbox/redis/traffic.ts';
import { WRITE_KINDS } from '../../src/sandbox/redis/traffic-book.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { otherServers } from '../support/other-servers.ts';
import { follows, keepsItsOwn, type OpenOptions, type OpenShard, openShard } from '../support/overlap.ts';
import { settingsOf, startPairs, urls } from '../support/servers.ts';

const SERVERS = [
  { name: 'this machine’s Redis', binary: await redisServerBinary() },
  ...otherServers().filter(({ name }) => name === 'valkey 9'),
];

interface Servers {
  readonly sources: readonly RedisServerHandle[];
  readonly destinations: readonly RedisServerHandle[];
}

/** A queue has more than one writer, and is written on both sides while they move one by one. */
const OWN_KEYS = WRITE_KINDS.filter((one) => one !== 'queue');

/** An instance of the application, with keys of its own. */
function instance(shards: readonly RedisServerHandle[]): Traffic {
  const traffic = startTraffic({ shards, ratePerSecond: 150, kinds: OWN_KEYS });
  onTestFinished(() => traffic.stop());
  return traffic;
}

async function toSwitched(harness: Harness, { sources, destinations }: Servers): Promise<string> {
  const id = await harness.start({
    sources: urls(sources),
    destinations: urls(destinations),
    name: 'orders',
    cutover: 'overlap',
  });
  const planned = await harness.open(id, 'continue');
  expect(planned.findings.filter((one) => one.level === 'error')).toEqual([]);
  await harness.click(id, 'gate:continue');
  await harness.open(id, 'switch');
  expect(await harness.click(id, 'gate:switch', { typedName: 'orders' })).toMatchObject({ accepted: true });
  await harness.phase(id, 'switched');
  return id;
}

async function fullSyncsOf(server: RedisServerHandle): Promise<string | undefined> {
  return (await server.info('stats'))['sync_full'];
}

async function opened(options: OpenOptions = {}): Promise<OpenShard> {
  const shard = await openShard(options);
  onTestFinished(() => shard.close());
  return shard;
}

async function usersOf(server: RedisServerHandle): Promise<unknown> {
  return server.call('ACL', 'USERS');
}

it.each(SERVERS)(
  'on $name: instances move one by one while both sides take writes, and no acknowledged write is missing',
  {
    timeout: 60_000,
  },
  async ({ binary }) => {
    const fleet = await startFleet({ binary });
    onTestFinished(() => fleet.close());
    const harness = createHarness();
    onTestFinished(() => harness.close());
    const servers = await startPairs(fleet, 2);
    const { sources, destinations } = servers;
    await Promise.all(sources.map((source) => fill(source, { keys: 1_000 })));
    const before = await Promise.all([...sources, ...destinations].map(settingsOf));
    const instances = [instance(sources), instance(sources), instance(sources)];
    const id = await toSwitched(harness, servers);
    const switched = harness.view(id);
    const syncs = await Promise.all(sources.map(fullSyncsOf));
    expect(switched.shards.map((one) => one.state)).toEqual(['in_step', 'in_step']);
    for (const destination of destinations)
      expect(await destination.info('replication')).toMatchObject({ role: 'slave', slave_read_only: '0' });

    for (const one of instances) {
      const moved = one.counts().map(({ acknowledged }) => acknowledged);
      for (const [index, destination] of destinations.entries()) one.pointAt(index, destination);
      await until(() => one.counts().every(({ acknowledged }, index) => acknowledged > (moved[index] ?? 0) + 50));
      expect(harness.view(id).shards.map((shard) => shard.state)).toEqual(['in_step', 'in_step']);
    }
    await harness.open(id, 'finish');
    expect(await harness.click(id, 'gate:finish')).toMatchObject({ accepted: true });
    const finished = await harness.phase(id, 'finished');
    expect(finished.shards.map((one) => one.state)).toEqual(['promoted', 'promoted']);
    for (const shard of finished.shards) expect(shard.pauseMs).toBeGreaterThan(0);

    for (const one of instances) {
      const verified = await one.verify(destinations);
      expect(verified).toMatchObject({ missing: 0, examples: [] });
      expect(verified.acknowledged).toBeGreaterThan(200);
    }
    // The guard's passwords among them.
    const journal = JSON.stringify(harness.store.journal(id));
    expect(journal).not.toContain(MASK);
    for (const one of destinations) expect(await one.info('replication')).toMatchObject({ role: 'master' });
    for (const one of sources) {
      await expect(one.call('SET', 'late', 'write')).rejects.toThrow(/READONLY/);
      expect(await usersOf(one)).toEqual(['default']);
    }
    expect(await Promise.all(sources.map(fullSyncsOf))).toEqual(syncs);
    expect(await Promise.all([...sources, ...destinations].map(settingsOf))).toEqual(before);
  },
);

it('a key that is written on both sides is counted and told, and finish takes the name typed', async () => {
  const shard = await opened({ policy: { quietMs: 0 } });
  const { source, destination, id } = shard;
  await destination.call('SET', 'both', 'text');
  await source.call('LPUSH', 'both', 'an item');
  await source.call('LPUSH', 'both', 'another');
  await follows(shard);
  await until(() => shard.harness.view(id).journal.some((row) => row.kind === 'conflict'), { within: 10_000 });
  const view = await shard.harness.open(id, 'finish');
  expect(view.shards).toMatchObject([{ state: 'in_step', reason: null }]);
  expect(view.actions.find((one) => one.action === 'gate:finish')).toMatchObject({
    ask: 'form',
    consequence: expect.stringContaining('2 commands of the old side could not be carried out'),
  });
  expect(await shard.harness.click(id, 'gate:finish')).toMatchObject({ accepted: false });
  await shard.harness.click(id, 'gate:finish', { typedName: 'orders' });
  await shard.harness.phase(id, 'finished');
  expect(await destination.call('GET', 'both')).toBe('text');
  await keepsItsOwn(shard);
}, 60_000);

it('an abort gives up the new side: it stops taking writes, then follows nobody, and keeps what it has', async () => {
  const shard = await opened();
  const { source, destination, id } = shard;
  const asked = shard.harness.view(id).actions.find((one) => one.action === 'migration:abort');
  expect(asked).toMatchObject({ ask: 'form', consequence: expect.stringMatching(/given up.*hold [12] keys now/s) });
  expect(await shard.harness.click(id, 'migration:abort')).toMatchObject({ accepted: false });
  expect(await shard.harness.click(id, 'migration:abort', { typedName: 'orders' })).toMatchObject({ accepted: true });
  const aborted = await shard.harness.phase(id, 'aborted');
  const kinds = aborted.journal.map((row) => row.text);
  const closed = kinds.findIndex((text) => /slave-read-only .*so that nobody writes to it any more/.test(text));
  expect(closed).toBeGreaterThan(0);
  expect(kinds.findIndex((text) => /make .* a master of its own/.test(text))).toBeGreaterThan(closed);
  await keepsItsOwn(shard);
  expect(await destination.info('replication')).toMatchObject({ role: 'master' });
  expect(await source.call('EXISTS', 'precious')).toBe(0);
  expect(await source.call('SET', 'shared', 'goes on')).toBe('OK');
  expect(await usersOf(source)).toEqual(['default']);
  expect(await Promise.all([source, destination].map(settingsOf))).toEqual(shard.before);
}, 60_000);

it('a key of the new side is deleted when its old copy expires on the old one: what is warned of is true', async () => {
  const shard = await opened();
  const { source, destination } = shard;
  await source.call('SET', 'session', 'old', 'PX', 1_500);
  await until(async () => (await destination.call('GET', 'session')) === 'old');
  await destination.call('SET', 'session', 'new', 'EX', 1_000);
  await until(async () => (await source.call('EXISTS', 'session')) === 0, { within: 10_000 });
  await until(async () => (await destination.call('EXISTS', 'session')) === 0, { within: 10_000 });
}, 60_000);
