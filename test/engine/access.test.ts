/** Whole migrations of servers that are not simply there: TLS, users, other addresses for replicas, renamed commands. */

import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, connect as dial } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect as show } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MigrationView } from '../../src/domain/view.ts';
import { type CertificateAuthority, createAuthority } from '../../src/sandbox/redis/certificates.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { type Fleet, type ServerOptions, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { listenOnFreePort } from '../../src/sandbox/redis/ports.ts';
import { type Proxy, startProxy } from '../../src/sandbox/redis/proxy.ts';
import type { RedisServerHandle } from '../../src/sandbox/redis/server.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { inventoryOf } from '../support/inventory.ts';
import { otherServers } from '../support/other-servers.ts';
import { settingsOf } from '../support/servers.ts';

const OLD_PASSWORD = 'old-side-password';
const NEW_PASSWORD = 'new-side-password';
const page = readFileSync(join(import.meta.dirname, '../../docs/permissions.md'), 'utf8');

let dir: string;
let fleet: Fleet;
let harness: Harness | undefined;
const closing: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'redis-migrate-access-'));
  fleet = await startFleet();
  await writeFile(join(dir, 'old'), OLD_PASSWORD);
  await writeFile(join(dir, 'new'), NEW_PASSWORD);
});

afterEach(async () => {
  await harness?.close();
  harness = undefined;
  await Promise.all(closing.splice(0).map((close) => close()));
  await fleet?.close();
  await rm(dir, { recursive: true, force: true });
});

const oldPassword = () => ({ password: `file:${join(dir, 'old')}` });
const newPassword = () => ({ password: `file:${join(dir, 'new')}` });

function server(options: ServerOptions = {}): Promise<RedisServerHandle> {
  return fleet.server({ ...options, config: { 'repl-diskless-sync-delay': '0', ...options.config } });
}

async function start(source: object, destination: object): Promise<string> {
  harness = createHarness({ inventory: inventoryOf({ old: [source], new: [destination] }) });
  return harness.start({ sources: ['old'], destinations: ['new'] });
}

/** From start to finished, with a key that is written while the copy follows. */
async function move(
  [source, from]: readonly [object, RedisServerHandle],
  [destination, to]: readonly [object, RedisServerHandle],
): Promise<MigrationView> {
  await fill(from, { keys: 200 });
  const id = await start(source, destination);
  const bot = harness!;
  const planned = await bot.open(id, 'continue');
  expect(planned.findings.filter((one) => one.level === 'error')).toEqual([]);
  await bot.click(id, 'gate:continue');
  await bot.open(id, 'switch');
  await from.call('SET', 'written while it follows', 'yes');
  const keys = await keysOf(from);
  await bot.click(id, 'gate:switch');
  await bot.phase(id, 'switched');
  await bot.open(id, 'finish');
  await bot.click(id, 'gate:finish');
  const finished = await bot.phase(id, 'finished');
  expect(await to.call('GET', 'written while it follows')).toBe('yes');
  expect(await keysOf(to)).toEqual(keys);
  expect(await to.info('replication')).toMatchObject({ role: 'master' });
  return finished;
}

/** Keys and keys that expire in each database. */
async function keysOf(at: RedisServerHandle): Promise<string[]> {
  return Object.entries(await at.info('keyspace')).map(([name, text]) => `${name} ${text.replace(/,avg_ttl.*/, '')}`);
}

function holdsNoSecret(...shown: readonly unknown[]): void {
  const text = shown.map((one) => show(one, { depth: 20, showHidden: true, maxArrayLength: null })).join('\n');
  for (const secret of [OLD_PASSWORD, NEW_PASSWORD, 'PRIVATE KEY', 'BEGIN CERT']) expect(text).not.toContain(secret);
}

describe('TLS', () => {
  let authority: CertificateAuthority;
  let old: Record<'ca' | 'cert' | 'key', string>;
  let ours: Record<'ca' | 'cert' | 'key', string>;

  beforeEach(async () => {
    authority = await createAuthority(dir);
    old = { ca: authority.ca, ...(await authority.issue('old', { hosts: ['old.test', '127.0.0.1'] })) };
    ours = { ca: authority.ca, ...(await authority.issue('bot', { usage: 'client' })) };
  });

  const url = ({ port }: RedisServerHandle) => `rediss://127.0.0.1:${port}`;

  test('both sides with client certificates, and on the link between them', async () => {
    const source = await server({ requirepass: OLD_PASSWORD, tls: old });
    const own = { ca: authority.ca, ...(await authority.issue('new', { hosts: ['new.test', '127.0.0.1'] })) };
    const destination = await server({
      requirepass: NEW_PASSWORD,
      tls: own,
      config: { masterauth: 'an-older-masterauth', masteruser: 'somebody' },
    });
    const before = [await settingsOf(source), await settingsOf(destination)];
    expect(before[1]).toMatchObject({ 'tls-replication': 'no' });
    const finished = await move(
      [{ url: url(source), tls: ours, ...oldPassword() }, source],
      [{ url: url(destination), tls: { ...ours, servername: 'new.test' }, ...newPassword() }, destination],
    );
    const set = finished.journal.filter((row) => /tls-replication/.test(row.text));
    expect(set.length).toBeGreaterThan(0);
    expect([await settingsOf(source), await settingsOf(destination)]).toEqual(before);
    holdsNoSecret(finished, harness!.engine.views('all'));
  });

  test.each([
    ['an authority that we do not know', 'ca', /tls: ca\)/],
    ['a name that it does not have', 'servername', /tls: servername\)/],
    ['no certificate of ours', 'cert', /tls: cert and key\)/],
    ['no TLS where it wants TLS', 'url', /rediss:\/\//],
  ])('%s is told before the start, with the key of the inventory that mends it', async (_, what, sentence) => {
    const source = await server({ requirepass: OLD_PASSWORD, tls: old });
    const destination = await server();
    const stranger = await createAuthority(dir, 'stranger');
    const tls = {
      ca: { ...ours, ca: stranger.ca },
      servername: { ...ours, servername: 'other.test' },
      cert: { ca: ours.ca },
    }[what];
    const entry = tls ? { url: url(source), tls } : { url: `redis://127.0.0.1:${source.port}` };
    const id = await start({ ...entry, ...oldPassword() }, { url: `redis://127.0.0.1:${destination.port}` });
    const planned = await harness!.phase(id, 'planned');
    expect(planned.findings[0]).toMatchObject({ level: 'error', text: expect.stringMatching(sentence) });
    expect(planned.gates[0]?.open).toBe(false);
    holdsNoSecret(planned);
  });
});

/** The lines of docs/permissions.md in the order of the page: source, destination, link. */
function userLines(): string[][] {
  const lines = [...page.matchAll(/^ACL SETUSER (.*)$/gm)].map((found) => (found[1] ?? '').split(' '));
  expect(lines).toHaveLength(3);
  return lines;
}

async function createUser(at: RedisServerHandle, words: readonly string[], password: string): Promise<string> {
  expect(words).toContain('>PASSWORD');
  const rules = words.map((word) => (word === '>PASSWORD' ? `>${password}` : word));
  expect(await at.call('ACL', 'SETUSER', ...rules)).toBe('OK');
  return words[0] ?? '';
}

describe('users', () => {
  test('of docs/permissions.md are enough for a whole migration', async () => {
    const [onSource, onDestination] = userLines();
    const source = await server({ requirepass: 'of-an-administrator-1' });
    const destination = await server({ requirepass: 'of-an-administrator-2', config: { masteruser: 'somebody' } });
    const users = [
      await createUser(source, onSource ?? [], OLD_PASSWORD),
      await createUser(destination, onDestination ?? [], NEW_PASSWORD),
    ];
    const before = [await settingsOf(source), await settingsOf(destination)];
    const finished = await move(
      [{ url: `redis://127.0.0.1:${source.port}`, user: users[0], ...oldPassword() }, source],
      [{ url: `redis://${users[1]}@127.0.0.1:${destination.port}`, ...newPassword() }, destination],
    );
    expect([await settingsOf(source), await settingsOf(destination)]).toEqual(before);
    for (const one of [source, destination]) {
      const refused = await one.call('ACL', 'LOG');
      expect(refused).toEqual([]);
    }
    holdsNoSecret(finished);
  });

  test.each(otherServers())('of docs/permissions.md are known to $name', async ({ binary, version }) => {
    const at = await server({ binary });
    for (const line of userLines()) {
      // As the page says: there were no functions before 7.0.
      const known = Number.parseInt(version, 10) >= 7 ? line : line.filter((word) => !word.startsWith('+function|'));
      await createUser(at, known, OLD_PASSWORD);
    }
  });

  test('of docs/permissions.md are enough for a link', async () => {
    const source = await server({ requirepass: 'of-an-administrator-1' });
    const destination = await server();
    await destination.config('masteruser', await createUser(source, userLines()[2] ?? [], OLD_PASSWORD));
    await destination.config('masterauth', OLD_PASSWORD);
    await destination.call('REPLICAOF', '127.0.0.1', source.port);
    await expect
      .poll(() => destination.info('replication'), { timeout: 10_000 })
      .toMatchObject({
        master_link_status: 'up',
      });
  });
});

test('a source with other names for CONFIG and SLAVEOF', async () => {
  const source = await server({ config: { 'rename-command': 'CONFIG cfg-x1\nrename-command SLAVEOF follow-x1' } });
  const destination = await server();
  const settings = async () => [await source.call('cfg-x1', 'GET', '*'), await settingsOf(destination)];
  const before = await settings();
  await move(
    [
      {
        url: `redis://127.0.0.1:${source.port}`,
        'rename-command': { CONFIG: 'cfg-x1', SlaveOf: 'follow-x1', FLUSHALL: '' },
      },
      source,
    ],
    [{ url: `redis://127.0.0.1:${destination.port}` }, destination],
  );
  const [config, after] = await settings();
  expect(after).toEqual(before[1]);
  const fence = (config as string[])[(config as string[]).indexOf('replicaof') + 1];
  expect(fence).toMatch(/^127\.\d+\.\d+\.\d+ 1$/);
});

describe('replicate-from', () => {
  let gatePort: number;
  let turnedAway: number;
  let proxy: Proxy;
  let source: RedisServerHandle;
  let destination: RedisServerHandle;

  beforeEach(async () => {
    turnedAway = 0;
    source = await server();
    destination = await server();
    // The address of the url: whoever begins as a replica does, with PING, is turned away.
    const gate = createServer((client) => {
      const target = dial(source.port, '127.0.0.1');
      for (const socket of [client, target]) socket.on('error', () => socket.destroy());
      client.once('data', (first) => {
        if (first.includes('PING')) {
          turnedAway += 1;
          client.destroy();
        }
        target.write(first);
        client.pipe(target);
      });
      client.on('close', () => target.destroy());
      target.on('close', () => client.destroy());
      target.pipe(client);
    });
    gatePort = await listenOnFreePort(gate);
    closing.push(() => new Promise((resolve) => gate.close(resolve)));
    proxy = await startProxy({ target: source });
    closing.push(() => proxy.close());
  });

  test('is where the destination finds a source whose url is for the bot alone', async () => {
    const finished = await move(
      [{ url: `redis://127.0.0.1:${gatePort}`, 'replicate-from': `127.0.0.1:${proxy.port}` }, source],
      [{ url: `redis://127.0.0.1:${destination.port}` }, destination],
    );
    expect(finished.shards[0]?.source).toContain(String(gatePort));
    expect(proxy.passed.fromTarget).toBeGreaterThan(1_000);
  });

  test('left out, the link never comes up and nothing can be switched', async () => {
    const id = await start({ url: `redis://127.0.0.1:${gatePort}` }, { url: `redis://127.0.0.1:${destination.port}` });
    await harness!.open(id, 'continue');
    await harness!.click(id, 'gate:continue');
    await until(() => turnedAway > 1, { what: 'the destination to try twice' });
    expect(await destination.info('replication')).toMatchObject({
      master_port: String(gatePort),
      master_link_status: 'down',
    });
    expect(harness!.view(id)).toMatchObject({ phase: 'syncing' });
    expect(harness!.view(id).gates.find((one) => one.gate === 'switch')?.open).toBe(false);
  });
});
