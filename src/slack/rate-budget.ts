/**
 * The workspace's budget of `chat.update`: Slack allows 50 a minute, for all messages together. A token bucket; whoever
 * asks says how many tokens are to be left for those whom people wait for. What Slack says by Retry-After overrides what
 * we believe.
 */
import type { Clock } from '../clock.ts';

export interface RateBudget {
  /** Takes one call, if then `spare` more are left; false when not. */
  take(spare: number): boolean;
  /** Milliseconds until `take` may succeed; 0 when it would now. */
  msUntil(spare: number): number;
  /** One call was made by somebody who did not ask. */
  spend(): void;
  /** Nothing at all for so long. */
  pause(ms: number): void;
  isPaused(): boolean;
}

export interface RateBudgetOptions {
  /** Calls a minute in the long run. Together with `burst` it must stay below what Slack allows in one minute. */
  readonly perMinute: number;
  readonly burst: number;
}

/** 42 + 6 in the worst minute: two are left for calls that arrive closer to each other than they were sent. */
export const CHAT_UPDATE: RateBudgetOptions = { perMinute: 42, burst: 6 };

export function createRateBudget(clock: Clock, options: RateBudgetOptions = CHAT_UPDATE): RateBudget {
  const msPerToken = 60_000 / options.perMinute;
  let tokens = options.burst;
  let countedAt = clock.monotonicMs();
  let pausedUntil = Number.NEGATIVE_INFINITY;

  function refill(): number {
    const now = clock.monotonicMs();
    tokens = Math.min(options.burst, tokens + (now - countedAt) / msPerToken);
    countedAt = now;
    return now;
  }

  function msUntil(spare: number): number {
    const now = refill();
    const forTokens = tokens >= 1 + spare ? 0 : Math.ceil((1 + spare - tokens) * msPerToken);
    return Math.max(forTokens, pausedUntil - now, 0);
  }

  function spend(): void {
    refill();
    tokens -= 1;
  }

  return {
    msUntil,
    spend,
    take(spare) {
      if (msUntil(spare) > 0) return false;
      spend();
      return true;
    },
    pause(ms) {
      pausedUntil = Math.max(pausedUntil, clock.monotonicMs() + ms);
    },
    isPaused: () => clock.monotonicMs() < pausedUntil,
  };
}
