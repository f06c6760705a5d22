/** Runs once before all tests: a server that can be started is in REDIS_SERVER, and dist/ is the bot as it is now. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findRedisServer } from '../../scripts/lib/redis-server.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

export default async function prepare(): Promise<void> {
  process.env['REDIS_SERVER'] = await findRedisServer({ progress: (line) => process.stderr.write(`${line}\n`) });
  // Scenarios kill and restart the bot as it is shipped. What does not compile is told by the type check, not here.
  await promisify(execFile)(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    cwd: root,
  }).catch(() => undefined);
}
