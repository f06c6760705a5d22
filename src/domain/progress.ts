/** The whole way of all shards as three figures. Pure. */
import type { Sight } from './sight.ts';
import type { MigrationState } from './state.ts';
import type { ProgressView } from './view.ts';

const NONE: ProgressView = { percent: null, bytesPerSecond: null, etaSeconds: null };
/** Less than this of the way tells nothing about how long the rest takes. */
const TELLING_PERCENT = 3;

/** Shards weigh by their bytes, so that the percentage grows as the clock does; alike where a size is unknown. */
export function progressOf(state: MigrationState, sight: Sight): ProgressView {
  const { shards } = sight;
  if (!shards || (state.phase !== 'syncing' && state.phase !== 'streaming')) return NONE;
  const sizes = shards.map((one) => one.verdict.bytes ?? state.preflight?.shards[one.verdict.shard]?.source?.bytes);
  const weights = sizes.every((size) => size != null && size > 0) ? sizes.map(Number) : shards.map(() => 1);
  const total = weights.reduce((sum, one) => sum + one, 0);
  const done = shards.map(({ verdict }) => (verdict.state === 'in_step' ? 100 : verdict.percent));
  // What is queued or has just begun has done nothing yet; what nobody can tell makes the sum unknown.
  if (total === 0 || done.some((percent) => percent === null)) return { ...NONE, bytesPerSecond: speed(sight) };
  const percent = done.reduce<number>((sum, one, place) => sum + ((one ?? 0) * (weights[place] ?? 0)) / total, 0);
  return {
    percent: Math.round(percent * 10) / 10,
    bytesPerSecond: speed(sight),
    etaSeconds: eta(state, sight, percent),
  };
}

/** What all copies under way bring together. */
function speed({ shards }: Sight): number | null {
  const copying = (shards ?? []).filter(
    ({ verdict }) => verdict.state !== 'in_step' && verdict.bytesPerSecond !== null,
  );
  return copying.length === 0 ? null : copying.reduce((sum, { verdict }) => sum + (verdict.bytesPerSecond ?? 0), 0);
}

/** If it goes on as fast as since the first shard began. */
function eta(state: MigrationState, sight: Sight, percent: number): number | null {
  if (percent >= 100) return 0;
  const begun = state.shards.flatMap(({ replicate }) => (replicate === null ? [] : [replicate.at]));
  const seconds = begun.length === 0 ? 0 : (sight.wallNow - Math.min(...begun)) / 1000;
  return percent < TELLING_PERCENT || seconds <= 0 ? null : Math.ceil((seconds * (100 - percent)) / percent);
}
