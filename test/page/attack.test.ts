/** What an outsider does to the page: hostile words, too much of everything, and the wrong moment. */
import type { App } from '@slack/bolt';
import type { KnownBlock } from '@slack/types';
import { describe, expect, it } from 'vitest';
import { ANA, BEN, MIGRATIONS } from '../../src/sandbox/slack/index.ts';
import { button, form, section } from '../sandbox/slack/bolt-bot.ts';
import { CHROMIUM } from './support/browser.ts';
import { useRealStage } from './support/real.ts';
import { field } from './support/stage.ts';

const plain = (text: string) => ({ type: 'plain_text' as const, text });
const md = (text: string) => ({ type: 'mrkdwn' as const, text });
const HTML = '<img src=x onerror=alert(1)><script>alert(2)</script>';
const LONG = 'x'.repeat(300);
const TURNED = 'שלום \u202Egnp.exe\u202C';

describe.skipIf(CHROMIUM === null)('an outsider', () => {
  const stage = useRealStage();

  async function post(blocks: KnownBlock[], text = 'blocks'): Promise<string> {
    return (await stage.web.chat.postMessage({ channel: MIGRATIONS, text, blocks })).ts ?? '';
  }

  it('writes HTML, links that run, escaped mentions and pictures from elsewhere: all of it is words', async () => {
    await post([
      { type: 'header', text: plain(HTML) },
      section('on 10.0.0.1:6379\u2060: 9 keys, :not_one: :smile: `0 2 * * 6`'),
      section(`${HTML} *shard* &lt;!channel&gt; &lt;@${BEN}&gt; &amp;lt;b&amp;gt; a -&gt; b`),
      section(`<javascript:alert(3)|run> <https://example.com/a|leave> <data:text/html,hi|data>`),
      { type: 'context', elements: [plain(`<!channel> ${HTML}`)] },
      { type: 'markdown', text: `[x](javascript:alert(4)) ![spy](https://tracker.example/a.png)` },
      {
        type: 'rich_text',
        elements: [
          {
            type: 'rich_text_section',
            elements: [
              { type: 'text', text: `<!channel> ${HTML}` },
              { type: 'link', url: 'javascript:alert(5)', text: 'rich' },
            ],
          },
        ],
      },
    ]);
    const page = await stage.show();
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    const message = page.locator('[data-message]');
    await message.getByText('data', { exact: true }).click();
    const words = ((await message.textContent()) ?? '').replaceAll('\u2060', '').replaceAll('\u00a0', ' ');
    expect(words).toContain(`${HTML} shard <!channel> <@${BEN}> &lt;b&gt; a -> b`);
    expect(words).toContain('on 10.0.0.1:6379: 9 keys, :not_one: 😄 0 2 ∗ ∗ 6');
    expect(words).not.toContain('@channel');
    expect(words).not.toContain('@Ben');
    expect(await message.locator('img, script, iframe').count()).toBe(0);
    const links = await message
      .locator('a[href]')
      .evaluateAll((all) => all.map((one) => ['href', 'target', 'rel'].map((name) => one.getAttribute(name))));
    expect(links).toEqual([['https://example.com/a', '_blank', 'noopener noreferrer']]);
    expect(dialogs).toEqual([]);

    await field(page).fill('<!channel> <b>all</b> & sundry');
    await page.keyboard.press('Enter');
    const typed = page.locator('[data-message]').last();
    await expect
      .poll(async () => ((await typed.textContent()) ?? '').replaceAll('\u2060', ''))
      .toContain('<!channel> <b>all</b> & sundry');
  });

  it('fills fifty blocks with words without end: nothing leaves its column, at any width', async () => {
    await stage.bot((app) => {
      app.command('/redis-migrate', async ({ ack, client, body }) => {
        await ack();
        const note = section(`${LONG} ${TURNED}`);
        const blocks = [...form('x').blocks, note];
        await client.views.open({ trigger_id: body.trigger_id, view: form('Long words', { blocks }) });
      });
    });
    const options = [{ text: plain('o'.repeat(75)), value: 'o' }];
    const confirm = {
      title: plain('t'.repeat(100)),
      text: md(LONG),
      confirm: plain('y'.repeat(30)),
      deny: plain('No'),
    };
    const row: KnownBlock = {
      type: 'actions',
      elements: [
        { ...button('long', 'b'.repeat(75), '1'), confirm },
        { type: 'static_select', action_id: 'select', placeholder: plain('p'.repeat(150)), options },
        { type: 'radio_buttons', action_id: 'radio', options },
        { type: 'overflow', action_id: 'more', options },
      ],
    };
    const table: KnownBlock = { type: 'table', rows: [[{ type: 'raw_text', text: LONG }]] };
    await post([
      row,
      table,
      ...Array.from({ length: 48 }, (_, place) => section(`${place} ${LONG.slice(0, 200)} ${TURNED}`)),
    ]);
    const page = await stage.show(`#as=${ANA}`);
    await page.getByText(/^47 x/).waitFor();
    expect(await page.locator('.blocks').last().locator('> *').count()).toBe(50);
    const tooWide = () =>
      page.evaluate<string[]>(`[...document.querySelectorAll('.page *, dialog *, [popover] *')].filter((one) => {
        const style = getComputedStyle(one);
        return style.overflowX === 'visible' && style.display !== 'inline' && one.clientWidth > 0
          && one.scrollWidth > one.clientWidth + 2 && !one.closest('.table-scroller, .unseen, svg, .topbar');
      }).map((one) => one.className + ' ' + one.scrollWidth + ' > ' + one.clientWidth)`);
    for (const width of [1440, 900, 390]) {
      await page.setViewportSize({ width, height: 844 });
      await expect.poll(tooWide).toEqual([]);
      await page.getByRole('button', { name: /^b{75}/ }).click();
      await page.getByRole('alertdialog').waitFor();
      await expect.poll(tooWide).toEqual([]);
      await page.keyboard.press('Escape');
      await field(page).fill('/redis-migrate');
      await page.keyboard.press('Enter');
      await page.getByRole('dialog', { name: 'Long words' }).waitFor();
      await expect.poll(tooWide).toEqual([]);
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    }
  }, 60_000);

  it('sends a form to a bot that is gone, reloads in the middle of it, and opens the page a second time', async () => {
    const opens = (app: App) => {
      app.command('/redis-migrate', async ({ ack, client, body }) => {
        await ack();
        await client.views.open({ trigger_id: body.trigger_id, view: form('Servers') });
      });
    };
    const bot = await stage.bot(opens);
    const page = await stage.show();
    await page.getByRole('button', { name: 'Open the form' }).click();
    const dialog = page.getByRole('dialog', { name: 'Servers' });
    await dialog.getByLabel('Name').fill('half a na');
    await bot.stop();
    await dialog.getByRole('button', { name: 'Go' }).click();
    // In front of the form, where it can be read and put away.
    await dialog.getByText('The app is not connected.').waitFor();
    await dialog.getByRole('button', { name: 'Put this away' }).click();
    await page.reload();
    await expect.poll(() => dialog.getByLabel('Name').inputValue()).toBe('half a na');
    await stage.bot(opens);

    // Ben, in another browser, has no form on his screen; Ana's second one has the same as her first.
    const ben = await stage.show(`#as=${BEN}`);
    const second = await stage.show();
    await second.getByRole('dialog', { name: 'Servers' }).waitFor();
    expect(await ben.getByRole('dialog').count()).toBe(0);
    await dialog.getByLabel('Name').fill('a name');
    await dialog.getByRole('button', { name: 'Go' }).click();
    await stage
      .heard('view_submission')
      .toMatchObject({ view: { state: { values: { name: { name: { value: 'a name' } } } } } });
    await dialog.waitFor({ state: 'detached' });
    await second.getByRole('dialog').waitFor({ state: 'detached' });
    await field(ben).fill('Seen.');
    await ben.keyboard.press('Enter');
    await page.locator('[data-message]').getByText('Seen.').waitFor();

    await field(page).fill('/redis-migrate');
    await page.keyboard.press('Enter');
    await expect.poll(() => dialog.getByLabel('Name').inputValue()).toBe('');
  });

  it('goes back: out of a thread, out of the Home tab, not out of the page', async () => {
    const ts = await post([section('Ask me')], 'Ask me');
    stage.slack.say({ user: BEN, channel: MIGRATIONS, text: 'Asked.', threadTs: ts });
    const page = await stage.show();
    await page.getByRole('button', { name: /1 reply/ }).click();
    await page.getByRole('region', { name: 'Thread' }).waitFor();
    await page.goBack();
    await page.getByRole('region', { name: 'Thread' }).waitFor({ state: 'detached' });
    await page.goForward();
    await page.getByRole('region', { name: 'Thread' }).getByText('Asked.').waitFor();
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole('region', { name: 'Channel migrations' }).waitFor({ state: 'hidden' });
    await page.goBack();
    await page.getByRole('region', { name: 'Channel migrations' }).waitFor();
  });

  it('clicks while the bot dies: the page says so, and works again with the next bot', async () => {
    const row: KnownBlock = { type: 'actions', block_id: 'row', elements: [button('go', 'Go on', '1')] };
    let arrived = () => {};
    const inside = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const first = await stage.bot((app) => {
      app.action('go', async () => {
        arrived();
        await new Promise(() => {});
      });
    }, true);
    await post([row]);
    const page = await stage.show();
    const go = page.getByRole('button', { name: 'Go on' });
    await go.click();
    await inside;
    expect(await go.getAttribute('aria-busy')).toBe('true');
    await first.stop();
    await page.getByRole('region', { name: 'Trouble' }).getByText(/app/i).first().waitFor();
    await expect.poll(() => go.getAttribute('aria-busy')).toBe('false');
    await go.click();
    await page.getByText('The app is not connected.').waitFor();

    await stage.bot();
    await go.click();
    await expect.poll(() => stage.bodies('block_actions').length).toBe(2);
  });
});
