/**
 * The closing report of a migration: what a change ticket wants to know, out of the journal alone. It is JSON as it
 * stands. Times are ISO 8601, people are Slack ids, figures null where nobody knows. It holds no secret.
 */
import type { Until } from '../event.ts';
import type { Gate, Phase } from '../phase.ts';
import type { Cutover } from '../plan.ts';

export interface Report {
  readonly id: string;
  readonly name: string;
  /** Where the migration stands; after its end `finished`, `aborted` or `rolled_back`. */
  readonly phase: Phase;
  readonly cutover: Cutover;
  readonly requestedBy: string;
  readonly channel: string;
  /** What approvals were bound to. */
  readonly planHash: string;
  /** Why it was asked for, as it was typed; null when nobody said. */
  readonly reason: string | null;
  readonly startedAt: string;
  /** Null while it runs. */
  readonly endedAt: string | null;
  readonly seconds: number | null;
  readonly totals: { readonly shards: number; readonly keys: number | null; readonly bytes: number | null };
  /** The longest time that writes to a shard stood still, in milliseconds. */
  readonly longestPauseMs: number | null;
  readonly shards: readonly ReportShard[];
  readonly gates: readonly ReportGate[];
  readonly overrides: readonly ReportOverride[];
  readonly settings: readonly ReportSetting[];
  readonly left: readonly Leftover[];
  /** The closing words; empty while it runs. */
  readonly summary: readonly string[];
  /** The turning points that a chart marks. */
  readonly milestones: readonly Milestone[];
  readonly timeline: readonly TimelineRow[];
}

/** `moved`: the new server is the master; `returned`: it was, and the old one is again; `stayed`: it never was. */
export type ReportOutcome = 'moved' | 'returned' | 'stayed';

export interface ReportShard {
  /** From 0. */
  readonly index: number;
  readonly source: string;
  readonly destination: string;
  readonly sourceVersion: string | null;
  readonly destinationVersion: string | null;
  readonly outcome: ReportOutcome;
  /** On the source when it was checked. */
  readonly keys: number | null;
  readonly bytes: number | null;
  /** From the order to follow until it was in step. */
  readonly fullSyncSeconds: number | null;
  readonly pauseMs: number | null;
  readonly promotedAt: string | null;
  /** Of a comparison of both sides; null when there was none. */
  readonly verified: { readonly keys: number; readonly mismatches: number; readonly at: string } | null;
}

export interface ReportGate {
  readonly gate: Gate;
  /** Null: it was never passed. */
  readonly passedAt: string | null;
  readonly approvals: readonly { readonly user: string; readonly at: string; readonly wipe: boolean }[];
  /** Who passed it alone, with a reason that is among the overrides; null when nobody did. */
  readonly passedAloneBy: string | null;
}

export interface ReportOverride {
  /** What was done without what it takes, such as `finish without the quiet period`. */
  readonly what: string;
  readonly user: string;
  readonly at: string;
  readonly reason: string;
}

/** `put back` was seen; `not put back` was given up; `ended with the process`: the server was restarted since. */
export type SettingOutcome = 'put back' | 'not put back' | 'ended with the process' | 'still changed' | 'not seen';

export interface ReportSetting {
  readonly shard: number;
  readonly server: string;
  readonly name: string;
  /** Null: a secret. */
  readonly old: string | null;
  readonly value: string | null;
  readonly why: string;
  /** What it was changed for: trying the link, the cut-over, or the whole migration. */
  readonly until: Until;
  readonly outcome: SettingOutcome;
}

export interface Leftover {
  readonly kind: 'fence' | 'setting' | 'drift' | 'given up';
  readonly shard: number;
  readonly text: string;
}

export interface Milestone {
  readonly at: string;
  readonly kind: 'approved' | 'asked' | 'in step' | 'cut-over' | 'let go' | 'restarted' | 'ended';
  readonly text: string;
  /** A Slack id; null: the bot. */
  readonly user: string | null;
}

export interface TimelineRow {
  readonly seq: number;
  readonly at: string;
  readonly actor: string;
  readonly kind: string;
  readonly text: string;
  readonly shard: number | null;
}
