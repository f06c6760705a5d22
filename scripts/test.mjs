#!/usr/bin/env node
/**
 * `npm test`: everything that CI checks, from a fresh machine on. Installs packages, finds or fetches redis-server,
 * other Redis and Valkey servers and Node 24, then runs every check. The last line counts them: each step is one, each
 * test is one. With arguments (`npm test -- test/domain`) only vitest runs, with them.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureChromium } from './lib/chromium.mjs';
import { findOtherServers, linesOfMissing } from './lib/other-servers.mjs';
import { codeOfSignal, Interrupted, passSignalsOn, run } from './lib/processes.mjs';
import { findRedisServer } from './lib/redis-server.mjs';
import { ensurePackages, findNode24, root } from './lib/setup.mjs';
import { countTests, createSteps, lastLine } from './lib/steps.mjs';

const vitestArgs = process.argv.slice(2);
const everything = vitestArgs.length === 0;
const { step, counts, failures } = createSteps();
const say = (line) => process.stdout.write(`  ${line}\n`);
const found = { packages: false, redisServer: null, otherServers: null, node24: null };

async function check(command, args, env = {}) {
  if (!found.packages) throw new Error('Not run: the packages are missing.');
  const { code, output } = await run(command, args, { cwd: root, env: { ...process.env, ...env } });
  if (code !== 0) throw new Error(output);
}

function bin(name) {
  return join(root, 'node_modules/.bin', name);
}

async function build() {
  await rm(join(root, 'dist'), { recursive: true, force: true });
  await check(bin('tsc'), ['-p', 'tsconfig.build.json']);
}

async function runVitest() {
  if (!found.packages) throw new Error('Not run: the packages are missing.');
  if (found.redisServer === null) throw new Error('Not run: there is no redis-server.');
  const folder = await mkdtemp(join(tmpdir(), 'redis-migrate-test-'));
  const file = join(folder, 'report.json');
  try {
    const { code } = await run(
      bin('vitest'),
      ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...vitestArgs],
      {
        cwd: root,
        show: true,
        env: { ...process.env, REDIS_SERVER: found.redisServer, OTHER_SERVERS: JSON.stringify(found.otherServers) },
      },
    );
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text === null) throw new Error(`vitest ended with code ${code} and left no report.`);
    const tests = countTests(JSON.parse(text));
    // An error outside of any test, or no test at all.
    if (code !== 0 && tests.failed === 0) tests.failed = 1;
    return tests;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function onNode24(script) {
  if (found.node24 === null) throw new Error('Not run: there is no Node 24.');
  await check(process.execPath, [join(root, 'scripts', script)], { NODE24: found.node24 });
}

async function main() {
  passSignalsOn();
  const setUp = createSteps().step;
  const prepare = everything ? step : setUp;
  await prepare('packages', async () => {
    await ensurePackages(say);
    found.packages = true;
  });
  await prepare('redis-server', async () => {
    found.redisServer = await findRedisServer({ progress: say });
  });
  // Without them their tests are skipped, and counted so.
  await prepare('other servers', async () => {
    found.otherServers = await findOtherServers({ main: found.redisServer, progress: say });
    for (const line of linesOfMissing(found.otherServers)) say(line);
  });
  if (everything) {
    await step('Node 24', async () => {
      found.node24 = await findNode24(say);
    });
    // Without it the browser tests are skipped, and counted so.
    await step('Chromium', async () => void (await ensureChromium(say)));
    await step('lock file', () => check(process.execPath, [join(root, 'scripts/complete-lock.mjs'), '--check']));
    await step('format', () => check(bin('biome'), ['ci', '.']));
    await step('types', () => check(bin('tsc'), ['--noEmit']));
    await step('types of the page', () => check(bin('tsc'), ['--noEmit', '-p', 'src/sandbox/page/client']));
    await step('lint', () => check(bin('oxlint'), ['--type-aware', '--deny-warnings']));
    await step('unused code', () => check(bin('knip'), ['--no-progress']));
    await step('build', build);
  }
  await step('tests', runVitest);
  if (everything) {
    await step('the built bot on Node 24', () => onNode24('check-built-bot.mjs'));
    await step('image replay', () => onNode24('replay-image.mjs'));
  }
}

try {
  await main();
  if (failures.length > 0) process.stdout.write(`\nFailed: ${failures.join(', ')}.\n`);
  process.exitCode = counts.failed > 0 ? 1 : 0;
} catch (error) {
  if (!(error instanceof Interrupted)) throw error;
  process.stdout.write(`\n${error.message}\n`);
  counts.failed += 1;
  process.exitCode = codeOfSignal(error.signal);
}
process.stdout.write(`${lastLine(counts)}\n`);
