/** What the page shows and keeps while things change under it, in a real browser. */
import { describe, expect, it } from 'vitest';
import { CHROMIUM } from './support/browser.ts';
import { bot, useStage } from './support/stage.ts';
import * as story from './support/stories.ts';
import { ANA, at, BEN, EMPTY, json, message } from './support/workspace.ts';

describe.skipIf(CHROMIUM === null)('what the page shows', () => {
  const stage = useStage();

  it('comes back to the same person, channel and thread after a reload, in the dark that was chosen', async () => {
    const page = await stage.show(story.syncing(47));
    await page.getByRole('button', { name: 'Switch to dark' }).click();
    await page.getByRole('radio', { name: /Ben/ }).check();
    await page.getByRole('button', { name: /4 replies/ }).click();
    stage.server.set(story.syncing(60));
    await page.reload();
    await page.getByRole('region', { name: 'Thread' }).waitFor();
    expect(await page.getByRole('radio', { name: /Ben/ }).isChecked()).toBe(true);
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark');
    expect(await page.evaluate('getComputedStyle(document.querySelector(".middle")).backgroundColor')).toBe(
      'rgb(26, 29, 33)',
    );
  });

  it('edits in place: nothing is drawn anew that stayed, nothing jumps for who reads further up', async () => {
    const filler = Array.from({ length: 20 }, (_, place) =>
      message(200 + place * 400, { user: ANA, text: `Line ${place}` }),
    );
    const withMore = (done: number) => {
      const state = story.syncing(done);
      return { ...state, messages: [...state.messages, ...filler] };
    };
    const page = await stage.show(withMore(10));
    await page.evaluate('document.querySelector(".channel .scroll").scrollTop = 300');
    await page.getByRole('button', { name: 'Latest messages' }).waitFor();
    await page.evaluate(`
      window.kept = [...document.querySelectorAll('[data-message], [data-message] button, [data-message] td')];
      window.tops = () => document.querySelector('[data-message="${at(200)}"]').getBoundingClientRect().top;
      window.before = window.tops();
    `);
    for (const done of [20, 30, 40, 55]) stage.server.set(withMore(done));
    await expect.poll(() => bot(page).textContent()).toContain('53 % done');
    expect(await page.evaluate('window.kept.every((one) => one.isConnected)')).toBe(true);
    expect(Math.abs(Number(await page.evaluate('window.tops() - window.before')))).toBeLessThan(2);

    await page.getByRole('button', { name: 'Latest messages' }).click();
    stage.server.set({ messages: [...stage.server.state.messages, message(9_000, { user: BEN, text: 'The newest' })] });
    await expect
      .poll(() =>
        page.evaluate(
          '(() => { const l = document.querySelector(".channel .scroll"); return l.scrollHeight - l.scrollTop - l.clientHeight; })()',
        ),
      )
      .toBeLessThan(3);
  });

  it('says quietly that it is cut off, comes back by itself, and says when the bot is stopped', async () => {
    const page = await stage.show(story.syncing(12));
    stage.server.away();
    await page.getByText('Not connected. Trying again…').waitFor();
    expect(await bot(page).count()).toBe(1);
    stage.server.back();
    await page.getByText('Not connected. Trying again…').waitFor({ state: 'detached' });
    stage.server.set({ world: { ...stage.server.state.world, botRunning: false } });
    await page.getByText(/The bot is stopped: it hears nothing/).waitFor();
    await page.getByRole('button', { name: 'Start the bot' }).click();
    await stage.sent('start_bot').toEqual({ kind: 'start_bot' });
    stage.forgive();
  });

  it('shows the world outside Slack and makes trouble there', async () => {
    const page = await stage.show(story.SWITCHED);
    const world = page.getByRole('complementary', { name: 'The world outside Slack' });
    await world.getByRole('button', { name: 'Point the application at the new servers' }).click();
    await stage.sent('point_application').toEqual({ kind: 'point_application', shard: null });
    await world.getByRole('button', { name: 'Point instance 3 at its new server' }).click();
    await stage.sent('point_application').toEqual({ kind: 'point_application', shard: 2 });
    await world.getByRole('button', { name: 'Make trouble for Shard 2' }).click();
    await world.getByRole('button', { name: 'Kill the old server of Shard 2' }).click();
    await stage.sent('kill_server').toEqual({ kind: 'kill_server', server: 'old-2' });
    await world.getByRole('button', { name: 'Cut the link of Shard 2' }).click();
    await stage.sent('cut_link').toEqual({ kind: 'cut_link', server: 'new-2' });
    const { servers } = stage.server.state.world;
    const cut = servers.map((one) => (one.id === 'new-2' ? { ...one, isCut: true, isSlow: true } : one));
    stage.server.set({ world: { ...stage.server.state.world, servers: cut } });
    await world.getByText('link cut').waitFor();
    await world.getByText('new is slow').waitFor();
    await world.getByRole('button', { name: 'Mend the link of Shard 2' }).click();
    await stage.sent('mend_link').toEqual({ kind: 'mend_link', server: 'new-2' });
    await world.getByRole('button', { name: 'Freeze deployments' }).click();
    await stage.sent('freeze_deployments').toEqual({ kind: 'freeze_deployments' });
    await world.getByRole('button', { name: 'Flood writes' }).click();
    await stage.sent('flood_writes').toBeTruthy();
    stage.server.set(story.FINISHED);
    await expect
      .poll(() => world.getByRole('region', { name: 'The count at the end' }).textContent())
      .toMatch(/^0 acknowledged writes are missing/);
  });

  it('sorts and pages a data_table, and keeps both through an edit', async () => {
    const rows = (speed: number) => [
      [
        { type: 'raw_text', text: 'Shard' },
        { type: 'raw_text', text: 'Speed' },
      ],
      ...Array.from({ length: 45 }, (_, place) => [
        { type: 'raw_text', text: String(place + 1) },
        {
          type: 'raw_text',
          text: place === 7 ? '–' : `${(place * 37 + speed) % 900} ${place % 2 === 0 ? 'KiB' : 'MiB'}/s`,
        },
      ]),
    ];
    const state = (speed: number) => ({
      ...EMPTY,
      messages: [
        message(0, {
          text: 'shards',
          blocks: json([{ type: 'data_table', caption: 'Shards, worst first', page_size: 20, rows: rows(speed) }]),
        }),
      ],
    });
    const page = await stage.show(state(1));
    const table = page.getByRole('table', { name: 'Shards, worst first' });
    const first = () => table.locator('tbody tr').first().textContent();
    expect(await table.locator('tbody tr').count()).toBe(20);
    await table.getByRole('button', { name: 'Speed' }).click();
    await table.getByRole('button', { name: 'Speed' }).click();
    await expect.poll(first).toMatch(/MiB\/s$/);
    expect(await table.getByRole('columnheader', { name: 'Speed' }).getAttribute('aria-sort')).toBe('descending');
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('41–45 of 45').waitFor();
    expect(await table.locator('tbody tr').last().textContent()).toBe('8–');
    stage.server.set(state(5));
    await expect.poll(first).toMatch(/KiB\/s$/);
    await page.getByText('41–45 of 45').waitFor();
  });

  it('draws the Home tab of whoever acts', async () => {
    const page = await stage.show(story.HOME);
    await page.getByRole('button', { name: /^redis-migrate/ }).click();
    await stage.sent('open_home').toEqual({ kind: 'open_home', user: ANA });
    const home = page.getByRole('region', { name: 'Home of the app' });
    await home.getByText('Running (1)').waitFor();
    await page.getByRole('radio', { name: /Ben/ }).check();
    await stage.sent('open_home').toEqual({ kind: 'open_home', user: BEN });
    await home.getByText('not drawn this tab yet').waitFor();
  });
});
