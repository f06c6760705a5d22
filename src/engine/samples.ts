/**
 * Keeps the time series of one migration. Owns the samples that are not stored yet; they are stored a few at a time and
 * never during a cut-over, so that no tick and no pause waits for the disk because of them. Never throws: what cannot be
 * stored is dropped and counted. Those of the last seconds are lost with the process.
 */
import type { Clock } from '../clock.ts';
import { isSampled, type Sample, sampleOf, spacingAt } from '../domain/sample.ts';
import type { Sight } from '../domain/sight.ts';
import type { MigrationState } from '../domain/state.ts';
import type { Log, Metrics } from '../log.ts';
import type { Store } from '../store/store.ts';

export interface SamplesDeps {
  readonly store: Pick<Store, 'samples' | 'keepSamples'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

const AT_A_TIME = 10;
/** Ticks come once a second; one that comes sooner brings nothing new. */
const APART_MS = 900;

export class Samples {
  readonly #id: string;
  readonly #deps: SamplesDeps;
  #pending: Sample[] = [];
  /** Null before the store was asked how far the series is. */
  #next: number | null = null;
  #takenAt = Number.NEGATIVE_INFINITY;
  #troubled = false;

  constructor(id: string, deps: SamplesDeps) {
    this.#id = id;
    this.#deps = deps;
  }

  /** `busy`: writes stand still or are about to, so the disk is left alone. */
  take(state: MigrationState, sight: Sight, busy: boolean): void {
    const now = this.#deps.clock.monotonicMs();
    if (now - this.#takenAt < APART_MS || !isSampled(state, sight.wallNow)) return;
    this.#takenAt = now;
    this.#next ??= (this.#stored().at(-1)?.place ?? -1) + 1;
    const place = this.#next;
    this.#next += 1;
    const sample = place % spacingAt(place) === 0 ? sampleOf(state, sight, place) : null;
    if (sample !== null) this.#pending.push(sample);
    if (!busy && this.#pending.length >= AT_A_TIME) this.flush();
  }

  flush(): void {
    const fresh = this.#pending;
    if (fresh.length === 0) return;
    this.#pending = [];
    try {
      this.#deps.store.keepSamples(this.#id, fresh, spacingAt(fresh.at(-1)?.place ?? 0));
      this.#troubled = false;
    } catch (error) {
      this.#deps.metrics.samplesDropped(fresh.length);
      if (!this.#troubled) this.#deps.log.warn({ err: error }, 'Samples for the chart cannot be kept');
      this.#troubled = true;
    }
  }

  /** The series so far, oldest first. */
  all(): readonly Sample[] {
    return [...this.#stored(), ...this.#pending];
  }

  #stored(): readonly Sample[] {
    try {
      return this.#deps.store.samples(this.#id);
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'Samples for the chart cannot be read');
      return [];
    }
  }
}
