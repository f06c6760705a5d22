import { describe, expect, it } from 'vitest';
import { compareCells, quantity } from '../../src/sandbox/page/client/blocks/cells.ts';
import { share } from '../../src/sandbox/page/client/json.ts';

const cell = (text: string) => ({ type: 'raw_text', text });
const sorted = (texts: readonly string[], direction: 1 | -1) =>
  texts
    .map(cell)
    .toSorted((a, b) => compareCells(a, b, direction))
    .map(({ text }) => text);

describe('sorting a data_table', () => {
  it('reads the figures that the bot writes', () => {
    expect(quantity('1.50 MiB/s')).toBe(1.5 * 1024 ** 2);
    expect(quantity('2 min 03 s')).toBe(123);
    expect(quantity('20,000')).toBe(20_000);
    expect(quantity('43 %')).toBe(43);
    expect(quantity('🚚 transfer')).toBeNull();
    expect(quantity('127.0.0.1:6401')).toBeNull();
  });

  it('puts sizes by size, names by their numbers, and what nobody knows last either way', () => {
    expect(sorted(['1 GiB', '–', '900 MiB', '12 B'], 1)).toEqual(['12 B', '900 MiB', '1 GiB', '–']);
    expect(sorted(['1 GiB', '–', '900 MiB', '12 B'], -1)).toEqual(['1 GiB', '900 MiB', '12 B', '–']);
    expect(sorted(['old-10:6379', 'old-9:6379'], 1)).toEqual(['old-9:6379', 'old-10:6379']);
  });
});

describe('a new state beside the last one', () => {
  it('keeps the very objects of what did not change', () => {
    const before = { messages: [{ ts: '1', blocks: [{ type: 'header' }] }], world: { botRunning: true } };
    const after = { messages: [{ ts: '1', blocks: [{ type: 'header' }] }], world: { botRunning: false } };
    const shared = share(before, after);
    expect(shared.messages).toBe(before.messages);
    expect(shared).toEqual(after);
    expect(share(before, structuredClone(before))).toBe(before);
  });
});
