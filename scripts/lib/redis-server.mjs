#!/usr/bin/env node
/**
 * Finds a redis-server to run, or fetches one: REDIS_SERVER, else PATH, else the cache folder, else Debian's package,
 * unpacked into the cache without root. Other versions for the tests: other-servers.mjs.
 *
 * As a module: `await findRedisServer()`. As a command: prints the path, alone on its line; progress goes to stderr.
 */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { firstLine, machineApt, unpackServer } from './debian.mjs';
import {
  cachedServer,
  cacheFolder,
  exitOnSignals,
  fillCache,
  findOnPath,
  versionOf,
  withTemporaryFolder,
} from './server-cache.mjs';

/** The proof of the cut-over needs CLIENT PAUSE WRITE, which came with 6.2. */
const OLDEST = [6, 2];
const SERVER = { program: 'redis-server', packages: ['redis-server', 'redis-tools'] };
const ELSEWHERE =
  'Install Redis 6.2 or later (macOS: brew install redis; Debian and Ubuntu: apt-get install redis-server), or set REDIS_SERVER to the path of a redis-server.';

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
      `redis-server on PATH is ${version ? `version ${version.text}, older than 6.2` : 'not runnable'}; looking further.`,
    );
  }

  const home = join(cacheFolder(), `redis-server-${process.platform}-${process.arch}`);
  const cached = await cachedServer(home, SERVER.program, tooOld);
  if (cached) return cached.binary;

  if (!(await findOnPath('apt-get')) || !(await findOnPath('dpkg')))
    throw new Error(`No redis-server was found. ${ELSEWHERE}`);
  return fetchFromDebian(home, progress);
}

function isRecent({ numbers: [major = 0, minor = 0] }) {
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

function tooOld(version) {
  return isRecent(version) ? undefined : `the system's packages hold Redis ${version.text}, older than 6.2`;
}

async function fetchFromDebian(home, progress) {
  progress("No redis-server here: fetching Debian's package into the cache (about 15 MB, once) …");
  try {
    const { binary, version } = await withTemporaryFolder(`${home}-apt`, (work) =>
      fillCache(home, SERVER.program, tooOld, async (stage) => unpackServer(await machineApt(work), SERVER, stage)),
    );
    progress(`Redis ${version.text} is in the cache.`);
    return binary;
  } catch (error) {
    throw new Error(`No redis-server was found, and fetching one failed: ${firstLine(error)}. ${ELSEWHERE}`, {
      cause: error,
    });
  }
}

if (process.argv[1] && (await realpath(process.argv[1])) === fileURLToPath(import.meta.url)) {
  exitOnSignals();
  try {
    console.log(await findRedisServer({ progress: (line) => console.error(line) }));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
