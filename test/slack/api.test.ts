/** The one way out to Slack, against the sandbox: what a rate limit of one method means for the next calls. */
import { WebClient } from '@slack/web-api';
import { expect, it, onTestFinished } from 'vitest';
import { noMetrics, SecretRegistry } from '../../src/log.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { ANA, MIGRATIONS, startSandboxSlack } from '../../src/sandbox/slack/index.ts';
import { createSlackApi, SlackProblem } from '../../src/slack/api.ts';
import { drain, ManualClock } from './support.ts';

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
  const view = { type: 'modal', title: { type: 'plain_text', text: 'x' }, blocks: [] };
  await expect(api.call('views.open', { trigger_id: ANA, view })).rejects.toBeInstanceOf(SlackProblem);
  await expect(api.call('views.open', { trigger_id: ANA, view })).rejects.toMatchObject({ kind: 'rate_limited' });
  expect(made('views.open')).toBe(1);
});
