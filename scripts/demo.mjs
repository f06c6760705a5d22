#!/usr/bin/env node
/**
 * `npm run demo`: the whole story on this machine, without a Slack workspace. Installs packages, finds or fetches
 * redis-server, builds the sandbox and its page, and runs it with the arguments behind `--`. SIGINT and SIGTERM end all
 * of it, also when they hit npm.
 */
import { join } from 'node:path';
import { ensureDemoIsBuilt } from './lib/demo-build.mjs';
import { codeOfSignal, Interrupted, passSignalsOn, start } from './lib/processes.mjs';
import { findRedisServer } from './lib/redis-server.mjs';
import { ensurePackages, root } from './lib/setup.mjs';

const say = (line) => process.stderr.write(`${line}\n`);

async function demo() {
  await ensurePackages(say);
  const redisServer = await findRedisServer({ progress: say });
  await ensureDemoIsBuilt();
  const args = ['--enable-source-maps', join(root, 'dist-sandbox/src/sandbox/demo.js'), ...process.argv.slice(2)];
  const { code } = await start(process.execPath, args, {
    cwd: root,
    env: { ...process.env, REDIS_SERVER: redisServer },
  }).done;
  return code ?? 1;
}

passSignalsOn();
try {
  process.exitCode = await demo();
} catch (error) {
  if (!(error instanceof Interrupted)) say(error.message.trimEnd());
  process.exitCode = error instanceof Interrupted ? codeOfSignal(error.signal) : 1;
}
