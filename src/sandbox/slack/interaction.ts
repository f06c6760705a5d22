/** One thing that a person did, and what came of it. */
import type { Acknowledgement } from './socket-mode.ts';
import type { WaitOptions } from './wait.ts';
import type { SandboxEphemeral } from './workspace.ts';

export type InteractionKind = 'command' | 'shortcut' | 'click' | 'submit' | 'suggest' | 'close' | 'home';

interface Start {
  readonly id: number;
  readonly kind: InteractionKind;
  readonly user: string;
  readonly channel: string | null;
  readonly triggerId: string | null;
  readonly responseUrl: string | null;
  /** Ephemerals up to this one were there before. */
  readonly since: number;
  readonly allEphemerals: () => readonly SandboxEphemeral[];
  readonly waitFor: <T>(look: () => T | null | undefined | false, options: WaitOptions) => Promise<T>;
}

export class Interaction {
  readonly id: number;
  readonly kind: InteractionKind;
  readonly user: string;
  readonly channel: string | null;
  readonly triggerId: string | null;
  readonly responseUrl: string | null;
  #result: Acknowledgement = { ackMs: null, body: null, trouble: null };
  readonly #start: Start;

  constructor(start: Start) {
    this.id = start.id;
    this.kind = start.kind;
    this.user = start.user;
    this.channel = start.channel;
    this.triggerId = start.triggerId;
    this.responseUrl = start.responseUrl;
    this.#start = start;
  }

  /** Milliseconds until the acknowledgement; null: none within 3 s, or no app was there. */
  get ackMs(): number | null {
    return this.#result.ackMs;
  }

  /** What the bot sent with the acknowledgement; null when it was empty. */
  get ackBody(): unknown {
    return this.#result.body;
  }

  /** What the person would see gone wrong, as a sentence; null when all is well. */
  get trouble(): string | null {
    return this.#result.trouble;
  }

  /** Answers to this person alone since they did this, newest state of each, as far as they have come. */
  get ephemerals(): readonly SandboxEphemeral[] {
    return this.#start.allEphemerals().filter((one) => {
      if (one.user !== this.user || one.seq <= this.#start.since) return false;
      if (one.interactions.length > 0) return one.interactions.includes(this.id);
      return this.channel === null || one.channel === this.channel;
    });
  }

  /** Waits for an answer to this person alone whose text or blocks contain `text`. */
  ephemeral(text: string | RegExp = '', options: { readonly timeoutMs?: number } = {}): Promise<SandboxEphemeral> {
    const matches = (one: SandboxEphemeral) => {
      const said = `${one.text}\n${JSON.stringify(one.blocks)}`;
      return typeof text === 'string' ? said.includes(text) : text.test(said);
    };
    const what = `an answer to ${this.user} alone${text === '' ? '' : ` with ${String(text)}`}`;
    return this.#start.waitFor(() => this.ephemerals.find(matches), { what, ...options });
  }

  settle(result: Acknowledgement): void {
    this.#result = result;
  }
}
