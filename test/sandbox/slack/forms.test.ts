import { WebClient } from '@slack/web-api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { ANA, BEN, MIGRATIONS, type SandboxSlack, startSandboxSlack } from '../../../src/sandbox/slack/index.ts';
import { type Bot, button, errorOf, form, quiet, startBot } from './bolt-bot.ts';

let slack: SandboxSlack;
let web: WebClient;
let clockAhead = 0;
let bot: Bot;

beforeEach(async () => {
  clockAhead = 0;
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + clockAhead };
  slack = await startSandboxSlack({ clock });
  web = new WebClient(slack.botToken, { slackApiUrl: slack.apiUrl, logger: quiet, retryConfig: { retries: 0 } });
  bot = await startBot(slack, 'socket', (app) => {
    app.command('/redis-migrate', async ({ ack }) => ack());
    app.action(/.*/, async ({ ack }) => ack());
    app.view(/.*/, async ({ ack, view }) => {
      const { value } = view.state.values['name']?.['name'] ?? {};
      if (value === 'push') return ack({ response_action: 'push', view: form('Pushed') });
      if (value === 'clear') return ack({ response_action: 'clear' });
      return ack();
    });
  });
});

afterEach(async () => {
  await bot.stop();
  await slack.close();
});

function plainOption(value: string) {
  return { text: { type: 'plain_text' as const, text: `the ${value} way` }, value };
}

async function trigger(): Promise<string> {
  return (await slack.command({ user: ANA, channel: MIGRATIONS })).triggerId ?? '';
}

test('a trigger works once, for three seconds', async () => {
  const id = await trigger();
  const open = (trigger_id: string) => errorOf(web.views.open({ trigger_id, view: form('Start') }));
  expect(await open('made-up')).toBe('invalid_trigger_id');
  expect(await open(id)).toBe('ok');
  expect(await open(id)).toBe('exchanged_trigger_id');
  const late = await trigger();
  clockAhead += 3_001;
  expect(await open(late)).toBe('expired_trigger_id');
});

test('a refused form says where, as views.open does', async () => {
  const view = form('A title of more than twenty-four characters');
  const call = web.views.open({ trigger_id: await trigger(), view });
  await expect(call).rejects.toMatchObject({
    data: {
      error: 'invalid_arguments',
      response_metadata: { messages: ['[ERROR] must be less than 25 characters [json-pointer:/view/title/text]'] },
    },
  });
});

test('updates by hash, three forms on top of each other, clear', async () => {
  const { view } = await web.views.open({ trigger_id: await trigger(), view: form('One') });
  const { id = '', hash = '' } = view ?? {};
  await web.views.update({ view_id: id, hash, view: form('One, again') });
  expect(await errorOf(web.views.update({ view_id: id, hash, view: form('late') }))).toBe('hash_conflict');
  expect(await errorOf(web.views.update({ view_id: 'V00000NONE', view: form('x') }))).toBe('not_found');
  for (let i = 0; i < 2; i += 1) {
    const top = slack.openViews(ANA).at(-1)?.id ?? '';
    await slack.submit({ user: ANA, viewId: top, values: { name: { name: 'push' } } });
  }
  expect(slack.openViews(ANA).map((one) => one.title)).toEqual(['One, again', 'Pushed', 'Pushed']);
  await expect(slack.submit({ user: ANA, viewId: id })).rejects.toThrow('does not see the form');
  const top = slack.openViews(ANA).at(-1)?.id ?? '';
  const fourth = await slack.submit({ user: ANA, viewId: top, values: { name: { name: 'push' } } });
  expect(fourth.trouble).toContain('push_limit_reached');
  await slack.submit({ user: ANA, viewId: top, values: { name: { name: 'clear' } } });
  expect(slack.openViews(ANA)).toEqual([]);
});

test('choices in a form arrive as options; a button in it carries the form along', async () => {
  const option = (value: string) => ({ text: { type: 'plain_text' as const, text: `the ${value} way` }, value });
  const view = form('Mode', {
    blocks: [
      {
        type: 'input',
        block_id: 'mode',
        label: { type: 'plain_text', text: 'Mode' },
        element: {
          type: 'radio_buttons',
          action_id: 'mode',
          options: [option('fenced'), option('overlap')],
          initial_option: option('fenced'),
        },
      },
      { type: 'actions', block_id: 'more', elements: [button('swap', 'Swap', '1')] },
    ],
  });
  await web.views.open({ trigger_id: await trigger(), view });
  const viewId = slack.openViews(ANA)[0]?.id ?? '';
  expect((await slack.click({ user: ANA, viewId, actionId: 'swap' })).ackMs).not.toBeNull();
  await expect(slack.submit({ user: ANA, viewId, values: { mode: { mode: 'neither' } } })).rejects.toThrow(
    'there are: fenced, overlap',
  );
  expect((await slack.submit({ user: ANA, viewId, values: { mode: { mode: 'overlap' } } })).trouble).toBeNull();
});

test('a response URL works five times, and not for ever', async () => {
  const { responseUrl } = await slack.command({ user: ANA, channel: MIGRATIONS });
  const answer = async (body: object) => {
    const response = await fetch(responseUrl ?? '', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return response.status === 200 ? 'ok' : ((await response.json()) as { error: string }).error;
  };
  expect(await answer({ text: 'public', response_type: 'in_channel' })).toBe('ok');
  expect(slack.messages(MIGRATIONS)).toMatchObject([{ text: 'public', user: slack.botUserId }]);
  expect(await answer({ blocks: [{ type: 'nonsense' }] })).toBe('invalid_blocks');
  for (let i = 0; i < 3; i += 1) expect(await answer({ text: `${i}` })).toBe('ok');
  expect(await answer({ text: 'one too many' })).toBe('used_url');
  expect(slack.ephemerals(ANA).map((one) => one.text)).toEqual(['0', '1', '2']);
  const other = await slack.command({ user: ANA, channel: MIGRATIONS });
  clockAhead += 31 * 60_000;
  const late = await fetch(other.responseUrl ?? '', { method: 'POST', body: '{}' });
  expect(await late.json()).toMatchObject({ error: 'expired_url' });
});

test('an answer can take the clicked message away, also when it is an ephemeral', async () => {
  const blocks = [{ type: 'actions' as const, elements: [button('dismiss', 'Dismiss', '1')] }];
  const drop = (url: string | null) =>
    fetch(url ?? '', { method: 'POST', body: new URLSearchParams({ delete_original: 'true' }) });
  const { ts = '' } = await web.chat.postMessage({ channel: MIGRATIONS, text: 'public', blocks });
  await drop((await slack.click({ user: BEN, channel: MIGRATIONS, ts, actionId: 'dismiss' })).responseUrl);
  expect(slack.messages(MIGRATIONS)).toEqual([]);
  const { message_ts: own = '' } = await web.chat.postEphemeral({
    channel: MIGRATIONS,
    user: BEN,
    text: 'yours',
    blocks,
  });
  expect(slack.ephemerals(BEN, MIGRATIONS)).toMatchObject([{ text: 'yours' }]);
  await drop((await slack.click({ user: BEN, channel: MIGRATIONS, ts: own, actionId: 'dismiss' })).responseUrl);
  expect(slack.ephemerals(BEN)).toEqual([]);
});

test('an external select asks the bot; a closed form is told to a bot that wants to know', async () => {
  const closed: string[] = [];
  bot.app.options('groups', async ({ ack, options }) => {
    await ack({ options: [{ text: { type: 'plain_text', text: `${options.value}-old` }, value: 'old' }] });
  });
  bot.app.view({ type: 'view_closed', callback_id: 'form' }, async ({ ack, view }) => {
    closed.push(view.id);
    await ack();
  });
  const element = { type: 'external_select' as const, action_id: 'groups' };
  const blocks = [
    { type: 'input' as const, block_id: 'groups', label: { type: 'plain_text' as const, text: 'Group' }, element },
  ];
  await web.views.open({ trigger_id: await trigger(), view: form('Start', { blocks, notify_on_close: true }) });
  const viewId = slack.openViews(ANA)[0]?.id ?? '';
  const asked = await slack.suggest({ user: ANA, viewId, actionId: 'groups', query: 'orders' });
  expect(asked.ackBody).toMatchObject({ options: [{ text: { text: 'orders-old' }, value: 'old' }] });
  // Only what the bot offered has words; it goes to the bot as the bot wrote it.
  const chosen = new Promise<unknown>((resolve) => {
    bot.app.view({ type: 'view_submission', callback_id: 'chosen' }, async ({ ack, view }) => {
      await ack();
      resolve(view.state.values['groups']?.['groups']?.selected_option);
    });
  });
  await web.views.update({ view_id: viewId, view: form('Start', { blocks, callback_id: 'chosen' }) });
  await slack.submit({ user: ANA, viewId, values: { groups: { groups: 'old' } } });
  expect(await chosen).toEqual({ text: { type: 'plain_text', text: 'orders-old' }, value: 'old' });

  await web.views.open({ trigger_id: await trigger(), view: form('Start', { blocks, notify_on_close: true }) });
  const second = slack.openViews(ANA)[0]?.id ?? '';
  await slack.closeView({ user: ANA, viewId: second });
  expect(slack.openViews(ANA)).toEqual([]);
  expect(closed).toEqual([second]);
});

test('what Slack would show nothing of is told, whatever the bot answered', async () => {
  bot.app.options('groups', async ({ ack }) => {
    await ack({ options: [{ text: { type: 'plain_text', text: 'x'.repeat(76) }, value: 'old' }] });
  });
  const blocks = [
    {
      type: 'actions' as const,
      block_id: 'row',
      elements: [{ type: 'external_select' as const, action_id: 'groups' }],
    },
  ];
  const { ts = '' } = await web.chat.postMessage({ channel: MIGRATIONS, text: 'choose', blocks });
  const ask = { user: ANA, channel: MIGRATIONS, ts, actionId: 'groups', query: '' };
  const asked = await slack.suggest(ask);
  expect(asked.trouble).toContain('/options/0/text/text must be less than 76 characters');
  await expect(slack.suggest({ ...ask, actionId: 'other' })).rejects.toThrow('nothing to click with action_id other');
});

test('a click in a form and on the Home tab carries the view, its hash and all that was filled in', async () => {
  const bodies: Record<string, unknown>[] = [];
  const pick = {
    type: 'static_select' as const,
    action_id: 'mode',
    options: [plainOption('fast'), plainOption('safe')],
  };
  bot.app.use(async ({ body, next }) => {
    bodies.push(body as unknown as Record<string, unknown>);
    await next();
  });
  const row = { type: 'actions' as const, block_id: 'row', elements: [button('look', 'Look', '1'), pick] };
  const blocks = [...(form('x').blocks ?? []), row];
  await web.views.open({ trigger_id: await trigger(), view: form('Look', { blocks }) });
  const view = slack.openViews(ANA)[0];
  const values = { name: { name: 'orders' } };
  await slack.click({ user: ANA, viewId: view?.id ?? '', actionId: 'mode', choose: 'safe', values });
  const { trigger_id: trigger2, ...body } = bodies.at(-1) ?? {};
  expect(trigger2).toMatch(/^\d+\.[0-9a-f]+$/);
  expect(body).toMatchObject({
    type: 'block_actions',
    container: { type: 'view', view_id: view?.id },
    view: {
      id: view?.id,
      type: 'modal',
      hash: view?.hash,
      private_metadata: 'm-7k3q',
      state: {
        values: {
          name: { name: { type: 'plain_text_input', value: 'orders' } },
          row: { mode: { type: 'static_select', selected_option: plainOption('safe') } },
        },
      },
    },
    actions: [{ type: 'static_select', block_id: 'row', action_id: 'mode', selected_option: plainOption('safe') }],
  });
  expect(body).not.toHaveProperty('response_url');
  expect(body).not.toHaveProperty('message');

  await web.views.publish({ user_id: BEN, view: { type: 'home', blocks: [row] } });
  const home = slack.homeView(BEN);
  const click = await slack.click({ user: BEN, viewId: home?.id ?? '', actionId: 'look' });
  expect(bodies.at(-1)).toMatchObject({
    container: { type: 'view', view_id: home?.id },
    view: { type: 'home', hash: home?.hash, state: { values: { row: { mode: { selected_option: null } } } } },
    actions: [{ type: 'button', action_id: 'look', value: '1' }],
  });
  // The trigger of a click on the Home tab opens a form.
  await web.views.open({ trigger_id: click.triggerId ?? '', view: form('From home') });
  expect(slack.openViews(BEN).map((one) => one.title)).toEqual(['From home']);
});

test('host names become links when Slack feels like it', async () => {
  const text = 'start --src redis://db-1.example.com:6379 http://x.example 10.0.0.1:6379';
  const heard: string[] = [];
  bot.app.use(async ({ body, next }) => {
    if ('text' in body) heard.push(String(body['text']));
    await next();
  });
  await slack.command({ user: ANA, channel: MIGRATIONS, text, linkify: true });
  const host = 'db-1.example.com:6379';
  expect(heard).toEqual([`start --src redis://<http://${host}|${host}> <http://x.example> 10.0.0.1:6379`]);
});
