/** Servers that come back without what a roll back left at them. */
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../src/sandbox/redis/wait.ts';
import { toStreaming } from '../support/move-stage.ts';

test('a new server that is restarted right after it was rolled back goes behind its fence again, and that is told', async () => {
  const stage = await toStreaming({ config: { appendonly: 'yes' } });
  onTestFinished(() => stage.close());
  const { harness, id, sources, destinations } = stage;
  await stage.press('gate:switch');
  await harness.phase(id, 'switched');
  stage.pointAt(destinations);
  const killed: Promise<unknown>[] = [];
  stage.once('after:concluded', () => {
    killed.push(Promise.resolve(destinations[1]?.kill()));
  });
  await stage.press('migration:rollback');
  await until(() => killed.length > 0, { within: 20_000 });
  await Promise.all(killed);
  await until(() => /Shard 2: .* Abort to leave it as it is\./.test(stage.view().waitingFor ?? ''), { within: 15_000 });
  await destinations[1]?.start();
  expect(await destinations[1]?.info('replication')).toMatchObject({ role: 'master' });

  const ended = await harness.phase(id, 'rolled_back');
  for (const one of destinations) await expect(one.call('SET', 'late', 'write')).rejects.toThrow(/READONLY/);
  for (const one of sources) expect(await one.info('replication')).toMatchObject({ role: 'master' });
  expect(ended.journal.find((row) => row.kind === 'drift')?.text).toMatch(
    /Shard 2: .* was restarted.*came back without its fence/,
  );
  expect(ended.journal.findLast((row) => row.kind === 'summary')?.text).toMatch(/new servers of 2 shards stay fenced/);
}, 60_000);

test('an old server that is restarted while the migration finishes goes behind its fence again, and that is told', async () => {
  const stage = await toStreaming();
  onTestFinished(() => stage.close());
  const { harness, id, sources, destinations } = stage;
  await stage.press('gate:switch');
  await harness.phase(id, 'switched');
  stage.pointAt(destinations);
  await harness.open(id, 'finish');
  sources[1]?.freeze();
  await stage.press('gate:finish', 'orders');
  await sources[1]?.kill();
  await sources[1]?.start();
  const ended = await harness.phase(id, 'finished');
  for (const one of sources) await expect(one.call('SET', 'late', 'write')).rejects.toThrow(/READONLY/);
  expect(ended.journal.find((row) => row.kind === 'drift')?.text).toMatch(/Shard 2: .* was restarted/);
  expect(ended.journal.findLast((row) => row.kind === 'summary')?.text).toMatch(/old servers of 2 shards stay fenced/);
}, 60_000);
