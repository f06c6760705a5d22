/**
 * How an interaction reaches the bot: over an open socket, or as a signed POST once there is an HTTP target. Three
 * seconds, then it counts as not acknowledged. Events are tried once more; commands and clicks never are.
 */
import { createHmac } from 'node:crypto';
import { type JsonObject, parseJson } from './json.ts';
import { ACK_LIMIT_MS, type Acknowledgement, type EnvelopeType, type SocketMode } from './socket-mode.ts';
import type { Workspace } from './workspace.ts';

interface Retry {
  readonly attempt: number;
  readonly reason: string;
}

export class Delivery {
  /** Null: Socket Mode. */
  httpTarget: string | null = null;
  readonly #workspace: Workspace;
  readonly #sockets: SocketMode;
  readonly #signingSecret: string;
  readonly #ended = new AbortController();

  constructor(workspace: Workspace, sockets: SocketMode, signingSecret: string) {
    this.#workspace = workspace;
    this.#sockets = sockets;
    this.#signingSecret = signingSecret;
  }

  async deliver(type: EnvelopeType, payload: JsonObject): Promise<Acknowledgement> {
    const first = await this.#once(type, payload, null);
    if (first.ackMs !== null || type !== 'events_api' || this.#ended.signal.aborted) return first;
    return this.#once(type, payload, { attempt: 1, reason: 'http_timeout' });
  }

  close(): void {
    this.#ended.abort();
  }

  #once(type: EnvelopeType, payload: JsonObject, retry: Retry | null): Promise<Acknowledgement> {
    if (this.httpTarget === null) return this.#sockets.send(type, payload, retry);
    return this.#post(this.httpTarget, type, payload, retry);
  }

  async #post(target: string, type: EnvelopeType, payload: JsonObject, retry: Retry | null): Promise<Acknowledgement> {
    const { clock } = this.#workspace;
    const body = encode(type, payload);
    const timestamp = String(Math.floor(clock.now() / 1000));
    const signature = createHmac('sha256', this.#signingSecret).update(`v0:${timestamp}:${body}`).digest('hex');
    const started = clock.monotonicMs();
    try {
      const response = await fetch(target, {
        method: 'POST',
        body,
        headers: {
          'content-type': type === 'events_api' ? 'application/json' : 'application/x-www-form-urlencoded',
          'x-slack-request-timestamp': timestamp,
          'x-slack-signature': `v0=${signature}`,
          ...(retry === null
            ? {}
            : { 'x-slack-retry-num': String(retry.attempt), 'x-slack-retry-reason': retry.reason }),
        },
        signal: AbortSignal.any([AbortSignal.timeout(ACK_LIMIT_MS), this.#ended.signal]),
      });
      const text = await response.text();
      if (!response.ok) return { ackMs: null, body: null, trouble: `The app answered with HTTP ${response.status}.` };
      return { ackMs: clock.monotonicMs() - started, body: decode(text), trouble: null };
    } catch (error) {
      const late = error instanceof Error && error.name === 'TimeoutError';
      return {
        ackMs: null,
        body: null,
        trouble: late ? 'The app did not answer within 3 seconds.' : 'The app could not be reached.',
      };
    }
  }
}

function encode(type: EnvelopeType, payload: JsonObject): string {
  if (type === 'events_api') return JSON.stringify(payload);
  if (type === 'interactive') return new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  const fields = Object.entries(payload).map(([key, value]): [string, string] => [key, String(value)]);
  return new URLSearchParams(fields).toString();
}

/** A bare text stands for `{ text }`, as it does in the answer to a slash command. */
function decode(text: string): unknown {
  if (text === '') return null;
  const json = parseJson(text);
  return typeof json === 'object' ? json : { text };
}
