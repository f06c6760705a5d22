/** The browser's windows, and pictures of what is in them, cut to the surface that they show. Owns the browser. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { ARGUMENTS } from '../chromium.mjs';

/** A form is shown whole, and nothing hovers over a message. */
const STYLE = '.dialog.form { max-height: none !important } .message-tools, .to-end { display: none !important }';
const SIZES = {
  desk: { width: 1180, height: 2300 },
  demo: { width: 1440, height: 1000 },
  tall: { width: 1180, height: 3400 },
  phone: { width: 390, height: 1500 },
};

export async function openCamera({ executablePath, url, folder, say }) {
  const browser = await chromium.launch({ executablePath, args: ARGUMENTS });
  const windows = new Map();

  async function window({ size = 'desk', theme = 'light' } = {}) {
    const key = `${size} ${theme}`;
    const known = windows.get(key);
    if (known !== undefined) return known;
    const context = await browser.newContext({
      viewport: SIZES[size],
      colorScheme: theme,
      reducedMotion: 'reduce',
      locale: 'en-US',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(url);
    await page.locator('.page').waitFor();
    await page.addStyleTag({ content: STYLE });
    windows.set(key, page);
    return page;
  }

  /** Shows what this person sees at a place: `channel` (also `home`), and a thread beside it. */
  async function show(place, which) {
    const page = await window(which);
    const { user, channel, thread, world = false } = place;
    const hash = new URLSearchParams({ as: user, in: channel, world: world ? 'yes' : 'no' });
    if (thread !== undefined) hash.set('thread', thread);
    await page.evaluate((wanted) => {
      location.hash = wanted;
    }, hash.toString());
    await page.mouse.move(0, 0);
    await page.waitForTimeout(400);
    return page;
  }

  async function keep(name, target) {
    const path = join(folder, `${name}.png`);
    // What grows or scrolls while it is taken would be cut.
    for (let tries = 0; tries < 5; tries++) {
      const before = await restingBox(target);
      await target.screenshot({ path });
      if (before === (await boxOf(target))) break;
    }
    await fewerColours(path);
    say(`${name}.png`);
  }

  /** From the top of one thing to the end of another, or to where a third begins. */
  async function keepBetween(name, page, from, within, until) {
    const path = join(folder, `${name}.png`);
    const [top, box] = [await page.locator(from).boundingBox(), await page.locator(within).boundingBox()];
    const end = until === undefined ? null : await page.locator(until).first().boundingBox();
    const y = Math.min(top.y, box.y);
    const clip = { x: box.x, y, width: box.width, height: (end?.y ?? box.y + box.height) - y };
    await page.screenshot({ path, clip });
    await fewerColours(path);
    say(`${name}.png`);
  }

  return { window, show, keep, keepBetween, close: () => browser.close() };
}

const boxOf = async (target) => ('boundingBox' in target ? JSON.stringify(await target.boundingBox()) : '');

async function restingBox(target) {
  if (!('boundingBox' in target)) return '';
  await target.scrollIntoViewIfNeeded();
  let before = '';
  for (let same = 0; same < 3; ) {
    const now = await boxOf(target);
    same = now === before ? same + 1 : 0;
    before = now;
    await sleep(100);
  }
  return before;
}

/** Where pngquant is installed, it makes a third of it; where not, the picture stays as it is. */
async function fewerColours(path) {
  await promisify(execFile)('pngquant', ['--force', '--skip-if-larger', '--ext', '.png', path]).catch(() => {});
}
