/**
 * The journal's rows. Append-only; a migration is nothing but the fold of these. An event is written before what it
 * announces is done (`intent`, `clicked`, `cutover_step`) or after it was seen (`seen`, `cutover_seen`, …).
 * No event holds a secret: old values of secret settings are sealed before they get here.
 */
import type { ApprovalEvent } from './event-approvals.ts';
import type { ScheduleEvent } from './event-schedule.ts';
import type { HookKind } from './hook.ts';
import type { Phase } from './phase.ts';
import type { Plan } from './plan.ts';
import type { PreflightReport } from './preflight.ts';
import type { ActionId } from './view.ts';

export type Side = 'source' | 'destination';

/** Where writes go in a cut-over: over to the new servers, or back to the old ones. */
export type Way = 'over' | 'back';

/**
 * How writes are stopped on the server that they leave, by what its version can do (redis.md, "Cut-over sequences,
 * attacked").
 *
 * | kind    | how                                                                          | from              |
 * | ------- | ---------------------------------------------------------------------------- | ----------------- |
 * | pause   | CLIENT PAUSE … WRITE, which ends by itself                                   | 6.2               |
 * | acl     | no user may write or publish any more                                        | 6.0               |
 * | open    | a password of ours, which refuses everybody at once; a marker shows the end  | 2.4, no password  |
 * | monitor | everybody parked, then a password of ours and every connection cut           | 3.0, a password   |
 * | min     | min-slaves-to-write, then a password of ours and every connection cut        | 2.8, a password   |
 * | kill    | a password of ours and every connection cut: not proven, only with consent   | 2.4, a password   |
 */
export type StopKind = 'pause' | 'acl' | 'open' | 'monitor' | 'min' | 'kill';

/** What one user of a server might run, in the words of ACL LIST (`+@all`, `-debug`, …). No passwords, no keys. */
export interface AclUser {
  readonly name: string;
  readonly words: readonly string[];
}

/** A setting's value as it may be written down. */
export type StoredValue =
  | { readonly kind: 'plain'; readonly value: string }
  | { readonly kind: 'sealed'; readonly box: string };

/**
 * Until when a setting that we changed stays: till the link was tried, till the next cut-over is over, or till the
 * migration ends.
 */
export type Until = 'trial' | 'cutover' | 'end';

/** One setting that a full sync needs, and why. */
export interface Tune {
  readonly side: Side;
  readonly name: string;
  readonly value: string;
  readonly why: string;
}

/** Why full syncs do not end; see sync-alarm.ts. */
export type AlarmCause = 'output_buffer' | 'timeout' | 'cannot_load' | 'backlog' | 'link';

/** What somebody else changed on a server, so that nothing is done to its shard until a person has said so. */
export type HeldWhat = 'role' | 'master' | 'read_only' | 'setting';

/** What was seen of a pair right before replication was set up: what later looks are held against. */
export interface BeforeReplication {
  readonly sourceRunId: string | null;
  readonly sourceFullSyncs: number | null;
  readonly destinationRunId: string | null;
  /** A server that has followed since has another one. */
  readonly destinationReplid: string | null;
  readonly destinationRefusedCommands: number | null;
  /** Absent in rows of before it was kept. */
  readonly sourceBufferDisconnections?: number | null;
}

/** What is about to be done to one server. Addresses are in the plan; passwords are looked up when it is sent. */
export type Effect =
  /** Change a setting of a server and remember the old value in the ledger. `value` null: a secret, looked up when sent. */
  | {
      readonly kind: 'set_config';
      readonly shard: number;
      readonly side: Side;
      readonly name: string;
      readonly old: StoredValue;
      readonly value: string | null;
      readonly why: string;
      /** Absent in rows of before there was a choice: see untilOf. */
      readonly until?: Until;
    }
  /** Put back the setting that the intent with number `ledger` changed. */
  | {
      readonly kind: 'restore_config';
      readonly shard: number;
      readonly side: Side;
      readonly name: string;
      readonly ledger: number;
    }
  /** Make the destination a replica of its source. Wipes what the destination holds when the sync arrives. */
  | {
      readonly kind: 'replicate';
      readonly shard: number;
      readonly before: BeforeReplication;
      /** What is written to the source, as measured; null or absent where nobody knows. */
      readonly writeBytesPerSecond?: number | null;
    }
  /** Let the destination follow its source for a moment, while the source serves nobody, to see that it can. */
  | { readonly kind: 'try_link'; readonly shard: number }
  /** Make it follow nobody again. */
  | { readonly kind: 'end_trial'; readonly shard: number }
  /** Take the load of a full sync from its source: the destination waits as a replica of our closed port. */
  | { readonly kind: 'park'; readonly shard: number; readonly why: string }
  /** Change what an alarm proposed and an approver agreed to; each change is an intent of its own. */
  | { readonly kind: 'tune'; readonly shard: number; readonly changes: readonly Tune[] }
  /**
   * Put the fence up again at an old master that came back without it, or take down one that came too late. `side`: the
   * source where it is absent; the destination once writes have left it again.
   */
  | { readonly kind: 'fence'; readonly shard: number; readonly up: boolean; readonly side?: Side }
  /**
   * Make the old master a replica of the new one, so that there is a way back. `fullSyncs` and `refusedCommands`: what the
   * new master and the old one had counted before; it has to be a partial resync.
   */
  | {
      readonly kind: 'follow_back';
      readonly shard: number;
      readonly fullSyncs: number | null;
      readonly refusedCommands: number | null;
    }
  /** Take the right to write from the users of a server, for the time of a cut-over. `users`: what they might run before. */
  | { readonly kind: 'acl_lock'; readonly shard: number; readonly side: Side; readonly users: readonly AclUser[] }
  /** Make the copy on one side anew, because a lock that was let go has made its offset wrong. */
  | { readonly kind: 'resync'; readonly shard: number; readonly side: Side }
  /** Shut an old master down. */
  | { readonly kind: 'shutdown'; readonly shard: number }
  /** Overlap: put into the source's memory, or take out of it, the user as which its replica may resume; resync-guard.ts. */
  | { readonly kind: 'guard_user'; readonly shard: number; readonly user: string; readonly up: boolean }
  /** Overlap: make a destination that takes writes refuse them again. */
  | { readonly kind: 'close_replica'; readonly shard: number }
  /** Make the destination a plain master again, without the proof (abort). */
  | { readonly kind: 'detach'; readonly shard: number };

/**
 * The steps of a cut-over that change servers, in order. Up to `fence` everything can still be let go. Of the opening of
 * an overlap: `guard` and `open`, both of which can.
 */
export type CutoverStep = 'pause' | 'fence' | 'promote' | 'unpause' | 'guard' | 'open';

/** A shard whose destination takes writes beside its source: which processes the two were, and what had gone wrong before. */
export interface Opened {
  readonly shard: number;
  readonly sourceRunId: string | null;
  readonly destinationRunId: string | null;
  /** Full syncs that its source had begun by then; null where it does not count. */
  readonly sourceFullSyncs: number | null;
  /** Commands of its source that the destination had refused by then. */
  readonly refusedCommands: number | null;
}

/**
 * A shard's frozen point: the history of the server that writes leave (below 4.0 named by its run id) and the offset
 * after which nothing can have been written.
 */
export interface Frozen {
  readonly shard: number;
  readonly replid: string;
  /** Decimal, because JSON has no bigint. `0` where the server has none (below 2.8). */
  readonly offset: string;
  /** Absent: by pause. */
  readonly by?: StopKind;
  /** A key that was written last: where it is, everything before it is. Absent where the offset tells. */
  readonly marker?: string;
  /** Process of the server that writes go to: what tells that it was promoted where no history does (below 4.0). */
  readonly runId?: string;
}

export type Event =
  | ScheduleEvent
  | { readonly kind: 'requested'; readonly plan: Plan; readonly messageTs: string | null }
  | { readonly kind: 'message_posted'; readonly ts: string; readonly why: string }
  | { readonly kind: 'preflight_done'; readonly report: PreflightReport }
  /** A click as it came in, before it was judged. `entry` is the phase entry that the button was drawn for. */
  | {
      readonly kind: 'clicked';
      readonly action: ActionId;
      readonly user: string;
      readonly entry: number | null;
      readonly typedName: string | null;
      /** What was typed as the reason, in a form that asks for one. */
      readonly reason?: string;
    }
  | { readonly kind: 'click_refused'; readonly click: number; readonly user: string; readonly reason: string }
  | ApprovalEvent
  | { readonly kind: 'recheck_asked'; readonly user: string; readonly click: number }
  | { readonly kind: 'abort_asked'; readonly user: string; readonly click: number; readonly giveUp: boolean }
  /** An approver answers for finish without the quiet period. `entry`: the phase entry that it is for. */
  | {
      readonly kind: 'override_asked';
      readonly user: string;
      readonly click: number;
      readonly entry: number;
      readonly reason: string;
    }
  | { readonly kind: 'rollback_asked'; readonly user: string; readonly click: number }
  | { readonly kind: 'phase_entered'; readonly phase: Phase; readonly reason: string }
  | { readonly kind: 'intent'; readonly effect: Effect }
  /** What the server answered. `unknown`: the connection died before an answer; only a look can tell. */
  | {
      readonly kind: 'answered';
      readonly intent: number;
      readonly outcome: 'ok' | 'refused' | 'unknown';
      readonly detail: string;
    }
  /** The effect was seen in the server's own words. */
  | { readonly kind: 'seen'; readonly intent: number; readonly detail: string }
  /** It will not be tried any more: a person said so, or its server is away for good. */
  | {
      readonly kind: 'given_up';
      readonly what: 'detach' | 'setting' | 'guard' | 'lock';
      readonly ledger: number | null;
      readonly shard: number;
      readonly detail: string;
    }
  | { readonly kind: 'progress'; readonly percent: number }
  | { readonly kind: 'shard_in_step'; readonly shard: number; readonly seconds: number; readonly keys: number }
  | { readonly kind: 'trouble'; readonly shard: number; readonly text: string }
  | { readonly kind: 'trouble_over'; readonly shard: number; readonly text: string }
  /** Somebody or something else changed a server. `runId`: the new process, when it is one. */
  | {
      readonly kind: 'drift';
      readonly shard: number;
      readonly side: Side;
      readonly runId: string | null;
      readonly text: string;
    }
  /** The link was tried, and what the trial changed is as it was. */
  | { readonly kind: 'trial_over'; readonly shard: number; readonly text: string }
  /** Full syncs of this shard do not end, or are about to break off: the cause, the numbers, and what would mend it. */
  | {
      readonly kind: 'sync_alarm';
      readonly shard: number;
      readonly cause: AlarmCause;
      readonly text: string;
      readonly tune: readonly Tune[];
    }
  | { readonly kind: 'sync_alarm_over'; readonly shard: number; readonly fullSyncs: number; readonly text: string }
  | { readonly kind: 'tune_asked'; readonly user: string; readonly click: number }
  /** `fullSyncs`: how many there were by then; later ones are counted anew. */
  | { readonly kind: 'tuned'; readonly shard: number; readonly fullSyncs: number; readonly text: string }
  /** `ledger`: number of the intent whose setting somebody else changed. */
  | {
      readonly kind: 'held';
      readonly shard: number;
      readonly side: Side;
      readonly what: HeldWhat;
      readonly ledger: number | null;
      readonly text: string;
    }
  | { readonly kind: 'resume_asked'; readonly user: string; readonly click: number }
  /** It is as it was again, or (`by`) somebody said to go on with it as it is now. */
  | {
      readonly kind: 'released';
      readonly shard: number;
      readonly side: Side;
      readonly what: HeldWhat;
      readonly ledger: number | null;
      readonly by: string | null;
      readonly text: string;
    }
  /** `way`, `shards`, `stops`: absent in rows of before there was a choice: over, all of them, by pause. */
  | {
      readonly kind: 'cutover_started';
      readonly attempt: number;
      readonly way?: Way;
      readonly shards?: readonly number[];
      readonly stops?: readonly StopKind[];
    }
  /** Written before the step's commands are sent; `frozen` once it is known. */
  | {
      readonly kind: 'cutover_step';
      readonly step: CutoverStep;
      readonly frozen: readonly Frozen[];
      readonly reason: string;
    }
  /** The server that writes go to was seen as a master by the proof: the destination, or on the way back the source. */
  | { readonly kind: 'promoted'; readonly shard: number; readonly pauseMs: number | null; readonly detail: string }
  /** The way back of one shard is open, or closed for good. */
  | { readonly kind: 'way_back'; readonly shard: number; readonly open: boolean; readonly text: string }
  /** The canary is on its new server and the others wait behind it, or (`over`) wait no longer. */
  | { readonly kind: 'soak'; readonly shard: number; readonly over: boolean; readonly text: string }
  /** A promotion was sent and cannot be seen any more: a person has to decide. */
  | { readonly kind: 'stuck'; readonly shard: number; readonly text: string }
  /** Somebody decided: the old servers of these shards take the writes again; in a roll back the new ones. */
  | {
      readonly kind: 'serve_old_asked';
      readonly way?: Way;
      readonly user: string;
      readonly click: number;
      readonly shards: readonly number[];
    }
  /** `partly`: some of its shards had been promoted by then. */
  | { readonly kind: 'cutover_let_go'; readonly reason: string; readonly partly?: boolean }
  | { readonly kind: 'axe_asked'; readonly user: string; readonly click: number }
  /** What became of an old server: it takes no connections any more, or it was left. */
  | { readonly kind: 'axed'; readonly shard: number; readonly gone: boolean; readonly text: string }
  /** Overlap: the destinations take writes beside their sources. */
  | { readonly kind: 'overlap_opened'; readonly shards: readonly Opened[] }
  /** Overlap: the destination could not carry out commands of its source. `refusedCommands`: how many by now. */
  | { readonly kind: 'conflict'; readonly shard: number; readonly refusedCommands: number; readonly text: string }
  | { readonly kind: 'quiet'; readonly seconds: number }
  /** A webhook that has to be delivered; see hook-due.ts. `text` and `reason` go out as they are here. */
  | {
      readonly kind: 'hook_due';
      readonly hook: HookKind;
      readonly id: string;
      readonly shards: readonly number[];
      readonly text: string;
      readonly reason: string | null;
    }
  /** What came of it. It is not sent again, whatever the outcome. */
  | {
      readonly kind: 'hook_sent';
      readonly hook: HookKind;
      readonly id: string;
      readonly outcome: 'ok' | 'refused' | 'unreachable';
      readonly detail: string;
    }
  /** Slack did not take the newest state for so long; wall-clock milliseconds. */
  | { readonly kind: 'slack_away'; readonly from: number; readonly to: number }
  | { readonly kind: 'resumed'; readonly detail: string }
  | { readonly kind: 'summary'; readonly lines: readonly string[] };

/** A row as it is stored. `seq` counts from 1 within a migration, without gaps. */
export interface JournalRow {
  readonly seq: number;
  /** Wall-clock milliseconds. */
  readonly at: number;
  /** A Slack user id, or `bot`. */
  readonly actor: string;
  readonly event: Event;
  /** The sentence for people, as it was when the row was written. */
  readonly text: string;
  readonly shard: number | null;
}

/** A row before it has its number. */
export type NewRow = Omit<JournalRow, 'seq'>;
