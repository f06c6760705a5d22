/**
 * The workspace's budget of `chat.update`: Slack allows 50 a minute, for all messages together. A token bucket whose
 * last tokens are kept for what people wait for. What Slack says by Retry-After overrides what we believe.
 */
import type { Clock } from '../clock.ts';

export type Priority = 'urgent' | 'ordinary';

export interface RateBudget {
  /** Takes one call from the budget; false when there is none for this priority. */
  take(priority: Priority): boolean;
  /** Milliseconds until `take` may succeed; 0 when it would now. */
  msUntil(priority: Priority): number;
  /** Nothing at all for so long. */
  pause(ms: number): void;
}

export interface RateBudgetOptions {
  /** Calls a minute in the long run. Together with `burst` it must stay below what Slack allows in one minute. */
  readonly perMinute: number;
  readonly burst: number;
  /** Tokens that only urgent calls may take. */
  readonly reserve: number;
}

/** 40 + 10 in the worst minute. */
export const CHAT_UPDATE: RateBudgetOptions = { perMinute: 40, burst: 10, reserve: 4 };

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

  function msUntil(priority: Priority): number {
    const now = refill();
    const needed = priority === 'urgent' ? 1 : 1 + options.reserve;
    const forTokens = tokens >= needed ? 0 : Math.ceil((needed - tokens) * msPerToken);
    return Math.max(forTokens, pausedUntil - now, 0);
  }

  return {
    msUntil,
    take(priority) {
      if (msUntil(priority) > 0) return false;
      tokens -= 1;
      return true;
    },
    pause(ms) {
      pausedUntil = Math.max(pausedUntil, clock.monotonicMs() + ms);
    },
  };
}
