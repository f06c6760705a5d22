/** Rights, users, TLS and the address at which the new server finds the old one. */
import { describe, expect, it } from 'vitest';
import type { Denied } from '../../../src/domain/preflight/sight.ts';
import { codes, findings } from './support.ts';

describe('what our user may not do', () => {
  it.each<[Denied, 'source' | 'destination', string, RegExp]>([
    [
      { command: 'SLAVEOF', why: 'no_permission' },
      'destination',
      'error destination_no_slaveof',
      /^ACL SETUSER migrator \+slaveof on new-1:6379/,
    ],
    [
      { command: 'CLIENT PAUSE', why: 'no_permission' },
      'source',
      'error source_no_client_pause',
      /^ACL SETUSER migrator \+client\|pause on old-1:6379/,
    ],
    [{ command: 'CONFIG SET', why: 'no_permission' }, 'source', 'error source_no_config_set', /\+config\|set/],
    [{ command: 'PSYNC', why: 'no_permission' }, 'source', 'error source_no_psync', /\+psync/],
    [{ command: 'REPLCONF', why: 'hidden' }, 'source', 'error source_no_replconf', /managed service hides it/],
    [{ command: 'SLAVEOF', why: 'hidden' }, 'source', 'error source_no_slaveof', /If SLAVEOF is renamed/],
    [{ command: 'CLIENT LIST', why: 'no_permission' }, 'source', 'warning source_no_client_list', /\+client\|list/],
  ])('%o on the %s', (denied, side, code, fix) => {
    const one = { probe: { denied: [denied] }, endpoint: { user: 'migrator' } };
    const found = side === 'source' ? findings(one) : findings({}, one);
    expect(codes(found)).toEqual([code]);
    expect(found[0]?.text).toContain(denied.command);
    expect(found[0]?.fix).toMatch(fix);
  });

  it('CONFIG that is hidden is told once', () => {
    const denied = [{ command: 'CONFIG SET', why: 'hidden' } as const];
    const hidden = { probe: { settingsProblem: 'It does not know CONFIG GET.', denied } };
    expect(codes(findings(hidden))).toEqual(['error source_no_config']);
  });

  it('without a user of our own it is the default one', () => {
    const [found] = findings({ probe: { denied: [{ command: 'SLAVEOF', why: 'no_permission' }] } });
    expect(found?.fix).toMatch(/^ACL SETUSER default \+slaveof/);
  });
});

describe('the login of the new server', () => {
  it('with a user needs 6.0', () => {
    const source = { facts: { version: '5.0.14' }, endpoint: { user: 'migrator' } };
    expect(codes(findings(source, { facts: { version: '5.0.14' } }))).toContain('error destination_without_users');
    expect(codes(findings(source, { facts: { version: '6.0.16' } }))).not.toContain('error destination_without_users');
  });
});

describe('the password of the old server', () => {
  const source = { facts: { version: '2.4.18' }, endpoint: { password: { kind: 'env', name: 'OLD' } as const } };

  it('stays as an empty one in a 2.4, which is told', () => {
    expect(codes(findings(source, { facts: { version: '2.4.18' } }))).toContain('note destination_keeps_login');
    expect(codes(findings(source, { facts: { version: '2.6.17' } }))).not.toContain('note destination_keeps_login');
    const open = { facts: { version: '2.4.18' } };
    expect(codes(findings(open, { facts: { version: '2.4.18' } }))).not.toContain('note destination_keeps_login');
  });
});

describe('the link over TLS', () => {
  const source = { endpoint: { tls: true } };
  const files = {
    'tls-replication': 'no',
    'tls-ca-cert-file': '/etc/ca.crt',
    'tls-ca-cert-dir': '',
    'tls-cert-file': '/etc/redis.crt',
    'tls-key-file': '/etc/redis.key',
  };

  it('is fine where the destination has what it takes', () => {
    expect(findings(source, { settings: files })).toEqual([]);
    expect(findings(source, { settings: { ...files, 'tls-ca-cert-file': '', 'tls-ca-cert-dir': '/etc/ssl' } })).toEqual(
      [],
    );
  });

  it('needs a destination that knows TLS', () => {
    const [built] = findings(source, { settings: { 'tls-replication': null } });
    expect(built).toMatchObject({ level: 'error', code: 'destination_without_tls' });
    expect(built?.text).toMatch(/built without TLS/);
    const old = findings({ facts: { version: '5.0.14' }, ...source }, { facts: { version: '5.0.14' } });
    expect(old.find((one) => one.code === 'destination_without_tls')?.text).toMatch(/older than TLS/);
  });

  it('needs somebody to trust, and a certificate', () => {
    expect(codes(findings(source, { settings: { ...files, 'tls-ca-cert-file': '' } }))).toEqual([
      'error destination_without_ca',
    ]);
    expect(codes(findings(source, { settings: { ...files, 'tls-key-file': '' } }))).toEqual([
      'error destination_without_certificate',
    ]);
  });

  it('is not asked for where replicas are to come without TLS', () => {
    const replicateFrom = { host: 'old-1', port: 6379, tls: false };
    expect(findings({ endpoint: { tls: true, replicateFrom } }, { settings: { 'tls-replication': null } })).toEqual([]);
    const overTls = { host: 'old-1', port: 6380, tls: true };
    expect(
      codes(findings({ endpoint: { replicateFrom: overTls } }, { settings: { 'tls-replication': null } })),
    ).toEqual(['error destination_without_tls']);
  });

  it('is not judged where settings cannot be read', () => {
    expect(codes(findings(source, { probe: { settingsProblem: 'Hidden.' } }))).toEqual(['error destination_no_config']);
  });
});

describe('a loopback address of the source', () => {
  it.each(['127.0.0.1', 'localhost', '::1', '127.8.9.10'])('%s means the destination itself', (host) => {
    const [found] = findings({ endpoint: { host } });
    expect(found).toMatchObject({
      level: 'error',
      code: 'source_loopback',
      fix: expect.stringMatching(/replicate-from/),
    });
  });

  it('is fine on one machine, or with replicate-from', () => {
    expect(findings({ endpoint: { host: '127.0.0.1' } }, { endpoint: { host: 'localhost' } })).toEqual([]);
    const replicateFrom = { host: '10.0.0.1', port: 6379, tls: false };
    expect(findings({ endpoint: { host: '127.0.0.1', replicateFrom } })).toEqual([]);
  });
});
