import { afterEach, beforeEach, expect, test } from 'vitest';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { type Pairs, settingsOf, startPairs, urls } from '../support/servers.ts';

let fleet: Fleet;
let pairs: Pairs;
let harness: Harness;

beforeEach(async () => {
  fleet = await startFleet();
  pairs = await startPairs(fleet, 2);
  harness = createHarness();
});

afterEach(async () => {
  await harness.close();
  await fleet.close();
});

async function start(): Promise<string> {
  const id = await harness.start({
    sources: urls(pairs.sources),
    destinations: urls(pairs.destinations),
    name: 'orders',
  });
  await harness.open(id, 'continue');
  return id;
}

test('abort before anything was done: nothing was done, and it says so', async () => {
  const id = await start();
  expect(await harness.click(id, 'migration:abort')).toMatchObject({ accepted: true });
  const aborted = await harness.phase(id, 'aborted');
  expect(aborted.journal.at(-1)?.text).toBe('Nothing had been changed on any server.');
  expect(aborted.actions).toEqual([]);
});

test('abort while streaming: sources untouched, destinations plain masters, what is left on them is said', async () => {
  const { sources, destinations } = pairs;
  await Promise.all(sources.map((source) => fill(source, { keys: 300 })));
  const before = await Promise.all([...sources, ...destinations].map(settingsOf));
  const id = await start();
  await harness.click(id, 'gate:continue');
  await harness.open(id, 'switch');
  expect(await harness.click(id, 'migration:abort')).toMatchObject({ accepted: true });
  const aborted = await harness.phase(id, 'aborted');

  for (const server of [...sources, ...destinations])
    expect(await server.info('replication')).toMatchObject({ role: 'master' });
  for (const source of sources) expect(await source.call('SET', 'goes', 'on')).toBe('OK');
  expect(await Promise.all([...sources, ...destinations].map(settingsOf))).toEqual(before);
  const words = aborted.journal.map((row) => row.text).join('\n');
  for (const destination of destinations) expect(words).toContain(`127.0.0.1:${destination.port} (300 keys)`);
});

test('abort with a dead destination waits, says for what, and a second abort leaves that one as it is', async () => {
  const { destinations } = pairs;
  const id = await start();
  await harness.click(id, 'gate:continue');
  await harness.open(id, 'switch');
  await destinations[1]?.kill();
  await harness.click(id, 'migration:abort');
  await until(() => harness.view(id).waitingFor?.includes(`127.0.0.1:${destinations[1]?.port}`));
  expect(harness.view(id).phase).toBe('aborting');
  expect(await destinations[0]?.info('replication')).toMatchObject({ role: 'master' });
  expect(await harness.click(id, 'migration:abort')).toMatchObject({ accepted: true });
  const aborted = await harness.phase(id, 'aborted');
  expect(aborted.journal.find((row) => row.kind === 'given_up')?.text).toContain('REPLICAOF NO ONE');
});
