/** What happens when something goes wrong in the middle of a cut-over, at a moment chosen by the row being written. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { NewRow } from '../../src/domain/event.ts';
import { SecretRegistry } from '../../src/log.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { startTraffic, type Traffic } from '../../src/sandbox/redis/traffic.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { type Pairs, settingsOf, startPairs, urls } from '../support/servers.ts';
import { withHook } from '../support/store-hook.ts';

let fleet: Fleet;
let pairs: Pairs;
let harness: Harness;
let traffic: Traffic;
let hook: (row: NewRow) => void = () => {};

beforeEach(async () => {
  fleet = await startFleet();
  pairs = await startPairs(fleet, 2);
  hook = () => {};
  const store = openSqliteStore({ file: ':memory:', secrets: new SecretRegistry(), clock: systemClock });
  harness = createHarness({ store: withHook(store, (row) => hook(row)) });
  traffic = startTraffic({ shards: pairs.sources, ratePerSecond: 200 });
});

afterEach(async () => {
  await traffic.stop();
  await harness.close();
  await fleet.close();
});

/** Runs `what` once, right before the row of that cut-over step is written. */
function at(step: string, what: () => void): void {
  hook = ({ event }) => {
    if (event.kind !== 'cutover_step' || event.step !== step) return;
    hook = () => {};
    what();
  };
}

async function untilStreaming(): Promise<string> {
  const { sources, destinations } = pairs;
  await Promise.all(sources.map((source) => fill(source, { keys: 500 })));
  const id = await harness.start({ sources: urls(sources), destinations: urls(destinations), name: 'orders' });
  await harness.open(id, 'continue');
  await harness.click(id, 'gate:continue');
  await harness.open(id, 'switch');
  return id;
}

async function finish(id: string): Promise<void> {
  await harness.phase(id, 'switched');
  for (const [index, destination] of pairs.destinations.entries()) traffic.pointAt(index, destination);
  await harness.open(id, 'finish');
  await harness.click(id, 'gate:finish');
  await harness.phase(id, 'finished');
  expect(await traffic.verify(pairs.destinations)).toMatchObject({ missing: 0, examples: [] });
}

test('a destination that hangs while writes are paused: all are let go in time, and the next attempt works', async () => {
  const id = await untilStreaming();
  // What a full sync needs stays until the end; what a cut-over changes does not outlive it.
  const before = await Promise.all(pairs.sources.map(settingsOf));
  at('pause', () => pairs.destinations[1]?.freeze());
  traffic.forgetGaps();
  expect(await harness.click(id, 'gate:switch')).toMatchObject({ accepted: true });

  await harness.phase(id, 'switching');
  const letGo = await harness.phase(id, 'streaming');
  // The other shard's writers are not kept waiting for the one that hangs: the limit is 2 s, and a server's own time-out 5 s.
  expect(Math.max(...traffic.counts().map((one) => one.maxGapMs))).toBeLessThan(4_000);
  const why = letGo.journal.find((row) => row.kind === 'cutover_let_go');
  expect(why?.text).toMatch(/nothing has changed: 2000 ms were over before/);
  expect(letGo.gates.find((one) => one.gate === 'switch')?.approvals).toEqual([]);
  for (const source of pairs.sources) expect(await source.info('replication')).toMatchObject({ role: 'master' });

  pairs.destinations[1]?.thaw();
  await until(async () => JSON.stringify(await Promise.all(pairs.sources.map(settingsOf))) === JSON.stringify(before), {
    what: 'the sources to have their old settings while streaming goes on',
  });
  await harness.open(id, 'switch');
  await harness.click(id, 'gate:switch');
  await finish(id);
});

test('a destination that takes writes since a moment ago: the switch does not happen, seen by a tick or not', async () => {
  const id = await untilStreaming();
  await pairs.destinations[1]?.call('CONFIG', 'SET', 'replica-read-only', 'no');
  const { accepted } = await harness.click(id, 'gate:switch');
  const reason = () => harness.view(id).gates.find((one) => one.gate === 'switch')?.reason ?? '';
  await until(() => harness.view(id).phase !== 'switching' && /takes them now/.test(reason()));
  for (const destination of pairs.destinations) expect((await destination.info('replication'))['role']).toBe('slave');
  if (!accepted) return;
  const letGo = harness.view(id).journal.find((row) => row.kind === 'cutover_let_go');
  expect(letGo?.text).toMatch(/takes writes \(replica-read-only no\)/);
});

test('a source that hangs when the fence is sent: the fence is lifted when it wakes up', async () => {
  const id = await untilStreaming();
  at('fence', () => pairs.sources[0]?.freeze());
  await harness.click(id, 'gate:switch');
  await until(
    () =>
      /source|letting|let go/i.test(harness.view(id).waitingFor ?? '') &&
      /let go/.test(harness.view(id).waitingFor ?? ''),
    {
      within: 15_000,
      what: 'a reason that says what it waits for',
    },
  );
  expect(harness.view(id).phase).toBe('switching');
  pairs.sources[0]?.thaw();
  await harness.phase(id, 'streaming');
  for (const source of pairs.sources) {
    expect(await source.info('replication')).toMatchObject({ role: 'master' });
    expect(await source.call('SET', 'probe', '1')).toBe('OK');
  }
  await harness.open(id, 'switch');
  await harness.click(id, 'gate:switch');
  await finish(id);
});

test('a destination that hangs when the promotion is sent: the fence stays until the promotion is seen', async () => {
  const id = await untilStreaming();
  at('promote', () => pairs.destinations[0]?.freeze());
  await harness.click(id, 'gate:switch');
  await until(() => /the fence stays until it is seen/.test(harness.view(id).waitingFor ?? ''), {
    within: 20_000,
    what: 'a reason that says what it waits for',
  });
  expect(harness.view(id)).toMatchObject({ phase: 'switching' });
  for (const source of pairs.sources) await expect(source.call('SET', 'late', '1')).rejects.toThrow(/READONLY/);
  pairs.destinations[0]?.thaw();
  await finish(id);
});

test('a journal that cannot be written while writes are paused: everything is let go on the servers all the same', async () => {
  const id = await untilStreaming();
  let full = false;
  hook = ({ event }) => {
    if (event.kind === 'cutover_step' && event.step === 'promote') full = true;
    if (full) throw new Error('the disk is full');
  };
  await harness.click(id, 'gate:switch');
  await until(() => /disk is full/.test(harness.view(id).waitingFor ?? ''), { what: 'a reason that names the disk' });
  await until(async () =>
    (await Promise.all(pairs.sources.map((one) => one.info('replication')))).every((one) => one['role'] === 'master'),
  );
  for (const source of pairs.sources) expect(await source.call('SET', 'probe', '1')).toBe('OK');
  full = false;
  hook = () => {};
  await harness.phase(id, 'streaming');
  await harness.open(id, 'switch');
  await harness.click(id, 'gate:switch');
  await finish(id);
});
