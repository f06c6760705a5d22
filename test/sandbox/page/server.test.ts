/** The page's server: what it shows, what it lets people do, and whom it lets in. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WorldAct, WorldSource } from '../../../src/sandbox/page/acts.ts';
import { type PageServer, startPageServer } from '../../../src/sandbox/page/server.ts';
import type { Act, Acted, World } from '../../../src/sandbox/page/state.ts';
import { until } from '../../../src/sandbox/redis/wait.ts';
import { ANA, BEN, EVE, MIGRATIONS, type SandboxSlack, startSandboxSlack } from '../../../src/sandbox/slack/index.ts';
import { type Bot, button, form, section, startBot } from '../slack/bolt-bot.ts';
import { type Listener, listenTo } from './listen.ts';

const QUIET_WORLD: World = { botRunning: true, deploymentsFrozen: false, servers: [], application: [], verified: null };

let slack: SandboxSlack;
let page: PageServer;
let folder: string;
let done: WorldAct[];
let world: World;
let tellWorld: () => void;
const listeners: Listener[] = [];
let bot: Bot | null = null;

beforeEach(async () => {
  slack = await startSandboxSlack();
  folder = await mkdtemp(join(tmpdir(), 'redis-migrate-page-'));
  done = [];
  world = QUIET_WORLD;
  tellWorld = () => {};
  const source: WorldSource = {
    state: () => world,
    onChange(listener) {
      tellWorld = listener;
      return () => {};
    },
    async act(act) {
      if (act.kind === 'kill_server') throw new Error('old-1 is down already.');
      done.push(act);
    },
  };
  const roles = new Map([
    [ANA, 'requester'],
    [BEN, 'approver'],
  ]);
  page = await startPageServer({ slack, world: source, folder, team: 'Orders', roles });
});

afterEach(async () => {
  for (const listener of listeners.splice(0)) listener.close();
  await bot?.stop();
  bot = null;
  await page.close();
  await slack.close();
  await rm(folder, { recursive: true, force: true });
});

async function listen(): Promise<Listener> {
  const listener = await listenTo(page.url);
  listeners.push(listener);
  return listener;
}

async function perform(what: Act): Promise<Acted> {
  const answer = await post(JSON.stringify(what));
  expect(answer.status).toBe(200);
  return answer.acted;
}

async function post(body: string, headers: Record<string, string> = {}): Promise<{ status: number; acted: Acted }> {
  const response = await fetch(`${page.url}act`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
  return { status: response.status, acted: (await response.json()) as Acted };
}

/** fetch doesn't let anybody choose the Host. */
function statusFor(path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: page.port, path, headers }, (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    })
      .on('error', reject)
      .end();
  });
}

const say = (text: string): Act => ({ kind: 'say', user: ANA, channel: MIGRATIONS, text, threadTs: null });

describe('what the page is shown', () => {
  test('people with their roles, channels, messages with replies and broadcasts, oldest first', async () => {
    const first = slack.say({ user: ANA, channel: MIGRATIONS, text: 'first' });
    slack.say({ user: BEN, channel: MIGRATIONS, text: 'second' });
    slack.say({ user: EVE, channel: MIGRATIONS, text: 'reply', threadTs: first.ts });
    const state = (await listen()).newest();
    expect(state).toMatchObject({
      team: 'Orders',
      world: QUIET_WORLD,
      channels: [{ id: MIGRATIONS, name: 'migrations' }],
    });
    expect(state.people.map((person) => `${person.name}: ${person.role}`)).toEqual([
      'redis-migrate: bot',
      'Ana: requester',
      'Ben: approver',
      'Eve: nobody',
    ]);
    expect(state.messages.map(({ text, threadTs }) => ({ text, threadTs }))).toEqual([
      { text: 'first', threadTs: null },
      { text: 'second', threadTs: null },
      { text: 'reply', threadTs: first.ts },
    ]);
  });

  test('no token', async () => {
    const said = JSON.stringify((await listen()).newest());
    for (const token of [slack.botToken, slack.appToken, slack.signingSecret]) expect(said).not.toContain(token);
  });

  test('a burst of changes comes as few states, and the last one has all of it', async () => {
    const listener = await listen();
    for (let count = 0; count < 200; count += 1) slack.say({ user: ANA, channel: MIGRATIONS, text: `line ${count}` });
    await until(() => listener.newest().messages.length === 200, { what: 'all messages' });
    expect(listener.states.length).toBeLessThan(6);
    const versions = listener.states.map((state) => state.version);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(new Set(versions).size).toBe(versions.length);
  });

  test('what changes outside Slack comes too, and who opens the page late sees it at once', async () => {
    const early = await listen();
    world = { ...QUIET_WORLD, botRunning: false };
    tellWorld();
    await until(() => !early.newest().world.botRunning, { what: 'the bot to be seen down' });
    expect((await listen()).newest().world.botRunning).toBe(false);
  });
});

describe('what people do', () => {
  test('they write, in the channel and in a thread', async () => {
    const listener = await listen();
    expect(await perform(say('hello'))).toEqual({ ok: true, trouble: null });
    const { ts } = slack.messages(MIGRATIONS)[0]!;
    await perform({ kind: 'say', user: BEN, channel: MIGRATIONS, text: 'hello Ana', threadTs: ts });
    await until(() => listener.newest().messages.some((one) => one.threadTs === ts && one.user === BEN), {
      what: 'the reply',
    });
  });

  test('a command without a bot, one that is not known, and a person who is not there are told as sentences', async () => {
    const command = (user: string, text: string) => perform({ kind: 'command', user, channel: MIGRATIONS, text });
    expect(await command(ANA, '/redis-migrate list')).toEqual({ ok: false, trouble: 'The app is not connected.' });
    expect((await command(ANA, '/remind me')).trouble).toMatch(/^\/remind is not a valid command/);
    expect((await command('U0NOBODY', 'list')).trouble).toBe('There is no user U0NOBODY in the sandbox.');
  });

  test('a command with its answer, a button of it, a form with an error, sent and closed', async () => {
    const typed: string[] = [];
    bot = await startBot(slack, 'socket', (app) => {
      app.command('/redis-migrate', async ({ ack, respond, body }) => {
        typed.push(body.text);
        await ack();
        const actions = { type: 'actions' as const, block_id: 'row', elements: [button('open', 'Open', 'x')] };
        await respond({ text: 'only you', blocks: [section('only you'), actions] });
      });
      app.action('open', async ({ ack, client, body }) => {
        await ack();
        await client.views.open({ trigger_id: (body as { trigger_id: string }).trigger_id, view: form('Name it') });
      });
      app.view('form', async ({ ack, view }) => {
        const value = view.state.values['name']?.['name']?.value;
        if (value === 'wrong') await ack({ response_action: 'errors', errors: { name: 'Another one, please.' } });
        else await ack();
      });
    });
    const listener = await listen();
    expect(
      await perform({ kind: 'command', user: EVE, channel: MIGRATIONS, text: '/redis-migrate  list all' }),
    ).toEqual({
      ok: true,
      trouble: null,
    });
    await until(() => listener.newest().ephemerals.length === 1, { what: 'the answer' });
    expect(typed).toEqual(['list all']);
    const [answer] = listener.newest().ephemerals;
    expect(answer).toMatchObject({ user: EVE, channel: MIGRATIONS, text: 'only you' });

    const where = { channel: MIGRATIONS, ts: answer!.id };
    const click = { kind: 'click', at: where, actionId: 'open', blockId: 'row', choose: null, values: {} } as const;
    expect((await perform({ ...click, user: ANA })).trouble).toMatch(/Ana sees no message/);
    expect(await perform({ ...click, user: EVE })).toEqual({ ok: true, trouble: null });
    await until(() => listener.newest().views.length === 1, { what: 'the form' });
    const { id, user, view } = listener.newest().views[0]!;
    expect({ user, title: view['title'] }).toEqual({
      user: EVE,
      title: { type: 'plain_text', text: 'Name it', emoji: true },
    });
    expect(JSON.stringify(view)).not.toContain('m-7k3q');

    const submit = (name: string) => perform({ kind: 'submit', user: EVE, viewId: id, values: { name: { name } } });
    expect((await submit('')).trouble).toMatch(/Field "name" is required/);
    const seven = JSON.stringify({ kind: 'submit', user: EVE, viewId: id, values: { name: { name: 7 } } });
    expect((await post(seven)).status).toBe(400);
    expect(await submit('wrong')).toEqual({ ok: true, trouble: null });
    await until(() => listener.newest().views[0]?.errors['name'] === 'Another one, please.', { what: 'the error' });
    expect(await perform({ kind: 'close_view', user: EVE, viewId: id })).toEqual({ ok: true, trouble: null });
    await until(() => listener.newest().views.length === 0, { what: 'the end of the form' });
    expect(await perform({ kind: 'open_home', user: EVE })).toEqual({ ok: true, trouble: null });
  });

  test('trouble goes to the world, and what it can not do comes back as a sentence', async () => {
    expect(await perform({ kind: 'flood_writes' })).toEqual({ ok: true, trouble: null });
    expect(await perform({ kind: 'cut_link', server: 'new-1' })).toEqual({ ok: true, trouble: null });
    expect(done).toEqual([{ kind: 'flood_writes' }, { kind: 'cut_link', server: 'new-1' }]);
    const killed = await perform({ kind: 'kill_server', server: 'old-1' });
    expect(killed).toEqual({ ok: false, trouble: 'old-1 is down already.' });
  });

  test.each(['', 'null', '{}', '[]', '{"kind":"fly"}', '{"kind":"say","user":1}', '{"kind":"cut_link"}', '{'])(
    'nonsense is refused: %s',
    async (body) => {
      expect((await post(body)).status).toBe(400);
    },
  );

  test('64 kB are enough for anybody, whether the length is told or not', async () => {
    const long = JSON.stringify(say('x'.repeat(70_000)));
    expect((await post(long)).status).toBe(413);
    const endless = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from(long));
        controller.close();
      },
    });
    const response = await fetch(`${page.url}act`, {
      method: 'POST',
      body: endless,
      headers: { 'content-type': 'application/json' },
      duplex: 'half',
    });
    expect(response.status).toBe(413);
    expect(slack.messages(MIGRATIONS)).toEqual([]);
  });
});

describe('who gets in', () => {
  test('the page itself, by either name of this machine', async () => {
    const origin = page.url.slice(0, -1);
    expect((await post(JSON.stringify(say('1')), { origin, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    expect(await statusFor('/', { host: `localhost:${page.port}` })).toBe(200);
  });

  test.each([
    ['another web page', { origin: 'https://example.com' }],
    ['another page on this machine', { origin: 'http://127.0.0.1:1' }],
    ['a page without a name', { origin: 'null' }],
    ['a page of the same site', { 'sec-fetch-site': 'same-site' }],
  ])('not %s', async (_, headers) => {
    const { status, acted } = await post(JSON.stringify(say('intruder')), headers);
    expect({ status, ok: acted.ok }).toEqual({ status: 403, ok: false });
    expect(slack.messages(MIGRATIONS)).toEqual([]);
  });

  test('not a form of another page, which sends text', async () => {
    expect((await post(JSON.stringify(say('intruder')), { 'content-type': 'text/plain' })).status).toBe(415);
  });

  test('not a name that somebody pointed at this machine', async () => {
    expect(await statusFor('/events', { host: 'rebound.example.com' })).toBe(403);
    expect(await statusFor('/', { host: '127.0.0.1.example.com' })).toBe(403);
  });

  test('nothing but GET for what is read and POST for what is done', async () => {
    expect((await fetch(`${page.url}act`)).status).toBe(405);
    expect((await fetch(page.url, { method: 'DELETE' })).status).toBe(405);
  });
});

describe('the files of the page', () => {
  test('come as what they are, and a fresh build shows at the next look', async () => {
    expect(await (await fetch(page.url)).text()).toContain('was not built');
    await writeFile(join(folder, 'index.html'), '<p>built</p>');
    await writeFile(join(folder, 'page.js'), '1;');
    const index = await fetch(page.url);
    expect(await index.text()).toBe('<p>built</p>');
    expect(index.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(index.headers.get('content-security-policy')).toContain("default-src 'self'");
    const script = await fetch(`${page.url}page.js`);
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  });

  test('come from their folder only', async () => {
    await writeFile(join(folder, '..', 'redis-migrate-outside.txt'), 'outside');
    for (const path of [
      '/../redis-migrate-outside.txt',
      '/%2e%2e/redis-migrate-outside.txt',
      '/..%2fredis-migrate-outside.txt',
      '/%',
      '/%00',
      '/no-such.js',
    ])
      expect(await statusFor(path, { host: `127.0.0.1:${page.port}` }), path).toBe(404);
    await rm(join(folder, '..', 'redis-migrate-outside.txt'));
  });
});
