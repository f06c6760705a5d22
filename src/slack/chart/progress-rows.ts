/** Up to two dozen shards: a row each, with how far it was over time. Pure. */
import type { Chart } from './chart.ts';
import type { Panel } from './panel.ts';
import { areas, LEFT, PAD, type Point, PROGRESS, pointsOf, RIGHT, type ToX } from './plot.ts';
import { element, FAINT, GRID, MUTED, pathOf, text } from './svg.ts';

export const MOST_ROWS = 24;

export function rowsPanel(chart: Chart, top: number, x: ToX): Panel {
  const many = chart.shards.length;
  const height = many === 1 ? 120 : many <= 8 ? 46 : many <= 14 ? 34 : 26;
  const parts = chart.shards.flatMap((shard, index) => {
    const above = top + index * height;
    const base = above + height - 7;
    const roof = above + 5;
    const y = (percent: number) => base - (percent / 100) * (base - roof);
    const points = pointsOf(chart.samples, x, (sample) => sample.percents[index] ?? null, y);
    const last = chart.samples.at(-1)?.percents[index] ?? null;
    const two = height >= 40;
    const middle = (roof + base) / 2;
    const pause = shard.pauseMs === null ? '' : `${Math.round(shard.pauseMs)} ms pause`;
    const reached = last === null ? 'no answer' : `${last} %`;
    return [
      text(PAD, middle + (two ? -2 : 4), String(index + 1), { weight: 600, size: 13 }),
      text(PAD + 30, middle + (two ? -2 : 4), two ? shard.source : `${shard.source} → ${shard.destination}`, {
        size: two ? 13 : 12,
        width: LEFT - PAD - 44,
        middle: true,
      }),
      ...(two
        ? [
            text(PAD + 30, middle + 14, `→ ${shard.destination}`, {
              size: 12,
              fill: MUTED,
              width: LEFT - PAD - 44,
              middle: true,
            }),
          ]
        : []),
      element('line', { x1: LEFT, x2: RIGHT, y1: base, y2: base, stroke: GRID, 'stroke-width': 1 }),
      ...shape(points, base),
      ...unknownParts(points, roof, base),
      text(RIGHT + 12, middle + (two && pause !== '' ? -2 : 4), reached, { weight: 600 }),
      ...(pause === '' || !two ? [] : [text(RIGHT + 12, middle + 14, pause, { size: 11.5, fill: MUTED })]),
      ...(pause === '' || two
        ? []
        : [
            text(RIGHT + 54, middle + 4, `${Math.round(shard.pauseMs ?? 0)} ms`, {
              size: 11.5,
              fill: MUTED,
              width: 74,
            }),
          ]),
    ];
  });
  return { svg: parts.join(''), height: many * height };
}

function shape(points: readonly Point[], base: number): string[] {
  return [
    ...areas(points, base).map((area) =>
      element('path', { d: `${pathOf(area)}Z`, fill: PROGRESS, 'fill-opacity': 0.16 }),
    ),
    element('path', {
      d: pathOf(points),
      fill: 'none',
      stroke: PROGRESS,
      'stroke-width': 2,
      'stroke-linejoin': 'round',
      'stroke-linecap': 'round',
    }),
  ];
}

/** Where a line breaks off, a dotted one in the middle says that nobody knew. */
function unknownParts(points: readonly Point[], roof: number, base: number): string[] {
  const parts: string[] = [];
  let before: readonly [number, number] | null = null;
  let broken = false;
  for (const point of points) {
    if (point === null) {
      broken = before !== null;
      continue;
    }
    if (broken && before !== null) {
      const y = (roof + base) / 2;
      parts.push(
        element('line', {
          x1: before[0] + 3,
          x2: point[0] - 3,
          y1: y,
          y2: y,
          stroke: FAINT,
          'stroke-width': 1.5,
          'stroke-dasharray': '2 4',
        }),
      );
    }
    before = point;
    broken = false;
  }
  return parts;
}
