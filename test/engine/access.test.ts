/** Whole migrations of servers that are not simply there: over TLS, at another address for replicas, with renamed commands. */
import { createServer, connect as dial } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CertificateAuthority, createAuthority } from '../../src/sandbox/redis/certificates.ts';
import { listenOnFreePort } from '../../src/sandbox/redis/ports.ts';
import { type Proxy, startProxy } from '../../src/sandbox/redis/proxy.ts';
import type { RedisServerHandle } from '../../src/sandbox/redis/server.ts';
import { settingsOf } from '../support/servers.ts';
import { holdsNoSecret, NEW_PASSWORD, OLD_PASSWORD, OLD_TO_NEW, openStage, type Stage } from '../support/stage.ts';

let stage: Stage;
const closing: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  stage = await openStage();
});

afterEach(async () => {
  await stage?.close();
  await Promise.all(closing.splice(0).map((close) => close()));
});

describe('TLS', () => {
  let authority: CertificateAuthority;
  let old: Record<'ca' | 'cert' | 'key', string>;
  let ours: Record<'ca' | 'cert' | 'key', string>;

  beforeEach(async () => {
    authority = await createAuthority(stage.dir);
    old = { ca: authority.ca, ...(await authority.issue('old', { hosts: ['old.test', '127.0.0.1'] })) };
    ours = { ca: authority.ca, ...(await authority.issue('bot', { usage: 'client' })) };
  });

  const url = ({ port }: RedisServerHandle) => `rediss://127.0.0.1:${port}`;

  test('both sides with client certificates, and on the link between them', async () => {
    const source = await stage.server({ requirepass: OLD_PASSWORD, tls: old });
    const own = { ca: authority.ca, ...(await authority.issue('new', { hosts: ['new.test', '127.0.0.1'] })) };
    const destination = await stage.server({
      requirepass: NEW_PASSWORD,
      tls: own,
      config: { masterauth: 'an-older-masterauth', masteruser: 'somebody' },
    });
    const before = [await settingsOf(source), await settingsOf(destination)];
    expect(before[1]).toMatchObject({ 'tls-replication': 'no' });
    const finished = await stage.move(
      [{ url: url(source), tls: ours, ...stage.oldPassword }, source],
      [{ url: url(destination), tls: { ...ours, servername: 'new.test' }, ...stage.newPassword }, destination],
    );
    const set = finished.journal.filter((row) => /tls-replication/.test(row.text));
    expect(set.length).toBeGreaterThan(0);
    expect([await settingsOf(source), await settingsOf(destination)]).toEqual(before);
    holdsNoSecret(finished);
  });

  test.each([
    ['an authority that we do not know', 'ca', /tls: ca\)/],
    ['a name that it does not have', 'servername', /tls: servername\)/],
    ['no certificate of ours', 'cert', /tls: cert and key\)/],
    ['no TLS where it wants TLS', 'url', /rediss:\/\//],
  ])('%s is told before the start, with the key of the inventory that mends it', async (_, what, sentence) => {
    const source = await stage.server({ requirepass: OLD_PASSWORD, tls: old });
    const destination = await stage.server();
    const stranger = await createAuthority(stage.dir, 'stranger');
    const tls = {
      ca: { ...ours, ca: stranger.ca },
      servername: { ...ours, servername: 'other.test' },
      cert: { ca: ours.ca },
    }[what];
    const entry = tls ? { url: url(source), tls } : { url: `redis://127.0.0.1:${source.port}` };
    const bot = stage.engine({ ...entry, ...stage.oldPassword }, { url: `redis://127.0.0.1:${destination.port}` });
    const planned = await bot.phase(await bot.start(OLD_TO_NEW), 'planned');
    expect(planned.findings[0]).toMatchObject({ level: 'error', text: expect.stringMatching(sentence) });
    expect(planned.gates[0]?.open).toBe(false);
    holdsNoSecret(planned);
  });
});

test('a source with other names for CONFIG and SLAVEOF', async () => {
  const source = await stage.server({
    config: { 'rename-command': 'CONFIG cfg-x1\nrename-command SLAVEOF follow-x1' },
  });
  const destination = await stage.server();
  const settings = async () => [await source.call('cfg-x1', 'GET', '*'), await settingsOf(destination)];
  const before = await settings();
  await stage.move(
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
    source = await stage.server();
    destination = await stage.server();
    // The address of the url: whoever begins as a replica does, with PING, is turned away.
    const gate = createServer((client) => {
      const target = dial(source.port, '127.0.0.1');
      for (const socket of [client, target]) socket.on('error', () => socket.destroy());
      client.once('data', (first) => {
        if (first.includes('PING')) {
          turnedAway += 1;
          client.destroy();
          return;
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
    const finished = await stage.move(
      [{ url: `redis://127.0.0.1:${gatePort}`, 'replicate-from': `127.0.0.1:${proxy.port}` }, source],
      [{ url: `redis://127.0.0.1:${destination.port}` }, destination],
    );
    expect(finished.shards[0]?.source).toContain(String(gatePort));
    expect(proxy.passed.fromTarget).toBeGreaterThan(1_000);
  });

  test('left out, it is found out before anybody approves', async () => {
    const bot = stage.engine(
      { url: `redis://127.0.0.1:${gatePort}` },
      { url: `redis://127.0.0.1:${destination.port}` },
    );
    const id = await bot.start(OLD_TO_NEW);
    const { findings, gates } = await bot.phase(id, 'planned');
    expect(turnedAway).toBeGreaterThan(0);
    expect(findings.map((one) => one.code)).toEqual(['source_not_reached']);
    expect(gates.find((one) => one.gate === 'continue')?.open).toBe(false);
    expect(await destination.info('replication')).toMatchObject({ role: 'master' });
  });
});
