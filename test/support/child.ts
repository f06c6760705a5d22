/** An engine in a process of its own that ends itself at a place that was named; see test/engine/child.mjs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/clock.ts';
import { SecretRegistry } from '../../src/log.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';

export function openStore(folder: string) {
  return openSqliteStore({ file: join(folder, 'state.db'), secrets: new SecretRegistry(), clock: systemClock });
}

export interface ChildOptions {
  readonly policy?: object;
  readonly abort?: boolean;
  readonly rollback?: boolean;
  readonly signal?: NodeJS.Signals;
  /** The receiver of its webhooks. */
  readonly hook?: { readonly url: string; readonly secret: string };
}

/** `point`: `before` or `after` and a row, or `at`, a place and a phase. The state file is in `folder`. */
export function startChild(
  folder: string,
  id: string,
  point: readonly string[],
  options: ChildOptions = {},
): ChildProcess {
  const script = fileURLToPath(new URL('../engine/child.mjs', import.meta.url));
  return spawn(process.execPath, [script, join(folder, 'state.db'), id, ...point], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, CHILD: JSON.stringify(options) },
  });
}

/** Runs it until it kills itself; resolves with the signal. After 40 s it is ended with SIGTERM. */
export async function runUntilKilled(
  folder: string,
  id: string,
  point: readonly string[],
  options: ChildOptions = {},
): Promise<string> {
  const child = startChild(folder, id, point, options);
  const limit = setTimeout(() => child.kill('SIGTERM'), 40_000);
  const signal = await new Promise((resolve) => child.on('exit', (_code, by) => resolve(by)));
  clearTimeout(limit);
  return String(signal);
}
