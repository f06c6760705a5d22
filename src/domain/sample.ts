/**
 * The thin time series of a migration at work: what its chart is drawn from. At most MOST_SAMPLES of them: a series that
 * grows longer keeps every second one, then every fourth, and so on. Nothing is decided by it. Pure.
 */
import type { Phase } from './phase.ts';
import type { Sight } from './sight.ts';
import type { MigrationState } from './state.ts';

export const MOST_SAMPLES = 600;

export interface Sample {
  /** Counts the looks, about one a second while the migration is at work. */
  readonly place: number;
  /** Wall-clock milliseconds. */
  readonly at: number;
  /** By shard: whole percent of the way to in step, rounded down; null where nobody knew. */
  readonly percents: readonly (number | null)[];
  /** Of all shards together; null where none was known. */
  readonly lagBytes: number | null;
  readonly writesPerSecond: number | null;
  /** Index of the shard that is least far; null where all are in step and nothing is on its way. */
  readonly worst: number | null;
}

const ALWAYS: readonly Phase[] = ['syncing', 'streaming', 'switching', 'rolling_back', 'aborting'];
const AT_FIRST: readonly Phase[] = ['switched', 'finishing'];
/** People may take days to finish: that would leave no points for what came before. */
const AT_FIRST_MS = 15 * 60_000;

/** How far apart the samples stand around this place: 1 for the first 600, then 2, 4, 8, … */
export function spacingAt(place: number): number {
  let spacing = 1;
  while (place / spacing >= MOST_SAMPLES) spacing *= 2;
  return spacing;
}

/** Whether anything happens that a chart would show. */
export function isSampled(state: MigrationState, wallNow: number): boolean {
  if (ALWAYS.includes(state.phase)) return true;
  return AT_FIRST.includes(state.phase) && Math.abs(wallNow - state.phaseSince) <= AT_FIRST_MS;
}

/** Null before the first look. */
export function sampleOf(state: MigrationState, sight: Sight, place: number): Sample | null {
  if (sight.shards === null) return null;
  const verdicts = new Map(sight.shards.map(({ verdict }) => [verdict.shard, verdict]));
  const percents = state.shards.map((record): number | null => {
    if (record.promoted && !record.returned) return 100;
    const percent = verdicts.get(record.index)?.percent ?? null;
    return percent === null ? null : Math.floor(Math.min(100, Math.max(0, percent)));
  });
  const all = [...verdicts.values()];
  const lagBytes = sum(all.map((one) => one.lagBytes));
  const least = all.toSorted(
    (a, b) => (a.percent ?? -1) - (b.percent ?? -1) || (b.lagBytes ?? 0) - (a.lagBytes ?? 0),
  )[0];
  const done = least === undefined || ((percents[least.shard] ?? 0) >= 100 && (least.lagBytes ?? 0) === 0);
  return {
    place,
    at: sight.wallNow,
    percents,
    lagBytes,
    writesPerSecond: sum(all.map((one) => one.sourceWritesPerSecond)),
    worst: done ? null : least.shard,
  };
}

function sum(figures: readonly (number | null)[]): number | null {
  const known = figures.filter((one) => one !== null);
  return known.length === 0 ? null : known.reduce((total, one) => total + one, 0);
}
