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

  /** A deep copy of JSON-like data with every string scrubbed. */
  scrubData<T>(data: T): T {
    if (typeof data === 'string') return this.scrub(data) as T;
    if (Array.isArray(data)) return data.map((item: unknown) => this.scrubData(item)) as T;
    if (data !== null && typeof data === 'object' && Object.getPrototypeOf(data) === Object.prototype) {
      return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, this.scrubData(value)])) as T;
    }
    return data;
  }
}
