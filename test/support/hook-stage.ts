/** A sender of hooks over real HTTP, with what it says, and receivers that a test can have. All of it ends with the test. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { type Hook, type HookAnswer, type HookKind, type Hooks, hookId } from '../../src/domain/hook.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createHooks, type HookOptions } from '../../src/hooks.ts';
import type { Log } from '../../src/log.ts';
import {
  type HookReceiver,
  type HookReceiverOptions,
  type ReceivedHook,
  startHookReceiver,
} from '../../src/sandbox/hook-receiver.ts';
import { listenOnFreePort } from '../../src/sandbox/redis/ports.ts';
import { heldClock } from './held-clock.ts';

export const SECRET = `whsec_${Buffer.from('thirty-two bytes of no great use').toString('base64')}`;

/** The waits between attempts that fail at once, in milliseconds. */
export const BRIEFLY = [500, 2_000, 2_000, 2_000, 2_000];
export const LONG = [500, 2_000, 8_000, ...Array<number>(19).fill(30_000)];

/** What the receivers have taken, and the lines of the log, of this test. */
export const taken: ReceivedHook[] = [];
export const logged: string[] = [];
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  taken.length = 0;
  logged.length = 0;
  await Promise.all(closers.splice(0).map((close) => close()));
});

const keep = (fields: object, message: string) => void logged.push(JSON.stringify({ message, ...fields }));
const log: Log = { debug: keep, info: keep, warn: keep, error: keep, child: () => log };

export function hookOf(kind: HookKind): Hook {
  const common = {
    id: hookId('m-7k3q', 12, kind),
    migration: { id: 'm-7k3q', name: 'orders', cutover: 'fenced' as const, requestedBy: 'U0000000A1' },
    at: '2026-03-04T05:06:07.089Z',
    shards: [
      { index: 0, source: { host: '10.0.0.1', port: 6379 }, destination: { host: '10.1.0.1', port: 6380 } },
      { index: 1, source: { host: 'fd00::2', port: 6379 }, destination: { host: 'orders-2.new', port: 6379 } },
    ],
    text: 'The migration “orders” is told of.',
  };
  return kind === 'before_switch' || kind === 'failed' ? { ...common, kind, reason: 'because' } : { ...common, kind };
}

export async function receive(options: Partial<HookReceiverOptions> = {}): Promise<HookReceiver> {
  const receiver = await startHookReceiver({ secret: SECRET, onHook: (hook) => void taken.push(hook), ...options });
  closers.push(() => receiver.close());
  return receiver;
}

/** A server that answers as no receiver should. */
export async function serve(listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener);
  const port = await listenOnFreePort(server);
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${port}/hooks`, server };
}

export function hooksTo(url: string, options: Partial<HookOptions> = {}): Hooks {
  return createHooks({ url, secret: new Secret(SECRET), clock: systemClock, log, ...options });
}

/** The text of an answer that has one. */
export function textOf(answer: HookAnswer): string {
  if (!('text' in answer)) throw new Error(`the answer was ${answer.kind}`);
  return answer.text;
}

/** Sends to a receiver that never takes it, and lets all the time pass that this takes. */
export async function saidAtTheEnd(url: string, kind: HookKind): Promise<string> {
  const clock = heldClock();
  const sending = hooksTo(url, { clock }).send(hookOf(kind));
  for (const ms of kind === 'before_switch' ? BRIEFLY : LONG) await clock.pass(ms);
  return textOf(await sending);
}
