/** What all panels of a chart share: its places, its colours, and how a figure becomes a line with gaps. Pure. */
import type { Sample } from '../../domain/sample.ts';
import type { Span } from './time-axis.ts';

export const WIDTH = 1080;
export const PAD = 36;
/** Where the lines begin and end; left of them is what they are, right of them what they came to. */
export const LEFT = 250;
export const RIGHT = WIDTH - PAD - 92;
export const CARD = '#ffffff';
export const PROGRESS = '#0f766e';
export const LAG = '#b45309';
export const WRITES = '#1d4ed8';
export const MARK = '#1c2230';

export type ToX = (at: number) => number;

export function scaleX({ from, to }: Span): ToX {
  return (at) => LEFT + ((Math.min(to, Math.max(from, at)) - from) / (to - from)) * (RIGHT - LEFT);
}

/** So far apart two samples may be and still belong to one line: nobody looked in between. */
export function gapMs(samples: readonly Sample[]): number {
  const apart = samples.slice(1).map((one, place) => one.at - (samples[place]?.at ?? one.at));
  const middle = apart.toSorted((a, b) => a - b)[Math.floor(apart.length / 2)] ?? 1_000;
  return middle * 4 + 5_000;
}

export type Point = readonly [number, number] | null;

/** One figure as points; a null where it is unknown or nobody looked. */
export function pointsOf(
  samples: readonly Sample[],
  x: ToX,
  figure: (sample: Sample) => number | null,
  y: (value: number) => number,
): Point[] {
  const most = gapMs(samples);
  const values = samples.map(figure);
  return samples.flatMap((sample, place): Point[] => {
    const value = values[place] ?? null;
    const before = samples[place - 1];
    const after = samples[place + 1];
    const gap = before !== undefined && sample.at - before.at > most;
    const level = before && after && values[place - 1] === value && values[place + 1] === value;
    // In the middle of a level stretch: the line is the same without it.
    if (level && !gap && after.at - sample.at <= most) return [];
    return [...(gap ? [null] : []), value === null ? null : [x(sample.at), y(value)]];
  });
}

/** The stretches of a line, each with its ends brought down to `base`. */
export function areas(points: readonly Point[], base: number): Point[][] {
  const stretches: (readonly [number, number])[][] = [[]];
  for (const point of points) {
    if (point === null) stretches.push([]);
    else stretches.at(-1)?.push(point);
  }
  return stretches.flatMap((stretch) => {
    const first = stretch[0];
    const last = stretch.at(-1);
    return first && last && stretch.length > 1 ? [[[first[0], base], ...stretch, [last[0], base]] as Point[]] : [];
  });
}
