import type { Fleet } from '../../src/sandbox/redis/fleet.ts';
import type { RedisServerHandle } from '../../src/sandbox/redis/server.ts';

export interface Pairs {
  readonly sources: readonly RedisServerHandle[];
  readonly destinations: readonly RedisServerHandle[];
}

/** So many sources and destinations. Sources begin a diskless sync at once instead of waiting five seconds for more. */
export async function startPairs(
  fleet: Fleet,
  count: number,
  config: Readonly<Record<string, string>> = {},
): Promise<Pairs> {
  const server = () => fleet.server({ config: { 'repl-diskless-sync-delay': '0', ...config } });
  const all = await Promise.all(Array.from({ length: count * 2 }, server));
  return { sources: all.slice(0, count), destinations: all.slice(count) };
}

export function urls(servers: readonly RedisServerHandle[]): string[] {
  return servers.map((one) => `redis://127.0.0.1:${one.port}`);
}

/** All settings of a server but those that tell whom it follows. */
export async function settingsOf(server: RedisServerHandle): Promise<Record<string, unknown>> {
  const list = await server.call('CONFIG', 'GET', '*');
  const settings: Record<string, unknown> = {};
  if (!Array.isArray(list)) return settings;
  for (let place = 0; place + 1 < list.length; place += 2) settings[String(list[place])] = list[place + 1];
  delete settings['slaveof'];
  delete settings['replicaof'];
  return settings;
}

/** ACL LIST, a user's words about single commands last and sorted: their order says nothing, and changes by itself. */
export async function usersOf(server: RedisServerHandle): Promise<readonly (readonly string[])[]> {
  const lines = await server.call('ACL', 'LIST');
  if (!Array.isArray(lines)) throw new Error('ACL LIST is no list.');
  return lines.map((line) => {
    const words = String(line).split(' ');
    const isSingle = (word: string) => /^[+-][^@]/.test(word);
    return [...words.filter((word) => !isSingle(word)), ...words.filter(isSingle).toSorted()];
  });
}
