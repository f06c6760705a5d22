import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findServers } from '../../src/slack/find-addresses.ts';

it.each<[string, readonly string[], readonly string[]]>([
  ['nothing here at 10:30, see v7.2:final and http://example.com:8080/x', [], []],
  [
    'move old-1:6379 and old-2:6379 to new-1:6379, new-2:6379.',
    ['old-1:6379', 'old-2:6379'],
    ['new-1:6379', 'new-2:6379'],
  ],
  ['a-1:6379 -> b-1:6380\na-2:6379 → b-2:6380', ['a-1:6379', 'a-2:6379'], ['b-1:6380', 'b-2:6380']],
  [
    'Old:\n• 10.0.0.1\n• 10.0.0.2:6380\nNew:\n• 10.1.0.1\n• [fe80::1]:6380',
    ['10.0.0.1:6379', '10.0.0.2:6380'],
    ['10.1.0.1:6379', '[fe80::1]:6380'],
  ],
  [
    '`/redis-migrate start --src redis://app@a:6379 --dst rediss://b.new`',
    ['redis://app@a:6379'],
    ['rediss://b.new:6379'],
  ],
  ['from redis://u:hunter2@a:7000 to b:7000', ['redis://u@a:7000'], ['b:7000']],
  ['<http://old.example.com:6379|old.example.com:6379> &gt; x', ['old.example.com:6379'], []],
  ['a:6379 a:6379 to a:6379 b:6379', ['a:6379'], ['b:6379']],
])('%j', (message, sources, destinations) => {
  expect(findServers(message)).toEqual({ sources, destinations });
});

it('never repeats a password, and never throws', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc.stringMatching(/^[a-z]{6}QQ$/),
      (text, password) => {
        const message = `${text} redis://user:${password}@host:6379 ${text}`;
        expect(JSON.stringify(findServers(message))).not.toContain(password);
      },
    ),
  );
});

it('reads a message that is one long line of dashes in one go, not once from each of them', () => {
  const ruler = '-='.repeat(60_000);
  expect(findServers(`${ruler} old-1:6379 ${ruler}> new-1:6379`)).toEqual({
    sources: ['old-1:6379'],
    destinations: ['new-1:6379'],
  });
});
