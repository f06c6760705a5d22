/** Selects, menus and dates: in messages, in forms and on the Home tab, from the browser to a real app and back. */
import type { KnownBlock, ModalView } from '@slack/types';
import { describe, expect, it } from 'vitest';
import { ANA, BEN, EVE, MIGRATIONS } from '../../src/sandbox/slack/index.ts';
import { button, form } from '../sandbox/slack/bolt-bot.ts';
import { CHROMIUM } from './support/browser.ts';
import { useRealStage } from './support/real.ts';

const plain = (text: string) => ({ type: 'plain_text' as const, text });
const option = (value: string) => ({ text: plain(`the ${value} way`), value });
const MODES = ['fast', 'safe', 'slow'].map(option);

describe.skipIf(CHROMIUM === null)('choosing', () => {
  const stage = useRealStage();

  async function post(blocks: KnownBlock[]): Promise<string> {
    return (await stage.web.chat.postMessage({ channel: MIGRATIONS, text: 'choose', blocks })).ts ?? '';
  }

  it('in a message, by mouse and by keyboard: the bot gets what Slack would send', async () => {
    await stage.bot();
    const ts = await post([
      {
        type: 'section',
        block_id: 'words',
        text: plain('How?'),
        accessory: { type: 'overflow', action_id: 'more', options: [option('long'), option('short')] },
      },
      {
        type: 'actions',
        block_id: 'row',
        elements: [
          { type: 'static_select', action_id: 'mode', placeholder: plain('Mode'), options: MODES },
          { type: 'users_select', action_id: 'who', placeholder: plain('Who') },
          { type: 'datepicker', action_id: 'day' },
          { type: 'checkboxes', action_id: 'sure', options: [option('yes')] },
        ],
      },
    ]);
    const page = await stage.show();
    await page.getByRole('combobox', { name: 'Mode' }).click();
    await page.getByRole('option', { name: 'the safe way' }).click();
    await stage.heard('block_actions').toMatchObject({
      container: { type: 'message', message_ts: ts, channel_id: MIGRATIONS, is_ephemeral: false },
      channel: { id: MIGRATIONS },
      user: { id: ANA },
      state: { values: { row: { mode: { type: 'static_select', selected_option: option('safe') } } } },
      actions: [{ type: 'static_select', action_id: 'mode', block_id: 'row', selected_option: option('safe') }],
    });
    await expect.poll(() => page.getByRole('combobox', { name: 'Mode' }).inputValue()).toBe('the safe way');

    const who = page.getByRole('combobox', { name: 'Who' });
    await who.focus();
    await page.keyboard.type('ev');
    await expect.poll(() => page.getByRole('option').allTextContents()).toEqual(['Eve']);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await stage.heard('block_actions').toMatchObject({
      actions: [{ type: 'users_select', selected_user: EVE }],
      state: { values: { row: { mode: { selected_option: option('safe') }, who: { selected_user: EVE } } } },
    });

    await page.getByLabel('Date').fill('2026-12-24');
    await stage.heard('block_actions').toMatchObject({ actions: [{ selected_date: '2026-12-24' }] });
    await page.getByRole('checkbox', { name: 'the yes way' }).check();
    await stage.heard('block_actions').toMatchObject({ actions: [{ selected_options: [option('yes')] }] });

    await page.getByRole('button', { name: 'More actions' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await stage.heard('block_actions').toMatchObject({
      actions: [{ type: 'overflow', block_id: 'words', action_id: 'more', selected_option: option('short') }],
    });
    await expect.poll(() => page.getByRole('menu').count()).toBe(0);
    expect(stage.bodies('block_actions')).toHaveLength(5);
  });

  it('asks first where the bot wants that, and a no changes nothing', async () => {
    await stage.bot();
    const confirm = {
      title: plain('Really?'),
      text: plain('It takes an hour.'),
      confirm: plain('Yes'),
      deny: plain('No'),
    };
    await post([
      {
        type: 'actions',
        block_id: 'row',
        elements: [{ type: 'static_select', action_id: 'mode', placeholder: plain('Mode'), options: MODES, confirm }],
      },
    ]);
    const page = await stage.show();
    const mode = page.getByRole('combobox', { name: 'Mode' });
    await mode.click();
    await page.getByRole('option', { name: 'the slow way' }).click();
    await page.getByRole('alertdialog', { name: 'Really?' }).getByRole('button', { name: 'No' }).click();
    await expect.poll(() => mode.inputValue()).toBe('');
    expect(stage.bodies('block_actions')).toEqual([]);
    await mode.click();
    await page.getByRole('option', { name: 'the slow way' }).click();
    await page.getByRole('alertdialog', { name: 'Really?' }).getByRole('button', { name: 'Yes' }).click();
    await stage.heard('block_actions').toMatchObject({ actions: [{ selected_option: option('slow') }] });
  });

  it('from what the bot offers: asked when the typing rests, told when it offers nothing that can be shown', async () => {
    await stage.bot((app) => {
      app.options('group', async ({ ack, options: { value } }) => {
        if (value === 'none') return ack({ options: [] });
        const text = value === 'long' ? 'x'.repeat(80) : `${value}-old`;
        return ack({ options: [{ text: plain(text), value: 'g1' }] });
      });
    });
    const ts = await post([
      {
        type: 'actions',
        block_id: 'row',
        elements: [{ type: 'external_select', action_id: 'group', placeholder: plain('Group'), min_query_length: 2 }],
      },
    ]);
    const page = await stage.show();
    const group = page.getByRole('combobox', { name: 'Group' });
    await group.click();
    await page.getByText('Type 2 more to search').waitFor();
    await page.keyboard.type('orders');
    await page.getByRole('option', { name: 'orders-old' }).waitFor();
    expect(stage.bodies('block_suggestion')).toHaveLength(1);
    await stage.heard('block_suggestion').toMatchObject({
      container: { type: 'message', message_ts: ts, channel_id: MIGRATIONS },
      channel: { id: MIGRATIONS },
      user: { id: ANA },
      block_id: 'row',
      action_id: 'group',
      value: 'orders',
    });
    await page.keyboard.press('Enter');
    const chosen = { text: plain('orders-old'), value: 'g1' };
    await stage.heard('block_actions').toMatchObject({ actions: [{ selected_option: chosen }] });
    await expect.poll(() => group.inputValue()).toBe('orders-old');
    await group.fill('none');
    await page.getByText('No results').waitFor();
    await group.fill('long');
    await page.getByText(/Slack shows nothing of the options/).waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => group.inputValue()).toBe('orders-old');
  });

  it('in a form: a button tells all that was filled in, an update keeps it, and the form sends it', async () => {
    const blocks: ModalView['blocks'] = [
      ...form('x').blocks,
      {
        type: 'input',
        block_id: 'group',
        label: plain('Group'),
        element: { type: 'external_select', action_id: 'group', min_query_length: 0 },
      },
      {
        type: 'input',
        block_id: 'modes',
        label: plain('Modes'),
        optional: true,
        element: { type: 'multi_static_select', action_id: 'modes', options: MODES, max_selected_items: 2 },
      },
      {
        type: 'input',
        block_id: 'speed',
        label: plain('Speed'),
        dispatch_action: true,
        element: { type: 'static_select', action_id: 'speed', options: MODES },
      },
      { type: 'actions', block_id: 'row', elements: [button('look', 'Look at them', '7')] },
    ];
    await stage.bot((app) => {
      app.command('/redis-migrate', async ({ ack, client, body }) => {
        await ack();
        await client.views.open({ trigger_id: body.trigger_id, view: form('Servers', { blocks }) });
      });
      app.options('group', async ({ ack }) => ack({ options: [{ text: plain('orders-old'), value: 'g1' }] }));
      app.action('look', async ({ ack, body, client }) => {
        await ack();
        if (body.type !== 'block_actions' || body.view === undefined) return;
        const found = { type: 'section' as const, text: plain('Three servers, all well.') };
        const { id, hash } = body.view;
        await client.views.update({ view_id: id, hash, view: form('Servers', { blocks: [...blocks, found] }) });
      });
    });
    const page = await stage.show();
    await page.getByRole('button', { name: 'Open the form' }).click();
    const dialog = page.getByRole('dialog', { name: 'Servers' });
    await dialog.getByLabel('Name').fill('orders');
    await dialog.getByLabel('Group').click();
    await page.getByRole('option', { name: 'orders-old' }).click();
    const modes = dialog.getByLabel('Modes');
    await modes.click();
    for (const name of ['the fast way', 'the safe way', 'the slow way'])
      await page.getByRole('option', { name }).click();
    await page.keyboard.press('Escape');
    await expect.poll(() => dialog.locator('.chip').allTextContents()).toEqual(['the fast way', 'the safe way']);
    await dialog.getByRole('button', { name: 'Remove the fast way' }).click();

    await dialog.getByLabel('Speed').click();
    await page.getByRole('option', { name: 'the fast way' }).click();
    await stage.heard('block_actions').toMatchObject({
      container: { type: 'view' },
      actions: [{ type: 'static_select', block_id: 'speed', selected_option: option('fast') }],
    });

    await dialog.getByRole('button', { name: 'Look at them' }).click();
    const values = {
      name: { name: { type: 'plain_text_input', value: 'orders' } },
      group: { group: { type: 'external_select', selected_option: { text: plain('orders-old'), value: 'g1' } } },
      modes: { modes: { type: 'multi_static_select', selected_options: [option('safe')] } },
      speed: { speed: { type: 'static_select', selected_option: option('fast') } },
    };
    await dialog.getByText('Three servers, all well.').waitFor();
    const [view] = stage.slack.openViews(ANA);
    await stage.heard('block_actions').toMatchObject({
      container: { type: 'view', view_id: view?.id },
      trigger_id: expect.stringMatching(/./),
      view: { id: view?.id, hash: expect.stringMatching(/./), private_metadata: 'm-7k3q', state: { values } },
      actions: [{ type: 'button', action_id: 'look', block_id: 'row', value: '7' }],
    });
    expect(await dialog.getByLabel('Name').inputValue()).toBe('orders');
    expect(await dialog.getByLabel('Group').inputValue()).toBe('orders-old');
    await dialog.getByRole('button', { name: 'Go' }).click();
    await stage.heard('view_submission').toMatchObject({ view: { id: view?.id, state: { values } } });
    await dialog.waitFor({ state: 'detached' });
  });

  it('on the Home tab: a button opens a form there', async () => {
    await stage.bot((app) => {
      app.event('app_home_opened', async ({ event, client }) => {
        const row = { type: 'actions' as const, block_id: 'row', elements: [button('new', 'New migration', '1')] };
        await client.views.publish({ user_id: event.user, view: { type: 'home', blocks: [row] } });
      });
      app.action('new', async ({ ack, body, client }) => {
        await ack();
        if (body.type === 'block_actions')
          await client.views.open({ trigger_id: body.trigger_id, view: form('Servers') });
      });
    });
    const page = await stage.show(`#as=${BEN}&in=home`);
    await page.getByRole('button', { name: 'New migration' }).click();
    await page.getByRole('dialog', { name: 'Servers' }).waitFor();
    const home = stage.slack.homeView(BEN);
    await stage.heard('block_actions').toMatchObject({
      user: { id: BEN },
      container: { type: 'view', view_id: home?.id },
      view: { id: home?.id, type: 'home', state: { values: {} } },
      actions: [{ action_id: 'new', value: '1' }],
    });
  });
});
