import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AllowedHosts, canonicalHost, parseAllowedHosts } from '../../src/domain/allowed-hosts.ts';

function list(text: string): AllowedHosts {
  const parsed = parseAllowedHosts(text);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.allowed;
}

function problems(text: string): readonly string[] {
  const parsed = parseAllowedHosts(text);
  return parsed.ok ? [] : parsed.problems;
}

describe('names', () => {
  it.each([
    ['redis-1', 'redis-1', true],
    ['redis-1', 'REDIS-1', true],
    ['Redis-1.Example', 'redis-1.example.', true],
    ['redis-1.example.', 'redis-1.example', true],
    ['redis-1', 'redis-10', false],
    ['redis-1', 'x.redis-1', false],
    ['*.example', 'a.example', true],
    ['*.example', 'a.b.EXAMPLE.', true],
    ['*.example', 'example', false],
    ['*.example', 'badexample', false],
    ['*.example', 'example.evil', false],
    ['*', 'anything', true],
    [' a , b ,', 'b', true],
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '::ffff:10.0.0.1', true],
    ['::ffff:10.0.0.1', '10.0.0.1', true],
    ['10.0.0.0/8', '10.0.0.1', false],
    ['[fd00::1]', 'fd00:0:0:0::1', true],
    ['fd00:0::0:1', 'fd00::1', true],
    ['fd00::1', 'fd00::2', false],
  ])('ALLOWED_HOSTS %j, host %j: %s', (text, host, allowed) => {
    expect(list(text).allowsName(host)).toBe(allowed);
  });
});

describe('addresses', () => {
  it.each([
    ['10.0.0.0/8', ['10.255.0.1'], true],
    ['10.0.0.0/8', ['10.0.0.1', '11.0.0.1'], false],
    ['10.0.0.0/8', [], false],
    ['10.0.0.0/8,192.168.0.0/16', ['10.0.0.1', '192.168.3.4'], true],
    ['10.1.2.3/8', ['10.9.9.9'], true],
    ['10.0.0.0/8', ['::ffff:10.0.0.1'], true],
    ['10.0.0.0/8', ['::ffff:a00:1'], true],
    ['::ffff:10.0.0.0/104', ['10.3.4.5'], true],
    ['0.0.0.0/0', ['::1'], false],
    ['::/0', ['::1'], true],
    ['::/0', ['10.0.0.1'], false],
    ['::/0', ['::ffff:10.0.0.1'], false],
    ['fd00::/8', ['fdff::1'], true],
    ['fd00::/8', ['fe80::1'], false],
    ['fe80::/10', ['fe80::1%eth0'], false],
    ['10.0.0.1/32', ['10.0.0.1'], true],
    ['10.0.0.1/32', ['10.0.0.2'], false],
    ['redis-1', ['10.0.0.1'], false],
    ['10.0.0.0/8', ['redis-1'], false],
    ['*', ['10.0.0.1', 'fd00::1'], true],
    ['*', [], false],
  ])('ALLOWED_HOSTS %j, addresses %j: %s', (text, addresses, allowed) => {
    expect(list(text).allowsAddresses(addresses)).toBe(allowed);
  });

  it('agrees with arithmetic on every prefix length', () => {
    const number = fc.nat({ max: 0xffff_ffff });
    const dotted = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
    fc.assert(
      fc.property(number, number, fc.nat({ max: 32 }), fc.boolean(), (base, random, bits, near) => {
        const address = near ? (base ^ (bits === 32 ? 0 : random >>> bits)) >>> 0 : random;
        const mask = bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0;
        const inside = (base & mask) >>> 0 === (address & mask) >>> 0;
        expect(list(`${dotted(base)}/${bits}`).allowsAddresses([dotted(address)])).toBe(inside);
      }),
    );
  });

  it('says whether names have to be looked up', () => {
    expect(list('a,*.b').hasNetworks).toBe(false);
    expect(list('a,10.0.0.0/8').hasNetworks).toBe(true);
  });
});

describe('mistakes', () => {
  it.each([
    ['', /names no host/],
    [' , ', /names no host/],
    ['redis://a', /"redis:\/\/a" is a URL/],
    ['a:6379', /"a:6379" has a port/],
    ['10.0.0.0/33', /0 to 32/],
    ['fd00::/129', /0 to 128/],
    ['10.0.0.0/', /0 to 32/],
    ['10.0.0/8', /not a CIDR/],
    ['10.0.0.0/8/8', /not a CIDR/],
    ['example/8', /not a CIDR/],
    ['fe80::1%eth0/64', /not a CIDR/],
    ['::ffff:0:0/64', /mixes IPv4 and IPv6/],
    ['10.*', /another place/],
    ['*example', /another place/],
    ['*.*.example', /one \* only/],
    ['*.', /end of a host name/],
    ['*.10.0.0.1', /end of a host name/],
    ['a b', /neither a host/],
    ['10.0.0.256', /neither a host/],
    ['user@a', /neither a host/],
    ['[a]', /neither a host/],
  ])('%j', (text, expected) => {
    const found = problems(text);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });

  it('tells every wrong entry and allows nothing then', () => {
    expect(problems('ok,10.0.0.0/99,a:1')).toHaveLength(2);
  });

  it('never throws, whatever is written', () => {
    const piece = fc.constantFrom(
      '*',
      '.',
      ':',
      '/',
      '[',
      ']',
      '%',
      '@',
      '1',
      '10',
      '255',
      'a',
      'fd00',
      '::',
      ',',
      ' ',
      '-',
      'ffff',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.string(), (pieces, host) => {
        const parsed = parseAllowedHosts(pieces.join(''));
        if (parsed.ok) {
          parsed.allowed.allowsName(host);
          parsed.allowed.allowsAddresses([host, pieces.join('')]);
        }
      }),
    );
  });
});

it('gives each host one spelling', () => {
  expect(canonicalHost('FD00:0:0::1')).toBe('fd00::1');
  expect(canonicalHost('::FFFF:192.168.1.2')).toBe('192.168.1.2');
  expect(canonicalHost('A.Example.')).toBe('a.example');
});
