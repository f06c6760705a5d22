import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readTlsFiles, type TlsFiles } from '../../../src/sandbox/redis/address.ts';
import { type CertificateAuthority, createAuthority } from '../../../src/sandbox/redis/certificates.ts';
import { type Fleet, startFleet } from '../../../src/sandbox/redis/fleet.ts';
import { listenOnFreePort } from '../../../src/sandbox/redis/ports.ts';
import { connectRaw } from '../../../src/sandbox/redis/raw-connection.ts';
import { until } from '../../../src/sandbox/redis/wait.ts';
import { otherServers } from '../../support/other-servers.ts';

let dir: string;
let authority: CertificateAuthority;
let own: TlsFiles;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'certificates of a test-'));
  authority = await createAuthority(dir);
  own = { ca: authority.ca, ...(await authority.issue('server')) };
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('certificates', () => {
  it('are good for localhost and 127.0.0.1, signed by their authority', async () => {
    const ca = new X509Certificate(await readFile(authority.ca));
    const server = new X509Certificate(await readFile(own.cert));
    expect(ca.ca).toBe(true);
    expect(server.ca).toBe(false);
    expect(server.subject).toBe('CN=server');
    expect(server.checkIssued(ca) && server.verify(ca.publicKey)).toBe(true);
    expect(server.checkHost('localhost')).toBe('localhost');
    expect(server.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(server.checkHost('example.org')).toBeUndefined();
    expect(Date.parse(server.validFrom)).toBeLessThan(Date.now());
    expect(Date.parse(server.validTo)).toBeGreaterThan(Date.now());
  });

  it.each([
    ['another host', { hosts: ['redis.test', '10.0.0.1'] }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['the past', { validTo: new Date(Date.now() - 3_600_000) }, 'CERT_HAS_EXPIRED'],
    [
      'the years after 2050',
      { validFrom: new Date('2051-01-01'), validTo: new Date('2052-01-01') },
      'CERT_NOT_YET_VALID',
    ],
    ['clients', { usage: 'client' }, 'INVALID_PURPOSE'],
  ] as const)('can be made for %s, and are refused then', async (what, options, code) => {
    const issued = await authority.issue(what, options);
    const server = createServer({ ...readTlsFiles({ ...own, ...issued }) });
    const port = await listenOnFreePort(server);
    const address = { host: '127.0.0.1', port, tls: { ...own, port } };
    try {
      await expect(connectRaw(address)).rejects.toThrow(code);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe.each(otherServers().filter(({ tls }) => tls))('TLS of $name', ({ binary }) => {
  let fleet: Fleet;
  beforeEach(async () => {
    fleet = await startFleet();
  });
  afterEach(() => fleet.close());

  it('is spoken with those who trust its authority and show a certificate, and with nobody else', async () => {
    const server = await fleet.server({ binary, requirepass: 'word', tls: own });
    expect(server.port).toBe(server.tls?.port);
    expect(await server.call('SET', 'key', 'value')).toBe('OK');
    expect(await server.client().get('key')).toBe('value');

    const stranger = await createAuthority(dir, 'stranger');
    const { cert, key } = await stranger.issue('stranger-client');
    const tls = { ...own, port: server.port };
    const address = { host: '127.0.0.1', port: server.port, password: 'word' };
    await expect(connectRaw({ ...address, tls: { ...tls, ca: stranger.ca } })).rejects.toThrow(
      'SELF_SIGNED_CERT_IN_CHAIN',
    );
    await expect(connectRaw({ ...address, tls: { ...tls, cert, key } })).rejects.toThrow();
    await expect(connectRaw(address)).rejects.toThrow();
    await expect(server.client({ tls: { ca: await readFile(own.ca) } }).ping()).rejects.toThrow();

    expect(await server.call('CONFIG', 'REWRITE')).toBe('OK');
    await server.restart();
    expect(await server.call('PING')).toBe('PONG');
  });

  it('can be beside a port without it, and asks for no certificate where it is told not to', async () => {
    const server = await fleet.server({ binary, tls: { ...own, plain: true, clients: 'no' } });
    const { ca, port = 0 } = server.tls ?? {};
    expect(port).not.toBe(server.port);
    expect(await server.call('SET', 'key', 'value')).toBe('OK');
    const options = { port, tls: { ca: await readFile(ca ?? '') } };
    expect(await server.client(options).get('key')).toBe('value');
    const connection = await connectRaw({ host: '127.0.0.1', port, tls: server.tls });
    expect(await connection.send('GET', 'key')).toBe('value');
    connection.close();
  });

  it('is what the replication link speaks where it is told to', async () => {
    const tls = { ...own, replication: true };
    const config = { 'repl-diskless-sync-delay': '0' };
    const master = await fleet.server({ binary, tls, config });
    const replica = await fleet.server({ binary, tls, config });
    await master.call('SET', 'key', 'value');
    await replica.call('REPLICAOF', '127.0.0.1', master.port);
    await until(async () => (await replica.call('GET', 'key')) === 'value', { what: 'the key on the replica' });
  });
});
