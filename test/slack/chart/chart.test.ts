/** The picture as SVG: what it says, and what no name can make of it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Milestone } from '../../../src/domain/report/report.ts';
import { chartSvg } from '../../../src/slack/chart/card.ts';
import { chartOf } from '../../../src/slack/chart/chart.ts';
import { fitted, widthOf } from '../../../src/slack/chart/svg.ts';
import { ticksOf } from '../../../src/slack/chart/time-axis.ts';
import { type HistoryOptions, history, NAMES } from './history.ts';

const MANY = { seconds: 120, spacing: 4 };
const HOSTILE = [
  '<!channel>',
  '"><script>alert(1)</script>',
  'x'.repeat(200),
  '\u202Eesrever مرحبا',
  '🙂🙃',
  ']]>&amp;\u0000\ud800',
  '',
];

function drawn(shards: number, options: HistoryOptions = MANY): string {
  const { report, samples } = history(shards, options);
  const chart = chartOf(report, samples, (user) => NAMES[user] ?? user);
  if (chart === null) throw new Error('There is nothing to draw.');
  return chartSvg(chart);
}

function wordsOf(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, words]) => words ?? '');
}

/** Every element closed where it was opened, nothing between them that could be one, no number that is none. */
function expectWhole(svg: string): void {
  const open: string[] = [];
  for (const [, closing, name, self] of svg.matchAll(/<(\/?)([a-z]+)(?: [a-zA-Z][a-zA-Z0-9-]*="[^"<>]*")*(\/?)>/g)) {
    if (self === '/') continue;
    if (closing === '/') expect(open.pop()).toBe(name);
    else open.push(name ?? '');
  }
  expect(open).toEqual([]);
  expect(svg.replace(/<\/?[a-z]+(?: [a-zA-Z][a-zA-Z0-9-]*="[^"<>]*")*\/?>/g, '')).not.toMatch(/[<>]/);
  expect(svg).not.toMatch(/NaN|Infinity|undefined|null|\p{Cc}|\p{Cs}/u);
}

describe('the chart', () => {
  it('says in words what it shows: sizes, times, the pause, and who decided what when', () => {
    const words = wordsOf(drawn(4));
    expect(words).toEqual(expect.arrayContaining(['orders', 'finished', '4 shards', '14 ms', 'UTC', '16:58:18']));
    expect(words).toEqual(expect.arrayContaining(['continue approved by Ana', 'switch approved by Ben', 'finished']));
    expect(words).toContain('cut-over, writes stood still for 14 ms at most');
    expect(words).toContain('m-7k3q · fenced cut-over · 29 Nov 2026, UTC');
  });

  it.each([1, 2, 8, 9, 24, 25, 200, 201, 1000])(
    'draws %d shards as a picture of a size that people look at',
    (shards) => {
      const svg = drawn(shards);
      expectWhole(svg);
      const height = Number(/height="(\d+)"/.exec(svg)?.[1]);
      expect(height).toBeGreaterThan(500);
      expect(height).toBeLessThan(1_320);
      expect(svg.length).toBeLessThan(400_000);
    },
  );

  it('says how many shards a row of the strip stands for', () => {
    expect(wordsOf(drawn(200))).toContain('each row is a shard');
    expect(wordsOf(drawn(1000))).toContain('each row is 5 shards,');
    expect(wordsOf(drawn(1000))).toContain('no answer');
  });

  it('is whole whatever servers, people and migrations are called', () => {
    const words = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', maxLength: 80 }));
    fc.assert(
      fc.property(words, words, words, (name, host, who) => {
        const { report, samples } = history(3, { ...MANY, name, host: () => host });
        const chart = chartOf(report, samples, () => who);
        const svg = chart === null ? '' : chartSvg(chart);
        expectWhole(svg);
        expect(svg).not.toMatch(/<script|[\u202a-\u202e]/);
      }),
      { numRuns: 25 },
    );
  });

  it('is whole whatever was seen', () => {
    const figure = fc.option(fc.double({ min: 0, max: 1e15, noNaN: true }), { nil: null });
    const seen = fc.record({
      at: fc.integer({ min: 0, max: 4e8 }),
      percents: fc.array(fc.option(fc.integer({ min: 0, max: 100 }), { nil: null }), { minLength: 30, maxLength: 30 }),
      lagBytes: figure,
      writesPerSecond: figure,
    });
    fc.assert(
      fc.property(fc.array(seen, { maxLength: 30 }), fc.constantFrom(2, 30), (points, shards) => {
        const { report } = history(shards, MANY);
        const start = Date.parse(report.startedAt);
        const samples = points.map((one, place) => ({ ...one, place, at: start + one.at, worst: null }));
        const chart = chartOf(report, samples);
        if (chart !== null) expectWhole(chartSvg(chart));
      }),
      { numRuns: 25 },
    );
  });

  it('is not there when too little was seen', () => {
    const { report, samples } = history(2, MANY);
    expect(chartOf(report, [])).toBeNull();
    expect(chartOf(report, samples.slice(0, 1))).toBeNull();
    expect(chartOf(report, samples.slice(0, 2))).not.toBeNull();
  });

  it('is not squeezed to nothing by a finish days later, but tells its day', () => {
    const late: Milestone = { at: '2026-12-03T09:00:00.000Z', kind: 'asked', text: 'a word', user: null };
    const { report, samples } = history(2, { ...MANY, more: [late] });
    const chart = chartOf(report, samples);
    expect((chart?.span.to ?? 0) - (chart?.span.from ?? 0)).toBeLessThan(200_000);
    expect(wordsOf(drawn(2, { ...MANY, more: [late] }))).toContain('3 Dec 09:00:00');
  });

  it('leaves out marks that tell least when there are very many', () => {
    const more = Array.from({ length: 40 }, (_, place): Milestone => {
      const at = new Date(Date.parse('2026-11-29T16:58:20.000Z') + place * 1000).toISOString();
      return { at, kind: 'restarted', text: 'the bot was restarted', user: null };
    });
    const { report, samples } = history(2, { ...MANY, more });
    const kinds = chartOf(report, samples)?.marks.map((one) => one.kind) ?? [];
    expect(kinds).toHaveLength(14);
    expect(kinds).toEqual(expect.arrayContaining(['approved', 'cut-over', 'ended']));
  });
});

describe('words on the chart', () => {
  it('fit where they are put, and a port stays readable', () => {
    expect(fitted('old-1:6379', 13, 200, true)).toBe('old-1:6379');
    const cut = fitted(`${'very-long-name.'.repeat(8)}example:16379`, 13, 160, true);
    expect(cut).toMatch(/^very-long-.*…:16379$/);
    expect(widthOf(cut, 13)).toBeLessThanOrEqual(160);
    expect(fitted('订单 orders', 13, 200)).toBe('□□ orders');
  });

  it('name round moments, never more than there is room for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2e12 }), fc.integer({ min: 1_000, max: 1e10 }), (from, long) => {
        const ticks = ticksOf({ from, to: from + long }, 10);
        expect(ticks.length).toBeLessThanOrEqual(11);
        expect(ticks.some((one, place) => one.label === ticks[place + 1]?.label)).toBe(false);
      }),
    );
    expect(ticksOf({ from: 0, to: 60_000 }, 10).map((one) => one.label)).toContain('00:00:30');
    expect(ticksOf({ from: 0, to: 6 * 86_400_000 }, 10).map((one) => one.label)).toContain('3 Jan');
  });
});
