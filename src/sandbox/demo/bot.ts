/**
 * The bot as it is shipped, in a process of its own, on one state file over all its lives. Owns the process; it ends with
 * `close()`, or with the demo's process group. The Slack it talks to is the demo's; no credential of anybody's is read.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Cutover } from '../../domain/plan.ts';
import type { GateView, MigrationView, ShardView } from '../../domain/view.ts';
import { freePort } from '../redis/ports.ts';
import { until } from '../redis/wait.ts';
import { ANA, BEN, type SandboxSlack } from '../slack/index.ts';
import { addressIn, type Pair } from './fleet.ts';

/** What the demo reads of `GET /migrations`. */
export type Migration = Pick<MigrationView, 'id' | 'phase' | 'waitingFor' | 'messageTs' | 'findings'> & {
  readonly shards: readonly Pick<ShardView, 'source' | 'destination'>[];
  readonly gates: readonly Pick<GateView, 'gate' | 'open' | 'reason'>[];
};

export interface BotOptions {
  readonly slack: SandboxSlack;
  /** Is made; whoever made its parent removes it. */
  readonly folder: string;
  readonly pairs: readonly Pair[];
  readonly cutover: Cutover;
  /** Where its webhooks go. */
  readonly hook: { readonly url: string; readonly secret: string };
  /** Variables of its environment that are not as the demo has them. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface DemoBot {
  readonly running: boolean;
  /** Resolves when it is connected. Does nothing while it runs. */
  start(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Newest first; null: it does not answer. */
  migrations(): Promise<readonly Migration[] | null>;
  /** Called when it has begun or ended, however that came. */
  onChange(listener: () => void): void;
  /** Lets it finish what it does, as a SIGTERM does. */
  close(): Promise<void>;
}

export const OLD_GROUP = 'orders-old';
export const NEW_GROUP = 'orders-new';

const MAIN = fileURLToPath(new URL('../../main.js', import.meta.url));
const START_MS = 20_000;
const ANSWER_MS = 2_000;

export async function createBot({ slack, folder, pairs, cutover, hook, settings }: BotOptions): Promise<DemoBot> {
  // Its parent must be there: when it has gone already, the demo is ending.
  await mkdir(folder);
  const inventory = join(folder, 'inventory.yml');
  await writeFile(inventory, inventoryText(pairs));
  const adminPort = await freePort();
  const listeners: (() => void)[] = [];
  let child: ChildProcess | null = null;
  let starting: Promise<void> | null = null;

  const tell = () => {
    for (const listener of listeners) listener();
  };
  const ask = (path: string) =>
    fetch(`http://127.0.0.1:${adminPort}${path}`, { signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => null);

  function launch(): ChildProcess {
    const started = spawn(process.execPath, ['--enable-source-maps', MAIN], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        SLACK_BOT_TOKEN: slack.botToken,
        SLACK_APP_TOKEN: slack.appToken,
        SLACK_API_URL: slack.apiUrl,
        ADMIN_PORT: String(adminPort),
        STATE_FILE: join(folder, 'state.db'),
        INVENTORY_FILE: inventory,
        ALLOWED_HOSTS: '127.0.0.1',
        REQUESTERS: ANA,
        APPROVERS: BEN,
        DEFAULT_CUTOVER: cutover,
        HOOK_URL: hook.url,
        HOOK_SECRET: hook.secret,
        QUIET_SECONDS: '3',
        SYNCS_PER_HOST: '3',
        LOG_LEVEL: 'warn',
        ...settings,
      },
    });
    started.once('exit', () => {
      if (child === started) child = null;
      tell();
    });
    return started;
  }

  async function begin(): Promise<void> {
    const started = launch();
    child = started;
    const isReady = async () => {
      if (child !== started) throw new Error('The bot ended by itself while it started.');
      return (await ask('/readyz'))?.ok === true;
    };
    await until(isReady, { within: START_MS, every: 50, what: 'the bot to connect' });
    tell();
  }

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const ending = child;
    if (ending === null) return;
    const gone = new Promise<void>((resolve) => ending.once('exit', () => resolve()));
    ending.kill(signal);
    await gone;
  }

  return {
    get running() {
      return child !== null;
    },
    async start() {
      if (child !== null && starting === null) return;
      starting ??= begin().finally(() => {
        starting = null;
      });
      await starting;
    },
    kill: () => end('SIGKILL'),
    async migrations() {
      const answer = child === null ? null : await ask('/migrations');
      const body: unknown = answer?.ok === true ? await answer.json().catch(() => null) : null;
      return (body as { readonly migrations: readonly Migration[] } | null)?.migrations ?? null;
    },
    onChange: (listener) => void listeners.push(listener),
    close: () => end('SIGTERM'),
  };
}

/** So that the command is short however many servers there are. */
function inventoryText(pairs: readonly Pair[]): string {
  const group = (name: string, side: 'old' | 'new') =>
    [`  ${name}:`, ...pairs.map((pair) => `    - url: redis://${addressIn(pair, side)}`)].join('\n');
  return `groups:\n${group(OLD_GROUP, 'old')}\n${group(NEW_GROUP, 'new')}\n`;
}
