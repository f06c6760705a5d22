/** Whether the destination can reach its source is tried before anybody approves, and nothing is left of the trial. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { NewRow } from '../../src/domain/event.ts';
import { type Inventory, parseInventory } from '../../src/inventory.ts';
import { SecretRegistry } from '../../src/log.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { freePort } from '../../src/sandbox/redis/ports.ts';
import { startProxy } from '../../src/sandbox/redis/proxy.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { inventoryOf } from '../support/inventory.ts';
import { otherServers } from '../support/other-servers.ts';
import { type Pairs, settingsOf, startPairs, urls } from '../support/servers.ts';
import { withHook } from '../support/store-hook.ts';

let fleet: Fleet;
let pairs: Pairs;
let harness: Harness | undefined;

beforeEach(async () => {
  fleet = await startFleet();
  pairs = await startPairs(fleet, 1);
  await Promise.all(pairs.sources.map((source) => fill(source, { keys: 500 })));
});

afterEach(async () => {
  await harness?.close();
  await fleet.close();
  harness = undefined;
});

function all(): Promise<Record<string, unknown>[]> {
  return Promise.all([...pairs.sources, ...pairs.destinations].map(settingsOf));
}

function openStore(): Store {
  return openSqliteStore({ file: ':memory:', secrets: new SecretRegistry(), clock: systemClock });
}

async function planned(made: Harness, sources = urls(pairs.sources)) {
  harness = made;
  const id = await made.start({ sources, destinations: urls(pairs.destinations), name: 'orders' });
  const view = await made.phase(id, 'planned');
  return { id, view, codes: view.findings.map((one) => one.code) };
}

test('a destination that reaches its source: no finding, no key copied, no snapshot made, all settings as before', async () => {
  const before = await all();
  const { view, codes } = await planned(createHarness());
  expect(codes).toEqual([]);
  expect(view.journal.map((row) => row.kind)).toContain('trial_over');
  expect(await pairs.destinations[0]?.call('DBSIZE')).toBe(0);
  expect(await pairs.destinations[0]?.info('replication')).toMatchObject({ role: 'master' });
  expect(await pairs.sources[0]?.info()).toMatchObject({ connected_slaves: '0', rdb_saves: '0', total_forks: '0' });
  expect(await all()).toEqual(before);
});

test('an address that only the bot can use is found out, named, and mended by replicate-from', async () => {
  const [source] = pairs.sources;
  if (!source) throw new Error('unreachable');
  const nowhere = await freePort();
  const group = (replicateFrom: number): Inventory => {
    const text = `groups:\n  old:\n    - url: redis://127.0.0.1:${source.port}\n      replicate-from: 127.0.0.1:${replicateFrom}\n`;
    const allowed = { allowsName: () => true, allowsAddresses: () => true };
    const parsed = parseInventory(text, {
      allowed,
      vault: {
        resolve: () => {
          throw new Error('no password here');
        },
        readPem: () => '',
      },
    });
    if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
    return parsed.inventory;
  };
  const before = await all();
  const wrong = await planned(createHarness({ inventory: group(nowhere) }), ['old']);
  expect(wrong.codes).toEqual(['source_not_reached']);
  expect(wrong.view.findings[0]?.text).toContain(`cannot reach its source at 127.0.0.1:${nowhere}`);
  expect(wrong.view.findings[0]?.fix).toContain('replicate-from');
  expect(wrong.view.gates.find((one) => one.gate === 'continue')).toMatchObject({ open: false });
  expect(await all()).toEqual(before);
  await harness?.close();
  expect((await planned(createHarness({ inventory: group(source.port) }), ['old'])).codes).toEqual([]);
});

test('an address at which another server answers: found out at once, named, and not copied', async () => {
  const [source] = pairs.sources;
  if (!source) throw new Error('unreachable');
  // Its snapshot takes a while, as a large one does.
  const config = { 'repl-diskless-sync-delay': '0', 'rdb-key-save-delay': '4000' };
  const other = await fleet.server({ config });
  await fill(other, { keys: 500 });
  const entry = { url: `redis://127.0.0.1:${source.port}`, 'replicate-from': `127.0.0.1:${other.port}` };
  const before = await all();
  const { view, codes } = await planned(createHarness({ inventory: inventoryOf({ old: [entry] }) }), ['old']);
  expect(codes).toEqual(['source_not_reached']);
  expect(view.findings[0]?.text).toContain('another server answers there');
  expect(await pairs.destinations[0]?.call('DBSIZE')).toBe(0);
  expect(await pairs.destinations[0]?.info('replication')).toMatchObject({ role: 'master' });
  expect(await all()).toEqual(before);
});

test('a wrong password for the link is found out before anybody approves', async () => {
  await pairs.sources[0]?.call('ACL', 'SETUSER', 'default', '-psync', '-sync');
  const { codes } = await planned(createHarness());
  expect(codes.some((code) => /psync|source_not_reached/.test(code))).toBe(true);
});

const six = otherServers().find((one) => one.kind === 'redis' && one.version.startsWith('6.0.'));

test.skipIf(six === undefined)(
  'up to 6.0 a snapshot that somebody makes in that very moment reaches the destination: that is told, and nobody may go on',
  async ({ onTestFinished }) => {
    const binary = six?.binary ?? '';
    const [source, destination] = await Promise.all([fleet.server({ binary }), fleet.server({ binary })]);
    pairs = { sources: [source], destinations: [destination] };
    await fill(source, { keys: 500 });
    const before = await all();
    const proxy = await startProxy({ target: source });
    onTestFinished(() => proxy.close());
    const store = openStore();
    let sprung: Promise<unknown> | undefined;
    // The bot does not see the destination arrive at its source until the snapshot has arrived there.
    const spring = async () => {
      proxy.stall();
      const filled = async () => {
        await source.call('BGSAVE').catch(() => undefined);
        return Number(await destination.call('DBSIZE').catch(() => 0)) > 0;
      };
      await until(filled, { within: 4_000 }).finally(() => proxy.resume());
    };
    const hooked = withHook(store, ({ event }: NewRow) => {
      if (event.kind === 'intent' && event.effect.kind === 'try_link') sprung = spring();
    });
    const entry = { url: `redis://127.0.0.1:${proxy.port}`, 'replicate-from': `127.0.0.1:${source.port}` };
    const made = createHarness({ store: hooked, inventory: inventoryOf({ old: [entry] }) });
    const { view, codes } = await planned(made, ['old']);
    await sprung;
    expect(codes).toContain('destination_not_empty');
    expect(view.findings.find((one) => one.code === 'destination_not_empty')?.text).toMatch(/holds 500 keys/);
    expect(view.gates.find((one) => one.gate === 'continue')).toMatchObject({ open: false });
    const over = view.journal.find((row) => row.kind === 'trial_over');
    expect(over?.text).toMatch(/follows nobody again, and holds 500 keys now/);
    expect(await destination.info('replication')).toMatchObject({ role: 'master' });
    expect(await all()).toEqual(before);
    await made.close();
    store.close();
  },
);

test.skipIf(six === undefined)(
  'a destination with a replica that it needs as a master: the trial does not make it look without',
  async () => {
    const binary = six?.binary ?? '';
    const [source, destination] = await Promise.all([fleet.server({ binary }), fleet.server({ binary })]);
    pairs = { sources: [source], destinations: [destination] };
    const replica = await fleet.server({ binary, config: { replicaof: `127.0.0.1 ${destination.port}` } });
    const follows = async () => (await replica.info('replication'))['master_link_status'] === 'up';
    await until(follows);
    await destination.call('CONFIG', 'SET', 'min-replicas-to-write', '1');
    const { view, codes } = await planned(createHarness());
    expect(codes).toEqual(['destination_has_replicas']);
    expect(view.journal.map((row) => row.kind)).toContain('trial_over');
    await until(follows);
  },
);

test('a source that dies in the middle of a trial: what is left is told, and put back when it answers again', async () => {
  const [source] = pairs.sources;
  if (!source) throw new Error('unreachable');
  const before = await all();
  const store = openStore();
  let died: Promise<void> | undefined;
  const hooked = withHook(store, ({ event }: NewRow) => {
    if (event.kind === 'intent' && event.effect.kind === 'end_trial') died ??= source.kill();
  });
  const made = createHarness({ store: hooked });
  const { id, view, codes } = await planned(made);
  await died;
  expect(codes).toContain('trial_left');
  expect(view.gates.find((one) => one.gate === 'continue')).toMatchObject({ open: false });
  const abort = view.actions.find((one) => one.action === 'migration:abort');
  const told = `${view.journal.at(-1)?.text} ${abort?.consequence}`;
  expect(told).toMatch(/still to be put back\. What a trial of a link has changed is put back/);
  expect(told).not.toContain('Nothing has been changed');
  await source.start();
  await made.click(id, 'migration:recheck');
  await made.open(id, 'continue');
  expect(made.view(id).findings).toEqual([]);
  expect(await all()).toEqual(before);
  await made.close();
  store.close();
});

test('a destination that holds keys is left alone, and that is said', async () => {
  await pairs.destinations[0]?.call('SET', 'precious', '1');
  harness = createHarness();
  const id = await harness.start({
    sources: urls(pairs.sources),
    destinations: urls(pairs.destinations),
    yesWipe: true,
  });
  const view = await harness.phase(id, 'planned');
  expect(view.findings.map((one) => one.code)).toEqual(['destination_not_empty', 'link_not_tried']);
  expect(view.journal.map((row) => row.kind)).not.toContain('trial_over');
  expect(await pairs.destinations[0]?.call('GET', 'precious')).toBe('1');
});

test('TUNE_SYNCS=false: no server is touched before continue', async () => {
  const { codes, view } = await planned(createHarness({ policy: { tuneSyncs: false } }));
  expect(codes).toEqual(['link_not_tried']);
  expect(view.journal.map((row) => row.kind)).not.toContain('intent');
});

/** The rows of a trial, at each of which the bot dies. */
const ROWS = ['set_config', 'answered', 'seen', 'try_link', 'end_trial', 'trial_over', 'restore_config'] as const;

test.each(ROWS)('a bot that dies when %s is written: the next one puts everything back and goes on', async (where) => {
  const before = await all();
  const store = openStore();
  let dead = false;
  const dying = withHook(store, ({ event }: NewRow) => {
    const name = event.kind === 'intent' ? event.effect.kind : event.kind;
    if (name === where) dead = true;
    if (dead) throw new Error('the bot is dead');
  });
  const first = createHarness({ store: dying });
  const id = await first.start({
    sources: urls(pairs.sources),
    destinations: urls(pairs.destinations),
    name: 'orders',
  });
  await until(() => dead);
  await first.close();
  harness = createHarness({ store });
  const view = await harness.phase(id, 'planned');
  expect(view.findings).toEqual([]);
  expect(await all()).toEqual(before);
  expect(await pairs.destinations[0]?.info('replication')).toMatchObject({ role: 'master' });
  expect(await pairs.destinations[0]?.call('DBSIZE')).toBe(0);
  store.close();
});

test('abort in the middle of a trial: the destination is free before the trap is opened, and nothing is left', async () => {
  const before = await all();
  const store = openStore();
  const made = createHarness({
    store: withHook(store, ({ event }: NewRow) => {
      if (event.kind === 'intent' && event.effect.kind === 'end_trial') throw new Error('a disk that is full');
    }),
  });
  const id = await made.start({ sources: urls(pairs.sources), destinations: urls(pairs.destinations), name: 'orders' });
  await until(async () => (await pairs.destinations[0]?.info('replication'))?.['role'] === 'slave');
  await made.click(id, 'migration:abort');
  harness = made;
  await made.phase(id, 'aborted');
  expect(await all()).toEqual(before);
  expect(await pairs.destinations[0]?.info('replication')).toMatchObject({ role: 'master' });
  expect(await pairs.sources[0]?.info()).toMatchObject({ total_forks: '0' });
  await made.close();
  store.close();
});
