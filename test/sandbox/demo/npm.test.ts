/** `npm run demo` as a person starts and ends it. The folder for temporary files is the test's own: it has to be empty afterwards. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Act, Acted } from '../../../src/sandbox/page/state.ts';
import { until } from '../../../src/sandbox/redis/wait.ts';
import { ANA, BEN, MIGRATIONS } from '../../../src/sandbox/slack/index.ts';
import { type Listener, listenTo } from '../page/listen.ts';

const root = join(import.meta.dirname, '../../..');
const SMALL = ['--shards', '2', '--keys', '500', '--traffic', '100'];

let folder = '';
let npm: ChildProcess | null = null;
let output = '';
let listener: Listener | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'redis-migrate-npm-demo-'));
  output = '';
});

afterEach(() => {
  listener?.close();
  listener = null;
  npm?.kill('SIGKILL');
  npm = null;
  rmSync(folder, { recursive: true, force: true });
});

function start(...args: string[]): Promise<number | null> {
  const started = spawn('npm', ['run', '--silent', 'demo', '--', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: folder, NO_COLOR: undefined, FORCE_COLOR: '1' },
  });
  for (const stream of [started.stdout, started.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  npm = started;
  return new Promise((resolve) => started.once('close', (code) => resolve(code)));
}

/** Alone on its line, without colour. */
function url(): string | undefined {
  return /^(http:\/\/127\.0\.0\.1:\d+\/)$/m.exec(output)?.[1];
}

async function page(): Promise<string> {
  return until(url, { within: 60_000, what: 'the URL' }).catch(() => {
    throw new Error(`The URL never came.\n${output}`);
  });
}

/** Every process of this demo, by the folder in its arguments, environment or working directory; only Linux tells. */
function processes(): string[] {
  const pids = existsSync('/proc/self/environ') ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [];
  return pids.filter((pid) => {
    try {
      if (readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)) return true;
      return ['cmdline', 'environ'].some((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(folder));
    } catch {
      // It has ended, or it is somebody else's.
      return false;
    }
  });
}

async function expectNothingLeft(): Promise<void> {
  await until(() => processes().length === 0, { what: 'the end of every process' }).catch(() => {});
  expect(processes()).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
}

async function act(address: string, what: Act): Promise<Acted> {
  const headers = { 'content-type': 'application/json', origin: address.slice(0, -1) };
  const response = await fetch(`${address}act`, { method: 'POST', headers, body: JSON.stringify(what) });
  return (await response.json()) as Acted;
}

const BUTTON = { kind: 'click', choose: null, values: {} } as const;
const OK: Acted = { ok: true, trouble: null };

describe('npm run demo', () => {
  test('people play it at the page, the bot is killed in between, and a SIGTERM to npm ends all of it', {
    timeout: 180_000,
  }, async () => {
    const ended = start(...SMALL);
    const address = await page();
    expect(output).toContain('1. Open that page. As Ana, type: /redis-migrate start orders-old orders-new');
    listener = await listenTo(address);
    const newest = () => listener!.newest();
    expect(newest().world).toMatchObject({ botRunning: true, verified: null });
    expect(newest().world.servers.map((one) => one.id)).toEqual(['old-1', 'old-2', 'new-1', 'new-2']);

    const command = '/redis-migrate start orders-old orders-new --name orders';
    expect(await act(address, { kind: 'command', user: ANA, channel: MIGRATIONS, text: command })).toEqual(OK);
    const press = async (actionId: string) => {
      const shown = await until(
        () =>
          newest().messages.find((message) =>
            message.blocks.some((block) => JSON.stringify(block).includes(`"action_id":"${actionId}"`)),
          ),
        { within: 60_000, what: `the button ${actionId}` },
      );
      const block = shown.blocks.find((one) => JSON.stringify(one).includes(`"action_id":"${actionId}"`));
      const blockId = String(block?.['block_id']);
      expect(
        await act(address, { ...BUTTON, user: BEN, at: { channel: MIGRATIONS, ts: shown.ts }, actionId, blockId }),
      ).toEqual(OK);
    };
    await press('gate:continue');
    expect(await act(address, { kind: 'stop_bot' })).toEqual(OK);
    await until(() => !newest().world.botRunning, { what: 'the bot to be seen down' });
    expect(await act(address, { kind: 'start_bot' })).toEqual(OK);
    expect(await act(address, { kind: 'freeze_deployments' })).toEqual(OK);
    await press('gate:switch');
    const isRefused = (shown: string) => /was let go: .*deployments are frozen.*"gate:switch"/.test(shown);
    await until(() => newest().messages.some((one) => isRefused(JSON.stringify(one.blocks))), {
      within: 20_000,
      what: 'the refusal, and the button again',
    });
    expect(await act(address, { kind: 'allow_deployments' })).toEqual(OK);
    await press('gate:switch');
    await until(() => newest().world.application.every((one) => one.pointsAt === 'new'), {
      within: 20_000,
      what: 'the webhook to point the application at the new servers',
    });
    // By hand as well does no harm.
    expect(await act(address, { kind: 'point_application', shard: null })).toEqual(OK);
    await press('gate:finish');
    const verified = await until(() => newest().world.verified, {
      within: 20_000,
      what: 'the count of missing writes',
    });
    expect(verified.missing).toBe(0);
    expect(verified.acknowledged).toBeGreaterThan(500);
    await until(() => output.includes('0 missing'), { what: 'the same in the terminal' });

    // npm, its script, the demo, the bot, the guard and four servers.
    if (process.platform === 'linux') expect(processes().length).toBeGreaterThanOrEqual(9);
    npm?.kill('SIGTERM');
    await ended;
    await expectNothingLeft();
  });

  test('a Ctrl-C while it still starts leaves nothing either', { timeout: 90_000 }, async () => {
    const ended = start(...SMALL);
    await until(() => output.includes('A Redis fleet'), { within: 60_000, what: 'the first line' });
    npm?.kill('SIGINT');
    await ended;
    await expectNothingLeft();
    expect(url()).toBe(undefined);
  });

  test('--auto plays it alone with the page open, and ends with 0 because nothing is missing', {
    timeout: 180_000,
  }, async () => {
    const ended = start(...SMALL, '--auto');
    listener = await listenTo(await page());
    expect(await ended).toBe(0);
    expect(output).toMatch(/acknowledged, .*0 missing/);
    expect(listener.newest().world.verified).toMatchObject({ missing: 0 });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('--auto plays an overlap too, with the name typed, and nothing is missing', { timeout: 180_000 }, async () => {
    expect(await start(...SMALL, '--auto', '--cutover', 'overlap')).toBe(0);
    expect(output).toContain('Ben types the name');
    expect(output).toMatch(/acknowledged, .*0 missing/);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a wrong option is a sentence and 2', { timeout: 120_000 }, async () => {
    expect(await start('--shards', 'many')).toBe(2);
    expect(output.trim()).toBe('--shards has to be a number from 1 to 50, not “many”.');
  });
});
