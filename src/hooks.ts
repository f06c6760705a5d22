/**
 * The outgoing webhooks. Owns nothing but the way of one hook to HOOK_URL: attempts, their time limits, the waits between
 * them. It decides nothing, keeps nothing, never follows a redirect, and believes no answer but a 2xx. What fails comes
 * back as a sentence that holds neither the secret nor the URL's query.
 */
import type { Clock } from './clock.ts';
import {
  type Hook,
  type HookAnswer,
  type HookKind,
  type Hooks,
  hookBody,
  hookKey,
  hookSignature,
  reasonLine,
} from './domain/hook.ts';
import { whatNow } from './domain/hook-words.ts';
import type { Secret } from './domain/secret.ts';
import { plural } from './domain/words.ts';
import { type Log, SecretRegistry } from './log.ts';

export interface HookOptions {
  /** http:// or https://, without user and password: config.ts sees to that. */
  readonly url: string;
  /** Null: hooks are not signed. */
  readonly secret: Secret | null;
  readonly clock: Pick<Clock, 'now' | 'monotonicMs' | 'sleep'>;
  readonly log: Log;
  readonly fetch?: typeof globalThis.fetch;
}

/** One attempt: an answer that counts, or why there has to be another one. */
type Tried =
  | { readonly kind: 'answered'; readonly answer: HookAnswer }
  | { readonly kind: 'again'; readonly why: string; readonly restMs: number };

interface Patience {
  readonly totalMs: number;
  /** After the first attempt, the second, …; the last one counts for all that follow. */
  readonly waitsMs: readonly number[];
}

const ATTEMPT_MS = 5_000;
const MOST_REST_MS = 30_000;
const MOST_ANSWER_BYTES = 4_096;
/** A person has just pressed *switch*. */
const BRIEFLY: Patience = { totalMs: 10_000, waitsMs: [500, 2_000] };
const LONG: Patience = { totalMs: 600_000, waitsMs: [500, 2_000, 8_000, 30_000] };

export function createHooks(options: HookOptions): Hooks {
  const { clock, log } = options;
  const request = options.fetch ?? globalThis.fetch;
  const key = options.secret === null ? null : hookKey(options.secret.reveal());
  const secrets = new SecretRegistry();
  const where = placeOf(options, secrets);

  async function attempt(id: string, body: string, limitMs: number, signal: AbortSignal | undefined): Promise<Tried> {
    const seconds = Math.floor(clock.now() / 1000);
    const limit = startLimit(clock, limitMs, signal);
    try {
      const response = await request(options.url, {
        method: 'POST',
        redirect: 'manual',
        signal: limit.signal,
        body,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'redis-migrate',
          accept: 'text/plain, */*;q=0.1',
          'webhook-id': id,
          'webhook-timestamp': String(seconds),
          ...(key === null ? {} : { 'webhook-signature': hookSignature(key, id, seconds, body) }),
        },
      });
      // The status is the answer: whatever becomes of the rest of it.
      const said = response.ok ? '' : await startOf(response);
      await response.body?.cancel().catch(() => {});
      return judge(response.status, reasonLine(secrets.scrub(said)), restOf(response, clock.now()));
    } catch (error) {
      return { kind: 'again', why: limit.isOver() ? 'does not answer in time' : whyUnreachable(error), restMs: 0 };
    } finally {
      limit.end();
    }
  }

  async function untilAnswered(
    hook: Hook,
    signal: AbortSignal | undefined,
    onTrouble: ((text: string) => void) | undefined,
  ): Promise<HookAnswer> {
    const body = hookBody(hook);
    const { totalMs, waitsMs } = hook.kind === 'before_switch' ? BRIEFLY : LONG;
    const deadline = clock.monotonicMs() + totalMs;
    for (let count = 1; ; count += 1) {
      if (signal?.aborted) return { kind: 'stopped' };
      const tried = await attempt(hook.id, body, Math.min(ATTEMPT_MS, deadline - clock.monotonicMs()), signal);
      if (tried.kind === 'answered') return tried.answer;
      if (signal?.aborted) return { kind: 'stopped' };
      const waitMs = Math.max(waitsMs[Math.min(count, waitsMs.length) - 1] ?? 0, tried.restMs);
      if (clock.monotonicMs() + waitMs >= deadline) return givenUp(hook.kind, tried.why, count);
      log.warn({ hook: hook.id, where, attempt: count, why: tried.why, waitMs }, 'a hook is sent again');
      onTrouble?.(`${where} ${tried.why}`);
      await clock.sleep(waitMs, signal);
      if (clock.monotonicMs() >= deadline) return givenUp(hook.kind, tried.why, count);
    }
  }

  function givenUp(kind: HookKind, why: string, count: number): HookAnswer {
    return { kind: 'unreachable', text: `After ${plural(count, 'attempt')}: ${where} ${why}. ${whatNow(kind)}` };
  }

  return {
    async send(hook, signal, onTrouble) {
      const answer = await untilAnswered(hook, signal, onTrouble);
      const { kind, ...more } = answer;
      const fields = { hook: hook.id, where, answer: kind, ...more };
      if (kind === 'ok') log.info(fields, 'a hook was taken');
      else log.warn(fields, 'a hook was not taken');
      return answer;
    },
  };
}

/** What 2xx to 5xx mean here. `said`: the answer's first line, or empty. */
function judge(status: number, said: string, restMs: number): Tried {
  const refused = (text: string): Tried => ({ kind: 'answered', answer: { kind: 'refused', status, text } });
  if (status >= 200 && status < 300) return { kind: 'answered', answer: { kind: 'ok' } };
  if (status >= 500 || status === 429)
    return { kind: 'again', why: `answers ${status}${said === '' ? '' : `, "${said}"`}`, restMs };
  if (status >= 300 && status < 400)
    return refused(`it answers ${status}, a redirect, which is not followed: put the final address into HOOK_URL`);
  return refused(said === '' ? `it answers ${status} and gives no reason` : said);
}

/** The time limit of one attempt, the reading of its answer included, under the signal of whoever waits for it. */
function startLimit(clock: Pick<Clock, 'sleep'>, limitMs: number, outer: AbortSignal | undefined) {
  const attempt = new AbortController();
  const ended = new AbortController();
  const stop = () => attempt.abort();
  let isOver = false;
  outer?.addEventListener('abort', stop, { once: true });
  void clock.sleep(limitMs, ended.signal).then(() => {
    if (ended.signal.aborted) return;
    isOver = true;
    attempt.abort();
  });
  return {
    signal: attempt.signal,
    isOver: () => isOver,
    end() {
      outer?.removeEventListener('abort', stop);
      ended.abort();
    },
  };
}

/** The first bytes of an answer's text; what has come when it breaks off or is too slow. Nothing of a web page. */
async function startOf(response: Response): Promise<string> {
  if (response.body === null || /^text\/html/i.test(response.headers.get('content-type') ?? '')) return '';
  const decoder = new TextDecoder();
  let text = '';
  let left = MOST_ANSWER_BYTES;
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk.subarray(0, left), { stream: true });
      left -= chunk.byteLength;
      if (left <= 0) break;
    }
  } catch {
    // What has come has to do.
  }
  return text;
}

/** Retry-After in milliseconds, at most 30 s; 0 without one. RFC 9110: seconds, or a date. */
function restOf(response: Response, now: number): number {
  const asked = response.headers.get('retry-after')?.trim() ?? '';
  const ms = /^\d+$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - now;
  return ms > 0 ? Math.min(ms, MOST_REST_MS) : 0;
}

/** Origin and path for people. What else is in the URL may be a secret, as may a long word in its path. */
function placeOf({ url, secret }: Pick<HookOptions, 'url' | 'secret'>, secrets: SecretRegistry): string {
  const { origin, pathname, search, searchParams, username, password } = new URL(url);
  const words = pathname.split('/');
  const hidden = words.filter((word) => /^(?=.*\d)[\w.~-]{16,}$/.test(word));
  const values = [secret?.reveal() ?? '', search, ...searchParams.values(), username, password, ...hidden];
  for (const value of values) secrets.add(value);
  return `${origin}${words.map((word) => (hidden.includes(word) ? '…' : word)).join('/')}`;
}

/** By code alone: the words of a failed request may repeat the URL. Codes of Node 20 and its undici 6. */
const TROUBLES: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED$/, 'refuses connections'],
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'cannot be found, no name server knows this host'],
  [/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, 'ends the connection without an answer'],
  [/^(ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/, 'does not answer in time'],
  [/^HPE_/, 'does not speak HTTP'],
  [/CERT|SSL|TLS|SIGNATURE/, 'and we could not agree on TLS'],
];

function whyUnreachable(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && cause.message === 'bad port') return 'has a port that Node never sends HTTP to';
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  const known = TROUBLES.find(([pattern]) => pattern.test(code))?.[1] ?? 'cannot be reached';
  return /^[A-Z0-9_]+$/.test(code) ? `${known} (${code})` : known;
}
