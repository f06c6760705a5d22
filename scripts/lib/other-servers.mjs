#!/usr/bin/env node
/**
 * The other Redis and Valkey servers that the tests use, beside the one of redis-server.mjs: found in the cache, or
 * fetched into it from other suites of the machine's own Debian source. What can't be had is skipped with a line that
 * says so: a suite may change or vanish, and that is no failure of ours. A failed fetch is remembered by nobody: the
 * next run tries again.
 *
 * scripts/test.mjs asks once and hands the answer to the tests as JSON in OTHER_SERVERS. As a command: fetches, and prints
 * that JSON; progress goes to stderr.
 */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { firstLine, suiteApt, unpackServer } from './debian.mjs';
import { machineSources } from './debian-sources.mjs';
import {
  cachedServer,
  cacheFolder,
  exitOnSignals,
  fillCache,
  findOnPath,
  run,
  versionOf,
  withTemporaryFolder,
} from './server-cache.mjs';

/** `suites`: places to get it from, the next one when one hasn't got it; each with the suites that it builds upon. */
const SERVERS = [
  { kind: 'redis', series: '6.0', suites: [['bullseye']] },
  { kind: 'redis', series: '7.0', suites: [['bookworm']] },
  { kind: 'redis', series: '8.0', suites: [['trixie']] },
  { kind: 'valkey', series: '8', suites: [['trixie'], ['bookworm-backports', 'bookworm']] },
  { kind: 'valkey', series: '9', suites: [['sid']] },
].map((server) => ({
  ...server,
  name: `${server.kind} ${server.series}`,
  program: `${server.kind}-server`,
  packages: [`${server.kind}-server`, `${server.kind}-tools`],
}));

/**
 * @param {object} [options]
 * @param {string | null} [options.main] the server of redis-server.mjs, taken where it is one of those wanted
 * @param {boolean} [options.fetch] false: only what is there already
 * @param {(line: string) => void} [options.progress]
 * @returns {Promise<import('./other-servers.mjs').OtherServers>} never rejects for a server that can't be had
 */
export async function findOtherServers({ main = null, fetch = true, progress = () => {} } = {}) {
  const mainVersion = main === null ? undefined : await versionOf(main);
  const there = await Promise.all(
    SERVERS.map(async (server) => {
      if (mainVersion && refusalOf(server, mainVersion) === undefined) return { binary: main, version: mainVersion };
      return cachedServer(homeOf(server), server.program, (version) => refusalOf(server, version));
    }),
  );
  const wanted = SERVERS.filter((_, index) => there[index] === undefined);
  const fetched = fetch ? await fetchAll(wanted, progress) : new Map();
  const found = [];
  const missing = [];
  for (const [index, server] of SERVERS.entries()) {
    const got = there[index] ?? fetched.get(server) ?? { reason: 'it is not in the cache yet; npm test fetches it' };
    if (got.reason === undefined) found.push(await described(server, got));
    else missing.push({ name: server.name, kind: server.kind, reason: got.reason });
  }
  return { found, missing };
}

/** One sentence per server that can't be had. */
export function linesOfMissing({ missing }) {
  return missing.map(({ name, reason }) => `${name} is skipped: ${reason}.`);
}

async function described({ name, kind }, { binary, version }) {
  return { name, kind, version: version.text, binary, tls: await knowsTls(binary) };
}

function homeOf({ program, series }) {
  return join(cacheFolder(), `${program}-${series}-${process.platform}-${process.arch}`);
}

function refusalOf({ kind, series }, version) {
  const fits = version.kind === kind && `${version.text}.`.startsWith(`${series}.`);
  return fits ? undefined : `${version.kind} ${version.text} was found in its place`;
}

/** @returns {Promise<Map<object, { binary: string, version: object } | { reason: string }>>} */
async function fetchAll(servers, progress) {
  if (servers.length === 0) return new Map();
  const lacking = process.platform === 'linux' ? await lackingTool() : 'it is only fetched on Linux';
  if (lacking !== undefined) return new Map(servers.map((server) => [server, { reason: lacking }]));
  progress(`Fetching ${servers.map(({ name }) => name).join(', ')} into the cache (about 15 MB each, once) …`);
  try {
    return await withTemporaryFolder(join(cacheFolder(), 'other-servers'), (work) =>
      fetchInto(work, servers, progress),
    );
  } catch (error) {
    const reason = firstLine(error);
    return new Map(servers.map((server) => [server, { reason }]));
  }
}

async function fetchInto(work, servers, progress) {
  const sources = await machineSources();
  const open = new Map();
  /** Each suite's lists are downloaded once. */
  const aptOf = (suites) => {
    const key = suites.join(' ');
    if (!open.has(key)) open.set(key, suiteApt(work, sources, suites));
    return open.get(key);
  };
  const outcomes = await Promise.all(
    servers.map(async (server) => [
      server,
      await fetchOne(server, aptOf, progress).catch((error) => ({ reason: firstLine(error) })),
    ]),
  );
  return new Map(outcomes);
}

async function lackingTool() {
  for (const name of ['apt-get', 'apt-config', 'dpkg'])
    if (!(await findOnPath(name))) return `there is no ${name} here to fetch it with`;
  return undefined;
}

async function fetchOne(server, aptOf, progress) {
  const reasons = [];
  for (const suites of server.suites) {
    try {
      const got = await fillCache(
        homeOf(server),
        server.program,
        (version) => refusalOf(server, version),
        async (stage) => unpackServer(await aptOf(suites), server, stage),
      );
      progress(`${server.name} is in the cache: ${got.version.text}, of ${suites[0]}.`);
      return got;
    } catch (error) {
      reasons.push(`${firstLine(error)} (${suites[0]})`);
    }
  }
  return { reason: reasons.join('; ') };
}

/**
 * Whether TLS is compiled in. Settings are read in order and none of these starts anything: what doesn't know tls-port
 * complains about that one first.
 */
async function knowsTls(binary) {
  const settings = ['--tls-port', '0', '--port', 'none'];
  const said = await run(binary, settings, { timeout: 30_000 }).catch((error) => error);
  return !/tls-port/.test(`${said.stdout}${said.stderr}`);
}

if (process.argv[1] && (await realpath(process.argv[1])) === fileURLToPath(import.meta.url)) {
  exitOnSignals();
  const servers = await findOtherServers({ progress: (line) => console.error(line) });
  for (const line of linesOfMissing(servers)) console.error(line);
  console.log(JSON.stringify(servers, null, 2));
}
