/**
 * The page on the real sandbox with a real Bolt app behind it, in a real browser; only the world outside Slack is still.
 * Anew for each test, the browser once a file. What the page complains of fails the test.
 */
import { fileURLToPath } from 'node:url';
import type { App } from '@slack/bolt';
import { WebClient } from '@slack/web-api';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { buildPage } from '../../../scripts/build-page.mjs';
import { type PageServer, startPageServer } from '../../../src/sandbox/page/server.ts';
import type { World } from '../../../src/sandbox/page/state.ts';
import { ANA, BEN, type SandboxSlack, startSandboxSlack } from '../../../src/sandbox/slack/index.ts';
import { type Bot, quiet, startBot } from '../../sandbox/slack/bolt-bot.ts';
import { launch, open, type Watched } from './browser.ts';

const FOLDER = fileURLToPath(new URL('../../../dist-sandbox/page', import.meta.url));
const STILL: World = { botRunning: true, deploymentsFrozen: false, servers: [], application: [], verified: null };
const ROLES = new Map([
  [ANA, 'requester'],
  [BEN, 'approver'],
]);

export type Body = Readonly<Record<string, unknown>>;

export function useRealStage() {
  let browser: Browser;
  let slack: SandboxSlack;
  let server: PageServer;
  let bot: Bot | null;
  let opened: Watched[];
  let heard: Body[];

  beforeAll(async () => {
    await buildPage();
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
  });
  beforeEach(async () => {
    [bot, opened, heard] = [null, [], []];
    slack = await startSandboxSlack();
    const world = { state: () => STILL, onChange: () => () => {}, act: async () => {} };
    server = await startPageServer({ slack, world, folder: FOLDER, team: 'Demo', roles: ROLES });
  });
  afterEach(async () => {
    const complaints = opened.flatMap((one) => one.complaints);
    await Promise.all(opened.map((one) => one.context.close()));
    await bot?.stop();
    await server.close();
    await slack.close();
    expect(complaints).toEqual([]);
  });

  return {
    get slack() {
      return slack;
    },
    get web() {
      return new WebClient(slack.botToken, { slackApiUrl: slack.apiUrl, logger: quiet, retryConfig: { retries: 0 } });
    },
    get url() {
      return server.url;
    },
    /** Whatever `listeners` leave, it acknowledges; unless it is told to leave that too. */
    async bot(listeners: (app: App) => void = () => {}, leaves = false): Promise<Bot> {
      bot = await startBot(slack, 'socket', (app) => {
        app.use(async ({ body, next }) => {
          heard.push(body as unknown as Body);
          await next();
        });
        listeners(app);
        if (leaves) return;
        app.action(/.*/, async ({ ack }) => ack());
        app.view(/.*/, async ({ ack }) => ack());
        app.command(/.*/, async ({ ack }) => ack());
      });
      return bot;
    },
    /** The last request of this type that the bot got, waited for. */
    heard: (type: string) => expect.poll(() => heard.findLast((body) => body['type'] === type), { timeout: 5_000 }),
    bodies: (type: string) => heard.filter((body) => body['type'] === type),
    async show(where = '', options: Parameters<typeof open>[2] = {}): Promise<Page> {
      const one = await open(browser, server.url + where, options);
      opened.push(one);
      return one.page;
    },
    forgive: () => {
      for (const one of opened) one.complaints.splice(0);
    },
  };
}
