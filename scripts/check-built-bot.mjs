#!/usr/bin/env node
/**
 * Starts the built bot under the Node of the image (24; the checks themselves run on an older one) and looks at what a
 * person sees first: how it refuses an empty configuration, and that it starts and stops. A new look is a new entry in
 * `looks`. Exit code 1 when one of them is not as it should be.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentFor, startBot } from './lib/bot.mjs';
import { seeItDraw } from './lib/draw.mjs';
import { startFakeSlack } from './lib/fake-slack.mjs';
import { codeOfSignal, Interrupted, passSignalsOn } from './lib/processes.mjs';
import { exists, findNode24, root } from './lib/setup.mjs';

const main = join(root, 'dist/main.js');
const args = ['--enable-source-maps', main];

function expect(ok, what, bot) {
  if (!ok) throw new Error(`${what}\n${bot.output()}`);
}

async function refusesEmptyConfiguration(node, folder) {
  const bot = startBot(node, args, { cwd: folder, env: {} });
  const { code } = await bot.end;
  expect(code === 2, `Without configuration the bot has to end with code 2, not ${String(code)}.`, bot);
  for (const word of ['SLACK_BOT_TOKEN', 'ALLOWED_HOSTS', 'npm run demo']) {
    expect(bot.output().includes(word), `Without configuration the bot has to speak of ${word}.`, bot);
  }
}

async function startsAndStops(node, folder) {
  const slack = await startFakeSlack();
  const env = { ...(await environmentFor(slack.url)), STATE_FILE: join(folder, 'state.db') };
  const bot = startBot(node, args, { cwd: folder, env });
  try {
    await bot.ready(`http://127.0.0.1:${env.ADMIN_PORT}/livez`);
    await bot.ready(`http://127.0.0.1:${env.ADMIN_PORT}/readyz`);
    const { code } = await bot.stop();
    expect(code === 0, `After SIGTERM the bot has to end with code 0, not ${String(code)}.`, bot);
  } finally {
    bot.kill();
    await slack.close();
  }
}

const looks = [
  { name: 'refuses an empty configuration with sentences and code 2', look: refusesEmptyConfiguration },
  { name: 'starts, is alive and ready, and ends with code 0 after SIGTERM', look: startsAndStops },
  { name: 'draws a picture with the font that it ships', look: (node) => seeItDraw(node, join(root, 'dist')) },
];

async function check() {
  if (!(await exists(main))) throw new Error('dist/main.js is missing. Run: npm run build');
  const node = process.env.NODE24 ?? (await findNode24((line) => process.stderr.write(`${line}\n`)));
  for (const { name, look } of looks) {
    const folder = await mkdtemp(join(tmpdir(), 'redis-migrate-bot-'));
    try {
      await look(node, folder);
      process.stdout.write(`ok: ${name}\n`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

passSignalsOn();
try {
  await check();
} catch (error) {
  process.stderr.write(`${error.message.trimEnd()}\n`);
  process.exitCode = error instanceof Interrupted ? codeOfSignal(error.signal) : 1;
}
