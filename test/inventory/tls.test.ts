/** The TLS files of a server: each is read and looked at when the inventory is. */

import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { parseAllowedHosts } from '../../src/domain/allowed-hosts.ts';
import type { Endpoint } from '../../src/domain/endpoint.ts';
import { Secret } from '../../src/domain/secret.ts';
import { parseInventory } from '../../src/inventory.ts';
import { SecretRegistry } from '../../src/log.ts';
import { createPasswordVault } from '../../src/passwords.ts';
import { createAuthority, type IssuedCertificate } from '../../src/sandbox/redis/certificates.ts';

const registry = new SecretRegistry();
let dir: string;
let ca: string;
let bot: IssuedCertificate;
let other: IssuedCertificate;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'inventory-tls-'));
  const authority = await createAuthority(dir);
  ca = authority.ca;
  bot = await authority.issue('bot');
  other = await authority.issue('other');
});

afterAll(() => rm(dir, { recursive: true, force: true }));

function parse(tls: Readonly<Record<string, unknown>>, url = 'rediss://a') {
  const hosts = parseAllowedHosts('*');
  if (!hosts.ok) throw new Error('bad list');
  const vault = createPasswordVault({
    botToken: new Secret('xoxb-for-the-inventory'),
    env: {},
    readFile: (path) => readFileSync(path, 'utf8'),
    secrets: registry,
    clock: systemClock,
  });
  // JSON is YAML too.
  return parseInventory(JSON.stringify({ groups: { orders: [{ url, tls }] } }), { allowed: hosts.allowed, vault });
}

function server(tls: Readonly<Record<string, unknown>>): Endpoint | undefined {
  const parsed = parse(tls);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.inventory.group('orders')?.[0];
}

function problems(tls: Readonly<Record<string, unknown>>, url?: string): readonly string[] {
  const parsed = parse(tls, url);
  return parsed.ok ? [] : parsed.problems;
}

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(dir, name), text);
  return join(dir, name);
}

describe('good ones', () => {
  it('are kept as paths and read when a connection is opened', async () => {
    expect(server({ ca, ...bot, servername: 'Redis.Test' })).toEqual({
      host: 'a',
      port: 6379,
      tls: true,
      tlsFiles: { ca, ...bot, servername: 'redis.test' },
    });
    expect(server({ ca })?.tlsFiles).toEqual({ ca });
    expect(server({})?.tlsFiles).toEqual({});
    expect(registry.scrub(await readFile(bot.key, 'utf8'))).toBe('[secret]');
  });

  it('may be a certificate and its key in one file', async () => {
    const both = await file('both.pem', `${await readFile(bot.cert, 'utf8')}${await readFile(bot.key, 'utf8')}`);
    expect(server({ cert: both, key: both })?.tlsFiles).toEqual({ cert: both, key: both });
  });
});

describe('mistakes', () => {
  const where = 'Group orders, server 1 (a:6379): ';

  it('are told file by file', async () => {
    const trash = await file('trash.pem', 'hunter2-planted');
    const damaged = (await readFile(bot.cert, 'utf8')).replace(/\nMII/, '\nAAA');
    const locked = '-----BEGIN ENCRYPTED PRIVATE KEY-----\nhunter2\n-----END ENCRYPTED PRIVATE KEY-----\n';
    const cases: readonly (readonly [Record<string, unknown>, string])[] = [
      [
        { ca: '/nowhere/ca.pem' },
        'The TLS file /nowhere/ca.pem cannot be read (ENOENT); check that it is there and that the bot may read it.',
      ],
      [{ ca: trash }, `tls: ${trash} (ca) holds no certificate; it must be a PEM file with BEGIN CERTIFICATE in it.`],
      [
        { ca: bot.key },
        `tls: ${bot.key} (ca) holds no certificate; it must be a PEM file with BEGIN CERTIFICATE in it.`,
      ],
      [
        { ca: await file('damaged.pem', damaged) },
        `tls: ${join(dir, 'damaged.pem')} (ca) is damaged: its certificate cannot be read.`,
      ],
      [
        { ...bot, key: bot.cert },
        `tls: ${bot.cert} (key) holds no private key; it must be a PEM file with BEGIN PRIVATE KEY in it.`,
      ],
      [{ ...bot, key: other.key }, `tls: ${other.key} (key) is not the key of the certificate that cert names.`],
      [
        { ...bot, key: await file('locked.pem', locked) },
        `tls: ${join(dir, 'locked.pem')} (key) is locked with a passphrase; the bot needs one without.`,
      ],
      [{ cert: bot.cert }, 'tls: cert and key belong together; give both or neither.'],
      [{ key: bot.key }, 'tls: cert and key belong together; give both or neither.'],
      [{ ca: 'ca.pem' }, 'tls: ca must be the absolute path of a PEM file.'],
      [{ servername: '10.0.0.1' }, 'tls: servername must be a host name, the one in the certificate of the server.'],
      [{ servername: 'a b' }, 'tls: servername must be a host name, the one in the certificate of the server.'],
    ];
    for (const [tls, sentence] of cases) expect(problems(tls)).toEqual([where + sentence]);
  });

  it('a key that was written into the inventory itself is not repeated', async () => {
    const key = await readFile(bot.key, 'utf8');
    expect(problems({ ...bot, key })).toEqual([`${where}tls: key must be the absolute path of a PEM file.`]);
    expect(problems({ ...bot, key: [key] })).toEqual([
      'Group orders, server 1: tls: key must be the absolute path of a PEM file.',
    ]);
    expect(problems({ [key]: '' })).toEqual([
      'Group orders, server 1: unknown key (not shown) in tls; known are ca, cert, key, servername.',
    ]);
  });

  it('a server without TLS has no TLS files', () => {
    const sentence = `${where}tls is for urls that begin with rediss://; this one speaks without TLS.`;
    expect(problems({ ca }, 'redis://a')).toEqual([sentence]);
    expect(problems({ ca }, 'a')).toEqual([sentence]);
  });

  it('are told all at once', () => {
    expect(problems({ ca: bot.key, cert: '/nowhere/bot.crt', servername: '-' })).toHaveLength(4);
  });
});
