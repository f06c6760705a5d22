#!/usr/bin/env node
/**
 * The image, checked where there is no Docker engine: carries out the Dockerfile's steps into an empty folder, makes the
 * result read-only, starts it as the image's user against a fake Slack, runs the health check's command, measures, and
 * ends it with SIGTERM. Prints a table and, as the last line, the same as JSON. Exit code 1 when anything is not as it
 * should be. What this can't show is in docs/image.md.
 *
 *   node scripts/replay-image.mjs [--context FOLDER] [--keep]
 */
import { chmod, lchown, mkdir, mkdtemp, readFile, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { environmentFor, residentBytes, startBot } from './lib/bot.mjs';
import { seeItDraw } from './lib/draw.mjs';
import { startFakeSlack } from './lib/fake-slack.mjs';
import { codeOfSignal, Interrupted, passSignalsOn, run } from './lib/processes.mjs';
import { makeBase, replay, walk } from './lib/replay.mjs';
import { exists, findNode24, root } from './lib/setup.mjs';

const { values: options } = parseArgs({
  options: { context: { type: 'string', default: root }, keep: { type: 'boolean', default: false } },
});
const say = (line) => process.stderr.write(`${line}\n`);
const isRoot = process.getuid?.() === 0;

/** npm's own program, to be run by the image's Node. */
async function findNpmCli() {
  if (process.env.npm_execpath?.endsWith('npm-cli.js')) return process.env.npm_execpath;
  for (const folder of (process.env.PATH ?? '').split(':')) {
    const path = await realpath(join(folder, 'npm')).catch(() => null);
    if (path?.endsWith('npm-cli.js')) return path;
  }
  throw new Error('npm was not found on PATH.');
}

/** What must not be in an image, and how large it is. */
async function inspect(image) {
  const app = join(image.folder, image.workdir);
  const lock = JSON.parse(
    await readFile(join(app, 'node_modules/.package-lock.json'), 'utf8').catch(() => '{"packages":{}}'),
  );
  const packages = Object.entries(lock.packages);
  const dev = packages.filter(([, info]) => info.dev === true).map(([path]) => path);
  if (dev.length > 0) throw new Error(`Development packages are in the image: ${dev.join(', ')}`);
  const scripted = packages.filter(([, info]) => info.hasInstallScript === true).map(([path]) => path);
  if (scripted.length > 0) throw new Error(`Packages whose install script was not run: ${scripted.join(', ')}`);

  let bytes = 0;
  let modulesBytes = 0;
  const foreign = [];
  for await (const { path, entry } of walk(image.folder)) {
    const inModules = path.startsWith(join(app, 'node_modules'));
    if (!inModules && /\.tsx?$|\/(sandbox|test|\.env|\.git)$/.test(path)) foreign.push(path.slice(image.folder.length));
    if (!entry.isFile()) continue;
    const { size } = await stat(path);
    bytes += size;
    if (inModules) modulesBytes += size;
  }
  if (foreign.length > 0) throw new Error(`These don't belong in the image: ${foreign.join(', ')}`);
  return { bytes, modulesBytes, packages: packages.length };
}

function isInVolume(image, path) {
  return image.volumes.some((volume) => {
    const folder = join(image.folder, volume);
    return path === folder || path.startsWith(`${folder}/`);
  });
}

/** Nobody may write but in the volumes, and those belong to the image's user. */
async function makeReadOnly(image) {
  await chmod(image.folder, 0o555);
  for await (const { path, entry } of walk(image.folder)) {
    const mine = isInVolume(image, path);
    if (mine && isRoot) await lchown(path, image.user.uid, image.user.gid);
    if (entry.isSymbolicLink()) continue;
    const mode = (await stat(path)).mode & 0o777;
    await chmod(path, mine ? mode | 0o700 : (mode | 0o444 | (entry.isDirectory() ? 0o111 : 0)) & 0o555);
  }
}

function inImage(image, bin, [program, ...args]) {
  return [program === 'node' ? join(bin, 'node') : join(image.folder, program), ...args];
}

/**
 * The command, made to run as the image's user. Where we are root and may have a mount namespace of our own, every
 * mounted file system's root is read-only for it but the volumes; elsewhere only the files' modes protect them.
 */
async function asImageUser(image, command) {
  const { uid, gid } = image.user;
  if (!isRoot) {
    say(`NOT CHECKED: this is not root, so the image was started as the user that runs this, not as ${uid}:${gid}.`);
    return { command, spawn: {}, readOnly: 'file modes, same user' };
  }
  const volumes = image.volumes.map((volume) => join(image.folder, volume));
  const binds = volumes.map((volume) => `mount --bind "${volume}" "${volume}"`);
  const mounts = [...binds, 'mount -o remount,ro,bind /'].join(' && ');
  const drop = `exec setpriv --reuid ${uid} --regid ${gid} --clear-groups --no-new-privs -- "$@"`;
  const own = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', `${mounts} && ${drop}`, 'sh'];
  const probe = await run(own[0], [...own.slice(1), 'true']).catch(() => ({ code: 1 }));
  if (probe.code === 0) return { command: [...own, ...command], spawn: {}, readOnly: 'read-only root file system' };
  say('NOT CHECKED: no mount namespace here, so only the modes of the files keep the image from writing.');
  return { command, spawn: { uid, gid }, readOnly: 'file modes' };
}

async function startAndMeasure(image, bin) {
  const slack = await startFakeSlack();
  const given = await environmentFor(slack.url);
  const own = Object.entries(image.env).map(([name, value]) => [
    name,
    value.startsWith('/') ? join(image.folder, value) : value,
  ]);
  const env = { PATH: bin, ...Object.fromEntries(own), ...given };
  const cwd = join(image.folder, image.workdir);
  const { command, spawn, readOnly } = await asImageUser(image, inImage(image, bin, image.command));
  const bot = startBot(command[0], command.slice(1), { cwd, env: { ...env, PATH: `${bin}:/usr/bin:/bin` }, ...spawn });
  try {
    const admin = `http://127.0.0.1:${env.ADMIN_PORT}`;
    const aliveMs = await bot.ready(`${admin}/livez`);
    const readyMs = await bot.ready(`${admin}/readyz`);
    const health = await runHealthcheck(image, bin, { cwd, env, ...spawn });
    const resident = await residentBytes(bot.pid);
    await seeItDraw(join(bin, 'node'), join(cwd, 'dist'), { cwd, env, ...spawn });
    const stop = await bot.stop();
    if (stop.code !== 0) throw new Error(`After SIGTERM it ended with code ${stop.code}, not 0.\n${bot.output()}`);
    return { aliveMs, readyMs, healthcheckMs: health, residentBytes: resident, stopMs: stop.ms, readOnly };
  } finally {
    bot.kill();
    await slack.close();
  }
}

async function runHealthcheck(image, bin, spawnOptions) {
  if (image.healthcheck === null) throw new Error('The Dockerfile has no HEALTHCHECK.');
  const [program, ...args] = inImage(image, bin, image.healthcheck);
  const began = performance.now();
  const alive = await run(program, args, spawnOptions);
  const ms = Math.round(performance.now() - began);
  if (alive.code !== 0) throw new Error(`HEALTHCHECK ended with code ${alive.code}.\n${alive.output}`);
  // A health check that can't fail checks nothing.
  const nowhere = { ...spawnOptions, env: { ...spawnOptions.env, ADMIN_PORT: '1' } };
  if ((await run(program, args, nowhere)).code === 0) throw new Error('HEALTHCHECK says yes where nobody listens.');
  return ms;
}

const mebibytes = (bytes) => (bytes === null ? 'unknown' : `${(bytes / 1_048_576).toFixed(1)} MiB`);

function print(figures) {
  const rows = [
    ['size, without the base image', mebibytes(figures.bytes)],
    ['of that node_modules', mebibytes(figures.modulesBytes)],
    ['packages', figures.packages],
    ['start until /livez', `${figures.aliveMs} ms`],
    ['start until /readyz', `${figures.readyMs} ms`],
    ['resident memory', mebibytes(figures.residentBytes)],
    ['health check', `${figures.healthcheckMs} ms`],
    ['SIGTERM until the end', `${figures.stopMs} ms`],
    ['user', figures.user],
    ['protected by', figures.readOnly],
    ['Node', figures.node],
  ];
  for (const [name, value] of rows) process.stdout.write(`${name.padEnd(30)} ${value}\n`);
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

async function main() {
  const node = process.env.NODE24 ?? (await findNode24(say));
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'redis-migrate-image-'));
  try {
    await chmod(folder, 0o755);
    const bin = await makeBase(folder, node, await findNpmCli());
    const image = await replay({ context: resolve(options.context), folder, bin, say });
    if (image.user === null) throw new Error('The Dockerfile has no USER: the bot would be root.');
    for (const volume of image.volumes) await mkdir(join(image.folder, volume), { recursive: true });
    const contents = await inspect(image);
    await makeReadOnly(image);
    const measured = await startAndMeasure(image, bin);
    const { output } = await run(join(bin, 'node'), ['--version']);
    print({
      ...contents,
      ...measured,
      user: isRoot ? `${image.user.uid}:${image.user.gid}` : 'same',
      node: output.trim(),
    });
  } finally {
    if (options.keep) say(`kept: ${folder}`);
    else await remove(folder);
  }
}

/** Not root, we can't empty folders that we made read-only. */
async function remove(folder) {
  if (!isRoot && (await exists(folder))) await run('chmod', ['-R', 'u+w', folder]).catch(() => {});
  await rm(folder, { recursive: true, force: true });
}

passSignalsOn();
try {
  await main();
} catch (error) {
  process.stderr.write(`${error.message.trimEnd()}\n`);
  process.exitCode = error instanceof Interrupted ? codeOfSignal(error.signal) : 1;
}
