import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

let found: Promise<string> | undefined;

/** The redis-server to use: REDIS_SERVER, else what scripts/lib/redis-server.mjs finds or fetches. Asked once per process. */
export function redisServerBinary(): Promise<string> {
  const chosen = process.env['REDIS_SERVER'];
  if (chosen) return Promise.resolve(chosen);
  found ??= askScript();
  return found;
}

async function askScript(): Promise<string> {
  const script = fileURLToPath(new URL('../../../scripts/lib/redis-server.mjs', import.meta.url));
  try {
    const { stdout } = await run(process.execPath, [script]);
    return stdout.trim();
  } catch (error) {
    const said = ((error as { stderr?: string }).stderr ?? '').trim();
    throw new Error(said.split('\n').at(-1) || 'scripts/lib/redis-server.mjs could not be run.', { cause: error });
  }
}

/** Major, minor, patch of a redis-server or valkey-server. */
export async function binaryVersion(binary: string): Promise<readonly [number, number, number]> {
  const { stdout } = await run(binary, ['--version']);
  const match = /(?:v=|version )(\d+)\.(\d+)\.(\d+)/.exec(stdout);
  if (!match) throw new Error(`${binary} does not say its version.`);
  return [Number(match[1]), Number(match[2]), Number(match[3])];
}
