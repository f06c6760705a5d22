/**
 * The connection on which Slack's requests come in: a socket (Socket Mode) or an HTTP listener. Owns Bolt's receiver
 * and whether it is up. A socket that is lost is opened again at once, then more and more slowly; Bolt's own way of
 * doing that waits five seconds first, and an unhandled rejection in it would end the process.
 */
import type { Server } from 'node:http';
import { HTTPReceiver, type Logger, type Receiver, SocketModeReceiver } from '@slack/bolt';
import type { WebClientOptions } from '@slack/web-api';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import { backoffMs } from './alarm.ts';

export interface Connection {
  readonly receiver: Receiver;
  /** Resolves when requests can come in; rejects when they never will with these credentials. */
  open(): Promise<void>;
  /** Null when it is up, else why not. */
  problem(): string | null;
  /** The HTTP listener's port; null for a socket. */
  port(): number | null;
  /** May be called twice. */
  close(): Promise<void>;
}

export interface ConnectionDeps {
  readonly config: Pick<Config, 'slack'>;
  readonly clientOptions: () => WebClientOptions;
  readonly boltLogger: Logger;
  readonly clock: Clock;
  readonly log: Log;
  /** Address to listen on in HTTP mode; all of them when it is not given. */
  readonly host?: string | undefined;
}

const CLOSE_MS = 2_000;
const HELLO_MS = 15_000;
/** A socket that lasted less than this is no success. */
const SHORT_LIVED_MS = 5_000;
const HOPELESS = [
  'not_authed',
  'invalid_auth',
  'account_inactive',
  'user_removed_from_team',
  'team_disabled',
  'not_allowed_token_type',
  'missing_scope',
  'token_revoked',
];

export function createConnection(deps: ConnectionDeps): Connection {
  return deps.config.slack.mode.kind === 'socket'
    ? socketConnection(deps, deps.config.slack.mode)
    : httpConnection(deps, deps.config.slack.mode);
}

function socketConnection(
  deps: ConnectionDeps,
  mode: Extract<Config['slack']['mode'], { kind: 'socket' }>,
): Connection {
  const { clock, log } = deps;
  const receiver = new SocketModeReceiver({
    appToken: mode.appToken.reveal(),
    logger: deps.boltLogger,
    // We open it again ourselves.
    autoReconnectEnabled: false,
    // Without a retryConfig of its own the socket client would put one of 100 retries into this object.
    installerOptions: { clientOptions: { ...deps.clientOptions(), retryConfig: { retries: 0 } } },
  });
  const { client } = receiver;
  const closing = new AbortController();
  let up = false;
  let why = 'The socket to Slack has not been opened yet.';
  let lost: (() => void) | null = null;
  let keeping: Promise<void> | null = null;

  client.on('connected', () => {
    up = true;
  });
  client.on('disconnected', () => {
    up = false;
    why = 'The socket to Slack is down.';
    lost?.();
  });

  /** One attempt; rejects when it fails. A server that never says hello counts as one that is not there. */
  async function connect(): Promise<void> {
    const over = new AbortController();
    const started = client.start().then(() => 'hello' as const);
    const result = await Promise.race([
      started,
      clock.sleep(HELLO_MS, over.signal).then(() => 'late' as const),
    ]).finally(() => over.abort());
    if (result === 'hello') return;
    started.catch(() => {});
    void client.disconnect();
    throw new Error('Slack did not say hello on the socket.');
  }

  async function keepOpen(first: { resolve: () => void; reject: (error: unknown) => void }): Promise<void> {
    let failures = 0;
    let wasUp = false;
    while (!closing.signal.aborted) {
      try {
        await connect();
        log.info({ again: wasUp }, 'the socket to Slack is up');
        wasUp = true;
        first.resolve();
        const upAt = clock.monotonicMs();
        await whileUp();
        if (closing.signal.aborted) break;
        log.warn({}, 'the socket to Slack was lost and is opened again');
        failures = clock.monotonicMs() - upAt < SHORT_LIVED_MS ? failures + 1 : 0;
      } catch (error) {
        failures += 1;
        why = `The socket to Slack cannot be opened (${shortly(error)}).`;
        if (!wasUp && isHopeless(slackCode(error))) {
          first.reject(error);
          return;
        }
        log.warn({ failures, why: shortly(error) }, 'the socket to Slack cannot be opened');
      }
      if (failures > 0) await clock.sleep(backoffMs(failures, 30_000), closing.signal);
    }
    first.reject(new Error('The connection to Slack was closed before it was open.'));
  }

  async function whileUp(): Promise<void> {
    if (closing.signal.aborted) await client.disconnect();
    if (up)
      await new Promise<void>((resolve) => {
        lost = resolve;
      });
  }

  return {
    receiver,
    open() {
      return new Promise((resolve, reject) => {
        keeping ??= keepOpen({ resolve, reject });
      });
    },
    problem: () => (up ? null : why),
    port: () => null,
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      lost?.();
      up = false;
      why = 'The socket to Slack was closed.';
      const over = new AbortController();
      // A peer that does not answer the close frame would keep us for thirty seconds.
      await Promise.race([Promise.all([client.disconnect(), keeping]), clock.sleep(CLOSE_MS, over.signal)]);
      over.abort();
    },
  };
}

function httpConnection(deps: ConnectionDeps, mode: Extract<Config['slack']['mode'], { kind: 'http' }>): Connection {
  const receiver = new HTTPReceiver({
    signingSecret: mode.signingSecret.reveal(),
    endpoints: ['/slack/events'],
    logger: deps.boltLogger,
    logLevel: deps.boltLogger.getLevel(),
  });
  let server: Server | null = null;
  return {
    receiver,
    async open() {
      try {
        server = await receiver.start({ port: mode.port, ...(deps.host === undefined ? {} : { host: deps.host }) });
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'no reason given';
        const why = code === 'EADDRINUSE' ? 'the port is taken' : code;
        throw new Error(`Slack's requests cannot be listened for on port ${mode.port}: ${why}. Change PORT.`, {
          cause: error,
        });
      }
    },
    problem: () => (server?.listening ? null : 'The HTTP listener for Slack is not up.'),
    port() {
      const address = server?.address();
      return address !== null && typeof address === 'object' ? address.port : null;
    },
    async close() {
      const closed = server;
      server = null;
      if (!closed) return;
      const over = new AbortController();
      const ended = new Promise<void>((resolve) => closed.close(() => resolve()));
      closed.closeIdleConnections();
      await Promise.race([ended, deps.clock.sleep(CLOSE_MS, over.signal)]);
      over.abort();
      closed.closeAllConnections();
    },
  };
}

/** Slack's code for an error of Bolt's clients; empty when it is none. */
export function slackCode(error: unknown): string {
  if (error === null || typeof error !== 'object' || !('data' in error)) return '';
  const { data } = error;
  return data !== null && typeof data === 'object' && 'error' in data && typeof data.error === 'string'
    ? data.error
    : '';
}

export function isHopeless(code: string): boolean {
  return HOPELESS.includes(code);
}

function shortly(error: unknown): string {
  return slackCode(error) || (error instanceof Error && 'code' in error ? String(error.code) : 'no answer');
}
