import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../clock.ts';

export interface UntilOptions {
  /** Milliseconds; default 10,000. */
  readonly within?: number;
  /** Milliseconds between two looks; default 20. */
  readonly every?: number;
  /** Completes "waited … for". */
  readonly what?: string;
}

/** Looks again and again until `condition` gives something truthy, and returns that. Rejects after the deadline. */
export async function until<T>(condition: () => T | Promise<T>, options: UntilOptions = {}): Promise<NonNullable<T>> {
  const limitMs = options.within ?? 10_000;
  const deadline = systemClock.monotonicMs() + limitMs;
  for (;;) {
    const seen = await condition();
    if (seen) return seen;
    if (systemClock.monotonicMs() > deadline)
      throw new Error(`waited ${limitMs} ms in vain for ${options.what ?? 'a condition'}`);
    await sleep(options.every ?? 20);
  }
}

/** Whether the promise settles in that time. Its rejection is the caller's to handle. */
export async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const stop = new AbortController();
  const timeout = sleep(ms, false, { signal: stop.signal }).catch(() => false);
  const settled = promise.then(
    () => true,
    () => true,
  );
  const inTime = await Promise.race([settled, timeout]);
  stop.abort();
  return inTime;
}
