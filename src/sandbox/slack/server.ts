/**
 * The sandbox's one port, on loopback: `/api/METHOD`, `/response/…` (response URLs), `/upload/…`, and the WebSocket of
 * Socket Mode at `/link/`. Owns the listener; knows no rule of Slack's. Closing it cuts what is still open.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parse as parseForm } from 'node:querystring';
import { isObject, type JsonObject, parseJson, stringAt } from './json.ts';
import { SlackRefusal } from './refusal.ts';
import type { SocketMode } from './socket-mode.ts';
import type { WebApi } from './web-api.ts';

interface Parts {
  readonly api: WebApi;
  readonly sockets: SocketMode;
  /** An answer by response URL; throws a SlackRefusal. */
  readonly respond: (id: string, body: JsonObject) => void;
  /** False: no such upload. */
  readonly upload: (id: string, content: Buffer) => boolean;
}

export interface SandboxServer {
  readonly port: number;
  close(): Promise<void>;
}

export async function listen(port: number, parts: Parts): Promise<SandboxServer> {
  const server = createServer((request, response) => {
    handle(parts, request, response).catch((error: unknown) => {
      // A mistake of the sandbox's own; the test that meets it should read it.
      send(response, 500, { ok: false, error: 'fatal_error', detail: String(error) });
    });
  });
  server.on('upgrade', (request, stream, head) => parts.sockets.upgrade(request, stream, head));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => stop(server) };
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function handle(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const body = await read(request);
  const [, area, ...rest] = url.pathname.split('/');
  if (area === 'api') {
    const input = { ...Object.fromEntries(url.searchParams), ...decodeBody(request, body) };
    const bearer = /^Bearer (.*)$/i.exec(request.headers.authorization ?? '')?.[1];
    const answer = await parts.api.call(rest.join('/'), bearer ?? stringAt(input, 'token'), input);
    if (answer.kind === 'cut') request.socket.destroy();
    else send(response, answer.status, answer.body, answer.headers);
  } else if (area === 'response' && request.method === 'POST') {
    respond(parts, rest.join('/'), decodeBody(request, body), response);
  } else if (area === 'upload' && request.method === 'POST') {
    const found = parts.upload(rest[0] ?? '', fileOf(request, body));
    response
      .writeHead(found ? 200 : 404, { 'content-type': 'text/plain' })
      .end(found ? `OK - ${body.length}` : 'not found');
  } else {
    send(response, 404, { ok: false, error: 'not_found' });
  }
}

function respond(parts: Parts, id: string, body: JsonObject, response: ServerResponse): void {
  try {
    parts.respond(id, body);
    response.writeHead(200, { 'content-type': 'text/plain' }).end('ok');
  } catch (error) {
    if (!(error instanceof SlackRefusal)) throw error;
    const gone = error.code === 'used_url' || error.code === 'expired_url';
    send(response, gone ? 404 : 400, { ok: false, error: error.code, ...error.extra });
  }
}

function send(
  response: ServerResponse,
  status: number,
  body: JsonObject,
  headers: Readonly<Record<string, string>> = {},
): void {
  response
    .writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
    .end(JSON.stringify(body));
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function decodeBody(request: IncomingMessage, body: Buffer): JsonObject {
  const type = request.headers['content-type'] ?? '';
  const text = body.toString();
  if (type.startsWith('application/json')) {
    const json = parseJson(text);
    return isObject(json) ? json : {};
  }
  if (type.startsWith('application/x-www-form-urlencoded')) return { ...parseForm(text) };
  return {};
}

/** The uploaded bytes: the whole body, or the first part of a multipart form, which is how @slack/web-api sends them. */
function fileOf(request: IncomingMessage, body: Buffer): Buffer {
  const boundary = /boundary="?([^";]+)"?/.exec(request.headers['content-type'] ?? '')?.[1];
  if (boundary === undefined) return body;
  const start = body.indexOf('\r\n\r\n');
  const end = body.indexOf(`\r\n--${boundary}`, start);
  return start < 0 || end < 0 ? Buffer.alloc(0) : body.subarray(start + 4, end);
}
