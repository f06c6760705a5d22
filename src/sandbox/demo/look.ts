/** One server as the page shows it, from its own INFO. Reads only, over a connection that is open for that moment. */
import type { WorldServer } from '../page/state.ts';
import { connectRaw } from '../redis/raw-connection.ts';
import { textOf } from '../redis/resp.ts';
import { parseInfo, type RedisServerHandle } from '../redis/server.ts';

export type Sight = Pick<WorldServer, 'role' | 'link' | 'keys' | 'opsPerSecond'>;

const ANSWER_MS = 900;

/** Null: it does not answer. */
export async function lookAt(server: RedisServerHandle): Promise<Sight | null> {
  if (!server.running) return null;
  try {
    const connection = await connectRaw(server, { timeoutMs: ANSWER_MS });
    try {
      return sightOf(parseInfo(textOf(await connection.send('INFO'))));
    } finally {
      connection.close();
    }
  } catch {
    return null;
  }
}

export function sightOf(info: Readonly<Record<string, string>>): Sight {
  const role = roleOf(info);
  const link = role === 'replica' ? (info['master_link_status'] === 'up' ? 'up' : 'down') : null;
  return { role, link, keys: keysOf(info), opsPerSecond: numberOf(info['instantaneous_ops_per_sec']) };
}

/** A fence is a master that was made to follow a closed port of a loopback address of its own. */
function roleOf(info: Readonly<Record<string, string>>): Sight['role'] {
  if (info['role'] === 'master') return 'master';
  if (info['role'] !== 'slave') return null;
  const isFenced = info['master_host']?.startsWith('127.') === true && info['master_port'] === '1';
  return isFenced ? 'fenced' : 'replica';
}

function keysOf(info: Readonly<Record<string, string>>): number {
  return Object.entries(info)
    .filter(([name]) => /^db\d+$/.test(name))
    .reduce((total, [, value]) => total + Number(/keys=(\d+)/.exec(value)?.[1] ?? 0), 0);
}

function numberOf(text: string | undefined): number | null {
  return text === undefined || !/^\d+$/.test(text) ? null : Number(text);
}
