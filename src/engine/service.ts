/**
 * What the listeners may ask of the engine. They know this file and the domain, nothing else below them.
 */
import type { DraftField } from '../domain/draft.ts';
import type { JournalRow } from '../domain/event.ts';
import type { MigrationId, Plan, PlanRequest } from '../domain/plan.ts';
import type { PreflightReport } from '../domain/preflight.ts';
import type { Report } from '../domain/report/report.ts';
import type { Sample } from '../domain/sample.ts';
import type { ShardDetail } from '../domain/shard-detail.ts';
import type { ActionId, MigrationView } from '../domain/view.ts';

/**
 * Who may do what; Slack answers this. `why` names who may, when the answer is no. Never rejects. `person`: who it is, one
 * and the same under whichever id; absent where nobody knows another than the one that was asked about. `unsure`: it is a no
 * because Slack did not tell.
 */
export interface Authorizer {
  mayRequest(user: string): Promise<Permission>;
  mayApprove(user: string): Promise<Permission>;
}
export type Permission =
  | { readonly ok: true; readonly person?: string }
  | { readonly ok: false; readonly why: string; readonly person?: string; readonly unsure?: true };

/** Every problem of the request at once, one sentence each. `field`: which input of the form it belongs to. */
export interface Refusal {
  readonly ok: false;
  readonly problems: readonly {
    readonly field: DraftField | null;
    readonly text: string;
  }[];
}

export interface ClickRequest {
  readonly migration: MigrationId;
  readonly action: ActionId;
  readonly user: string;
  /** The button's opaque value; null when it came by a command. */
  readonly value: string | null;
  /** What was typed in the form that asks for the name. */
  readonly typedName: string | null;
  /** What was typed in a form that asks for a reason. */
  readonly reason?: string;
}

/** Proof that a click is in the journal. */
export interface ClickTicket {
  readonly migration: MigrationId;
  readonly seq: number;
}

/** `text` is what the person is told. */
export interface ClickAnswer {
  readonly accepted: boolean;
  readonly text: string;
}

export interface MigrationService {
  /**
   * Checks a request as far as that needs neither network nor Slack: addresses, pairs, groups, allowed host names, typed
   * passwords, servers of other unfinished migrations. The id that the migration will have is in the plan. Synchronous.
   */
  draft(
    request: PlanRequest,
    by: { readonly user: string; readonly channel: string },
  ): { readonly ok: true; readonly plan: Plan } | Refusal;
  /** The checks that need a name server (ALLOWED_HOSTS by address). Null when all is well. */
  checkHosts(plan: Plan): Promise<Refusal | null>;
  /** Starts the migration: journals it in phase checking. `messageTs`: the status message that was already posted. */
  open(plan: Plan, messageTs: string): { readonly ok: true } | Refusal;
  /** Preflight only. Changes nothing, journals nothing. */
  check(plan: Plan): Promise<PreflightReport>;

  /** Journals a click before it is acknowledged. Synchronous. Null when there is no such migration. */
  click(request: ClickRequest): ClickTicket | null;
  /** Judges a journalled click: authorises, approves or refuses, and says so. Never rejects. */
  settleClick(ticket: ClickTicket): Promise<ClickAnswer>;

  view(id: MigrationId): MigrationView | null;
  /** Newest first. `ended`: also those that have ended. Without their journals' older rows. */
  views(which: 'running' | 'all'): readonly MigrationView[];
  /** One shard's own page, with its last events before the row `before`; null: the newest. Null: no such shard. */
  shard(id: MigrationId, index: number, before: number | null): ShardDetail | null;
  /** The journal's rows behind `after`, for the thread. */
  rows(id: MigrationId, after: number): readonly JournalRow[];
  /** What a change ticket wants to know, as the journal has it now. Null when there is no such migration. */
  report(id: MigrationId): Report | null;
  /** How it went so far, oldest first; for the chart. */
  samples(id: MigrationId): readonly Sample[];
  /** Journals where the status message is now. */
  messagePosted(id: MigrationId, ts: string, why: string): void;
  /** Journals that Slack did not take the newest state for so long; the same `from` once. Wall-clock milliseconds. */
  slackWasAway(id: MigrationId, from: number, to: number): void;
  /** Calls back after each tick and each journalled row of a migration, with its id. Returns how to stop. */
  onChange(listener: (id: MigrationId) => void): () => void;
}

/** What is tidied up at night. */
export interface Housekeeping {
  /**
   * Deletes the journals of migrations that ended before a moment. Never one that has not ended, whose webhooks are still
   * due, or whose old servers are being shut down. Returns the ids of those that are gone.
   */
  forgetEnded(before: number): readonly MigrationId[];
}
