/**
 * The tables, and how they came to be. Steps are only ever added at the end; what a released version has run is never
 * changed. Each step runs once, in the same transaction as its line in the ledger.
 */
import type Database from 'libsql';
import { StoreTooNewError } from './errors.ts';

export interface SchemaStep {
  readonly name: string;
  readonly sql: string;
}

export const SCHEMA: readonly SchemaStep[] = [
  {
    name: 'migrations, journal, inbox, notes',
    sql: `
      CREATE TABLE migration (
        place      INTEGER PRIMARY KEY,
        id         TEXT    NOT NULL UNIQUE,
        phase      TEXT    NOT NULL,
        version    INTEGER NOT NULL CHECK (version >= 1),
        created_at INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE journal (
        migration TEXT    NOT NULL REFERENCES migration (id),
        seq       INTEGER NOT NULL CHECK (seq >= 1),
        at        INTEGER NOT NULL,
        actor     TEXT    NOT NULL,
        event     TEXT    NOT NULL,
        text      TEXT    NOT NULL,
        shard     INTEGER,
        PRIMARY KEY (migration, seq)
      ) STRICT, WITHOUT ROWID;

      CREATE TRIGGER journal_rows_never_change BEFORE UPDATE ON journal
      BEGIN SELECT RAISE(ABORT, 'journal rows never change'); END;

      CREATE TABLE inbox (
        place       INTEGER PRIMARY KEY,
        id          TEXT    NOT NULL UNIQUE,
        kind        TEXT    NOT NULL,
        payload     TEXT    NOT NULL,
        received_at INTEGER NOT NULL,
        settled     INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1))
      ) STRICT;
      CREATE INDEX inbox_open ON inbox (place) WHERE settled = 0;

      CREATE TABLE note (
        key   TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    name: 'samples',
    sql: `
      CREATE TABLE sample (
        migration TEXT    NOT NULL REFERENCES migration (id) ON DELETE CASCADE,
        place     INTEGER NOT NULL,
        at        INTEGER NOT NULL,
        percents  BLOB    NOT NULL,
        lag_bytes INTEGER,
        writes    REAL,
        worst     INTEGER,
        PRIMARY KEY (migration, place)
      ) STRICT, WITHOUT ROWID;
    `,
  },
];

/** Brings the file up to date. Throws StoreTooNewError when it was written by a newer version. */
export function migrateSchema(
  db: Database.Database,
  file: string,
  now: number,
  steps: readonly SchemaStep[] = SCHEMA,
): void {
  db.exec(
    'CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT',
  );
  const row = db.prepare('SELECT max(version) AS version FROM schema_version').get() as { version: number | null };
  const found = row.version ?? 0;
  if (found > steps.length) throw new StoreTooNewError(file, found, steps.length);
  for (const [index, step] of steps.entries()) {
    const version = index + 1;
    if (version <= found) continue;
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(step.sql);
      db.prepare('INSERT INTO schema_version (version, name, applied_at) VALUES (?, ?, ?)').run(
        version,
        step.name,
        now,
      );
      db.exec('COMMIT');
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
}
