/** npm start and npm run demo, in a copy of the project with a small program in the place of the bot. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
let project = '';

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'redis-migrate-scripts-'));
  const names = [
    'package.json',
    'package-lock.json',
    'scripts',
    'tsconfig.json',
    'tsconfig.sandbox.json',
    'tsconfig.build.json',
  ];
  for (const name of names) cpSync(join(root, name), join(project, name), { recursive: true });
  // A folder of links, not a link to the folder: whatever happens here, the real packages stay. Written after the lock
  // file, so that nothing is installed.
  mkdirSync(join(project, 'node_modules'));
  for (const name of ['.bin', 'typescript', '@typescript', '@types', 'undici-types']) {
    symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name));
  }
  writeFileSync(join(project, 'node_modules/.package-lock.json'), '{}');
});

afterEach(() => {
  rmSync(project, { recursive: true, force: true });
});

function write(name: string, text: string): void {
  mkdirSync(join(project, name, '..'), { recursive: true });
  writeFileSync(join(project, name), text);
}

interface Running {
  readonly npm: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly output: () => string;
}

function npmRun(...args: string[]): Running {
  return runNpm(args, false);
}

/** `alone`: in a process group of its own, as a terminal would start it. */
function runNpm(args: readonly string[], alone: boolean): Running {
  const npm = spawn('npm', ['run', '--silent', ...args], {
    cwd: project,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: alone,
  });
  let output = '';
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => npm.once('close', (code) => resolve(code)));
  return { npm, ended, output: () => output };
}

async function until(what: string, condition: () => boolean, running: Running): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Never came: ${what}\n${running.output()}`);
    await sleep(20);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A bot that writes down each signal, starts a process of its own, and ends half a second after SIGTERM or SIGINT. */
const BOT = `
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
const helper = spawn('sleep', ['60'], { stdio: 'ignore' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {
  appendFileSync('signals', signal + '\\n');
  setTimeout(() => process.exit(0), 500);
});
setInterval(() => {}, 1000);
console.log('pids ' + process.pid + ' ' + helper.pid + ' ' + process.argv.slice(2).join(' ') + ' ' + process.env.COLOUR);
`;

function pidsOf(running: Running): number[] {
  return (/pids (\d+) (\d+)/.exec(running.output())?.slice(1) ?? []).map(Number);
}

describe('npm start', () => {
  test('gives the exit code of the bot back', async () => {
    write('dist/main.js', 'process.exit(2);');
    expect(await npmRun('start').ended).toBe(2);
  });

  test('reads .env', async () => {
    write('dist/main.js', 'console.log("colour " + process.env.COLOUR);');
    write('.env', 'COLOUR=green\n');
    const running = npmRun('start');
    await running.ended;
    expect(running.output()).toContain('colour green');
  });

  test('builds when dist/ is missing', async () => {
    write('src/main.ts', 'process.exitCode = 7;\n');
    const running = npmRun('start');
    expect(await running.ended).toBe(7);
    expect(running.output()).toContain('building');
  });

  test('says how to install when there are no packages', async () => {
    rmSync(join(project, 'node_modules'), { recursive: true });
    const running = npmRun('start');
    expect(await running.ended).toBe(1);
    expect(running.output()).toContain('Run: npm ci');
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'passes %s on once, waits for the bot, and leaves no process',
    async (signal) => {
      write('dist/main.js', BOT);
      const running = npmRun('start');
      await until('the bot', () => pidsOf(running).length === 2, running);
      running.npm.kill(signal);
      expect(await running.ended).toBe(0);
      expect(readFileSync(join(project, 'signals'), 'utf8')).toBe(`${signal}\n`);
      await until('the end of every process', () => !pidsOf(running).some(isAlive), running);
    },
  );

  test('passes SIGHUP on and goes on', async () => {
    const listen = "process.on('SIGHUP', () => { appendFileSync('signals', 'SIGHUP\\n'); console.log('again'); });\n";
    write('dist/main.js', `${BOT}${listen}console.log('script ' + process.ppid);\n`);
    const running = npmRun('start');
    await until('the bot', () => /script \d+/.test(running.output()), running);
    process.kill(Number(/script (\d+)/.exec(running.output())?.[1]), 'SIGHUP');
    await until('the signal', () => running.output().includes('again'), running);
    expect(pidsOf(running).every(isAlive)).toBe(true);
    running.npm.kill('SIGTERM');
    expect(await running.ended).toBe(0);
    expect(readFileSync(join(project, 'signals'), 'utf8')).toBe('SIGHUP\nSIGTERM\n');
  });

  test('hands on a Ctrl-C in the terminal, which reaches npm and the script, as one', async () => {
    write('dist/main.js', BOT);
    const inTerminal = runNpm(['start'], true);
    await until('the bot', () => pidsOf(inTerminal).length === 2, inTerminal);
    process.kill(-(inTerminal.npm.pid ?? 0), 'SIGINT');
    expect(await inTerminal.ended).toBe(0);
    expect(readFileSync(join(project, 'signals'), 'utf8')).toBe('SIGINT\n');
  });

  test('ends the bot when npm is killed', async () => {
    write('dist/main.js', BOT);
    const running = npmRun('start');
    await until('the bot', () => pidsOf(running).length === 2, running);
    running.npm.kill('SIGKILL');
    await until('the end of the bot', () => !pidsOf(running).some(isAlive), running);
    expect(readFileSync(join(project, 'signals'), 'utf8')).toBe('SIGTERM\n');
  });
});

describe('npm run demo', () => {
  test('compiles the sandbox, hands on the arguments, and a Ctrl-C that hits npm ends all of it', async () => {
    write('src/sandbox/demo.ts', `// @ts-nocheck\n${BOT}`);
    const running = npmRun('demo', '--', '--shards', '12');
    await until('the demo', () => pidsOf(running).length === 2, running);
    expect(running.output()).toContain('--shards 12');
    expect(existsSync(join(project, 'dist-sandbox/src/sandbox/demo.js'))).toBe(true);
    running.npm.kill('SIGINT');
    expect(await running.ended).toBe(0);
    await until('the end of every process', () => !pidsOf(running).some(isAlive), running);
  });

  test('says what does not compile', async () => {
    write('src/sandbox/demo.ts', "const n: number = 'text';\nconsole.log(n);\n");
    const running = npmRun('demo');
    expect(await running.ended).toBe(1);
    expect(running.output()).toContain("Type 'string' is not assignable to type 'number'");
  });
});
