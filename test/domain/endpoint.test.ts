import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressOf, type Endpoint, nameWithoutSecrets, parseEndpoint } from '../../src/domain/endpoint.ts';

function parsed(text: string): Endpoint & { readonly typedPassword?: string } {
  const result = parseEndpoint(text);
  if (!result.ok) throw new Error(result.problem);
  const { typedPassword } = result;
  return { ...result.endpoint, ...(typedPassword === undefined ? {} : { typedPassword }) };
}

function problem(text: string): string {
  const result = parseEndpoint(text);
  return result.ok ? '' : result.problem;
}

describe('an address that is understood', () => {
  it.each<[string, Partial<Endpoint> & { typedPassword?: string }]>([
    ['old-1', { host: 'old-1', port: 6379, tls: false }],
    ['old-1:6380', { host: 'old-1', port: 6380 }],
    ['OLD-1.Example.:7000', { host: 'old-1.example.', port: 7000 }],
    ['10.0.0.1', { host: '10.0.0.1', port: 6379 }],
    ['10.0.0.1:1', { host: '10.0.0.1', port: 1 }],
    ['h:65535', { host: 'h', port: 65_535 }],
    ['redis://old-1', { host: 'old-1', port: 6379, tls: false }],
    ['redis://old-1:6380/', { host: 'old-1', port: 6380 }],
    ['REDISS://old-1', { host: 'old-1', tls: true }],
    ['rediss://old-1:6380', { host: 'old-1', port: 6380, tls: true }],
    ['[::1]', { host: '::1', port: 6379 }],
    ['[::1]:6380', { host: '::1', port: 6380 }],
    ['redis://[FD00::1]:7000', { host: 'fd00::1', port: 7000 }],
    ['[::ffff:10.0.0.1]:6379', { host: '::ffff:10.0.0.1' }],
    ['redis://ana@old-1', { host: 'old-1', user: 'ana' }],
    ['redis://ana:pass@old-1', { host: 'old-1', user: 'ana', typedPassword: 'pass' }],
    ['redis://:pass@old-1', { host: 'old-1', typedPassword: 'pass' }],
    ['redis://:p%40ss%3A%2F@old-1', { host: 'old-1', typedPassword: 'p@ss:/' }],
    ['redis://:p@ss:w@rd@old-1:7000', { host: 'old-1', port: 7000, typedPassword: 'p@ss:w@rd' }],
    ['redis://:pa?ss#w/rd@old-1', { host: 'old-1', typedPassword: 'pa?ss#w/rd' }],
    ['redis://@old-1', { host: 'old-1' }],
    ['ana:pass@old-1:7000', { host: 'old-1', port: 7000, user: 'ana', typedPassword: 'pass' }],
    ['under_score', { host: 'under_score' }],
  ])('%s', (text, expected) => {
    expect(parsed(text)).toMatchObject(expected);
  });

  it('has neither user nor password unless one was typed', () => {
    expect(Object.keys(parsed('redis://@old-1')).toSorted()).toEqual(['host', 'port', 'tls']);
  });
});

describe('an address that is refused', () => {
  it.each([
    ['', 'the host is missing'],
    [':6379', 'the host is missing'],
    ['redis://', 'the host is missing'],
    ['redis://ana:pass@', 'the host is missing'],
    ['valkey://old-1', 'only redis:// and rediss://'],
    ['http://old-1', 'only redis:// and rediss://'],
    ['unix:///run/redis.sock', 'only redis:// and rediss://'],
    ['redis+sentinel://old-1', 'only redis:// and rediss://'],
    ['/run/redis.sock', 'a database or path'],
    ['redis://old-1/0', 'a database or path'],
    ['redis://old-1:6379/15', 'a database or path'],
    ['redis://old-1?db=1', 'options behind ? or #'],
    ['redis://old-1:6379/?password=x', 'options behind ? or #'],
    ['redis://old-1#x', 'options behind ? or #'],
    ['redis://:%ZZ@old-1', 'not encoded as in a URL'],
    ['redis://%E0%A4%A@old-1', 'not encoded as in a URL'],
    ['old-1:', 'the port must be a number from 1 to 65535'],
    ['old-1:0', 'the port must be'],
    ['old-1:65536', 'the port must be'],
    ['old-1:-1', 'the port must be'],
    ['old-1:6379x', 'the port must be'],
    ['old-1:1e3', 'the port must be'],
    ['[::1]:0', 'the port must be'],
    ['::1', 'more than one colon'],
    ['fd00::1:6379', 'more than one colon'],
    ['[::1', 'is not closed'],
    ['[::1]6379', 'only :port may follow'],
    ['[old-1]', 'not an IPv6 address'],
    ['[fe80::1%eth0]', 'not an IPv6 address'],
    ['[1::2::3]', 'not an IPv6 address'],
    ['[::256.0.0.1]', 'not an IPv6 address'],
    ['[]', 'not an IPv6 address'],
    ['10.0.0', 'not an IPv4 address'],
    ['10.0.0.256', 'not an IPv4 address'],
    ['010.0.0.1', 'not an IPv4 address'],
    ['2130706433', 'not an IPv4 address'],
    ['-old', 'not a host name'],
    ['old-', 'not a host name'],
    ['a..b', 'not a host name'],
    ['a b', 'not a host name'],
    ['a\nb', 'not a host name'],
    ['пример', 'not a host name'],
    [`${'a'.repeat(64)}.b`, 'not a host name'],
    [`${'a.'.repeat(127)}ab`, 'longer than 253'],
    [`redis://${'a'.repeat(600)}`, 'at most 512 characters'],
  ])('%s', (text, expected) => {
    expect(problem(text)).toContain(expected);
    expect(problem(text)).not.toMatch(/\.$/);
  });

  it('names the address, so that one of many is found again', () => {
    expect(problem('redis://old-1:99999')).toMatch(/^redis:\/\/old-1:99999: /);
    expect(problem('old-1:6379/0')).toMatch(/^old-1:6379\/0: /);
    expect(problem('fd00::1:6379')).toMatch(/^fd00::1:6379: /);
    expect(problem('')).toMatch(/^\(empty\): /);
  });

  it.each([
    'redis://ana:hunter2-hunter2@old-1:x',
    'redis://ana:hunter2-hunter2@old-1/0',
    'redis://:hunter2-hunter2@',
    'redis://:hunter2-hunter2@h?x',
    'http://ana:hunter2-hunter2@old-1',
    // Half an address: the @host was forgotten, or the password had a space in it.
    'redis://:hunter2-hunter2',
    'redis://ana:hunter2-hunter2',
    'ana:hunter2-hunter2',
    'redis://old-1?password=hunter2-hunter2',
  ])('%s: the password is not repeated', (text) => {
    expect(problem(text)).not.toBe('');
    expect(problem(text)).not.toContain('hunter2');
  });

  it('takes no time over a huge text', () => {
    for (const piece of ['a', 'a.', ':', '[', '@', '1.', '::', '%25', '?']) {
      const began = performance.now();
      expect(problem(piece.repeat(300_000)).length).toBeLessThan(300);
      expect(performance.now() - began).toBeLessThan(500);
    }
  });
});

describe('whatever is typed', () => {
  const piece = fc.constantFrom(
    ...'redis:// rediss:// http:// @ : / ? # [ ] :: % %40 %ZZ . - _ a old-1 10.0.0.1 6379 fd00 99999'.split(' '),
    ' ',
    '\n',
    '\u0000',
    '😀',
  );
  const typed = fc.oneof(
    fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary' }),
    fc.webUrl(),
  );

  it('gives an endpoint or a sentence, and never throws', () => {
    fc.assert(
      fc.property(typed, (text) => {
        const result = parseEndpoint(text);
        if (result.ok) {
          expect(result.endpoint.host).not.toBe('');
          expect(result.endpoint.port).toBeGreaterThanOrEqual(1);
          expect(result.endpoint.port).toBeLessThanOrEqual(65_535);
        } else expect(result.problem).toMatch(/: ./);
      }),
      { numRuns: 2_000 },
    );
  });

  it('what was understood reads the same when it is written out again', () => {
    fc.assert(
      fc.property(typed, (text) => {
        const result = parseEndpoint(text);
        if (!result.ok) return;
        const { host, port, tls } = result.endpoint;
        expect(parseEndpoint(addressOf(result.endpoint))).toEqual({ ok: true, endpoint: { host, port, tls: false } });
        expect(parsed(`${tls ? 'rediss' : 'redis'}://${addressOf(result.endpoint)}`)).toEqual({ host, port, tls });
      }),
      { numRuns: 2_000 },
    );
  });

  it('a problem never repeats what stood before the last @', () => {
    const password = fc.stringMatching(/^[A-Za-z0-9!?#/:%@ ]{4,20}$/).map((text) => `Zq7${text}`);
    fc.assert(
      fc.property(
        fc.constantFrom('', 'redis://', 'rediss://', 'http://'),
        fc.string(),
        password,
        typed,
        (scheme, user, secret, rest) => {
          const result = parseEndpoint(`${scheme}${user}:${secret}@${rest.replaceAll('@', '')}`);
          if (!result.ok) expect(result.problem).not.toContain('Zq7');
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('credentials come out as they went in', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (user, password) => {
        const result = parseEndpoint(`redis://${encodeURIComponent(user)}:${encodeURIComponent(password)}@h`);
        expect(result).toMatchObject({ ok: true, endpoint: { user }, typedPassword: password });
      }),
    );
  });

  it('an IPv6 address is one exactly where Node says so', () => {
    const group = fc.oneof(
      fc.constantFrom('', '0', '1', 'ffff', 'FD00', '12345', '1.2.3.4', 'g'),
      fc.string({ maxLength: 2 }),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.ipV6(),
          fc.array(group, { maxLength: 9 }).map((groups) => groups.join(':')),
        ),
        (text) => {
          if (/[%[\]@/?#]/.test(text)) return;
          expect(parseEndpoint(`[${text}]`).ok).toBe(isIPv6(text));
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

it('a name for people is short and has nothing before the last @', () => {
  expect(nameWithoutSecrets('redis://ana:pass@old-1:6379')).toBe('old-1:6379');
  expect(nameWithoutSecrets('a@b@')).toBe('(empty)');
  expect(nameWithoutSecrets('x'.repeat(200))).toHaveLength(81);
});
