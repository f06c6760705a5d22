/** Nothing that axe-core calls serious, on every surface of the page, in the light and in the dark. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPage } from '../../scripts/build-page.mjs';
import { axe, CHROMIUM, launch, open } from './support/browser.ts';
import { FixtureServer } from './support/fixture-server.ts';
import * as story from './support/stories.ts';
import { at, EMPTY, EVE } from './support/workspace.ts';

const THREAD = `#thread=${at(0)}`;
const SURFACES = [
  ['an empty workspace', EMPTY, ''],
  ['a switched migration with its thread', story.SWITCHED, THREAD],
  ['a finished one with the world outside', story.FINISHED, ''],
  ['a refusal', story.REFUSED, `#as=${EVE}`],
  ['the form', story.FORM, ''],
  ['the Home tab', story.HOME, '#in=home'],
  ['choices and files', story.CHOICES, ''],
] as const;

/** What tells that the surface is there. */
const SEEN: Readonly<Record<(typeof SURFACES)[number][0], string>> = {
  'an empty workspace': 'Ask for a migration',
  'a switched migration with its thread': '5 replies',
  'a finished one with the world outside': 'acknowledged writes are missing',
  'a refusal': 'Only visible to you',
  'the form': 'Migrate Redis servers',
  'the Home tab': 'Running (1)',
  'choices and files': 'Which way?',
};

describe.skipIf(CHROMIUM === null)('axe-core', () => {
  let browser: Browser;
  let server: FixtureServer;
  let url: string;
  beforeAll(async () => {
    await buildPage();
    browser = await launch();
    server = new FixtureServer(EMPTY);
    url = await server.listen();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  for (const theme of ['light', 'dark'] as const) {
    it(`finds nothing serious in the ${theme}`, async () => {
      const found: string[] = [];
      const { context, page } = await open(browser, url, { theme });
      for (const [what, state, where] of SURFACES) {
        await page.evaluate(`location.hash = ${JSON.stringify(where)}`);
        server.set(state);
        await page.getByText(SEEN[what]).first().waitFor();
        for (const line of await axe(page)) found.push(`${what}: ${line}`);
      }
      await context.close();
      expect(found).toEqual([]);
    }, 120_000);
  }
});
