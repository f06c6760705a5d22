/** The users of docs/permissions.md may do what a migration needs, and what they lack is told before the start. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RedisServerHandle } from '../../src/sandbox/redis/server.ts';
import { otherServers } from '../support/other-servers.ts';
import { settingsOf, usersOf } from '../support/servers.ts';
import { holdsNoSecret, NEW_PASSWORD, OLD_PASSWORD, OLD_TO_NEW, openStage, type Stage } from '../support/stage.ts';

type Line = readonly string[];
const page = readFileSync(join(import.meta.dirname, '../../docs/permissions.md'), 'utf8');
const LINES: readonly Line[] = [...page.matchAll(/^ACL SETUSER (.*)$/gm)].map((found) => (found[1] ?? '').split(' '));
const [ON_SOURCE = [], ON_DESTINATION = [], MORE_ON_SIX = [], MORE_FOR_MARKERS = [], FOR_LINK = []] = LINES;
const SIX = otherServers().find((one) => one.kind === 'redis' && one.version.startsWith('6.0.'));

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage?.close());

/** Returns the user's name. */
async function createUser(at: RedisServerHandle, line: Line, password: string): Promise<string> {
  expect(line).toContain('>PASSWORD');
  const rules = line.map((word) => (word === '>PASSWORD' ? `>${password}` : word));
  expect(await at.call('ACL', 'SETUSER', ...rules)).toBe('OK');
  return line[0] ?? '';
}

test('the page has five lines: source, destination, more for two kinds of old sources, link', () => {
  expect(LINES.map((line) => line[0])).toEqual(['migrator', 'migrator', 'migrator', 'migrator', 'replica']);
  expect(MORE_FOR_MARKERS.slice(1)).toEqual(['+get', '+del', '~redis-migrate:*']);
});

test.skipIf(SIX === undefined)('a source that runs 6.0 needs two rights more, and says so', async () => {
  const binary = SIX?.binary ?? '';
  const [source, destination] = await Promise.all([stage.server({ binary }), stage.server({ binary })]);
  const six = (line: Line) => line.filter((word) => !word.startsWith('+function|'));
  await createUser(source, six(ON_SOURCE), OLD_PASSWORD);
  await createUser(destination, six(ON_DESTINATION), NEW_PASSWORD);
  const old = { url: `redis://migrator@127.0.0.1:${source.port}`, ...stage.oldPassword };
  const fresh = { url: `redis://migrator@127.0.0.1:${destination.port}`, ...stage.newPassword };
  const harness = stage.engine(old, fresh);
  const id = await harness.start(OLD_TO_NEW);
  const { findings } = await harness.phase(id, 'planned');
  expect(findings.map((one) => `${one.level} ${one.code}`)).toEqual([
    'error source_no_acl_list',
    'error source_no_acl_setuser',
    'warning destination_no_acl_list',
    'warning destination_no_acl_setuser',
  ]);
  expect(findings[0]?.fix).toContain('ACL SETUSER migrator +acl|list');
  await harness.click(id, 'migration:abort');
  await harness.phase(id, 'aborted');
  for (const one of [source, destination]) await one.call('ACL', 'SETUSER', ...MORE_ON_SIX);
  const users = await usersOf(source);
  await stage.move([old, source], [fresh, destination]);
  expect(await usersOf(source)).toEqual(users);
});

test('a whole migration needs no more', async () => {
  const source = await stage.server({ requirepass: 'of-an-administrator-1' });
  const destination = await stage.server({ requirepass: 'of-an-administrator-2', config: { masteruser: 'somebody' } });
  const users = [
    await createUser(source, ON_SOURCE, OLD_PASSWORD),
    await createUser(destination, ON_DESTINATION, NEW_PASSWORD),
  ];
  const before = [await settingsOf(source), await settingsOf(destination)];
  const finished = await stage.move(
    [{ url: `redis://127.0.0.1:${source.port}`, user: users[0], ...stage.oldPassword }, source],
    [{ url: `redis://${users[1]}@127.0.0.1:${destination.port}`, ...stage.newPassword }, destination],
  );
  expect([await settingsOf(source), await settingsOf(destination)]).toEqual(before);
  for (const one of [source, destination]) expect(await one.call('ACL', 'LOG')).toEqual([]);
  holdsNoSecret(finished);
});

test('a right that is missing is told before the start', async () => {
  const [source, destination] = await Promise.all([stage.server(), stage.server()]);
  const harness = stage.engine(
    { url: `redis://migrator@127.0.0.1:${source.port}`, ...stage.oldPassword },
    { url: `redis://migrator@127.0.0.1:${destination.port}`, ...stage.newPassword },
  );
  const cases = [
    ...['info', 'config|get', 'config|set', 'slaveof', 'client|pause', 'psync', 'replconf'].map((right) => ({
      side: 'source',
      right,
    })),
    ...['info', 'config|get', 'config|set', 'slaveof'].map((right) => ({ side: 'destination', right })),
  ];
  for (const { side, right } of cases) {
    const without = (line: Line, where: string) => line.filter((word) => where !== side || word !== `+${right}`);
    await createUser(source, without(ON_SOURCE, 'source'), OLD_PASSWORD);
    await createUser(destination, without(ON_DESTINATION, 'destination'), NEW_PASSWORD);
    const id = await harness.start(OLD_TO_NEW);
    const { findings } = await harness.phase(id, 'planned');
    const command = right.toUpperCase().replace('|', ' ');
    expect(findings).toContainEqual(
      expect.objectContaining({
        level: 'error',
        text: expect.stringContaining(`does not let our user run ${command}`),
      }),
    );
    await harness.click(id, 'migration:abort');
    await harness.phase(id, 'aborted');
  }
});

test('an overlap needs the right to make users, is told so before the start, and takes everything back when it is lost', async () => {
  const [source, destination] = await Promise.all([stage.server(), stage.server()]);
  const harness = stage.engine(
    { url: `redis://migrator@127.0.0.1:${source.port}`, ...stage.oldPassword },
    { url: `redis://migrator@127.0.0.1:${destination.port}`, ...stage.newPassword },
  );
  await createUser(source, ON_SOURCE, OLD_PASSWORD);
  await createUser(destination, ON_DESTINATION, NEW_PASSWORD);
  const before = await settingsOf(destination);
  const id = await harness.start({ ...OLD_TO_NEW, name: 'orders', cutover: 'overlap' });
  const { findings } = await harness.phase(id, 'planned');
  expect(findings).toMatchObject([{ level: 'error', code: 'source_no_acl_setuser' }]);
  const rights = page.match(/`(\+acl\|setuser[^`]*)`/)?.[1]?.split(' ') ?? [];
  expect(findings[0]?.fix).toContain(rights.join(' '));
  await source.call('ACL', 'SETUSER', 'migrator', ...rights);
  await harness.click(id, 'migration:recheck');
  await harness.open(id, 'continue');
  await harness.click(id, 'gate:continue');
  await harness.open(id, 'switch');

  await source.call('ACL', 'SETUSER', 'migrator', '-acl|setuser');
  await harness.click(id, 'gate:switch', { typedName: 'orders' });
  const letGo = await harness.phase(id, 'streaming');
  expect(letGo.waitingFor).toMatch(/was let go: Shard 1: .* does not let our user run ACL SETUSER/);
  expect(await source.call('CONFIG', 'GET', 'repl-diskless-sync-delay')).toEqual(['repl-diskless-sync-delay', '0']);
  expect(await destination.info('replication')).toMatchObject({ role: 'slave', slave_read_only: '1' });

  await source.call('ACL', 'SETUSER', 'migrator', ...rights);
  await harness.open(id, 'switch');
  await harness.click(id, 'gate:switch', { typedName: 'orders' });
  await harness.phase(id, 'switched');
  await harness.open(id, 'finish');
  await harness.click(id, 'gate:finish');
  holdsNoSecret(await harness.phase(id, 'finished'));
  expect(await settingsOf(destination)).toEqual(before);
  expect(await source.call('ACL', 'USERS')).toEqual(['default', 'migrator']);
}, 60_000);

test.each(otherServers())('$name knows the words', async ({ binary, version }) => {
  const at = await stage.server({ binary });
  for (const line of [ON_SOURCE, ON_DESTINATION, FOR_LINK]) {
    // As the page says: there were no functions before 7.0.
    const known = Number.parseInt(version, 10) >= 7 ? line : line.filter((word) => !word.startsWith('+function|'));
    await createUser(at, known, OLD_PASSWORD);
  }
});

test('the link alone needs no more', async () => {
  const source = await stage.server({ requirepass: 'of-an-administrator-1' });
  const destination = await stage.server();
  await destination.config('masteruser', await createUser(source, FOR_LINK, OLD_PASSWORD));
  await destination.config('masterauth', OLD_PASSWORD);
  await destination.call('REPLICAOF', '127.0.0.1', source.port);
  await expect
    .poll(() => destination.info('replication'), { timeout: 10_000 })
    .toMatchObject({ master_link_status: 'up' });
  expect(await source.call('ACL', 'LOG')).toEqual([]);
});
