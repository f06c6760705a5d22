/**
 * One bot a state file. Owns an open exclusive transaction on a small SQLite file beside the state file. The lock is the
 * operating system's, so it is gone the moment the process is, however it died; nothing has to be cleaned up. The state
 * file itself stays readable for others, for a backup or a look. On network file systems without locks it protects nothing.
 */
import Database from 'libsql';
import { StoreInUseError } from './errors.ts';

export interface WriterLock {
  /** May be called twice. */
  release(): void;
}

/** Throws StoreInUseError when another process, or another store in this one, holds the lock. */
export function lockForWriting(stateFile: string, lockFile: string): WriterLock {
  const db = new Database(lockFile, { timeout: 0 });
  try {
    // Nothing is ever written to this file, so its own journal need not touch the disk.
    db.exec('PRAGMA journal_mode = MEMORY');
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY')
      throw new StoreInUseError(stateFile, error);
    throw error;
  }
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      db.exec('ROLLBACK');
      db.close();
    },
  };
}
