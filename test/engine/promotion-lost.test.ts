/** A promotion that was sent and came to nothing, because its server died: a person decides, and it goes on from there. */
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../src/sandbox/redis/wait.ts';
import { type MoveStage, toStreaming } from '../support/move-stage.ts';

/** Up to the moment in which shard 2 is fenced, and its new server gone with the promotion that was sent to it. */
async function toLost(): Promise<MoveStage> {
  const stage = await toStreaming();
  onTestFinished(() => stage.close());
  const [, second] = stage.destinations;
  stage.once('after:intent', () => second?.freeze());
  await stage.press('gate:switch');
  await says(stage, /Shard 2: .*The promotion was sent, so the fence stays until it is seen/);
  await second?.kill();
  await says(stage, /Shard 2: .* refuses connections/);
  return stage;
}

async function says(stage: MoveStage, pattern: RegExp): Promise<void> {
  await until(() => pattern.test(stage.view().waitingFor ?? ''), { within: 20_000 }).catch(() => {
    throw new Error(`it does not say ${String(pattern)} but: ${stage.view().phase}, ${stage.view().waitingFor}`);
  });
}

/** What it says through fifteen looks at the servers. */
async function heard(stage: MoveStage): Promise<readonly string[]> {
  const said = new Set<string>();
  const looks = new Set<string | null>();
  await until(
    () => {
      const { waitingFor, asOf } = stage.view();
      said.add(waitingFor ?? '');
      looks.add(asOf);
      return looks.size > 15;
    },
    { within: 20_000 },
  );
  return [...said];
}

async function moveTheRest(stage: MoveStage): Promise<void> {
  const { harness, id, sources, destinations, links, traffic } = stage;
  await destinations[1]?.call('REPLICAOF', '127.0.0.1', String(links[1]?.port));
  await harness.open(id, 'switch');
  await until(async () => (await harness.click(id, 'gate:switch')).accepted, { within: 20_000 });
  await harness.phase(id, 'switched');
  stage.pointAt(destinations);
  await stage.press('gate:finish', 'orders');
  await harness.phase(id, 'finished');
  expect(await traffic.verify(destinations)).toMatchObject({ missing: 0, examples: [] });
  for (const one of sources) expect(await one.info('replication')).toMatchObject({ role: 'slave' });
  expect(await stage.settings()).toEqual(stage.before);
}

test('its old server is released by hand: the shard stays there, the other one is on its new server, and both go on', async () => {
  const stage = await toLost();
  const { harness, id, sources, destinations } = stage;
  await destinations[1]?.start();
  await says(stage, /Shard 2: the new server is a master, but not by this promotion/);
  await sources[1]?.call('REPLICAOF', 'NO', 'ONE');
  const letGo = await harness.phase(id, 'streaming', 'syncing');
  expect(letGo.journal.find((row) => row.kind === 'cutover_let_go')?.text).toMatch(
    /let go for the shards that had not been promoted: Shard 2: .* takes the writes again/,
  );
  if (destinations[0]) stage.traffic.pointAt(0, destinations[0]);
  await until(
    () =>
      stage
        .view()
        .shards.map((one) => one.state)
        .join() === 'promoted,detached',
    { within: 10_000 },
  );
  await moveTheRest(stage);
}, 90_000);

test('what it waits for is said all the time, also while it tries again', async () => {
  const stage = await toLost();
  for (const said of await heard(stage)) expect(said).toContain('Shard 2: ');
}, 60_000);

test('a new server that never comes back does not keep its shard from being served by the old one', async () => {
  const stage = await toLost();
  const { harness, id, sources, destinations } = stage;
  await sources[1]?.call('REPLICAOF', 'NO', 'ONE');
  await harness.phase(id, 'streaming', 'syncing');
  if (destinations[0]) stage.traffic.pointAt(0, destinations[0]);
  await destinations[1]?.start();
  await moveTheRest(stage);
}, 90_000);

test('an old server that is gone when it should take the writes back: the new one goes on once it is released', async () => {
  const stage = await toStreaming({ shards: 1 });
  onTestFinished(() => stage.close());
  const { harness, id, sources, destinations, traffic } = stage;
  await stage.press('gate:switch');
  await harness.phase(id, 'switched');
  stage.pointAt(destinations);
  await until(() => stage.view().wayBack?.open, { within: 20_000 });
  stage.once('after:intent', () => sources[0]?.freeze());
  await stage.press('migration:rollback');
  await says(stage, /Shard 1: .*The promotion was sent, so the fence stays until it is seen/);
  await sources[0]?.kill();
  await sources[0]?.start();
  await says(stage, /A person has to decide/);
  // By hand is as good as by the button.
  await destinations[0]?.call('REPLICAOF', 'NO', 'ONE');
  await harness.phase(id, 'switched');
  await until(() => /was restarted since/.test(stage.view().wayBack?.text ?? ''), { within: 10_000 });
  await until(async () => (await sources[0]?.info('replication'))?.['role'] === 'slave', { within: 10_000 });
  await stage.press('gate:finish', 'orders');
  await harness.phase(id, 'finished');
  expect(await traffic.verify(destinations)).toMatchObject({ missing: 0, examples: [] });
}, 90_000);
