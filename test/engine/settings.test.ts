/** Settings on servers that hide some, share words with secrets, or are changed while we work. Real servers. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { NewRow } from '../../src/domain/event.ts';
import { SecretRegistry } from '../../src/log.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { type Pairs, settingsOf, startPairs, urls } from '../support/servers.ts';
import { withHook } from '../support/store-hook.ts';

let fleet: Fleet;
let pairs: Pairs;
let harness: Harness | undefined;

beforeEach(async () => {
  fleet = await startFleet();
  pairs = await startPairs(fleet, 1, { 'repl-timeout': '20' });
  await Promise.all(pairs.sources.map((source) => fill(source, { keys: 1_000 })));
});

afterEach(async () => {
  await harness?.close();
  await fleet.close();
  harness = undefined;
});

function all(): Promise<Record<string, unknown>[]> {
  return Promise.all([...pairs.sources, ...pairs.destinations].map(settingsOf));
}

test('a user whose name is its password: the setting is put back and nobody is said to have changed it', async () => {
  const [source] = pairs.sources;
  await source?.call('ACL', 'SETUSER', 'replicator', 'on', '>replicator', '+@all', '~*', '&*');
  const before = await all();
  const made = createHarness({ allowTypedPasswords: true });
  harness = made;
  const id = await made.start({
    sources: [`redis://replicator:replicator@127.0.0.1:${source?.port}`],
    destinations: urls(pairs.destinations),
  });
  await made.open(id, 'continue');
  await made.click(id, 'gate:continue');
  await made.open(id, 'switch');
  expect(await pairs.destinations[0]?.call('CONFIG', 'GET', 'masteruser')).toEqual(['masteruser', 'replicator']);
  // Long enough for the settings to be read again.
  const ticks = made.view(id).asOf;
  await until(() => Date.parse(made.view(id).asOf ?? '') - Date.parse(ticks ?? '') > 5_000);
  expect(made.view(id).journal.filter((row) => row.kind === 'held')).toEqual([]);
  await made.click(id, 'migration:abort');
  const view = await made.phase(id, 'aborted');
  expect(view.journal.filter((row) => row.kind === 'given_up')).toEqual([]);
  expect(await all()).toEqual(before);
});

test('a source that hides its settings is refused with the reason, or copied without a false alarm', async () => {
  const [source] = pairs.sources;
  await source?.call('ACL', 'SETUSER', 'looker', 'on', '>a-long-password', '+@all', '-config', '~*', '&*');
  const before = await all();
  const made = createHarness({ allowTypedPasswords: true });
  harness = made;
  const id = await made.start({
    sources: [`redis://looker:a-long-password@127.0.0.1:${source?.port}`],
    destinations: urls(pairs.destinations),
  });
  const planned = await made.phase(id, 'planned');
  if (planned.gates[0]?.open !== true) expect(planned.gates[0]?.reason).toMatch(/CONFIG/);
  else {
    await made.click(id, 'gate:continue');
    await made.open(id, 'switch');
  }
  const kinds = made.view(id).journal.map((row) => row.kind);
  expect(kinds).not.toContain('held');
  expect(kinds).not.toContain('sync_alarm');
  await made.click(id, 'migration:abort');
  await made.phase(id, 'aborted');
  expect(await all()).toEqual(before);
});

test('a source that restarts between the settings and the order to follow: told, and nobody is asked about it', async () => {
  const [source, destination] = [pairs.sources[0], pairs.destinations[0]];
  if (!source || !destination) throw new Error('unreachable');
  let restarted: Promise<void> | undefined;
  const hook = ({ event }: NewRow) => {
    if (event.kind === 'intent' && event.effect.kind === 'replicate') restarted ??= source.restart();
  };
  const store = openSqliteStore({ file: ':memory:', secrets: new SecretRegistry(), clock: systemClock });
  const made = createHarness({ store: withHook(store, hook) });
  harness = made;
  const id = await made.start({ sources: urls([source]), destinations: urls([destination]) });
  await made.open(id, 'continue');
  await made.click(id, 'gate:continue');
  const told = (kind: string) => made.view(id).journal.filter((row) => row.kind === kind);
  await until(() => told('drift').some((row) => row.text.includes('restarted')), { within: 20_000 });
  await restarted;
  await made.open(id, 'switch');
  // Its process has ended, and its settings with it: that is nobody's doing.
  expect(told('held')).toEqual([]);
  await made.click(id, 'migration:abort');
  await made.phase(id, 'aborted');
  expect(await source.call('CONFIG', 'GET', 'repl-timeout')).toEqual(['repl-timeout', '20']);
  expect(await destination.call('CONFIG', 'GET', 'repl-timeout')).toEqual(['repl-timeout', '20']);
});
