/** The one way out to Slack, against the sandbox: what a rate limit of one method means for the next calls. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AnyBlock } from '@slack/types';
import { WebClient } from '@slack/web-api';
import { expect, it, onTestFinished } from 'vitest';
import { noMetrics, SecretRegistry } from '../../src/log.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { ANA, checkMessage, MIGRATIONS, startSandboxSlack } from '../../src/sandbox/slack/index.ts';
import { createSlackApi, SlackProblem } from '../../src/slack/api.ts';
import { renderStatus } from '../../src/slack/blocks/status.ts';
import { STATUS_EVENT } from '../../src/slack/post.ts';
import { actionView, drain, ManualClock, view } from './support.ts';

async function setUp() {
  const slack = await startSandboxSlack();
  onTestFinished(() => slack.close());
  const clock = new ManualClock();
  const client = new WebClient(slack.botToken, {
    slackApiUrl: slack.apiUrl,
    rejectRateLimitedCalls: true,
    retryConfig: { retries: 0 },
  });
  const patience = { attempts: 4, maxRetryAfterMs: 30_000 };
  const api = createSlackApi({ client, clock, metrics: noMetrics, registry: new SecretRegistry(), patience });
  const made = (method: string) => slack.apiCalls.filter((call) => call.method === method).length;
  return { slack, clock, api, made };
}

it('sends nothing of a method before its Retry-After is over, and holds up no other', async () => {
  const { slack, clock, api, made } = await setUp();
  slack.rateLimit({ method: 'conversations.history', times: 1, retryAfterSeconds: 20 });
  const first = api.call('conversations.history', { channel: MIGRATIONS });
  await until(() => made('conversations.history') === 1);
  await drain();
  const second = api.call('conversations.history', { channel: MIGRATIONS });
  await api.call('auth.test', {});
  await clock.advance(19_000);
  expect(made('conversations.history')).toBe(1);
  await clock.advance(1_500);
  await Promise.all([first, second]);
  expect(made('conversations.history')).toBe(3);
});

it('does not wait for a form that nobody could open any more', async () => {
  const { slack, api, made } = await setUp();
  slack.rateLimit({ method: 'views.open', times: 1, retryAfterSeconds: 10 });
  const form = { type: 'modal', title: { type: 'plain_text', text: 'x' }, blocks: [] };
  await expect(api.call('views.open', { trigger_id: ANA, view: form })).rejects.toBeInstanceOf(SlackProblem);
  await expect(api.call('views.open', { trigger_id: ANA, view: form })).rejects.toMatchObject({ kind: 'rate_limited' });
  expect(made('views.open')).toBe(1);
});

it.each([
  ['{"ok":false}', 200, {}, 'unreachable', 0],
  ['[]', 200, {}, 'unreachable', 0],
  ['{"ok":false,"error":42}', 200, {}, 'unreachable', 0],
  ['<html>a proxy</html>', 200, {}, 'unreachable', 0],
  ['', 429, {}, 'rate_limited', 5_000],
  ['', 429, { 'retry-after': 'soon' }, 'rate_limited', 5_000],
  ['', 429, { 'retry-after': '999999999' }, 'rate_limited', 3_600_000],
] as const)('makes a problem of %j with status %i %j, and nothing else', async (body, status, headers, kind, ms) => {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close().closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const client = new WebClient('xoxb-test', {
    slackApiUrl: `http://127.0.0.1:${port}/api/`,
    rejectRateLimitedCalls: true,
    retryConfig: { retries: 0 },
  });
  const registry = new SecretRegistry();
  registry.add('a secret that is looked for');
  const patience = { attempts: 1, maxRetryAfterMs: 0 };
  const api = createSlackApi({ client, clock: new ManualClock(), metrics: noMetrics, registry, patience });
  const problem = await api.call('chat.update', {}).catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(SlackProblem);
  expect(problem).toMatchObject({ kind, retryAfterMs: ms });
});

it('keeps what machines read, also where a password is a word of Slack or of ours', async () => {
  const { rendered, scrubbed } = scrubbedBy('button', 'section', 'migration', '1700000000', 'hunter2-planted');
  const { blocks } = scrubbed;
  expect(checkMessage(blocks, 'x', { forUpdate: true })).toEqual([]);
  const ids = (of: readonly AnyBlock[]) => JSON.stringify(of).match(/"(action_id|block_id|value|style)":"[^"]*"/g);
  expect(ids(blocks)).toEqual(ids(rendered.blocks));
  expect(scrubbed).toMatchObject({ ts: '1700000000.000100', metadata: { event_type: STATUS_EVENT } });
  expect(JSON.stringify(blocks)).not.toContain('hunter2');
});

function scrubbedBy(...secrets: string[]) {
  const registry = new SecretRegistry();
  for (const secret of secrets) registry.add(secret);
  const actions = [actionView({ action: 'migration:abort', consequence: 'It ends.' })];
  const rendered = renderStatus(view({ waitingFor: 'for hunter2-planted', actions }));
  const metadata = { event_type: STATUS_EVENT, event_payload: { migration: 'm-7k3q' } };
  const scrubbed = registry.scrubData({
    channel: MIGRATIONS,
    ts: '1700000000.000100',
    blocks: rendered.blocks,
    metadata,
  });
  return { rendered, scrubbed };
}
