/**
 * One number for all that a server holds, to compare two of them: keys, types, values and whether a key expires, over
 * all databases. Reads only. Independent of order, encoding and version: scores are compared as numbers.
 * It reads while it goes, so nobody may write meanwhile.
 */
import { createHash } from 'node:crypto';
import type { RedisAddress } from './address.ts';
import { type Command, connectRaw, type RawConnection } from './raw-connection.ts';
import { isList, type Reply, RespError, textOf } from './resp.ts';
import { parseInfo } from './server.ts';

export interface Digest {
  readonly keys: number;
  /** 64 hexadecimal digits; all zero for an empty server. */
  readonly digest: string;
}

const SCAN_COUNT = 1_000;

export async function digest(server: RedisAddress): Promise<Digest> {
  // latin1 keeps every byte apart, whatever the values are.
  const connection = await connectRaw(server, { encoding: 'latin1', timeoutMs: 30_000, name: 'sandbox-digest' });
  const sum = Buffer.alloc(32);
  let keys = 0;
  try {
    for (const database of await databasesOf(connection)) {
      expectOk(await connection.send('SELECT', database));
      for await (const batch of scan(connection)) {
        keys += await addKeys(connection, database, batch, sum);
      }
    }
  } finally {
    connection.close();
  }
  return { keys, digest: sum.toString('hex') };
}

async function databasesOf(connection: RawConnection): Promise<number[]> {
  const info = parseInfo(textOf(expectOk(await connection.send('INFO'))));
  return Object.keys(info)
    .flatMap((name) => /^db(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number);
}

/** SCAN may give a key more than once; before 2.8 there is only KEYS. */
async function* scan(connection: RawConnection): AsyncGenerator<string[]> {
  const seen = new Set<string>();
  let cursor = '0';
  do {
    const reply = await connection.send('SCAN', cursor, 'COUNT', SCAN_COUNT);
    if (reply instanceof RespError && reply.message.startsWith('ERR unknown command')) {
      yield strings(expectOk(await connection.send('KEYS', '*')));
      return;
    }
    const [next, found] = expectOk(reply) as readonly [string, Reply];
    cursor = next;
    const fresh = strings(found).filter((key) => !seen.has(key));
    for (const key of fresh) seen.add(key);
    if (fresh.length > 0) yield fresh;
  } while (cursor !== '0');
}

async function addKeys(
  connection: RawConnection,
  database: number,
  keys: readonly string[],
  sum: Buffer,
): Promise<number> {
  const about = await connection.sendAll(
    keys.flatMap((key) => [
      ['TYPE', key],
      ['TTL', key],
    ]),
  );
  const types = keys.map((_, index) => textOf(about[index * 2]));
  const values = await connection.sendAll(keys.map((key, index) => readCommand(types[index] ?? '', key)));
  let counted = 0;
  for (const [index, key] of keys.entries()) {
    const type = types[index] ?? '';
    // Expired between SCAN and now: a master deletes it, so it isn't there.
    if (type === 'none') continue;
    const expires = Number(about[index * 2 + 1]) >= 0;
    const canonical = JSON.stringify([
      database,
      key,
      type,
      expires,
      canonicalValue(type, expectOk(values[index] ?? null)),
    ]);
    const hash = createHash('sha256').update(canonical).digest();
    for (let byte = 0; byte < sum.length; byte += 1) sum[byte] = (sum[byte] ?? 0) ^ (hash[byte] ?? 0);
    counted += 1;
  }
  return counted;
}

function readCommand(type: string, key: string): Command {
  switch (type) {
    case 'list':
      return ['LRANGE', key, '0', '-1'];
    case 'hash':
      return ['HGETALL', key];
    case 'set':
      return ['SMEMBERS', key];
    case 'zset':
      return ['ZRANGE', key, '0', '-1', 'WITHSCORES'];
    case 'stream':
      return ['XRANGE', key, '-', '+'];
    default:
      return ['GET', key];
  }
}

function canonicalValue(type: string, value: Reply): unknown {
  switch (type) {
    case 'hash':
      return pairs(strings(value)).toSorted(byText);
    case 'set':
      return strings(value).toSorted();
    case 'zset':
      return pairs(strings(value)).map(([member, score]) => [member, score.endsWith('inf') ? score : Number(score)]);
    default:
      return value;
  }
}

function pairs(flat: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) result.push([flat[index] ?? '', flat[index + 1] ?? '']);
  return result;
}

function byText([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function strings(reply: Reply): string[] {
  return isList(reply) ? reply.map(textOf) : [];
}

function expectOk(reply: Reply): Reply {
  if (reply instanceof RespError) throw new Error(`The digest could not be taken: ${reply.message}`);
  return reply;
}
