/**
 * The admin server: health, metrics and the state of the migrations as JSON, for machines and for people with curl.
 * Owns one HTTP listener. It changes nothing, takes no input but the path, and knows no secrets. It has no login: it
 * belongs on a loopback or an inner address. When it fails it answers 500 without details, which are in the log.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '../clock.ts';
import { reportMarkdown } from '../domain/report/markdown.ts';
import type { Report } from '../domain/report/report.ts';
import { scrubReport } from '../domain/report/scrub.ts';
import type { MigrationView } from '../domain/view.ts';
import { type Log, SecretRegistry } from '../log.ts';
import type { MetricsRoom } from './metrics.ts';
import { migrationJson } from './migration-json.ts';

/** `why` is a sentence; it is shown when `ok` is false. */
export interface Health {
  readonly ok: boolean;
  readonly why: string;
}

export interface AdminOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly log: Log;
  readonly ready: () => Health;
  /** False when the engine's loop is stuck, so that whoever watches starts the bot anew. Left out: always alive. */
  readonly live?: () => Health;
  readonly metrics: Pick<MetricsRoom, 'text' | 'contentType'>;
  /** Newest first. */
  readonly views: () => readonly MigrationView[];
  readonly view: (id: string) => MigrationView | null;
  /** Null when there is no such migration. */
  readonly report: (id: string) => Report | null;
  /** Taken out of every text once more. */
  readonly secrets?: SecretRegistry;
  readonly clock?: Pick<Clock, 'sleep'>;
}

export interface AdminServer {
  readonly port: number;
  /** Lets answers under way finish for a moment, then cuts what is left. May be called twice. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const CLOSE_AFTER_MS = 500;

/** Rejects with a sentence that names ADMIN_HOST and ADMIN_PORT when the address can't be had. */
export async function startAdminServer(options: AdminOptions): Promise<AdminServer> {
  const server = createServer(
    {
      requestTimeout: 10_000,
      headersTimeout: 5_000,
      keepAliveTimeout: 5_000,
      maxHeaderSize: 8192,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => void handle(request, response, options),
  );
  server.maxConnections = 100;
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    else socket.destroy();
  });
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | null = null;
  return {
    port,
    close() {
      closing ??= closeServer(server, options.clock ?? systemClock);
      return closing;
    },
  };
}

function listen(server: Server, options: AdminOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'the port is taken' : (error.code ?? error.message);
      const where = `${options.host}:${options.port}`;
      reject(
        new Error(`The admin server cannot listen on ${where}: ${why}. Change ADMIN_HOST or ADMIN_PORT.`, {
          cause: error,
        }),
      );
    });
    server.listen({ host: options.host, port: options.port }, () => {
      server.removeAllListeners('error');
      server.on('error', (error) => options.log.error({ err: error }, 'admin server'));
      resolve();
    });
  });
}

async function closeServer(server: Server, clock: Pick<Clock, 'sleep'>): Promise<void> {
  const stopWaiting = new AbortController();
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  const late = clock.sleep(CLOSE_AFTER_MS, stopWaiting.signal).then(() => server.closeAllConnections());
  await closed;
  stopWaiting.abort();
  await late;
}

async function handle(request: IncomingMessage, response: ServerResponse, options: AdminOptions): Promise<void> {
  let answer: Answer;
  try {
    answer = await answerTo(request, options);
  } catch (error) {
    options.log.error({ err: error, path: request.url }, 'admin request failed');
    answer = json(500, { error: 'This could not be answered; the reason is in the log.' });
  }
  const hasBody = carriesBody(request);
  response.writeHead(answer.status, {
    'content-type': answer.type,
    'content-length': Buffer.byteLength(answer.body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'",
    ...(answer.status === 405 ? { allow: 'GET, HEAD' } : {}),
    // What we did not read must not be taken for the next request.
    ...(hasBody ? { connection: 'close' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

async function answerTo(request: IncomingMessage, options: AdminOptions): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return json(405, { error: 'Only GET and HEAD; this server changes nothing.' });
  if (carriesBody(request)) return json(400, { error: 'A request here has no body.' });
  const path = pathOf(request.url);
  if (path === '/livez') return health(options.live?.() ?? { ok: true, why: '' });
  if (path === '/readyz') return health(options.ready());
  if (path === '/metrics')
    return { status: 200, type: options.metrics.contentType, body: await options.metrics.text() };
  const secrets = options.secrets ?? new SecretRegistry();
  if (path === '/migrations')
    return json(200, { migrations: options.views().map((view) => migrationJson(view, secrets)) });
  const [, id, what] = /^\/migrations\/([^/]+)(\/report(?:\.md)?)?$/.exec(path) ?? [];
  if (id === undefined) {
    return json(404, {
      error:
        'Not here. There are /livez, /readyz, /metrics, /migrations, /migrations/:id, /migrations/:id/report and /migrations/:id/report.md.',
    });
  }
  const unknown = () => json(404, { error: 'There is no migration with this id; /migrations lists them.' });
  if (what === undefined) {
    const view = options.view(id);
    return view ? json(200, migrationJson(view, secrets)) : unknown();
  }
  const found = options.report(id);
  if (found === null) return unknown();
  const report = scrubReport(found, (text) => secrets.scrub(text));
  if (what === '/report') return json(200, report);
  return { status: 200, type: 'text/markdown; charset=utf-8', body: reportMarkdown(report) };
}

function health(state: Health): Answer {
  return state.ok ? json(200, { ok: true }) : json(503, { ok: false, why: state.why });
}

function json(status: number, body: unknown): Answer {
  return { status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(body)}\n` };
}

function carriesBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || (request.headers['content-length'] ?? '0') !== '0';
}

/** Without the query; a trailing slash is forgiven. Undecodable paths match nothing. */
function pathOf(url: string | undefined): string {
  const path = (url ?? '/').split('?')[0] ?? '/';
  try {
    return decodeURIComponent(path).replace(/(.)\/$/, '$1');
  } catch {
    return '/?';
  }
}
