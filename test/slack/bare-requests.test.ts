/** Requests with no more in them than is needed, and people who ask for what they may not or what is not there. */
import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ANA, BEN, EVE, MIGRATIONS } from '../../src/sandbox/slack/index.ts';
import type { SandboxView } from '../../src/sandbox/slack/views.ts';
import { type Bot, type BotOptions, startBot } from './bot.ts';
import { actionView, gateView, view } from './support.ts';

const bots: Bot[] = [];
afterEach(async () => {
  await Promise.all(bots.splice(0).map((one) => one.close()));
});

async function bot(options: BotOptions = {}): Promise<Bot> {
  const started = await startBot('http', options);
  bots.push(started);
  return started;
}

/** A signed request as any program could make it. */
async function post(made: Bot, form: Record<string, string>): Promise<{ status: number; text: string }> {
  const body = new URLSearchParams(form).toString();
  const at = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', made.slack.signingSecret).update(`v0:${at}:${body}`).digest('hex');
  const response = await fetch(`http://127.0.0.1:${made.app.port()}/slack/events`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': at,
      'x-slack-signature': `v0=${signature}`,
    },
  });
  return { status: response.status, text: await response.text() };
}

const COMMAND = { command: '/redis-migrate', team_id: 'T1', user_id: ANA, channel_id: MIGRATIONS };

function bareClick(value: string): Record<string, string> {
  const payload = {
    type: 'block_actions',
    user: { id: ANA },
    channel: { id: MIGRATIONS },
    actions: [{ type: 'button', action_id: 'gate:continue', value }],
  };
  return { payload: JSON.stringify(payload) };
}

/** A page of a form as a program would send it, once more or late: what it carried and what stood in its fields. */
function bareSubmit(page: SandboxView, values: object = {}): Record<string, string> {
  const { callback_id, private_metadata, blocks } = page;
  const shown = { id: page.id, callback_id, private_metadata, blocks, state: { values } };
  return { payload: JSON.stringify({ type: 'view_submission', user: { id: ANA }, view: shown }) };
}

/** The second page of the form for a new migration. */
async function pairsPage(made: Bot): Promise<SandboxView> {
  const open = (text: string) =>
    made.slack.waitFor(() => made.slack.openViews(ANA).find((one) => JSON.stringify(one.blocks).includes(text)), {
      what: `the form with ${text}`,
    });
  await made.slack.command({ user: ANA, channel: MIGRATIONS });
  const first = await open('"sources"');
  const values = { sources: { sources: 'old-1 old-2' }, destinations: { destinations: 'new-2 new-1' } };
  await made.slack.submit({ user: ANA, viewId: first.id, values });
  return { ...(await open('order-0-0')) };
}

function heard(made: Bot, user: string): string[] {
  return made.slack.ephemerals(user).map((one) => one.text);
}

describe('the pairs of a new migration', () => {
  it('start in no order that was sent and not shown, however often the page is sent', async () => {
    const made = await bot();
    const page = await pairsPage(made);
    const other = { 'order-0-0': { order: { type: 'plain_text_input', value: 'new-1\nnew-2' } } };
    for (let times = 0; times < 2; times++)
      expect(JSON.parse((await post(made, bareSubmit(page, other))).text)).toMatchObject({ response_action: 'update' });
    expect([made.service.opened, made.store.inbox()]).toEqual([[], []]);
  });

  it('start in no order that a button has chosen and Slack did not show', async () => {
    const made = await bot();
    const page = await pairsPage(made);
    made.slack.failNext({ method: 'views.update', error: 'hash_conflict' });
    await made.slack.click({ user: ANA, viewId: page.id, actionId: 'pairs:match' });
    await vi.waitUntil(() => made.counted.some((one) => one.method === 'views.update' && one.outcome !== 'ok'), 5_000);
    const answer = JSON.parse((await post(made, bareSubmit(page))).text);
    expect(answer).toMatchObject({ response_action: 'update', view: { private_metadata: expect.any(String) } });
    expect([made.service.opened, made.store.inbox()]).toEqual([[], []]);
    const { private_metadata } = answer.view as SandboxView;
    await post(made, bareSubmit({ ...page, private_metadata }));
    await vi.waitUntil(() => made.service.opened.length > 0, 5_000);
    expect(made.service.opened[0]?.plan.shards[0]?.destination.host).toBe('new-1');
  });
});

describe('a request with no more than is needed', () => {
  it('a click without container, message, response_url and trigger counts, and nobody is told of trouble', async () => {
    const made = await bot();
    made.service.put(view({ channel: MIGRATIONS }));
    expect(await post(made, bareClick('m-7k3q entry-1'))).toMatchObject({ status: 200 });
    expect(made.service.clicks).toMatchObject([{ action: 'gate:continue', user: ANA, value: 'entry-1' }]);
    made.service.answer = { accepted: false, text: 'The gate is closed.' };
    await post(made, bareClick('m-7k3q entry-1'));
    await vi.waitFor(() => expect(heard(made, ANA)).toEqual(['✖️ The gate is closed.']), 5_000);
  });

  it('a command without channel is answered, and starts nothing', async () => {
    const made = await bot();
    const { command, user_id } = COMMAND;
    const answer = await post(made, { command, user_id, text: 'start --src a:1 --dst b:1' });
    expect(answer.text).toContain('Please type it in a channel.');
    expect((await post(made, { command, user_id, text: 'help' })).text).toContain('/redis-migrate list');
    expect(made.store.inbox()).toEqual([]);
  });
});

describe('two words for a start are groups of the inventory', () => {
  const start = (made: Bot, text: string) => post(made, { ...COMMAND, text });

  it('one that is no group is named, with those that there are', async () => {
    const made = await bot({ groups: ['orders-old', 'orders-new'] });
    const { text } = await start(made, 'start orders-old orders-nwe');
    expect(text).toContain('There is no group \\"orders-nwe\\" in the inventory. Did you mean `orders-new`?');
    expect(text).toContain('The inventory has `orders-old`, `orders-new`.');
    expect((await start(made, 'start orders-old orders-new')).text).toBe('');
  });

  it('without an inventory the answer says so; addresses are addresses', async () => {
    const made = await bot({ groups: [] });
    expect((await start(made, 'check one two')).text).toContain('The bot has no inventory.');
    expect((await start(made, 'check old-1:6379 new.example')).text).toBe('');
    expect((await start(made, 'check --src one --dst two')).text).toBe('');
  });
});

describe('before the form that asks for the name', () => {
  const wipe = actionView({ value: 'e1', ask: 'form', consequence: '7 keys will be wiped.' });

  async function planned(options: BotOptions, approvals: { user: string; at: string }[] = []) {
    const made = await bot(options);
    made.service.put(
      view({
        channel: MIGRATIONS,
        actions: [wipe],
        gates: [gateView('continue', { open: true, needed: 2, approvals }), gateView('switch'), gateView('finish')],
      }),
    );
    return made;
  }

  it('somebody who may not approve is told so', async () => {
    const made = await planned({ approvers: [BEN] });
    await post(made, { payload: bareClick('m-7k3q e1')['payload']!.replaceAll(ANA, EVE) });
    await vi.waitFor(() => expect(heard(made, EVE).join()).toContain(`Those who may: <@${BEN}>`), 5_000);
    expect(made.counted.filter((one) => one.method === 'views.open')).toEqual([]);
  });

  it('somebody who approved already is told so by the engine', async () => {
    const made = await planned({}, [{ user: ANA, at: '2024-05-01T10:00:00.000Z' }]);
    made.service.answer = { accepted: false, text: 'You approved *continue* already.' };
    await post(made, bareClick('m-7k3q e1'));
    await vi.waitFor(() => expect(heard(made, ANA)).toEqual(['✖️ You approved *continue* already.']), 5_000);
    expect(made.counted.filter((one) => one.method === 'views.open')).toEqual([]);
  });
});
