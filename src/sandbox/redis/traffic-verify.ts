/** Looks up what the traffic wrote. Reads only. */
import type { RedisAddress } from './address.ts';
import { type Command, connectRaw, type RawConnection } from './raw-connection.ts';
import { isList, type Reply, RespError, textOf } from './resp.ts';
import { type Book, keyOf, queueItem, valueOf, type WriteKind, type WriterNames } from './traffic-book.ts';

export interface Verification {
  /** Acknowledged writes that were looked up, pops included. */
  readonly acknowledged: number;
  /** How many of them are not there, or not as they were acknowledged. */
  readonly missing: number;
  /** The first ten, as sentences. */
  readonly examples: readonly string[];
}

export interface WrittenShard {
  readonly writers: readonly ReadonlyMap<WriteKind, Book>[];
  /** Queue items that a consumer received. */
  readonly popped: Set<string>;
  /** Pops whose connection ended before the answer: each may have taken an item along. */
  unknownPops: number;
}

export interface WrittenTraffic {
  readonly prefix: string;
  readonly valueBytes: number;
  readonly shards: readonly WrittenShard[];
  readonly targets: readonly RedisAddress[];
}

const EXAMPLES = 10;
const BATCH = 1_000;

interface Findings {
  acknowledged: number;
  missing: number;
  readonly examples: string[];
}

export async function verifyShards(traffic: WrittenTraffic): Promise<Verification> {
  const findings: Findings = { acknowledged: 0, missing: 0, examples: [] };
  for (const [index, shard] of traffic.shards.entries()) {
    const target = traffic.targets[index];
    if (!target) throw new RangeError(`Shard ${index} has no server to look at.`);
    const connection = await connectRaw(target, { timeoutMs: 30_000, name: 'sandbox-verify' });
    try {
      await verifyShard(connection, traffic, index, shard, findings);
    } finally {
      connection.close();
    }
  }
  return findings;
}

async function verifyShard(
  connection: RawConnection,
  traffic: WrittenTraffic,
  index: number,
  shard: WrittenShard,
  findings: Findings,
): Promise<void> {
  for (const [writer, books] of shard.writers.entries()) {
    const names = { prefix: traffic.prefix, shard: index, writer };
    for (const [kind, book] of books) {
      if (kind === 'queue') continue;
      findings.acknowledged += book.acknowledged;
      if (kind === 'incr') await verifyCounter(connection, names, book, findings);
      else await verifyValues(connection, names, kind, book, traffic.valueBytes, findings);
    }
  }
  if (shard.writers.some((books) => books.has('queue')))
    await verifyQueue(connection, traffic.prefix, index, shard, findings);
}

/** One read for each number, in packets. */
async function verifyValues(
  connection: RawConnection,
  names: WriterNames,
  kind: WriteKind,
  book: Book,
  valueBytes: number,
  findings: Findings,
): Promise<void> {
  let numbers: number[] = [];
  const flush = async () => {
    const replies = await read(
      connection,
      numbers.map((number) => readOf(names, kind, number)),
    );
    for (const [place, number] of numbers.entries()) {
      const found = replies[place] ?? null;
      const values = isList(found) ? found : [found];
      const wanted = valueOf(number, valueBytes);
      const wrong = values.find((value) => value !== wanted);
      if (wrong !== undefined)
        miss(
          findings,
          1,
          `shard ${names.shard}: ${kind} ${keyOf(names, kind, number)} (write ${number}) ${wrong === null ? 'is gone' : 'has another value'}`,
        );
    }
    numbers = [];
  };
  for (const number of book.acknowledgedNumbers()) {
    numbers.push(number);
    if (numbers.length >= BATCH) await flush();
  }
  if (numbers.length > 0) await flush();
}

function readOf(names: WriterNames, kind: WriteKind, number: number): Command {
  const key = keyOf(names, kind, number);
  if (kind === 'hset') return ['HGET', key, `f${number}`];
  if (kind === 'multi') return ['MGET', `${key}:a`, `${key}:b`];
  return ['GET', key];
}

async function verifyCounter(
  connection: RawConnection,
  names: WriterNames,
  book: Book,
  findings: Findings,
): Promise<void> {
  const key = keyOf(names, 'incr', 0);
  const [value] = await read(connection, [['GET', key]]);
  const counted = Number(value ?? 0);
  const lost = book.acknowledged - counted;
  if (lost > 0)
    miss(
      findings,
      lost,
      `shard ${names.shard}: counter ${key} is ${counted}, but ${book.acknowledged} increments were acknowledged`,
    );
}

/** An item that was pushed must be in the list or have been received; one that was received must not be back in it. */
async function verifyQueue(
  connection: RawConnection,
  prefix: string,
  index: number,
  shard: WrittenShard,
  findings: Findings,
): Promise<void> {
  const key = keyOf({ prefix, shard: index, writer: 0 }, 'queue', 0);
  const left = await readList(connection, key);
  let excused = shard.unknownPops;
  for (const [writer, books] of shard.writers.entries()) {
    const book = books.get('queue');
    if (!book) continue;
    findings.acknowledged += book.acknowledged;
    for (const number of book.acknowledgedNumbers()) {
      const item = queueItem(writer, number);
      if (left.has(item) || shard.popped.has(item)) continue;
      if (excused > 0) excused -= 1;
      else miss(findings, 1, `shard ${index}: queue ${key} lost item ${item}`);
    }
  }
  findings.acknowledged += shard.popped.size;
  for (const item of shard.popped) {
    if (left.has(item))
      miss(findings, 1, `shard ${index}: queue ${key} has item ${item} again, which a consumer had received`);
  }
}

async function readList(connection: RawConnection, key: string): Promise<Set<string>> {
  const items = new Set<string>();
  for (let start = 0; ; start += BATCH) {
    const [part] = await read(connection, [['LRANGE', key, start, start + BATCH - 1]]);
    const found = isList(part) ? part : [];
    for (const item of found) items.add(textOf(item));
    if (found.length < BATCH) return items;
  }
}

async function read(connection: RawConnection, commands: readonly Command[]): Promise<Reply[]> {
  const replies = await connection.sendAll(commands);
  const refused = replies.find((reply) => reply instanceof RespError);
  if (refused instanceof RespError) throw new Error(`The writes could not be looked up: ${refused.message}`);
  return replies;
}

function miss(findings: Findings, count: number, example: string): void {
  findings.missing += count;
  if (findings.examples.length < EXAMPLES) findings.examples.push(example);
}
