/**
 * Notices that the bot stood still: it was stopped, its machine slept, or a clock jumped. What was counted by then counts
 * no more, because nobody watched in between. Owns the time of the last tick.
 */
import type { Clock } from '../clock.ts';

/** Both clocks at one moment, milliseconds. A machine that sleeps may stop the monotonic one, somebody may set the other. */
export interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** A tick that is so much later than it should be leaves a gap. */
const LATE_MS = 5_000;

/** How many milliseconds late a tick is, or by how much the wall clock was set; null when all is well. */
export function gapOf(before: Moment, now: Moment, tickMs: number): number | null {
  const late = now.monotonicMs - before.monotonicMs - tickMs;
  const lateByWall = now.wallMs - before.wallMs - tickMs;
  const worst = Math.max(late, Math.abs(lateByWall));
  return worst > LATE_MS ? worst : null;
}

export class GapWatch {
  readonly #clock: Clock;
  readonly #tickMs: number;
  #last: Moment | null = null;

  constructor(clock: Clock, tickMs: number) {
    this.#clock = clock;
    this.#tickMs = tickMs;
  }

  /** Once a tick. As `gapOf`, since the tick before. */
  beat(): number | null {
    const now = { monotonicMs: this.#clock.monotonicMs(), wallMs: this.#clock.now() };
    const before = this.#last;
    this.#last = now;
    return before && gapOf(before, now, this.#tickMs);
  }
}
