/**
 * Looks at one server. Owns one connection to it, opened when needed and dropped at the first failure. Never changes
 * anything on a server. A look never rejects: trouble is an observation too.
 */
import type { Clock } from '../clock.ts';
import type { Endpoint } from '../domain/endpoint.ts';
import type { ClientFacts, ServerFacts, ServerLook } from '../domain/observation.ts';
import { type Connection, type ConnectionDeps, keepConnection, OUR_NAME, TIMEOUT_MS } from './connection.ts';
import { RedisError } from './errors.ts';
import { clientFrom, factsFrom } from './facts.ts';
import { parseClientList, parseInfo } from './info.ts';

export interface LookOptions {
  /** `replicas`: only to know their output buffers. `all`: also who else is connected. */
  readonly clients: 'none' | 'replicas' | 'all';
  /** Also ask how often which command was called, for writes a second. */
  readonly commandStats: boolean;
  /** Settings to read as well. A server that hides CONFIG answers none of them. */
  readonly settings?: readonly string[];
}

/** The least that a look asks for: INFO alone. */
export const BRIEF = { clients: 'none', commandStats: false } as const satisfies LookOptions;

export interface Inspector {
  look(options: LookOptions): Promise<ServerLook>;
  /**
   * Role and replication fields alone, by `INFO replication` (2.6 and later): small and quick, for the moments in which
   * writes stand still. Rejects with RedisError.
   */
  replication(): Promise<ReplicationSight>;
  /** The same for any version, with the process: a whole INFO. Rejects with RedisError. */
  process(): Promise<ServerFacts>;
  /** The value of a key of ours; null when there is none. Rejects with RedisError. */
  value(key: string): Promise<string | null>;
  /** A setting's value, empty for a password that is not set; null when the server has no such setting. Rejects with RedisError. */
  setting(name: string): Promise<string | null>;
  /** Whether there is a user of that name, 6.0 and later. Rejects with RedisError. */
  hasUser(name: string): Promise<boolean>;
  close(): void;
}

export type ReplicationSight = Pick<ServerFacts, 'role' | 'replication'>;

/** `timeoutMs` bounds the connect and each command. */
export function createInspector(
  endpoint: Endpoint,
  clock: Clock,
  deps: ConnectionDeps,
  timeoutMs: number = TIMEOUT_MS,
): Inspector {
  const connection = keepConnection(endpoint, timeoutMs, deps);
  // CLIENT LIST TYPE came with 5.0; an older server is asked for the whole list from then on.
  let filterKnown = true;
  // INFO takes no argument on 2.4.
  let statsKnown = true;

  async function commandStatsOf(server: Connection): Promise<unknown> {
    try {
      return await server.call('INFO', 'commandstats');
    } catch (error) {
      statsKnown = false;
      return onlyReplies(error);
    }
  }

  async function clientList(server: Connection, which: 'replicas' | 'all'): Promise<readonly ClientFacts[]> {
    if (which === 'replicas' && filterKnown) {
      try {
        return listOf(await server.call('CLIENT LIST', 'TYPE', 'replica'));
      } catch (error) {
        if (!(error instanceof RedisError) || error.outcomeUnknown || error.kind === 'no_permission') throw error;
        filterKnown = false;
      }
    }
    return listOf(await server.call('CLIENT LIST'));
  }

  return {
    async look(options) {
      try {
        const server = await connection.ready();
        const asked = clock.monotonicMs();
        const readAt = clock.now();
        const stats = options.commandStats && statsKnown ? commandStatsOf(server) : Promise.resolve('');
        let tookMs = 0;
        const ownCommands = connection.sent();
        const whole = server.call('INFO').then((text) => {
          tookMs = clock.monotonicMs() - asked;
          return text;
        });
        const wanted = (options.settings ?? []).map((name) => settingOf(server, name));
        const [info, commandStats, settings] = await Promise.all([whole, stats, Promise.all(wanted)]);
        const withStats = typeof commandStats === 'string' && commandStats !== '';
        const facts = factsFrom(parseInfo(withStats ? `${String(info)}\r\n${commandStats}` : String(info)), withStats);
        // Not all may list clients; the rest of the look is worth having without.
        const clients =
          options.clients === 'none'
            ? null
            : await clientList(server, options.clients).catch((error) => onlyReplies(error) && null);
        return {
          ok: true,
          at: clock.monotonicMs(),
          facts,
          clients: options.clients === 'all' && clients ? clients.filter(isForeign) : null,
          replicaBufferBytes: clients ? bufferOf(clients) : null,
          tookMs,
          ownCommands,
          settings:
            options.settings === undefined
              ? null
              : { at: readAt, values: new Map(settings.flatMap((one) => (one === null ? [] : [one]))) },
        };
      } catch (error) {
        connection.drop();
        return { ok: false, at: clock.monotonicMs(), problem: problemOf(error) };
      }
    },
    async replication() {
      const server = await connection.ready();
      const { role, replication } = factsFrom(parseInfo(String(await server.call('INFO', 'replication'))), false);
      return { role, replication };
    },
    async process() {
      const server = await connection.ready();
      return factsFrom(parseInfo(String(await server.call('INFO'))), false);
    },
    async value(key) {
      const reply = await (await connection.ready()).call('GET', key);
      return typeof reply === 'string' ? reply : null;
    },
    async setting(name) {
      return readSetting(await connection.ready(), name);
    },
    async hasUser(name) {
      return (await (await connection.ready()).call('ACL GETUSER', name)) !== null;
    },
    close: () => connection.close(),
  };
}

async function readSetting(server: Connection, name: string): Promise<string | null> {
  const reply = await server.call('CONFIG GET', name);
  if (!Array.isArray(reply) || reply.length < 2) return null;
  // 2.4 answers nil for a setting that has no value.
  return typeof reply[1] === 'string' ? reply[1] : '';
}

/** Null when the server does not let us read settings: the rest of the look is worth having without. */
async function settingOf(server: Connection, name: string): Promise<readonly [string, string | null] | null> {
  try {
    return [name, await readSetting(server, name)];
  } catch (error) {
    onlyReplies(error);
    return null;
  }
}

function listOf(reply: unknown): readonly ClientFacts[] {
  return parseClientList(String(reply)).map(clientFrom);
}

/** The largest output buffer among the replica links; null when there is none. */
function bufferOf(clients: readonly ClientFacts[]): number | null {
  const replicas = clients.filter((client) => client.isReplica);
  return replicas.length === 0 ? null : Math.max(...replicas.map((client) => client.outputBufferBytes));
}

function isForeign(client: ClientFacts): boolean {
  return !client.isReplica && !client.isMaster && client.name !== OUR_NAME;
}

/** Passes over an error that the server answered; a dead connection still fails the look. */
function onlyReplies(error: unknown): '' {
  if (error instanceof RedisError && !error.outcomeUnknown) return '';
  throw error;
}

function problemOf(error: unknown) {
  if (error instanceof RedisError) return error.problem;
  throw error;
}
