/**
 * What a fresh machine lacks: packages, and Node 24 beside the Node that runs this. Uses nothing but Node itself, since it
 * runs before anything is installed. Owns node_modules/ and the folder node24-* in the cache; a download is made in a
 * folder of its own and renamed when it runs, so a broken one leaves nothing behind.
 */
import { access, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './processes.mjs';
import { cacheFolder } from './server-cache.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The Node that the image has; see Dockerfile. */
const IMAGE_NODE = 24;

export async function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** npm of the Node that runs this, without its news and warnings about somebody's settings. */
export function npm(args, options = {}) {
  const cli = process.env.npm_execpath;
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--no-update-notifier'];
  const own = cli !== undefined && /npm-cli\.[cm]?js$/.test(cli);
  return own ? run(process.execPath, [cli, ...args, ...quiet], options) : run('npm', [...args, ...quiet], options);
}

/** The packages of the lock file. Installs when there are none, or when they are older than the lock file. */
export async function ensurePackages(say = () => {}) {
  const installed = await stat(join(root, 'node_modules/.package-lock.json')).catch(() => null);
  const lock = await stat(join(root, 'package-lock.json'));
  if (installed !== null && installed.mtimeMs >= lock.mtimeMs) return;
  say(installed === null ? 'installing packages' : 'package-lock.json has changed: installing packages');
  const { code, output } = await npm(['ci', '--ignore-scripts'], { cwd: root });
  if (code !== 0) throw new Error(`npm ci did not work. Is there a network?\n${output}`);
}

/**
 * @param {(line: string) => void} [say]
 * @returns {Promise<string>} the path of a Node 24
 */
export async function findNode24(say = () => {}) {
  if (process.versions.node.startsWith(`${IMAGE_NODE}.`)) return process.execPath;
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const home = join(cacheFolder(), `node${IMAGE_NODE}-${process.platform}-${process.arch}`);
  const binary = join('node_modules', name, 'bin/node');
  if (await runs(join(home, binary))) return join(home, binary);

  const version = await newest(name);
  say(`fetching Node ${version}`);
  await mkdir(cacheFolder(), { recursive: true });
  const fresh = await mkdtemp(`${home}.new-`);
  try {
    const args = ['install', '--prefix', fresh, '--ignore-scripts', '--no-save', `${name}@${version}`];
    const { code, output } = await npm(args, { cwd: fresh });
    if (code !== 0) throw new Error(`Node ${version} could not be installed from npm (package ${name}).\n${output}`);
    if (!(await runs(join(fresh, binary)))) throw new Error(`Node ${version} from npm does not run on this machine.`);
    await rm(home, { recursive: true, force: true });
    // Somebody else may have been faster: theirs is as good.
    await rename(fresh, home).catch(() => {});
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return join(home, binary);
}

async function runs(node) {
  if (!(await exists(node))) return false;
  const { code, output } = await run(node, ['--version']);
  return code === 0 && output.startsWith(`v${IMAGE_NODE}.`);
}

async function newest(name) {
  const { code, output } = await npm(['view', name, 'versions', '--json']);
  const versions = code === 0 ? [JSON.parse(output)].flat() : [];
  const fitting = versions.filter((version) => /^\d+\.\d+\.\d+$/.test(version) && version.startsWith(`${IMAGE_NODE}.`));
  const collator = new Intl.Collator('en', { numeric: true });
  const best = fitting.toSorted(collator.compare).at(-1);
  if (best === undefined)
    throw new Error(`npm has no Node ${IMAGE_NODE} for this machine (package ${name}).\n${output}`);
  return best;
}
