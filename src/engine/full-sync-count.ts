/** Tells the metrics of full syncs as they begin. Owns what was counted last, shard by shard. */
import type { ShardSight } from '../domain/sight.ts';
import type { Metrics } from '../log.ts';

export class FullSyncCount {
  readonly #metrics: Metrics;
  /** By shard, as last counted; null before the first tick. */
  #counted: readonly (number | null)[] | null = null;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** Those from before this process began are not ours to count. */
  take(shards: readonly ShardSight[]): void {
    const now = shards.map((one) => one.verdict.fullSyncs);
    for (const [index, count] of now.entries()) {
      const before = this.#counted?.[index] ?? 0;
      if (this.#counted) for (let fresh = before; fresh < (count ?? 0); fresh++) this.#metrics.fullSync();
    }
    this.#counted = now.map((count, index) => count ?? this.#counted?.[index] ?? null);
  }
}
