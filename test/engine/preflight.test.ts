/** What stops a migration before anything is changed, on real servers. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseAllowedHosts } from '../../src/domain/allowed-hosts.ts';
import { Secret } from '../../src/domain/secret.ts';
import { parseInventory } from '../../src/inventory.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { otherServers } from '../support/other-servers.ts';
import { settingsOf, startPairs, urls } from '../support/servers.ts';

let fleet: Fleet;
let harness: Harness | undefined;

beforeEach(async () => {
  fleet = await startFleet();
});

afterEach(async () => {
  await harness?.close();
  harness = undefined;
  for (const name of ['TEST_OLD_PASSWORD', 'TEST_NEW_PASSWORD']) delete process.env[name];
  await fleet.close();
});

async function planned(sources: string[], destinations: string[], yesWipe = false) {
  harness ??= createHarness();
  const id = await harness.start({ sources, destinations, name: 'orders', yesWipe });
  return { id, view: await harness.phase(id, 'planned') };
}

test('a server that is not there, one that is a replica, and one that asks for a password are errors with a remedy', async () => {
  const master = await fleet.server();
  const replica = await fleet.server();
  const locked = await fleet.server({ requirepass: 'a-long-password' });
  const gone = await fleet.server();
  await replica.call('REPLICAOF', '127.0.0.1', String(master.port));
  await gone.stop();
  const fresh = await Promise.all([fleet.server(), fleet.server(), fleet.server()]);
  const { view } = await planned(urls([replica, locked, gone]), urls(fresh));
  expect(view.findings.map((one) => [one.level, one.shard, one.code])).toEqual([
    ['error', 0, 'source_not_master'],
    ['error', 1, 'source_auth'],
    ['error', 2, 'source_refused'],
  ]);
  for (const finding of view.findings) expect(finding.fix).toBeTruthy();
  expect(view.gates[0]).toMatchObject({ gate: 'continue', open: false });
  expect(view.actions.map((one) => one.action)).toEqual(['migration:recheck', 'migration:abort']);
  expect(view.totals).toMatchObject({ servers: 3, keys: null });
});

test('mending what was found and checking again opens the gate', async () => {
  const { sources, destinations } = await startPairs(fleet, 1);
  await destinations[0]?.stop();
  const { id, view } = await planned(urls(sources), urls(destinations));
  expect(view.gates[0]?.open).toBe(false);
  await destinations[0]?.start();
  expect(await harness?.click(id, 'migration:recheck')).toMatchObject({ accepted: true });
  await harness?.open(id, 'continue');
});

test('two names of one server are found out by its run id', async () => {
  const { sources } = await startPairs(fleet, 1);
  const { view } = await planned(urls(sources), [`redis://localhost:${sources[0]?.port}`]);
  expect(view.findings.map((one) => one.code)).toContain('same_server');
});

test('an overlap is told beforehand how many keys may vanish because they have a TTL', async () => {
  const { sources, destinations } = await startPairs(fleet, 1);
  await sources[0]?.call('MSET', 'a', '1', 'b', '2', 'c', '3');
  await sources[0]?.call('SETEX', 'session', '1000', '4');
  harness = createHarness();
  const id = await harness.start({ sources: urls(sources), destinations: urls(destinations), cutover: 'overlap' });
  const view = await harness.phase(id, 'planned');
  expect(view.findings).toMatchObject([{ level: 'warning', code: 'overlap_keys_expire' }]);
  expect(view.findings[0]?.text).toMatch(/^1 of 4 keys on .* have a TTL/);
  expect(view.gates[0]).toMatchObject({ gate: 'continue', open: true });
});

test('a destination with keys is wiped only with --yes-wipe and the name typed', async () => {
  const { sources, destinations } = await startPairs(fleet, 1);
  const [source] = sources;
  const [destination] = destinations;
  if (!source || !destination) throw new Error('no servers');
  await fill(source, { keys: 50 });
  await destination.call('SET', 'precious', 'data');

  const without = await planned(urls(sources), urls(destinations));
  expect(without.view.findings).toMatchObject([{ level: 'error', code: 'destination_not_empty' }]);
  await harness?.click(without.id, 'migration:abort');
  await harness?.phase(without.id, 'aborted');

  const { id, view } = await planned(urls(sources), urls(destinations), true);
  expect(view.findings).toMatchObject([
    { level: 'warning', code: 'destination_not_empty' },
    { level: 'note', code: 'link_not_tried' },
  ]);
  expect(view.actions[0]).toMatchObject({ action: 'gate:continue', ask: 'form' });
  expect(await harness?.click(id, 'gate:continue')).toMatchObject({ accepted: false });
  expect(await harness?.click(id, 'gate:continue', { typedName: 'order' })).toMatchObject({ accepted: false });
  expect(await destination.call('GET', 'precious')).toBe('data');
  expect(await harness?.click(id, 'gate:continue', { typedName: 'orders' })).toMatchObject({ accepted: true });
  await harness?.open(id, 'switch');
  expect(await destination.call('GET', 'precious')).toBeNull();
});

test('a destination that gets keys after it was checked is left alone', async () => {
  const { sources, destinations } = await startPairs(fleet, 1);
  const [destination] = destinations;
  const { id } = await planned(urls(sources), urls(destinations));
  await harness?.open(id, 'continue');
  await destination?.call('SET', 'precious', 'data');
  await harness?.click(id, 'gate:continue');
  await until(() => /1 key since it was checked/.test(harness?.view(id).waitingFor ?? ''), {
    what: 'a reason that names the keys',
  });
  expect(await destination?.call('GET', 'precious')).toBe('data');
  await destination?.flush();
  await harness?.open(id, 'switch');
});

test('servers with passwords from the inventory migrate, and the old masterauth is put back', async () => {
  const config = { 'repl-diskless-sync-delay': '0' };
  const source = await fleet.server({ requirepass: 'old-side-password', config });
  const destination = await fleet.server({
    requirepass: 'new-side-password',
    config: { ...config, masterauth: 'an-older-masterauth' },
  });
  process.env['TEST_OLD_PASSWORD'] = 'old-side-password';
  process.env['TEST_NEW_PASSWORD'] = 'new-side-password';
  const allowed = parseAllowedHosts('127.0.0.1');
  if (!allowed.ok) throw new Error('unreachable');
  const inventory = parseInventory(
    `groups:\n  old:\n    - url: redis://127.0.0.1:${source.port}\n      password: env:TEST_OLD_PASSWORD\n  new:\n    - url: redis://127.0.0.1:${destination.port}\n      password: env:TEST_NEW_PASSWORD\n`,
    {
      allowed: allowed.allowed, // It only checks that every password is there; the engine's own vault looks them up.
      vault: { readPem: () => '', resolve: () => new Secret('there') },
    },
  );
  if (!inventory.ok) throw new Error(inventory.problems.join('\n'));
  harness = createHarness({ inventory: inventory.inventory });
  await fill(source, { keys: 200 });
  const before = await settingsOf(destination);

  const { id, view } = await planned(['old'], ['new']);
  expect(view.findings).toEqual([]);
  await harness.click(id, 'gate:continue');
  await harness.open(id, 'switch');
  await harness.click(id, 'gate:switch');
  await harness.phase(id, 'switched');
  await harness.open(id, 'finish');
  await harness.click(id, 'gate:finish');
  await harness.phase(id, 'finished');
  expect(await settingsOf(destination)).toEqual(before);

  const everything = JSON.stringify([harness.view(id), harness.store.journal(id)]);
  for (const secret of ['old-side-password', 'new-side-password', 'an-older-masterauth'])
    expect(everything).not.toContain(secret);
});

test('a source that would take writes as a replica is refused: the fence would not hold', async () => {
  const { sources, destinations } = await startPairs(fleet, 1, { 'replica-read-only': 'no' });
  const { view } = await planned(urls(sources), urls(destinations));
  expect(view.findings.map((one) => one.code)).toEqual(['source_stays_writable']);
  await sources[0]?.config('replica-read-only', 'yes');
  await harness?.click(view.id, 'migration:recheck');
  await harness?.open(view.id, 'continue');
  await harness?.click(view.id, 'gate:continue');
  await harness?.open(view.id, 'switch');
  // Somebody changes it behind our back: the cut-over does not even pause the writes.
  await sources[0]?.config('replica-read-only', 'no');
  await harness?.click(view.id, 'gate:switch');
  await until(() => harness?.view(view.id).journal.some((row) => row.kind === 'cutover_let_go'), {
    what: 'the cut-over to be let go',
  });
  const letGo = harness?.view(view.id);
  expect(letGo?.journal.find((row) => row.kind === 'cutover_let_go')?.text).toContain('replica-read-only');
});

const SIX = otherServers().find((one) => one.kind === 'redis' && one.version.startsWith('6.0.'));

test.skipIf(SIX === undefined)('a source below 6.2 has no finding of its own', async () => {
  const config = { 'repl-diskless-sync-delay': '0' };
  const source = await fleet.server({ config, ...(SIX ? { binary: SIX.binary } : {}) });
  const destination = await fleet.server({ config });
  const { view } = await planned(urls([source]), urls([destination]));
  expect(view.findings).toEqual([]);
});

test('a Sentinel and settings that would bite later are told before anything is done', async () => {
  const source = await fleet.server({ config: { maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' } });
  const destination = await fleet.server({ config: { databases: '2' } });
  const sentinel = source.client({ connectionName: 'sentinel-8917d79a-pubsub' });
  await sentinel.subscribe('__sentinel__:hello');
  const elsewhere = source.client({ db: 3 });
  await elsewhere.set('k', 'v');
  const { id, view } = await planned(urls([source]), urls([destination]));
  expect(view.findings.map((one) => [one.level, one.code])).toEqual([
    ['error', 'source_sentinel'],
    ['error', 'too_few_databases'],
    ['warning', 'eviction_differs'],
  ]);
  sentinel.disconnect();
  await elsewhere.del('k');
  await source.config('maxmemory-policy', 'noeviction');
  await harness?.click(id, 'migration:recheck');
  await harness?.open(id, 'continue');
});
