/**
 * Carries out a Dockerfile without Docker: each stage is a folder that stands for the image's root. Absolute paths of the
 * Dockerfile are paths in that folder, in RUN too. Owns its work folder; never writes outside of it. Fails on the first
 * step that does not work, with that step's words.
 *
 * What a replay can't show: the base image itself (its libc, its npm), and that nothing of the host was used that the
 * base image lacks. RUN uses the host's shell and npm, with the image's Node.
 */
import { chmod, copyFile, cp, lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, posix, relative, sep } from 'node:path';
import { DockerfileError, parseDockerfile, parseExecForm, parseIgnore, parsePairs, substitute } from './dockerfile.mjs';
import { run } from './processes.mjs';
import { exists } from './setup.mjs';

/**
 * The programs of the base image: Node itself, and npm run by it.
 * @returns {Promise<string>} the folder to put on PATH
 */
export async function makeBase(folder, node, npmCli) {
  const bin = join(folder, 'base/bin');
  await mkdir(bin, { recursive: true });
  await copyFile(node, join(bin, 'node'));
  await script(join(bin, 'npm'), `exec "${join(bin, 'node')}" "${npmCli}" "$@"`);
  if (process.getuid?.() !== 0) await script(join(bin, 'chown'), 'exit 0');
  return bin;
}

async function script(path, body) {
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
}

/**
 * @param {{ context: string, folder: string, bin: string, say: (line: string) => void }} options
 * @returns the last stage: `folder` (its root), `env`, `workdir`, `user`, `volumes`, `command`, `healthcheck`, `stopSignal`
 */
export async function replay({ context, folder, bin, say }) {
  const instructions = parseDockerfile(await readFile(join(context, 'Dockerfile'), 'utf8'));
  const ignore = join(context, '.dockerignore');
  const ignored = parseIgnore((await exists(ignore)) ? await readFile(ignore, 'utf8') : '');
  const work = { context, folder, bin, ignored, args: {}, stages: new Map(), stage: null };
  for (const step of instructions) {
    say(`${step.name} ${step.text.length > 90 ? `${step.text.slice(0, 87)}...` : step.text}`);
    if (work.stage === null && step.name !== 'ARG' && step.name !== 'FROM') {
      throw new DockerfileError(step.line, `${step.name} stands before the first FROM.`);
    }
    // oxlint-disable-next-line no-await-in-loop -- one step stands on the one before
    await DO[step.name](step, work);
  }
  if (work.stage === null) throw new DockerfileError(1, 'there is no FROM.');
  return work.stage;
}

/** One function an instruction. */
const DO = {
  ARG(step, work) {
    if (work.stage !== null) throw new DockerfileError(step.line, 'the replay knows ARG before the first FROM only.');
    Object.assign(work.args, parsePairs(step));
  },
  async FROM(step, work) {
    const [image, as, name] = substitute(step, work.args).split(/\s+/);
    if (!/^([\w.:-]+\/)*node:24(\.\d+)*-[\w-]*slim$/.test(image)) {
      throw new DockerfileError(step.line, `the replay stands in for slim images of Node 24, not for ${image}.`);
    }
    if (as !== undefined && as.toUpperCase() !== 'AS') throw new DockerfileError(step.line, `FROM … ${as}?`);
    const root = join(work.folder, 'stages', name ?? `stage-${work.stages.size}`);
    await mkdir(root, { recursive: true });
    work.stage = { folder: root, env: {}, workdir: '/', user: null, volumes: [], entrypoint: [], cmd: [], command: [] };
    Object.assign(work.stage, { healthcheck: null, stopSignal: 'SIGTERM' });
    work.stages.set(name ?? `stage-${work.stages.size}`, work.stage);
  },
  async WORKDIR(step, { stage }) {
    stage.workdir = posix.resolve(stage.workdir, substitute(step, stage.env));
    await mkdir(join(stage.folder, stage.workdir), { recursive: true });
  },
  async COPY(step, work) {
    const words = substitute(step, work.stage.env).split(/\s+/);
    if (words.length < 2) throw new DockerfileError(step.line, 'COPY needs a source and a destination.');
    const target = words.pop();
    const to = join(work.stage.folder, posix.resolve(work.stage.workdir, target));
    for (const word of words) {
      // oxlint-disable-next-line no-await-in-loop -- a later source may overwrite an earlier one
      await copy(step, work, word, to, words.length > 1 || target.endsWith('/') || target === '.');
    }
  },
  async RUN(step, { stage, bin }) {
    const inImage = step.text.replace(/(^|[\s="'])\/(?!dev\/)(?=[\w.])/g, `$1${stage.folder}/`);
    const env = { ...hostEnvironment(), ...stage.env, PATH: `${bin}:/usr/bin:/bin` };
    const { code, output } = await run('/bin/sh', ['-c', inImage], { cwd: join(stage.folder, stage.workdir), env });
    if (code !== 0) throw new DockerfileError(step.line, `RUN ended with code ${code}.\n${output}`);
  },
  ENV(step, { stage }) {
    Object.assign(stage.env, parsePairs({ ...step, text: substitute(step, stage.env) }));
  },
  USER(step, { stage }) {
    const ids = /^(\d+):(\d+)$/.exec(step.text);
    if (ids === null)
      throw new DockerfileError(step.line, 'USER has to be two numbers, uid:gid, so that a cluster can see it.');
    stage.user = { uid: Number(ids[1]), gid: Number(ids[2]) };
  },
  VOLUME(step, { stage }) {
    stage.volumes.push(step.text);
  },
  HEALTHCHECK(step, { stage }) {
    if (!step.text.startsWith('CMD ')) throw new DockerfileError(step.line, 'the replay reads HEALTHCHECK CMD only.');
    stage.healthcheck = parseExecForm({ ...step, text: step.text.slice('CMD '.length).trim() });
  },
  ENTRYPOINT(step, { stage }) {
    stage.entrypoint = parseExecForm(step);
    stage.command = [...stage.entrypoint, ...stage.cmd];
  },
  CMD(step, { stage }) {
    stage.cmd = parseExecForm(step);
    stage.command = [...stage.entrypoint, ...stage.cmd];
  },
  STOPSIGNAL(step, { stage }) {
    stage.stopSignal = step.text;
  },
  LABEL: parsePairs,
  EXPOSE(step) {
    if (!/^\d+$/.test(step.text)) throw new DockerfileError(step.line, 'EXPOSE takes one port.');
  },
};

async function copy(step, { context, stages, ignored, stage }, word, to, intoFolder) {
  if (/[*?[]/.test(word)) throw new DockerfileError(step.line, 'the replay knows no wildcards in COPY.');
  if (step.flags.chown !== undefined) throw new DockerfileError(step.line, 'the replay does not know COPY --chown.');
  const other = step.flags.from === undefined ? null : stages.get(step.flags.from);
  if (other === undefined || other === stage)
    throw new DockerfileError(step.line, `there is no stage ${step.flags.from}.`);
  const base = other?.folder ?? context;
  const from = join(base, word);
  const left = (path) => other === null && path !== base && ignored(relative(base, path).split(sep).join('/'));
  const info = left(from) ? null : await lstat(from).catch(() => null);
  if (info === null) throw new DockerfileError(step.line, `${word} is not there, or .dockerignore leaves it out.`);
  const target = !info.isDirectory() && intoFolder ? join(to, basename(word)) : to;
  await mkdir(dirname(target), { recursive: true });
  await cp(from, target, { recursive: true, verbatimSymlinks: true, filter: (path) => !left(path) });
}

/** The machine's own settings for npm (registry, proxy, cache), but nothing of the script that is running. */
function hostEnvironment() {
  const ours = /^(npm_(package|lifecycle|execpath|command|node_execpath|config_local_prefix)|NODE_|INIT_CWD)/;
  const host = Object.entries(process.env).filter(([name]) => !ours.test(name));
  return {
    ...Object.fromEntries(host),
    npm_config_prefer_offline: 'true',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
  };
}

/** Every file and folder below, folders before what is in them. */
export async function* walk(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    yield { path, entry };
    if (entry.isDirectory()) yield* walk(path);
  }
}
