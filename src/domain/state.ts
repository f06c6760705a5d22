/** A migration's state as data: what the fold of its journal gives. See migration.ts. */
import type {
  AclUser,
  AlarmCause,
  BeforeReplication,
  CutoverStep,
  Event,
  Frozen,
  HeldWhat,
  Opened,
  Side,
  StopKind,
  StoredValue,
  Tune,
  Until,
  Way,
} from './event.ts';
import type { HookKind } from './hook.ts';
import type { Gate, Phase } from './phase.ts';
import type { Plan } from './plan.ts';
import type { PreflightReport } from './preflight.ts';

/** One thing that was to be done to a server, from its intent to the moment it was seen. */
export interface Step {
  readonly intent: number;
  /** Wall-clock milliseconds of the intent. */
  readonly at: number;
  readonly attempts: number;
  /** `pending`: the intent is in the journal, the answer isn't: sent or not, only a look can tell. */
  readonly outcome: 'pending' | 'ok' | 'refused' | 'unknown';
  readonly detail: string;
  readonly seen: boolean;
  readonly givenUp: boolean;
}

export interface ShardRecord {
  readonly index: number;
  readonly replicate: Step | null;
  /** A trial of the link that is not over yet: its destination may follow its source, or may not. */
  readonly trial: Step | null;
  /** As first seen before replication, kept up to date by drift rows; null before. */
  readonly before: BeforeReplication | null;
  /** The last time that we put up or took down its fence outside of a cut-over. */
  readonly fence: Step | null;
  readonly detach: Step | null;
  /** The order to the old server to shut down; null before, and when it was asked for anew. */
  readonly shutdown: Step | null;
  /** What became of the old server after the end; null while nothing is known. */
  readonly axed: { readonly gone: boolean; readonly text: string } | null;
  /** The destination is the master by the proof. */
  readonly promoted: boolean;
  /** Wall-clock milliseconds of the row that says so; null while it is not. */
  readonly promotedAt: number | null;
  /** The source is the master again, by the proof in the other direction. */
  readonly returned: boolean;
  /**
   * Number of the row by which a roll back was let go although its old server was sent the order to take the writes, and
   * may carry it out late; null when there is none.
   */
  readonly late: number | null;
  /** A person has ended the roll back without it: its new server stays the master. */
  readonly stays: boolean;
  /** Where the writes of the source ended when its destination was promoted; null before. */
  readonly frozen: Frozen | null;
  /** The order to the old master to follow the new one; null before. */
  readonly followBack: FollowBack | null;
  readonly wayBack: { readonly open: boolean; readonly text: string } | null;
  /** Overlap: as it was opened; null while its destination takes no writes by our doing. */
  readonly open: Open | null;
  /** Overlap: the user of the resync guard, as last ordered; null where none was made. */
  readonly guard: GuardUser | null;
  /** Overlap: the order to its destination to refuse writes again, in an abort. */
  readonly closing: Step | null;
  readonly pauseMs: number | null;
  /** Whether it was once in step since replication started. */
  readonly wasInStep: boolean;
  readonly trouble: string | null;
  /** The last time that it was taken from its source for the source's sake; cleared when it is seen to follow again. */
  readonly parked: Step | null;
  readonly parkedWhy: string | null;
  readonly timesParked: number;
  readonly alarm: SyncAlarm | null;
  /** Changes that an approver agreed to and that are still to be made. */
  readonly tune: readonly Tune[];
  /** Wall-clock milliseconds at which making them broke off the last time; null when it did not. */
  readonly tuneFailedAt: number | null;
  /** Full syncs that an alarm has told already. */
  readonly toldSyncs: number;
  /** What somebody else changed: nothing is done to this shard while there is any. */
  readonly held: readonly Held[];
}

export interface Open extends Opened {
  /** Commands of its source that the destination refused since, as last told. */
  readonly toldConflicts: number;
}

/** A user that lives only in the memory of the source. */
export interface GuardUser {
  readonly name: string;
  readonly up: Step;
  /** The order to take it out again; null before. */
  readonly down: Step | null;
}

export interface FollowBack extends Step {
  /** [sync_full] of the new master before it was sent; null where it does not count. */
  readonly fullSyncs: number | null;
  /** Commands of its master that the old one had refused before it was sent. */
  readonly refusedCommands: number | null;
}

export interface SyncAlarm {
  readonly cause: AlarmCause;
  readonly text: string;
  readonly tune: readonly Tune[];
}

export interface Held {
  readonly side: Side;
  readonly what: HeldWhat;
  readonly ledger: number | null;
  readonly text: string;
}

/** A setting that we changed and have to put back. */
export interface LedgerEntry {
  readonly intent: number;
  readonly shard: number;
  readonly side: Side;
  readonly name: string;
  readonly old: StoredValue;
  /** What we set it to; null: a secret. */
  readonly value: string | null;
  readonly why: string;
  readonly until: Until;
  /** Number of the last intent that set it. */
  readonly lastSet: number;
  /** Wall-clock milliseconds of the last row about it: a reading of before that says nothing. */
  readonly touchedAt: number;
  /** Whether it was seen to have our value. */
  readonly set: boolean;
  /** Whether the process that it was set in has ended since: the next one begins with what its file says. */
  readonly outlived: boolean;
  readonly restore: Step | null;
  /** Put back and seen, or given up with a word. */
  readonly closed: boolean;
}

/**
 * Why an approval does not count any more.
 *
 * | why       | what happened                                                                |
 * | --------- | ---------------------------------------------------------------------------- |
 * | let_go    | it was used up by a cut-over that was let go                                  |
 * | revoked   | whoever gave it took it back                                                  |
 * | denied    | somebody denied the gate                                                      |
 * | cancelled | the schedule that it was given for was called off                             |
 * | changed   | what it was given for has changed: phase entry, findings; or it expired unused |
 */
export type VoidWhy = 'let_go' | 'revoked' | 'denied' | 'cancelled' | 'changed';

export interface Approval {
  /** Number of its row in the journal. */
  readonly row: number;
  readonly gate: Gate;
  /** As Slack named them then. */
  readonly user: string;
  /** One and the same under whichever id Slack names somebody. */
  readonly person: string;
  /** Given by whoever asked for the migration. */
  readonly own: boolean;
  readonly at: number;
  readonly entry: number;
  readonly findings: string;
  /** Hash of the plan; null in rows of before it was kept. */
  readonly planHash: string | null;
  /** Given with the name typed, for wiping destinations that hold keys. */
  readonly wipe: boolean;
  /** Null: nothing speaks against it but its age. */
  readonly void: VoidWhy | null;
}

/** Somebody's no to a gate. It stands until it is taken back, or somebody asks again. */
export interface Denial {
  readonly gate: Gate;
  readonly user: string;
  readonly person: string;
  readonly at: number;
  readonly reason: string;
}

export interface Waits {
  readonly gate: Gate;
  /** Wall-clock milliseconds of the call. */
  readonly since: number;
  readonly reminded: boolean;
  readonly escalated: boolean;
}

/** An open gate that one approver passed alone. */
export interface Glass {
  readonly gate: Gate;
  readonly user: string;
  readonly at: number;
  readonly reason: string;
  readonly entry: number;
  /** With the name typed, for wiping destinations that hold keys. */
  readonly wipe: boolean;
  /** How many approvals there were, of how many. */
  readonly given: number;
  readonly needed: number;
}

export interface PendingClick {
  readonly seq: number;
  /** Wall-clock milliseconds of the click. */
  readonly at: number;
  readonly event: Extract<Event, { kind: 'clicked' }>;
}

/** Where a cut-over stands by the journal: the last step that was announced. Null outside of one. */
export interface CutoverRecord {
  readonly attempt: number;
  readonly way: Way;
  /** Indices of the shards that go together. */
  readonly shards: readonly number[];
  /** How the writes of each of them are stopped, in that order. */
  readonly stops: readonly StopKind[];
  readonly step: CutoverStep | null;
  readonly frozen: readonly Frozen[];
  /** Shards whose promotion cannot be seen any more, and why. */
  readonly stuck: readonly { readonly shard: number; readonly text: string }[];
  /** Those of them whose old server is to take the writes again. */
  readonly givenUp: readonly number[];
  /** Shards whose left server does not answer any more, so that its users are not waited for. */
  readonly leftLocked: readonly number[];
  /** Wall-clock milliseconds of the row that announced the pause; null before. */
  readonly pausedAt: number | null;
  /** What users might run before the right to write was taken from them, by shard. */
  readonly users: ReadonlyMap<number, readonly AclUser[]>;
}

export interface Drift {
  /** Number of the row that told it. */
  readonly row: number;
  readonly shard: number;
  readonly side: Side;
  /** The new process, when it is one; null: the same one was changed. */
  readonly runId: string | null;
  readonly text: string;
}

/** An approver's word that finish may open without the quiet period. */
export interface Override {
  readonly user: string;
  readonly reason: string;
  /** The phase entry that it was given in. */
  readonly entry: number;
}

/** A webhook that is due: sent or not, nobody is known to have taken it. */
export interface PendingHook {
  readonly hook: HookKind;
  readonly id: string;
  readonly shards: readonly number[];
  readonly text: string;
  readonly reason: string | null;
  /** Wall-clock milliseconds of the row. */
  readonly at: number;
}

/** What became of the schedule so far. */
export interface ScheduleRecord {
  /** Who said that nothing is to happen by itself any more. */
  readonly cancelledBy: string | null;
  /** That the start is late was told. */
  readonly lateTold: boolean;
  /** The last window that was told; null before. */
  readonly window: { readonly opensAt: number; readonly closesAt: number; readonly over: boolean } | null;
  /** Wall-clock milliseconds at which shards began to follow; null before. */
  readonly followsSince: number | null;
}

export interface MigrationState {
  readonly plan: Plan;
  readonly phase: Phase;
  /** The phase before: where a roll back that is let go returns to. */
  readonly cameFrom: Phase;
  /** Number of the row that entered the phase. */
  readonly entry: number;
  /** Number of the last row by which a cut-over had changed roles: a look that was begun before it does not count. */
  readonly turned: number;
  /** Wall-clock milliseconds of that row. */
  readonly turnedAt: number;
  /** Number of the row since which an abort means the same: nothing was begun, shards follow, or it goes on already. */
  readonly stretch: number;
  /** Number of the last row that held a shard or raised an alarm: who saw less has not agreed to it. */
  readonly told: number;
  /** Number of the last row since which an approval means something else: a no is over, a schedule was called off, a window has closed. */
  readonly decided: number;
  readonly phaseSince: number;
  readonly version: number;
  readonly messageTs: string | null;
  readonly preflight: PreflightReport | null;
  /** Wall-clock milliseconds of the row that holds it. */
  readonly checkedAt: number | null;
  readonly schedule: ScheduleRecord;
  readonly approvals: readonly Approval[];
  /** Null while no gate that is still ahead is denied. */
  readonly denial: Denial | null;
  readonly glass: readonly Glass[];
  /** Gates whose approvers were called since somebody last decided something about it. */
  readonly asked: readonly Gate[];
  /** The gate whose approvers were called last, and what followed; null before. */
  readonly waits: Waits | null;
  readonly clicks: readonly PendingClick[];
  readonly shards: readonly ShardRecord[];
  readonly ledger: readonly LedgerEntry[];
  readonly cutover: CutoverRecord | null;
  readonly cutoverAttempts: number;
  /** The canary's soak is over: the others never wait for it again. */
  readonly soaked: boolean;
  /** Why the last cut-over was let go; null once another has begun. */
  readonly letGo: string | null;
  /** Somebody asked a second time to abort: what cannot be reached is left behind. */
  readonly giveUp: boolean;
  /** Highest quarter of the way that was told. */
  readonly progress: number;
  readonly quietTold: boolean;
  /** What others changed since the switch; finish asks for consent then. */
  readonly drifts: readonly Drift[];
  /** Null when there is none, and once something has changed that whoever gave it did not see. */
  readonly override: Override | null;
  /** Who asked last to shut down the old servers; null when nobody did. */
  readonly axe: { readonly user: string } | null;
  /** In the order in which they are sent. */
  readonly hooks: readonly PendingHook[];
}
