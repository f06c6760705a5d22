/**
 * Slack's side of Socket Mode: single-use tickets, the hello, envelopes and their acknowledgements, pings, and the ways
 * in which Slack ends a connection. Owns the open connections. An envelope goes to one of them, in turn.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { isObject, type JsonObject, parseJson } from './json.ts';
import type { Workspace } from './workspace.ts';

const PING_MS = 5_000;
export const ACK_LIMIT_MS = 3_000;

export type EnvelopeType = 'slash_commands' | 'interactive' | 'events_api';

export interface Acknowledgement {
  /** Null: not within three seconds, or there was nobody to ask. */
  readonly ackMs: number | null;
  /** What the bot answered with the acknowledgement; null for an empty one. */
  readonly body: unknown;
  /** Why there was none, as a sentence. */
  readonly trouble: string | null;
}

/** `drop`: the TCP connection dies. `close`: a WebSocket close frame. The others: Slack's own envelope asks to go. */
export type DisconnectHow = 'drop' | 'close' | 'refresh_requested' | 'warning' | 'link_disabled';

export class SocketMode {
  readonly #workspace: Workspace;
  readonly #server = new WebSocketServer({ noServer: true });
  readonly #tickets = new Set<string>();
  readonly #sockets: WebSocket[] = [];
  readonly #waiting = new Map<string, (body: unknown) => void>();
  #turn = 0;
  #acksToLose = 0;
  /** While true, connections are refused with HTTP 503. */
  refusing = false;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  get connected(): number {
    return this.#sockets.length;
  }

  newTicket(): string {
    const ticket = Buffer.from(this.#workspace.clock.randomBytes(16)).toString('hex');
    this.#tickets.add(ticket);
    return ticket;
  }

  /** The bot's acknowledgement is received and thrown away, as if the network had lost it. */
  loseAcks(times: number): void {
    this.#acksToLose = times;
  }

  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const ticket = url.searchParams.get('ticket') ?? '';
    const refusal = this.refusing
      ? '503 Service Unavailable'
      : this.#tickets.delete(ticket)
        ? null
        : '401 Unauthorized';
    if (refusal !== null || url.pathname !== '/link/') {
      stream.end(`HTTP/1.1 ${refusal ?? '404 Not Found'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#server.handleUpgrade(request, stream, head, (socket) => this.#welcome(socket));
  }

  send(
    type: EnvelopeType,
    payload: JsonObject,
    retry: { readonly attempt: number; readonly reason: string } | null,
  ): Promise<Acknowledgement> {
    const { clock } = this.#workspace;
    const socket = this.#sockets[this.#turn++ % Math.max(1, this.#sockets.length)];
    if (socket === undefined) return Promise.resolve({ ackMs: null, body: null, trouble: 'The app is not connected.' });
    const envelope = {
      envelope_id: crypto.randomUUID(),
      type,
      payload,
      accepts_response_payload: type !== 'events_api',
      ...(type === 'events_api' ? { retry_attempt: retry?.attempt ?? 0, retry_reason: retry?.reason ?? '' } : {}),
    };
    const started = clock.monotonicMs();
    return new Promise((resolve) => {
      const settle = (result: Acknowledgement) => {
        clearTimeout(timer);
        socket.off('close', gone);
        this.#waiting.delete(envelope.envelope_id);
        resolve(result);
      };
      const gone = () =>
        settle({ ackMs: null, body: null, trouble: 'The connection was lost before the app answered.' });
      const timer = setTimeout(
        () => settle({ ackMs: null, body: null, trouble: 'The app did not answer within 3 seconds.' }),
        ACK_LIMIT_MS,
      );
      socket.once('close', gone);
      this.#waiting.set(envelope.envelope_id, (body) => {
        const empty = !isObject(body) || Object.keys(body).length === 0;
        settle({ ackMs: clock.monotonicMs() - started, body: empty ? null : body, trouble: null });
      });
      socket.send(JSON.stringify(envelope));
    });
  }

  disconnect(how: DisconnectHow): void {
    for (const socket of this.#sockets.slice()) {
      if (how === 'drop') socket.terminate();
      else if (how === 'close') socket.close(1001);
      else socket.send(JSON.stringify({ type: 'disconnect', reason: how, debug_info: { host: 'sandbox' } }));
    }
  }

  close(): void {
    for (const socket of this.#sockets.slice()) socket.terminate();
    this.#server.close();
  }

  #welcome(socket: WebSocket): void {
    this.#sockets.push(socket);
    const ping = setInterval(() => socket.ping('Ping from sandbox'), PING_MS);
    socket.on('message', (data: Buffer) => this.#receive(data.toString()));
    // A broken connection always ends in 'close' as well.
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(ping);
      this.#sockets.splice(this.#sockets.indexOf(socket), 1);
      this.#workspace.announce({ kind: 'socket', connected: this.connected });
    });
    socket.send(
      JSON.stringify({
        type: 'hello',
        num_connections: this.connected,
        debug_info: { host: 'sandbox', build_number: 1, approximate_connection_time: 18060 },
        connection_info: { app_id: this.#workspace.appId },
      }),
    );
    this.#workspace.announce({ kind: 'socket', connected: this.connected });
  }

  #receive(text: string): void {
    const message = parseJson(text);
    if (!isObject(message) || typeof message['envelope_id'] !== 'string') return;
    if (this.#acksToLose > 0) {
      this.#acksToLose -= 1;
      return;
    }
    this.#waiting.get(message['envelope_id'])?.(message['payload']);
  }
}
