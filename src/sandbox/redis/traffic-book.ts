/**
 * What the traffic remembers of its writes, so that each acknowledged one can be looked up by itself. A write is in one
 * of three states: acknowledged, refused (the server said no), or of unknown outcome (the connection ended first).
 */
import { systemClock } from '../../clock.ts';
import type { Command } from './raw-connection.ts';
import { isList, type Reply, RespError } from './resp.ts';

/**
 * | kind     | one write is                                                    | and is there at the end when      |
 * | -------- | --------------------------------------------------------------- | --------------------------------- |
 * | set      | SET of a key of its own                                         | the key has its value             |
 * | setex    | SETEX of a key of its own, one day                              | the key has its value             |
 * | hset     | HSET of a field of its own                                      | the field has its value           |
 * | eval     | a script that SETs a key of its own                             | the key has its value             |
 * | multi    | MULTI, two SETs, and EXEC in a later packet                     | both keys have their value        |
 * | pipeline | many SETs in one packet, each counted by itself                 | each key has its value            |
 * | incr     | INCR of the writer's counter                                    | the counter counts all            |
 * | queue    | RPUSH of an item, and the BLPOP of a consumer that waits for it | it is in the list or was received, not both |
 */
export const WRITE_KINDS = ['set', 'setex', 'hset', 'eval', 'multi', 'pipeline', 'incr', 'queue'] as const;
export type WriteKind = (typeof WRITE_KINDS)[number];

export type Outcome = 'acknowledged' | 'refused' | 'error' | 'unknown';

/** The writes of one kind by one writer, numbered from 0. */
export class Book {
  #issued = 0;
  /** Everything but the acknowledged: few, so that millions of writes cost no memory here. */
  readonly #open = new Set<number>();
  #unknown = 0;

  issue(): number {
    const number = this.#issued;
    this.#issued += 1;
    this.#open.add(number);
    return number;
  }

  settle(number: number, outcome: Outcome): void {
    if (outcome === 'acknowledged') this.#open.delete(number);
    if (outcome === 'unknown') this.#unknown += 1;
  }

  get acknowledged(): number {
    return this.#issued - this.#open.size;
  }

  get unknown(): number {
    return this.#unknown;
  }

  *acknowledgedNumbers(): Generator<number> {
    for (let number = 0; number < this.#issued; number += 1) if (!this.#open.has(number)) yield number;
  }
}

export interface WriterNames {
  readonly prefix: string;
  readonly shard: number;
  readonly writer: number;
}

const FIELDS_PER_HASH = 500;

export function keyOf({ prefix, shard, writer }: WriterNames, kind: WriteKind, number: number): string {
  const base = `${prefix}:${kind}:${shard}`;
  if (kind === 'queue') return base;
  if (kind === 'incr') return `${base}:${writer}`;
  if (kind === 'hset') return `${base}:${writer}:${Math.floor(number / FIELDS_PER_HASH)}`;
  return `${base}:${writer}:${number}`;
}

export function valueOf(number: number, valueBytes: number): string {
  return String(number).padEnd(valueBytes, '.');
}

export function queueItem(writer: number, number: number): string {
  return `${writer}:${number}`;
}

/** What one write sends; `multi` is sent in two packets, cut before its last command. */
export function commandsOf(names: WriterNames, kind: WriteKind, number: number, valueBytes: number): Command[] {
  const key = keyOf(names, kind, number);
  const value = valueOf(number, valueBytes);
  switch (kind) {
    case 'set':
    case 'pipeline':
      return [['SET', key, value]];
    case 'setex':
      return [['SETEX', key, 86_400, value]];
    case 'hset':
      return [['HSET', key, `f${number}`, value]];
    case 'eval':
      return [['EVAL', "return redis.call('SET', KEYS[1], ARGV[1])", 1, key, value]];
    case 'multi':
      return [['MULTI'], ['SET', `${key}:a`, value], ['SET', `${key}:b`, value], ['EXEC']];
    case 'incr':
      return [['INCR', key]];
    case 'queue':
      return [['RPUSH', key, queueItem(names.writer, number)]];
  }
}

const REFUSALS =
  /\b(READONLY|LOADING|MASTERDOWN|NOREPLICAS|MISCONF|OOM|NOAUTH|NOPERM|UNBLOCKED|EXECABORT|operation not permitted|link with MASTER is down)\b/;

export function judge(replies: readonly Reply[]): Outcome {
  const last = replies.at(-1);
  const refused = replies.find((reply) => reply instanceof RespError);
  if (refused instanceof RespError) return REFUSALS.test(refused.message) ? 'refused' : 'error';
  if (!isList(last)) return 'acknowledged';
  const failed = last.filter((reply) => reply instanceof RespError).length;
  // An EXEC of which a part failed has written something that nobody was promised.
  return failed === 0 ? 'acknowledged' : failed === last.length ? 'refused' : 'unknown';
}

export interface ShardCounts {
  /** Writes that the server said yes to. */
  readonly acknowledged: number;
  /** Writes that the server said no to: READONLY, LOADING, MASTERDOWN and the like. */
  readonly refused: number;
  /** Writes whose connection ended before the answer. */
  readonly unknown: number;
  /** Connections that could not be made, and answers that make no sense. */
  readonly errors: number;
  /** Acknowledged in the last second. */
  readonly perSecond: number;
  /** The longest time without an acknowledged write, from the first one on, the present one included. */
  readonly maxGapMs: number;
}

const BUCKETS = 10;
const BUCKET_MS = 100;

/** Counts of one shard while it runs. */
export class Meter {
  readonly #counts = { acknowledged: 0, refused: 0, unknown: 0, error: 0 };
  readonly #recent = Array.from({ length: BUCKETS }, () => 0);
  #bucket = 0;
  #lastAt: number | undefined;
  #longestMs = 0;
  #stopped = false;

  add(outcome: Outcome): void {
    this.#counts[outcome] += 1;
    if (outcome !== 'acknowledged') return;
    const now = systemClock.monotonicMs();
    if (this.#lastAt !== undefined) this.#longestMs = Math.max(this.#longestMs, now - this.#lastAt);
    this.#lastAt = now;
    this.#turn(now);
    const place = this.#bucket % BUCKETS;
    this.#recent[place] = (this.#recent[place] ?? 0) + 1;
  }

  forgetGaps(): void {
    this.#longestMs = 0;
    if (this.#lastAt !== undefined) this.#lastAt = systemClock.monotonicMs();
  }

  stop(): void {
    this.#longestMs = this.counts().maxGapMs;
    this.#stopped = true;
  }

  counts(): ShardCounts {
    const now = systemClock.monotonicMs();
    this.#turn(now);
    const { acknowledged, refused, unknown, error } = this.#counts;
    const openMs = this.#stopped || this.#lastAt === undefined ? 0 : now - this.#lastAt;
    const perSecond = this.#stopped ? 0 : this.#recent.reduce((sum, count) => sum + count, 0);
    return { acknowledged, refused, unknown, errors: error, perSecond, maxGapMs: Math.max(this.#longestMs, openMs) };
  }

  #turn(now: number): void {
    const bucket = Math.floor(now / BUCKET_MS);
    const steps = Math.min(bucket - this.#bucket, BUCKETS);
    for (let step = 0; step < steps; step += 1) this.#recent[(bucket - step) % BUCKETS] = 0;
    this.#bucket = Math.max(bucket, this.#bucket);
  }
}
