/**
 * Redis 6.0 cannot pause writes alone: there nobody may write for a moment, by the rights of its users. Over and back
 * under writes of every kind, users of every kind, and a bot that dies at each place.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { startFleet } from '../../src/sandbox/redis/fleet.ts';
import { startProxy } from '../../src/sandbox/redis/proxy.ts';
import { connectRaw } from '../../src/sandbox/redis/raw-connection.ts';
import { type Reply, RespError, textOf } from '../../src/sandbox/redis/resp.ts';
import type { RedisServerHandle } from '../../src/sandbox/redis/server.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { createHarness } from '../support/engine.ts';
import { inventoryOf } from '../support/inventory.ts';
import { CRASH_CASES, killedAt } from '../support/killed-at.ts';
import { pass, toStreaming } from '../support/move-stage.ts';
import { otherServers } from '../support/other-servers.ts';
import { startPairs, usersOf } from '../support/servers.ts';

const SIX = otherServers().find((one) => one.kind === 'redis' && one.version.startsWith('6.0.'));
const BINARY = SIX?.binary ?? '';
const STORM = { ratePerSecond: 0, writersPerShard: 2, pipelineLength: 200, holdMultiMs: 3 } as const;

describe.skipIf(!SIX)('Redis 6.0', () => {
  test('over and back in a write storm: no acknowledged write is missing', { timeout: 180_000 }, async () => {
    const stage = await toStreaming({ binary: BINARY, traffic: STORM, policy: { maxLagBytes: 4_194_304 } });
    onTestFinished(() => stage.close());
    const { sources, destinations, traffic } = stage;
    const before = await Promise.all([...sources, ...destinations].map(usersOf));
    await pass(stage, 'gate:switch', 'switched');
    stage.pointAt(destinations);
    await pass(stage, 'migration:rollback', 'rolled_back');
    stage.pointAt(sources);
    const verified = await traffic.verify(sources);
    expect(verified).toMatchObject({ missing: 0, examples: [] });
    expect(verified.acknowledged).toBeGreaterThan(1_000);
    expect(await stage.settings()).toEqual(stage.before);
    expect(await Promise.all([...sources, ...destinations].map(usersOf))).toEqual(before);
  });

  test.each([
    { way: 'arrives late', arrives: true, open: true, text: /has every write/ },
    { way: 'never arrives', arrives: false, open: false, text: /began a full sync: .* could not resume/ },
  ])(
    'a refused transaction moves the offset behind the frozen point, and that $way',
    { timeout: 60_000 },
    async (one) => {
      const stage = await toStreaming({ binary: BINARY, shards: 1, traffic: { ratePerSecond: 2 } });
      onTestFinished(() => stage.close());
      const { sources, destinations, traffic, links } = stage;
      const [source] = sources;
      const [link] = links;
      if (!source || !link) throw new Error('unreachable');
      const connection = await connectRaw(source, { timeoutMs: 5_000 });
      onTestFinished(() => connection.close());
      await connection.send('MULTI');
      await connection.send('SET', 'late', '1');
      // What was acknowledged is on the other side by then, for next to nothing is written.
      const executed = new Promise<Reply>((resolve) => {
        stage.once('after:frozen', async () => {
          link.stall();
          resolve(connection.send('EXEC'));
          await systemClock.sleep(10);
          if (one.arrives) link.resume();
        });
      });
      await pass(stage, 'gate:switch', 'switched');
      link.resume();
      expect(textOf(await executed)).toMatch(/NOPERM/);
      const wayBack = await until(() => [stage.view().wayBack].find((it) => it && one.text.test(it.text)));
      expect(wayBack).toMatchObject({ open: one.open });
      stage.pointAt(destinations);
      expect(await traffic.verify(destinations)).toMatchObject({ missing: 0, examples: [] });
    },
  );

  test('users of every kind write until the switch, and have their rights as before afterwards', {
    timeout: 120_000,
  }, async () => {
    const stage = await toStreaming({ binary: BINARY, shards: 1 });
    onTestFinished(() => stage.close());
    const [source] = stage.sources;
    const [destination] = stage.destinations;
    if (!source || !destination) throw new Error('unreachable');
    await addUsers(source);
    const before = await usersOf(source);
    const writers = [await startWriter(source, 'app'), await startWriter(source, 'worker')];
    // Switched off, with a connection that goes on.
    writers.push(await startWriter(source, 'gone'));
    await source.call('ACL', 'SETUSER', 'gone', 'off');
    const listed = await usersOf(source);
    expect(listed).not.toEqual(before);
    await until(() => writers.every((one) => one.acknowledged.size > 20));
    await pass(stage, 'gate:switch', 'switched');
    stage.pointAt([destination]);
    await until(() => writers.every((one) => one.refused > 0));
    await Promise.all(writers.map((one) => one.stop()));
    for (const { acknowledged } of writers) {
      const held = await Promise.all([...acknowledged].map((key) => destination.call('GET', key)));
      expect(held.filter((value) => value !== 'x')).toEqual([]);
    }
    expect(await usersOf(source)).toEqual(listed);
  });

  test('let go at the deadline: everybody writes again, with the rights of before', { timeout: 120_000 }, async () => {
    const stage = await toStreaming({ binary: BINARY, policy: { maxPauseMs: 400 } });
    onTestFinished(() => stage.close());
    const { sources, destinations, traffic, harness, id } = stage;
    await Promise.all(sources.map(addUsers));
    const before = await Promise.all(sources.map(usersOf));
    const [link] = stage.links;
    // The last bytes never arrive.
    stage.once('after:started', () => link?.stall());
    await stage.press('gate:switch');
    const letGo = await harness.phase(id, 'streaming');
    expect(letGo.waitingFor).toContain('400 ms were over');
    link?.resume();
    expect(await Promise.all(sources.map(usersOf))).toEqual(before);
    for (const one of sources) expect(await one.call('SET', 'after', '1')).toBe('OK');
    await pass(stage, 'gate:switch', 'switched');
    stage.pointAt(destinations);
    expect(await traffic.verify(destinations)).toMatchObject({ missing: 0, examples: [] });
  });

  test('what was let go while servers hung is not fenced any more when they answer', { timeout: 60_000 }, async () => {
    const fleet = await startFleet({ binary: BINARY });
    onTestFinished(() => fleet.close());
    const { sources, destinations } = await startPairs(fleet, 2);
    const [source, other] = sources;
    const [destination] = destinations;
    if (!source || !other || !destination) throw new Error('unreachable');
    // The bot alone goes through these. The other shard keeps the cut-over busy with letting go.
    const slow = await startProxy({ target: destination });
    const slower = await startProxy({ target: other });
    onTestFinished(() => Promise.all([slow.close(), slower.close()]).then(() => {}));
    let isStalled = false;
    const url = ({ port }: { readonly port: number }) => `redis://127.0.0.1:${port}`;
    const replicateFrom = (server: { readonly port: number }) => ({ 'replicate-from': `127.0.0.1:${server.port}` });
    const harness = createHarness({
      policy: { maxPauseMs: 400 },
      inventory: inventoryOf({
        old: [{ url: url(source) }, { url: url(slower), ...replicateFrom(other) }],
        new: destinations.map((one) =>
          one === destination ? { url: url(slow), ...replicateFrom(one) } : { url: url(one) },
        ),
      }),
      at(place) {
        if (place !== 'after:applied') return;
        slow.stall();
        slower.stall();
        isStalled = true;
      },
    });
    onTestFinished(() => harness.close());
    const id = await harness.start({ sources: ['old'], destinations: ['new'] });
    await harness.open(id, 'continue');
    await harness.click(id, 'gate:continue');
    await harness.open(id, 'switch');
    await harness.click(id, 'gate:switch');
    await until(() => isStalled, { within: 20_000 });
    // Behind the deadline, and before its commands are given up: what is sent late is sent now. The other shard's are given
    // up by then, so that it is let go at the first attempt, which sees nothing of this.
    await systemClock.sleep(1_000);
    slow.resume();
    await systemClock.sleep(1_700);
    slower.resume();
    await harness.open(id, 'switch');
    const told = harness.view(id).journal.map((row) => row.text);
    expect(told.filter((text) => /too late/.test(text))).toEqual([]);
    expect(await source.info('replication')).toMatchObject({ role: 'master' });
  });

  test.each([
    { way: 'dies', kill: true, told: 0 },
    { way: 'hangs for good', kill: false, told: 1 },
  ])(
    'an old server that $way before its users have their rights back holds up nothing',
    { timeout: 90_000 },
    async (one) => {
      const stage = await toStreaming({ binary: BINARY });
      onTestFinished(() => stage.close());
      const { sources, destinations, traffic, harness, id } = stage;
      const [old] = sources;
      if (!old) throw new Error('unreachable');
      const killed: Promise<void>[] = [];
      stage.once('before:unpause', () => {
        old.freeze();
        if (one.kill) killed.push(old.kill());
      });
      await stage.press('gate:switch');
      const view = await harness.phase(id, 'switched');
      await Promise.all(killed);
      expect(view.shards.map((shard) => shard.state)).toEqual(['promoted', 'promoted']);
      expect(view.journal.filter((row) => row.kind === 'stuck')).toEqual([]);
      expect(view.journal.filter((row) => /Users of .* may be without the right to write/.test(row.text))).toHaveLength(
        one.told,
      );
      stage.pointAt(destinations);
      expect(await traffic.verify(destinations)).toMatchObject({ missing: 0, examples: [] });
      if (one.kill) return;
      // Its users are without their rights: nobody may go back there.
      expect(view.wayBack).toMatchObject({ open: false, text: expect.stringMatching(/right to write/) });
      old.thaw();
      expect(view.actions.map(({ action }) => action)).not.toContain('migration:rollback');
    },
  );

  describe.concurrent('killed with -9 in a cut-over', () => {
    test.for(CRASH_CASES)('$way, $point', { timeout: 120_000 }, (at, tools) =>
      killedAt({ ...at, binary: BINARY }, tools),
    );
  });
});

async function addUsers(server: RedisServerHandle): Promise<void> {
  await server.call('ACL', 'SETUSER', 'app', 'on', '>app', '~*', '+@all', '-@dangerous', '+keys');
  await server.call('ACL', 'SETUSER', 'worker', 'on', '>worker', '~*', '-@all', '+set', '+eval', '+auth');
  await server.call('ACL', 'SETUSER', 'gone', 'on', '>gone', '~*', '+@all');
  await server.call('ACL', 'SETUSER', 'reader', 'on', 'nopass', '~*', '+@read', '+@connection', '-keys');
}

/** Writes keys of its own, by SET and by script, as fast as it is answered. */
async function startWriter(server: RedisServerHandle, user: string) {
  const connection = await connectRaw(server, { timeoutMs: 5_000 });
  await connection.send('AUTH', user, user);
  const acknowledged = new Set<string>();
  let refused = 0;
  const ending = new AbortController();
  const running = (async () => {
    for (let number = 0; !ending.signal.aborted; number++) {
      const key = `${user}:${number}`;
      const answer =
        number % 2 === 0
          ? await connection.send('SET', key, 'x')
          : await connection.send('EVAL', "return redis.call('set', KEYS[1], 'x')", 1, key);
      if (answer instanceof RespError) {
        refused += 1;
        await systemClock.sleep(1);
      } else if (textOf(answer) === 'OK') acknowledged.add(key);
    }
    connection.close();
  })();
  return {
    acknowledged,
    get refused() {
      return refused;
    },
    async stop(): Promise<void> {
      ending.abort();
      await running;
    },
  };
}
