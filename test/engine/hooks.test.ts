/** Webhooks over a whole migration: real servers, a real receiver, and the application that it points elsewhere. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { HookReceiver, ReceivedHook } from '../../src/sandbox/hook-receiver.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { startTraffic, type Traffic } from '../../src/sandbox/redis/traffic.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import type { Store } from '../../src/store/store.ts';
import { openStore, runUntilKilled } from '../support/child.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { hooksTo, logged, receive, SECRET, taken } from '../support/hook-stage.ts';
import { type Pairs, settingsOf, startPairs, urls } from '../support/servers.ts';
import { withHook } from '../support/store-hook.ts';

let fleet: Fleet;
let pairs: Pairs;
let traffic: Traffic;
let receiver: HookReceiver;
let folder: string;
let store: Store;
let harness: Harness;
/** Called when a receiver has taken a hook, before it answers. */
let onTaken: (hook: ReceivedHook) => void;

beforeEach(async () => {
  onTaken = () => {};
  fleet = await startFleet();
  pairs = await startPairs(fleet, 2);
  await Promise.all(pairs.sources.map((source) => fill(source, { keys: 300 })));
  traffic = startTraffic({ shards: pairs.sources, ratePerSecond: 200 });
  receiver = await receive({ onHook: repoint });
  folder = await mkdtemp(join(tmpdir(), 'redis-migrate-hooks-'));
  openBot();
});

afterEach(async () => {
  await traffic?.stop();
  await closeBot();
  await rm(folder, { recursive: true });
  await fleet?.close();
});

/** A program that points the application where a hook says, by nothing but the hook's addresses. */
function repoint(hook: ReceivedHook): void {
  taken.push(hook);
  for (const { index, source, destination } of hook.shards) {
    if (hook.kind === 'switched') traffic.pointAt(index, destination);
    if (hook.kind === 'rolled_back') traffic.pointAt(index, source);
  }
  onTaken(hook);
}

function openBot(change: (store: Store) => Store = (same) => same): void {
  store = openStore(folder);
  harness = createHarness({ store: change(store), hooks: hooksTo(receiver.url) });
}

async function closeBot(): Promise<void> {
  await harness.close();
  store.close();
}

async function toGate(): Promise<string> {
  const { sources, destinations } = pairs;
  const id = await harness.start({ sources: urls(sources), destinations: urls(destinations), name: 'orders' });
  await harness.open(id, 'continue');
  await harness.click(id, 'gate:continue');
  await harness.open(id, 'switch');
  return id;
}

async function press(id: string, gate: 'switch' | 'finish'): Promise<void> {
  await harness.open(id, gate);
  expect(await harness.click(id, `gate:${gate}`)).toMatchObject({ accepted: true });
}

const kinds = () => taken.map((one) => one.kind);
/** Ids of the requests of this kind, in the order in which they came. */
const sent = (kind: string) =>
  receiver.requests.map(({ headers }) => String(headers['webhook-id'])).filter((id) => id.endsWith(`:${kind}`));
const rowsOf = (id: string) => harness.engine.rows(id, 0);

test('from switch to finish: asked, pointed at the new servers, told of the end; no write is lost and no secret told', async () => {
  const { sources, destinations } = pairs;
  const id = await toGate();
  await press(id, 'switch');
  await harness.phase(id, 'switched');
  await until(() => kinds().includes('switched'));
  const { acknowledged } = traffic.counts()[1]!;
  await until(() => traffic.counts()[1]!.acknowledged > acknowledged + 20);
  await press(id, 'finish');
  await harness.phase(id, 'finished');
  await until(() => kinds().length === 3);
  expect(kinds()).toEqual(['before_switch', 'switched', 'finished']);
  expect(new Set(taken.map((one) => one.id)).size).toBe(3);

  const addressOf = ({ port }: { port: number }) => ({ host: '127.0.0.1', port });
  const shards = sources.map((source, index) => {
    return { index, source: addressOf(source), destination: addressOf(destinations[index]!) };
  });
  for (const hook of taken)
    expect(hook).toMatchObject({ shards, migration: { id, name: 'orders', cutover: 'fenced' } });
  expect(taken[0]).toMatchObject({ reason: 'Approved by U00000ANA.', text: 'The switch of orders is about to begin.' });

  // Due in the very append that made it so.
  const rows = rowsOf(id);
  const due = rows.findIndex(({ event }) => event.kind === 'hook_due' && event.hook === 'switched');
  expect(rows.slice(due - 2, due).map(({ event }) => event.kind)).toEqual(['promoted', 'promoted']);
  expect(`${id}:${rows[due - 2]!.seq}:switched`).toBe(taken[1]!.id);
  await until(() => rowsOf(id).filter(({ event }) => event.kind === 'hook_sent').length === 3);
  expect(await traffic.verify()).toMatchObject({ missing: 0, examples: [] });
  expect(JSON.stringify([rowsOf(id), harness.view(id), logged])).not.toContain(SECRET);
});

test('a roll back points the application back at the old servers', async () => {
  const id = await toGate();
  await press(id, 'switch');
  await harness.phase(id, 'switched');
  await until(() => harness.view(id).wayBack?.open, { within: 15_000 });
  expect(await harness.click(id, 'migration:rollback')).toMatchObject({ accepted: true });
  await until(() => kinds().includes('rolled_back'), { within: 15_000 });
  const { acknowledged } = traffic.counts()[0]!;
  await until(() => traffic.counts()[0]!.acknowledged > acknowledged + 20);
  await harness.phase(id, 'rolled_back');
  expect(kinds()).toEqual(['before_switch', 'switched', 'rolled_back']);
  expect(await traffic.verify(pairs.sources)).toMatchObject({ missing: 0, examples: [] });
});

test('a no before the switch leaves everything as it was, and says who said what; after a yes it goes on', async () => {
  const { sources, destinations } = pairs;
  const id = await toGate();
  const before = await Promise.all([...sources, ...destinations].map(settingsOf));
  receiver.behave({ kind: 'refuse', text: 'deployments are frozen', only: 'before_switch' });
  await press(id, 'switch');
  await until(() => harness.view(id).journal.some((row) => row.kind === 'cutover_let_go'), { within: 10_000 });
  const view = harness.view(id);
  expect(view.phase).toBe('streaming');
  expect(view.journal.map((row) => row.kind)).not.toContain('cutover_started');
  expect(view.gates.find((one) => one.gate === 'switch')?.approvals).toEqual([]);
  const reason =
    'the webhook before_switch said no. The answer was 409: deployments are frozen. Nothing is switched without its yes: approve again when it would say yes.';
  await until(() => harness.view(id).waitingFor?.includes(reason));
  for (const source of sources) expect(await source.call('SET', 'probe', '1')).toBe('OK');
  expect(await Promise.all([...sources, ...destinations].map(settingsOf))).toEqual(before);

  receiver.behave({ kind: 'accept' });
  await press(id, 'switch');
  await harness.phase(id, 'switched');
  await until(() => kinds().includes('switched'));
  expect(kinds()).toEqual(['before_switch', 'switched']);
  expect(new Set(sent('before_switch')).size).toBe(2);
});

test('a cut-over that is let go is told as failed, with its reason', async () => {
  await closeBot();
  openBot((same) =>
    withHook(same, ({ event }) => {
      // The new server dies right before the writes would be paused.
      if (event.kind === 'cutover_step' && event.step === 'pause') pairs.destinations[0]!.freeze();
    }),
  );
  const id = await toGate();
  await press(id, 'switch');
  await until(() => kinds().includes('failed'), { within: 20_000 });
  pairs.destinations[0]!.thaw();
  expect(kinds()).toEqual(['before_switch', 'failed']);
  expect(taken[1]).toMatchObject({
    text: 'The cut-over of orders was let go, nothing has changed.',
    reason: harness
      .view(id)
      .journal.find((row) => row.kind === 'cutover_let_go')
      ?.text.split('changed: ')[1],
  });
});

test('a receiver that is away at the switch is told when it is back, and the status says what it waits for', async () => {
  const id = await toGate();
  onTaken = ({ kind }) => {
    if (kind === 'before_switch') receiver.behave({ kind: 'close', times: 2 });
  };
  await press(id, 'switch');
  await until(() =>
    /points the application at the new servers has not been accepted: http:\/\/127\.0\.0\.1:\d+\/hooks ends the connection/.test(
      harness.view(id).waitingFor ?? '',
    ),
  );
  await until(() => kinds().includes('switched'), { within: 10_000 });
  expect(sent('switched')).toHaveLength(3);
  expect(new Set(sent('switched')).size).toBe(1);
  await until(() => !/has not been accepted/.test(harness.view(id).waitingFor ?? ''));
});

test('a bot that is stopped while it asks lets nothing go: the next one asks again, under the same id', async () => {
  const id = await toGate();
  receiver.behave({ kind: 'hang' });
  await press(id, 'switch');
  await until(() => sent('before_switch').length === 1);
  await closeBot();
  receiver.behave({ kind: 'accept' });
  openBot();
  await harness.phase(id, 'switched');
  expect(rowsOf(id).map(({ event }) => event.kind)).not.toContain('cutover_let_go');
  await until(() => kinds().length === 2);
  expect(kinds()).toEqual(['before_switch', 'switched']);
  expect(new Set(sent('before_switch')).size).toBe(1);
});

test('a migration that ended while nobody listened is told by the next bot', async () => {
  const id = await toGate();
  await press(id, 'switch');
  await until(() => kinds().includes('switched'));
  receiver.behave({ kind: 'hang' });
  await press(id, 'finish');
  await harness.phase(id, 'finished');
  await until(() => sent('finished').length === 1);
  await until(() => /tells of the end has not been accepted yet/.test(harness.view(id).waitingFor ?? ''));
  await closeBot();
  receiver.behave({ kind: 'accept' });
  openBot();
  await until(() => kinds().includes('finished'));
  expect(new Set(sent('finished')).size).toBe(1);
  await until(() => harness.view(id).waitingFor === null);
});

test('without HOOK_URL what was due is not waited for', async () => {
  const id = await toGate();
  await press(id, 'switch');
  await until(() => kinds().includes('switched'));
  receiver.behave({ kind: 'hang' });
  await press(id, 'finish');
  await until(() => sent('finished').length === 1);
  await harness.close();
  harness = createHarness({ store });
  await until(() => rowsOf(id).at(-1)?.event.kind === 'hook_sent');
  expect(rowsOf(id).at(-1)?.text).toMatch(/The webhook \*finished\* was not accepted. HOOK_URL is not set any more/);
  expect(harness.view(id).waitingFor).toBe(null);
});

/** Goes on in a process that ends itself with -9 right before or after that row. */
async function killedAt(id: string, ...point: readonly string[]): Promise<void> {
  await closeBot();
  expect(await runUntilKilled(folder, id, point, { hook: { url: receiver.url, secret: SECRET } })).toBe('SIGKILL');
}

test('killed with -9 right before it is sent: the next bot sends it', async () => {
  const id = await toGate();
  await killedAt(id, 'after', 'hook_due', 'switched');
  expect(kinds()).toEqual(['before_switch']);
  openBot();
  await until(() => kinds().includes('switched'));
  expect(taken[1]?.id).toBe(rowsOf(id).flatMap(({ event }) => (event.kind === 'hook_due' ? [event.id] : []))[1]);
});

test('killed with -9 when it was taken and that was not written down: sent once more, with the same id and words', async () => {
  const id = await toGate();
  await killedAt(id, 'before', 'hook_sent', 'switched');
  expect(kinds()).toEqual(['before_switch', 'switched']);
  openBot();
  await until(() => sent('switched').length === 2);
  await harness.phase(id, 'switched');
  await until(() => rowsOf(id).some(({ event }) => event.kind === 'hook_sent' && event.hook === 'switched'));
  const bodies = receiver.requests.map((one) => one.body).filter((body) => body.includes('migration.switched'));
  expect(new Set(bodies).size).toBe(1);
  expect(kinds()).toEqual(['before_switch', 'switched']);
});
