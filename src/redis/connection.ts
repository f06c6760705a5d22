/**
 * One connection to one server, for one purpose. Owns the socket. Never reconnects, never queues, never resends: a
 * command is sent once or not at all, and the engine decides when to open the next connection. Every failure leaves
 * as a RedisError, without arguments and without secrets.
 */
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { Redis } from 'ioredis';
import { addressOf, type Endpoint } from '../domain/endpoint.ts';
import type { Passwords } from '../domain/secret.ts';
import type { SecretRegistry } from '../log.ts';
import { classify, OVER_TLS, RedisError } from './errors.ts';

/** All our connections carry this name, so that they are never taken for the application's. */
export const OUR_NAME = 'redis-migrate';

/** How long a server may take to answer, unless somebody is in a hurry. */
export const TIMEOUT_MS = 5_000;

export interface ConnectionDeps {
  readonly passwords: Passwords;
  readonly registry: SecretRegistry;
  /** The password that a cut-over of ours may have locked this server with: tried where the other is refused. */
  readonly alsoTry?: (endpoint: Endpoint) => string | undefined;
}

export interface Connection {
  readonly address: string;
  readonly alive: boolean;
  /** How many commands it has sent, the login included. */
  readonly sent: number;
  /** `command` may have two words, such as `CONFIG GET`. Rejects with RedisError. */
  call(command: string, ...args: string[]): Promise<unknown>;
  close(): void;
}

/** Opens and authenticates. `timeoutMs` bounds the connect and each later command. Rejects with RedisError. */
export async function connect(endpoint: Endpoint, timeoutMs: number, deps: ConnectionDeps): Promise<Connection> {
  const address = addressOf(endpoint);
  const fail = (text: string, command: string, outcomeUnknown: boolean, kind = classify(text)) =>
    new RedisError({ kind, address, command, detail: deps.registry.scrub(text), outcomeUnknown });

  let password: string | undefined;
  let tls: ConnectionOptions | undefined;
  try {
    password = endpoint.password && deps.passwords.resolve(endpoint.password).reveal();
    tls = endpoint.tls ? tlsOptions(endpoint, deps.passwords) : undefined;
  } catch (error) {
    throw fail(messageOf(error), 'AUTH', false, 'secret_missing');
  }

  const client = new Redis({
    host: endpoint.host,
    port: endpoint.port,
    // No user and no password: AUTH may go by another name, which the client does not know.
    ...(tls === undefined ? {} : { tls }),
    protocol: 2,
    disableClientInfo: true,
    lazyConnect: true,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    // Our own choice of when to connect again; and a command whose connection died must reject (libraries.md 4.3).
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    // It would wait for the end of `loading`, which is a thing we want to watch.
    enableReadyCheck: false,
    autoResubscribe: false,
    keepAlive: 10_000,
  });
  // connect() rejects with "Connection is closed." whatever happened: the cause comes only as an event.
  let cause: string | undefined;
  client.on('error', (error: Error) => {
    cause ??= messageOf(error);
  });
  try {
    await client.connect();
    const isBroken = () => cause !== undefined;
    await introduceAtAll(client, endpoint, password, isBroken, deps);
  } catch (error) {
    client.disconnect();
    const text = cause ?? messageOf(error);
    const kind = classify(text);
    const silent = kind === 'timeout' || kind === 'unreachable';
    throw fail(endpoint.tls && silent ? OVER_TLS + text : text, 'AUTH', false, kind);
  }
  const login = endpoint.user !== undefined || password !== undefined ? 2 : 1;
  return open(client, address, endpoint, login, fail);
}

/** By the password of our own lock where the server refuses the other. Rejects when the server does not talk to us. */
async function introduceAtAll(
  client: Redis,
  endpoint: Endpoint,
  password: string | undefined,
  isBroken: () => boolean,
  deps: ConnectionDeps,
): Promise<void> {
  try {
    await introduce(client, endpoint, password, isBroken);
  } catch (error) {
    const lock =
      isReply(error) && classify(messageOf(error)).startsWith('auth_') ? deps.alsoTry?.(endpoint) : undefined;
    if (lock === undefined || isBroken()) throw error;
    try {
      await introduce(client, { ...endpoint, user: undefined }, lock, isBroken);
    } catch {
      // Not locked: what people are to read is what was said of their own password.
      throw error;
    }
  }
}

/** Logs in and gives our name. Rejects when the server does not talk to us. */
async function introduce(
  client: Redis,
  endpoint: Pick<Endpoint, 'renamed'> & { readonly user?: string | undefined },
  password: string | undefined,
  isBroken: () => boolean,
): Promise<void> {
  const { user } = endpoint;
  if (user !== undefined || password !== undefined) {
    const login = [...(user === undefined ? [] : [user]), password ?? ''];
    await client.call(nameOn(endpoint, 'AUTH'), ...login).catch((error: unknown) => {
      // A server that needs no password lets us in all the same.
      if (!isReply(error) || !needsNone(messageOf(error))) throw error;
    });
  }
  // Without a password, a server that accepts and never answers counts as connected: one answer proves that it talks.
  // Not by the option connectionName: ioredis would wait for that answer too, and pass over its absence.
  await client.call(nameOn(endpoint, 'CLIENT'), 'SETNAME', OUR_NAME).catch((error: unknown) => {
    // Any other error (LOADING, MASTERDOWN, NOPERM, no such command) is the answer of a server that talks to us.
    if (!isReply(error) || isBroken() || isTurnedAway(messageOf(error))) throw error;
  });
}

/** The words of a server that lets us in all the same; the last are those of a 2.4 behind our fence. */
export function needsNone(text: string): boolean {
  return /no password is set|without any password configured|link with MASTER is down/i.test(text);
}

/** How this server calls a command: `rename-command` in its configuration. */
export function nameOn(endpoint: Pick<Endpoint, 'renamed'>, command: string): string {
  return endpoint.renamed?.[command.toLowerCase()] ?? command;
}

/** `servername`: the name in the certificate; the host itself when it is left out. */
export function tlsOptions({ host, tlsFiles = {} }: Endpoint, passwords: Passwords): ConnectionOptions {
  const { ca, cert, key, servername } = tlsFiles;
  return {
    ...(ca === undefined ? {} : { ca: passwords.readPem(ca) }),
    ...(cert === undefined ? {} : { cert: passwords.readPem(cert) }),
    ...(key === undefined ? {} : { key: passwords.readPem(key) }),
    // SNI takes names only; the certificate is held against the host either way.
    ...(servername !== undefined ? { servername } : isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized: true,
  };
}

/**
 * Keeps one connection to one server: opened when first needed, again when it has died. Whoever asks while it is being
 * opened waits for that same one, so that commands arrive in the order in which they were given.
 */
export interface ConnectionKeeper {
  /** Rejects with RedisError. After `close` nothing is opened any more. */
  ready(): Promise<Connection>;
  /** How many commands all of its connections have sent. */
  sent(): number;
  /** Closes what is open, so that the next `ready` opens afresh. */
  drop(): void;
  close(): void;
}

export function keepConnection(endpoint: Endpoint, timeoutMs: number, deps: ConnectionDeps): ConnectionKeeper {
  let connection: Connection | null = null;
  let opening: Promise<Connection> | null = null;
  let closed = false;
  /** By connections that are no more. */
  let sentBefore = 0;

  function refuseClosed(): void {
    if (!closed) return;
    const detail = 'we have closed our connection';
    throw new RedisError({
      kind: 'unreachable',
      address: addressOf(endpoint),
      command: 'AUTH',
      detail,
      outcomeUnknown: false,
    });
  }

  async function openOne(): Promise<Connection> {
    try {
      const fresh = await connect(endpoint, timeoutMs, deps);
      sentBefore += connection?.sent ?? 0;
      connection = fresh;
    } finally {
      opening = null;
    }
    if (closed) connection.close();
    refuseClosed();
    return connection;
  }

  return {
    async ready() {
      refuseClosed();
      if (connection?.alive) return connection;
      opening ??= openOne();
      return opening;
    },
    sent: () => sentBefore + (connection?.sent ?? 0),
    drop() {
      connection?.close();
      sentBefore += connection?.sent ?? 0;
      connection = null;
    },
    close() {
      closed = true;
      this.drop();
    },
  };
}

function open(
  client: Redis,
  address: string,
  endpoint: Endpoint,
  login: number,
  fail: (text: string, command: string, outcomeUnknown: boolean) => RedisError,
): Connection {
  // The client counts as ready until the other side has closed as well, which a server that hangs never does.
  let ended = false;
  let sent = login;
  function end(): void {
    ended = true;
    client.disconnect();
  }
  return {
    address,
    get alive() {
      return !ended && (client.status === 'ready' || client.status === 'connect');
    },
    get sent() {
      return sent;
    },
    async call(command, ...args) {
      sent += 1;
      const [name = command, ...more] = command.split(' ');
      try {
        return await client.call(nameOn(endpoint, name), ...more, ...args);
      } catch (error) {
        const answered = isReply(error);
        const neverSent = /isn't writeable/i.test(messageOf(error));
        // Whatever comes after a timeout would be the answer to an older command: this connection has done its work.
        if (!answered) end();
        throw fail(messageOf(error), command, !answered && !neverSent);
      }
    },
    close: end,
  };
}

/** Answers after which a server talks to us no more: no or a wrong password, maxclients reached, protected mode. */
function isTurnedAway(text: string): boolean {
  const kind = classify(text);
  return kind.startsWith('auth_') || kind === 'max_clients' || text.startsWith('DENIED');
}

/** Whether the server itself answered with an error, as against a socket that failed. */
function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node joins the failures of several addresses (::1 and 127.0.0.1) in an AggregateError with an empty message.
  const inner = error instanceof AggregateError ? error.errors.map(messageOf).join(', ') : '';
  const code =
    'code' in error && typeof error.code === 'string' && !error.message.includes(error.code) ? `${error.code} ` : '';
  return `${code}${error.message}${inner}`;
}
