/** Starts a built bot for a check, asks its admin server, and sees how it ends. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { start } from './processes.mjs';

/** The bot promises to be gone this long after SIGTERM. */
const STOP_MS = 10_000;

export async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The environment of a bot in HTTP mode against a fake Slack. Its tokens are no secrets. */
export async function environmentFor(slackUrl) {
  return {
    SLACK_BOT_TOKEN: 'xoxb-check',
    SLACK_SIGNING_SECRET: 'check-signing-secret',
    SLACK_API_URL: slackUrl,
    PORT: String(await freePort()),
    ADMIN_PORT: String(await freePort()),
    ALLOWED_HOSTS: '127.0.0.0/8',
  };
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string, env: NodeJS.ProcessEnv, uid?: number, gid?: number }} options
 */
export function startBot(command, args, options) {
  const began = performance.now();
  const { child, done } = start(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  let ended = null;
  const end = done.then((result) => {
    ended = result;
    return result;
  });

  /** Asks until the answer is 200. @returns {Promise<number>} milliseconds since the start */
  async function ready(url, deadlineMs = 30_000) {
    const until = performance.now() + deadlineMs;
    while (performance.now() < until) {
      if (ended !== null) throw new Error(`The bot ended (${howItEnded(ended)}) before ${url} answered.\n${output}`);
      const response = await fetch(url, { signal: AbortSignal.timeout(1_000) }).catch(() => null);
      if (response?.status === 200) return Math.round(performance.now() - began);
      await sleep(20);
    }
    throw new Error(`${url} did not answer 200 within ${deadlineMs / 1000} s.\n${output}`);
  }

  /** SIGTERM. @returns {Promise<{ code: number | null, ms: number }>} */
  async function stop() {
    const asked = performance.now();
    child.kill('SIGTERM');
    const late = new AbortController();
    const result = await Promise.race([end, sleep(STOP_MS, null, { signal: late.signal }).catch(() => null)]);
    late.abort();
    if (result === null) {
      kill();
      throw new Error(`The bot was still there ${STOP_MS / 1000} s after SIGTERM.\n${output}`);
    }
    return { code: result.code, ms: Math.round(performance.now() - asked) };
  }

  function kill() {
    if (ended === null) child.kill('SIGKILL');
  }

  return { pid: child.pid, end, ready, stop, kill, output: () => output };
}

function howItEnded({ code, signal, error }) {
  if (error) return error.message;
  return signal ? `killed by ${signal}` : `code ${code}`;
}

/** Resident memory in bytes; null where the system does not tell. */
export async function residentBytes(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}
