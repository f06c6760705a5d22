import type { Clock } from '../../src/clock.ts';
import { until } from '../../src/sandbox/redis/wait.ts';

/** Time that stands still until the test lets it pass. */
export interface HeldClock extends Clock {
  /** Waits until somebody sleeps for exactly so long, lets that much time pass, and wakes whoever is due. */
  pass(ms: number): Promise<void>;
}

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

export function heldClock(startedAt = Date.now()): HeldClock {
  let passedMs = 0;
  const sleepers = new Set<Sleeper>();
  return {
    now: () => startedAt + passedMs,
    monotonicMs: () => passedMs,
    randomBytes: (count) => new Uint8Array(count),
    sleep(ms, signal) {
      return new Promise((resolve) => {
        const sleeper = { dueMs: passedMs + ms, wake };
        function wake(): void {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        }
        sleepers.add(sleeper);
        signal?.addEventListener('abort', wake, { once: true });
        if (signal?.aborted) wake();
      });
    },
    async pass(ms) {
      const dueMs = passedMs + ms;
      await until(() => [...sleepers].some((sleeper) => sleeper.dueMs === dueMs), { what: `a sleep of ${ms} ms` });
      passedMs = dueMs;
      for (const sleeper of sleepers) if (sleeper.dueMs <= passedMs) sleeper.wake();
    },
  };
}
