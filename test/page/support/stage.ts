/**
 * A browser and a server that the test plays, anew for each test; the browser once a file. Whatever the page complains of
 * on its console, or asks for elsewhere, fails the test.
 */
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { buildPage } from '../../../scripts/build-page.mjs';
import type { Act, DemoState } from '../../../src/sandbox/page/state.ts';
import { launch, open, type Watched } from './browser.ts';
import { FixtureServer } from './fixture-server.ts';
import { EMPTY } from './workspace.ts';

export function useStage() {
  let browser: Browser;
  let server: FixtureServer;
  let url: string;
  let opened: Watched | null = null;

  beforeAll(async () => {
    await buildPage();
    browser = await launch();
  });
  afterAll(() => browser?.close());

  beforeEach(async () => {
    server = new FixtureServer(EMPTY);
    url = await server.listen();
  });
  afterEach(async () => {
    const complaints = opened?.complaints ?? [];
    await opened?.context.close();
    opened = null;
    await server.close();
    expect(complaints).toEqual([]);
  });

  return {
    get server() {
      return server;
    },
    async show(state: DemoState = EMPTY, where = ''): Promise<Page> {
      server.set(state);
      opened = await open(browser, url + where);
      return opened.page;
    },
    /** The last act of this kind that the page sent, waited for. */
    sent: (kind: Act['kind']) =>
      expect.poll(() => server.acts.findLast((act) => act.kind === kind), { timeout: 5_000 }),
    /** Chromium itself writes down when a stream is cut or refused. */
    forgive: () => void opened?.complaints.splice(0),
  };
}

/** Where one writes to everybody. */
export function field(page: Page): Locator {
  return page.getByRole('textbox', { name: 'Message #migrations' });
}

/** The live message of the migration. */
export function bot(page: Page): Locator {
  return page.locator('[data-message]').filter({ hasText: 'orders · ' });
}

export function focused(what: Locator): Promise<boolean> {
  return what.evaluate((one) => one === one.ownerDocument.activeElement);
}

export function holdsFocus(what: Locator): Promise<boolean> {
  return what.evaluate((one) => one.contains(one.ownerDocument.activeElement));
}
