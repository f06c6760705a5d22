import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'libsql';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SecretRegistry } from '../../src/log.ts';
import { StoreInUseError } from '../../src/store/errors.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';

const CHILD = fileURLToPath(new URL('./child.mjs', import.meta.url));
const secrets = new SecretRegistry();
const clock = { now: () => 1 };
let folder: string;
let file: string;
let child: ChildProcess | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'redis-migrate-crash-'));
  file = join(folder, 'state.db');
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the child and waits until it has acknowledged row `until`. `acknowledged` is the last one that it told. */
async function start(mode: 'append' | 'hold', until: number): Promise<{ kill: () => Promise<number> }> {
  const started = spawn(process.execPath, [CHILD, file, mode], { stdio: ['ignore', 'pipe', 'pipe'] });
  child = started;
  let output = '';
  let errors = '';
  started.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const acknowledged = () => Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1) ?? 0);
  await new Promise<void>((resolve, reject) => {
    started.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (acknowledged() >= until) resolve();
    });
    started.once('exit', () => reject(new Error(`The child ended: ${errors}`)));
  });
  return {
    async kill() {
      const closed = once(started, 'close');
      started.kill('SIGKILL');
      await closed;
      return acknowledged();
    },
  };
}

it('has every acknowledged row after kill -9, and never half a call', async () => {
  let acknowledged = 0;
  for (const more of [60, 150, 90]) {
    const running = await start('append', acknowledged + more);
    acknowledged = await running.kill();
    const store = openSqliteStore({ file, secrets, clock });
    const journal = store.journal('m-aaaa');
    expect(journal.length).toBeGreaterThanOrEqual(acknowledged);
    expect(journal.length % 2).toBe(0);
    expect(journal.map((row) => row.at)).toEqual(journal.map((_row, index) => index + 1));
    expect(store.migrations()[0]?.version).toBe(journal.length);
    store.close();
    acknowledged = journal.length;
  }
  const db = new Database(file);
  expect(db.prepare('PRAGMA integrity_check').all()).toMatchObject([{ integrity_check: 'ok' }]);
  db.close();
}, 60_000);

it('is refused while another bot runs, and not any more once that was killed', async () => {
  const running = await start('hold', 2);
  expect(() => openSqliteStore({ file, secrets, clock })).toThrow(StoreInUseError);
  await running.kill();
  const store = openSqliteStore({ file, secrets, clock });
  expect(store.journal('m-aaaa')).toHaveLength(2);
  store.close();
}, 30_000);
