/**
 * The Web API without its transport: who is asking, may they, is the method in trouble, and then the method. Owns the
 * list of calls. A token is compared and forgotten: it is never recorded.
 */
import { chatMethods } from './api/chat.ts';
import { fileMethods } from './api/files.ts';
import { type ApiContext, type Methods, needScope } from './api/method.ts';
import { placeMethods } from './api/places.ts';
import { surfaceMethods } from './api/surfaces.ts';
import type { Faults } from './faults.ts';
import { type JsonObject, parseJson } from './json.ts';
import type { Rates } from './rates.ts';
import { refuse, SlackRefusal } from './refusal.ts';

const METHODS: Methods = { ...chatMethods, ...placeMethods, ...surfaceMethods, ...fileMethods };
const JSON_ARGUMENTS = ['blocks', 'attachments', 'metadata', 'view', 'files'];
const KEPT_CALLS = 5_000;

export interface SandboxCall {
  readonly method: string;
  /** Wall clock, milliseconds. */
  readonly at: number;
  readonly ms: number;
  readonly args: JsonObject;
  /** `ok`, Slack's error code, `ratelimited`, or what a scripted fault did. */
  readonly outcome: string;
}

/** What goes back over the wire; `cut` closes the connection without an answer. */
export type Answer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: JsonObject;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'cut' };

interface Options {
  readonly context: ApiContext;
  readonly botToken: string;
  readonly appToken: string;
  readonly faults: Faults;
  readonly rates: Rates;
  readonly onCall: (call: SandboxCall) => void;
}

export class WebApi {
  #calls: SandboxCall[] = [];
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Oldest first; the last 5,000. */
  calls(): readonly SandboxCall[] {
    return this.#calls;
  }

  async call(method: string, token: string | null, input: JsonObject): Promise<Answer> {
    const { context, faults } = this.#options;
    const { clock } = context.workspace;
    const at = clock.now();
    const started = clock.monotonicMs();
    const args = decoded(input);
    const latency = faults.latency(method);
    if (latency > 0) await clock.sleep(latency);
    const { answer, outcome } = this.#answer(method, token, args);
    const call = { method, at, ms: clock.monotonicMs() - started, args, outcome };
    this.#calls = [...this.#calls.slice(-(KEPT_CALLS - 1)), call];
    this.#options.onCall(call);
    return answer;
  }

  #answer(
    method: string,
    token: string | null,
    args: JsonObject,
  ): { readonly answer: Answer; readonly outcome: string } {
    const { context, faults, rates } = this.#options;
    const fault = faults.take(method);
    if (fault?.kind === 'cut') return { answer: fault, outcome: 'connection cut' };
    if (fault?.kind === 'status')
      return { answer: plain(fault.status, { ok: false }), outcome: `HTTP ${fault.status}` };
    const wait = fault?.kind === 'ratelimit' ? fault.retryAfterSeconds : rates.admit(method, args);
    if (wait !== null) {
      const answer = plain(429, { ok: false, error: 'ratelimited' }, { 'retry-after': String(wait) });
      return { answer, outcome: 'ratelimited' };
    }
    const headers = { 'x-oauth-scopes': [...context.scopes].join(',') };
    try {
      if (fault?.kind === 'error') refuse(fault.error);
      const body = { ok: true, ...this.#run(method, token, args) };
      if (fault?.kind === 'answer_lost') return { answer: { kind: 'cut' }, outcome: 'done, answer lost' };
      return { answer: plain(200, body, headers), outcome: 'ok' };
    } catch (error) {
      if (!(error instanceof SlackRefusal)) throw error;
      return { answer: plain(200, { ok: false, error: error.code, ...error.extra }, headers), outcome: error.code };
    }
  }

  #run(name: string, token: string | null, args: JsonObject): JsonObject {
    const { botToken, appToken, context } = this.#options;
    const method = METHODS[name];
    if (method === undefined) refuse('unknown_method', { req_method: name });
    if (token === null || token === '') refuse('not_authed');
    if (token !== botToken && token !== appToken) refuse('invalid_auth');
    if (token !== (method.token === 'bot' ? botToken : appToken)) refuse('not_allowed_token_type');
    needScope(context, method.scopes);
    return method.run(context, args);
  }
}

function plain(status: number, body: JsonObject, headers: Readonly<Record<string, string>> = {}): Answer {
  return { kind: 'answer', status, body, headers };
}

/** Forms carry structures as JSON text. Text that is no JSON stays text, and the method refuses it by its own code. */
function decoded(input: JsonObject): JsonObject {
  const args: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(input)) {
    if (key === 'token') continue;
    args[key] = JSON_ARGUMENTS.includes(key) && typeof value === 'string' ? (parseJson(value) ?? value) : value;
  }
  return args;
}
