import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ANA, BEN, EVE, MIGRATIONS, type SandboxSlack, startSandboxSlack } from '../../../src/sandbox/slack/index.ts';
import { type Bot, button, form, type Mode, section, startBot } from './bolt-bot.ts';

const MODES: readonly Mode[] = ['socket', 'http'];

describe.each(MODES)('a Bolt app in %s mode', (mode) => {
  let slack: SandboxSlack;
  let bot: Bot;
  const seen: { command?: Record<string, unknown>; body?: Record<string, unknown> } = {};

  beforeEach(async () => {
    slack = await startSandboxSlack();
    bot = await startBot(slack, mode, (app) => {
      app.command('/redis-migrate', async ({ ack, respond, command, client }) => {
        seen.command = { ...command };
        const [word] = command.text.split(' ');
        if (word === 'silent') return;
        if (word === 'inline') return ack({ text: 'in the acknowledgement' });
        await ack();
        if (word === 'form') await client.views.open({ trigger_id: command.trigger_id, view: form('Start') });
        else if (word === 'post') {
          const blocks = [
            section('status'),
            { type: 'actions', block_id: 'gates', elements: [button('gate:continue', 'Continue', 'opaque')] },
          ];
          await client.chat.postMessage({ channel: command.channel_id, text: 'status', blocks });
        } else
          await respond({
            text: `You said ${command.text}`,
            blocks: [{ type: 'actions', elements: [button('mine', 'Mine', '1')] }],
          });
      });
      app.action('gate:continue', async ({ ack, body, client }) => {
        seen.body = { ...body };
        await ack();
        const ts = body.type === 'block_actions' ? (body.message?.ts ?? '') : '';
        await client.chat.update({ channel: MIGRATIONS, ts, text: 'working', blocks: [section('working…')] });
        await client.chat.postMessage({ channel: MIGRATIONS, thread_ts: ts, text: `<@${body.user.id}> approved` });
        await client.chat.postEphemeral({ channel: MIGRATIONS, user: body.user.id, text: 'thank you' });
      });
      app.action('mine', async ({ ack, respond }) => {
        await ack();
        await respond({ text: 'replaced', replace_original: true });
      });
      app.view('form', async ({ ack, view }) => {
        const name = view.state.values['name']?.['name']?.value ?? '';
        if (name === 'wrong') return ack({ response_action: 'errors', errors: { name: 'That is not the name.' } });
        if (name === 'nonsense') return ack({ response_action: 'errors', errors: { nowhere: 'x' } });
        if (name === 'next') return ack({ response_action: 'update', view: form('Second page') });
        seen.body = { ...view };
        return ack();
      });
      app.event('app_home_opened', async ({ event, client }) => {
        await client.views.publish({ user_id: event.user, view: { type: 'home', blocks: [section('Welcome home')] } });
      });
    });
  });

  afterEach(async () => {
    await bot.stop();
    await slack.close();
  });

  test('answers a slash command to the person alone, and is acknowledged first', async () => {
    const run = await slack.command({ user: ANA, channel: '#migrations', text: 'hello <&> @ben #migrations' });
    expect(run.ackMs).toBeLessThan(3000);
    expect(run.ackBody).toBeNull();
    const answer = await run.ephemeral('You said');
    expect(answer).toMatchObject({ user: ANA, channel: MIGRATIONS, via: 'response_url' });
    expect(slack.ephemerals(BEN)).toEqual([]);
    expect(seen.command).toMatchObject({
      command: '/redis-migrate',
      text: `hello &lt;&amp;&gt; <@${BEN}|ben> <#${MIGRATIONS}|migrations>`,
      user_id: ANA,
      user_name: 'ana',
      channel_id: MIGRATIONS,
      channel_name: 'migrations',
      is_enterprise_install: 'false',
      team_id: slack.teamId,
    });
    expect(seen.command).not.toHaveProperty('enterprise_id');
  });

  test('may answer in the acknowledgement itself', async () => {
    const run = await slack.command({ user: ANA, channel: MIGRATIONS, text: 'inline' });
    expect(run.ackBody).toEqual({ text: 'in the acknowledgement' });
    expect(run.ephemerals).toMatchObject([{ text: 'in the acknowledgement', via: 'ack' }]);
  });

  test('a click reaches the bot as Slack sends it; the message is edited, the thread grows, the clicker is told', async () => {
    await slack.command({ user: ANA, channel: MIGRATIONS, text: 'post' });
    const message = await slack.waitFor(() => slack.messages(MIGRATIONS)[0], { what: 'the status message' });
    const click = await slack.click({ user: BEN, channel: MIGRATIONS, ts: message.ts, actionId: 'gate:continue' });
    expect(click.ackMs).not.toBeNull();
    await click.ephemeral('thank you');
    expect(slack.thread(MIGRATIONS, message.ts).map((one) => one.text)).toEqual(['working', `<@${BEN}> approved`]);
    expect(slack.messages(MIGRATIONS)).toHaveLength(1);
    expect(slack.message(MIGRATIONS, message.ts)?.history).toMatchObject([
      { text: 'status', blocks: [{ type: 'section' }, { block_id: 'gates' }] },
    ]);
    expect(seen.body).toMatchObject({
      type: 'block_actions',
      container: { type: 'message', message_ts: message.ts, channel_id: MIGRATIONS, is_ephemeral: false },
      channel: { id: MIGRATIONS, name: 'migrations' },
      message: { ts: message.ts, user: slack.botUserId, text: 'status' },
      user: { id: BEN, username: 'ben' },
      actions: [{ type: 'button', action_id: 'gate:continue', block_id: 'gates', value: 'opaque' }],
      state: { values: {} },
    });
  });

  test('what is not on the screen can be clicked only as an old copy', async () => {
    await slack.command({ user: ANA, channel: MIGRATIONS, text: 'post' });
    const { ts } = await slack.waitFor(() => slack.messages(MIGRATIONS)[0], { what: 'the status message' });
    const first = await slack.click({ user: BEN, channel: MIGRATIONS, ts, actionId: 'gate:continue' });
    await first.ephemeral('thank you');
    const again = { user: EVE, channel: MIGRATIONS, ts, actionId: 'gate:continue' };
    await expect(slack.click(again)).rejects.toThrow('nothing to click with action_id gate:continue');
    const stale = { blockId: 'gates', actionId: 'gate:continue', value: 'opaque' };
    const late = await slack.click({ user: EVE, channel: MIGRATIONS, ts, stale });
    await late.ephemeral('thank you');
    expect(seen.body).toMatchObject({
      user: { id: EVE },
      actions: [stale].map(({ value }) => ({ value, block_id: 'gates' })),
    });
  });

  test('an ephemeral can be clicked by its reader, nobody else, and is replaced', async () => {
    const run = await slack.command({ user: ANA, channel: MIGRATIONS, text: 'x' });
    const { ts } = await run.ephemeral('You said');
    await expect(slack.click({ user: BEN, channel: MIGRATIONS, ts, actionId: 'mine' })).rejects.toThrow(
      'Ben sees no message',
    );
    const click = await slack.click({ user: ANA, channel: MIGRATIONS, ts, actionId: 'mine' });
    await click.ephemeral('replaced');
    expect(run.ephemerals).toEqual(click.ephemerals);
    expect(slack.ephemerals(ANA)).toMatchObject([{ ts, text: 'replaced', blocks: [] }]);
  });

  test('a form opens, takes errors at its fields, turns its page and closes', async () => {
    await slack.command({ user: ANA, channel: MIGRATIONS, text: 'form' });
    const view = await slack.waitFor(() => slack.openViews(ANA)[0], { what: 'the form' });
    const submit = (name: string) => slack.submit({ user: ANA, viewId: view.id, values: { name: { name } } });
    await expect(submit('')).rejects.toThrow('Field "name" is required');
    await expect(slack.submit({ user: ANA, viewId: view.id, values: { other: { name: 'x' } } })).rejects.toThrow(
      'no field other/name',
    );

    const wrong = await submit('wrong');
    expect(wrong.ackBody).toEqual({ response_action: 'errors', errors: { name: 'That is not the name.' } });
    expect(slack.openViews(ANA)[0]?.errors).toEqual({ name: 'That is not the name.' });

    const nonsense = await submit('nonsense');
    expect(nonsense.trouble).toContain('no input block for: nowhere; the form has: name');

    await submit('next');
    expect(slack.openViews(ANA)).toMatchObject([{ id: view.id, title: 'Second page', errors: {} }]);
    expect(slack.openViews(ANA)[0]?.hash).not.toBe(view.hash);

    const right = await submit('orders');
    expect(right).toMatchObject({ ackBody: null, trouble: null });
    expect(slack.openViews(ANA)).toEqual([]);
    expect(seen.body).toMatchObject({
      id: view.id,
      callback_id: 'form',
      private_metadata: 'm-7k3q',
      state: { values: { name: { name: { type: 'plain_text_input', value: 'orders' } } } },
    });
  });

  test('the Home tab is published when it is opened', async () => {
    await slack.openHome(EVE);
    const home = await slack.waitFor(() => slack.homeView(EVE), { what: "Eve's Home tab" });
    expect(home.blocks).toMatchObject([{ type: 'section', text: { text: 'Welcome home' } }]);
  });

  test('what is not acknowledged in three seconds is told to the person', async () => {
    const run = await slack.command({ user: ANA, channel: MIGRATIONS, text: 'silent' });
    expect(run.ackMs).toBeNull();
    expect(run.trouble).toMatch(/3 seconds|HTTP 404/);
  });
});
