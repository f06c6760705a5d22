/**
 * The oldest releases, as they were recorded: prepared for the full sync with what they know, they go to streaming, and
 * abort leaves every setting as it was. What real ones did is told in docs/old-redis.md.
 */
import { expect, test } from 'vitest';
import { connectRaw } from '../../src/sandbox/redis/raw-connection.ts';
import { createHarness } from '../support/engine.ts';
import { recordedPair } from '../support/recorded-pair.ts';

test('2.4 and 2.6 stream, and abort puts every setting back', async ({ onTestFinished }) => {
  const pairs = await Promise.all(['2.4.18', '2.6.17'].map((version) => recordedPair(version, { pace: 'look' })));
  const servers = pairs.flatMap(({ source, destination }) => [source, destination]);
  async function settings(): Promise<unknown[]> {
    const connections = await Promise.all(servers.map((server) => connectRaw(server)));
    const all = await Promise.all(connections.map((connection) => connection.send('CONFIG', 'GET', '*')));
    for (const connection of connections) connection.close();
    return all;
  }
  const before = await settings();
  const harness = createHarness();
  onTestFinished(async () => {
    await harness.close();
    await Promise.all(pairs.map((pair) => pair.close()));
  });
  const id = await harness.start({
    sources: pairs.map(({ source }) => `redis://127.0.0.1:${source.port}`),
    destinations: pairs.map(({ destination }) => `redis://127.0.0.1:${destination.port}`),
    name: 'orders',
  });
  await harness.open(id, 'continue');
  expect(await harness.click(id, 'gate:continue')).toMatchObject({ accepted: true });
  await harness.phase(id, 'streaming');
  expect(await settings()).not.toEqual(before);
  await harness.click(id, 'migration:abort');
  await harness.phase(id, 'aborted');
  expect(await settings()).toEqual(before);
});
