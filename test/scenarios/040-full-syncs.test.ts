/**
 * Full syncs that always end. A source that may keep one megabyte for its replicas, under more writes than that in the
 * time of a copy: left alone the copy begins again for ever; prepared, it ends on the first try.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { type Proxy, startProxy } from '../../src/sandbox/redis/proxy.ts';
import { startTraffic, type Traffic } from '../../src/sandbox/redis/traffic.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { type Pairs, settingsOf, startPairs, urls } from '../support/servers.ts';

const SMALL_BUFFER = { 'client-output-buffer-limit': 'replica 1mb 1mb 60' };

let fleet: Fleet;
let pairs: Pairs;
let harness: Harness | undefined;
let traffic: Traffic | undefined;
let proxy: Proxy | undefined;

beforeEach(async () => {
  fleet = await startFleet();
});

afterEach(async () => {
  await traffic?.stop();
  await harness?.close();
  await proxy?.close();
  await fleet.close();
  traffic = undefined;
  harness = undefined;
  proxy = undefined;
});

async function underWrites(config: Readonly<Record<string, string>>): Promise<void> {
  pairs = await startPairs(fleet, 1, config);
  await Promise.all(pairs.sources.map((source) => fill(source, { keys: 60_000, valueBytes: 400 })));
  traffic = startTraffic({ shards: pairs.sources, ratePerSecond: 6_000, kinds: ['pipeline'], valueBytes: 2_000 });
}

async function begin(made: Harness): Promise<string> {
  harness = made;
  const id = await made.start({ sources: urls(pairs.sources), destinations: urls(pairs.destinations), name: 'orders' });
  await made.open(id, 'continue');
  expect(await made.click(id, 'gate:continue')).toMatchObject({ accepted: true });
  return id;
}

function all(): Promise<Record<string, unknown>[]> {
  return Promise.all([...pairs.sources, ...pairs.destinations].map(settingsOf));
}

test('unprepared, the loop alarm names the cause within ten seconds, and its button mends it', async () => {
  await underWrites(SMALL_BUFFER);
  const before = await all();
  const made = createHarness({ policy: { tuneSyncs: false } });
  const id = await begin(made);
  const alarm = await until(() => made.view(id).journal.find((row) => row.kind === 'sync_alarm'), { within: 10_000 });
  expect(alarm?.text).toMatch(/output buffer.*1\.0 MiB/);
  expect(alarm?.text).toMatch(/CONFIG SET client-output-buffer-limit "[^"]*slave \d{9,} \d{9,} 60/);
  expect(made.view(id).waitingFor).toContain('output buffer');
  expect(Number((await pairs.sources[0]?.info('stats'))?.['sync_full'])).toBeGreaterThan(1);

  expect(made.view(id).actions.map((one) => one.action)).toContain('migration:tune');
  expect(await made.click(id, 'migration:tune')).toMatchObject({ accepted: true });
  await made.phase(id, 'streaming');
  expect(made.view(id).actions.map((one) => one.action)).not.toContain('migration:tune');
  await made.click(id, 'migration:abort');
  await made.phase(id, 'aborted');
  expect(await all()).toEqual(before);
}, 60_000);

test('prepared, the copy ends on the first try, and every setting is as before', async () => {
  await underWrites({ ...SMALL_BUFFER, 'repl-diskless-sync-delay': '5', 'repl-timeout': '20' });
  const before = await all();
  const made = createHarness();
  const id = await begin(made);
  await made.phase(id, 'streaming');
  const view = made.view(id);
  expect(view.shards[0]?.fullSyncs).toBe(1);
  expect(view.journal.filter((row) => row.kind === 'sync_alarm')).toEqual([]);
  const told = view.journal.filter((row) => row.kind === 'intent').map((row) => row.text);
  expect(told.join('\n')).toMatch(/set client-output-buffer-limit on .*: with .*\/s of writes/);
  expect(told.join('\n')).toMatch(/set repl-diskless-sync-delay on .*: every full sync would wait 5 s/);
  expect(told.join('\n')).toMatch(/set repl-timeout on .*: the copy may take/);
  // The trial of the link counts as one for Redis.
  expect(await pairs.sources[0]?.info('stats')).toMatchObject({ sync_full: '2' });

  await made.open(id, 'switch');
  await made.click(id, 'gate:switch');
  await made.phase(id, 'switched');
  traffic?.pointAt(0, pairs.destinations[0] as NonNullable<(typeof pairs.destinations)[0]>);
  await made.open(id, 'finish');
  await made.click(id, 'gate:finish');
  await made.phase(id, 'finished');
  expect(await traffic?.verify(pairs.destinations)).toMatchObject({ missing: 0 });
  expect(await all()).toEqual(before);
}, 90_000);

test('a source that answers too slowly is relieved: its destination waits, read-only, and abort frees it', async () => {
  pairs = await startPairs(fleet, 1);
  const [source, destination] = [pairs.sources[0], pairs.destinations[0]];
  if (!source || !destination) throw new Error('unreachable');
  await fill(source, { keys: 30_000, valueBytes: 400 });
  proxy = await startProxy({ target: source });
  proxy.limit(400_000);
  const before = await all();
  // Every answer takes longer than that.
  harness = createHarness({ policy: { maxSourceLatencyMs: 0.000_1 } });
  const made = harness;
  const id = await made.start({ sources: [`127.0.0.1:${proxy.port}`], destinations: urls([destination]) });
  await made.open(id, 'continue');
  await made.click(id, 'gate:continue');
  const parked = await until(
    () => made.view(id).shards.find((one) => one.state === 'queued' && one.reason?.includes('to answer')),
    { within: 20_000 },
  );
  expect(parked?.reason).toMatch(/Waits for its turn: .* takes \d+ ms to answer/);
  expect(await destination.info('replication')).toMatchObject({
    role: 'slave',
    slave_read_only: '1',
    master_port: '1',
  });
  await made.click(id, 'migration:abort');
  await made.phase(id, 'aborted');
  expect(await destination.info('replication')).toMatchObject({ role: 'master' });
  expect(await all()).toEqual(before);
}, 60_000);

test('what somebody else changes is held, told with before and after, and asked about', async () => {
  pairs = await startPairs(fleet, 1, { 'repl-diskless-sync-delay': '5' });
  const [source, destination] = [pairs.sources[0], pairs.destinations[0]];
  if (!source || !destination) throw new Error('unreachable');
  const made = createHarness();
  const id = await begin(made);
  await made.open(id, 'switch');
  const closed = (reason: RegExp) =>
    until(() => {
      const gate = made.view(id).gates.find((one) => one.gate === 'switch');
      return gate && !gate.open && reason.test(gate.reason) ? gate : undefined;
    });

  // A setting of ours: held, and free again by itself when it is put back.
  await source.config('repl-diskless-sync-delay', '7');
  await closed(/repl-diskless-sync-delay on .* was set to "0" by us and is "7" now/);
  await source.config('repl-diskless-sync-delay', '0');
  await made.open(id, 'switch');
  // Changed again, and agreed to: it is theirs, and is left so.
  await source.config('repl-diskless-sync-delay', '9');
  await closed(/is "9" now/);
  expect(await made.click(id, 'migration:resume')).toMatchObject({ accepted: true });
  await made.open(id, 'switch');

  // A copy that takes writes: an approval of before is void, and the switch is not to be had.
  await destination.config('replica-read-only', 'no');
  await closed(/refused writes as a replica and takes them now/);
  expect(await made.click(id, 'gate:switch')).toMatchObject({ accepted: false });
  expect(await made.click(id, 'migration:resume')).toMatchObject({ accepted: false });
  await destination.config('replica-read-only', 'yes');
  await until(() => made.view(id).actions.some((one) => one.action === 'migration:resume'));
  await closed(/takes them now/);
  expect(await made.click(id, 'migration:resume')).toMatchObject({ accepted: true });
  await made.open(id, 'switch');

  // Somebody promotes it: nothing is done to it, and only abort is left.
  await destination.call('REPLICAOF', 'NO', 'ONE');
  await destination.call('SET', 'precious', '1');
  await until(() => /was a replica of .* and is a master now/.test(made.view(id).waitingFor ?? ''));
  expect(made.view(id).actions.map((one) => one.action)).toEqual(['migration:abort']);
  expect(await destination.call('GET', 'precious')).toBe('1');
  await made.click(id, 'migration:abort');
  await made.phase(id, 'aborted');
  expect(await source.call('CONFIG', 'GET', 'repl-diskless-sync-delay')).toEqual(['repl-diskless-sync-delay', '9']);
  expect(await destination.call('GET', 'precious')).toBe('1');
}, 60_000);
