/** After the switch, on real servers: who still tries to write to an old master, and what counts as quiet. */
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { type Pairs, startPairs, urls } from '../support/servers.ts';

let fleet: Fleet;
let pairs: Pairs;
let harness: Harness | undefined;

beforeEach(async () => {
  fleet = await startFleet();
  pairs = await startPairs(fleet, 2);
});

afterEach(async () => {
  await harness?.close();
  harness = undefined;
  await fleet.close();
});

async function switched(made: Harness): Promise<string> {
  const id = await made.start({
    sources: urls(pairs.sources),
    destinations: urls(pairs.destinations),
    name: 'orders',
  });
  await made.open(id, 'continue');
  await made.click(id, 'gate:continue');
  await made.open(id, 'switch');
  await made.click(id, 'gate:switch');
  await made.phase(id, 'switched');
  return id;
}

async function tryToWrite(client: Redis, ...command: [string, ...string[]]): Promise<void> {
  await expect(client.call(...command)).rejects.toThrow(/READONLY/);
}

/** A client whose own address is known. */
async function stranger(shard: number, name: string): Promise<{ readonly client: Redis; readonly address: string }> {
  const client = pairs.sources[shard]!.client();
  await client.call('CLIENT', 'SETNAME', name);
  const line = String(await client.call('CLIENT', 'LIST'))
    .split('\n')
    .find((one) => one.includes(` name=${name} `));
  return { client, address: /addr=(\S+)/.exec(line ?? '')?.[1] ?? '' };
}

const finish = (made: Harness, id: string) => made.view(id).gates.find((one) => one.gate === 'finish');

test('who tries to write stands first, with the address, also once the old master follows the new one', async () => {
  const made = createHarness();
  harness = made;
  const id = await switched(made);
  await until(() => made.view(id).wayBack?.open, { within: 15_000 });
  const reader = await stranger(1, 'reader');
  const writer = await stranger(1, 'writer');
  await reader.client.get('a');
  await until(() => made.view(id).lateClients.length === 2);
  expect(made.view(id).lateClients.map((one) => one.triedSecondsAgo)).toEqual([null, null]);
  // What arrives from the new server is nobody's doing.
  for (let count = 0; count < 20; count++) await pairs.destinations[1]?.call('SET', `key:${count}`, 'x');
  expect(await made.open(id, 'finish')).toMatchObject({ lateWriters: expect.stringContaining('No write has reached') });
  // Nor is the link by which an old master follows somebody's connection.
  await until(
    () =>
      made
        .view(id)
        .shards.map((one) => one.sourceClients)
        .join() === '0,2',
    {
      what: 'no client on the one and two on the other',
    },
  );

  await tryToWrite(writer.client, 'LPUSH', 'late', 'x');
  await tryToWrite(writer.client, 'EVAL', "return redis.call('set', 'late', '1')", '0');
  const told = await until(() => {
    const view = made.view(id);
    return view.lateClients[0]?.triedSecondsAgo == null ? null : view;
  });
  expect(told.lateClients.map((one) => one.address)).toEqual([writer.address, reader.address]);
  expect(told.lateClients[1]?.triedSecondsAgo).toBeNull();
  const source = `127.0.0.1:${pairs.sources[1]?.port}`;
  expect(told.lateWriters).toMatch(
    new RegExp(`^2 writes refused by old masters, the last one .+ ago on shard 2 \\(${source}\\)\\. `),
  );
  expect(told.lateWriters).toContain(`Most often seen trying: ${writer.address} (EVAL).`);
  await made.open(id, 'finish');
});

test('somebody who reads after each refused write is counted all the same', async () => {
  const made = createHarness({ policy: { quietMs: 3_000 } });
  harness = made;
  const id = await switched(made);
  await made.open(id, 'finish');
  const { client } = await stranger(0, 'writer');
  await tryToWrite(client, 'SET', 'late', 'x');
  await client.get('a');
  await until(() => finish(made, id)?.open === false);
  expect(made.view(id).lateWriters).toContain('1 write refused by old masters');
});

test('quiet is never claimed for a time in which the bot slept or its clock jumped', async () => {
  let aheadMs = 0;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
  const made = createHarness({ policy: { quietMs: 3_000 }, clock });
  harness = made;
  const id = await switched(made);
  await made.open(id, 'finish');
  aheadMs = 20_000;
  await until(() => finish(made, id)?.open === false);
  expect(finish(made, id)?.reason).toMatch(/^Watched for (a few seconds|5 s) so far/);
  await made.open(id, 'finish');
});

test('before the switch a jump lets every shard be in step anew', async () => {
  let aheadMs = 0;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
  const made = createHarness({ clock });
  harness = made;
  const id = await made.start({ sources: urls(pairs.sources), destinations: urls(pairs.destinations) });
  await made.open(id, 'continue');
  await made.click(id, 'gate:continue');
  await made.open(id, 'switch');
  aheadMs = -20_000;
  await until(() => made.view(id).gates.find((one) => one.gate === 'switch')?.open === false);
  await made.open(id, 'switch');
});

test('finish anyway ends a migration that somebody still writes to, and the report names who said so', async () => {
  const made = createHarness({ policy: { quietMs: 3_600_000 } });
  harness = made;
  const id = await switched(made);
  const { client } = await stranger(0, 'writer');
  await tryToWrite(client, 'SET', 'late', 'x');
  await until(() => made.view(id).actions.some((one) => one.action === 'migration:override'));
  expect(await made.click(id, 'gate:finish')).toMatchObject({ accepted: false });
  const said = { typedName: 'orders', reason: 'Only the export is left.' };
  expect(await made.click(id, 'migration:override', { ...said, user: 'U00000BEN' })).toMatchObject({ accepted: true });
  await made.phase(id, 'finished');
  const told = made.view(id).journal.filter((one) => one.text.includes('"Only the export is left"'));
  expect(told.map((one) => [one.kind, one.actor])).toEqual([
    ['override_asked', 'U00000BEN'],
    ['summary', 'bot'],
  ]);
  await tryToWrite(client, 'SET', 'late', 'x');
});
