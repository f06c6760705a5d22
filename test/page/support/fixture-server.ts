/**
 * The page's server, played by a test: it sends what the test sets and remembers what the page asks for. Serves the
 * built page with a policy that lets nothing in from elsewhere. Owns one listener on loopback, which ends with `close`.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Act, Acted, DemoState } from '../../../src/sandbox/page/state.ts';

const FOLDER = fileURLToPath(new URL('../../../dist-sandbox/page/', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";

export class FixtureServer {
  readonly acts: Act[] = [];
  /** What an act is answered with; may change the state before. */
  answer: (act: Act) => Acted | Promise<Acted> = () => ({ ok: true, trouble: null });
  #state: DemoState;
  #streams = new Set<ServerResponse>();
  #server: Server;
  #refusing = false;

  constructor(state: DemoState) {
    this.#state = state;
    this.#server = createServer((request, response) => {
      const path = (request.url ?? '/').split('?')[0] ?? '/';
      if (path === '/events') this.#join(response);
      else if (path === '/act') {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => void this.#act(Buffer.concat(chunks).toString(), response));
      } else void this.#file(path, response);
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/`;
  }

  get state(): DemoState {
    return this.#state;
  }

  set(change: Partial<DemoState>): void {
    this.#state = { ...this.#state, ...change, version: this.#state.version + 1 };
    for (const stream of this.#streams) this.#send(stream);
  }

  /** As when the demo is stopped and started again: streams break, new ones are refused until `back`. */
  away(): void {
    this.#refusing = true;
    for (const stream of this.#streams) stream.destroy();
    this.#streams.clear();
  }

  back(): void {
    this.#refusing = false;
  }

  async close(): Promise<void> {
    this.away();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #join(response: ServerResponse): void {
    if (this.#refusing) {
      response.writeHead(503).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    this.#streams.add(response);
    response.on('close', () => this.#streams.delete(response));
    this.#send(response);
  }

  #send(stream: ServerResponse): void {
    stream.write(`event: state\ndata: ${JSON.stringify(this.#state)}\n\n`);
  }

  async #act(body: string, response: ServerResponse): Promise<void> {
    const act = JSON.parse(body) as Act;
    this.acts.push(act);
    const answer = await this.answer(act);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }

  async #file(path: string, response: ServerResponse): Promise<void> {
    const file = path === '/' ? 'index.html' : path.slice(1);
    const type = TYPES[extname(file)];
    const body =
      type === undefined || file.includes('..') ? null : await readFile(join(FOLDER, file)).catch(() => null);
    if (type === undefined || body === null) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY }).end(body);
  }
}
