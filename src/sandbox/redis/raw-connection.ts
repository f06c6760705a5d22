/**
 * One connection to one Redis server that never sends a command twice. What was sent and not answered when the
 * connection ends is of unknown outcome: its promise rejects with ConnectionLost, and the caller has to say what that
 * means. It does not reconnect.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type RedisAddress, readTlsFiles, tlsFilesOf } from './address.ts';
import { createRespParser, type Encoding, encodeCommand, RawInline, type Reply, RespError } from './resp.ts';

export type Command = readonly (string | number)[];

export class ConnectionLost extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'ConnectionLost';
  }
}

export interface RawConnection {
  readonly open: boolean;
  /** Error replies come back as RespError values. Rejects with ConnectionLost only. */
  send(...command: Command): Promise<Reply>;
  /** All in one write; replies in the same order. */
  readonly sendAll: (commands: readonly Command[]) => Promise<Reply[]>;
  /** Like sendAll, but each reply by itself, so that those before a cut are not lost with those behind it. */
  sendEach(commands: readonly Command[]): Promise<Reply>[];
  close(): void;
}

export interface RawOptions {
  readonly encoding?: Encoding;
  /** An answer that takes longer ends the connection. */
  readonly timeoutMs?: number;
  /** Shown in CLIENT LIST. */
  readonly name?: string;
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/** Connects and, where there is a password, authenticates. Rejects with ConnectionLost, or with the server's refusal. */
export async function connectRaw(address: RedisAddress, options: RawOptions = {}): Promise<RawConnection> {
  const connection = await dial(address, options);
  try {
    if (address.password) await accepted(connection.send('AUTH', address.password));
    if (options.name) await connection.send('CLIENT', 'SETNAME', options.name);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function accepted(reply: Promise<Reply>): Promise<void> {
  const answer = await reply;
  // The text of a refusal may repeat arguments on some versions, so only its first word is passed on.
  if (answer instanceof RespError)
    throw new ConnectionLost(`the server refused to authenticate: ${answer.message.split(' ')[0] ?? ''}`);
}

async function dial(address: RedisAddress, options: RawOptions): Promise<RawConnection> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const socket = await openSocket(address, timeoutMs);
  const encoding = options.encoding ?? 'utf8';
  const parser = createRespParser(encoding);
  const waiting: Waiting[] = [];
  let open = true;

  function end(why: string): void {
    if (!open) return;
    open = false;
    socket.destroy();
    for (const { reject } of waiting.splice(0)) reject(new ConnectionLost(why));
  }

  socket.on('data', (chunk) => {
    let values: ReturnType<typeof parser.push>;
    try {
      values = parser.push(chunk);
    } catch (error) {
      end((error as Error).message);
      return;
    }
    let next = 0;
    for (const value of values) {
      const first = waiting[next];
      if (first === undefined || value instanceof RawInline) {
        waiting.splice(0, next);
        end('the server sent what nobody asked for');
        return;
      }
      next += 1;
      first.resolve(value);
    }
    // One splice, because shift() on a long array moves all of it, and pipelines make long arrays.
    waiting.splice(0, next);
    socket.setTimeout(waiting.length === 0 ? 0 : timeoutMs);
  });
  socket.on('timeout', () => end(`no answer within ${timeoutMs} ms`));
  socket.on('error', (error: NodeJS.ErrnoException) => end(`the connection broke (${error.code ?? error.message})`));
  socket.on('close', () => end('the server closed the connection'));

  function sendEach(commands: readonly Command[]): Promise<Reply>[] {
    if (!open) return commands.map(() => Promise.reject(new ConnectionLost('the connection is closed')));
    if (waiting.length === 0) socket.setTimeout(timeoutMs);
    const replies = commands.map(() => new Promise<Reply>((resolve, reject) => waiting.push({ resolve, reject })));
    socket.write(commands.map((command) => encodeCommand(command, encoding)).join(''), encoding);
    return replies;
  }

  return {
    get open() {
      return open;
    },
    async send(...command) {
      const [reply] = await Promise.all(sendEach([command]));
      return reply ?? null;
    },
    sendAll: (commands) => Promise.all(sendEach(commands)),
    sendEach,
    close: () => end('closed by us'),
  };
}

function openSocket(address: RedisAddress, timeoutMs: number): Promise<Socket> {
  const { host, port } = address;
  const tls = tlsFilesOf(address);
  return new Promise((resolve, reject) => {
    const socket = tls ? connectTls({ host, port, ...readTlsFiles(tls) }) : connect({ host, port });
    socket.setNoDelay(true);
    const fail = (why: string) => {
      socket.destroy();
      reject(new ConnectionLost(why));
    };
    socket.setTimeout(timeoutMs, () => fail(`no connection within ${timeoutMs} ms`));
    socket.once('error', (error: NodeJS.ErrnoException) => fail(`could not connect (${error.code ?? error.message})`));
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}
