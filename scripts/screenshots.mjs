#!/usr/bin/env node
/**
 * The pictures of the README: starts the demo, plays Ana, Ben and Eve at its page in a real Chromium, and keeps what
 * they see in docs/pictures. Takes two minutes; needs /usr/bin/chromium, and Lato (fonts-lato) for Slack's look. With a
 * folder as argument the pictures go there.
 */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';
import { codeOfSignal, Interrupted, passSignalsOn, start } from './lib/processes.mjs';
import { root } from './lib/setup.mjs';

const folder = resolve(process.argv[2] ?? join(root, 'docs/pictures'));
const FLEET = ['--shards', '6', '--keys', '200000', '--traffic', '1500'];
const CHROMIUM = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const LONG = { timeout: 60_000 };
const say = (line) => process.stdout.write(`  ${line}\n`);

/** The demo and its page's address, which stands alone on its line. */
function startDemo() {
  const demo = start(process.execPath, [join(root, 'scripts/demo.mjs'), ...FLEET], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  const url = new Promise((found, failed) => {
    demo.child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      const line = /^http:\/\/127\.0\.0\.1:\d+\/$/m.exec(output)?.[0];
      if (line !== undefined) found(line);
    });
    demo.done.then(({ code }) => failed(new Error(`The demo ended with code ${code}.\n${output}`)), failed);
  });
  return { demo, url };
}

class Photographer {
  #browser;
  #url;
  #pages = new Map();

  constructor(browser, url) {
    this.#browser = browser;
    this.#url = url;
  }

  /** A window in the light or in the dark, kept open so that the figures of the last minute are in it. */
  async window(theme) {
    const known = this.#pages.get(theme);
    if (known !== undefined) return known;
    const context = await this.#browser.newContext({
      viewport: { width: 1440, height: 1000 },
      colorScheme: theme,
      reducedMotion: 'reduce',
      locale: 'en-US',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    await page.goto(this.#url);
    await page.locator('.page').waitFor();
    this.#pages.set(theme, page);
    return page;
  }

  /** `top`: from the migration's headline on; otherwise the newest messages. */
  async take(name, { theme = 'light', top = false } = {}) {
    const page = await this.window(theme);
    const latest = page.getByRole('button', { name: 'Latest messages' });
    if (await latest.isVisible()) await latest.click();
    if (top)
      await page
        .locator('[data-message]:has(.actions, table)')
        .first()
        .evaluate((one) => one.scrollIntoView());
    await page.locator('.world-scroll').evaluateAll((all) => all.forEach((one) => one.scrollTo({ top: 0 })));
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(folder, `${name}.png`) });
    say(`${name}.png`);
  }
}

const become = (page, name) => page.getByRole('radio', { name: new RegExp(name) }).check({ force: true });
const status = (page) => page.locator('[data-message]').filter({ hasText: 'orders · ' }).last();

async function press(page, name) {
  await status(page).getByRole('button', { name, exact: true }).click(LONG);
  await page.getByRole('alertdialog').getByRole('button', { name, exact: true }).click();
  await page.getByRole('alertdialog').waitFor({ state: 'detached' });
}

/** Three pictures on the way, well apart. */
async function followSync(page, camera) {
  let last = -1;
  let taken = 0;
  const until = performance.now() + LONG.timeout;
  while (taken < 3 && performance.now() < until) {
    const text = (await status(page).textContent()) ?? '';
    if (!text.includes('· syncing')) {
      if (taken > 0 || text.includes('· streaming')) return;
    }
    const done = Number(/(\d+) % done/.exec(text)?.[1] ?? -1);
    if (done > 0 && done < 100 && done - last >= 18) {
      taken += 1;
      last = done;
      await camera.take(`syncing-${taken}`);
      if (taken === 2) await camera.take('syncing-dark', { theme: 'dark' });
    }
    await page.waitForTimeout(100);
  }
}

async function tellTheStory(camera) {
  const page = await camera.window('light');
  const write = page.getByRole('textbox', { name: 'Message #migrations' });
  await page.waitForTimeout(12_000);
  await camera.take('empty');
  await write.fill('/redis-migrate');
  await page.keyboard.press('Enter');
  const form = page.getByRole('dialog', { name: /Migrate/ });
  await form.getByText('From where to where').waitFor();
  await camera.take('form');
  await takeGroup(page, form, 0, 'orders-old');
  await takeGroup(page, form, 1, 'orders-new');
  await form.getByRole('button', { name: 'Next: the pairs' }).click();
  const pairs = page.getByRole('dialog', { name: 'Who goes where' });
  await pairs.waitFor();
  await camera.take('form-pairs');
  await pairs.getByRole('button', { name: 'Back' }).click();
  await form.getByRole('button', { name: 'Cancel' }).click();
  await form.waitFor({ state: 'detached' });
  await write.pressSequentially('/redis-migrate ');
  await camera.take('commands');
  await write.fill('');
  await page.getByRole('button', { name: 'Fill in the whole fleet' }).click();
  // Before the words are there, Enter would still be the button's.
  await page.getByRole('textbox', { name: 'Message #migrations' }).and(page.locator(':focus')).waitFor();
  await write.press('Enter');
  await status(page).getByRole('button', { name: 'Continue', exact: true }).waitFor(LONG);
  await camera.take('planned');

  await become(page, 'Eve');
  await press(page, 'Continue');
  await page.getByText('Only visible to you').waitFor();
  await camera.take('refusal');

  await become(page, 'Ben');
  await camera.window('dark');
  await press(page, 'Continue');
  for (let shard = 1; shard <= 6; shard++) await slow(page, shard);
  await followSync(page, camera);

  await status(page).getByRole('button', { name: 'Switch', exact: true }).click(LONG);
  await camera.take('question');
  await page.getByRole('alertdialog').getByRole('button', { name: 'Switch', exact: true }).click();
  await status(page).getByText('orders · switched').waitFor(LONG);
  // Its webhook has pointed the application at the new servers.
  await status(page).getByText('Way back open.').waitFor(LONG);
  await page.waitForTimeout(6_000);
  await camera.take('switched', { top: true });

  await press(page, 'Finish');
  await page.getByRole('region', { name: 'The count at the end' }).waitFor(LONG);
  await status(page).getByText('orders · finished').waitFor(LONG);
  await camera.take('finished', { top: true });
  const dark = await camera.window('dark');
  await dark
    .getByRole('button', { name: /repl(y|ies)/ })
    .last()
    .click();
  await dark.getByRole('region', { name: 'Thread' }).waitFor();
  await camera.take('thread-dark', { theme: 'dark' });
}

/** One of the inventory's groups, from the list that opens at a field. */
async function takeGroup(page, form, place, name) {
  await form.getByRole('combobox').nth(place).click();
  await page.getByRole('option', { name }).click();
}

async function slow(page, shard) {
  await page.getByRole('button', { name: `Make trouble for Shard ${shard}`, exact: true }).click();
  await page.getByRole('button', { name: `Slow the new server of Shard ${shard}`, exact: true }).click();
  await page.getByRole('button', { name: `Make trouble for Shard ${shard}`, exact: true }).click();
}

passSignalsOn();
const { demo, url } = startDemo();
try {
  await mkdir(folder, { recursive: true });
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: CHROMIUM });
  try {
    const camera = new Photographer(browser, await url);
    try {
      await tellTheStory(camera);
    } catch (error) {
      await camera.take('failed');
      throw error;
    }
  } finally {
    await browser.close();
  }
} catch (error) {
  if (!(error instanceof Interrupted)) say(error.stack ?? String(error));
  process.exitCode = error instanceof Interrupted ? codeOfSignal(error.signal) : 1;
} finally {
  demo.child.kill('SIGTERM');
  await demo.done;
}
