/**
 * What preflight asks one server beyond a look: settings, modules, functions, clock, Sentinels, and what our user may do.
 * Owns one connection for as long as it takes. Changes nothing, on any version: a right is tried by a command that the
 * server must refuse. A wrong number of arguments is refused before anything else and tells whether the command is
 * there. From 6.0 on, where users have rights, the arguments are such that the command is refused right after the rights
 * were looked at. Tried on real servers; test/redis/probe.test.ts compares them before and after.
 */
import type { Clock } from '../clock.ts';
import { can, type Server } from '../domain/dialect.ts';
import type { Endpoint } from '../domain/endpoint.ts';
import type { Side } from '../domain/event.ts';
import type { Denied, FunctionFacts, ModuleFacts, ServerProbe } from '../domain/preflight/sight.ts';
import { type Connection, type ConnectionDeps, connect, TIMEOUT_MS } from './connection.ts';
import { RedisError } from './errors.ts';
import { parseClientList } from './info.ts';

/** By the oldest name: every version still knows those. No passwords. */
const SETTINGS: Readonly<Record<Side, readonly string[]>> = {
  source: [
    'maxmemory',
    'maxmemory-policy',
    'slave-read-only',
    'repl-ping-slave-period',
    'repl-diskless-sync',
    'repl-diskless-sync-max-replicas',
  ],
  destination: [
    'maxmemory',
    'maxmemory-policy',
    'databases',
    'min-slaves-to-write',
    'replica-ignore-maxmemory',
    'appendonly',
    'tls-replication',
    'tls-ca-cert-file',
    'tls-ca-cert-dir',
    'tls-cert-file',
    'tls-key-file',
    'dual-channel-replication-enabled',
  ],
};

/** The quickest of so many round trips tells the clock best. */
const CLOCK_TRIES = 3;

const SENTINEL_NAME = /^sentinel-[0-9a-f]+-(cmd|pubsub)$/;
const SENTINEL_CHANNEL = '__sentinel__:hello';

/** What is tried only where it is needed. */
interface Wants {
  readonly marked?: boolean;
  readonly overlap?: boolean;
}

/**
 * `server`: as a look has shown it. `overlap`: whether it is to be asked what only that cut-over needs. `marked`: whether
 * its source is too old to prove the switch without a key of ours, so that our user has to read that. Rejects with
 * RedisError when the server cannot be talked to now: the connection
 * fails, it loads, or a script keeps it busy. What it merely refuses is part of the answer.
 */
export async function probeServer(
  endpoint: Endpoint,
  side: Side,
  server: Server,
  deps: ConnectionDeps & Wants & { readonly clock: Clock },
  timeoutMs: number = TIMEOUT_MS,
): Promise<ServerProbe> {
  const connection = await connect(endpoint, timeoutMs, deps);
  try {
    // First and alone: nothing else may wait before it in the line.
    const clock = can(server, 'time') ? await clockOf(connection, deps.clock) : null;
    const [settings, modules, functions, engines, clients, subscribed, password, denied] = await Promise.all([
      settingsOf(connection, SETTINGS[side]),
      can(server, 'modules') ? modulesOf(connection) : [],
      side === 'source' && can(server, 'functions') ? functionsOf(connection) : null,
      side === 'destination' && can(server, 'functions') ? enginesOf(connection) : null,
      ask(connection, 'CLIENT LIST'),
      can(server, 'pubsub_numsub') ? ask(connection, 'PUBSUB NUMSUB', SENTINEL_CHANNEL) : null,
      side === 'source' && !can(server, 'acl') ? ask(connection, 'CONFIG GET', 'requirepass') : null,
      deniedOf(connection, side, server, deps),
    ]);
    const asked = password?.ok ? listOf(password.reply)[1] : undefined;
    if (typeof asked === 'string') deps.registry.add(asked);
    const blind = side === 'source' && !clients.ok ? deniedBy('CLIENT LIST', clients.error) : null;
    return {
      ...settings,
      modules,
      functions,
      engines,
      clock,
      sentinels: sentinelsOf(clients, subscribed),
      // 2.4 gives nil for none.
      ...(password?.ok ? { asksPassword: typeof asked === 'string' && asked !== '' } : {}),
      denied: blind ? [...denied, blind] : denied,
    };
  } finally {
    connection.close();
  }
}

type Answer = { readonly ok: true; readonly reply: unknown } | { readonly ok: false; readonly error: RedisError };

/** An answer, an error included. Rejects when there was none, or one that says nothing about what was asked. */
async function ask(connection: Connection, command: string, ...args: string[]): Promise<Answer> {
  try {
    return { ok: true, reply: await connection.call(command, ...args) };
  } catch (error) {
    if (!(error instanceof RedisError) || error.outcomeUnknown) throw error;
    if (error.kind === 'busy' || error.kind === 'loading') throw error;
    return { ok: false, error };
  }
}

async function settingsOf(
  connection: Connection,
  names: readonly string[],
): Promise<Pick<ServerProbe, 'settings' | 'settingsProblem'>> {
  const answers = await Promise.all(names.map((name) => ask(connection, 'CONFIG GET', name)));
  const settings = new Map<string, string | null>();
  for (const [place, answer] of answers.entries()) {
    if (!answer.ok) return { settings: new Map(), settingsProblem: answer.error.message };
    const [found, value] = listOf(answer.reply);
    // 2.4 gives nil for a setting that is there and empty.
    const empty = found === undefined ? null : '';
    settings.set(names[place] ?? '', typeof value === 'string' ? value : empty);
  }
  return { settings, settingsProblem: null };
}

async function modulesOf(connection: Connection): Promise<readonly ModuleFacts[] | null> {
  const answer = await ask(connection, 'MODULE LIST');
  if (!answer.ok) return null;
  return listOf(answer.reply).map((one) => {
    const fields = fieldsOf(one);
    return { name: String(fields.get('name')), version: Number(fields.get('ver')) };
  });
}

async function functionsOf(connection: Connection): Promise<FunctionFacts | null> {
  const answer = await ask(connection, 'FUNCTION LIST');
  if (!answer.ok) return null;
  const libraries = listOf(answer.reply);
  const engines = libraries.map((one) => String(fieldsOf(one).get('engine')).toUpperCase());
  return { libraries: libraries.length, engines: [...new Set(engines)] };
}

async function enginesOf(connection: Connection): Promise<readonly string[] | null> {
  const answer = await ask(connection, 'FUNCTION STATS');
  if (!answer.ok) return null;
  return [...fieldsOf(fieldsOf(answer.reply).get('engines')).keys()].map((name) => name.toUpperCase());
}

async function clockOf(connection: Connection, clock: Clock): Promise<ServerProbe['clock']> {
  let best: ServerProbe['clock'] = null;
  for (let attempt = 0; attempt < CLOCK_TRIES; attempt += 1) {
    const ours = clock.now();
    const sent = clock.monotonicMs();
    const answer = await ask(connection, 'TIME');
    const halfMs = (clock.monotonicMs() - sent) / 2;
    if (!answer.ok) return null;
    const [seconds, micros] = listOf(answer.reply).map(Number);
    if (seconds === undefined || micros === undefined || !Number.isFinite(seconds + micros)) return null;
    const aheadMs = Math.round(seconds * 1000 + micros / 1000 - ours - halfMs);
    if (best === null || halfMs < best.errorMs) best = { aheadMs, errorMs: halfMs };
  }
  return best;
}

/** Sentinel names its connections from 2.8 on; by its subscription it is seen where CLIENT LIST is not ours to run. */
function sentinelsOf(clients: Answer, subscribed: Answer | null): readonly string[] {
  const lines = clients.ok ? parseClientList(String(clients.reply)) : [];
  const named = lines.filter((line) => SENTINEL_NAME.test(line.get('name') ?? ''));
  const hosts = named.map((line) => (line.get('addr') ?? '').replace(/:\d+$/, ''));
  if (hosts.length > 0) return [...new Set(hosts)];
  const count = subscribed?.ok ? Number(listOf(subscribed.reply)[1]) : 0;
  return count > 0 ? [''] : [];
}

async function deniedOf(
  connection: Connection,
  side: Side,
  server: Server,
  { marked = false, overlap = false }: Wants,
): Promise<readonly Denied[]> {
  // On the way back a destination is what a source is on the way over.
  const asSource = side === 'source' || can(server, 'replid');
  const tries = [
    ...forBoth(server),
    ...(asSource ? forSources(server, overlap && side === 'source') : []),
    ...(side === 'destination' ? forDestinations(server, marked) : []),
  ];
  const found = await Promise.all(
    tries.map(async ([command, ...args]) => {
      const answer = await ask(connection, command, ...args);
      return answer.ok ? null : deniedBy(command, answer.error);
    }),
  );
  return found.filter((one) => one !== null);
}

type Try = readonly [command: string, ...args: string[]];

function forBoth(server: Server): readonly Try[] {
  return [
    // Its port is refused from 2.6 on. 2.4 would take it for port 0 and follow: there, and wherever no rights are to be
    // tried, it is sent without arguments.
    can(server, 'acl') ? ['SLAVEOF', '127.0.0.1', 'notaport'] : ['SLAVEOF'],
    ['CONFIG SET', 'no-such-setting', 'x'],
  ];
}

function forSources(server: Server, overlap: boolean): readonly Try[] {
  const tries: Try[] = [];
  if (can(server, 'pause_writes')) tries.push(['CLIENT PAUSE', 'notanumber', 'WRITE']);
  // What the destination sends, as our user. With FAILOVER, PSYNC is meant for a replica of that very history: a master
  // and any other replica refuse it, and write the name of the history into their log.
  if (can(server, 'psync_failover')) tries.push(['PSYNC', 'redis-migrate-preflight', '-1', 'FAILOVER']);
  else if (can(server, 'offsets')) tries.push(['PSYNC']);
  else tries.push(['SYNC', 'x']);
  if (can(server, 'acl')) tries.push(['REPLCONF', 'x']);
  // The first reads; the second lacks its user, which is looked at after the rights.
  if (can(server, 'acl') && !can(server, 'pause_writes')) tries.push(['ACL LIST'], ['ACL SETUSER']);
  // No rule begins like this one: the user is not made. Only an overlap makes users.
  else if (overlap && can(server, 'acl')) tries.push(['ACL SETUSER', 'redis-migrate-preflight', '!']);
  return tries;
}

/** Of a key that is never there. */
function forDestinations(server: Server, marked: boolean): readonly Try[] {
  return marked && can(server, 'acl') ? [['GET', 'redis-migrate:preflight']] : [];
}

/** Null when the server has refused the arguments only, and so would run the command. */
function deniedBy(command: string, error: RedisError): Denied | null {
  if (error.kind === 'no_permission') return { command, why: 'no_permission' };
  const unknown = /unknown (sub)?command(?! or wrong number)/i.test(error.said);
  const forbidden = error.kind === 'other' && /\b(disabled|forbidden|not supported|not allowed)\b/i.test(error.said);
  return unknown || forbidden ? { command, why: 'hidden' } : null;
}

function listOf(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : [];
}

/** `[name, value, name, value, …]` as RESP2 gives a map. */
function fieldsOf(reply: unknown): ReadonlyMap<string, unknown> {
  const list = listOf(reply);
  const fields = new Map<string, unknown>();
  for (let place = 0; place + 1 < list.length; place += 2) fields.set(String(list[place]), list[place + 1]);
  return fields;
}
