/**
 * The store port: what the bot remembers. One conformance suite (test/store) holds for every adapter. All calls are
 * synchronous and durable when they return: a row that was appended survives kill -9 and a power cut.
 */
import type { JournalRow, NewRow } from '../domain/event.ts';
import type { Phase } from '../domain/phase.ts';
import type { MigrationId } from '../domain/plan.ts';
import type { Sample } from '../domain/sample.ts';

/** One line per migration, newest first in lists. */
export interface MigrationRecord {
  readonly id: MigrationId;
  readonly phase: Phase;
  /** Number of the last journal row. */
  readonly version: number;
  /** Wall-clock milliseconds. */
  readonly createdAt: number;
}

/** A request that was taken but not yet acted upon; acted upon again after a crash. */
export interface InboxItem {
  readonly id: string;
  readonly kind: string;
  /** JSON-like, without secrets. */
  readonly payload: unknown;
  /** Wall-clock milliseconds. */
  readonly receivedAt: number;
}

export interface Store {
  /** Keeps a request. Putting the same id twice keeps the first and returns false. */
  putInbox(item: InboxItem): boolean;
  /** Everything not yet settled, oldest first. */
  inbox(): readonly InboxItem[];
  settleInbox(id: string): void;

  /** A new migration with its first rows. Throws StoreConflictError when the id exists. */
  create(id: MigrationId, phase: Phase, rows: readonly NewRow[]): readonly JournalRow[];
  /**
   * Appends rows and sets the phase in one transaction, if the migration's last row is `version`.
   * Throws StoreConflictError otherwise: somebody else wrote.
   */
  append(id: MigrationId, version: number, phase: Phase, rows: readonly NewRow[]): readonly JournalRow[];
  /** All rows in order; empty for an unknown id. `after`: only rows with a higher number. */
  journal(id: MigrationId, after?: number): readonly JournalRow[];
  /**
   * What happened to one shard, newest first: its own rows, and what came of what was done to it. At most `limit`, with
   * numbers below `before`; null: the newest.
   */
  shardRows(id: MigrationId, shard: number, before: number | null, limit: number): readonly JournalRow[];
  /**
   * Removes a migration with its journal and with every note whose name ends in `:` and its id, all or nothing, if its
   * last row is `version`. Its id may be given anew. Throws StoreConflictError otherwise.
   */
  remove(id: MigrationId, version: number): void;
  /** Newest first. */
  migrations(): readonly MigrationRecord[];

  /** Small durable notes of one room, such as how far the thread was told. */
  note(key: string): string | null;
  setNote(key: string, value: string): void;

  /**
   * Adds samples to a migration's series and keeps, of all of it, those whose place is a multiple of `spacing`. One with
   * a place that is taken replaces it.
   */
  keepSamples(id: MigrationId, fresh: readonly Sample[], spacing: number): void;
  /** By place; empty for an unknown id. */
  samples(id: MigrationId): readonly Sample[];

  /** May be called twice. */
  close(): void;
}

/** Another writer was faster, or the migration is not there. Names the migration and both versions. */
export class StoreConflictError extends Error {
  readonly migration: MigrationId;

  constructor(migration: MigrationId, expected: number, found: number | null) {
    super(
      found === null
        ? `The journal has no migration ${migration}.`
        : `Migration ${migration} is at row ${found} in the journal, not at ${expected}: somebody else wrote to it.`,
    );
    this.name = 'StoreConflictError';
    this.migration = migration;
  }
}
