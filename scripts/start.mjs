#!/usr/bin/env node
/**
 * `npm start`: the bot, from .env or the environment. Builds first if dist/ is missing. Passes SIGINT and SIGTERM on once
 * each, SIGHUP every time, and gives the bot's exit code back.
 */
import { join } from 'node:path';
import { codeOfSignal, Interrupted, passSignalsOn, run, start } from './lib/processes.mjs';
import { exists, root } from './lib/setup.mjs';

const main = join(root, 'dist/main.js');

async function build() {
  const tsc = join(root, 'node_modules/.bin/tsc');
  if (!(await exists(tsc)))
    return 'dist/ is missing and so are the packages to build it with. Run: npm ci && npm run build';
  process.stderr.write('dist/ is missing: building it\n');
  const { code, output } = await run(tsc, ['-p', 'tsconfig.build.json'], { cwd: root });
  return code === 0 ? null : `The build failed.\n${output}`;
}

async function startBot() {
  const problem = (await exists(join(root, 'node_modules')))
    ? (await exists(main))
      ? null
      : await build()
    : 'The packages are missing. Run: npm ci';
  if (problem !== null) {
    process.stderr.write(`${problem.trimEnd()}\n`);
    return 1;
  }
  const env = join(root, '.env');
  // Not --env-file-if-exists: it remarks upon a missing file at every start.
  const envFile = (await exists(env)) ? [`--env-file=${env}`] : [];
  const args = ['--enable-source-maps', ...envFile, main, ...process.argv.slice(2)];
  const bot = start(process.execPath, args, { cwd: root });
  process.on('SIGHUP', () => bot.child.kill('SIGHUP'));
  const { code } = await bot.done;
  return code ?? 1;
}

passSignalsOn(['SIGINT', 'SIGTERM']);
// The bot reads its inventory again then; before it runs there is nothing to read again.
process.on('SIGHUP', () => {});
try {
  process.exitCode = await startBot();
} catch (error) {
  if (!(error instanceof Interrupted)) throw error;
  process.exitCode = codeOfSignal(error.signal);
}
