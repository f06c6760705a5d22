/**
 * What the page and its server say to each other. The server sends the whole state by server-sent events, newest state
 * only, at most ten times a second (`GET /events`, event `state`, data DemoState as JSON). The page sends what people do
 * (`POST /act`, body Act as JSON; answer Acted). Everything is JSON; the page keeps nothing but what it is showing.
 */
import type { JsonObject } from '../slack/json.ts';

export interface DemoState {
  /** Grows with each state that is sent. */
  readonly version: number;
  readonly team: string;
  readonly botUser: string;
  readonly people: readonly Person[];
  readonly channels: readonly { readonly id: string; readonly name: string }[];
  /** Top-level messages, replies and broadcasts of all channels, oldest first. */
  readonly messages: readonly PageMessage[];
  /** Answers to one person alone, oldest first. */
  readonly ephemerals: readonly PageEphemeral[];
  /** The open form of each person, the top one last. */
  readonly views: readonly PageView[];
  readonly homes: readonly PageHome[];
  readonly world: World;
}

export interface Person {
  readonly id: string;
  readonly name: string;
  /** `requester`, `approver`, `nobody` or `bot`. */
  readonly role: string;
}

export interface PageMessage {
  readonly channel: string;
  readonly ts: string;
  readonly user: string;
  readonly text: string;
  readonly blocks: readonly JsonObject[];
  readonly files: readonly PageFile[];
  readonly threadTs: string | null;
  readonly broadcast: boolean;
  /** Time of the last edit, as a `ts`. */
  readonly edited: string | null;
}

/** A file that was shared with the message; it comes from `files/ID`, and with `?download` it is saved. */
export interface PageFile {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  /** What it shows, for who can't see it; null: nobody said. */
  readonly alt: string | null;
  /** Slack's short word: `csv`, `png`, `text`, `binary`. */
  readonly type: string;
  readonly bytes: number;
  /** Whether a browser may draw it: pictures of pixels only, nothing that can hold a script. */
  readonly isPicture: boolean;
}

export interface PageEphemeral {
  readonly id: string;
  readonly channel: string;
  readonly user: string;
  readonly text: string;
  readonly blocks: readonly JsonObject[];
}

export interface PageView {
  readonly id: string;
  readonly user: string;
  /** Slack's view object: type, title, submit, close, blocks, callback_id. */
  readonly view: JsonObject;
  /** block_id → sentence, after a submission that was refused. */
  readonly errors: Readonly<Record<string, string>>;
}

export interface PageHome {
  readonly user: string;
  readonly viewId: string;
  readonly blocks: readonly JsonObject[];
}

/** The world outside Slack. */
export interface World {
  readonly botRunning: boolean;
  /** Whether whoever is asked before a switch says no. */
  readonly deploymentsFrozen: boolean;
  readonly servers: readonly WorldServer[];
  readonly application: readonly WorldApplication[];
  /** Set when the story is over and every acknowledged write was looked up. */
  readonly verified: { readonly acknowledged: number; readonly missing: number } | null;
}

export interface WorldServer {
  readonly id: string;
  readonly side: 'old' | 'new';
  readonly shard: number;
  readonly address: string;
  readonly running: boolean;
  readonly role: 'master' | 'replica' | 'fenced' | null;
  /** up, down, or null for a master. */
  readonly link: 'up' | 'down' | null;
  readonly keys: number | null;
  readonly opsPerSecond: number | null;
  /** Of a new server: whether its link is cut, and whether it was slowed. */
  readonly isCut: boolean;
  readonly isSlow: boolean;
}

export interface WorldApplication {
  readonly shard: number;
  readonly pointsAt: 'old' | 'new';
  readonly acknowledgedPerSecond: number;
  readonly acknowledged: number;
  readonly refused: number;
}

/** What can be clicked is in a message, or an answer to one person alone, whose id is its `ts`; or in a form or Home tab. */
export type BlockPlace = { readonly channel: string; readonly ts: string } | { readonly viewId: string };

/** What stands in the fields: block_id → action_id → a text, an option's value, several, or nothing. */
export type FieldValue = string | readonly string[] | null;
export type FieldValues = Readonly<Record<string, Readonly<Record<string, FieldValue>>>>;

interface Acting {
  readonly user: string;
  readonly at: BlockPlace;
  readonly blockId: string;
  readonly actionId: string;
  /** Of all the fields there. */
  readonly values: FieldValues;
}

export type Act =
  | { readonly kind: 'command'; readonly user: string; readonly channel: string; readonly text: string }
  /** The bot's message shortcut, chosen at a message. */
  | { readonly kind: 'shortcut'; readonly user: string; readonly channel: string; readonly ts: string }
  | {
      readonly kind: 'say';
      readonly user: string;
      readonly channel: string;
      readonly text: string;
      readonly threadTs: string | null;
    }
  /** `choose` null: a button. */
  | (Acting & { readonly kind: 'click'; readonly choose: FieldValue })
  /** Types into an external select: the answer has what the bot offers. */
  | (Acting & { readonly kind: 'suggest'; readonly query: string })
  | { readonly kind: 'submit'; readonly user: string; readonly viewId: string; readonly values: FieldValues }
  | { readonly kind: 'close_view'; readonly user: string; readonly viewId: string }
  | { readonly kind: 'open_home'; readonly user: string }
  /** `shard` null: all of its instances. */
  | { readonly kind: 'point_application'; readonly shard: number | null }
  | {
      readonly kind: 'kill_server' | 'start_server' | 'cut_link' | 'mend_link' | 'slow_destination';
      readonly server: string;
    }
  | { readonly kind: 'flood_writes' }
  | { readonly kind: 'freeze_deployments' | 'allow_deployments' }
  | { readonly kind: 'stop_bot' | 'start_bot' };

export interface Acted {
  readonly ok: boolean;
  /** What the person would see gone wrong; null when all is well. */
  readonly trouble: string | null;
  /** Of `suggest`: `options` or `option_groups`, as the bot sent them. */
  readonly offered?: JsonObject;
}
