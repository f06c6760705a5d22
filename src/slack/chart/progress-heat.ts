/** Many shards: how far the slowest, the middle and the fastest were, and below it a strip for every shard. Pure. */
import { count } from '../blocks/format.ts';
import type { Chart } from './chart.ts';
import type { Panel } from './panel.ts';
import { areas, gapMs, LEFT, PAD, type Point, PROGRESS, pointsOf, RIGHT, type ToX } from './plot.ts';
import { element, FAINT, GRID, MUTED, pathOf, text } from './svg.ts';

const LINES_HEIGHT = 110;
const BETWEEN = 30;
const CELL = 4;
const MOST_STRIPS = 200;
const LEGEND = 72;
/** From dark to light a printer and every eye can tell them apart; what is in step is the darkest. */
const RAMP = ['#e3efec', '#c4dfd9', '#97c8bf', '#5ea89c', '#2b867a', '#0b5750'];
const WORDS = ['below 20 %', '40 %', '60 %', '80 %', '99 %', 'in step'];
export const HATCH = 'nobody-knows';

export function heatPanel(chart: Chart, top: number, x: ToX): Panel {
  const lines = linesOf(chart, top, x);
  const strips = stripsOf(chart, top + LINES_HEIGHT + BETWEEN, x);
  return { svg: lines + strips.svg, height: LINES_HEIGHT + BETWEEN + strips.height };
}

interface Spread {
  readonly slowest: number;
  readonly middle: number;
  readonly fastest: number;
}

/** Whole percents are counted rather than sorted: a thousand shards at six hundred moments. Null where none is known. */
function spreadOf(percents: readonly (number | null)[]): Spread | null {
  const counts = new Uint16Array(101);
  let known = 0;
  for (const percent of percents) {
    if (percent === null) continue;
    counts[percent] = (counts[percent] ?? 0) + 1;
    known += 1;
  }
  if (known === 0) return null;
  let seen = 0;
  const middle = counts.findIndex((many) => (seen += many) * 2 >= known);
  return { slowest: counts.findIndex((many) => many > 0), middle, fastest: counts.findLastIndex((many) => many > 0) };
}

function linesOf(chart: Chart, top: number, x: ToX): string {
  const base = top + LINES_HEIGHT;
  const y = (percent: number) => base - (percent / 100) * (LINES_HEIGHT - 8);
  const spreads = new Map(chart.samples.map((sample) => [sample, spreadOf(sample.percents)]));
  const of = (which: keyof Spread) => pointsOf(chart.samples, x, (sample) => spreads.get(sample)?.[which] ?? null, y);
  const [slowest, middle, fastest] = [of('slowest'), of('middle'), of('fastest')];
  const line = (points: readonly Point[], width: number, dash?: string) =>
    element('path', {
      d: pathOf(points),
      fill: 'none',
      stroke: PROGRESS,
      'stroke-width': width,
      'stroke-dasharray': dash,
      'stroke-linejoin': 'round',
    });
  const last = chart.samples.at(-1)?.percents ?? [];
  const done = last.filter((one) => one === 100).length;
  const key = (row: number, words: string, width: number, dash?: string) => {
    const at = top + 34 + row * 19;
    const sample = { x1: PAD, x2: PAD + 26, y1: at - 4, y2: at - 4, stroke: PROGRESS };
    return (
      element('line', { ...sample, 'stroke-width': width, 'stroke-dasharray': dash }) +
      text(PAD + 36, at, words, { size: 12, fill: MUTED })
    );
  };
  return [
    text(PAD, top + 12, 'Progress', { weight: 600, size: 14 }),
    key(0, 'fastest shard', 1.5, '1.5 3.5'),
    key(1, 'the shard in the middle', 2.5),
    key(2, 'slowest shard', 1.5, '6 4'),
    ...[0, 50, 100].map((percent) =>
      [
        element('line', { x1: LEFT, x2: RIGHT, y1: y(percent), y2: y(percent), stroke: GRID, 'stroke-width': 1 }),
        text(LEFT - 8, y(percent) + 4, `${percent} %`, { size: 11, fill: FAINT, anchor: 'end' }),
      ].join(''),
    ),
    ...areas(middle, base).map((area) =>
      element('path', { d: `${pathOf(area)}Z`, fill: PROGRESS, 'fill-opacity': 0.13 }),
    ),
    line(fastest, 1.5, '1.5 3.5'),
    line(slowest, 1.5, '6 4'),
    line(middle, 2.5),
    text(RIGHT + 12, y(100) + 14, done === last.length ? 'all shards' : `${count(done)} of ${count(last.length)}`, {
      weight: 600,
    }),
    text(RIGHT + 12, y(100) + 31, 'at 100 %', { size: 11.5, fill: MUTED }),
  ].join('');
}

/** Each strip is one shard, or as many as are needed to have no more strips than can be seen: then the slowest of them. */
function stripsOf(chart: Chart, top: number, x: ToX): Panel {
  const many = chart.shards.length;
  const each = Math.ceil(many / MOST_STRIPS);
  const strips = Math.ceil(many / each);
  // Whole pixels of the finished picture, so that no line is seen between two strips.
  const strip = Math.floor(Math.min(9, Math.max(1.5, 300 / strips)) * 2) / 2;
  const height = strips * strip;
  const columns = columnsOf(chart, x);
  const cells: string[] = [];
  for (let row = 0; row < strips; row++) {
    const levels = columns.map((percents) =>
      percents === null ? null : levelOf(percents.slice(row * each, row * each + each)),
    );
    cells.push(...runsOf(levels, top + row * strip, strip));
  }
  const legend = RAMP.map((fill, place) => {
    const y = top + LEGEND + place * 17;
    return (
      element('rect', { x: PAD, y: y - 10, width: 14, height: 12, rx: 2, fill }) +
      text(PAD + 22, y, WORDS[place] ?? '', { size: 11.5, fill: MUTED })
    );
  });
  const unknownAt = top + LEGEND + RAMP.length * 17;
  const first = chart.shards[0];
  const rows = each === 1 ? 'each row is a shard' : `each row is ${each} shards,`;
  return {
    height: Math.max(height, LEGEND + (RAMP.length + 1) * 17),
    svg: [
      text(PAD, top + 11, `All ${count(many)} shards`, { weight: 600, size: 14 }),
      text(PAD, top + 29, rows, { size: 12, fill: MUTED }),
      ...(each === 1 ? [] : [text(PAD, top + 44, 'as far as the slowest of them', { size: 12, fill: MUTED })]),
      ...legend,
      element('rect', { x: PAD, y: unknownAt - 10, width: 14, height: 12, rx: 2, fill: `url(#${HATCH})` }),
      text(PAD + 22, unknownAt, 'no answer', { size: 11.5, fill: MUTED }),
      element('g', { 'shape-rendering': 'crispEdges' }, ...cells),
      ...(first ? [text(LEFT - 8, top + 11, 'shard 1', { size: 11, fill: FAINT, anchor: 'end' })] : []),
      text(LEFT - 8, top + height, count(many), { size: 11, fill: FAINT, anchor: 'end' }),
    ].join(''),
  };
}

/** What was known at each few pixels; null where nobody looked. */
function columnsOf(chart: Chart, x: ToX): (readonly (number | null)[] | null)[] {
  const { samples } = chart;
  const reach = Math.max(CELL, ((RIGHT - LEFT) * gapMs(samples)) / (chart.span.to - chart.span.from));
  const places = samples.map((sample) => x(sample.at));
  const columns: (readonly (number | null)[] | null)[] = [];
  let next = 0;
  for (let at = LEFT; at < RIGHT; at += CELL) {
    while (next < samples.length && (places[next] ?? 0) < at + CELL) next += 1;
    const seen = next > 0 ? samples[next - 1] : undefined;
    const fresh = at - (places[next - 1] ?? Number.NEGATIVE_INFINITY) <= (next < samples.length ? reach : 0);
    columns.push(seen && fresh ? seen.percents : null);
  }
  return columns;
}

/** -1: somebody gives no answer. */
function levelOf(percents: readonly (number | null)[]): number {
  let least = 100;
  for (const percent of percents) {
    if (percent === null) return -1;
    least = Math.min(least, percent);
  }
  return least === 100 ? 5 : Math.min(4, Math.floor(least / 20));
}

/** Neighbours of one level become one rectangle: a thousand shards stay a small picture. */
function runsOf(levels: readonly (number | null)[], y: number, height: number): string[] {
  const runs: string[] = [];
  let from = 0;
  for (let place = 1; place <= levels.length; place++) {
    const level = levels[from];
    if (place < levels.length && levels[place] === level) continue;
    if (level !== null && level !== undefined) {
      const fill = level < 0 ? `url(#${HATCH})` : (RAMP[level] ?? '');
      const width = Math.min(RIGHT - LEFT - from * CELL, (place - from) * CELL);
      runs.push(element('rect', { x: LEFT + from * CELL, y, width, height: height > 4 ? height - 1 : height, fill }));
    }
    from = place;
  }
  return runs;
}
