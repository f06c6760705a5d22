/**
 * The only place that changes a server. Owns one connection. Each command is sent once; the answer is reported and
 * never believed: what was done is what the next look shows.
 */
import { addressOf, type Endpoint } from '../domain/endpoint.ts';
import type { Secret } from '../domain/secret.ts';
import { type ConnectionDeps, keepConnection, TIMEOUT_MS } from './connection.ts';
import { RedisError } from './errors.ts';

/**
 * `ok`: the server said OK. `refused`: it was not done. `unknown`: it was sent and no answer came; look before you
 * send it again. `detail` is a sentence.
 */
export interface Outcome {
  readonly kind: 'ok' | 'refused' | 'unknown';
  readonly detail: string;
}

export interface Operator {
  /** Opens the connection now, so that a later command costs one round trip. Rejects with RedisError. */
  warm(): Promise<void>;
  setConfig(name: string, value: string | Secret): Promise<Outcome>;
  /** SLAVEOF host port: follow that server, from its point of view `host` and `port`. */
  follow(host: string, port: number): Promise<Outcome>;
  /** SLAVEOF NO ONE: be a master. */
  followNobody(): Promise<Outcome>;
  /** CLIENT PAUSE ms WRITE, Redis 6.2 and later. Ends by itself. */
  pauseWrites(ms: number): Promise<Outcome>;
  unpause(): Promise<Outcome>;
  /** SHUTDOWN, which saves as the server's configuration says. It answers only when it is refused: a look tells the rest. */
  shutdown(): Promise<Outcome>;
  /**
   * A user that may replicate and nothing else, in the memory of this server alone: no file is written. Replaces one of
   * the same name, with its passwords. 6.0 and later.
   */
  makeReplicationUser(name: string, password: Secret): Promise<Outcome>;
  /** Also ends the connections of that user. 6.0 and later. */
  removeUser(name: string): Promise<Outcome>;
  /** What waits for its connection is not sent any more. */
  close(): void;
}

/** `timeoutMs` bounds the connect and each command. */
export function createOperator(endpoint: Endpoint, deps: ConnectionDeps, timeoutMs: number = TIMEOUT_MS): Operator {
  const connection = keepConnection(endpoint, timeoutMs, deps);

  async function send(command: string, ...args: string[]): Promise<Outcome> {
    try {
      const reply = await (await connection.ready()).call(command, ...args);
      return { kind: 'ok', detail: `${addressOf(endpoint)} answered ${deps.registry.scrub(String(reply))}.` };
    } catch (error) {
      if (!(error instanceof RedisError)) throw error;
      return { kind: error.outcomeUnknown ? 'unknown' : 'refused', detail: error.message };
    }
  }

  return {
    async warm() {
      await connection.ready();
    },
    setConfig: (name, value) => send('CONFIG SET', name, typeof value === 'string' ? value : value.reveal()),
    // SLAVEOF and not REPLICAOF: every version of both families knows it.
    follow: (host, port) => send('SLAVEOF', host, String(port)),
    followNobody: () => send('SLAVEOF', 'NO', 'ONE'),
    pauseWrites: (ms) => send('CLIENT PAUSE', String(ms), 'WRITE'),
    unpause: () => send('CLIENT UNPAUSE'),
    shutdown: () => send('SHUTDOWN'),
    // What a replica sends to log in and to resume, from 6.0 to 8.0 and Valkey 9.1; `reset` takes all other rights.
    makeReplicationUser: (name, password) =>
      send('ACL SETUSER', name, 'reset', 'on', `>${password.reveal()}`, '+psync', '+replconf', '+ping'),
    removeUser: (name) => send('ACL DELUSER', name),
    close: () => connection.close(),
  };
}
