/**
 * The settings of a recorded server: CONFIG GET and CONFIG SET as its version knows them, from the names that it was heard
 * to have. Owns the values. What a version doesn't know is refused in its own words.
 */
import { bulks, error, OK, type WireReply } from './scripted.ts';
import type { Recorded } from './scripted-ready.ts';

/** Every version has them, and nobody was asked for them. */
const EVERYWHERE = { requirepass: '', save: '', appendonly: 'no', timeout: '0', dir: '/data' };
const IMMUTABLE = ['databases', 'slaveof', 'replicaof'];

export interface RecordedSettings {
  /** Undefined where the version has no such setting. */
  value(name: string): string | null | undefined;
  /** Changes a value from outside, also one that CONFIG SET does not change. */
  put(name: string, value: string): void;
  get(patterns: readonly string[]): WireReply;
  /** CONFIG with another word than it knows. */
  noSuchSub(sub: string): WireReply;
  set(args: readonly string[]): WireReply;
}

/** `isAtLeast`: whether the server is of this version or a later one. */
export function recordedSettings(
  records: readonly Recorded[],
  isAtLeast: (major: number, minor: number) => boolean,
): RecordedSettings {
  const values = new Map<string, string | null>(Object.entries(EVERYWHERE));
  for (const { command, state, reply } of records) {
    if (state !== 'standalone' || !/^config get /i.test(command) || !Array.isArray(reply)) continue;
    for (let place = 0; place + 1 < reply.length; place += 2)
      values.set(String(reply[place]), reply[place + 1] as string | null);
  }
  const many = isAtLeast(7, 0);

  function put(name: string, value: string): void {
    for (const alias of aliasesOf(name)) if (values.has(alias)) values.set(alias, value);
  }

  function wrongNumber(sub: string): string {
    if (many) return `ERR wrong number of arguments for 'config|${sub.toLowerCase()}' command`;
    return isAtLeast(5, 0) ? unknownSub(sub) : `ERR Wrong number of arguments for CONFIG ${sub}`;
  }

  /** 2.4 and 2.6 were heard to say it when they were asked for CONFIG REWRITE, which they don't know. */
  function noSuchSub(sub: string): string {
    if (many) return `ERR unknown subcommand '${sub}'. Try CONFIG HELP.`;
    if (isAtLeast(5, 0)) return unknownSub(sub);
    const heard = records.find(({ command, error: text }) => command === 'CONFIG REWRITE' && text !== undefined);
    return heard?.error ?? 'ERR CONFIG subcommand must be one of GET, SET, RESETSTAT, REWRITE';
  }

  return {
    noSuchSub: (sub) => error(noSuchSub(sub)),
    value: (name) => values.get(name),
    put,
    get(patterns) {
      if (patterns.length === 0 || (patterns.length > 1 && !many)) return error(wrongNumber('GET'));
      const names = [...values.keys()].filter((name) => patterns.some((pattern) => matches(pattern, name)));
      return bulks(names.flatMap((name) => [name, values.get(name) ?? null]));
    },
    set(args) {
      if (args.length < 2 || args.length % 2 === 1 || (args.length > 2 && !many)) return error(wrongNumber('SET'));
      const pairs = Array.from({ length: args.length / 2 }, (_, index) => args.slice(index * 2, index * 2 + 2));
      for (const [given = ''] of pairs) {
        const name = given.toLowerCase();
        if (!values.has(name)) return error(many ? unknown(given) : unsupported(given));
        if (IMMUTABLE.includes(name)) return error(many ? immutable(given) : unsupported(given));
      }
      for (const [name = '', value = ''] of pairs) put(name.toLowerCase(), value);
      return OK;
    },
  };
}

/** Redis 5.0 to 6.2. */
function unknownSub(sub: string): string {
  return `ERR Unknown subcommand or wrong number of arguments for '${sub}'. Try CONFIG HELP.`;
}

/** Redis 2.4 to 6.2 [SRC config.c: configSetCommand]. */
function unsupported(name: string): string {
  return `ERR Unsupported CONFIG parameter: ${name}`;
}

/** Redis 7.0 and later, and Valkey. */
function unknown(name: string): string {
  return `ERR Unknown option or number of arguments for CONFIG SET - '${name}'`;
}

function immutable(name: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - can't set immutable config`;
}

/** From 5.0 on a setting has its old name and a new one. */
function aliasesOf(name: string): readonly string[] {
  const names = [name, name.replace('slave', 'replica'), name.replace('replica', 'slave')];
  const primary = [name.replace('master', 'primary'), name.replace('primary', 'master')];
  return [...new Set([...names, ...primary])];
}

function matches(pattern: string, name: string): boolean {
  const escaped = pattern.toLowerCase().replaceAll(/[.+^${}()|\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name);
}
