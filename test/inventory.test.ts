import { describe, expect, it } from 'vitest';
import { type AllowedHosts, parseAllowedHosts } from '../src/domain/allowed-hosts.ts';
import { Secret } from '../src/domain/secret.ts';
import { emptyInventory, type Inventory, loadInventory, parseInventory } from '../src/inventory.ts';
import { PasswordUnavailableError } from '../src/passwords.ts';

const vault = {
  resolve(ref: { kind: string; name?: string }): Secret {
    if (ref.name === 'MISSING')
      throw new PasswordUnavailableError('env', 'The environment variable MISSING is not set or empty.');
    return new Secret('a-planted-password');
  },
  readPem: () => 'not looked at here',
};
function allow(text: string): AllowedHosts {
  const parsed = parseAllowedHosts(text);
  if (!parsed.ok) throw new Error('bad list');
  return parsed.allowed;
}
function inventory(text: string): Inventory {
  const parsed = parseInventory(text, { allowed: allow('*'), vault });
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.inventory;
}
function problems(text: string, allowed = '*'): readonly string[] {
  const parsed = parseInventory(text, { allowed: allow(allowed), vault });
  return parsed.ok ? [] : parsed.problems;
}
/** One group `orders` with one server written as given. */
const one = (server: string) => `groups:\n  orders:\n    - ${server}\n`;

describe('a good inventory', () => {
  const good = inventory(`
groups:
  orders-old:
    - url: redis://10.0.0.1:6379
      user: migrator                # optional
      password: env:ORDERS_OLD
    - url: Redis-2.old
  orders-new:
    - url: rediss://migrator@orders-1.new:6380
      password: file:/run/secrets/orders-new
    - url: redis://[FD00:0::1]:7000
`);

  it('gives the servers of a group in order', () => {
    expect(good.names()).toEqual(['orders-old', 'orders-new']);
    expect(good.group('orders-old')).toEqual([
      { host: '10.0.0.1', port: 6379, tls: false, user: 'migrator', password: { kind: 'env', name: 'ORDERS_OLD' } },
      { host: 'redis-2.old', port: 6379, tls: false },
    ]);
    expect(good.group('orders-new')?.[0]).toEqual({
      host: 'orders-1.new',
      port: 6380,
      tls: true,
      user: 'migrator',
      password: { kind: 'file', path: '/run/secrets/orders-new' },
    });
    expect([good.group('nobody'), good.group('__proto__'), good.group('toString')]).toEqual([null, null, null]);
  });

  it('finds a server by its address, however that is spelled', () => {
    expect(good.find('10.0.0.1', 6379)?.user).toBe('migrator');
    expect(good.find('::ffff:10.0.0.1', 6379)?.user).toBe('migrator');
    expect(good.find('REDIS-2.old.', 6379)?.host).toBe('redis-2.old');
    expect(good.find('fd00::1', 7000)?.port).toBe(7000);
    expect(good.find('10.0.0.1', 6380)).toBeNull();
  });

  it('holds no password', () => {
    expect(JSON.stringify(good.group('orders-old'))).not.toContain('planted');
  });

  it('may name a server in two groups, when it is the same in both', () => {
    const server = '{ url: "a:1", user: u, password: env:A }';
    expect(inventory(`groups:\n  x: [${server}]\n  y: [${server}]`).group('y')).toHaveLength(1);
  });
});

describe('mistakes', () => {
  it.each([
    ['', /must have groups:/],
    ['groups:', /must have groups:/],
    ['- a', /must have groups:/],
    ['groups: {}', /has no group\./],
    ['groups: {a: [b', /not valid YAML near line 1/],
    ['groups:\n  a: [{url: "x"}]\n  a: [{url: "y"}]', /not valid YAML near line 3 \(DUPLICATE_KEY\)/],
    ['groups: {a: [{url: "x"}]}\nserver: 1', /unknown key "server" at its top/],
    ['groups: {"a b": [{url: "x"}]}', /A group has a name that cannot be typed/],
    ['groups: {a: []}', /Group a must be a list with at least one server/],
    ['groups: {a: "x"}', /Group a must be a list/],
    [one('plain'), /^Group orders, server 1: must have the keys url, user, password/],
    [one('{user: x}'), /server 1: url must be text/],
    [one('{url: 6379}'), /server 1: url must be text/],
    [one('{url: "a", user: 5}'), /user must be text/],
    [one('{url: "a", user: ""}'), /user is empty/],
    [one('{url: "a", passwort: env:A}'), /server 1: unknown key "passwort"; known are url, user, password/],
    [one('{url: "a", tls: true}'), /server 1: tls must have the keys ca, cert, key, servername/],
    [one('{url: "http://a"}'), /server 1: the url is wrong: only redis:\/\/ and rediss:\/\//],
    [one('{url: "redis://a/3"}'), /database or path cannot be chosen/],
    [one('{url: "redis://u@a", user: v}'), /\(a:6379\): .*two different users/],
    [
      one('{url: "a", password: env:MISSING}'),
      /^Group orders, server 1 \(a:6379\): The environment variable MISSING is not set/,
    ],
    [one('{url: "a", password: }'), /password must be env:NAME or file:\/path/],
    [one('{url: "a", password: "file:relative"}'), /password must be env:NAME or file:\/path/],
    [`${one('{url: "a"}')}    - {url: "A:6379"}`, /server 2: a:6379 is already in this group/],
    [
      'groups:\n  x: [{url: "a", user: u}]\n  y: [{url: "a"}]',
      /^Group y, server 1: a:6379 is also in group x, with another user/,
    ],
    ['groups:\n  x: [{url: "a", password: env:A}]\n  y: [{url: "a", password: env:B}]', /is also in group x/],
    ['groups:\n  x: [{url: "redis://a"}]\n  y: [{url: "rediss://a:6379"}]', /is also in group x/],
  ])('%j', (text, sentence) => {
    const found = problems(text);
    expect(found).toEqual([expect.stringMatching(sentence)]);
    expect(found[0]).toMatch(/\.$/);
  });

  it.each([
    one('{url: "redis://:hunter2-planted@a"}'),
    one('{url: "redis://user:hunter2-planted@a"}'),
    one('{url: "redis://:hunter2-planted"}'),
    one('{url: "redis://a:hunter2-planted"}'),
    one('{url: "redis://a?password=hunter2-planted"}'),
    one('{url: "a", password: hunter2-planted}'),
    one('{url: "a", password: "env:hunter2-planted"}'),
    one('{url: "a", password: "plain:hunter2-planted"}'),
    one('{url: "a", "password:hunter2-planted"}'),
    one('{url: "a", password: {value: hunter2-planted}}'),
    one('url: a\n      password:hunter2-planted'),
    one('url: a\n      password: "hunter2-planted'),
    'groups: {a: hunter2-planted}',
    'groups: {"hunter2-planted!": []}',
    'hunter2-planted',
  ])('never repeats a password: %j', (text) => {
    const found = problems(text);
    expect(found.length).toBeGreaterThan(0);
    expect(found.join('\n')).not.toContain('hunter2');
  });

  it('tells all of them at once', () => {
    expect(problems('groups:\n  x: [{url: "a", user: ""}, {url: "http://b"}]\n  y: []')).toHaveLength(3);
  });

  it('names a file that cannot be read', () => {
    const loaded = loadInventory(
      '/etc/inventory.yml',
      () => {
        throw Object.assign(new Error('x'), { code: 'ENOENT' });
      },
      { allowed: allow('*'), vault },
    );
    expect(loaded).toEqual({
      ok: false,
      problems: ['The inventory /etc/inventory.yml cannot be read (ENOENT); check INVENTORY_FILE.'],
    });
  });
});

describe('ALLOWED_HOSTS', () => {
  it.each([
    ['a.internal', '*.internal', true],
    ['a.internal', 'b.internal', false],
    ['a.internal', 'b.internal,10.0.0.0/8', true],
    ['10.0.0.1', '10.0.0.0/8', true],
    ['10.0.0.1', 'a.internal,192.168.0.0/16', false],
    ['10.0.0.1', '10.0.0.1', true],
    ['[fd00::1]', 'fd00::/8', true],
  ])('server %s with %s: accepted %s', (host, allowed, accepted) => {
    const found = problems(one(`{url: "${host}"}`), allowed);
    if (accepted) expect(found).toEqual([]);
    else
      expect(found).toEqual([
        expect.stringMatching(/is not in ALLOWED_HOSTS; add it there or take it out of the inventory\.$/),
      ]);
  });
});

it('without a file there are no groups', () => {
  expect([emptyInventory.group('a'), emptyInventory.names(), emptyInventory.find('a', 1)]).toEqual([null, [], null]);
});
