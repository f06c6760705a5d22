/**
 * The page's server on loopback: the built client, `GET /events` (the whole state, newest only) and `POST /act` (what a
 * person does). Owns one listener and the open answers. It lets no other web page in: a name that is not loopback and a
 * foreign Origin are refused, so that neither a link nor a rebound name can drive the demo. It knows no token.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listenOnFreePort } from '../redis/ports.ts';
import type { SandboxSlack } from '../slack/index.ts';
import { parseJson } from '../slack/json.ts';
import { carryOut, readAct, type WorldSource } from './acts.ts';
import { Events } from './events.ts';
import { pageFile } from './files.ts';
import { headersOf } from './shared-file.ts';
import { slackState } from './slack-state.ts';
import type { Acted, DemoState } from './state.ts';

export interface PageServerOptions {
  readonly slack: SandboxSlack;
  readonly world: WorldSource;
  /** Where the built client is. */
  readonly folder: string;
  /** The workspace's name. */
  readonly team: string;
  /** User id → `requester`, `approver`; who is not in it is nobody. */
  readonly roles: ReadonlyMap<string, string>;
  /** A free one when left out. */
  readonly port?: number;
}

export interface PageServer {
  readonly port: number;
  readonly url: string;
  /** Cuts what is open. May be called twice. */
  close(): Promise<void>;
}

const MOST_BODY_BYTES = 65_536;

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy':
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; frame-ancestors 'none'; form-action 'none'; base-uri 'none'",
};

export async function startPageServer(options: PageServerOptions): Promise<PageServer> {
  const { slack, world, team, roles } = options;
  const events = new Events({
    render: (version) =>
      JSON.stringify({ version, ...slackState(slack, team, roles), world: world.state() } satisfies DemoState),
  });
  const leaveSlack = slack.on('change', () => events.touch());
  const leaveWorld = world.onChange(() => events.touch());
  const server = createServer((request, response) => {
    handle(request, response, options, events).catch((error: unknown) => {
      if (!response.headersSent) refuse(response, 500, `The demo made a mistake of its own: ${String(error)}`);
      else response.destroy();
    });
  });
  const port = await listenOnFreePort(server, options.port);
  let closing: Promise<void> | undefined;
  return {
    port,
    url: `http://127.0.0.1:${port}/`,
    close() {
      leaveSlack();
      leaveWorld();
      events.close();
      closing ??= stop(server);
      return closing;
    },
  };
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  options: PageServerOptions,
  events: Events,
): Promise<void> {
  const host = request.headers.host ?? '';
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host))
    return refuse(response, 403, 'This page answers only at 127.0.0.1 and localhost.');
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  if (path === '/act') return act(request, response, options, host);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return refuse(response, 405, 'Only GET and HEAD are understood here.');
  }
  if (path === '/events' && request.method === 'GET') return events.join(response);
  if (path.startsWith('/files/')) return sharedFile(request, response, options.slack);
  const file = await pageFile(options.folder, path);
  if (file === null) return refuse(response, 404, 'There is nothing at this address.');
  response.writeHead(200, { ...HEADERS, 'content-type': file.type, 'content-length': Buffer.byteLength(file.body) });
  response.end(request.method === 'HEAD' ? undefined : file.body);
}

function sharedFile(request: IncomingMessage, response: ServerResponse, slack: SandboxSlack): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
  const file = slack.file(pathname.slice('/files/'.length));
  if (file === null) return refuse(response, 404, 'There is no such file.');
  response.writeHead(200, { ...HEADERS, ...headersOf(file, searchParams.has('download')) });
  response.end(request.method === 'HEAD' ? undefined : file.content);
}

async function act(
  request: IncomingMessage,
  response: ServerResponse,
  { slack, world }: PageServerOptions,
  host: string,
): Promise<void> {
  if (request.method !== 'POST') {
    response.setHeader('allow', 'POST');
    return refuse(response, 405, 'What a person does is sent by POST.');
  }
  // A browser always says where a POST comes from; tools on this machine don't have to.
  const { origin } = request.headers;
  if (origin !== undefined && origin !== `http://${host}`)
    return refuse(response, 403, 'Another web page may not drive the demo.');
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return refuse(response, 403, 'Another web page may not drive the demo.');
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
    return refuse(response, 415, 'What a person does is sent as JSON.');
  const body = await read(request);
  if (body === null) return refuse(response, 413, 'This is more than anybody can do at once: 64 kB at most.');
  const wanted = readAct(parseJson(body));
  if (wanted === null) return refuse(response, 400, 'This is nothing that a person can do here.');
  send(response, 200, await carryOut(wanted, slack, world));
}

/** Null: too long; the rest stays unread, and the connection ends with the answer. */
function read(request: IncomingMessage): Promise<string | null> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > MOST_BODY_BYTES) return resolve(null);
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= MOST_BODY_BYTES) return;
      request.pause();
      resolve(null);
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString()));
    request.on('error', reject);
  });
}

function refuse(response: ServerResponse, status: number, trouble: string): void {
  // What we did not read must not be taken for the next request.
  response.setHeader('connection', 'close');
  send(response, status, { ok: false, trouble });
}

function send(response: ServerResponse, status: number, answer: Acted): void {
  const body = JSON.stringify(answer);
  response.writeHead(status, {
    ...HEADERS,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
