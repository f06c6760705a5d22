/** Sleeping until something is due or somebody rings, whichever is first. A ring while nobody sleeps is not lost. */
import type { Clock } from '../clock.ts';

export interface Alarm {
  ring(): void;
  /** Resolves after `ms` at the latest. */
  wait(ms: number): Promise<void>;
}

const LONGEST_MS = 60_000;

export function createAlarm(clock: Clock): Alarm {
  let rung = false;
  let sleeping: AbortController | null = null;
  return {
    ring() {
      rung = true;
      sleeping?.abort();
    },
    async wait(ms) {
      if (!rung && ms > 0) {
        sleeping = new AbortController();
        await clock.sleep(Math.min(ms, LONGEST_MS), sleeping.signal);
        sleeping = null;
      }
      rung = false;
    },
  };
}

/** 1 s, 2 s, 4 s … at most `most`. `failures` counts from 1. */
export function backoffMs(failures: number, most = 60_000): number {
  return Math.min(most, 1_000 * 2 ** Math.min(16, Math.max(0, failures - 1)));
}
