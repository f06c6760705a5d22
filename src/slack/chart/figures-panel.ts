/** Lag and writes over time. Pure. */
import type { Sample } from '../../domain/sample.ts';
import { bytes, perSecond } from '../blocks/format.ts';
import type { Chart } from './chart.ts';
import type { Panel } from './panel.ts';
import { areas, LAG, LEFT, PAD, pointsOf, RIGHT, type ToX, WRITES } from './plot.ts';
import { element, FAINT, GRID, MUTED, pathOf, text } from './svg.ts';

interface Figure {
  readonly title: string;
  readonly words: readonly string[];
  readonly colour: string;
  readonly dash?: string;
  readonly height: number;
  readonly of: (sample: Sample) => number | null;
  /** 0 to 1 for a value up to the highest. */
  readonly share: (value: number, highest: number) => number;
  readonly grid: (highest: number) => readonly number[];
  readonly show: (value: number) => string;
}

/** From nothing to gigabytes: each line of the grid is a thousand times the one below. */
const LOG: Pick<Figure, 'share' | 'grid'> = {
  share: (value, highest) => Math.log2(1 + value / 64) / Math.log2(1 + highest / 64),
  grid: (highest) => [0, 1024, 1024 ** 2, 1024 ** 3, 1024 ** 4].filter((one) => one <= highest),
};

const LINEAR: Pick<Figure, 'share' | 'grid'> = {
  share: (value, highest) => value / highest,
  grid: (highest) => [0, niceHalf(highest)],
};

/** A round number somewhere in the middle. */
function niceHalf(highest: number): number {
  const power = 10 ** Math.floor(Math.log10(highest / 2));
  const times = [5, 2, 1].find((one) => one * power <= highest / 2) ?? 1;
  return times * power;
}

const FIGURES: readonly Figure[] = [
  {
    title: 'Lag',
    words: ['bytes on their way', '(log scale)'],
    colour: LAG,
    height: 104,
    of: (sample) => sample.lagBytes,
    show: bytes,
    ...LOG,
  },
  {
    title: 'Writes',
    words: ['a second, on the', 'old servers'],
    colour: WRITES,
    dash: '7 2',
    height: 92,
    of: (sample) => sample.writesPerSecond,
    show: perSecond,
    ...LINEAR,
  },
];

export function figuresPanel(chart: Chart, top: number, x: ToX): Panel {
  let height = 0;
  const parts: string[] = [];
  for (const figure of FIGURES) {
    parts.push(draw(figure, chart, top + height, x));
    height += figure.height + 26;
  }
  return { svg: parts.join(''), height: height - 26 };
}

function draw(figure: Figure, chart: Chart, top: number, x: ToX): string {
  const base = top + figure.height;
  const values = chart.samples.flatMap((sample) => figure.of(sample) ?? []);
  const highest = Math.max(0, ...values);
  const scale = Math.max(highest, 1);
  const y = (value: number) => base - figure.share(Math.min(value, scale), scale) * (figure.height - 10);
  const points = pointsOf(chart.samples, x, figure.of, y);
  const known = values.length > 0;
  const grid = highest === 0 ? [0] : figure.grid(highest);
  return [
    text(PAD, top + 12, figure.title, { weight: 600, size: 14 }),
    ...figure.words.map((words, place) => text(PAD, top + 31 + place * 16, words, { size: 12, fill: MUTED })),
    element('line', {
      x1: PAD,
      x2: PAD + 26,
      y1: top + 66,
      y2: top + 66,
      stroke: figure.colour,
      'stroke-width': 2,
      'stroke-dasharray': figure.dash,
    }),
    ...grid.map(
      (value) =>
        element('line', { x1: LEFT, x2: RIGHT, y1: y(value), y2: y(value), stroke: GRID, 'stroke-width': 1 }) +
        text(LEFT - 8, y(value) + 4, value === 0 ? '0' : figure.show(value).replace('.00 ', ' '), {
          size: 11,
          fill: FAINT,
          anchor: 'end',
        }),
    ),
    ...areas(points, base).map((area) =>
      element('path', { d: `${pathOf(area)}Z`, fill: figure.colour, 'fill-opacity': 0.1 }),
    ),
    element('path', {
      d: pathOf(points),
      fill: 'none',
      stroke: figure.colour,
      'stroke-width': 1.8,
      'stroke-linejoin': 'round',
      'stroke-dasharray': figure.dash,
    }),
    text(RIGHT + 12, top + 12, known ? figure.show(highest) : 'unknown', { weight: 600, width: 112 }),
    text(RIGHT + 12, top + 28, known ? 'at most' : '', { size: 11.5, fill: MUTED }),
  ].join('');
}
