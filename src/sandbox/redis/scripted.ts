/**
 * A TCP server that speaks RESP2 and answers what a script says, for what a real Redis won't do on demand. Owns its
 * listening socket and its connections; keeps no data. A handler that throws closes the connection.
 */
import { createServer, type Socket } from 'node:net';
import type { RedisAddress } from './address.ts';
import { listenOnFreePort } from './ports.ts';
import { createRespParser, isList, RawInline, type RespParser, textOf } from './resp.ts';

/** An answer as it goes over the wire. Made by the encoders below. */
export interface WireReply {
  readonly wire: string;
}

export function status(text: string): WireReply {
  return { wire: `+${text}\r\n` };
}

export function error(text: string): WireReply {
  return { wire: `-${text}\r\n` };
}

export function int(value: number | bigint): WireReply {
  return { wire: `:${value}\r\n` };
}

export function bulk(text: string | null): WireReply {
  return { wire: text === null ? '$-1\r\n' : `$${Buffer.byteLength(text)}\r\n${text}\r\n` };
}

export function array(items: readonly WireReply[] | null): WireReply {
  return { wire: items === null ? '*-1\r\n' : `*${items.length}\r\n${items.map(({ wire }) => wire).join('')}` };
}

export function bulks(texts: readonly (string | null)[]): WireReply {
  return array(texts.map(bulk));
}

export const OK = status('OK');

/** `hang`: nothing more is answered on this connection. `close`: it is closed without an answer. */
export type Answer = WireReply | 'hang' | 'close';

export interface ScriptedConnection {
  /** 1 for the first connection to this server. */
  readonly id: number;
  /** The port that the client came from. */
  readonly clientPort: number;
}

/** The command's first word is as it was sent, upper or lower case. */
export type Handler = (command: readonly string[], connection: ScriptedConnection) => Answer | Promise<Answer>;

export interface ScriptedOptions {
  readonly handler: Handler;
  /** Asked for like a Redis 7 with requirepass: NOAUTH before, WRONGPASS for another. AUTH never reaches the handler. */
  readonly password?: string;
  /** A free one when left out. */
  readonly port?: number;
  readonly onClose?: (connection: ScriptedConnection) => void;
}

export interface ScriptedServer extends RedisAddress {
  readonly host: '127.0.0.1';
  /** What was asked, in order, without AUTH's arguments. The last 1,000. */
  readonly received: readonly (readonly string[])[];
  readonly connections: number;
  /** Answers by another script from now on. */
  use(handler: Handler): void;
  /** Closes every connection; new ones are welcome. */
  drop(): void;
  /** May be called twice. */
  readonly close: () => Promise<void>;
}

const KEPT = 1_000;

export async function startScripted(options: ScriptedOptions): Promise<ScriptedServer> {
  const sockets = new Set<Socket>();
  const received: (readonly string[])[] = [];
  let handler = options.handler;
  let opened = 0;

  const server = createServer({ noDelay: true }, (socket) => {
    opened += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const connection: ScriptedConnection = { id: opened, clientPort: socket.remotePort ?? 0 };
    socket.once('close', () => options.onClose?.(connection));
    serve(socket, connection);
  });

  function serve(socket: Socket, connection: ScriptedConnection): void {
    const parser = createRespParser();
    let admitted = options.password === undefined;
    // One after the other: answers keep the order of the questions, also when a handler takes its time.
    let last: Promise<void> = Promise.resolve();

    async function answer(command: readonly string[]): Promise<void> {
      if (socket.destroyed) return;
      const given = await answerTo(command);
      if (given === 'hang') return new Promise(() => {});
      if (given === 'close') socket.destroy();
      else if (!socket.destroyed) socket.write(given.wire);
    }

    function answerTo(command: readonly string[]): Answer | Promise<Answer> {
      const name = command[0]?.toUpperCase() ?? '';
      received.push(name === 'AUTH' || name === 'HELLO' ? [name] : command);
      if (received.length > KEPT) received.shift();
      if (name === 'QUIT') return 'close';
      if (options.password === undefined) return handler(command, connection);
      if (name === 'AUTH') {
        admitted = command.at(-1) === options.password && (command.length === 2 || command[1] === 'default');
        return admitted ? OK : error('WRONGPASS invalid username-password pair or user is disabled.');
      }
      return admitted ? handler(command, connection) : error('NOAUTH Authentication required.');
    }

    socket.on('data', (chunk) => {
      for (const command of commandsIn(parser, chunk)) {
        if (command === undefined) {
          socket.end(error('ERR Protocol error').wire);
          return;
        }
        last = last.then(() => answer(command)).catch(() => void socket.destroy());
      }
    });
  }

  const port = await listenOnFreePort(server, options.port);
  let closing: Promise<void> | undefined;
  return {
    host: '127.0.0.1',
    port,
    password: options.password,
    received,
    get connections() {
      return sockets.size;
    },
    use(next) {
      handler = next;
    },
    drop() {
      for (const socket of sockets) socket.destroy();
    },
    close() {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
      return closing;
    },
  };
}

/** Undefined for what is no command. */
function commandsIn(parser: RespParser, chunk: Buffer): (readonly string[] | undefined)[] {
  try {
    return parser.push(chunk).flatMap((value) => {
      if (value instanceof RawInline) return value.words.length === 0 ? [] : [value.words];
      if (!isList(value)) return [undefined];
      return value.length === 0 ? [] : [value.map((word) => textOf(word))];
    });
  } catch {
    return [undefined];
  }
}
