/** Puts data on a server, the same for the same seed. Sends only what any Redis from 2.4 on understands (streams: 5.0). */
import type { RedisAddress } from './address.ts';
import { type Command, connectRaw } from './raw-connection.ts';
import { RespError } from './resp.ts';

export const DATA_TYPES = ['string', 'list', 'hash', 'set', 'zset'] as const;
export type DataType = (typeof DATA_TYPES)[number] | 'stream';

export interface FillOptions {
  /** Keys in all, over all databases. */
  readonly keys: number;
  /** About how much each key holds. Default 64. */
  readonly valueBytes?: number;
  /** Default 0 and 3. */
  readonly databases?: readonly number[];
  /** Default: all but streams. */
  readonly types?: readonly DataType[];
  /** Every so many-th key lives for 30 days; 0 for none. Default 10. */
  readonly ttlEvery?: number;
  readonly seed?: number;
  /** What all keys start with. Default `fill`. */
  readonly prefix?: string;
}

const BATCH = 1_000;
const TTL_SECONDS = 30 * 86_400;
const ELEMENTS = 6;

export async function fill(server: RedisAddress, options: FillOptions): Promise<void> {
  const databases = options.databases ?? [0, 3];
  const types = options.types ?? DATA_TYPES;
  const ttlEvery = options.ttlEvery ?? 10;
  const prefix = options.prefix ?? 'fill';
  const text = createText(options.seed ?? 1);
  const connection = await connectRaw(server, { timeoutMs: 30_000, name: 'sandbox-fill' });
  try {
    for (const [place, database] of databases.entries()) {
      let batch: Command[] = [['SELECT', database]];
      for (let number = place; number < options.keys; number += databases.length) {
        const key = `${prefix}:${number}`;
        // Each database gets every type, and keys that expire.
        const inDatabase = Math.floor(number / databases.length);
        const type = types[inDatabase % types.length] ?? 'string';
        batch.push(...commandsFor(type, key, number, options.valueBytes ?? 64, text));
        if (ttlEvery > 0 && inDatabase % ttlEvery === 0) batch.push(['EXPIRE', key, TTL_SECONDS]);
        if (batch.length >= BATCH) {
          await sendBatch(connection.sendAll, batch);
          batch = [];
        }
      }
      await sendBatch(connection.sendAll, batch);
    }
  } finally {
    connection.close();
  }
}

async function sendBatch(
  sendAll: (commands: readonly Command[]) => Promise<unknown[]>,
  batch: readonly Command[],
): Promise<void> {
  if (batch.length === 0) return;
  const refused = (await sendAll(batch)).find((reply) => reply instanceof RespError);
  if (refused instanceof RespError) throw new Error(`The server refused to be filled: ${refused.message}`);
}

type Text = (number: number, bytes: number) => string;

function commandsFor(type: DataType, key: string, number: number, bytes: number, text: Text): Command[] {
  if (type === 'string') return [['SET', key, text(number, bytes)]];
  const elements = Array.from(
    { length: ELEMENTS },
    (_, index) => `${index}-${text(number + index * 7919, Math.ceil(bytes / ELEMENTS))}`,
  );
  switch (type) {
    case 'list':
      return [['DEL', key], ...elements.map((element) => ['RPUSH', key, element])];
    case 'hash':
      return [['HMSET', key, ...elements.flatMap((element, index) => [`field-${index}`, element])]];
    case 'set':
      return elements.map((element) => ['SADD', key, element]);
    case 'zset':
      return elements.map((element, index) => ['ZADD', key, (number + index) / 3, element]);
    case 'stream':
      return [['DEL', key], ...elements.map((element, index) => ['XADD', key, `${index + 1}-0`, 'element', element])];
  }
}

/** Slices of one block of random-looking letters: quick to make, hard to compress. */
function createText(seed: number): Text {
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_';
  const length = 1 << 16;
  let state = (seed * 2_654_435_761 + 1) >>> 0 || 1;
  const block: string[] = [];
  for (let index = 0; index < length; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    block.push(letters[(state >>> 0) % letters.length] ?? 'a');
  }
  const once = block.join('');
  return (number, bytes) => {
    const start = (number * 40_503) % length;
    let slice = once.slice(start, start + bytes);
    while (slice.length < bytes) slice += once.slice(0, bytes - slice.length);
    return slice;
  };
}
