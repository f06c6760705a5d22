/**
 * A receiver of webhooks as an operator would write one: it looks at signature and time, does each hook once however often
 * it comes, and can be told to misbehave. Owns one listener on loopback and the ids that it has seen.
 */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HookKind, type HookShard, hookKey, hookSignature } from '../domain/hook.ts';
import { listenOnFreePort } from './redis/ports.ts';

/** What has arrived, as it is read back from the wire. */
export interface ReceivedHook {
  readonly id: string;
  readonly kind: HookKind;
  readonly at: string;
  readonly migration: {
    readonly id: string;
    readonly name: string;
    readonly cutover: string;
    readonly requestedBy: string;
  };
  readonly text: string;
  readonly reason: string | null;
  readonly shards: readonly HookShard[];
}

/** Every request, good or bad. */
export interface HookRequest {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type HookBehaviour =
  | { readonly kind: 'accept' }
  /** `only`: other kinds are accepted. */
  | { readonly kind: 'refuse'; readonly status?: number; readonly text: string; readonly only?: HookKind }
  /** Does what it is asked, and answers so much later. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** Never answers, until it closes. */
  | { readonly kind: 'hang'; readonly times?: number }
  /** Answers `status`, 500 when left out, so many times before it accepts. */
  | {
      readonly kind: 'fail';
      readonly times: number;
      readonly status?: number;
      readonly text?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Ends the connection without an answer, so many times before it accepts. */
  | { readonly kind: 'close'; readonly times: number };

export interface HookReceiverOptions {
  /** As in HOOK_SECRET; null: whatever comes is believed. */
  readonly secret: string | null;
  /** Once for each hook. When it fails the answer is 500, and the next attempt is a first one again. */
  readonly onHook: (hook: ReceivedHook) => void | Promise<void>;
  /** Wall-clock milliseconds; the machine's when left out. */
  readonly now?: () => number;
}

export interface HookReceiver {
  /** For HOOK_URL. */
  readonly url: string;
  readonly requests: readonly HookRequest[];
  behave(behaviour: HookBehaviour): void;
  /** Cuts what is open. May be called twice. */
  close(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const PATH = '/hooks';
const TOLERANCE_SECONDS = 300;
const MOST_BODY_BYTES = 1024 ** 2;
const DONE: Reply = { status: 200, text: 'done' };

export async function startHookReceiver(options: HookReceiverOptions): Promise<HookReceiver> {
  const key = options.secret === null ? null : hookKey(options.secret);
  const now = options.now ?? Date.now;
  const requests: HookRequest[] = [];
  const closing = new AbortController();
  /** By id. What is under way is there too: another attempt at it waits for the first. */
  const done = new Map<string, Promise<Reply>>();
  let behaviour: HookBehaviour = { kind: 'accept' };

  /** What is done to this request; one that counts down counts it. */
  function nextBehaviour(): HookBehaviour {
    const how = behaviour;
    if ('times' in how && how.times !== undefined)
      behaviour = how.times > 1 ? { ...how, times: how.times - 1 } : { kind: 'accept' };
    return how;
  }

  async function answerTo(request: HookRequest): Promise<Reply | 'close' | 'nothing'> {
    const how = nextBehaviour();
    switch (how.kind) {
      case 'accept':
        return accept(request);
      case 'refuse':
        return accept(request, how);
      case 'slow': {
        const reply = await accept(request);
        await sleep(how.ms, null, { signal: closing.signal });
        return reply;
      }
      case 'hang':
        return 'nothing';
      case 'close':
        return 'close';
      case 'fail':
        return { status: how.status ?? 500, text: how.text ?? 'out of order', headers: how.headers ?? {} };
    }
  }

  async function accept(
    { headers, body }: HookRequest,
    refusal?: Extract<HookBehaviour, { kind: 'refuse' }>,
  ): Promise<Reply> {
    const id = String(headers['webhook-id'] ?? '');
    if (key !== null) {
      const problem = signatureProblem(key, id, headers, body, now());
      if (problem !== null) return { status: 401, text: problem };
    }
    const hook = readHook(body);
    if (hook === null || hook.id !== id) return { status: 400, text: 'this is no hook' };
    if (refusal !== undefined && (refusal.only ?? hook.kind) === hook.kind)
      return { status: refusal.status ?? 409, text: refusal.text };
    const doing = done.get(id) ?? carryOut(hook);
    done.set(id, doing);
    const reply = await doing;
    if (reply !== DONE && done.get(id) === doing) done.delete(id);
    return reply;
  }

  async function carryOut(hook: ReceivedHook): Promise<Reply> {
    try {
      await options.onHook(hook);
      return DONE;
    } catch (error) {
      return { status: 500, text: error instanceof Error ? error.message : String(error) };
    }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST' || request.url?.split('?')[0] !== PATH) {
      send(response, { status: 404, text: `hooks come as POST ${PATH}` });
      return;
    }
    const body = await readBody(request);
    if (body === null) {
      send(response, { status: 413, text: 'too long' });
      return;
    }
    const received = { headers: request.headers, body };
    requests.push(received);
    const reply = await answerTo(received);
    if (reply === 'close') request.socket.destroy();
    else if (reply !== 'nothing') send(response, reply);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  const port = await listenOnFreePort(server);
  let closed: Promise<void> | null = null;
  return {
    url: `http://127.0.0.1:${port}${PATH}`,
    requests,
    behave(next) {
      behaviour = next;
    },
    close() {
      closing.abort();
      closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return closed;
    },
  };
}

/** Null when one of the signatures is right and the attempt is at most five minutes off. */
function signatureProblem(
  key: Uint8Array,
  id: string,
  headers: IncomingHttpHeaders,
  body: string,
  now: number,
): string | null {
  const time = String(headers['webhook-timestamp'] ?? '');
  if (!/^\d{1,12}$/.test(time)) return 'webhook-timestamp is missing';
  const expected = Buffer.from(hookSignature(key, id, Number(time), body));
  const isRight = String(headers['webhook-signature'] ?? '')
    .split(' ')
    .map((signature) => Buffer.from(signature))
    .some((signature) => signature.length === expected.length && timingSafeEqual(signature, expected));
  if (!isRight) return 'the signature is wrong: is the secret the same on both sides?';
  const isOff = Math.abs(now / 1000 - Number(time)) > TOLERANCE_SECONDS;
  return isOff ? 'the hook is more than five minutes off: compare the clocks' : null;
}

function readHook(body: string): ReceivedHook | null {
  try {
    const { type, timestamp, data } = JSON.parse(body) as { type: string; timestamp: string; data: ReceivedHook };
    return {
      id: data.id,
      kind: type.replace(/^migration\./, '') as HookKind,
      at: timestamp,
      migration: data.migration,
      text: data.text,
      reason: data.reason ?? null,
      shards: data.shards,
    };
  } catch {
    return null;
  }
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > MOST_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, { status, text, headers }: Reply): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers });
  response.end(`${text}\n`);
}
