/** Debian's Chromium, driven by playwright-core. Where there is none, the tests are skipped and say so loudly. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { ARGUMENTS, PLACES } from '../../../scripts/lib/chromium.mjs';

export const CHROMIUM = PLACES.find((path) => existsSync(path)) ?? null;

if (CHROMIUM === null) {
  process.stderr.write(
    '\n!!! No Chromium: THE BROWSER TESTS OF THE PAGE ARE SKIPPED. Install it: apt-get install chromium\n\n',
  );
}

export function launch(): Promise<Browser> {
  if (CHROMIUM === null) throw new Error('There is no Chromium on this machine.');
  return chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}

export interface Watched {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors on the console and requests that left the page's own server. Nobody wants any. */
  readonly complaints: string[];
}

export async function open(
  browser: Browser,
  url: string,
  options: { readonly theme?: 'light' | 'dark'; readonly width?: number; readonly height?: number } = {},
): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
    colorScheme: options.theme ?? 'light',
    reducedMotion: 'reduce',
    locale: 'en-US',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(8_000);
  const complaints: string[] = [];
  page.on('console', (line) => {
    if (line.type() === 'error' || line.type() === 'warning') complaints.push(line.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(url).origin) && !request.url().startsWith('data:'))
      complaints.push(`Left the machine: ${request.url()}`);
  });
  await page.goto(url);
  await page.locator('.page').waitFor();
  return { context, page, complaints };
}

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What axe-core finds serious or critical, a line each. */
export async function axe(page: Page): Promise<readonly string[]> {
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  // By the debugger's door, which the page's own policy does not close.
  await page.evaluate(source);
  const found = await page.evaluate<readonly Finding[]>(
    "axe.run({ resultTypes: ['violations'] }).then((result) => result.violations)",
  );
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map((node) => `${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`).join(' | ')}`,
    );
}
