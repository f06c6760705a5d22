/** One shard goes over first and soaks, the others follow: on real servers under traffic, with what may come in between. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { NewRow } from '../../src/domain/event.ts';
import { SecretRegistry } from '../../src/log.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { startTraffic, type Traffic } from '../../src/sandbox/redis/traffic.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { type Pairs, settingsOf, startPairs, urls } from '../support/servers.ts';
import { withHook } from '../support/store-hook.ts';

/** The shard in the middle, so that neither the first nor the last is it by chance. */
const CANARY = 1;

let fleet: Fleet;
let store: Store;
let harness: Harness;
let pairs: Pairs;
let traffic: Traffic;
let hook: (row: NewRow) => void = () => {};

beforeEach(async () => {
  fleet = await startFleet();
  pairs = await startPairs(fleet, 3);
  hook = () => {};
  const plain = openSqliteStore({ file: ':memory:', secrets: new SecretRegistry(), clock: systemClock });
  store = withHook(plain, (row) => hook(row));
  harness = createHarness({ store });
  await Promise.all(pairs.sources.map((source) => fill(source, { keys: 300 })));
  traffic = startTraffic({ shards: pairs.sources, ratePerSecond: 200 });
});

afterEach(async () => {
  await traffic?.stop();
  await harness?.close();
  store?.close();
  await fleet?.close();
});

async function toSoak(soakMs: number): Promise<string> {
  const { sources, destinations } = pairs;
  const canary = { shard: CANARY, soakMs };
  const id = await harness.start({ sources: urls(sources), destinations: urls(destinations), name: 'orders', canary });
  await harness.open(id, 'continue');
  await harness.click(id, 'gate:continue');
  await harness.open(id, 'switch');
  await harness.click(id, 'gate:switch');
  await until(() => soakRow(id, 'begins'), { what: 'the canary to go over' });
  pointAtNew([CANARY]);
  return id;
}

function pointAtNew(shards: readonly number[]): void {
  for (const shard of shards) {
    const destination = pairs.destinations[shard];
    if (destination) traffic.pointAt(shard, destination);
  }
}

function soakRow(id: string, which: 'begins' | 'ends') {
  const wanted = which === 'ends' ? /has soaked/ : /is on its new server: point the application at it/;
  return harness.view(id).journal.find((row) => row.kind === 'soak' && wanted.test(row.text));
}

async function roles(servers: Pairs['sources']): Promise<(string | undefined)[]> {
  return Promise.all(servers.map(async (one) => (await one.info('replication'))['role']));
}

async function onlyTheCanaryIsOver(): Promise<void> {
  expect(await roles(pairs.sources)).toEqual(['master', 'slave', 'master']);
  expect(await roles(pairs.destinations)).toEqual(['slave', 'master', 'slave']);
}

async function wayBackOpen(id: string): Promise<void> {
  await until(() => harness.view(id).wayBack?.open, { within: 15_000 }).catch(() => {
    throw new Error(`the way back did not open: ${harness.view(id).wayBack?.text}`);
  });
}

async function finish(id: string): Promise<void> {
  const switched = await harness.phase(id, 'switched', 'streaming');
  expect(switched.phase, switched.waitingFor ?? '').toBe('switched');
  expect(switched.shards.map((one) => one.state)).toEqual(['promoted', 'promoted', 'promoted']);
  pointAtNew([0, 1, 2]);
  await harness.open(id, 'finish');
  await harness.click(id, 'gate:finish');
  await harness.phase(id, 'finished');
  expect(await traffic.verify(pairs.destinations)).toMatchObject({ missing: 0, examples: [] });
}

/** When the rest's own cut-over was begun, wall-clock milliseconds. */
function restBegan(id: string): number {
  const rows = harness.view(id).journal.filter((row) => row.kind === 'cutover_started');
  return Date.parse(rows.at(-1)?.at ?? '');
}

test('the canary goes over alone, the others stay and keep following, then they go too without another click', async () => {
  const soakMs = 5_000;
  const id = await toSoak(soakMs);
  await until(() =>
    /^Shard 2 is on its new server; soaks for \d+ more seconds?, then the other 2 follow/.test(
      harness.view(id).waitingFor ?? '',
    ),
  );
  await onlyTheCanaryIsOver();
  // Somebody has not moved yet, and is seen.
  const { [CANARY]: old } = pairs.sources;
  if (old) traffic.pointAt(CANARY, old);
  await until(() =>
    /writes? refused by old masters, the last one .* on shard 2/.test(harness.view(id).lateWriters ?? ''),
  );
  pointAtNew([CANARY]);
  const soaking = harness.view(id);
  expect(soaking).toMatchObject({ phase: 'switching' });
  expect(soaking.shards.map((one) => one.state)).toEqual(['in_step', 'promoted', 'in_step']);
  expect(soaking.lateClients.every((one) => one.shard === CANARY)).toBe(true);
  await onlyTheCanaryIsOver();

  await finish(id);
  const began = Date.parse(soakRow(id, 'begins')?.at ?? '');
  expect(restBegan(id) - began).toBeGreaterThanOrEqual(soakMs - 1_000);
  expect(harness.view(id).journal.filter((row) => row.kind === 'approved' && /switch/.test(row.text))).toHaveLength(1);
  expect(harness.view(id).shards.every((one) => one.pauseMs !== null)).toBe(true);
});

test('rolled back in its soak: every write is on the old servers, and the others have never left', async () => {
  const { sources, destinations } = pairs;
  const before = await Promise.all([...sources, ...destinations].map(settingsOf));
  const id = await toSoak(600_000);
  await wayBackOpen(id);
  expect(harness.view(id).actions.map((one) => one.action)).toEqual(['migration:rollback']);
  expect(await harness.click(id, 'migration:abort')).toMatchObject({ accepted: false });
  expect(await harness.click(id, 'migration:rollback')).toMatchObject({ accepted: true });
  const ended = await harness.phase(id, 'rolled_back', 'switching');
  expect(ended.phase, ended.waitingFor ?? '').toBe('rolled_back');
  for (const [index, source] of sources.entries()) traffic.pointAt(index, source);
  const count = () => traffic.counts()[CANARY]?.acknowledged ?? 0;
  const { [CANARY]: old } = traffic.counts();
  await until(() => count() > (old?.acknowledged ?? 0) + 50);

  expect(await roles(sources)).toEqual(['master', 'master', 'master']);
  expect(await roles(destinations)).toEqual(['master', 'slave', 'master']);
  await expect(destinations[CANARY]?.call('SET', 'late', 'write')).rejects.toThrow(/READONLY/);
  expect(await traffic.verify(sources)).toMatchObject({ missing: 0, examples: [] });
  expect(await Promise.all([...sources, ...destinations].map(settingsOf))).toEqual(before);
});

test('rolled back in the very moment in which the others begin to go: they stay', async () => {
  const pressed: Promise<unknown>[] = [];
  let id = '';
  hook = ({ event }) => {
    if (event.kind !== 'soak' || !event.over) return;
    hook = () => {};
    queueMicrotask(() => {
      pressed.push(harness.click(id, 'migration:rollback'));
    });
  };
  id = await toSoak(6_000);
  await wayBackOpen(id);
  await until(() => pressed.length > 0);
  expect(await Promise.all(pressed)).toMatchObject([{ accepted: true }]);
  const ended = await harness.phase(id, 'rolled_back', 'switched');
  expect(ended.phase, ended.waitingFor ?? '').toBe('rolled_back');
  for (const [index, source] of pairs.sources.entries()) traffic.pointAt(index, source);
  expect(await traffic.verify(pairs.sources)).toMatchObject({ missing: 0, examples: [] });
  expect(await roles(pairs.sources)).toEqual(['master', 'master', 'master']);
  expect(ended.journal.filter((row) => row.kind === 'promoted')).toHaveLength(2);
});

/** The next cut-over does not get to its pause in time. */
function freezeAtPause(shard: number): void {
  hook = ({ event }) => {
    if (event.kind !== 'cutover_step' || event.step !== 'pause') return;
    hook = () => {};
    pairs.destinations[shard]?.freeze();
  };
}

async function restIsLetGo(id: string): Promise<void> {
  freezeAtPause(2);
  const letGo = await harness.phase(id, 'streaming', 'switched');
  expect(letGo.phase).toBe('streaming');
  pairs.destinations[2]?.thaw();
  expect(letGo.gates.find((one) => one.gate === 'switch')?.approvals).toEqual([]);
  await onlyTheCanaryIsOver();
}

test('when the others are let go the canary stays, and the next approval moves only them, at once', async () => {
  const id = await toSoak(2_000);
  await restIsLetGo(id);
  const open = await harness.open(id, 'switch');
  expect(open.gates.find((one) => one.gate === 'switch')?.reason).toBe('The other 2 shards are in step.');
  expect(open.actions.find((one) => one.action === 'gate:switch')?.consequence).toMatch(/^Writes on 2 shards stop/);
  await harness.click(id, 'gate:switch');
  await finish(id);
  const soaks = harness.view(id).journal.filter((row) => row.kind === 'soak');
  expect(soaks).toHaveLength(2);
  const started = harness.view(id).journal.filter((row) => row.kind === 'cutover_started');
  expect(started.map((row) => row.text)).toEqual([
    'The cut-over begins of shard 2 (attempt 1).',
    'The cut-over begins of shard 1 and shard 3 (attempt 2).',
    'The cut-over begins of shard 1 and shard 3 (attempt 3).',
  ]);
});

test('a canary can be rolled back after the others were let go', async () => {
  const id = await toSoak(1_000);
  await restIsLetGo(id);
  await wayBackOpen(id);
  expect(await harness.click(id, 'migration:rollback')).toMatchObject({ accepted: true });
  const ended = await harness.phase(id, 'rolled_back', 'streaming');
  expect(ended.phase, ended.waitingFor ?? '').toBe('rolled_back');
  for (const [index, source] of pairs.sources.entries()) traffic.pointAt(index, source);
  expect(await traffic.verify(pairs.sources)).toMatchObject({ missing: 0, examples: [] });
  expect(await roles(pairs.sources)).toEqual(['master', 'master', 'master']);
});

test('a bot that starts again in the soak goes on with it, by the times in the journal', async () => {
  const id = await toSoak(300_000);
  await harness.close();
  harness = createHarness({ store });
  await until(() => /soaks for \d+ more minutes/.test(harness.view(id).waitingFor ?? ''));
  await onlyTheCanaryIsOver();
  await harness.close();
  // As if it had been away until the soak was over.
  harness = createHarness({ store, clock: { ...systemClock, now: () => systemClock.now() + 300_000 } });
  await finish(id);
});

test('a clock that was set back while the bot was away: the soak begins anew, and ends', async () => {
  const id = await toSoak(3_000);
  await harness.close();
  const back: Clock = { ...systemClock, now: () => systemClock.now() - 86_400_000 };
  harness = createHarness({ store, clock: back });
  await until(() => /soaks for \d+ more seconds?/.test(harness.view(id).waitingFor ?? ''));
  await finish(id);
});

test('a server of the others that was restarted in the soak: nobody follows before people have approved again', async () => {
  const id = await toSoak(3_000);
  const source = pairs.sources[0];
  await source?.kill();
  await source?.start();
  await harness.phase(id, 'syncing', 'streaming');
  await onlyTheCanaryIsOver();
  await harness.open(id, 'switch');
  const row = harness.view(id).journal.findLast((one) => one.kind === 'phase_entered' && /syncing/.test(one.text));
  expect(row?.text).toMatch(/A server was restarted: approvals are void/);
  await harness.click(id, 'gate:switch');
  await harness.phase(id, 'switched');
});

test('a roll back of the canary that is let go: the others do not follow it by themselves', async () => {
  const id = await toSoak(6_000);
  await wayBackOpen(id);
  pairs.sources[CANARY]?.freeze();
  expect(await harness.click(id, 'migration:rollback')).toMatchObject({ accepted: true });
  const letGo = await harness.phase(id, 'streaming', 'switching');
  pairs.sources[CANARY]?.thaw();
  expect(letGo.phase).toBe('streaming');
  expect(letGo.journal.findLast((row) => row.kind === 'phase_entered')?.text).toMatch(
    /The others follow only when switch is approved again/,
  );
  const open = await harness.open(id, 'switch');
  expect(open.gates.find((one) => one.gate === 'switch')?.approvals).toEqual([]);
  await onlyTheCanaryIsOver();
  // What was in step before the attempt has to be seen so again.
  await until(async () => (await harness.click(id, 'gate:switch')).accepted, { within: 15_000 });
  await finish(id);
});
