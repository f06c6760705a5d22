/**
 * The read model: all that Slack, the admin server and a person's JSON see of a migration. The names of the outside
 * part are those of `GET /migrations/:id`. Holds no secret and no endpoint object, only addresses.
 */
import type { Gate, Phase } from './phase.ts';
import type { Canary, Cutover } from './plan.ts';
import type { Finding, Totals } from './preflight.ts';

/**
 * | state       | meaning                                                        |
 * | ----------- | -------------------------------------------------------------- |
 * | waiting     | nothing done yet                                               |
 * | queued      | waits for its turn to make a full sync                         |
 * | snapshot    | the source makes its snapshot                                  |
 * | transfer    | the snapshot is on its way                                     |
 * | loading     | the destination loads it                                       |
 * | catching_up | streaming, lag above MAX_LAG_BYTES                             |
 * | in_step     | link up, same history, lag small                               |
 * | link_down   | the destination has lost its source                            |
 * | unreachable | one of the two does not answer us                              |
 * | promoted    | the destination is a master by the proof                       |
 * | detached    | the destination follows nobody and was not promoted            |
 */
export const SHARD_STATES = [
  'waiting',
  'queued',
  'snapshot',
  'transfer',
  'loading',
  'catching_up',
  'in_step',
  'link_down',
  'unreachable',
  'promoted',
  'detached',
] as const;
export type ShardState = (typeof SHARD_STATES)[number];

/** Figures are null where unknown, never negative. */
export interface ShardView {
  readonly index: number;
  /** `host:port` */
  readonly source: string;
  readonly destination: string;
  readonly state: ShardState;
  /** 0 to 100, of the whole way to in step. */
  readonly percent: number | null;
  readonly bytesPerSecond: number | null;
  readonly etaSeconds: number | null;
  readonly lagBytes: number | null;
  readonly bufferBytes: number | null;
  readonly sourceWritesPerSecond: number | null;
  readonly sourceClients: number | null;
  readonly fullSyncs: number | null;
  readonly pauseMs: number | null;
  readonly verified: { readonly keys: number; readonly mismatches: number; readonly at: string } | null;
  /** Ours: why this shard is not further, as a sentence; null when there is nothing to say. */
  readonly reason: string | null;
  /** Ours: keys on the source as last seen. */
  readonly keys: number | null;
  /** Ours: [used_memory] of the source as last seen. */
  readonly bytes: number | null;
}

export interface ApprovalView {
  readonly user: string;
  /** ISO 8601 */
  readonly at: string;
}

export interface GateView {
  readonly gate: Gate;
  readonly open: boolean;
  /** Why it is closed, or what a click will do. Always a sentence. */
  readonly reason: string;
  readonly approvals: readonly ApprovalView[];
  readonly needed: number;
  /** Ours: only the schedule keeps it closed, and it takes approvals already. */
  readonly early?: true;
  /** Ours: somebody's no, which keeps it closed; absent where nobody denied it. */
  readonly denied?: SaidView;
  /** Ours: who passed it alone, with too few approvals; absent where nobody did. */
  readonly brokenGlass?: SaidView & { readonly given: number; readonly needed: number };
}

/** What somebody decided, and why; `reason` is quoted already. */
export interface SaidView {
  readonly user: string;
  /** ISO 8601 */
  readonly at: string;
  readonly reason: string;
}

/** When things happen; moments are ISO 8601. */
export interface ScheduleView {
  readonly zone: string;
  readonly startAt: string | null;
  /** The window that is open, or the next one; null where a year has none. */
  readonly window: {
    readonly cron: string;
    readonly minutes: number;
    readonly open: boolean;
    readonly opensAt: string | null;
    readonly closesAt: string | null;
  } | null;
  readonly autoSwitch: boolean;
  /** Who said that nothing is to happen by itself any more; null when nobody did. */
  readonly cancelledBy: string | null;
  /** What is to come, as sentences; null when nothing is. */
  readonly text: string | null;
}

export interface JournalView {
  readonly seq: number;
  /** ISO 8601 */
  readonly at: string;
  /** A Slack user id, or `bot`. */
  readonly actor: string;
  readonly kind: string;
  readonly text: string;
  readonly shard: number | null;
}

/** Somebody who is still connected to an old master after the switch. */
export interface LateClient {
  readonly shard: number;
  /** Address of the old master. */
  readonly server: string;
  readonly address: string;
  readonly name: string;
  readonly user: string;
  readonly library: string;
  readonly lastCommand: string;
  readonly idleSeconds: number;
  /** Since it was last seen trying to write; null: not since the bot watches. */
  readonly triedSecondsAgo: number | null;
}

/** A button that can be used now. One that can't be used isn't listed. */
export interface ActionView {
  readonly action: ActionId;
  /** Opaque; goes back to the engine with the click. */
  readonly value: string;
  /** `form`: the click opens a form in which the name is typed. `confirm`: Slack's own dialog. */
  readonly ask: 'form' | 'confirm' | 'none';
  /** What will happen, with the numbers of this moment. For the dialog or the form. */
  readonly consequence: string;
  /** Another label than the action's own, where it means something else. */
  readonly label?: string;
}

export const ACTION_IDS = [
  'gate:continue',
  'gate:switch',
  'gate:finish',
  'migration:deny',
  'migration:break_glass',
  'migration:revoke',
  'migration:ask_again',
  'migration:recheck',
  'migration:tune',
  'migration:resume',
  'migration:override',
  'migration:rollback',
  'migration:cancel_schedule',
  'migration:abort',
  'migration:axe',
  'migration:serve_old',
] as const;
export type ActionId = (typeof ACTION_IDS)[number];

/** What became of the old servers after the end, as sentences. */
export interface AxeView {
  /** Whether more is to come. */
  readonly running: boolean;
  readonly lines: readonly string[];
}

/** Null where unknown. */
export interface ProgressView {
  readonly percent: number | null;
  readonly bytesPerSecond: number | null;
  readonly etaSeconds: number | null;
}

export interface MigrationView {
  readonly id: string;
  readonly name: string;
  readonly phase: Phase;
  /** Why it waits, as a sentence; null when it waits for nothing. */
  readonly waitingFor: string | null;
  readonly cutover: Cutover;
  readonly requestedBy: string;
  readonly channel: string;
  readonly messageTs: string | null;
  readonly totals: Totals;
  readonly findings: readonly Finding[];
  readonly shards: readonly ShardView[];
  readonly gates: readonly GateView[];
  /** The last 500 rows. */
  readonly journal: readonly JournalView[];
  // From here on: ours.
  /** The shard that goes over before the others; null where all go together. */
  readonly canary: Canary | null;
  /** Why it is done, as it was typed; null when nobody said. */
  readonly reason: string | null;
  /** Null where everything happens as soon as it is approved. */
  readonly schedule: ScheduleView | null;
  /** The whole way of all shards: how much is done, how fast, how long it still takes. */
  readonly progress: ProgressView;
  /** ISO 8601 */
  readonly createdAt: string;
  readonly phaseSince: string;
  /** When the servers were last looked at; null before the first look. */
  readonly asOf: string | null;
  readonly actions: readonly ActionView[];
  /** For how long writes would stand still if they went over now, in milliseconds; null when nobody can tell. */
  readonly predictedPauseMs: number | null;
  /** Whether the old servers can take the writes again without losing one; null where there is no such thing. */
  readonly wayBack: { readonly open: boolean; readonly text: string } | null;
  /** Who still talks to the old masters of shards that have gone over; at most 50. */
  readonly lateClients: readonly LateClient[];
  /** What the old masters of shards that have gone over saw of writers, as a sentence. */
  readonly lateWriters: string | null;
  /** In finished: whether the old servers are shut down; null when there is nothing to tell. */
  readonly axe: AxeView | null;
}
