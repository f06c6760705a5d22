/**
 * The only place that asks the machine for time or chance. Everything else is handed a Clock, so that tests can
 * hold time still and so that a jump of the wall clock is never taken for time that has passed.
 */
import { randomBytes } from 'node:crypto';

export interface Clock {
  /** Wall-clock milliseconds since 1970, for people and for the journal. May jump. */
  now(): number;
  /** Milliseconds that only ever grow, for durations and deadlines. */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once when `signal` is aborted. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** `count` random bytes from the system's generator. */
  randomBytes(count: number): Uint8Array;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  randomBytes: (count) => randomBytes(count),
  sleep(ms, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) {
        resolve();
        return;
      }
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done, { once: true });
    });
  },
};
