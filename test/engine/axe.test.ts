/** The axe, on real servers: which old masters are shut down in the end, which are left, and what is told of them. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { NewRow } from '../../src/domain/event.ts';
import { SecretRegistry } from '../../src/log.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { type Pairs, startPairs, urls } from '../support/servers.ts';
import { withHook } from '../support/store-hook.ts';

const AXE = { typedName: 'orders', user: 'U00000BEN' };

const openStore = (dir: string) =>
  openSqliteStore({ file: join(dir, 'state.db'), secrets: new SecretRegistry(), clock: systemClock });

async function finished(
  made: Harness,
  { sources, destinations }: Pairs,
  beforeFinish = async () => {},
): Promise<string> {
  const id = await made.start({ sources: urls(sources), destinations: urls(destinations), name: 'orders' });
  await made.open(id, 'continue');
  await made.click(id, 'gate:continue');
  await made.open(id, 'switch');
  await made.click(id, 'gate:switch');
  await made.open(id, 'finish');
  await beforeFinish();
  await made.click(id, 'gate:finish');
  await made.phase(id, 'finished');
  return id;
}

const isOffered = (made: Harness, id: string) => made.view(id).actions.some((one) => one.action === 'migration:axe');
const isDone = (made: Harness, id: string) => made.view(id).axe?.running === false;
const byHand = (port: number | undefined) => `\`redis-cli -h 127.0.0.1 -p ${port} SHUTDOWN\``;

describe('asked for', () => {
  let fleet: Fleet;
  let pairs: Pairs;
  let folder: string;
  let store: Store;
  let harness: Harness | undefined;

  beforeEach(async () => {
    fleet = await startFleet();
    folder = await mkdtemp(join(tmpdir(), 'redis-migrate-axe-'));
    store = openStore(folder);
  });

  afterEach(async () => {
    await harness?.close();
    harness = undefined;
    store.close();
    await fleet.close();
    await rm(folder, { recursive: true });
  });

  test('an old master that somebody is connected to is left, with the line to run; later it goes too', async () => {
    pairs = await startPairs(fleet, 2);
    const [first, second] = pairs.sources;
    const made = createHarness({ store });
    harness = made;
    const id = await finished(made, pairs);
    const client = second!.client();
    await client.get('a');
    expect(isOffered(made, id)).toBe(true);
    expect(await made.click(id, 'migration:axe')).toMatchObject({ accepted: false });
    expect(await made.click(id, 'migration:axe', { ...AXE, typedName: 'order' })).toMatchObject({ accepted: false });
    expect([first!.running, second!.running]).toEqual([true, true]);

    expect(await made.click(id, 'migration:axe', AXE)).toMatchObject({ accepted: true });
    await until(() => isDone(made, id));
    expect([first!.running, second!.running]).toEqual([false, true]);
    const told = made.view(id);
    expect(told.phase).toBe('finished');
    expect(told.axe?.lines).toEqual([
      '1 of 2 old servers is shut down.',
      expect.stringMatching(
        /^Shard 2: One client is connected to .*\. It is left as it is\. To shut it down by hand: /,
      ),
    ]);
    expect(told.axe?.lines[1]).toContain(byHand(second!.port));

    client.disconnect();
    expect(await made.click(id, 'migration:axe', AXE)).toMatchObject({ accepted: true });
    await until(() => isDone(made, id));
    expect(second!.running).toBe(false);
    expect(made.view(id).axe?.lines).toEqual(['2 of 2 old servers are shut down.']);
    expect(isOffered(made, id)).toBe(false);
    expect(await made.click(id, 'migration:axe', AXE)).toMatchObject({ accepted: false });
    for (const one of pairs.destinations) expect(await one.info('replication')).toMatchObject({ role: 'master' });

    // The journal remembers, and a bot that starts again leaves it at that.
    await made.close();
    const again = createHarness({ store });
    harness = again;
    expect([isOffered(again, id), isDone(again, id)]).toEqual([false, true]);
    expect(again.view(id).journal.filter((one) => one.text.startsWith('About to shut down'))).toHaveLength(2);
  });

  test('works after a restart of the bot, and leaves what is not as it was', async () => {
    pairs = await startPairs(fleet, 4);
    const [gone, restarted, released, writable] = pairs.sources;
    const first = createHarness({ store });
    harness = first;
    const id = await finished(first, pairs);
    await first.close();
    await restarted!.restart();
    await released!.call('REPLICAOF', 'NO', 'ONE');
    await writable!.config('replica-read-only', 'no');

    const made = createHarness({ store });
    harness = made;
    expect(isOffered(made, id)).toBe(true);
    expect(await made.click(id, 'migration:axe', AXE)).toMatchObject({ accepted: true });
    await until(() => isDone(made, id), { within: 20_000 });
    expect(pairs.sources.map((one) => one.running)).toEqual([false, true, true, true]);
    const why = made.view(id).axe?.lines.slice(1) ?? [];
    expect(why).toEqual([
      expect.stringContaining(`127.0.0.1:${restarted!.port} is another process than the one that was moved.`),
      expect.stringContaining(`127.0.0.1:${released!.port} is a master: it is not behind the fence`),
      expect.stringContaining('takes writes (replica-read-only no)'),
    ]);
    expect(gone!.running).toBe(false);
  });

  test('an old master that was shut down before the end is told, and nothing is offered for it', async () => {
    pairs = await startPairs(fleet, 1);
    const [source] = pairs.sources;
    const made = createHarness({ store });
    harness = made;
    const id = await finished(made, pairs, () => source!.stop());
    expect(isOffered(made, id)).toBe(false);
    expect(made.view(id).axe).toEqual({ running: false, lines: ['1 of 1 old server is shut down.'] });
    expect(made.view(id).journal.map((one) => one.text)).toContain(
      `Shard 1: 127.0.0.1:${source!.port} takes no connections any more: it is shut down.`,
    );
  });

  test('a server that refuses to shut down is told with its own words', async () => {
    pairs = await startPairs(fleet, 1, { dbfilename: 'taken.rdb' });
    const [source] = pairs.sources;
    const made = createHarness({ store });
    harness = made;
    const id = await finished(made, pairs);
    // It cannot save: a folder stands where its file should be.
    await mkdir(join(source!.dir, 'taken.rdb', 'by-a-folder'), { recursive: true });
    await source!.config('save', '900 1');
    await made.click(id, 'migration:axe', AXE);
    await until(() => isDone(made, id));
    expect(source!.running).toBe(true);
    expect(made.view(id).axe?.lines[1]).toMatch(/answered SHUTDOWN with an error: .*It is left as it is/);
    expect(made.view(id).axe?.lines[1]).toContain(byHand(source!.port));
  });

  test('a server that neither answers nor refuses connections is told as it is', async () => {
    pairs = await startPairs(fleet, 1);
    const [source] = pairs.sources;
    let aheadMs = 0;
    const clock: Clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
    const hooked = withHook(store, ({ event }: NewRow) => {
      if (event.kind === 'intent' && event.effect.kind === 'shutdown') source!.freeze();
    });
    const made = createHarness({ store: hooked, clock });
    harness = made;
    const id = await finished(made, pairs);
    await made.click(id, 'migration:axe', AXE);
    await until(() =>
      made.view(id).journal.some((one) => one.kind === 'answered' && one.text.startsWith('Outcome unknown')),
    );
    expect(isDone(made, id)).toBe(false);
    expect(await made.click(id, 'migration:axe', AXE)).toMatchObject({ accepted: false, text: /already/ });
    aheadMs = 70_000;
    await until(() => isDone(made, id));
    expect(made.view(id).axe?.lines[1]).toContain('SHUTDOWN was sent');
    expect(made.view(id).axe?.lines[1]).toContain('after 60 s it still takes connections');
    source!.thaw();
  });
});

/** Runs the bot until it kills itself at that row. */
async function runUntilKilled(file: string, id: string, point: readonly string[]): Promise<string> {
  const script = fileURLToPath(new URL('./child.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, file, id, ...point], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, CHILD: JSON.stringify({ axe: true }) },
  });
  const limit = setTimeout(() => child.kill('SIGTERM'), 25_000);
  const signal = await new Promise((resolve) => child.on('exit', (_code, by) => resolve(by)));
  clearTimeout(limit);
  return String(signal);
}

describe.concurrent('killed with -9', () => {
  test.for([
    ['after', 'clicked', 'migration:axe'],
    ['after', 'axe_asked'],
    ['after', 'intent', 'shutdown'],
    ['before', 'answered', 'shutdown'],
    ['before', 'axed'],
  ])(
    '%s %s %s: the next bot goes on, and sends nothing twice',
    { timeout: 60_000 },
    async (point, { onTestFinished }) => {
      const fleet = await startFleet();
      onTestFinished(() => fleet.close());
      const dir = await mkdtemp(join(tmpdir(), 'redis-migrate-axe-'));
      onTestFinished(() => rm(dir, { recursive: true }));
      const own = await startPairs(fleet, 2);
      const before = openStore(dir);
      const first = createHarness({ store: before });
      const id = await finished(first, own);
      await first.close();
      before.close();
      expect(await runUntilKilled(join(dir, 'state.db'), id, point)).toBe('SIGKILL');

      const again = openStore(dir);
      const made = createHarness({ store: again });
      onTestFinished(() => made.close().then(() => again.close()));
      await made.engine.settleOldClicks();
      await until(() => isDone(made, id), { within: 20_000 });
      const sent = made.view(id).journal.filter((one) => one.text.startsWith('About to shut down'));
      expect(new Set(sent.map((one) => one.shard))).toEqual(new Set([0, 1]));
      expect(sent).toHaveLength(2);
      // What was announced and not sent is not sent by a bot that cannot know it.
      const unsent = point.join(' ') === 'after intent shutdown';
      expect(own.sources.filter((one) => one.running)).toHaveLength(unsent ? 1 : 0);
      const [head, left] = made.view(id).axe?.lines ?? [];
      expect(head).toBe(unsent ? '1 of 2 old servers is shut down.' : '2 of 2 old servers are shut down.');
      if (unsent) expect(left).toContain('The bot was stopped while SHUTDOWN was on its way');
      expect(isOffered(made, id)).toBe(unsent);
    },
  );
});
