/** The bot as it is shipped, in a process of its own: started, stopped, killed and started again on one state file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MigrationView } from '../../src/domain/view.ts';
import { freePort } from '../../src/sandbox/redis/ports.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import type { SandboxSlack } from '../../src/sandbox/slack/index.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export type Mode = 'socket' | 'http';

export interface BotProcess {
  readonly folder: string;
  /** Everything that it has printed, over all starts. */
  readonly output: () => string;
  /** Starts it and waits until /readyz says yes. */
  start(): Promise<void>;
  /** SIGTERM; returns the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGHUP. */
  hangUp(): void;
  admin(path: string): Promise<Response>;
  migrations(): Promise<readonly MigrationView[]>;
  migration(id: string): Promise<MigrationView>;
  /** The bytes of its state, as text, journal and all. Only while it does not run. */
  state(): Promise<string>;
  /** Ends it and removes its folder. */
  close(): Promise<void>;
}

export interface BotOptions {
  readonly slack: SandboxSlack;
  readonly mode: Mode;
  readonly env?: Readonly<Record<string, string>>;
}

export async function createBot({ slack, mode, env = {} }: BotOptions): Promise<BotProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-migrate-bot-'));
  const adminPort = await freePort();
  const port = await freePort();
  let child: ChildProcess | undefined;
  let printed = '';
  if (mode === 'http') slack.setHttpTarget(`http://127.0.0.1:${port}/slack/events`);

  const ended = () => child === undefined || child.exitCode !== null || child.signalCode !== null;

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    const running = child;
    if (running === undefined || ended()) return running?.exitCode ?? null;
    const gone = new Promise<number | null>((resolve) => running.once('exit', (code) => resolve(code)));
    running.kill(signal);
    return gone;
  }

  const admin = (path: string) => fetch(`http://127.0.0.1:${adminPort}${path}`);

  const bot: BotProcess = {
    folder,
    output: () => printed,
    async start() {
      child = spawn(process.execPath, ['--enable-source-maps', MAIN], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: process.env['PATH'],
          SLACK_BOT_TOKEN: slack.botToken,
          ...(mode === 'socket' ? { SLACK_APP_TOKEN: slack.appToken } : { SLACK_SIGNING_SECRET: slack.signingSecret }),
          SLACK_API_URL: slack.apiUrl,
          PORT: String(port),
          ADMIN_PORT: String(adminPort),
          STATE_FILE: join(folder, 'state.db'),
          ALLOWED_HOSTS: '127.0.0.1',
          QUIET_SECONDS: '2',
          SYNCS_PER_HOST: '8',
          ...env,
        },
      });
      child.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
      child.stderr?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
      await until(
        async () => {
          if (ended()) throw new Error(`The bot ended by itself.\n${printed.slice(-4_000)}`);
          return (await admin('/readyz').catch(() => null))?.ok === true;
        },
        { within: 60_000, what: 'the bot to be ready' },
      ).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${printed.slice(-4_000)}`, { cause: error });
      });
    },
    stop: () => end('SIGTERM'),
    async kill() {
      await end('SIGKILL');
    },
    hangUp() {
      child?.kill('SIGHUP');
    },
    admin,
    async migrations() {
      const answer = (await (await admin('/migrations')).json()) as { migrations: MigrationView[] };
      return answer.migrations;
    },
    async migration(id) {
      return (await (await admin(`/migrations/${id}`)).json()) as MigrationView;
    },
    async state() {
      if (!ended()) throw new Error('The state is read while the bot does not run.');
      const files = (await readdir(folder)).filter((name) => name.startsWith('state.db'));
      const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'latin1')));
      return texts.join('\n');
    },
    async close() {
      await end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
  return bot;
}
