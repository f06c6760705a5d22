import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { Secret } from '../../src/domain/secret.ts';
import { act } from '../../src/engine/act.ts';
import { Journal } from '../../src/engine/journal.ts';
import { SecretRegistry } from '../../src/log.ts';
import { createPasswordVault } from '../../src/passwords.ts';
import { freePort } from '../../src/sandbox/redis/ports.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { readText } from '../support/inventory.ts';

test('a setting that was agreed to on a server that takes no connection is told once, and not tried for ever', async () => {
  const registry = new SecretRegistry();
  const store = openSqliteStore({ file: ':memory:', secrets: registry, clock: systemClock });
  const botToken = new Secret('xoxb-for-the-engine-tests');
  const passwords = createPasswordVault({
    botToken,
    env: {},
    readFile: readText,
    secrets: registry,
    clock: systemClock,
  });
  const [source, destination] = await Promise.all(
    [1, 2].map(async () => ({ host: '127.0.0.1', port: await freePort(), tls: false })),
  );
  if (!source || !destination) throw new Error('unreachable');
  const plan = {
    id: 'm-7k3q',
    name: 'orders',
    shards: [{ index: 0, source, destination }],
    cutover: 'fenced',
    yesWipe: false,
    requestedBy: 'U00000ANA',
    channel: 'C000000MIG',
    createdAt: 1,
  } as const;
  const journal = Journal.create({ store, clock: systemClock, hooks: null }, plan, null, () => {});
  const changes = [{ side: 'source', name: 'repl-timeout', value: '120', why: 'so' }] as const;
  const deps = { clock: systemClock, passwords, registry, policy: { tuneSyncs: true } };
  await act({ kind: 'tune', shard: 0, changes }, journal, deps);
  expect(journal.rows.map((row) => row.event.kind)).toEqual(['requested', 'tuned']);
  expect(journal.rows.at(-1)?.text).toMatch(/repl-timeout could not be set: 127\.0\.0\.1:\d+ refuses connections/);
  store.close();
});
