/** The whole picture: a card with a background of its own, so that it reads the same in dark and in light. Pure. */
import { bytes, count, duration, milliseconds } from '../blocks/format.ts';
import { PHASE_WORDS } from '../blocks/words.ts';
import type { Chart } from './chart.ts';
import { figuresPanel } from './figures-panel.ts';
import { FLAGS_HEIGHT, flags, legend, timeLabels } from './marks-panel.ts';
import { CARD, LEFT, PAD, RIGHT, scaleX, WIDTH } from './plot.ts';
import { HATCH, heatPanel } from './progress-heat.ts';
import { MOST_ROWS, rowsPanel } from './progress-rows.ts';
import { element, FAINT, GRID, INK, MUTED, text, widthOf } from './svg.ts';
import { daysOf, ticksOf } from './time-axis.ts';

export const FONT = 'Inter';
const TICKS = 10;

export function chartSvg(chart: Chart): string {
  const x = scaleX(chart.span);
  let y = 168;
  const flagsTop = y;
  y += FLAGS_HEIGHT + 10;
  const panelsTop = y;
  const progress = chart.shards.length <= MOST_ROWS ? rowsPanel(chart, y, x) : heatPanel(chart, y, x);
  y += progress.height + 30;
  const figures = figuresPanel(chart, y, x);
  y += figures.height + 14;
  const axisY = y;
  const ticks = ticksOf(chart.span, TICKS);
  y += 42;
  const marks = legend(chart, y);
  y += marks.height + (chart.marks.length === 0 ? 0 : 18);
  const height = Math.ceil(y + 34);
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width: WIDTH,
      height,
      viewBox: `0 0 ${WIDTH} ${height}`,
      'font-family': FONT,
    },
    element('defs', {}, hatch()),
    element('rect', { width: WIDTH, height, fill: '#eef1f5' }),
    element('rect', { x: 8, y: 8, width: WIDTH - 16, height: height - 16, rx: 18, fill: CARD, stroke: '#d9dee6' }),
    head(chart),
    ...ticks.map(({ at }) =>
      element('line', { x1: x(at), x2: x(at), y1: panelsTop, y2: axisY, stroke: GRID, 'stroke-width': 1 }),
    ),
    progress.svg,
    figures.svg,
    flags(chart, flagsTop, axisY - 8, x),
    element('line', { x1: LEFT, x2: RIGHT, y1: axisY - 6, y2: axisY - 6, stroke: FAINT, 'stroke-width': 1 }),
    timeLabels(ticks, axisY, x),
    text(RIGHT + 12, axisY + 14, 'UTC', { size: 11.5, weight: 600, fill: MUTED }),
    marks.svg,
    text(PAD, height - 26, `redis-migrate · ${chart.id} · all times in UTC`, { size: 11.5, fill: FAINT }),
    text(WIDTH - PAD, height - 26, 'round: a person decided · square: it came about', {
      size: 11.5,
      fill: FAINT,
      anchor: 'end',
    }),
  );
}

function head(chart: Chart): string {
  const { word } = PHASE_WORDS[chart.phase];
  const pill = widthOf(word, 14) + 34;
  const days = daysOf(chart.span);
  return [
    text(PAD, 62, chart.name, { size: 28, weight: 600, width: WIDTH - 2 * PAD - pill - 24 }),
    element('rect', {
      x: WIDTH - PAD - pill,
      y: 38,
      width: pill,
      height: 32,
      rx: 16,
      fill: chart.phase === 'finished' ? '#0b5750' : INK,
    }),
    text(WIDTH - PAD - pill / 2, 59, word, { size: 14, weight: 600, fill: CARD, anchor: 'middle' }),
    text(PAD, 86, `${chart.id} · ${chart.cutover} cut-over · ${days}, UTC`, { size: 13.5, fill: MUTED, width: 800 }),
    ...tiles(chart).map(({ value, words }, place) => {
      const left = PAD + place * ((WIDTH - 2 * PAD) / 4);
      return (
        text(left, 128, value, { size: 21, weight: 600, width: 235 }) +
        text(left, 147, words, { size: 12, fill: MUTED, width: 235 })
      );
    }),
  ].join('');
}

interface Tile {
  readonly value: string;
  readonly words: string;
}

function tiles(chart: Chart): readonly Tile[] {
  const shards = chart.shards.length;
  const all = chart.moved === shards ? 'moved, all of them' : `${count(chart.moved)} of them on their new server`;
  return [
    {
      value: `${count(shards)} ${shards === 1 ? 'shard' : 'shards'}`,
      words: shards === 1 && chart.moved === 1 ? 'moved' : all,
    },
    { value: bytes(chart.bytes), words: `and ${count(chart.keys)} keys when it began` },
    { value: duration(chart.seconds), words: 'from the request on' },
    { value: milliseconds(chart.longestPauseMs), words: 'writes stood still, at most' },
  ];
}

function hatch(): string {
  return element(
    'pattern',
    { id: HATCH, width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    element('rect', { width: 6, height: 6, fill: '#f6ead9' }),
    element('rect', { width: 2, height: 6, fill: '#b9770e' }),
  );
}
