/**
 * Sources and destinations of the old releases, as they were recorded: each pair goes to streaming, and abort leaves every
 * setting as it was. What real ones did is told in docs/old-redis.md.
 */
import { expect, test } from 'vitest';
import { can } from '../../src/domain/dialect.ts';
import { connectRaw } from '../../src/sandbox/redis/raw-connection.ts';
import type { ScriptedServer } from '../../src/sandbox/redis/scripted.ts';
import { createHarness } from '../support/engine.ts';
import { recordedPair } from '../support/recorded-pair.ts';

const OLD = ['2.4.18', '2.6.17', '2.8.24', '3.2.13', '4.0.14', '5.0.14'];

async function settingsOf(server: ScriptedServer): Promise<unknown> {
  const connection = await connectRaw(server);
  try {
    return await connection.send('CONFIG', 'GET', '*');
  } finally {
    connection.close();
  }
}

test.for(OLD)('%s to itself: streams, and abort puts everything back', async (version, { onTestFinished }) => {
  const pair = await recordedPair(version, { pace: 'look' });
  onTestFinished(() => pair.close());
  const settings = () => Promise.all([settingsOf(pair.source), settingsOf(pair.destination)]);
  const before = await settings();
  // A recorded pair goes on when both of it are looked at; a trial of the link looks at the source alone.
  const tuneSyncs = !can({ kind: 'redis', version }, 'diskless');
  const harness = createHarness({ policy: { tuneSyncs } });
  onTestFinished(() => harness.close());
  const id = await harness.start({
    sources: [`redis://127.0.0.1:${pair.source.port}`],
    destinations: [`redis://127.0.0.1:${pair.destination.port}`],
    name: 'orders',
  });
  await harness.open(id, 'continue');
  expect(await harness.click(id, 'gate:continue')).toMatchObject({ accepted: true });
  await harness.phase(id, 'streaming');
  expect(harness.view(id).shards[0]).toMatchObject({ state: 'in_step' });
  await harness.click(id, 'migration:abort');
  await harness.phase(id, 'aborted');
  expect(await settings()).toEqual(before);
});
