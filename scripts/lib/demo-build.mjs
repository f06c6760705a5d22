/**
 * The demo, compiled: dist-sandbox/src and dist-sandbox/page. Owns the stamp beside them and builds only when something
 * is younger than it, so that a second start is quick and does not change files under a demo that runs.
 */
import { mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './processes.mjs';
import { exists, root } from './setup.mjs';

const STAMP = join(root, 'dist-sandbox/built');
const INPUTS = [
  'src',
  'bench',
  'scripts/build-page.mjs',
  'tsconfig.json',
  'tsconfig.sandbox.json',
  'package-lock.json',
];

/** Rejects with what the compilers said. */
export async function ensureDemoIsBuilt() {
  const began = new Date();
  if (await isFresh()) return;
  await rm(STAMP, { force: true });
  await together(compile(), buildPage());
  await mkdir(join(root, 'dist-sandbox'), { recursive: true });
  await writeFile(STAMP, '');
  // What is saved while it is built makes it stale.
  await utimes(STAMP, began, began);
}

async function isFresh() {
  const built = await stat(STAMP).catch(() => null);
  if (built === null) return false;
  for (const input of INPUTS) if ((await youngest(join(root, input))) > built.mtimeMs) return false;
  return true;
}

/** A folder counts too: it becomes younger when something in it is removed. */
async function youngest(path) {
  const found = await stat(path).catch(() => null);
  if (found === null) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  const inside = await Promise.all((await readdir(path)).map((name) => youngest(join(path, name))));
  return Math.max(found.mtimeMs, ...inside);
}

async function compile() {
  const tsc = join(root, 'node_modules/.bin/tsc');
  const { code, output } = await run(tsc, ['-p', 'tsconfig.sandbox.json'], { cwd: root });
  if (code !== 0) throw new Error(`The demo could not be compiled.\n${output}`);
}

/** In a process of its own, so that a signal ends it like everything else and nothing of it stays in memory. */
async function buildPage() {
  if (!(await exists(join(root, 'src/sandbox/page/client')))) return;
  const { code, output } = await run(process.execPath, [join(root, 'scripts/build-page.mjs')], { cwd: root });
  if (code !== 0) throw new Error(`The page of the demo could not be built.\n${output}`);
}

/** All of them end before the first failure is told: nothing is left running behind it. */
async function together(...works) {
  const results = await Promise.allSettled(works);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
