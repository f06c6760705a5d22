/** After the switch: the old servers follow the new ones, and take the writes again by the same proof. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { startTraffic, type Traffic } from '../../src/sandbox/redis/traffic.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { type Pairs, settingsOf, startPairs, urls } from '../support/servers.ts';

let fleet: Fleet;
let harness: Harness;
let pairs: Pairs;
let traffic: Traffic;

beforeEach(async () => {
  fleet = await startFleet();
  pairs = await startPairs(fleet, 2);
  harness = createHarness();
  await Promise.all(pairs.sources.map((source) => fill(source, { keys: 500 })));
  traffic = startTraffic({ shards: pairs.sources, ratePerSecond: 400 });
});

afterEach(async () => {
  await traffic?.stop();
  await harness?.close();
  await fleet?.close();
});

async function toSwitched(): Promise<string> {
  const { sources, destinations } = pairs;
  const id = await harness.start({ sources: urls(sources), destinations: urls(destinations), name: 'orders' });
  await harness.open(id, 'continue');
  await harness.click(id, 'gate:continue');
  await harness.open(id, 'switch');
  await harness.click(id, 'gate:switch');
  await harness.phase(id, 'switched');
  for (const [index, destination] of destinations.entries()) traffic.pointAt(index, destination);
  return id;
}

async function wayBackOpen(id: string): Promise<void> {
  await until(() => harness.view(id).wayBack?.open, { within: 15_000 }).catch(() => {
    throw new Error(`the way back did not open: ${harness.view(id).wayBack?.text}`);
  });
}

test('a rolled back migration has every acknowledged write on the old servers, and the new ones refuse writes', async () => {
  const { sources, destinations } = pairs;
  const before = await Promise.all([...sources, ...destinations].map(settingsOf));
  const id = await toSwitched();
  await wayBackOpen(id);
  for (const destination of destinations) expect(await destination.info('stats')).toMatchObject({ sync_full: '0' });

  expect(await harness.click(id, 'migration:rollback')).toMatchObject({ accepted: true });
  const ended = await harness.phase(id, 'rolled_back', 'switched');
  expect(ended.phase).toBe('rolled_back');
  for (const [index, source] of sources.entries()) traffic.pointAt(index, source);
  const { acknowledged } = traffic.counts()[0] ?? { acknowledged: 0 };
  await until(() => (traffic.counts()[0]?.acknowledged ?? 0) > acknowledged + 50);

  for (const destination of destinations)
    await expect(destination.call('SET', 'late', 'write')).rejects.toThrow(/READONLY/);
  expect(await traffic.verify(sources)).toMatchObject({ missing: 0, examples: [] });
  expect(await Promise.all([...sources, ...destinations].map(settingsOf))).toEqual(before);
});

test('finish closes the way back: the old servers follow nobody that writes any more', async () => {
  const { sources } = pairs;
  const id = await toSwitched();
  await wayBackOpen(id);
  await traffic.stop();
  await harness.open(id, 'finish');
  await harness.click(id, 'gate:finish');
  const finished = await harness.phase(id, 'finished');
  expect(finished.actions.map((one) => one.action)).toEqual(['migration:axe']);
  expect(await harness.click(id, 'migration:rollback')).toMatchObject({ accepted: false });
  for (const source of sources) {
    expect(await source.info('replication')).toMatchObject({ role: 'slave', master_port: '1' });
    await expect(source.call('SET', 'late', 'write')).rejects.toThrow(/READONLY/);
  }
});

test('an old server that was restarted closes the way back, with the reason', async () => {
  const id = await toSwitched();
  await wayBackOpen(id);
  const [, second] = pairs.sources;
  await second?.kill();
  await second?.start();
  await until(() => harness.view(id).wayBack?.open === false && /restarted/.test(harness.view(id).wayBack?.text ?? ''));
  const answer = await harness.click(id, 'migration:rollback');
  expect(answer).toMatchObject({ accepted: false });
  expect(answer.text).toMatch(/The way back is closed\. Shard 2: .* was restarted since/);
});

test('a new server that let replicas take writes before stays fenced when it is rolled back, and that is told', async () => {
  const { destinations } = pairs;
  for (const destination of destinations) await destination.config('replica-read-only', 'no');
  const id = await toSwitched();
  await wayBackOpen(id);
  await harness.click(id, 'migration:rollback');
  const ended = await harness.phase(id, 'rolled_back', 'switched');
  expect(ended.phase).toBe('rolled_back');
  for (const destination of destinations)
    await expect(destination.call('SET', 'late', 'write')).rejects.toThrow(/READONLY/);
  expect(ended.journal.filter((row) => /slave-read-only stays yes on /.test(row.text))).toHaveLength(2);
});

test('another replica of a new server does not close the way back', async () => {
  const id = await toSwitched();
  await wayBackOpen(id);
  const [first] = pairs.destinations;
  const extra = await fleet.server();
  await extra.call('REPLICAOF', '127.0.0.1', String(first?.port));
  await until(async () => (await extra.info('replication'))['master_link_status'] === 'up', { within: 15_000 });
  expect(await first?.info('stats')).toMatchObject({ sync_full: '1' });
  const seen = harness.view(id).asOf;
  await until(() => harness.view(id).asOf !== seen);
  await until(() => harness.view(id).asOf !== seen && harness.view(id).wayBack?.open === true);
  expect(await harness.click(id, 'migration:rollback')).toMatchObject({ accepted: true });
  const ended = await harness.phase(id, 'rolled_back', 'switched');
  expect(ended.phase, ended.waitingFor ?? '').toBe('rolled_back');
  for (const [index, source] of pairs.sources.entries()) traffic.pointAt(index, source);
  expect(await traffic.verify(pairs.sources)).toMatchObject({ missing: 0, examples: [] });
});
