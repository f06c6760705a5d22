/**
 * The store in one SQLite file. Owns the file, its write-ahead log and the lock beside it. Never holds a secret on
 * purpose, never changes a journal row; a migration is removed as a whole or not at all. Every call is one transaction, on the disk when it returns (WAL, synchronous
 * FULL). When the disk is full it throws StoreFullError and nothing of the call is kept; any other trouble is a
 * StoreError. A damaged row is never skipped.
 */
import { chmodSync, closeSync, mkdirSync, openSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import Database from 'libsql';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Event, JournalRow, NewRow } from '../domain/event.ts';
import { PHASES, type Phase } from '../domain/phase.ts';
import type { MigrationId } from '../domain/plan.ts';
import type { Sample } from '../domain/sample.ts';
import type { SecretRegistry } from '../log.ts';
import { StoreCorruptError, StoreError, toStoreError } from './errors.ts';
import { lockForWriting, type WriterLock } from './lock.ts';
import { fromSampleRow, toSampleRow } from './sample-row.ts';
import { migrateSchema } from './schema.ts';
import { scrubRow } from './scrub-row.ts';
import { type InboxItem, type MigrationRecord, type Store, StoreConflictError } from './store.ts';

export interface SqliteOptions {
  /** Path of the state file, or `:memory:`. Its folder is made when it isn't there. */
  readonly file: string;
  readonly secrets: SecretRegistry;
  readonly clock: Pick<Clock, 'now'>;
  /** Upper limit of the file in pages of 4096 bytes; for tests of a full disk. */
  readonly maxPages?: number;
}

/** Somebody with `sqlite3` in the file may hold us up for so long, no longer: a call blocks the whole bot. */
const BUSY_TIMEOUT_MS = 2000;
/** Slack repeats a request for an hour at most; ids of settled ones are kept a day. */
const KEEP_SETTLED_MS = 24 * 3600 * 1000;

const EVENT = z.looseObject({ kind: z.string() });
const PHASE = z.enum(PHASES);

/** Throws StoreInUseError, StoreTooNewError or StoreError, each with a sentence that says what to do. */
export function openSqliteStore(options: SqliteOptions): Store {
  const inMemory = options.file === ':memory:';
  let file = inMemory ? options.file : resolve(options.file);
  let lock: WriterLock | null = null;
  let db: Database.Database | null = null;
  try {
    if (!inMemory) {
      makePrivate(file);
      // Behind a link the same file must have the same lock.
      file = realpathSync(file);
      makePrivate(`${file}.lock`);
      lock = lockForWriting(file, `${file}.lock`);
    }
    db = new Database(file, { timeout: BUSY_TIMEOUT_MS });
    for (const pragma of ['journal_mode = WAL', 'synchronous = FULL', 'foreign_keys = ON', 'secure_delete = ON']) {
      db.exec(`PRAGMA ${pragma}`);
    }
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    migrateSchema(db, file, options.clock.now());
    if (options.maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${options.maxPages}`);
    return new SqliteStore(db, lock, file, options.secrets);
  } catch (error) {
    db?.close();
    lock?.release();
    throw toStoreError(error, file);
  }
}

class SqliteStore implements Store {
  readonly #db: Database.Database;
  readonly #lock: WriterLock | null;
  readonly #file: string;
  readonly #secrets: SecretRegistry;
  readonly #statements = new Map<string, Database.Statement>();
  #open = true;

  constructor(db: Database.Database, lock: WriterLock | null, file: string, secrets: SecretRegistry) {
    this.#db = db;
    this.#lock = lock;
    this.#file = file;
    this.#secrets = secrets;
  }

  putInbox(item: InboxItem): boolean {
    return this.#transaction(() => {
      this.#run(
        'DELETE FROM inbox WHERE settled = 1 AND received_at < ?',
        Math.round(item.receivedAt) - KEEP_SETTLED_MS,
      );
      const payload = JSON.stringify(item.payload ?? null);
      const insert =
        'INSERT INTO inbox (id, kind, payload, received_at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING';
      return this.#run(insert, item.id, item.kind, payload, Math.round(item.receivedAt)) === 1;
    });
  }

  inbox(): readonly InboxItem[] {
    const rows = this.#all('SELECT id, kind, payload, received_at FROM inbox WHERE settled = 0 ORDER BY place');
    return rows.map((row) => {
      const parsed = parseJson(row['payload']);
      if (parsed === undefined)
        throw new StoreError(
          `Request ${String(row['id'])} in the state file is damaged. Restore the file from a backup.`,
        );
      return {
        id: String(row['id']),
        kind: String(row['kind']),
        payload: parsed,
        receivedAt: Number(row['received_at']),
      };
    });
  }

  settleInbox(id: string): void {
    // The id stays, so that a repetition by Slack is still recognised; what was asked for does not.
    this.#transaction(() => this.#run(`UPDATE inbox SET settled = 1, payload = 'null' WHERE id = ?`, id));
  }

  create(id: MigrationId, phase: Phase, rows: readonly NewRow[]): readonly JournalRow[] {
    const first = rows[0];
    if (first === undefined) throw new RangeError('A migration starts with at least one journal row.');
    return this.#transaction(() => {
      const found = this.#versionOf(id);
      if (found !== null) throw new StoreConflictError(id, 0, found);
      this.#run(
        'INSERT INTO migration (id, phase, version, created_at) VALUES (?, ?, ?, ?)',
        id,
        phase,
        rows.length,
        Math.round(first.at),
      );
      return this.#insert(id, 0, rows);
    });
  }

  append(id: MigrationId, version: number, phase: Phase, rows: readonly NewRow[]): readonly JournalRow[] {
    return this.#transaction(() => {
      const update = 'UPDATE migration SET version = ?, phase = ? WHERE id = ? AND version = ?';
      if (this.#run(update, version + rows.length, phase, id, version) === 0) {
        throw new StoreConflictError(id, version, this.#versionOf(id));
      }
      return this.#insert(id, version, rows);
    });
  }

  journal(id: MigrationId, after = 0): readonly JournalRow[] {
    const select =
      'SELECT seq, at, actor, event, text, shard FROM journal WHERE migration = ? AND seq > ? ORDER BY seq';
    const rows = this.#all(select, id, after).map((row, index) => {
      const seq = Number(row['seq']);
      if (seq !== after + index + 1) throw new StoreCorruptError(id, after + index + 1, 'it is missing');
      return toJournalRow(id, seq, row);
    });
    const last = after + rows.length;
    if (last < (this.#versionOf(id) ?? 0)) throw new StoreCorruptError(id, last + 1, 'it is missing');
    return rows;
  }

  shardRows(id: MigrationId, shard: number, before: number | null, limit: number): readonly JournalRow[] {
    const select = `SELECT seq, at, actor, event, text, shard FROM journal WHERE migration = ? AND seq < ?
      AND (shard = ? OR (shard IS NULL AND json_extract(event, '$.intent') IN
        (SELECT seq FROM journal WHERE migration = ? AND shard = ?)))
      ORDER BY seq DESC LIMIT ?`;
    const rows = this.#all(select, id, before ?? Number.MAX_SAFE_INTEGER, shard, id, shard, limit);
    return rows.map((row) => toJournalRow(id, Number(row['seq']), row));
  }

  remove(id: MigrationId, version: number): void {
    this.#transaction(() => {
      const found = this.#versionOf(id);
      if (found !== version) throw new StoreConflictError(id, version, found);
      this.#run('DELETE FROM journal WHERE migration = ?', id);
      this.#run('DELETE FROM migration WHERE id = ?', id);
      this.#run('DELETE FROM note WHERE substr(key, -length(?1)) = ?1', `:${id}`);
    });
  }

  migrations(): readonly MigrationRecord[] {
    return this.#all('SELECT id, phase, version, created_at FROM migration ORDER BY place DESC').map((row) => {
      const id = String(row['id']);
      const phase = PHASE.safeParse(row['phase']);
      if (!phase.success) throw new StoreCorruptError(id, null, 'its phase is not one that exists');
      return { id, phase: phase.data, version: Number(row['version']), createdAt: Number(row['created_at']) };
    });
  }

  note(key: string): string | null {
    const value = this.#all('SELECT value FROM note WHERE key = ?', key)[0]?.['value'];
    return typeof value === 'string' ? value : null;
  }

  setNote(key: string, value: string): void {
    const upsert = 'INSERT INTO note (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value';
    this.#transaction(() => this.#run(upsert, key, storable(value)));
  }

  keepSamples(id: MigrationId, fresh: readonly Sample[], spacing: number): void {
    const insert =
      'INSERT OR REPLACE INTO sample (migration, place, at, percents, lag_bytes, writes, worst) VALUES (?, ?, ?, ?, ?, ?, ?)';
    this.#transaction(() => {
      for (const sample of fresh) this.#run(insert, id, ...toSampleRow(sample));
      this.#run('DELETE FROM sample WHERE migration = ? AND place % ? <> 0', id, spacing);
    });
  }

  samples(id: MigrationId): readonly Sample[] {
    const select =
      'SELECT place, at, percents, lag_bytes, writes, worst FROM sample WHERE migration = ? ORDER BY place';
    return this.#all(select, id).map(fromSampleRow);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#statements.clear();
    try {
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // Only tidiness: the next start reads the write-ahead log.
    }
    this.#db.close();
    this.#lock?.release();
  }

  #insert(id: MigrationId, version: number, rows: readonly NewRow[]): readonly JournalRow[] {
    const insert = 'INSERT INTO journal (migration, seq, at, actor, event, text, shard) VALUES (?, ?, ?, ?, ?, ?, ?)';
    return rows.map((row, index) => {
      const clean = scrubRow(row, this.#secrets);
      const seq = version + index + 1;
      const stored = {
        at: Math.round(clean.at),
        actor: storable(clean.actor),
        event: JSON.stringify(clean.event),
        text: storable(clean.text),
        shard: clean.shard,
      };
      this.#run(insert, id, seq, stored.at, stored.actor, stored.event, stored.text, stored.shard);
      // What is returned is what a restart would read.
      return toJournalRow(id, seq, stored);
    });
  }

  #versionOf(id: MigrationId): number | null {
    const version = this.#all('SELECT version FROM migration WHERE id = ?', id)[0]?.['version'];
    return version === undefined ? null : Number(version);
  }

  #transaction<T>(work: () => T): T {
    this.#mustBeOpen();
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      // On a full disk SQLite has rolled back by itself.
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
      throw toStoreError(error, this.#file);
    }
  }

  #run(sql: string, ...values: readonly (string | number | null | Uint8Array)[]): number {
    return this.#statement(sql).run(...values).changes;
  }

  /** Rows as plain records; libsql adds a property of its own to some, so columns are always taken by name. */
  #all(sql: string, ...values: readonly (string | number | null)[]): Record<string, unknown>[] {
    this.#mustBeOpen();
    try {
      return this.#statement(sql).all(...values) as Record<string, unknown>[];
    } catch (error) {
      throw toStoreError(error, this.#file);
    }
  }

  #statement(sql: string): Database.Statement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #mustBeOpen(): void {
    if (!this.#open) throw new StoreError('The store is closed.');
  }
}

function toJournalRow(id: MigrationId, seq: number, row: Record<string, unknown>): JournalRow {
  const event = EVENT.safeParse(parseJson(row['event']));
  if (!event.success) throw new StoreCorruptError(id, seq, 'what it tells cannot be read');
  return {
    seq,
    at: Number(row['at']),
    actor: String(row['actor']),
    // The fold knows the kinds; here it is enough that it is an event at all.
    event: event.data as unknown as Event,
    text: String(row['text']),
    shard: row['shard'] === null ? null : Number(row['shard']),
  };
}

function parseJson(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

/** libsql ends a text at its first NUL when it reads it back, and UTF-8 has no lone surrogates. JSON escapes both. */
function storable(text: string): string {
  return Buffer.from(text).toString().replaceAll('\0', '\uFFFD');
}

/**
 * The folder for us alone, the file too; SQLite gives its side files the same rights. A file that is there already is
 * never opened here: closing it would drop the locks that this process holds on it.
 */
function makePrivate(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
  if (!statSync(file).isFile())
    throw new StoreError(`STATE_FILE ${file} is not a file. Name a file that the bot may make.`);
  try {
    chmodSync(file, 0o600);
  } catch (error) {
    // On volumes that belong to somebody else we may write but not change the rights.
    if (!hasCode(error, 'EPERM')) throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
