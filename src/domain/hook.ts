/**
 * What a program outside is told of a migration: the hook, what it says on the wire, and the answer. Signed as Standard
 * Webhooks 1.0.0 has it (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md).
 */
import { createHmac } from 'node:crypto';
import type { Cutover, MigrationId } from './plan.ts';

export const HOOK_KINDS = ['before_switch', 'switched', 'rolled_back', 'finished', 'failed'] as const;
/** `before_switch` is a question: anything but yes stops the switch. The others tell what has happened. */
export type HookKind = (typeof HOOK_KINDS)[number];

/** An address and nothing else: no user, no password. */
export interface HookServer {
  readonly host: string;
  readonly port: number;
}

export interface HookShard {
  /** From 0, as in the plan. */
  readonly index: number;
  readonly source: HookServer;
  readonly destination: HookServer;
}

interface AnyHook {
  /** The same for every attempt at one event, also after a restart; see hookId. */
  readonly id: string;
  readonly migration: {
    readonly id: MigrationId;
    readonly name: string;
    readonly cutover: Cutover;
    /** Slack user id. */
    readonly requestedBy: string;
  };
  /** When it happened, ISO 8601. */
  readonly at: string;
  readonly shards: readonly HookShard[];
  /** A sentence for people. */
  readonly text: string;
}

export type Hook = AnyHook &
  (
    | { readonly kind: 'before_switch' | 'failed'; readonly reason: string }
    | { readonly kind: 'switched' | 'rolled_back' | 'finished' }
  );

export type HookAnswer =
  | { readonly kind: 'ok' }
  /** The receiver has answered and will not have it. `text`: the first line of its answer, cleaned, or our words for it. */
  | { readonly kind: 'refused'; readonly status: number; readonly text: string }
  /** Nobody has taken it. `text`: sentences for people. It may have arrived all the same. */
  | { readonly kind: 'unreachable'; readonly text: string }
  /** We were told to stop before there was an answer. Send it again, with the same id, when the bot is back. */
  | { readonly kind: 'stopped' };

/** Tells the program outside. */
export interface Hooks {
  /**
   * Tries until there is an answer, for ten seconds at most where the switch waits for it and for ten minutes otherwise.
   * Never rejects. `onTrouble`: why it has to be tried again, without a full stop at the end.
   */
  send(hook: Hook, signal?: AbortSignal, onTrouble?: (text: string) => void): Promise<HookAnswer>;
}

/** `seq`: the number of the journal's row that the hook tells of. No full stop in it: the signature is over `id.time.body`. */
export function hookId(migration: MigrationId, seq: number, kind: HookKind): string {
  return `${migration}:${seq}:${kind}`;
}

/** The body, as JSON, in the structure that Standard Webhooks recommends. Fields are picked one by one: see HookServer. */
export function hookBody(hook: Hook): string {
  const { id, name, cutover, requestedBy } = hook.migration;
  return JSON.stringify({
    type: `migration.${hook.kind}`,
    timestamp: hook.at,
    data: {
      id: hook.id,
      migration: { id, name, cutover, requestedBy },
      text: hook.text,
      ...('reason' in hook ? { reason: hook.reason } : {}),
      shards: hook.shards.map(({ index, source, destination }) => ({
        index,
        source: { host: source.host, port: source.port },
        destination: { host: destination.host, port: destination.port },
      })),
    },
  });
}

/** `whsec_` and base64 stand for bytes; any other secret is taken as it is written. */
export function hookKey(secret: string): Uint8Array {
  const encoded = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3}={0,2})?)$/.exec(secret)?.[1];
  return encoded ? Buffer.from(encoded, 'base64') : Buffer.from(secret, 'utf8');
}

/** `v1,` and the base64 of the HMAC-SHA256 of `id.seconds.body`. `seconds` since 1970, of the attempt. */
export function hookSignature(key: Uint8Array, id: string, seconds: number, body: string): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`, 'utf8').digest('base64')}`;
}

const MOST_REASON_CHARACTERS = 200;
const LINE_BREAK = /[\n\r\v\f\u0085\u2028\u2029]/u;
const UNSEEN = /[\p{Cc}\p{Cf}]+/gu;

/**
 * The first line of an answer that says something, fit for a sentence: without control characters and those that turn the
 * direction of writing, at most 200 characters, and calling nobody in Slack. Empty when there is no such line.
 */
export function reasonLine(answer: string): string {
  for (const line of answer.split(LINE_BREAK)) {
    const clean = line.replace(UNSEEN, ' ').replace(/\s+/g, ' ').trim().replaceAll('<', '‹').replaceAll('>', '›');
    if (clean === '') continue;
    const characters = Array.from(clean);
    if (characters.length <= MOST_REASON_CHARACTERS) return clean;
    return `${characters.slice(0, MOST_REASON_CHARACTERS - 1).join('')}…`;
  }
  return '';
}
