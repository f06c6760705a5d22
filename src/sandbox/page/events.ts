/**
 * Server-sent events: the newest state to everybody who listens, at most ten times a second. Owns the open answers. Who
 * reads too slowly misses states, never the newest one; who is gone is forgotten.
 */
import type { ServerResponse } from 'node:http';

export interface EventsOptions {
  /** The state as JSON; asked only when somebody listens. */
  readonly render: (version: number) => string;
  /** Default 100. */
  readonly everyMs?: number;
  /** Default 15,000. */
  readonly heartbeatMs?: number;
}

const EVERY_MS = 100;
const HEARTBEAT_MS = 15_000;

export class Events {
  readonly #options: EventsOptions;
  /** Whether the listener has still to be sent the newest state. */
  readonly #listeners = new Map<ServerResponse, boolean>();
  readonly #heartbeat: NodeJS.Timeout;
  #timer: NodeJS.Timeout | null = null;
  #changed = false;
  #version = 0;
  #newest: string | null = null;

  constructor(options: EventsOptions) {
    this.#options = options;
    this.#heartbeat = setInterval(() => this.#beat(), options.heartbeatMs ?? HEARTBEAT_MS);
  }

  /** Answers a request with the state of now and all that come. */
  join(response: ServerResponse): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    response.socket?.setNoDelay(true);
    // A page whose server is gone asks again this often.
    response.write('retry: 1000\n\n');
    this.#listeners.set(response, false);
    response.on('close', () => this.#listeners.delete(response));
    response.on('drain', () => {
      if (this.#listeners.get(response) === true) this.#send(response);
    });
    if (this.#newest === null || this.#changed) this.#renew();
    this.#send(response);
  }

  /** Something may have changed. */
  touch(): void {
    this.#changed = true;
    if (this.#listeners.size > 0) this.#schedule();
  }

  /** Ends all streams, each with the newest state: what was seen last is what stays on the page. */
  close(): void {
    if (this.#changed && this.#listeners.size > 0) this.#tell();
    clearInterval(this.#heartbeat);
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const response of this.#listeners.keys()) response.end();
    this.#listeners.clear();
  }

  /** At once when it was quiet; later changes wait for the end of the interval, together. */
  #schedule(): void {
    if (this.#timer !== null) return;
    this.#tell();
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#changed && this.#listeners.size > 0) this.#schedule();
    }, this.#options.everyMs ?? EVERY_MS);
  }

  #tell(): void {
    this.#renew();
    for (const response of this.#listeners.keys()) this.#send(response);
  }

  #renew(): void {
    this.#changed = false;
    this.#version += 1;
    this.#newest = `event: state\nid: ${this.#version}\ndata: ${this.#options.render(this.#version)}\n\n`;
  }

  #send(response: ServerResponse): void {
    const late = response.writableNeedDrain;
    this.#listeners.set(response, late);
    if (!late && this.#newest !== null) response.write(this.#newest);
  }

  #beat(): void {
    for (const response of this.#listeners.keys()) if (!response.writableNeedDrain) response.write(': here\n\n');
  }
}
