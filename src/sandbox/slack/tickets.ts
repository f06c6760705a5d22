/**
 * What Slack hands out with an interaction and takes back once: trigger ids (3 seconds, one use) and response URLs (30
 * minutes, five uses). Owns both lists; refuses with Slack's codes.
 */
import type { Clock } from '../../clock.ts';
import { refuse } from './refusal.ts';

const TRIGGER_MS = 3_000;
const RESPONSE_MS = 30 * 60_000;
const RESPONSE_USES = 5;

export interface Trigger {
  readonly user: string;
  /** The modal that the click or form came from; views.push needs one. */
  readonly view: string | null;
}

/** Where an answer by response_url goes. */
export interface ResponseTarget {
  readonly interaction: number;
  readonly user: string;
  readonly channel: string;
  /** The message that was clicked; null for a slash command. */
  readonly original: { readonly kind: 'message' | 'ephemeral'; readonly ts: string } | null;
}

export class Tickets {
  readonly #clock: Clock;
  readonly #triggers = new Map<string, Trigger & { readonly at: number; used: boolean }>();
  readonly #responses = new Map<string, ResponseTarget & { readonly at: number; uses: number }>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  newTrigger(trigger: Trigger): string {
    const id = `${this.#next()}.${this.#random()}`;
    this.#triggers.set(id, { ...trigger, at: this.#clock.monotonicMs(), used: false });
    return id;
  }

  useTrigger(id: string): Trigger {
    const trigger = this.#triggers.get(id);
    if (trigger === undefined) refuse('invalid_trigger_id');
    if (trigger.used) refuse('exchanged_trigger_id');
    if (this.#clock.monotonicMs() - trigger.at > TRIGGER_MS) refuse('expired_trigger_id');
    trigger.used = true;
    return trigger;
  }

  /** The last part of a response URL. */
  newResponse(target: ResponseTarget): string {
    const id = `${this.#next()}/${this.#random()}`;
    this.#responses.set(id, { ...target, at: this.#clock.monotonicMs(), uses: 0 });
    return id;
  }

  useResponse(id: string): ResponseTarget {
    const response = this.#responses.get(id);
    if (response === undefined || this.#clock.monotonicMs() - response.at > RESPONSE_MS) refuse('expired_url');
    if (response.uses >= RESPONSE_USES) refuse('used_url');
    response.uses += 1;
    return response;
  }

  /** For tests: as if half an hour had gone by. */
  expireResponses(): void {
    this.#responses.clear();
  }

  #next(): number {
    this.#count += 1;
    return 1_000_000 + this.#count;
  }

  #random(): string {
    return Buffer.from(this.#clock.randomBytes(12)).toString('hex');
  }
}
