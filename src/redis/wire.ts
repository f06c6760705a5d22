/**
 * One connection of our own to one server, for commands that must arrive together: a packet is written at once, and the
 * server carries it out without serving anybody in between. It may become a MONITOR, which a client library cannot share
 * with other commands. Owns the socket. Never reconnects, never resends; a packet whose answers do not all come ends it.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { addressOf, type Endpoint } from '../domain/endpoint.ts';
import { type ConnectionDeps, nameOn, needsNone, TIMEOUT_MS, tlsOptions } from './connection.ts';
import { classify, RedisError } from './errors.ts';
import { type Answer, createAnswerReader, encodeCommand, isFeed } from './resp.ts';

export interface Wire {
  readonly alive: boolean;
  /** Port of our end, by which a server that names no clients tells us from others. */
  readonly localPort: number;
  /** Whether our own password was refused, and the one of a lock of ours taken. */
  readonly byLock: boolean;
  /** One answer a command, in order; what the server refused is an answer too. Rejects with RedisError. */
  packet(commands: readonly (readonly string[])[]): Promise<readonly Answer[]>;
  close(): void;
}

/** The name of such connections. */
const WIRE_NAME = 'redis-migrate-lock';

/** Opens and logs in, by the password of our own lock where the server refuses the other. Rejects with RedisError. */
export async function openWire(
  endpoint: Endpoint,
  deps: ConnectionDeps,
  timeoutMs: number = TIMEOUT_MS,
): Promise<Wire> {
  const address = addressOf(endpoint);
  const fail = (text: string, command: string, outcomeUnknown: boolean) =>
    new RedisError({
      kind: classify(text),
      address,
      command,
      detail: deps.registry.scrub(text),
      outcomeUnknown,
    });
  const socket = await openSocket(endpoint, deps, timeoutMs).catch((error: unknown) => {
    throw fail(textOf(error), 'AUTH', false);
  });
  const packet = talkOver(socket, timeoutMs, fail);
  let byLock = false;
  try {
    byLock = await logIn(endpoint, deps, packet, fail);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return {
    get alive() {
      return !socket.destroyed && socket.writable;
    },
    localPort: socket.localPort ?? 0,
    byLock,
    packet: (commands) => packet(commands.map(([name = '', ...words]) => [nameOn(endpoint, name), ...words])),
    close: () => socket.destroy(),
  };
}

type Packet = (commands: readonly (readonly string[])[]) => Promise<readonly Answer[]>;
type Fail = (text: string, command: string, outcomeUnknown: boolean) => RedisError;

async function openSocket(endpoint: Endpoint, deps: ConnectionDeps, timeoutMs: number): Promise<Socket> {
  const { host, port } = endpoint;
  const socket = endpoint.tls
    ? connectTls({ host, port, ...tlsOptions(endpoint, deps.passwords) })
    : connectTcp({ host, port });
  socket.setNoDelay(true);
  const ready = endpoint.tls ? 'secureConnect' : 'connect';
  await new Promise<void>((resolve, reject) => {
    const end = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(timeoutMs, () => end(new Error('connect ETIMEDOUT')));
    socket.once('error', end);
    socket.once(ready, () => {
      socket.setTimeout(0);
      socket.removeListener('error', end);
      resolve();
    });
  });
  return socket;
}

/** Answers go to the packets in the order in which these were written; lines of a MONITOR's feed go nowhere. */
function talkOver(socket: Socket, timeoutMs: number, fail: Fail): Packet {
  const reader = createAnswerReader();
  const waiting: { readonly many: number; readonly got: Answer[]; done(): void; lost(text: string): void }[] = [];
  const end = (text: string) => {
    socket.destroy();
    for (const one of waiting.splice(0)) one.lost(text);
  };
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const answer of reader.push(chunk)) {
        if (isFeed(answer)) continue;
        const [first] = waiting;
        if (!first) continue;
        first.got.push(answer);
        if (first.got.length < first.many) continue;
        waiting.shift();
        if (waiting.length === 0) socket.setTimeout(0);
        first.done();
      }
    } catch (error) {
      end(textOf(error));
    }
  });
  socket.on('timeout', () => end('timed out'));
  socket.on('error', (error) => end(textOf(error)));
  socket.on('close', () => end('the connection was closed'));
  return (commands) =>
    new Promise((resolve, reject) => {
      const [name = ''] = commands[0] ?? [];
      if (socket.destroyed || !socket.writable) {
        reject(fail('the connection was closed', name, false));
        return;
      }
      const got: Answer[] = [];
      waiting.push({
        many: commands.length,
        got,
        done: () => resolve(got),
        lost: (text) => reject(fail(text, name, true)),
      });
      // Only while somebody waits: a connection that has nothing to say may be silent for long.
      socket.setTimeout(timeoutMs);
      socket.write(commands.map(encodeCommand).join(''));
    });
}

/** Whether it took the password of our own lock. */
async function logIn(endpoint: Endpoint, deps: ConnectionDeps, packet: Packet, fail: Fail): Promise<boolean> {
  const auth = async (words: readonly string[]) => (await packet([[nameOn(endpoint, 'AUTH'), ...words]]))[0];
  const { user } = endpoint;
  const password = endpoint.password && deps.passwords.resolve(endpoint.password).reveal();
  let refused: string | null = null;
  if (user !== undefined || password !== undefined) {
    const answer = await auth([...(user === undefined ? [] : [user]), password ?? '']);
    if (answer?.kind === 'error' && !needsNone(answer.text)) refused = answer.text;
  }
  if (refused === null) {
    const [answer] = await packet([[nameOn(endpoint, 'CLIENT'), 'SETNAME', WIRE_NAME]]);
    // Any other error is the answer of a server that talks to us.
    if (answer?.kind !== 'error' || !classify(answer.text).startsWith('auth_')) return false;
    refused = answer.text;
  }
  const lock = deps.alsoTry?.(endpoint);
  if (lock !== undefined && (await auth([lock]))?.kind !== 'error') {
    await packet([[nameOn(endpoint, 'CLIENT'), 'SETNAME', WIRE_NAME]]);
    return true;
  }
  throw fail(refused, 'AUTH', false);
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code} ` : '';
  return `${code}${error.message}`;
}
