/**
 * Servers out of Debian's packages, without root. apt gets lists, archives and, for a suite that is not the machine's, a
 * source and a status of its own: the machine's lists and packages stay untouched. A server is unpacked together with
 * its own suite's libc and libraries and started through that libc's loader, so it runs on any Linux and goes on to run
 * when the machine's libraries change.
 */
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { deb822Of } from './debian-sources.mjs';
import { run } from './server-cache.mjs';

const FETCH_TIMEOUT_MS = 300_000;
const ROUNDS = 6;
/** What libc opens by itself, without being linked to it. */
const OPENED_LATER = ['libgcc_s.so.1', 'libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'];

/**
 * apt with the machine's own sources, after an update of lists of its own; works where `apt-get update` was never run.
 * @param {string} work an empty folder; whoever made it removes it
 */
export async function machineApt(work) {
  const apt = await privateApt(work, []);
  const { stderr } = await apt('apt-get', ['-qq', 'update']);
  // apt calls an update without a network a success with warnings.
  return { apt, work, incomplete: /Failed to fetch/.test(stderr) };
}

/**
 * apt with one suite (and those that it builds upon) of the first of these sources that has it.
 * @param {string} work an empty folder; whoever made it removes it
 */
export async function suiteApt(work, sources, suites) {
  let reason = "this machine's packages don't come from Debian";
  for (const source of sources) {
    const own = await mkdtemp(join(work, 'suite-'));
    const list = join(own, 'suite.sources');
    await writeFile(list, deb822Of(source, suites));
    await writeFile(join(own, 'status'), '');
    const apt = await privateApt(own, [
      ['Dir::Etc::sourcelist', list],
      ['Dir::Etc::sourceparts', '-'],
      ['Dir::Etc::preferences', '-'],
      ['Dir::Etc::preferencesparts', '-'],
      ['Dir::State::status', join(own, 'status')],
      // A snapshot's lists have an end that is long past.
      ['Acquire::Check-Valid-Until', 'false'],
    ]);
    const { stderr } = await apt('apt-get', ['-qq', 'update']).catch((error) => ({ stderr: String(error.stderr) }));
    const lists = await readdir(join(own, 'lists'));
    const complete = suites.every((suite) => lists.some((name) => name.includes(`_${suite}_main_`)));
    if (complete && (await isDebians(join(own, 'lists'), lists))) return { apt, work: own, incomplete: false };
    reason = whyNot(stderr, suites[0]);
  }
  throw new Error(reason);
}

function whyNot(stderr, suite) {
  if (/does not have a Release file|404/.test(stderr)) return `this machine's Debian source has no suite ${suite}`;
  if (/NO_PUBKEY|not signed|EXPKEYSIG/.test(stderr))
    return `this machine has no key to check the signature of ${suite} with`;
  return `the lists of ${suite} could not be downloaded`;
}

async function isDebians(folder, lists) {
  const releases = lists.filter((name) => /_(In)?Release$/.test(name));
  const texts = await Promise.all(releases.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.length > 0 && texts.every((text) => /^Origin: Debian/m.test(text));
}

/** Fills `stage` with `program`, what it needs, and a script of its name that starts it. */
export async function unpackServer({ apt, work, incomplete }, { program, packages }, stage) {
  const own = await mkdtemp(join(work, 'unpack-'));
  try {
    const root = join(own, 'root');
    await download(apt, own, packages, root).catch((error) => {
      if (incomplete) throw new Error('the package lists could not be downloaded', { cause: error });
      throw error;
    });
    await mkdir(join(stage, 'bin'));
    await mkdir(join(stage, 'lib'));
    const binary = join(stage, 'bin', program);
    // On Debian the server is a link to its check program; the name that it is called by decides what it does.
    await copyFile(await realpath(join(root, 'usr', 'bin', program)), binary);
    await chmod(binary, 0o755);
    const loader = await addLibraries(apt, own, stage, program, packages);
    await writeFile(join(stage, program), wrapperOf(program, loader), { mode: 0o755 });
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

/** It is replaced by the server, which so has its process id. A locale of the machine may be unreadable to another libc. */
function wrapperOf(program, loader) {
  return [
    '#!/bin/sh',
    'here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P)',
    'unset LD_LIBRARY_PATH LD_PRELOAD',
    'LC_ALL=C',
    'export LC_ALL',
    `exec "$here/lib/${loader}" --library-path "$here/lib" "$here/bin/${program}" "$@"`,
    '',
  ].join('\n');
}

async function privateApt(work, more) {
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
    ...more,
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
  const folder = await mkdtemp(join(work, 'debs-'));
  await apt('apt-get', ['-qq', 'download', ...packages], folder);
  for (const file of await readdir(folder)) {
    if (file.endsWith('.deb')) await run('dpkg', ['-x', join(folder, file), root]);
  }
}

/**
 * Brings libc and the libraries that the server is linked to, by following the packages' own dependencies.
 * @returns {Promise<string>} the name of the loader in `stage`/lib
 */
async function addLibraries(apt, work, stage, program, packages) {
  const root = join(work, 'libraries');
  const lib = join(stage, 'lib');
  await download(apt, work, ['libc6'], root);
  const names = (await readdir(root, { recursive: true })).map((entry) => basename(entry));
  const loader = names.find((name) => /^ld(-linux.*|64)\.so\.\d+$/.test(name));
  if (loader === undefined) throw new Error('there is no loader in libc6');
  await copyLibrary(root, loader, lib);
  await chmod(join(lib, loader), 0o755);

  const fetched = new Set(['libc6']);
  let frontier = [...packages, 'libc6'];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { stdout } = await apt('apt-cache', ['depends', '--important', ...frontier]);
    const wanted = [
      ...new Set([...stdout.matchAll(/^\s+\|?(?:Pre)?Depends: (\S+)$/gm)].map((match) => match[1])),
    ].filter((name) => /^(lib|lua-|zlib)/.test(name) && !fetched.has(name));
    if (wanted.length > 0) await download(apt, work, wanted, root);
    const missing = await bringLibraries(root, stage, loader, program);
    if (missing.length === 0) break;
    if (wanted.length === 0 || round === ROUNDS - 1)
      throw new Error(`these libraries could not be found: ${missing.join(', ')}`);
    for (const name of wanted) fetched.add(name);
    frontier = wanted;
  }
  for (const soname of OPENED_LATER) await copyLibrary(root, soname, lib);
  return loader;
}

/** Copies what is there, and what that is linked to. @returns {Promise<string[]>} what is not there */
async function bringLibraries(root, stage, loader, program) {
  for (;;) {
    const missing = await missingLibraries(stage, loader, program);
    let copied = 0;
    for (const soname of missing) copied += (await copyLibrary(root, soname, join(stage, 'lib'))) ? 1 : 0;
    if (copied === 0) return missing;
  }
}

async function copyLibrary(root, soname, lib) {
  const file = await findFile(root, soname);
  if (file) await copyFile(file, join(lib, soname));
  return file !== undefined;
}

/** What is not in our own folder, also when the machine has something of that name: all of it, or the first. */
async function missingLibraries(stage, loader, program) {
  const lib = join(stage, 'lib');
  const { LD_LIBRARY_PATH: _path, LD_PRELOAD: _preload, ...env } = process.env;
  const listing = ['--library-path', lib, '--list', join(stage, 'bin', program)];
  const options = { env: { ...env, LC_ALL: 'C' } };
  const { stdout, stderr } = await run(join(lib, loader), listing, options).catch((error) => error);
  // It stops at the first one that is nowhere, and lists the others when there is none.
  const nowhere = /error while loading shared libraries: ([^\s:]+): cannot open/.exec(String(stderr));
  if (nowhere) return [nowhere[1]];
  return [...String(stdout).matchAll(/^\s*([^\s/]+) => (.*)$/gm)]
    .filter(([, , place]) => dirname(place) !== lib)
    .map(([, soname]) => soname);
}

/** The file behind a name. An absolute link in a package means a file of the machine, which is not what is wanted. */
async function findFile(root, name) {
  const inside = `${await realpath(root)}/`;
  for (const entry of await readdir(root, { recursive: true })) {
    if (basename(entry) !== name) continue;
    const file = await realpath(join(root, entry)).catch(() => '');
    if (file.startsWith(inside)) return file;
  }
  return undefined;
}

/** The line of apt's answer that tells what went wrong. */
export function firstLine(error) {
  const text = String(error.stderr || error.message).trim();
  const line = text.split('\n').find((candidate) => candidate.startsWith('E: ')) ?? text.split('\n')[0] ?? '';
  return line.replace(/^E: /, '').replace(/\.$/, '');
}
