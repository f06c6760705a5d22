#!/usr/bin/env node
/** `npm run bench`: the benchmarks, one after the other, each as a table and as a line of JSON. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOfSignal, Interrupted, passSignalsOn, run, start } from './lib/processes.mjs';
import { findRedisServer } from './lib/redis-server.mjs';
import { ensurePackages, root } from './lib/setup.mjs';

const say = (line) => process.stderr.write(`${line}\n`);

async function bench() {
  await ensurePackages(say);
  const redisServer = await findRedisServer({ progress: say });
  const tsc = await run(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.sandbox.json'], { cwd: root });
  if (tsc.code !== 0) throw new Error(`The benchmarks could not be compiled.\n${tsc.output}`);
  const names = (await readdir(join(root, 'bench'))).filter((name) => name.endsWith('.ts')).toSorted();
  for (const name of names) {
    const script = join(root, 'dist-sandbox/bench', name.replace(/\.ts$/, '.js'));
    const { code } = await start(process.execPath, ['--enable-source-maps', script], {
      cwd: root,
      env: { ...process.env, REDIS_SERVER: redisServer },
    }).done;
    if (code !== 0) return code ?? 1;
  }
  return 0;
}

passSignalsOn();
try {
  process.exitCode = await bench();
} catch (error) {
  if (!(error instanceof Interrupted)) say(error.message.trimEnd());
  process.exitCode = error instanceof Interrupted ? codeOfSignal(error.signal) : 1;
}
