/**
 * Runs once before all tests: a server that can be started is in REDIS_SERVER, the other ones are in OTHER_SERVERS, and
 * dist/ is the bot as it is now.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findOtherServers, linesOfMissing } from '../../scripts/lib/other-servers.mjs';
import { findRedisServer } from '../../scripts/lib/redis-server.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

export default async function prepare(): Promise<void> {
  const progress = (line: string) => void process.stderr.write(`${line}\n`);
  const main = await findRedisServer({ progress });
  process.env['REDIS_SERVER'] = main;
  if (process.env['OTHER_SERVERS'] === undefined) {
    // Not by `npm test`, which fetches them: what is there is enough for a quick look.
    const servers = await findOtherServers({ main, fetch: false });
    for (const line of linesOfMissing(servers)) progress(line);
    process.env['OTHER_SERVERS'] = JSON.stringify(servers);
  }
  // Scenarios kill and restart the bot as it is shipped. What does not compile is told by the type check, not here.
  await promisify(execFile)(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    cwd: root,
  }).catch(() => undefined);
}
