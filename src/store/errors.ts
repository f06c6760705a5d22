/** What can be wrong with the state file. Each message is a sentence for the person who runs the bot. */

/** Anything that SQLite said; the ones below are special cases that have a remedy of their own. */
export class StoreError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
  }
}

/** Nothing was written of what was to be written. */
export class StoreFullError extends StoreError {
  constructor(file: string, cause: unknown) {
    super(`The disk under ${file} is full; nothing was written. Make room, the bot tries again by itself.`, { cause });
    this.name = 'StoreFullError';
  }
}

/** Another bot has the state file open. */
export class StoreInUseError extends StoreError {
  constructor(file: string, cause: unknown) {
    super(
      `The state file ${file} is in use by another running bot. Stop that one first, or give this one a STATE_FILE of its own.`,
      { cause },
    );
    this.name = 'StoreInUseError';
  }
}

/** The file was written by a newer version of the bot. */
export class StoreTooNewError extends StoreError {
  constructor(file: string, found: number, known: number) {
    super(
      `The state file ${file} has schema ${found}, this version of the bot knows up to ${known}. Start the newer version again.`,
    );
    this.name = 'StoreTooNewError';
  }
}

/** A stored row is not what was once written. `seq` is null when the migration's own line is meant. */
export class StoreCorruptError extends StoreError {
  readonly migration: string;
  readonly seq: number | null;

  constructor(migration: string, seq: number | null, what: string, cause?: unknown) {
    const where = seq === null ? `The entry of migration ${migration}` : `Row ${seq} of migration ${migration}`;
    super(
      `${where} in the state file is damaged: ${what}. Restore the file from a backup.`,
      cause === undefined ? undefined : { cause },
    );
    this.name = 'StoreCorruptError';
    this.migration = migration;
    this.seq = seq;
  }
}

/** Turns what SQLite or the file system threw into a StoreError; anything else is handed back as it is. */
export function toStoreError(error: unknown, file: string): unknown {
  // libsql's code is empty when it cannot open the file at all.
  const code = error instanceof Error && 'code' in error ? String(error.code) || 'it cannot be opened' : '';
  if (code === '' || error instanceof StoreError) return error;
  const because = (sentence: string) => new StoreError(sentence, { cause: error });
  if (code === 'SQLITE_FULL' || code === 'ENOSPC') return new StoreFullError(file, error);
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return because(`The state file ${file} is damaged or no SQLite file. Restore it from a backup.`);
  }
  if (code === 'SQLITE_BUSY') {
    return because(`Somebody else is writing to the state file ${file}; close other programs that have it open.`);
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code.startsWith('SQLITE_READONLY')) {
    return because(`The state file ${file} cannot be written (${code}); give the bot's user the right to write there.`);
  }
  return because(`The state file ${file} cannot be used (${code}).`);
}
