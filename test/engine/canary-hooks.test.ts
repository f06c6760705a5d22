/** The question before a switch behind a canary: asked once for it and once for the others, who may be off by then. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Hook, HookAnswer, Hooks } from '../../src/domain/hook.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { type Pairs, startPairs, urls } from '../support/servers.ts';

const NO: HookAnswer = { kind: 'refused', status: 409, text: 'deployments are frozen.' };

let fleet: Fleet;
let pairs: Pairs;
let harness: Harness;
let sent: Hook[];
/** What the program outside says when it is asked for the others. */
let answer: () => Promise<HookAnswer>;

const hooks: Hooks = {
  async send(hook) {
    sent.push(hook);
    return hook.kind === 'before_switch' && hook.shards.length > 1 ? answer() : { kind: 'ok' };
  },
};

beforeEach(async () => {
  sent = [];
  fleet = await startFleet();
  pairs = await startPairs(fleet, 3);
  harness = createHarness({ hooks });
});

afterEach(async () => {
  await harness?.close();
  await fleet?.close();
});

async function toSoak(soakMs: number): Promise<string> {
  const { sources, destinations } = pairs;
  const canary = { shard: 1, soakMs };
  const id = await harness.start({ sources: urls(sources), destinations: urls(destinations), name: 'orders', canary });
  await harness.open(id, 'continue');
  await harness.click(id, 'gate:continue');
  await harness.open(id, 'switch');
  await harness.click(id, 'gate:switch');
  await until(() => harness.view(id).journal.some((row) => row.kind === 'soak'));
  return id;
}

function shardsOf(kind: Hook['kind']): number[][] {
  return sent.filter((hook) => hook.kind === kind).map((hook) => hook.shards.map((one) => one.index));
}

async function roles(servers: Pairs['sources']): Promise<(string | undefined)[]> {
  return Promise.all(servers.map(async (one) => (await one.info('replication'))['role']));
}

test('a no for the others leaves the canary where it is; a yes at the next approval moves them', async () => {
  answer = async () => NO;
  const id = await toSoak(1_000);
  await until(() => shardsOf('switched').length === 1);
  expect(shardsOf('switched')).toEqual([[1]]);
  const letGo = await harness.phase(id, 'streaming', 'switched');
  expect(letGo.phase).toBe('streaming');
  expect(await roles(pairs.sources)).toEqual(['master', 'slave', 'master']);
  answer = async () => ({ kind: 'ok' });
  await harness.open(id, 'switch');
  await harness.click(id, 'gate:switch');
  await harness.phase(id, 'switched');
  await until(() => shardsOf('switched').length === 2);
  expect(shardsOf('switched')).toEqual([[1], [0, 2]]);
  expect(shardsOf('before_switch')).toEqual([[1], [0, 2], [0, 2]]);
});

test.for<[string, HookAnswer]>([
  ['yes', { kind: 'ok' }],
  ['no', NO],
])('rolled back while the question for the others is open: a late %s changes nothing', async ([, late]) => {
  let say: (said: HookAnswer) => void = () => {};
  const said = new Promise<HookAnswer>((resolve) => {
    say = resolve;
  });
  answer = () => said;
  const id = await toSoak(6_000);
  await until(() => harness.view(id).wayBack?.open, { within: 15_000 });
  await until(() => shardsOf('before_switch').length === 2, { within: 15_000 });
  expect(await harness.click(id, 'migration:rollback')).toMatchObject({ accepted: true });
  say(late);
  const ended = await harness.phase(id, 'rolled_back', 'switched', 'streaming');
  expect(ended.phase, ended.waitingFor ?? '').toBe('rolled_back');
  expect(await roles(pairs.sources)).toEqual(['master', 'master', 'master']);
  expect(ended.journal.filter((row) => row.kind === 'cutover_let_go')).toEqual([]);
  expect(ended.journal.filter((row) => row.kind === 'promoted')).toHaveLength(2);
});
