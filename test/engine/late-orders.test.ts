/** Orders that arrive late, because the connection for them took its time to open: what was decided since then holds. */
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { NewRow } from '../../src/domain/event.ts';
import { SecretRegistry } from '../../src/log.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { listenOnFreePort } from '../../src/sandbox/redis/ports.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { inventoryOf } from '../support/inventory.ts';
import { type Pairs, settingsOf, startPairs, urls } from '../support/servers.ts';
import { withHook } from '../support/store-hook.ts';

let fleet: Fleet;
let pairs: Pairs;
let harness: Harness | undefined;
let store: Store;

beforeEach(async () => {
  fleet = await startFleet();
  pairs = await startPairs(fleet, 1, { 'repl-diskless-sync-delay': '5' });
  await Promise.all(pairs.sources.map((source) => fill(source, { keys: 500 })));
  store = openSqliteStore({ file: ':memory:', secrets: new SecretRegistry(), clock: systemClock });
});

afterEach(async () => {
  await harness?.close();
  await fleet.close();
  store.close();
  harness = undefined;
});

/** A door to a server through which one connection can be made to wait: the next one that is opened. */
async function openDoor(port: number) {
  let wanted = false;
  let waiting: (() => void) | undefined;
  let gone = false;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const join = () => {
      const target = connect({ host: '127.0.0.1', port });
      for (const one of [client, target]) {
        sockets.add(one);
        one.on('error', () => one.destroy());
      }
      client.pipe(target).pipe(client);
    };
    if (!wanted) return join();
    wanted = false;
    waiting = join;
    client.on('close', () => {
      gone = true;
    });
  });
  return {
    port: await listenOnFreePort(server),
    holdNext: () => {
      wanted = true;
    },
    holds: () => waiting !== undefined,
    /** Whether whoever waited has gone. */
    gone: () => gone,
    letGo: () => waiting?.(),
    close: () => {
      for (const one of sockets) one.destroy();
      server.close();
    },
  };
}

test('an abort waits for a setting that is on its way to a server: nothing is left of the trial', async ({
  onTestFinished,
}) => {
  const [source] = pairs.sources;
  if (!source) throw new Error('unreachable');
  const before = await settingsOf(source);
  const door = await openDoor(source.port);
  onTestFinished(door.close);
  const hooked = withHook(store, ({ event }: NewRow) => {
    if (event.kind === 'intent' && event.effect.kind === 'set_config' && event.effect.side === 'source')
      door.holdNext();
  });
  const entry = { url: `redis://127.0.0.1:${door.port}` };
  const made = createHarness({ store: hooked, inventory: inventoryOf({ old: [entry] }) });
  harness = made;
  const id = await made.start({ sources: ['old'], destinations: urls(pairs.destinations), name: 'orders' });
  await until(() => door.holds());
  await made.click(id, 'migration:abort');
  // Long enough for it to be over, were the setting not waited for; shorter than a connection may take to open.
  await until(() => made.view(id).phase === 'aborted', { within: 3_000 }).catch(() => undefined);
  door.letGo();
  await made.phase(id, 'aborted');
  await harness.close();
  expect(await settingsOf(source)).toEqual(before);
});

test('an order to wait aside that arrives when the copy is over is not given any more', async ({ onTestFinished }) => {
  const [source] = pairs.sources;
  const [destination] = pairs.destinations;
  if (!source || !destination) throw new Error('unreachable');
  // A copy of two seconds, so that a tick sees it.
  await source.call('CONFIG', 'SET', 'rdb-key-save-delay', '4000');
  const door = await openDoor(destination.port);
  onTestFinished(door.close);
  const hooked = withHook(store, ({ event }: NewRow) => {
    if (event.kind === 'intent' && event.effect.kind === 'replicate') door.holdNext();
  });
  const entry = { url: `redis://127.0.0.1:${door.port}` };
  const made = createHarness({
    store: hooked,
    inventory: inventoryOf({ new: [entry] }),
    policy: { maxSourceMemoryPercent: 0 },
  });
  harness = made;
  const id = await made.start({ sources: urls(pairs.sources), destinations: ['new'], name: 'orders' });
  await made.open(id, 'continue');
  await made.click(id, 'gate:continue');
  await until(() => door.holds());
  await made.phase(id, 'streaming');
  door.letGo();
  await until(() => door.gone());
  expect(await destination.info('replication')).toMatchObject({ master_port: String(source.port) });
});
