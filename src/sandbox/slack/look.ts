/**
 * What is to be seen in the workspace, and waiting for it. Changes nothing; its answers are snapshots that stay as they
 * are. The page of the demo and every test look through it.
 */
import type { EventEmitter } from 'node:events';
import type { Delivery } from './delivery.ts';
import type { People } from './people.ts';
import type { RateReport, Rates } from './rates.ts';
import type { SocketMode } from './socket-mode.ts';
import { elementsOf } from './view-state.ts';
import type { SandboxView, Views } from './views.ts';
import type { WaitOptions } from './wait.ts';
import type { SandboxCall, WebApi } from './web-api.ts';
import type {
  SandboxBlock,
  SandboxChange,
  SandboxChannel,
  SandboxEphemeral,
  SandboxFile,
  SandboxMessage,
  SandboxUser,
  Workspace,
} from './workspace.ts';

export interface Parts {
  readonly events: EventEmitter;
  readonly workspace: Workspace;
  readonly views: Views;
  readonly rates: Rates;
  readonly sockets: SocketMode;
  readonly delivery: Delivery;
  readonly people: People;
  readonly api: WebApi;
  readonly waitFor: <T>(look: () => T | null | undefined | false, options: WaitOptions) => Promise<T>;
}

/** The parts of a button that tests and the page look at. */
export interface SandboxElement {
  readonly type: string;
  readonly action_id: string;
  readonly text?: { readonly text: string };
  readonly value?: string;
  readonly style?: string;
  readonly confirm?: {
    readonly title?: { readonly text: string };
    readonly text: { readonly text: string };
    readonly confirm?: { readonly text: string };
    readonly deny?: { readonly text: string };
  };
}

export class Look {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get teamId(): string {
    return this.#parts.workspace.teamId;
  }

  get botUserId(): string {
    return this.#parts.workspace.botUserId;
  }

  users(): readonly SandboxUser[] {
    return [...this.#parts.workspace.users.values()];
  }

  channels(): readonly SandboxChannel[] {
    return [...this.#parts.workspace.channels.values()];
  }

  /** What the channel shows, oldest first: no replies but those that were sent to the channel too. */
  messages(channel: string): readonly SandboxMessage[] {
    const all = this.#parts.workspace.everything(this.#parts.people.channel(channel).id);
    return all.filter((message) => message.thread_ts === null || message.reply_broadcast);
  }

  message(channel: string, ts: string): SandboxMessage | null {
    return this.#parts.workspace.message(this.#parts.people.channel(channel).id, ts) ?? null;
  }

  /** The message and its replies, oldest first. */
  thread(channel: string, ts: string): readonly SandboxMessage[] {
    const all = this.#parts.workspace.everything(this.#parts.people.channel(channel).id);
    return all.filter((message) => message.ts === ts || message.thread_ts === ts);
  }

  /** What only this person sees, oldest first. */
  ephemerals(user: string, channel?: string): readonly SandboxEphemeral[] {
    const place = channel === undefined ? null : this.#parts.people.channel(channel).id;
    return this.#parts.workspace
      .ephemerals()
      .filter((one) => one.user === user && (place === null || one.channel === place));
  }

  /** From the bottom of the stack to the top. */
  openViews(user: string): readonly SandboxView[] {
    return this.#parts.views.open(user);
  }

  homeView(user: string): SandboxView | null {
    return this.#parts.views.home(user);
  }

  files(): readonly SandboxFile[] {
    return [...this.#parts.workspace.files.values()];
  }

  file(id: string): SandboxFile | null {
    return this.#parts.workspace.files.get(id) ?? null;
  }

  /** All that can be clicked in a message, an ephemeral or a view. */
  buttons(shown: {
    readonly blocks: readonly SandboxBlock[];
  }): readonly { readonly blockId: string; readonly element: SandboxElement }[] {
    const clickable = elementsOf(shown.blocks).filter(
      ({ block, element }) => block.type !== 'input' && element['type'] !== 'image',
    );
    return clickable.map(({ block, element }) => ({
      blockId: block.block_id,
      element: element as unknown as SandboxElement,
    }));
  }

  /** Web API calls, oldest first; without tokens. */
  get apiCalls(): readonly SandboxCall[] {
    return this.#parts.api.calls();
  }

  rates(): readonly RateReport[] {
    return this.#parts.rates.report();
  }

  get connectedSockets(): number {
    return this.#parts.sockets.connected;
  }

  on(event: 'change', listener: (change: SandboxChange) => void): () => void;
  on(event: 'call', listener: (call: SandboxCall) => void): () => void;
  on(event: 'change' | 'call', listener: (detail: never) => void): () => void {
    const relay = (detail: unknown) => listener(detail as never);
    this.#parts.events.on(event, relay);
    return () => void this.#parts.events.off(event, relay);
  }

  /** Resolves with the first thing found; looks again at every change and every call. */
  waitFor<T>(look: () => T | null | undefined | false, options: WaitOptions): Promise<T> {
    return this.#parts.waitFor(look, options);
  }

  /** The state of things in a few lines, for failures. */
  describe(): string {
    const short = (text: string) => (text.length > 200 ? `${text.slice(0, 200)}…` : text).replaceAll('\n', ' ⏎ ');
    const lines = [this.#parts.delivery.httpTarget === null ? `sockets: ${this.connectedSockets}` : 'HTTP mode'];
    for (const { id, name } of this.#parts.workspace.channels.values()) {
      for (const message of this.#parts.workspace.everything(id).slice(-6))
        lines.push(`#${name} ${message.ts} ${message.user}: ${short(message.text)}`);
    }
    for (const one of this.#parts.workspace.ephemerals().slice(-6))
      lines.push(`only ${one.user} sees: ${short(one.text)}`);
    for (const { id } of this.#parts.workspace.users.values())
      for (const view of this.openViews(id)) lines.push(`${id} sees the form ${view.id} "${view.title}"`);
    for (const call of this.apiCalls.slice(-8)) lines.push(`call ${call.method}: ${call.outcome}`);
    return lines.map((line) => `  ${line}`).join('\n');
  }
}
