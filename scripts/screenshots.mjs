#!/usr/bin/env node
/**
 * The pictures of README.md and docs/slack.md: a small demo in which Ana, Ben and Eve play a story, and a real Chromium
 * that keeps what they see in docs/pictures. Takes some minutes. Needs Debian's chromium; with Lato and Noto's emoji
 * (apt-get install fonts-lato fonts-noto-color-emoji) it looks as Slack does. With a folder as argument the pictures go
 * there; behind it, which parts of the story are played, such as `forms end`.
 */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ensureChromium } from './lib/chromium.mjs';
import { ensureDemoIsBuilt } from './lib/demo-build.mjs';
import { openCamera } from './lib/pictures/camera.mjs';
import { startStage } from './lib/pictures/stage.mjs';
import { PARTS, takePictures } from './lib/pictures/story.mjs';
import { findRedisServer } from './lib/redis-server.mjs';
import { root } from './lib/setup.mjs';

const [wanted, ...parts] = process.argv.slice(2);
const folder = resolve(wanted ?? join(root, 'docs/pictures'));
const say = (line) => process.stdout.write(`  ${line}\n`);

async function run() {
  const executablePath = await ensureChromium(say);
  if (executablePath === null) return 1;
  process.env.REDIS_SERVER = await findRedisServer({ progress: say });
  await ensureDemoIsBuilt();
  await mkdir(folder, { recursive: true });
  const stage = await startStage();
  try {
    const camera = await openCamera({ executablePath, url: stage.url, folder, say });
    try {
      await takePictures(stage, camera, parts.length > 0 ? parts : PARTS);
    } finally {
      await camera.close();
    }
  } finally {
    await stage.close();
  }
  return 0;
}

const code = await run().catch((error) => {
  say(error.stack ?? String(error));
  return 1;
});
process.exit(code);
