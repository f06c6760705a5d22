import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plain } from '../../src/slack/blocks/elements.ts';
import * as format from '../../src/slack/blocks/format.ts';
import { address, answerSentence, bareName, fit, mention, name, sentence, stamp } from '../../src/slack/text.ts';

describe('outside text in messages', () => {
  it('cannot call anybody', () => {
    for (const hostile of ['<!channel>', '<!here|x>', '<@U123>', '<#C1>', '<https://evil|click>']) {
      expect(name(hostile)).not.toContain('<');
      expect(plain(bareName(hostile), 150).text).not.toContain('<');
    }
    expect(sentence('a <!channel> b <!subteam^S123> c')).toBe('a &lt;!channel&gt; b &lt;!subteam^S123&gt; c');
  });

  it('cannot format what stands around it', () => {
    expect(name('*x* `y` ~z~ _q_')).not.toMatch(/[*`~_]/);
    expect(name('orders_old_1')).toBe('orders_old_1');
    expect(name('two\nlines\u202e')).toBe('two lines');
    expect(name('')).toBe('–');
  });

  it('is escaped once, not twice, where blocks take plain text', () => {
    expect(plain(bareName('a & b <x>'), 150).text).toBe('a &amp; b &lt;x&gt;');
    expect(bareName('😀'.repeat(100), 10)).toBe(`${'😀'.repeat(9)}…`);
    expect(bareName('\u202e')).toBe('–');
  });

  it('brings no control characters and does not turn the direction of writing', () => {
    expect(sentence('Source: a\u0000b\u0007\u202e:1: not a host name.\nNext.')).toBe(
      'Source: ab:1\u2060: not a host name.\nNext.',
    );
  });

  it('draws no emoji by accident, and an address can still be copied', () => {
    expect(sentence('10.0.0.1:1234: refused')).toBe('10.0.0.1:1234\u2060: refused');
    expect(name(':tada: orders')).toBe(':tada\u2060: orders');
    expect(sentence('old-1:6379, new-1:6379')).toBe('old-1:6379, new-1:6379');
    expect(sentence('[fe80:1:2::3]:6379: refused')).toBe('[fe80:1:2::3]:6379\u2060: refused');
  });

  it('people and moments in sentences of ours stay what they are', () => {
    const text = 'Approved by <@U0000000ANA> at <!date^1700000000^{time_secs}|10:00:00 UTC> & done';
    expect(sentence(text)).toBe(text.replace('&', '&amp;'));
    expect(answerSentence('Those who may: <!subteam^S0OPS>')).toBe('Those who may: <!subteam^S0OPS>');
  });

  it('is cut within the limit, never inside an entity, a mark or a character', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('&', '<', '>', '😀', 'a', '<@U0000000ANA>', ' ')).map((parts) => parts.join('')),
        fc.integer({ min: 1, max: 60 }),
        (text, limit) => {
          for (const cut of [fit(text, limit), sentence(text, limit), address(text || 'x', Math.max(limit, 4))]) {
            expect(Buffer.from(cut).toString()).toBe(cut);
            expect(cut).not.toMatch(/&(?!amp;|lt;|gt;)/);
            expect(cut.replaceAll('<@U0000000ANA>', '')).not.toMatch(/[<>]/);
          }
          expect(fit(text, limit).length).toBeLessThanOrEqual(limit);
          expect(sentence(text, limit).length).toBeLessThanOrEqual(limit);
        },
      ),
    );
  });

  it('an address keeps its port when it is cut', () => {
    expect(address('a-very-long-name.in-a-far-away.region.example.com:6379', 30)).toMatch(
      /^a-very.*…example.com:6379$|:6379$/,
    );
    expect(address('a:1', 30)).toBe('a:1');
  });

  it('mentions people only by their ids', () => {
    expect(mention('W012AB')).toBe('<@W012AB>');
    expect(mention('<!channel>')).toBe('&lt;!channel&gt;');
  });

  it('a moment is in the reader’s time zone, with a text for where that cannot be', () => {
    expect(stamp('2024-05-01T10:00:00.000Z')).toBe(
      '<!date^1714557600^{date_short_pretty} {time_secs}|2024-05-01T10:00:00.000Z>',
    );
    expect(stamp('nonsense')).toBe('–');
  });
});

describe('figures', () => {
  it.each([
    [format.bytes(0), '0 B'],
    [format.bytes(1023), '1023 B'],
    [format.bytes(1024), '1.00 KiB'],
    [format.bytes(1_048_575), '1.00 MiB'],
    [format.bytes(23.44 * 1024 ** 2), '23.4 MiB'],
    [format.bytes(null), '–'],
    [format.bytes(-1), '–'],
    [format.rate(2048), '2.00 KiB/s'],
    [format.count(0), '0'],
    [format.count(60_000), '60,000'],
    [format.count(1_234_567), '1.23 M'],
    [format.percent(99.96), '99 %'],
    [format.percent(0), '0 %'],
    [format.percent(null), '–'],
    [format.duration(59.4), '59 s'],
    [format.duration(61), '1 min 01 s'],
    [format.duration(3_660), '1 h 01 min'],
    [format.duration(90_000), '1 d 1 h'],
    [format.duration(Number.POSITIVE_INFINITY), '–'],
    [format.milliseconds(12.4), '12 ms'],
    [format.perSecond(0), '0/s'],
    [format.perSecond(0.25), '0.3/s'],
    [format.plural(1, 'shard'), '1 shard'],
    [format.plural(2, 'shard'), '2 shards'],
  ])('%s', (shown, expected) => {
    expect(shown).toBe(expected);
  });
});
