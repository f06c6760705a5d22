/**
 * Counts calls against Slack's published rates, always, and refuses above them when asked to. Owns the counters; a call
 * that was refused is not counted as one of the calls of its window.
 */
import type { Clock } from '../../clock.ts';
import { type JsonObject, stringAt } from './json.ts';

interface Rule {
  readonly name: string;
  readonly covers: (method: string) => boolean;
  readonly windowMs: number;
  readonly limit: number;
  readonly perChannel: boolean;
}

const posts = (method: string) => method === 'chat.postMessage';

/** Slack: "1 per second per channel, short bursts allowed", hence two windows; the others are the methods' tiers. */
const RULES: readonly Rule[] = [
  { name: 'chat.postMessage burst', covers: posts, windowMs: 5_000, limit: 8, perChannel: true },
  { name: 'chat.postMessage', covers: posts, windowMs: 60_000, limit: 63, perChannel: true },
  { name: 'chat.update', covers: (m) => m === 'chat.update', windowMs: 60_000, limit: 50, perChannel: false },
  { name: 'views', covers: (m) => m.startsWith('views.'), windowMs: 60_000, limit: 100, perChannel: false },
  { name: 'files', covers: (m) => m.startsWith('files.'), windowMs: 60_000, limit: 100, perChannel: false },
  { name: 'usergroups', covers: (m) => m.startsWith('usergroups.'), windowMs: 60_000, limit: 20, perChannel: false },
];

export interface RateReport {
  /** `chat.postMessage:C…`, `chat.postMessage burst:C…`, `chat.update`, `views`, `files`, `usergroups`. */
  readonly name: string;
  readonly total: number;
  /** The most calls in one window. */
  readonly most: number;
  readonly limit: number;
  readonly windowMs: number;
  /** Calls that Slack would have refused, or did where rates are enforced. */
  readonly over: number;
}

interface Counter {
  readonly rule: Rule;
  recent: number[];
  total: number;
  most: number;
  over: number;
}

export class Rates {
  readonly #clock: Clock;
  readonly #enforce: boolean;
  readonly #counters = new Map<string, Counter>();

  constructor(clock: Clock, enforce: boolean) {
    this.#clock = clock;
    this.#enforce = enforce;
  }

  /** Counts a call. Seconds to wait when it is refused; null when it may go on. */
  admit(method: string, args: JsonObject): number | null {
    const channel = stringAt(args, 'channel') ?? '';
    const now = this.#clock.monotonicMs();
    const counters = RULES.filter((rule) => rule.covers(method)).map((rule) => this.#counter(rule, channel));
    let waitMs = 0;
    for (const counter of counters) {
      const { rule } = counter;
      counter.recent = counter.recent.filter((at) => now - at < rule.windowMs);
      const oldest = counter.recent[0];
      if (counter.recent.length < rule.limit || oldest === undefined) continue;
      counter.over += 1;
      waitMs = Math.max(waitMs, oldest + rule.windowMs - now);
    }
    if (this.#enforce && waitMs > 0) return Math.max(1, Math.ceil(waitMs / 1000));
    for (const counter of counters) {
      counter.recent.push(now);
      counter.total += 1;
      counter.most = Math.max(counter.most, counter.recent.length);
    }
    return null;
  }

  report(): RateReport[] {
    return [...this.#counters].map(([name, { rule, total, most, over }]) => {
      return { name, total, most, over, limit: rule.limit, windowMs: rule.windowMs };
    });
  }

  #counter(rule: Rule, channel: string): Counter {
    const name = rule.perChannel ? `${rule.name}:${channel}` : rule.name;
    let counter = this.#counters.get(name);
    if (counter === undefined) {
      counter = { rule, recent: [], total: 0, most: 0, over: 0 };
      this.#counters.set(name, counter);
    }
    return counter;
  }
}
