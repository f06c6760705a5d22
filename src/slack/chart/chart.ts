/** What a chart shows, made of the report and the series. Pure. */
import type { Phase } from '../../domain/phase.ts';
import { byId, type NameOf } from '../../domain/report/plain-text.ts';
import type { Milestone, Report } from '../../domain/report/report.ts';
import type { Sample } from '../../domain/sample.ts';
import type { Span } from './time-axis.ts';

export interface Mark {
  readonly at: number;
  readonly kind: Milestone['kind'];
  readonly text: string;
  /** Who decided it; null: the bot. */
  readonly who: string | null;
}

export interface ChartShard {
  readonly source: string;
  readonly destination: string;
  readonly pauseMs: number | null;
}

export interface Chart {
  readonly id: string;
  readonly name: string;
  readonly phase: Phase;
  readonly cutover: string;
  readonly shards: readonly ChartShard[];
  readonly keys: number | null;
  readonly bytes: number | null;
  readonly longestPauseMs: number | null;
  readonly moved: number;
  /** From the request to the end, or to the last sample while it runs. */
  readonly seconds: number;
  readonly samples: readonly Sample[];
  readonly marks: readonly Mark[];
  readonly span: Span;
}

/** More marks than this are not told apart. */
const MOST_MARKS = 14;
/** Which are left out first when there are too many. */
const DISPENSABLE: readonly Milestone['kind'][] = ['restarted', 'let go', 'cut-over', 'asked'];
/** A line needs two points. */
const FEWEST_SAMPLES = 2;

/** Null when too little was seen to draw anything. */
export function chartOf(report: Report, series: readonly Sample[], nameOf: NameOf = byId): Chart | null {
  const samples = series.toSorted((a, b) => a.at - b.at);
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last || samples.length < FEWEST_SAMPLES || last.at <= first.at) return null;
  const marks = fewer(
    report.milestones.map(({ at, kind, text, user }) => {
      return { at: Date.parse(at), kind, text, who: user === null ? null : nameOf(user) };
    }),
  );
  const span = spanOf(first.at, last.at, marks);
  const end = report.endedAt === null ? last.at : Date.parse(report.endedAt);
  return {
    id: report.id,
    name: report.name,
    phase: report.phase,
    cutover: report.cutover,
    shards: report.shards.map(({ source, destination, pauseMs }) => ({ source, destination, pauseMs })),
    keys: report.totals.keys,
    bytes: report.totals.bytes,
    longestPauseMs: report.longestPauseMs,
    moved: report.shards.filter((one) => one.outcome === 'moved').length,
    seconds: Math.max(0, (end - Date.parse(report.startedAt)) / 1000),
    samples,
    marks,
    span,
  };
}

/** All of the samples, and marks that are not far away from them: a finish days later would squeeze the rest to nothing. */
function spanOf(first: number, last: number, marks: readonly Mark[]): Span {
  const reach = (last - first) * 0.3 + 5_000;
  const near = marks.map((one) => one.at).filter((at) => at >= first - reach && at <= last + reach);
  const from = Math.min(first, ...near);
  const to = Math.max(last, ...near);
  const air = (to - from) * 0.01;
  return { from: from - air, to: to + air };
}

function fewer(marks: readonly Mark[]): readonly Mark[] {
  let kept = marks;
  for (const kind of DISPENSABLE) {
    while (kept.length > MOST_MARKS) {
      const place = kept.findIndex((one) => one.kind === kind);
      if (place < 0) break;
      kept = kept.filter((_one, index) => index !== place);
    }
  }
  return kept.length > MOST_MARKS ? [...kept.slice(0, MOST_MARKS - 1), ...kept.slice(-1)] : kept;
}
