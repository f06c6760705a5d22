/**
 * `npm run demo`: a whole migration on this machine, told in the terminal. Starts a Slack workspace of its own, a Redis
 * fleet with application traffic and the bot as a process of its own; plays Ana, who asks, and Ben, who approves; and
 * looks up every acknowledged write at the end. Owns all of it: whatever ends the demo, nothing stays behind.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { systemClock } from '../clock.ts';
import { hasEnded, type Phase } from '../domain/phase.ts';
import { countText } from '../domain/words.ts';
import { fill } from './redis/fill.ts';
import { startFleet } from './redis/fleet.ts';
import { freePort } from './redis/ports.ts';
import type { RedisServerHandle } from './redis/server.ts';
import { startTraffic, type Traffic } from './redis/traffic.ts';
import { until } from './redis/wait.ts';
import { ANA, BEN, MIGRATIONS, type SandboxSlack, startSandboxSlack } from './slack/index.ts';
import { type Look, paint, renderMessage, words } from './terminal.ts';

interface Options {
  readonly shards: number;
  readonly keys: number;
  readonly traffic: number;
}

const USAGE = `npm run demo -- [--shards N] [--keys N] [--traffic N]
  --shards   sources and destinations, default 3
  --keys     keys a shard, default 20000
  --traffic  writes a second a shard, default 200`;

function readOptions(args: readonly string[]): Options | string {
  const options = { shards: '3', keys: '20000', traffic: '200' };
  try {
    const shape = {
      shards: { type: 'string' },
      keys: { type: 'string' },
      traffic: { type: 'string' },
      help: { type: 'boolean' },
    } as const;
    const { values } = parseArgs({ args: [...args], options: shape, strict: true });
    if (values.help) return USAGE;
    Object.assign(options, values);
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\n${USAGE}`;
  }
  const limits = { shards: [1, 50], keys: [0, 1_000_000], traffic: [1, 20_000] } as const;
  for (const [name, [least, most]] of Object.entries(limits)) {
    const value = options[name as keyof typeof options];
    if (!/^\d+$/.test(value) || Number(value) < least || Number(value) > most) {
      return `--${name} has to be a number from ${least} to ${most}, not ${value}.\n${USAGE}`;
    }
  }
  return { shards: Number(options.shards), keys: Number(options.keys), traffic: Number(options.traffic) };
}

const look: Look = {
  names: new Map([
    [ANA, 'Ana'],
    [BEN, 'Ben'],
  ]),
  colours: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
};

function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

function stage(title: string): void {
  say(`\n${paint(`── ${title} `, '36', look)}${paint('─'.repeat(Math.max(4, 76 - title.length)), '36', look)}`);
}

function types(who: string, what: string): void {
  say(`\n${paint(who, '35', look)}  ${what}`);
}

/** Ends everything that was begun, last first, each once. */
class Cleanup {
  readonly #ends: (() => Promise<unknown>)[] = [];
  #running: Promise<void> | null = null;

  add(end: () => Promise<unknown>): void {
    this.#ends.push(end);
  }

  run(): Promise<void> {
    this.#running ??= this.#all();
    return this.#running;
  }

  async #all(): Promise<void> {
    for (const end of this.#ends.toReversed()) await end().catch((error: unknown) => say(String(error)));
  }
}

async function startBot(slack: SandboxSlack, folder: string, cleanup: Cleanup): Promise<number> {
  const adminPort = await freePort();
  const child: ChildProcess = spawn(
    process.execPath,
    ['--enable-source-maps', fileURLToPath(new URL('../main.js', import.meta.url))],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        SLACK_BOT_TOKEN: slack.botToken,
        SLACK_APP_TOKEN: slack.appToken,
        SLACK_API_URL: slack.apiUrl,
        ADMIN_PORT: String(adminPort),
        STATE_FILE: join(folder, 'state.db'),
        ALLOWED_HOSTS: '127.0.0.1',
        REQUESTERS: ANA,
        APPROVERS: BEN,
        QUIET_SECONDS: '3',
        LOG_LEVEL: 'warn',
      },
    },
  );
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  cleanup.add(() => {
    child.kill('SIGTERM');
    return gone;
  });
  await until(async () => (await fetch(`http://127.0.0.1:${adminPort}/readyz`).catch(() => null))?.ok, {
    within: 20_000,
    what: 'the bot to connect',
  });
  return adminPort;
}

interface Migration {
  readonly id: string;
  readonly phase: Phase;
  readonly messageTs: string | null;
  readonly waitingFor: string | null;
}

class Demo {
  readonly #slack: SandboxSlack;
  readonly #adminPort: number;
  #told = 0;

  constructor(slack: SandboxSlack, adminPort: number) {
    this.#slack = slack;
    this.#adminPort = adminPort;
  }

  async migration(): Promise<Migration | undefined> {
    const answer = await fetch(`http://127.0.0.1:${this.#adminPort}/migrations`);
    return ((await answer.json()) as { migrations: Migration[] }).migrations[0];
  }

  async command(text: string): Promise<void> {
    types('Ana types', `/redis-migrate ${text}`);
    const interaction = await this.#slack.command({ user: ANA, channel: MIGRATIONS, text });
    for (const answer of interaction.ephemerals)
      for (const line of renderMessage(answer, look)) say(`  (only Ana sees) ${line}`);
  }

  /** Waits for a gate's button, showing the way there, and presses it. */
  async press(gate: 'continue' | 'switch' | 'finish'): Promise<void> {
    const ts = await until(
      async () => {
        await this.tellThread();
        const messageTs = (await this.migration())?.messageTs;
        const message = messageTs ? this.#slack.message(MIGRATIONS, messageTs) : null;
        return message && this.#slack.buttons(message).some((one) => one.element['action_id'] === `gate:${gate}`)
          ? messageTs
          : null;
      },
      { within: 120_000, every: 200, what: `the button ${gate}` },
    );
    await this.tellThread();
    this.showStatus(ts ?? '');
    types('Ben presses', `[ ${gate} ]`);
    await this.#slack.click({ user: BEN, channel: MIGRATIONS, ts: ts ?? '', actionId: `gate:${gate}` });
  }

  showStatus(ts: string): void {
    const message = this.#slack.message(MIGRATIONS, ts);
    if (!message) return;
    say();
    for (const line of renderMessage(message, look)) say(`  ${paint('│', '36', look)} ${line}`);
  }

  /** The thread's new lines. */
  async tellThread(): Promise<void> {
    const messageTs = (await this.migration())?.messageTs;
    if (!messageTs) return;
    const replies = this.#slack.thread(MIGRATIONS, messageTs).filter((one) => one.ts !== messageTs);
    for (const reply of replies.slice(this.#told)) {
      for (const line of words(reply.text, look).split('\n')) say(`  ${paint('thread', '2', look)}  ${line}`);
    }
    this.#told = replies.length;
  }

  async phase(phase: Phase): Promise<Migration> {
    const reached = await until(
      async () => {
        await this.tellThread();
        const now = await this.migration();
        return now?.phase === phase ? now : null;
      },
      { within: 120_000, every: 200, what: `phase ${phase}` },
    );
    await this.tellThread();
    return reached;
  }
}

async function story(options: Options, cleanup: Cleanup): Promise<number> {
  const { shards, keys } = options;
  stage(
    `A Redis fleet: ${shards} old servers with ${countText(keys)} keys each, ${shards} new ones, and an application`,
  );
  const fleet = await startFleet();
  cleanup.add(() => fleet.close());
  const servers = await Promise.all(Array.from({ length: shards * 2 }, () => fleet.server()));
  const sources = servers.slice(0, shards);
  const destinations = servers.slice(shards);
  await Promise.all(sources.map((source, seed) => fill(source, { keys, seed })));
  const traffic = startTraffic({ shards: sources, ratePerSecond: options.traffic });
  cleanup.add(() => traffic.stop());
  const list = (some: readonly RedisServerHandle[]) => some.map((one) => `127.0.0.1:${one.port}`).join(' ');
  say(
    `  old  ${list(sources)}\n  new  ${list(destinations)}\n  the application writes about ${countText(options.traffic * shards)} times a second to the old ones`,
  );

  const slack = await startSandboxSlack();
  cleanup.add(() => slack.close());
  const folder = await mkdtemp(join(tmpdir(), 'redis-migrate-demo-'));
  cleanup.add(() => rm(folder, { recursive: true, force: true }));
  const demo = new Demo(slack, await startBot(slack, folder, cleanup));

  stage('Ana asks, the bot looks at every server and waits');
  await demo.command(`start --src ${list(sources)} --dst ${list(destinations)} --name orders`);
  await demo.press('continue');
  stage('Replication runs; the gate to switch opens when every shard is in step');
  await demo.press('switch');
  stage('The cut-over; the application learns of it a second later');
  const switched = await demo.phase('switched');
  demo.showStatus(switched.messageTs ?? '');
  await systemClock.sleep(1_000);
  for (const [index, destination] of destinations.entries()) traffic.pointAt(index, destination);
  say(`\n  ${paint('the application', '35', look)} now writes to the new servers`);
  await demo.press('finish');
  const finished = await demo.phase('finished');
  await until(() => /finished/.test(slack.message(MIGRATIONS, finished.messageTs ?? '')?.text ?? ''), {
    what: 'the last status',
  });
  await demo.tellThread();
  demo.showStatus(finished.messageTs ?? '');
  return lookUp(traffic, destinations, hasEnded(finished.phase));
}

async function lookUp(traffic: Traffic, destinations: readonly RedisServerHandle[], ended: boolean): Promise<number> {
  stage('Every acknowledged write is looked up on the new servers');
  const verified = await traffic.verify(destinations);
  say(
    `  ${countText(verified.acknowledged)} acknowledged, ${paint(`${countText(verified.missing)} missing`, verified.missing === 0 ? '1;32' : '1;31', look)}`,
  );
  for (const example of verified.examples) say(`  ${example}`);
  return verified.missing === 0 && ended ? 0 : 1;
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (typeof options === 'string') {
    say(options);
    return options === USAGE ? 0 : 2;
  }
  const cleanup = new Cleanup();
  const onSignal = (signal: NodeJS.Signals) => {
    say(`\n  ${signal}: puts everything away.`);
    void cleanup.run().then(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    return await story(options, cleanup);
  } finally {
    await cleanup.run();
  }
}

process.exitCode = await main();
