/**
 * What every room may say to the outside without knowing how it is written down: log lines and metrics. Also the
 * secret registry: the list of values that must not leave the process, and the one function that takes them out.
 */

/** Static message, fields beside it. The first argument may be left out when there are no fields. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  child(fields: LogFields): Log;
}

export type LogFields = Record<string, unknown>;

/** Numbers about the bot at work. Gauges about migrations are read from the engine's views when scraped. */
export interface Metrics {
  tickSeconds(seconds: number): void;
  cutoverPauseSeconds(seconds: number): void;
  slackRequest(method: string, outcome: 'ok' | 'error' | 'rate_limited'): void;
  fullSync(): void;
  /** Points of a chart that could not be kept. */
  samplesDropped(many: number): void;
}

export const noMetrics: Metrics = {
  tickSeconds() {},
  cutoverPauseSeconds() {},
  slackRequest() {},
  fullSync() {},
  samplesDropped() {},
};

const noop = () => {};
export const noLog: Log = { debug: noop, info: noop, warn: noop, error: noop, child: () => noLog };

export const MASK = '[secret]';

/**
 * What stands under these names in a call of Slack is a word of Slack's, or an id that comes back to us: no secret can be
 * in it, and a password such as `button` or `migration` must not make all messages and clicks unusable.
 */
const MACHINE_KEYS: ReadonlySet<string> = new Set(
  (
    'type style response_type response_action action_id block_id callback_id event_type value ' +
    'channel channel_id user user_id ts thread_ts message_ts view_id trigger_id'
  ).split(' '),
);

/**
 * Knows every secret value that this process has seen and takes them (and their URL-encoded and base64 forms) out of
 * text. Values shorter than six characters are not searched for: they would eat ordinary words, and so give themselves
 * away. Texts never hold a secret by construction; this is the net below.
 */
export class SecretRegistry {
  #values: string[] = [];

  add(value: string): void {
    if (value.length < 6) return;
    const forms = [
      value,
      encodeURIComponent(value),
      Buffer.from(value).toString('base64'),
      JSON.stringify(value).slice(1, -1),
    ];
    for (const form of forms) if (!this.#values.includes(form)) this.#values.push(form);
    this.#values.sort((a, b) => b.length - a.length);
  }

  scrub(text: string): string {
    let clean = text;
    for (const value of this.#values) if (clean.includes(value)) clean = clean.replaceAll(value, MASK);
    return clean;
  }

  /** A deep copy of what goes to Slack with every string scrubbed, but for what only machines read. */
  scrubData<T>(data: T): T {
    if (typeof data === 'string') return this.scrub(data) as T;
    if (Array.isArray(data)) return data.map((item: unknown) => this.scrubData(item)) as T;
    if (data !== null && typeof data === 'object' && Object.getPrototypeOf(data) === Object.prototype) {
      const clean = (key: string, value: unknown) =>
        typeof value === 'string' && MACHINE_KEYS.has(key) ? value : this.scrubData(value);
      return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, clean(key, value)])) as T;
    }
    return data;
  }
}
