/**
 * The folder in which downloads are kept, `${XDG_CACHE_HOME:-~/.cache}/redis-migrate`, and the servers in it. A download
 * is made in a folder of its own beside its place and renamed when it runs, so a broken one leaves nothing behind and two
 * at the same time don't disturb each other. So does one that is interrupted: its processes and folders end with ours.
 * What a SIGKILL left is removed by the next download after an hour.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { access, mkdir, constants as modes, readdir, rename, rm, stat } from 'node:fs/promises';
import { constants, homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const ABANDONED_AFTER_MS = 3_600_000;
/** What must not outlive this process. */
const folders = new Set();
const children = new Set();

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** For a command of its own; a script with a signal handler decides by itself. */
export function exitOnSignals() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
}

/** execFile, whose process ends with ours. Rejects with its stdout and stderr. */
export async function run(command, args, options = {}) {
  const running = execute(command, args, options);
  children.add(running.child);
  try {
    return await running;
  } finally {
    children.delete(running.child);
  }
}

/** @returns {string} */
export function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'redis-migrate');
}

/** @returns {Promise<import('./server-cache.mjs').ServerVersion | undefined>} undefined when it can't be run */
export async function versionOf(binary) {
  try {
    const { stdout } = await run(binary, ['--version'], { timeout: 30_000 });
    const found = /^(\w+) server (?:v=|version )(\d+(?:\.\d+)*)/.exec(stdout);
    if (!found) return undefined;
    return {
      kind: found[1] === 'Valkey' ? 'valkey' : 'redis',
      text: found[2],
      numbers: found[2].split('.').map(Number),
    };
  } catch {
    return undefined;
  }
}

export async function findOnPath(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (folder === '') continue;
    const path = join(folder, name);
    try {
      await access(path, modes.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/**
 * The cached server if it still runs and is what is wanted; one that isn't is removed.
 * @param {(version: import('./server-cache.mjs').ServerVersion) => string | undefined} refusal why a version won't do
 */
export async function cachedServer(home, program, refusal) {
  const binary = join(home, program);
  const version = await versionOf(binary);
  if (version && refusal(version) === undefined) return { binary, version };
  const aside = `${home}.broken-${unique()}`;
  try {
    await rename(home, aside);
    await rm(aside, { recursive: true, force: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  return undefined;
}

/**
 * Fills a place in the cache. `make` gets an empty folder and puts the program into it; what doesn't run, or is not what
 * is wanted, never gets to its place.
 */
export async function fillCache(home, program, refusal, make) {
  return withTemporaryFolder(home, async (stage) => {
    await make(stage);
    const version = await versionOf(join(stage, program));
    if (!version) throw new Error(`the unpacked ${program} does not start`);
    const refused = refusal(version);
    if (refused !== undefined) throw new Error(refused);
    await putInPlace(stage, home, program);
    return { binary: join(home, program), version };
  });
}

/** Gives `use` an empty folder beside `place`, and removes it afterwards. */
export async function withTemporaryFolder(place, use) {
  await mkdir(dirname(place), { recursive: true });
  await removeAbandoned(dirname(place));
  const folder = `${place}.tmp-${unique()}`;
  folders.add(folder);
  try {
    await mkdir(folder);
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
    folders.delete(folder);
  }
}

/** Another run may have been faster; then its copy is as good as ours. */
async function putInPlace(stage, home, program) {
  try {
    await rename(stage, home);
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    if (!(await versionOf(join(home, program)))) throw error;
  }
}

async function removeAbandoned(folder) {
  for (const name of await readdir(folder)) {
    if (!/\.(tmp|broken)-\d+-[0-9a-f]{8}$/.test(name)) continue;
    const path = join(folder, name);
    const age = await stat(path).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0,
    );
    if (age > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}

function unique() {
  return `${process.pid}-${randomBytes(4).toString('hex')}`;
}
