/**
 * Application traffic: writers that count every write that a server acknowledged, and look each one up at the end.
 * Owns its connections; never sends a write twice. A writer that is refused or cut off waits a little and goes on with
 * the next write, against wherever its shard is pointed at by then, as an application would.
 */
import { randomBytes } from 'node:crypto';
import { systemClock } from '../../clock.ts';
import type { RedisAddress } from './address.ts';
import { ConnectionLost, connectRaw, type RawConnection } from './raw-connection.ts';
import { isList, type Reply, RespError, textOf } from './resp.ts';
import {
  Book,
  commandsOf,
  judge,
  keyOf,
  Meter,
  type Outcome,
  type ShardCounts,
  WRITE_KINDS,
  type WriteKind,
} from './traffic-book.ts';
import { type Verification, verifyShards, type WrittenShard } from './traffic-verify.ts';

export interface TrafficOptions {
  /** Where the application writes at first, one address a shard. */
  readonly shards: readonly RedisAddress[];
  /** Default 2. Each goes through all kinds in turn. */
  readonly writersPerShard?: number;
  /** Writes per second and shard, over all its writers; 0 for as many as go. Default 100. */
  readonly ratePerSecond?: number;
  /** Default: all. */
  readonly kinds?: readonly WriteKind[];
  readonly valueBytes?: number;
  /** SETs in one packet of kind pipeline. Default 20, and at a low rate no more than 20 ms' worth. */
  readonly pipelineLength?: number;
  /** How long a transaction is held open before its EXEC. Default 0. */
  readonly holdMultiMs?: number;
  /** A server that does not answer for so long is given up. Default 5,000. */
  readonly timeoutMs?: number;
  /** What all keys start with; a fresh one by default, so that two runs don't meet. */
  readonly prefix?: string;
}

export interface Traffic {
  readonly prefix: string;
  /** From now on the application of this shard writes there. What is under way is finished where it is. */
  pointAt(shard: number, target: RedisAddress): void;
  /** One entry a shard. */
  counts(): readonly ShardCounts[];
  /** Starts the measuring of `maxGapMs` anew. */
  forgetGaps(): void;
  /** Ends the writers when what is under way is answered. May be called twice. */
  stop(): Promise<void>;
  /** Stops, then looks up every acknowledged write where each shard's application ended, or on `targets`. */
  verify(targets?: readonly RedisAddress[]): Promise<Verification>;
}

const DEFAULT_WRITERS = 2;
const DEFAULT_RATE = 100;
const RETRY_MS = 10;
/** Before 6.0 BLPOP can't wait for less. */
const POP_SECONDS = 1;
/** A writer that was held up may catch up by so much, no more: a burst after a pause would not be like an application. */
const CATCH_UP_MS = 100;

interface Shard extends WrittenShard {
  target: RedisAddress;
  /** Grows with each pointAt, also when it points at the same server again. */
  generation: number;
  readonly meter: Meter;
}

function packetLength({
  pipelineLength = 20,
  ratePerSecond = DEFAULT_RATE,
  writersPerShard = DEFAULT_WRITERS,
}: TrafficOptions): number {
  if (ratePerSecond <= 0) return pipelineLength;
  // A packet is paid for with the silence behind it, which would be taken for a gap.
  const worth = Math.ceil((ratePerSecond / writersPerShard) * 0.02);
  return Math.min(pipelineLength, Math.max(2, worth));
}

export function startTraffic(options: TrafficOptions): Traffic {
  const settings = {
    kinds: options.kinds ?? WRITE_KINDS,
    writers: options.writersPerShard ?? DEFAULT_WRITERS,
    valueBytes: options.valueBytes ?? 16,
    pipelineLength: packetLength(options),
    holdMultiMs: options.holdMultiMs ?? 0,
    timeoutMs: options.timeoutMs ?? 5_000,
    rate: options.ratePerSecond ?? DEFAULT_RATE,
  };
  const prefix = options.prefix ?? `app-${randomBytes(3).toString('hex')}`;
  /** One each: a signal that all of them slept on would have a listener for every one. */
  const stops: AbortController[] = [];

  const shards: Shard[] = options.shards.map((target) => ({
    target,
    generation: 0,
    meter: new Meter(),
    writers: Array.from({ length: settings.writers }, () => new Map(settings.kinds.map((kind) => [kind, new Book()]))),
    popped: new Set(),
    unknownPops: 0,
  }));

  /** Keeps one connection to wherever the shard is pointed at, until the traffic stops. */
  async function onConnection(
    shard: Shard,
    timeoutMs: number,
    step: (connection: RawConnection, signal: AbortSignal) => Promise<Outcome>,
  ): Promise<void> {
    const stopping = new AbortController();
    stops.push(stopping);
    const { signal } = stopping;
    let connection: RawConnection | undefined;
    let generation = -1;
    while (!signal.aborted) {
      if (!connection?.open || generation !== shard.generation) {
        connection?.close();
        generation = shard.generation;
        connection = await connectRaw(shard.target, { timeoutMs, name: 'sandbox-app' }).catch(() => undefined);
      }
      const outcome = connection ? await step(connection, signal) : 'error';
      if (!connection) shard.meter.add('error');
      if (outcome !== 'acknowledged') await systemClock.sleep(RETRY_MS, signal);
    }
    connection?.close();
  }

  async function write(shard: Shard, index: number, writer: number): Promise<void> {
    const books = [...(shard.writers[writer] ?? [])];
    const intervalMs = settings.rate > 0 ? (1_000 * settings.writers) / settings.rate : 0;
    let due = systemClock.monotonicMs() + (intervalMs * writer) / settings.writers;
    let turn = writer;
    await onConnection(shard, settings.timeoutMs, async (connection, signal) => {
      const entry = books[turn % books.length];
      turn += 1;
      if (!entry) return 'error';
      const [kind, book] = entry;
      const numbers = Array.from({ length: kind === 'pipeline' ? settings.pipelineLength : 1 }, () => book.issue());
      if (intervalMs > 0) {
        const waitMs = due - systemClock.monotonicMs();
        if (waitMs > 0) await systemClock.sleep(waitMs, signal);
        due = Math.max(due + intervalMs * numbers.length, systemClock.monotonicMs() - CATCH_UP_MS);
      }
      if (signal.aborted) return 'refused';
      const names = { prefix, shard: index, writer };
      const outcomes = await Promise.all(
        kind === 'pipeline'
          ? connection
              .sendEach(numbers.flatMap((number) => commandsOf(names, kind, number, settings.valueBytes)))
              .map(outcomeOf)
          : [sendOne(connection, commandsOf(names, kind, numbers[0] ?? 0, settings.valueBytes))],
      );
      for (const [place, number] of numbers.entries()) {
        const outcome = outcomes[place] ?? 'unknown';
        book.settle(number, outcome);
        shard.meter.add(outcome);
      }
      return outcomes.find((outcome) => outcome !== 'acknowledged') ?? 'acknowledged';
    });
  }

  async function sendOne(connection: RawConnection, commands: ReturnType<typeof commandsOf>): Promise<Outcome> {
    if (commands.length === 1) return outcomeOf(connection.sendAll(commands).then(([reply]) => reply ?? null));
    try {
      const queued = await connection.sendAll(commands.slice(0, -1));
      if (settings.holdMultiMs > 0) await systemClock.sleep(settings.holdMultiMs);
      const executed = await connection.sendAll(commands.slice(-1));
      return judge([...queued, ...executed]);
    } catch (error) {
      return unknownOrThrow(error);
    }
  }

  async function consume(shard: Shard, index: number): Promise<void> {
    const key = keyOf({ prefix, shard: index, writer: 0 }, 'queue', 0);
    await onConnection(shard, settings.timeoutMs + POP_SECONDS * 1_000, async (connection) => {
      try {
        const reply = await connection.send('BLPOP', key, POP_SECONDS);
        if (reply === null) return 'acknowledged';
        const outcome = judge([reply]);
        if (outcome === 'acknowledged' && isList(reply)) shard.popped.add(textOf(reply[1]));
        shard.meter.add(outcome);
        return outcome;
      } catch (error) {
        shard.unknownPops += 1;
        shard.meter.add('unknown');
        return unknownOrThrow(error);
      }
    });
  }

  const running = shards.flatMap((shard, index) => [
    ...shard.writers.map((_, writer) => write(shard, index, writer)),
    ...(settings.kinds.includes('queue') ? [consume(shard, index)] : []),
  ]);
  const ended = Promise.all(running);
  ended.catch(() => {});

  async function stop(): Promise<void> {
    for (const { meter } of shards) meter.stop();
    for (const stopping of stops) stopping.abort();
    await ended;
  }

  return {
    prefix,
    pointAt(index, target) {
      const shard = shards[index];
      if (!shard) throw new RangeError(`There is no shard ${index}.`);
      shard.target = target;
      shard.generation += 1;
    },
    counts: () => shards.map(({ meter }) => meter.counts()),
    forgetGaps: () => {
      for (const { meter } of shards) meter.forgetGaps();
    },
    stop,
    async verify(targets) {
      await stop();
      const addresses = targets ?? shards.map(({ target }) => target);
      return verifyShards({ prefix, valueBytes: settings.valueBytes, shards, targets: addresses });
    },
  };
}

async function outcomeOf(reply: Promise<Reply>): Promise<Outcome> {
  try {
    const answer = await reply;
    return answer instanceof RespError ? judge([answer]) : 'acknowledged';
  } catch (error) {
    return unknownOrThrow(error);
  }
}

function unknownOrThrow(error: unknown): 'unknown' {
  if (error instanceof ConnectionLost) return 'unknown';
  throw error;
}
