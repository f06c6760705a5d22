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
  readonly homes: readonly { readonly user: string; readonly blocks: readonly JsonObject[] }[];
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
  readonly threadTs: string | null;
  readonly broadcast: boolean;
  /** Time of the last edit, as a `ts`. */
  readonly edited: string | null;
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

/** The world outside Slack. */
export interface World {
  readonly botRunning: boolean;
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
}

export interface WorldApplication {
  readonly shard: number;
  readonly pointsAt: 'old' | 'new';
  readonly acknowledgedPerSecond: number;
  readonly acknowledged: number;
  readonly refused: number;
}

export type Act =
  | { readonly kind: 'command'; readonly user: string; readonly channel: string; readonly text: string }
  | {
      readonly kind: 'say';
      readonly user: string;
      readonly channel: string;
      readonly text: string;
      readonly threadTs: string | null;
    }
  | {
      readonly kind: 'click';
      readonly user: string;
      readonly channel: string;
      readonly ts: string;
      readonly actionId: string;
      readonly blockId: string;
    }
  /** A button in an answer to one person alone: `ts` is the ephemeral's id. */
  | { readonly kind: 'submit'; readonly user: string; readonly viewId: string; readonly values: JsonObject }
  | { readonly kind: 'close_view'; readonly user: string; readonly viewId: string }
  | { readonly kind: 'open_home'; readonly user: string }
  | { readonly kind: 'point_application' }
  | {
      readonly kind: 'kill_server' | 'start_server' | 'cut_link' | 'mend_link' | 'slow_destination';
      readonly server: string;
    }
  | { readonly kind: 'flood_writes' }
  | { readonly kind: 'stop_bot' | 'start_bot' };

export interface Acted {
  readonly ok: boolean;
  /** What the person would see gone wrong; null when all is well. */
  readonly trouble: string | null;
}
