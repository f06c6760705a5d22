/**
 * Sources from 2.4 to 5.0, as they were recorded: how they are locked for a cut-over, and how the lock is taken away again
 * when the last write does not arrive. The recorded ones keep no keys, so that the marker never does. What real ones did
 * is told in docs/old-redis.md.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { connectRaw } from '../../src/sandbox/redis/raw-connection.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { openStore, runUntilKilled } from '../support/child.ts';
import { createHarness } from '../support/engine.ts';
import { inventoryOf } from '../support/inventory.ts';
import { recordedPair } from '../support/recorded-pair.ts';

const PASSWORD = 'of-the-old-server-1';
const LOCK = 'CONFIG SET requirepass LOCK';
const MARKER = 'SETEX redis-migrate:ID:0:1 3600 1';
const CUT = ['CLIENT KILL TYPE normal SKIPME yes', 'CLIENT KILL TYPE pubsub SKIPME yes'];
const UNLOCK_OPEN = 'CONFIG SET requirepass ';
const UNLOCK = `CONFIG SET requirepass ${PASSWORD}`;
const DELETE = 'DEL redis-migrate:ID:0:1';

const CASES: readonly (readonly [version: string, password: string | undefined, sent: readonly string[]])[] = [
  ['2.4.18', undefined, [LOCK, 'AUTH', MARKER, UNLOCK_OPEN, DELETE]],
  ['2.6.17', undefined, [LOCK, 'AUTH', MARKER, UNLOCK_OPEN, DELETE]],
  ['2.8.24', undefined, [LOCK, 'AUTH', MARKER, ...CUT, UNLOCK_OPEN, DELETE]],
  ['4.0.14', undefined, [LOCK, 'AUTH', MARKER, ...CUT, UNLOCK_OPEN, DELETE]],
  ['5.0.14', undefined, [LOCK, 'AUTH', MARKER, ...CUT, UNLOCK_OPEN, DELETE]],
  ['2.4.18', PASSWORD, [LOCK, MARKER, UNLOCK, DELETE]],
  ['2.6.17', PASSWORD, [LOCK, MARKER, UNLOCK, DELETE]],
  [
    '2.8.24',
    PASSWORD,
    [
      'CONFIG SET min-slaves-to-write 1000000',
      LOCK,
      ...CUT,
      'CONFIG SET min-slaves-to-write 0',
      MARKER,
      ...CUT,
      UNLOCK,
      DELETE,
    ],
  ],
  ['3.2.13', PASSWORD, ['MONITOR', 'CLIENT PAUSE 400', LOCK, ...CUT, MARKER, ...CUT, UNLOCK, DELETE]],
  ['5.0.14', PASSWORD, ['MONITOR', 'CLIENT PAUSE 400', LOCK, ...CUT, MARKER, ...CUT, UNLOCK, DELETE]],
];

test.concurrent.for(CASES)(
  '%s, password %s: locked, and let go again',
  { timeout: 60_000 },
  async ([version, password, sent], { expect, onTestFinished }) => {
    process.env['LOCKED_OLD_PASSWORD'] = PASSWORD;
    const pair = await recordedPair(version, {
      pace: 'look',
      ...(password === undefined ? {} : { sourcePassword: password }),
    });
    const { source, destination } = pair;
    const login = password === undefined ? {} : { password: 'env:LOCKED_OLD_PASSWORD' };
    const inventory = inventoryOf({
      old: [{ url: `redis://127.0.0.1:${source.port}`, ...login }],
      new: [{ url: `redis://127.0.0.1:${destination.port}` }],
    });
    // Nobody recorded a trial of the link.
    const harness = createHarness({ inventory, policy: { maxPauseMs: 1_500, tuneSyncs: false } });
    onTestFinished(async () => {
      await harness.close();
      await pair.close();
    });
    async function settings(): Promise<unknown> {
      const connection = await connectRaw(source);
      const all = await connection.send('CONFIG', 'GET', '*');
      connection.close();
      return all;
    }
    const id = await harness.start({ sources: ['old'], destinations: ['new'], name: 'orders' });
    await harness.open(id, 'continue');
    await harness.click(id, 'gate:continue');
    await harness.open(id, 'switch');
    const before = await settings();
    const [sourceFrom, destinationFrom] = [source.received.length, destination.received.length];

    const needsName = (version === '2.4.18' || version === '2.6.17') && password !== undefined;
    if (needsName) expect(await harness.click(id, 'gate:switch')).toMatchObject({ accepted: false });
    const click = await harness.click(id, 'gate:switch', needsName ? { typedName: 'orders' } : {});
    expect(click).toMatchObject({ accepted: true });
    await until(() => harness.view(id).journal.some((row) => row.kind === 'cutover_let_go'), { within: 20_000 });
    expect(harness.view(id).journal.find((row) => row.kind === 'cutover_let_go')?.text).toMatch(/marker|1500 ms/);

    const commands = source.received.slice(sourceFrom).map((words) => words.join(' '));
    const told = commands.flatMap((line) => {
      const plain = line.replaceAll(id, 'ID').replace(/(CONFIG SET requirepass )\S{43}$/, '$1LOCK');
      const isOurs = /^(MONITOR|CLIENT (PAUSE|KILL T)|SETEX|DEL|SLAVEOF|CONFIG SET (requirepass|min-slaves))/.test(
        plain,
      );
      return isOurs ? [plain] : [];
    });
    // Undone twice over: what was on its way may come behind the first time.
    expect(told.slice(0, sent.length - (sent.includes('AUTH') ? 1 : 0))).toEqual(sent.filter((one) => one !== 'AUTH'));
    expect(told.filter((one) => one.startsWith('SLAVEOF'))).toEqual([]);
    await expect.poll(settings, { timeout: 10_000 }).toEqual(before);

    // The offset of a copy whose source had no password may be wrong by now: it is made anew.
    const orders = destination.received.slice(destinationFrom).filter(([name]) => name === 'SLAVEOF');
    const anew = password === undefined && !version.startsWith('2.4') && !version.startsWith('2.6');
    if (anew)
      expect(orders.slice(0, 2)).toEqual([
        ['SLAVEOF', 'NO', 'ONE'],
        ['SLAVEOF', '127.0.0.1', String(source.port)],
      ]);
    const journal = JSON.stringify(harness.store.journal(id));
    for (const line of commands) {
      const [, lock] = /^CONFIG SET requirepass (\S{43})$/.exec(line) ?? [];
      if (lock !== undefined) expect(journal).not.toContain(lock);
    }
    expect(journal).not.toContain(PASSWORD);
    await harness.open(id, 'switch');
  },
);

test.concurrent.for(['2.6.17', '5.0.14'])(
  '%s: a bot that dies behind the lock, and the next one gets in by it',
  {
    timeout: 90_000,
  },
  async (version, { expect, onTestFinished }) => {
    const pair = await recordedPair(version, { pace: 'look' });
    onTestFinished(() => pair.close());
    const folder = await mkdtemp(join(tmpdir(), 'redis-migrate-lock-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const policy = { tuneSyncs: false };
    const store = openStore(folder);
    const first = createHarness({ store, policy });
    const url = ({ port }: { readonly port: number }) => `redis://127.0.0.1:${port}`;
    const id = await first.start({
      sources: [url(pair.source)],
      destinations: [url(pair.destination)],
      name: 'orders',
    });
    await first.close();
    store.close();
    expect(await runUntilKilled(folder, id, ['at', 'after:pause', 'switching'], { policy })).toBe('SIGKILL');
    await expect(
      connectRaw(pair.source).then((one) => one.send('CONFIG', 'GET', 'requirepass')),
    ).resolves.toMatchObject({
      message: expect.stringMatching(/NOAUTH|operation not permitted/),
    });

    const again = openStore(folder);
    const harness = createHarness({ store: again, policy });
    onTestFinished(() => harness.close().then(() => again.close()));
    await until(() => harness.view(id).journal.some((row) => row.kind === 'cutover_let_go'), { within: 20_000 });
    const connection = await connectRaw(pair.source);
    onTestFinished(() => connection.close());
    // 2.4 and 2.6 have nil for none.
    expect((await connection.send('CONFIG', 'GET', 'requirepass')) as unknown[]).toEqual(['requirepass', '']);
  },
);
