import { WebClient } from '@slack/web-api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ANA, MIGRATIONS, type SandboxSlack, startSandboxSlack } from '../../../src/sandbox/slack/index.ts';
import { type Bot, quiet, startBot } from './bolt-bot.ts';

let slack: SandboxSlack;
let bot: Bot | null = null;

beforeEach(async () => {
  slack = await startSandboxSlack();
});

afterEach(async () => {
  await bot?.stop();
  bot = null;
  await slack.close();
  await slack.close();
});

function client(options: { retries?: number; rejectRateLimitedCalls?: boolean } = {}): WebClient {
  const { retries = 0, rejectRateLimitedCalls = true } = options;
  return new WebClient(slack.botToken, {
    slackApiUrl: slack.apiUrl,
    logger: quiet,
    retryConfig: { retries },
    rejectRateLimitedCalls,
  });
}

async function startEcho(): Promise<void> {
  bot = await startBot(
    slack,
    'socket',
    (app) => {
      app.command('/redis-migrate', async ({ ack, respond, command }) => {
        await ack();
        await respond(`heard ${command.text}`);
      });
    },
    1_000,
  );
}

test('a scripted 429 is what WebClient takes for one, with its Retry-After, and then it is over', async () => {
  slack.rateLimit({ method: 'chat.postMessage', times: 1, retryAfterSeconds: 7 });
  const post = () => client().chat.postMessage({ channel: MIGRATIONS, text: 'x' });
  await expect(post()).rejects.toMatchObject({ code: 'slack_webapi_rate_limited_error', retryAfter: 7 });
  await expect(post()).resolves.toMatchObject({ ok: true });
  expect(slack.apiCalls.map((call) => call.outcome)).toEqual(['ratelimited', 'ok']);
});

test('WebClient waits and repeats a limited call by itself', async () => {
  slack.rateLimit({ method: '*', times: 1, retryAfterSeconds: 1 });
  const answer = await client({ retries: 2, rejectRateLimitedCalls: false }).auth.test();
  expect(answer.ok).toBe(true);
  expect(slack.apiCalls).toHaveLength(2);
});

test('rates are counted, and enforced when asked', async () => {
  const strict = await startSandboxSlack({ enforceRates: true });
  const web = new WebClient(strict.botToken, {
    slackApiUrl: strict.apiUrl,
    logger: quiet,
    rejectRateLimitedCalls: true,
    retryConfig: { retries: 0 },
  });
  const { ts } = await web.chat.postMessage({ channel: MIGRATIONS, text: 'x' });
  const update = () => web.chat.update({ channel: MIGRATIONS, ts: ts ?? '', text: 'y' });
  for (let i = 0; i < 50; i += 1) await update();
  await expect(update()).rejects.toMatchObject({ code: 'slack_webapi_rate_limited_error' });
  expect(strict.rates()).toContainEqual({
    name: 'chat.update',
    total: 50,
    most: 50,
    over: 1,
    limit: 50,
    windowMs: 60_000,
  });
  for (let i = 0; i < 7; i += 1) await web.chat.postMessage({ channel: MIGRATIONS, text: 'x' });
  await expect(web.chat.postMessage({ channel: MIGRATIONS, text: 'x' })).rejects.toMatchObject({
    code: 'slack_webapi_rate_limited_error',
  });
  await strict.close();
});

test('a call whose answer is lost was carried out all the same', async () => {
  slack.fault('chat.postMessage', { kind: 'answer_lost' });
  await expect(client().chat.postMessage({ channel: MIGRATIONS, text: 'once' })).rejects.toThrow();
  expect(slack.messages(MIGRATIONS)).toMatchObject([{ text: 'once' }]);
  slack.fault('chat.postMessage', { kind: 'cut' });
  await expect(client().chat.postMessage({ channel: MIGRATIONS, text: 'never' })).rejects.toThrow();
  expect(slack.messages(MIGRATIONS)).toHaveLength(1);
});

test('scripted errors and statuses', async () => {
  slack.failNext({ method: 'chat.update', error: 'edit_window_closed' });
  await expect(client().chat.update({ channel: MIGRATIONS, ts: '1.0', text: 'x' })).rejects.toMatchObject({
    data: { error: 'edit_window_closed' },
  });
  slack.fault('auth.test', { kind: 'status', status: 503 });
  await expect(client().auth.test()).rejects.toMatchObject({ statusCode: 503 });
});

test('a slow Slack takes its time', async () => {
  slack.setLatency(120, 'auth.test');
  await client().auth.test();
  expect(slack.apiCalls[0]?.ms).toBeGreaterThanOrEqual(100);
});

test.each(['drop', 'close', 'refresh_requested', 'warning'] as const)(
  'the bot comes back after its connection ended by %s',
  async (how) => {
    await startEcho();
    expect(slack.connectedSockets).toBe(1);
    slack.disconnectSockets(how);
    await slack.waitFor(() => slack.connectedSockets === 0, { what: 'the connection to end' });
    await slack.waitFor(() => slack.connectedSockets === 1, { what: 'a new connection', timeoutMs: 10_000 });
    const run = await slack.command({ user: ANA, channel: MIGRATIONS, text: how });
    await run.ephemeral(`heard ${how}`);
  },
);

test('while connections are refused nobody hears a command, and the person is told', async () => {
  await startEcho();
  slack.disconnectSockets();
  slack.refuseSockets(true);
  await slack.waitFor(() => slack.connectedSockets === 0, { what: 'the connection to end' });
  const run = await slack.command({ user: ANA, channel: MIGRATIONS, text: 'x' });
  expect(run).toMatchObject({ ackMs: null, trouble: 'The app is not connected.' });
  slack.refuseSockets(false);
  await slack.waitFor(() => slack.connectedSockets === 1, { what: 'a new connection', timeoutMs: 15_000 });
}, 20_000);

test('a lost acknowledgement: the bot did its work, the person sees a failure', async () => {
  await startEcho();
  slack.loseAcks(1);
  const run = await slack.command({ user: ANA, channel: MIGRATIONS, text: 'x' });
  expect(run).toMatchObject({ ackMs: null, trouble: 'The app did not answer within 3 seconds.' });
  expect(run.ephemerals).toMatchObject([{ text: 'heard x' }]);
});

test('a bot with another signing secret hears nothing, and the person is told', async () => {
  const other = await startSandboxSlack({ signingSecret: 'something else' });
  bot = await startBot(slack, 'http', (app) => app.command('/redis-migrate', ({ ack }) => ack()));
  expect((await slack.command({ user: ANA, channel: MIGRATIONS })).trouble).toBeNull();
  other.setHttpTarget(bot.url);
  expect((await other.command({ user: ANA, channel: MIGRATIONS })).trouble).toBe('The app answered with HTTP 401.');
  await other.close();
});

test('an event that was not acknowledged is sent once more; a command never is', async () => {
  const heard: string[] = [];
  bot = await startBot(slack, 'socket', (app) => {
    app.use(async ({ body, context, next }) => {
      heard.push(`${String('command' in body ? body['command'] : body['type'])} ${context.retryNum ?? 0}`);
      await next();
    });
    app.event('app_home_opened', async () => {});
    app.command('/redis-migrate', ({ ack }) => ack());
  });
  slack.loseAcks(2);
  const [home, command] = await Promise.all([slack.openHome(ANA), slack.command({ user: ANA, channel: MIGRATIONS })]);
  expect([home.ackMs, command.ackMs]).toEqual([expect.any(Number), null]);
  expect(heard.toSorted()).toEqual(['/redis-migrate 0', 'event_callback 0', 'event_callback 1']);
});

test('a socket ticket works once', async () => {
  const app = new WebClient(slack.appToken, { slackApiUrl: slack.apiUrl, logger: quiet, retryConfig: { retries: 0 } });
  const { url = '' } = await app.apps.connections.open({});
  const open = () =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(url);
      socket.on('error', () => resolve('refused'));
      socket.on('message', (data: Buffer) => {
        resolve(String(JSON.parse(data.toString()).type));
        socket.close();
      });
    });
  expect(await open()).toBe('hello');
  expect(await open()).toBe('refused');
});

test('waiting in vain says what there was instead', async () => {
  slack.say({ user: ANA, channel: MIGRATIONS, text: 'only this' });
  const wait = slack.waitFor(() => slack.messages(MIGRATIONS)[1], { what: 'a second message', timeoutMs: 30 });
  await expect(wait).rejects.toThrow(/Waited 30 ms for a second message, in vain[^]*only this/);
});

test('no token is in the list of calls', async () => {
  await client().auth.test();
  await fetch(`${slack.apiUrl}auth.test`, {
    method: 'POST',
    body: new URLSearchParams({ token: slack.botToken, extra: '1' }),
  });
  expect(slack.apiCalls.map((call) => call.outcome)).toEqual(['ok', 'ok']);
  expect(JSON.stringify(slack.apiCalls)).not.toContain(slack.botToken);
});
