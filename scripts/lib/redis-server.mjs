#!/usr/bin/env node
/**
 * Finds a redis-server to run, or fetches one: REDIS_SERVER, else PATH, else the cache folder, else Debian's package,
 * unpacked into the cache without root. Owns `${XDG_CACHE_HOME:-~/.cache}/redis-migrate/redis-server-*`; never touches
 * the machine's own apt lists or packages. A download is made in a folder of its own and renamed when it runs, so a
 * broken one leaves nothing behind and two at the same time don't disturb each other.
 *
 * As a module: `await findRedisServer()`. As a command: prints the path, alone on its line; progress goes to stderr.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  access,
  chmod,
  constants,
  copyFile,
  mkdir,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The proof of the cut-over needs CLIENT PAUSE WRITE, which came with 6.2. */
const OLDEST = [6, 2];
const PACKAGES = ['redis-server', 'redis-tools'];
const FETCH_TIMEOUT_MS = 300_000;
const ABANDONED_AFTER_MS = 3_600_000;
const ELSEWHERE =
  'Install Redis 6.2 or later (macOS: brew install redis; Debian and Ubuntu: apt-get install redis-server), or set REDIS_SERVER to the path of a redis-server.';

/** @returns {string} the folder in which downloads are kept */
export function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'redis-migrate');
}

/**
 * @param {{ progress?: (line: string) => void }} [options]
 * @returns {Promise<string>} a path that can be spawned as it is; rejects with a sentence that says what to do
 */
export async function findRedisServer({ progress = () => {} } = {}) {
  const chosen = process.env.REDIS_SERVER;
  if (chosen) {
    const version = await versionOf(chosen);
    if (version) return chosen;
    throw new Error(`REDIS_SERVER is set to ${chosen}, but that can't be run as a redis-server.`);
  }

  const onPath = await findOnPath('redis-server');
  if (onPath) {
    const version = await versionOf(onPath);
    if (version && isRecent(version)) return onPath;
    progress(
      `redis-server on PATH is ${version ? `version ${version.join('.')}, older than 6.2` : 'not runnable'}; looking further.`,
    );
  }

  const home = join(cacheFolder(), `redis-server-${process.platform}-${process.arch}`);
  const cached = await cachedServer(home);
  if (cached) return cached;

  if (!(await findOnPath('apt-get')) || !(await findOnPath('dpkg')))
    throw new Error(`No redis-server was found. ${ELSEWHERE}`);
  return fetchFromDebian(home, progress);
}

/** @returns {Promise<number[] | undefined>} undefined when it can't be run */
async function versionOf(binary) {
  try {
    const { stdout } = await run(binary, ['--version'], { timeout: 30_000 });
    const found = /(?:v=|version )(\d+(?:\.\d+)*)/.exec(stdout);
    return found?.[1]?.split('.').map(Number);
  } catch {
    return undefined;
  }
}

function isRecent([major = 0, minor = 0]) {
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

async function findOnPath(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (folder === '') continue;
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** The cached server if it still runs; one that doesn't (a library of the machine went away) is removed. */
async function cachedServer(home) {
  const binary = join(home, 'redis-server');
  const version = await versionOf(binary);
  if (version && isRecent(version)) return binary;
  const aside = `${home}.broken-${unique()}`;
  try {
    await rename(home, aside);
    await rm(aside, { recursive: true, force: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  return undefined;
}

async function fetchFromDebian(home, progress) {
  progress("No redis-server here: fetching Debian's package into the cache (about 10 MB, once) …");
  await mkdir(dirname(home), { recursive: true });
  await removeAbandoned(dirname(home));
  const stage = `${home}.tmp-${unique()}`;
  try {
    await mkdir(stage);
    await unpack(stage);
    const version = await versionOf(join(stage, 'redis-server'));
    if (!version) throw new Error('the unpacked redis-server does not start');
    if (!isRecent(version)) throw new Error(`the system's packages hold Redis ${version.join('.')}, older than 6.2`);
    await putInPlace(stage, home);
    progress(`Redis ${version.join('.')} is in the cache.`);
    return join(home, 'redis-server');
  } catch (error) {
    throw new Error(`No redis-server was found, and fetching one failed: ${firstLine(error)}. ${ELSEWHERE}`, {
      cause: error,
    });
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/** Another run may have been faster; then its copy is as good as ours. */
async function putInPlace(stage, home) {
  try {
    await rename(stage, home);
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    if (!(await versionOf(join(home, 'redis-server')))) throw error;
  }
}

async function unpack(stage) {
  const work = join(stage, 'work');
  const apt = await privateApt(work);
  const update = await apt('apt-get', ['-qq', 'update']);
  const root = join(work, 'root');
  try {
    await download(apt, work, PACKAGES, root);
  } catch (error) {
    // apt calls an update without a network a success with warnings.
    if (/Failed to fetch/.test(update.stderr))
      throw new Error('the package lists could not be downloaded', { cause: error });
    throw error;
  }
  await mkdir(join(stage, 'bin'));
  await mkdir(join(stage, 'lib'));
  // On Debian redis-server is a link to redis-check-rdb; the name it is called by decides what it does.
  await copyFile(await realpath(join(root, 'usr', 'bin', 'redis-server')), join(stage, 'bin', 'redis-server'));
  await chmod(join(stage, 'bin', 'redis-server'), 0o755);
  await addLibraries(apt, work, stage);

  const wrapper = [
    '#!/bin/sh',
    'here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P)',
    'LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"',
    'export LD_LIBRARY_PATH',
    'exec "$here/bin/redis-server" "$@"',
    '',
  ].join('\n');
  await writeFile(join(stage, 'redis-server'), wrapper, { mode: 0o755 });
  await rm(work, { recursive: true, force: true });
}

/** apt with lists and archives of its own: needs no root and works where `apt-get update` was never run. */
async function privateApt(work) {
  const lists = join(work, 'lists');
  const archives = join(work, 'apt');
  await mkdir(join(lists, 'partial'), { recursive: true });
  await mkdir(join(archives, 'archives', 'partial'), { recursive: true });
  const config = join(work, 'apt.conf');
  // The machine's hooks after an update refresh caches of its own: not for us.
  await writeFile(
    config,
    '#clear APT::Update::Pre-Invoke;\n#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n',
  );
  const options = [
    ['Dir::State::Lists', lists],
    ['Dir::Cache', archives],
    ['Acquire::Languages', 'none'],
    ['Acquire::Retries', '2'],
    ['Acquire::http::Timeout', '30'],
    // As root, apt would hand the download to a user that may not enter this folder.
    ['APT::Sandbox::User', ''],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return (command, args, cwd = work) =>
    run(command, ['-c', config, ...options, ...args], {
      cwd,
      timeout: FETCH_TIMEOUT_MS,
      maxBuffer: 16 << 20,
      env: { ...process.env, LC_ALL: 'C' },
    });
}

async function download(apt, work, packages, root) {
  const folder = join(work, `debs-${unique()}`);
  await mkdir(folder);
  await apt('apt-get', ['-qq', 'download', ...packages], folder);
  for (const file of await readdir(folder)) {
    if (file.endsWith('.deb')) await run('dpkg', ['-x', join(folder, file), root]);
  }
}

/** Brings the libraries that the machine lacks, and only those, by following the packages' own dependencies. */
async function addLibraries(apt, work, stage) {
  const root = join(work, 'libraries');
  const fetched = new Set();
  let frontier = PACKAGES;
  for (let round = 0; round < 6; round += 1) {
    const missing = await missingLibraries(stage);
    if (missing.length === 0) return;
    const { stdout } = await apt('apt-cache', ['depends', '--important', ...frontier]);
    const wanted = [
      ...new Set([...stdout.matchAll(/^\s+\|?(?:Pre)?Depends: (\S+)$/gm)].map((match) => match[1])),
    ].filter((name) => /^(lib|lua-)/.test(name) && name !== 'libc6' && !fetched.has(name));
    if (wanted.length === 0) break;
    for (const name of wanted) fetched.add(name);
    await download(apt, work, wanted, root);
    for (const soname of missing) {
      const file = await findFile(root, soname);
      if (file) await copyFile(await realpath(file), join(stage, 'lib', soname));
    }
    frontier = wanted;
  }
  const missing = await missingLibraries(stage);
  if (missing.length > 0) throw new Error(`these libraries could not be found: ${missing.join(', ')}`);
}

async function missingLibraries(stage) {
  const env = { ...process.env, LC_ALL: 'C', LD_LIBRARY_PATH: join(stage, 'lib') };
  const { stdout } = await run('ldd', [join(stage, 'bin', 'redis-server')], { env });
  return [...stdout.matchAll(/^\s*(\S+) => not found/gm)].map((match) => match[1]);
}

async function findFile(folder, name) {
  for (const entry of await readdir(folder, { recursive: true })) {
    if (basename(entry) === name) return join(folder, entry);
  }
  return undefined;
}

async function removeAbandoned(folder) {
  for (const name of await readdir(folder)) {
    if (!/^redis-server-.*\.(tmp|broken)-/.test(name)) continue;
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

function firstLine(error) {
  const text = String(error.stderr || error.message).trim();
  const line = text.split('\n').find((candidate) => candidate.startsWith('E: ')) ?? text.split('\n')[0] ?? '';
  return line.replace(/^E: /, '').replace(/\.$/, '');
}

if (process.argv[1] && (await realpath(process.argv[1])) === fileURLToPath(import.meta.url)) {
  try {
    console.log(await findRedisServer({ progress: (line) => console.error(line) }));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
