/** What a server of the inventory may have beside url, user and password. */
import { describe, expect, it } from 'vitest';
import { parseAllowedHosts } from '../../src/domain/allowed-hosts.ts';
import type { Endpoint } from '../../src/domain/endpoint.ts';
import { Secret } from '../../src/domain/secret.ts';
import { type ParsedInventory, parseInventory } from '../../src/inventory.ts';

function parse(text: string, allowed = '*'): ParsedInventory {
  const hosts = parseAllowedHosts(allowed);
  if (!hosts.ok) throw new Error('bad list');
  const vault = { resolve: () => new Secret('a-planted-password'), readPem: () => '' };
  return parseInventory(text, { allowed: hosts.allowed, vault });
}
/** One group `orders` with one server written as given. */
function server(text: string, allowed?: string): Endpoint | undefined {
  const parsed = parse(`groups:\n  orders:\n    - ${text}\n`, allowed);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.inventory.group('orders')?.[0];
}
function problems(text: string): readonly string[] {
  const parsed = parse(text);
  return parsed.ok ? [] : parsed.problems;
}
const one = (text: string) => `groups:\n  orders:\n    - ${text}\n`;

describe('replicate-from', () => {
  it.each([
    ['redis://a:7000', 'b:7001', { host: 'b', port: 7001, tls: false }],
    ['redis://a:7000', 'B.Internal', { host: 'b.internal', port: 7000, tls: false }],
    ['rediss://a:7000', 'b:7001', { host: 'b', port: 7001, tls: true }],
    ['rediss://a:7000', 'redis://b:7001', { host: 'b', port: 7001, tls: false }],
    ['redis://a:7000', 'rediss://b/', { host: 'b', port: 7000, tls: true }],
    ['redis://a:7000', '[fd00::1]', { host: 'fd00::1', port: 7000, tls: false }],
    ['redis://a', '[fd00::1]:7001', { host: 'fd00::1', port: 7001, tls: false }],
  ])('of %s: %s', (url, from, address) => {
    expect(server(`{url: "${url}", replicate-from: "${from}"}`)?.replicateFrom).toEqual(address);
  });

  it('is the address that other servers know: ALLOWED_HOSTS says where the bot itself may connect to', () => {
    expect(server('{url: "10.0.0.1", replicate-from: "192.168.0.1"}', '10.0.0.0/8')?.replicateFrom?.host).toBe(
      '192.168.0.1',
    );
  });

  it.each([
    ['7001', /replicate-from must be text such as/],
    ['"b:c"', /replicate-from must be host, host:port, redis:\/\/host:port or rediss:\/\/host:port\.$/],
    ['"b c"', /replicate-from must be host/],
    ['"http://b"', /replicate-from must be host/],
    ['"redis://b/1"', /replicate-from must be host/],
    ['"redis://ana@b"', /replicate-from is an address alone/],
    ['"redis://:hunter2-planted@b"', /replicate-from is an address alone/],
    ['"redis://@b"', /replicate-from is an address alone/],
  ])('%s is refused', (from, sentence) => {
    const found = problems(one(`{url: "a", replicate-from: ${from}}`));
    expect(found).toEqual([expect.stringMatching(sentence)]);
    expect(found[0]).toMatch(/^Group orders, server 1/);
    expect(found[0]).not.toContain('hunter2');
  });
});

describe('rename-command', () => {
  it('is read as it stands in redis.conf, in whatever case', () => {
    expect(
      server('{url: "a", rename-command: {CONFIG: cfg-x1, slaveof: Follow_99, Flushall: "", keys: keys}}'),
    ).toMatchObject({ renamed: { config: 'cfg-x1', slaveof: 'Follow_99', keys: 'keys' } });
    expect(server('{url: "a", rename-command: {}}')).toEqual({ host: 'a', port: 6379, tls: false });
  });

  it.each(['FLUSHALL', 'CLIENT', 'MONITOR', 'AUTH', 'REPLICAOF'])('may disable %s', (command) => {
    expect(server(`{url: "a", rename-command: {${command}: ""}}`)?.renamed).toBeUndefined();
  });

  it.each([
    ['{CONFIG: ""}', 'rename-command: CONFIG is disabled, and the bot cannot do without it.'],
    ['{info: ""}', 'rename-command: INFO is disabled, and the bot cannot do without it.'],
    [
      '{SLAVEOF: ""}',
      'rename-command: SLAVEOF is disabled, and the bot cannot do without it; where REPLICAOF still works, write SLAVEOF: REPLICAOF.',
    ],
    ['{CONFIG: }', 'rename-command: the other name of CONFIG must be one word, or "" where the command is disabled.'],
    ['{CONFIG: 5}', 'rename-command: the other name of CONFIG must be one word, or "" where the command is disabled.'],
    [
      '{CONFIG: "hunter2 planted"}',
      'rename-command: the other name of CONFIG must be one word, or "" where the command is disabled.',
    ],
    ['{CONFIG: x, config: y}', 'rename-command names CONFIG twice.'],
    [
      '{"CONFIG SET": hunter2-planted}',
      'rename-command has a key that is not the name of a command, one word such as CONFIG.',
    ],
    [
      '{"CONFIG:hunter2-planted"}',
      'rename-command has a key that is not the name of a command, one word such as CONFIG.',
    ],
  ])('%s is refused', (renames, sentence) => {
    expect(problems(one(`{url: "a", rename-command: ${renames}}`))).toEqual([
      `Group orders, server 1 (a:6379): ${sentence}`,
    ]);
  });

  it('must be a list', () => {
    expect(problems(one('{url: "a", rename-command: hunter2-planted}'))).toEqual([
      'Group orders, server 1: rename-command must be a list such as { CONFIG: other-name }.',
    ]);
  });

  it('may not disable AUTH where there is a password', () => {
    expect(problems(one('{url: "a", password: env:A, rename-command: {AUTH: ""}}'))).toEqual([
      expect.stringMatching(/AUTH is disabled/),
    ]);
  });
});

describe('a server in two groups', () => {
  const groups = (a: string, b: string) => `groups:\n  x: [${a}]\n  y: [${b}]\n`;

  it.each([
    ['{url: "a", replicate-from: b}', '{url: "a"}'],
    ['{url: "a", replicate-from: b}', '{url: "a", replicate-from: c}'],
    ['{url: "a", rename-command: {CONFIG: x}}', '{url: "a", rename-command: {CONFIG: y}}'],
  ])('%s and %s differ', (a, b) => {
    expect(problems(groups(a, b))).toEqual([
      'Group y, server 1: a:6379 is also in group x, with another user, password, TLS, replicate-from or rename-command; give it the same in both.',
    ]);
  });

  it('may be written in two ways', () => {
    expect(
      problems(
        groups(
          '{url: "redis://ana@a", replicate-from: "b", rename-command: {CONFIG: x, INFO: y}}',
          '{rename-command: {info: y, config: x}, user: ana, replicate-from: "redis://b:6379", url: "A:6379"}',
        ),
      ),
    ).toEqual([]);
  });
});
