/**
 * The workspace's memory: people, channels, messages, ephemerals, files. Messages are immutable objects; an edit puts a
 * new one in the old one's place, so what a reader holds never changes under it. It knows no HTTP, no rules of the Web
 * API and no secret; every change is announced to `onChange`.
 */
import type { Clock } from '../../clock.ts';
import { isObject, type JsonObject } from './json.ts';

export interface SandboxUser {
  readonly id: string;
  readonly name: string;
  readonly realName: string;
  readonly isBot: boolean;
  readonly deleted: boolean;
}

export interface SandboxUserGroup {
  readonly id: string;
  readonly handle: string;
  readonly users: readonly string[];
}

export interface SandboxChannel {
  readonly id: string;
  readonly name: string;
  readonly botIsMember: boolean;
  readonly private: boolean;
  readonly archived: boolean;
  /** The person at the other end of a direct message with the bot. */
  readonly directWith: string | null;
}

export type SandboxBlock = JsonObject & { readonly type: string; readonly block_id: string };

export interface SandboxMetadata {
  readonly event_type: string;
  readonly event_payload: JsonObject;
}

/** What a message said before an edit. */
export interface SandboxEdit {
  readonly at: string;
  readonly text: string;
  readonly blocks: readonly SandboxBlock[];
}

export interface SandboxMessage {
  readonly channel: string;
  readonly ts: string;
  readonly user: string;
  readonly text: string;
  readonly blocks: readonly SandboxBlock[];
  readonly metadata: SandboxMetadata | null;
  /** Of the thread that it belongs to; null when it is not a reply. */
  readonly thread_ts: string | null;
  readonly reply_broadcast: boolean;
  readonly files: readonly string[];
  readonly reactions: readonly string[];
  /** Time of the last edit, as a `ts`. */
  readonly edited: string | null;
  /** Older versions, oldest first; the last 500. */
  readonly history: readonly SandboxEdit[];
}

export interface SandboxEphemeral {
  readonly ts: string;
  readonly user: string;
  readonly channel: string;
  readonly thread_ts: string | null;
  readonly text: string;
  readonly blocks: readonly SandboxBlock[];
  /** How it came. */
  readonly via: 'postEphemeral' | 'response_url' | 'ack';
  /** Which interactions it answers: the first one, and those that replaced it. Empty for chat.postEphemeral. */
  readonly interactions: readonly number[];
  /** Grows with every ephemeral, also when one is replaced. */
  readonly seq: number;
}

export interface SandboxFile {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  /** What it shows, for who can't see it. */
  readonly alt: string | null;
  /** Slack's short word for the mimetype: `csv`, `png`, `text`, `binary`. */
  readonly filetype: string;
  readonly mimetype: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly content: Buffer;
  readonly channel: string | null;
  readonly thread_ts: string | null;
}

export type SandboxChange =
  | {
      readonly kind: 'message';
      readonly channel: string;
      readonly ts: string;
      readonly what: 'posted' | 'edited' | 'deleted';
    }
  | { readonly kind: 'ephemeral'; readonly user: string; readonly channel: string; readonly ts: string }
  | { readonly kind: 'view'; readonly user: string }
  | { readonly kind: 'home'; readonly user: string }
  | { readonly kind: 'channel'; readonly channel: string }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'interaction'; readonly id: number }
  | { readonly kind: 'socket'; readonly connected: number }
  | { readonly kind: 'people' };

type Draft = Pick<SandboxMessage, 'channel' | 'user' | 'text' | 'blocks'> & Partial<SandboxMessage>;

const KEPT_EDITS = 500;

export class Workspace {
  readonly teamId = 'T00000SAND';
  readonly teamDomain = 'sandbox';
  readonly appId = 'A00000RMIG';
  readonly botId = 'B00000RMIG';
  readonly botUserId = 'U00000RMIG';
  readonly users = new Map<string, SandboxUser>();
  readonly groups = new Map<string, SandboxUserGroup>();
  readonly channels = new Map<string, SandboxChannel>();
  readonly files = new Map<string, SandboxFile>();
  readonly clock: Clock;
  #messages = new Map<string, Map<string, SandboxMessage>>();
  #ephemerals: SandboxEphemeral[] = [];
  #seq = 0;
  #lastTs = 0;
  #ids = 0;
  readonly #announce: (change: SandboxChange) => void;

  constructor(clock: Clock, announce: (change: SandboxChange) => void) {
    this.clock = clock;
    this.#announce = announce;
    this.addUser({ id: this.botUserId, name: 'redis-migrate', realName: 'redis-migrate', isBot: true });
  }

  announce(change: SandboxChange): void {
    this.#announce(change);
  }

  addUser(user: Pick<SandboxUser, 'id' | 'name'> & Partial<SandboxUser>): SandboxUser {
    const whole = { realName: user.name[0]?.toUpperCase() + user.name.slice(1), isBot: false, deleted: false, ...user };
    this.users.set(user.id, whole);
    this.announce({ kind: 'people' });
    return whole;
  }

  addUserGroup(group: SandboxUserGroup): void {
    this.groups.set(group.id, group);
    this.announce({ kind: 'people' });
  }

  addChannel(channel: Pick<SandboxChannel, 'id' | 'name'> & Partial<SandboxChannel>): SandboxChannel {
    const whole = { botIsMember: true, private: false, archived: false, directWith: null, ...channel };
    this.channels.set(channel.id, whole);
    this.announce({ kind: 'channel', channel: channel.id });
    return whole;
  }

  /** By id, `#name`, or a person's id for the direct message with the bot. Undefined: no such place. */
  findChannel(reference: string): SandboxChannel | undefined {
    const known = this.channels.get(reference);
    if (known !== undefined) return known;
    const user = this.users.get(reference);
    if (user !== undefined) {
      const id = `D${user.id.slice(1)}`;
      return this.channels.get(id) ?? this.addChannel({ id, name: user.name, directWith: user.id });
    }
    const name = reference.replace(/^#/, '');
    return [...this.channels.values()].find((channel) => channel.name === name && channel.directWith === null);
  }

  /** Seconds since 1970 with six digits, never the same twice: that is what identifies a message in a channel. */
  nextTs(): string {
    this.#lastTs = Math.max(this.clock.now() * 1000, this.#lastTs + 1);
    return (Math.floor(this.#lastTs) / 1e6).toFixed(6);
  }

  nextId(prefix: string): string {
    this.#ids += 1;
    return `${prefix}${this.#ids.toString(36).toUpperCase().padStart(9, '0')}`;
  }

  /** Blocks as Slack stores them: each has a block_id, each element that can be used an action_id. */
  withIds(blocks: readonly JsonObject[]): SandboxBlock[] {
    return blocks.map((block) => {
      const own = block['block_id'];
      const id = typeof own === 'string' && own !== '' ? own : this.nextId('b').toLowerCase();
      const whole = { ...block, type: String(block['type']), block_id: id };
      const elements = block['type'] === 'actions' && Array.isArray(block['elements']) ? block['elements'] : null;
      return {
        ...whole,
        ...(elements === null ? {} : { elements: elements.map((element: JsonObject) => this.#withActionId(element)) }),
        ...(isObject(block['accessory']) ? { accessory: this.#withActionId(block['accessory']) } : {}),
        ...(block['type'] === 'input' && isObject(block['element'])
          ? { element: this.#withActionId(block['element']) }
          : {}),
      };
    });
  }

  #withActionId(element: JsonObject): JsonObject {
    if (element['action_id'] !== undefined || element['type'] === 'image') return element;
    return { ...element, action_id: this.nextId('a').toLowerCase() };
  }

  post(draft: Draft): SandboxMessage {
    const message: SandboxMessage = {
      ts: this.nextTs(),
      metadata: null,
      thread_ts: null,
      reply_broadcast: false,
      files: [],
      reactions: [],
      edited: null,
      history: [],
      ...draft,
    };
    this.#store(message, 'posted');
    return message;
  }

  edit(
    old: SandboxMessage,
    change: Partial<Pick<SandboxMessage, 'text' | 'blocks' | 'metadata' | 'reply_broadcast'>>,
  ): SandboxMessage {
    const at = this.nextTs();
    const before = { at: old.edited ?? old.ts, text: old.text, blocks: old.blocks };
    const message = { ...old, ...change, edited: at, history: [...old.history, before].slice(-KEPT_EDITS) };
    this.#store(message, 'edited');
    return message;
  }

  react(message: SandboxMessage, name: string): void {
    this.#store({ ...message, reactions: [...message.reactions, name] }, 'edited');
  }

  delete(channel: string, ts: string): boolean {
    const gone = this.#messages.get(channel)?.delete(ts) ?? false;
    if (gone) this.announce({ kind: 'message', channel, ts, what: 'deleted' });
    return gone;
  }

  message(channel: string, ts: string): SandboxMessage | undefined {
    return this.#messages.get(channel)?.get(ts);
  }

  /** Every message of a channel, replies too, in the order in which they came. */
  everything(channel: string): SandboxMessage[] {
    return [...(this.#messages.get(channel)?.values() ?? [])];
  }

  whisper(draft: Omit<SandboxEphemeral, 'ts' | 'seq'>): SandboxEphemeral {
    this.#seq += 1;
    const ephemeral = { ...draft, ts: this.nextTs(), seq: this.#seq };
    this.#ephemerals.push(ephemeral);
    this.announce({ kind: 'ephemeral', user: draft.user, channel: draft.channel, ts: ephemeral.ts });
    return ephemeral;
  }

  /** `to` null takes it away. */
  changeEphemeral(
    old: SandboxEphemeral,
    interaction: number,
    to: { readonly text: string; readonly blocks: readonly SandboxBlock[] } | null,
  ): void {
    this.#seq += 1;
    const seq = this.#seq;
    this.#ephemerals = this.#ephemerals.flatMap((one) => {
      if (one.ts !== old.ts) return [one];
      return to === null ? [] : [{ ...one, ...to, seq, interactions: [...one.interactions, interaction] }];
    });
    this.announce({ kind: 'ephemeral', user: old.user, channel: old.channel, ts: old.ts });
  }

  ephemerals(): readonly SandboxEphemeral[] {
    return this.#ephemerals;
  }

  /** The number of the last ephemeral so far. */
  get ephemeralSeq(): number {
    return this.#seq;
  }

  #store(message: SandboxMessage, what: 'posted' | 'edited'): void {
    let channel = this.#messages.get(message.channel);
    if (channel === undefined) {
      channel = new Map();
      this.#messages.set(message.channel, channel);
    }
    channel.set(message.ts, message);
    this.announce({ kind: 'message', channel: message.channel, ts: message.ts, what });
  }
}
