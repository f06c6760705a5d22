/**
 * The one way out to Slack's Web API. Takes secrets out of every argument, counts every call, and turns what can go
 * wrong into a SlackProblem. Owns no queue: a rate limit never holds up a call that is not limited itself, and no call
 * that is gets sent before Slack's Retry-After is over.
 * Retries only what may safely be sent twice; `chat.postMessage` and `views.open` are never among them.
 */
import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, type WebClient } from '@slack/web-api';
import type { Clock } from '../clock.ts';
import type { Metrics, SecretRegistry } from '../log.ts';

/** Slack's JSON answer; its fields are checked where they are read. */
export type SlackResult = Readonly<Record<string, unknown>>;

export interface SlackApi {
  /** Rejects with a SlackProblem only. */
  call(method: string, args: Readonly<Record<string, unknown>>): Promise<SlackResult>;
}

/**
 * | kind         | meaning                                                             |
 * | ------------ | ------------------------------------------------------------------- |
 * | refused      | Slack understood and said no; `code` is its word for it             |
 * | rate_limited | too many calls of this method; `retryAfterMs` is what Slack asks for |
 * | unreachable  | no answer: it may or may not have been done                         |
 */
export type SlackProblemKind = 'refused' | 'rate_limited' | 'unreachable';

export class SlackProblem extends Error {
  readonly kind: SlackProblemKind;
  readonly method: string;
  /** Slack's error code such as `not_in_channel`; for unreachable the system's code. */
  readonly code: string;
  readonly retryAfterMs: number;

  constructor(kind: SlackProblemKind, method: string, code: string, retryAfterMs = 0) {
    super(
      `Slack: ${method} ${kind === 'refused' ? 'was refused' : kind === 'rate_limited' ? 'is rate limited' : 'got no answer'} (${code}).`,
    );
    this.name = 'SlackProblem';
    this.kind = kind;
    this.method = method;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

export function isSlackProblem(error: unknown, ...codes: string[]): error is SlackProblem {
  return error instanceof SlackProblem && (codes.length === 0 || codes.includes(error.code));
}

export interface SlackApiDeps {
  readonly client: WebClient;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly registry: SecretRegistry;
  /** How often a call that may be repeated is tried, and how long a Retry-After is waited for. */
  readonly patience: { readonly attempts: number; readonly maxRetryAfterMs: number };
}

const MAY_BE_REPEATED: ReadonlySet<string> = new Set([
  'auth.test',
  'chat.update',
  'chat.postEphemeral',
  'chat.getPermalink',
  'conversations.history',
  'conversations.replies',
  'files.getUploadURLExternal',
  'usergroups.users.list',
  'users.info',
  'views.update',
  'views.publish',
]);

/** A `trigger_id` lives for three seconds: what needs one is not worth waiting for. */
const TRIGGERED: ReadonlySet<string> = new Set(['views.open', 'views.push']);
const TRIGGER_MS = 2_000;
/** Where Slack does not say for how long. */
const UNSAID_LIMIT_MS = 5_000;
/** What is longer than this is a mistake of somebody in between: we would be silent for years. */
const LONGEST_LIMIT_MS = 3_600_000;

export function createSlackApi(deps: SlackApiDeps): SlackApi {
  const { client, clock, metrics, registry, patience } = deps;
  const limitedUntil = new Map<string, number>();

  function patienceFor(method: string): number {
    return TRIGGERED.has(method) ? Math.min(TRIGGER_MS, patience.maxRetryAfterMs) : patience.maxRetryAfterMs;
  }

  /** Waits until Slack may be called again; rejects when that is not worth it. */
  async function untilAllowed(method: string, limit: string): Promise<void> {
    const waitMs = (limitedUntil.get(limit) ?? 0) - clock.monotonicMs();
    if (waitMs <= 0) return;
    if (waitMs > patienceFor(method)) throw new SlackProblem('rate_limited', method, 'ratelimited', waitMs);
    await clock.sleep(waitMs);
  }

  async function once(method: string, args: Readonly<Record<string, unknown>>): Promise<SlackResult> {
    try {
      const result = await client.apiCall(method, { ...args });
      metrics.slackRequest(method, 'ok');
      return { ...result };
    } catch (error) {
      const problem = problemFrom(method, error, registry);
      metrics.slackRequest(method, problem.kind === 'rate_limited' ? 'rate_limited' : 'error');
      throw problem;
    }
  }

  return {
    async call(method, args) {
      const clean = registry.scrubData(args);
      const limit = limitOf(method, args);
      for (let attempt = 1; ; attempt++) {
        try {
          await untilAllowed(method, limit);
          return await once(method, clean);
        } catch (error) {
          if (!isSlackProblem(error)) throw error;
          if (error.kind === 'rate_limited') limitedUntil.set(limit, clock.monotonicMs() + error.retryAfterMs);
          if (attempt >= patience.attempts) throw error;
          const waitMs = waitBeforeRepeat(error, attempt, patienceFor(method));
          if (waitMs === null) throw error;
          await clock.sleep(waitMs);
        }
      }
    },
  };
}

/** What Slack counts together: posts by channel, everything else by method. */
function limitOf(method: string, args: Readonly<Record<string, unknown>>): string {
  return method === 'chat.postMessage' ? `${method} ${String(args['channel'])}` : method;
}

/** A call that was limited was not carried out, so it may always be repeated; null when it should not be. */
function waitBeforeRepeat(problem: SlackProblem, attempt: number, maxRetryAfterMs: number): number | null {
  if (problem.kind === 'rate_limited') return problem.retryAfterMs <= maxRetryAfterMs ? problem.retryAfterMs : null;
  if (problem.kind === 'unreachable' && MAY_BE_REPEATED.has(problem.method)) return 250 * 2 ** attempt;
  return null;
}

function problemFrom(method: string, error: unknown, registry: SecretRegistry): SlackProblem {
  if (error instanceof WebAPIRateLimitedError)
    return new SlackProblem('rate_limited', method, 'ratelimited', Math.min(error.retryAfter * 1000, LONGEST_LIMIT_MS));
  // The client has no class for a 429 that does not say for how long.
  if (error instanceof Error && error.message.startsWith('Retry header did not contain a valid timeout'))
    return new SlackProblem('rate_limited', method, 'ratelimited', UNSAID_LIMIT_MS);
  if (error instanceof WebAPIPlatformError) {
    const said: unknown = error.data.error;
    const code = typeof said === 'string' ? registry.scrub(said).slice(0, 80) : '';
    // What is not Slack's JSON (a proxy's page, say) arrives as a code that is no word.
    if (!/^[a-z0-9_]+$/i.test(code)) return new SlackProblem('unreachable', method, 'not_an_answer_of_slack');
    if (code === 'ratelimited' || code === 'rate_limited')
      return new SlackProblem('rate_limited', method, code, UNSAID_LIMIT_MS);
    if (['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout'].includes(code)) {
      return new SlackProblem('unreachable', method, code);
    }
    return new SlackProblem('refused', method, code);
  }
  if (error instanceof WebAPIHTTPError) return new SlackProblem('unreachable', method, `http_${error.statusCode}`);
  return new SlackProblem('unreachable', method, systemCode(error));
}

function systemCode(error: unknown): string {
  let current: unknown = error;
  for (let depth = 0; depth < 4 && current instanceof Error; depth++) {
    if (current.name === 'TimeoutError') return 'timeout';
    const code = (current as NodeJS.ErrnoException).code;
    if (typeof code === 'string' && /^E[A-Z]+$/.test(code)) return code;
    current = 'original' in current ? current.original : current.cause;
  }
  return 'no_connection';
}
