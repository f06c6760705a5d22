/** What a person does at the page, in a real browser: what is sent, and what they see come of it. */
import { describe, expect, it } from 'vitest';
import { CHROMIUM } from './support/browser.ts';
import { bot, field, focused, holdsFocus, useStage } from './support/stage.ts';
import * as story from './support/stories.ts';
import { ANA, at, BEN, CHANNEL, EVE } from './support/workspace.ts';

describe.skipIf(CHROMIUM === null)('acting at the page', () => {
  const stage = useStage();

  it('starts a migration by a command that Tab completes, and brings it back by arrow up', async () => {
    const page = await stage.show();
    await field(page).pressSequentially('/red');
    await page.getByRole('option', { name: /redis-migrate/ }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.type('sta');
    await expect.poll(() => page.getByRole('option').count()).toBe(2);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await expect
      .poll(() => field(page).inputValue())
      .toMatch(/^\/redis-migrate start --src 127\.0\.0\.1:6401 .* --dst/);
    await page.keyboard.press('Enter');
    await stage
      .sent('command')
      .toMatchObject({ user: ANA, channel: CHANNEL, text: expect.stringMatching(/^start --src/) });
    await expect.poll(() => field(page).inputValue()).toBe('');
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => field(page).inputValue()).toMatch(/^\/redis-migrate start/);
    await page.reload();
    await field(page).press('ArrowUp');
    await expect.poll(() => field(page).inputValue()).toMatch(/^\/redis-migrate start/);
  });

  it('refuses a command that this workspace does not have, where it was typed', async () => {
    const page = await stage.show();
    await field(page).fill('/remind me');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByRole('alert').textContent()).toContain('/remind is not a command');
    expect(stage.server.acts).toEqual([]);
  });

  it('shows the form, what is missing, what the bot refused, and sends what was filled in', async () => {
    const page = await stage.show();
    await field(page).focus();
    stage.server.set(story.FORM);
    const form = page.getByRole('dialog', { name: 'Migrate Redis servers' });
    await form.waitFor();
    const old = form.getByLabel('Old servers');
    await expect.poll(() => focused(old)).toBe(true);
    await form.getByRole('button', { name: 'Next: the pairs' }).click();
    await expect.poll(() => form.getByText('Please complete this required field.').count()).toBe(2);
    expect(stage.server.acts).toEqual([]);

    await old.fill('old-1:6379\nold-2:6379');
    await form.getByLabel('New servers').fill('new-1:6379');
    await form.getByRole('radio', { name: /overlap/ }).check();
    await form.getByRole('checkbox', { name: /may be wiped/ }).check();
    stage.server.answer = () => {
      const [view] = stage.server.state.views;
      if (view !== undefined)
        stage.server.set({ views: [{ ...view, errors: { destinations: 'There are 2 old servers and 1 new one.' } }] });
      return { ok: true, trouble: null };
    };
    await form.getByRole('button', { name: 'Next: the pairs' }).click();
    await stage.sent('submit').toMatchObject({
      user: ANA,
      viewId: 'V1',
      values: {
        sources: { sources: 'old-1:6379\nold-2:6379' },
        destinations: { destinations: 'new-1:6379' },
        cutover: { cutover: 'overlap' },
        wipe: { wipe: ['yes'] },
      },
    });
    const fresh = form.getByLabel('New servers');
    await expect.poll(() => fresh.getAttribute('aria-invalid')).toBe('true');
    await expect.poll(() => form.getByRole('alert').textContent()).toBe('There are 2 old servers and 1 new one.');
    expect(await old.inputValue()).toBe('old-1:6379\nold-2:6379');

    stage.server.answer = () => {
      stage.server.set({ views: [] });
      return { ok: true, trouble: null };
    };
    await page.keyboard.press('Escape');
    await stage.sent('close_view').toEqual({ kind: 'close_view', user: ANA, viewId: 'V1' });
    await form.waitFor({ state: 'detached' });
    await expect.poll(() => focused(field(page))).toBe(true);
  });

  it('opens the form from a message, by the shortcut in its menu', async () => {
    const page = await stage.show(story.PLANNED);
    const message = page.locator('[data-message]').first();
    const ts = await message.getAttribute('data-message');
    await message.hover();
    await message.getByRole('button', { name: /^Migrate these servers/ }).click();
    await stage.sent('shortcut').toEqual({ kind: 'shortcut', user: ANA, channel: CHANNEL, ts });
  });

  it('asks before a gate, keeps the focus in the question, and loses it nowhere when the button goes', async () => {
    const page = await stage.show(story.PLANNED, `#as=${BEN}`);
    const button = bot(page).getByRole('button', { name: 'Continue' });
    await button.focus();
    await page.keyboard.press('Enter');
    const question = page.getByRole('alertdialog', { name: 'Start replication?' });
    await question.waitFor();
    expect(await question.textContent()).toContain('204,386 keys');
    for (let turn = 0; turn < 5; turn++) {
      await page.keyboard.press('Tab');
      expect(await holdsFocus(question)).toBe(true);
    }
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'detached' });
    expect(await focused(button)).toBe(true);
    expect(stage.server.acts).toEqual([]);

    await page.keyboard.press('Enter');
    stage.server.answer = () => {
      stage.server.set(story.syncing(8));
      return { ok: true, trouble: null };
    };
    await question.getByRole('button', { name: 'Continue' }).click();
    await stage.sent('click').toEqual({
      kind: 'click',
      user: BEN,
      at: { channel: CHANNEL, ts: at(0) },
      actionId: 'gate:continue',
      blockId: 'actions',
      choose: null,
      values: {},
    });
    await button.waitFor({ state: 'detached' });
    await expect.poll(() => holdsFocus(bot(page))).toBe(true);
  });

  it('shows a refusal to Eve alone, and what went wrong with an act', async () => {
    const page = await stage.show(story.PLANNED, `#as=${EVE}`);
    stage.server.answer = () => {
      stage.server.set({ ephemerals: story.REFUSED.ephemerals });
      return { ok: false, trouble: 'The bot did not answer within three seconds.' };
    };
    await bot(page).getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Continue' }).click();
    await stage.sent('click').toMatchObject({ user: EVE });
    await page.getByText('Only visible to you').waitFor();
    await page
      .getByText(/not allowed to approve continue/)
      .last()
      .waitFor();
    await page.getByText('did not answer within three seconds').waitFor();
    await page.getByRole('radio', { name: /Ben/ }).check();
    await expect.poll(() => page.getByText('Only visible to you').count()).toBe(0);
  });

  it('opens a thread, writes into it, and gives the focus back when it closes', async () => {
    const page = await stage.show(story.SWITCHED);
    const replies = page.getByRole('button', { name: /5 replies/ });
    await replies.click();
    const thread = page.getByRole('region', { name: 'Thread' });
    await thread.getByText('writes paused for 12 ms at most').waitFor();
    await thread.getByRole('textbox').fill('well done');
    await page.keyboard.press('Enter');
    await stage.sent('say').toEqual({ kind: 'say', user: ANA, channel: CHANNEL, text: 'well done', threadTs: at(0) });
    await page.keyboard.press('Escape');
    await thread.waitFor({ state: 'detached' });
    expect(await focused(replies)).toBe(true);
  });

  it('can be used by the keyboard alone, from the first key on', async () => {
    const page = await stage.show(story.PLANNED);
    expect(await focused(field(page))).toBe(true);
    const reach = async (what: string) => {
      for (let turn = 0; turn < 60; turn++) {
        const name = String(
          await page.evaluate(
            'document.activeElement.ariaLabel || document.activeElement.textContent || document.activeElement.value',
          ),
        );
        if (name.includes(what)) return;
        await page.keyboard.press('Shift+Tab');
      }
      throw new Error(`The keyboard does not reach ${what}.`);
    };
    await reach('2 replies');
    await reach('Continue');
    await reach('general');
    await reach(ANA);
    await page.keyboard.press('ArrowRight');
    expect(await page.getByRole('radio', { name: /Ben/ }).isChecked()).toBe(true);
    await reach('Skip to the message field');
    await page.keyboard.press('Enter');
    expect(await focused(field(page))).toBe(true);
  });
});
