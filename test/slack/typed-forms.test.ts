/** The forms that ask for more than a click, as people fill them in. */
import { afterEach, expect, it, vi } from 'vitest';
import type { ActionId } from '../../src/domain/view.ts';
import { ANA, BEN, EVE, MIGRATIONS } from '../../src/sandbox/slack/index.ts';
import { readConfirmForm } from '../../src/slack/read-form.ts';
import { type Bot, startBot } from './bot.ts';
import { actionView, gateView, row } from './support.ts';

const ID = 'm-0000';
let made: Bot;
afterEach(() => made.close());

/** A migration with one button, which is on the screen. */
async function withButton(action: ActionId, options = {}): Promise<string> {
  made = await startBot('socket', options);
  const text = 'start --src old-1:6379 --dst new-1:6379 --name orders';
  await made.slack.command({ user: ANA, channel: MIGRATIONS, text });
  await vi.waitUntil(() => made.service.opened.length > 0, { timeout: 10_000 });
  const ts = made.service.opened[0]?.ts ?? '';
  const consequence = 'Somebody still tries to write to an old master.';
  made.service.patch(ID, {
    phase: 'switched',
    actions: [actionView({ action, value: 'e9', ask: 'form', consequence })],
  });
  await made.slack.waitFor(
    () => {
      const message = made.slack.message(MIGRATIONS, ts);
      return message && made.slack.buttons(message).some((one) => one.element.action_id === action);
    },
    { what: `the button ${action}` },
  );
  return ts;
}

async function formOf(user: string) {
  return made.slack.waitFor(() => made.slack.openViews(user).at(-1), { what: 'the form' });
}

it('finish anyway takes the name and a reason; what is missing is told at its field', async () => {
  const ts = await withButton('migration:override');
  await made.slack.click({ user: BEN, channel: MIGRATIONS, ts, actionId: 'migration:override' });
  const form = await formOf(BEN);
  expect(form.callback_id).toBe('confirm:override');
  expect(JSON.stringify(form.blocks)).toContain('Somebody still tries to write to an old master.');
  expect(made.service.clicks).toEqual([]);
  const fill = (name: string, reason: string) => ({ name: { name }, reason: { reason } });
  const wrong = await made.slack.submit({ user: BEN, viewId: form.id, values: fill('ordrs', '   ') });
  expect(wrong.ackBody).toMatchObject({
    errors: { name: expect.stringContaining('not the name'), reason: expect.stringContaining('Say why') },
  });
  const half = await made.slack.submit({ user: BEN, viewId: form.id, values: fill('orders', ' ') });
  expect(half.ackBody).toMatchObject({ errors: { reason: expect.stringContaining('Say why') } });
  expect(made.service.clicks).toEqual([]);
  const right = await made.slack.submit({ user: BEN, viewId: form.id, values: fill('orders', ' It is a cron job. ') });
  expect(right.trouble).toBeNull();
  expect(made.service.clicks).toEqual([
    {
      migration: ID,
      action: 'migration:override',
      user: BEN,
      value: 'e9',
      typedName: 'orders',
      reason: 'It is a cron job.',
    },
  ]);
});

it('a denial takes a reason and no name', async () => {
  const ts = await withButton('migration:deny');
  await made.slack.click({ user: BEN, channel: MIGRATIONS, ts, actionId: 'migration:deny' });
  const form = await formOf(BEN);
  expect([form.callback_id, JSON.stringify(form.blocks).includes('Type the name')]).toEqual(['confirm:deny', false]);
  const empty = await made.slack.submit({ user: BEN, viewId: form.id, values: { reason: { reason: '  ' } } });
  expect(empty.ackBody).toMatchObject({ errors: { reason: expect.stringContaining('Say why') } });
  const right = await made.slack.submit({ user: BEN, viewId: form.id, values: { reason: { reason: ' Not today. ' } } });
  expect(right.trouble).toBeNull();
  const typed = { typedName: null, reason: 'Not today.' };
  expect(made.service.clicks).toEqual([{ migration: ID, action: 'migration:deny', user: BEN, value: 'e9', ...typed }]);
});

it('breaking the glass takes the name and a reason', async () => {
  const ts = await withButton('migration:break_glass');
  await made.slack.click({ user: BEN, channel: MIGRATIONS, ts, actionId: 'migration:break_glass' });
  const form = await formOf(BEN);
  const fill = (name: string, reason: string) =>
    made.slack.submit({ user: BEN, viewId: form.id, values: { name: { name }, reason: { reason } } });
  expect((await fill('orders', ' ')).ackBody).toMatchObject({ errors: { reason: expect.stringContaining('Say why') } });
  expect((await fill('order', 'x')).ackBody).toMatchObject({
    errors: { name: expect.stringContaining('not the name') },
  });
  expect((await fill('orders', 'Nobody is awake.')).trouble).toBeNull();
  expect(made.service.clicks).toMatchObject([
    { action: 'migration:break_glass', typedName: 'orders', reason: 'Nobody is awake.' },
  ]);
});

it('whoever has nothing to take back is told so, alone', async () => {
  const ts = await withButton('migration:revoke');
  made.service.patch(ID, { actions: [actionView({ action: 'migration:revoke', value: 'e9', ask: 'confirm' })] });
  made.service.answer = { accepted: false, text: 'No approval of yours counts now, so there is nothing to take back.' };
  const click = await made.slack.click({ user: EVE, channel: MIGRATIONS, ts, actionId: 'migration:revoke' });
  await click.ephemeral('nothing to take back');
});

it('a deactivated person may not approve, and approvers are called by name in the channel', async () => {
  const ts = await withButton('migration:break_glass', { approvers: [BEN, EVE], selfApproval: false });
  made.slack.addUser({ id: EVE, name: 'eve', deleted: true });
  const click = await made.slack.click({ user: EVE, channel: MIGRATIONS, ts, actionId: 'migration:break_glass' });
  await click.ephemeral('Your Slack account is deactivated');
  made.service.patch(ID, { phase: 'planned', requestedBy: EVE, gates: [gateView('continue', { open: true })] });
  const call = row(2, { kind: 'approval_needed', gate: 'continue', missing: 1 }, { text: 'Gate *continue* needs 1.' });
  made.service.tell(ID, call);
  const told = await made.slack.waitFor(
    () => made.slack.thread(MIGRATIONS, ts).find((one) => one.text.includes('Gate *continue* needs 1.')),
    { what: 'the call' },
  );
  // What came before may stand in the same message.
  expect(told.text.split('\n')).toContain(`🙋 Gate *continue* needs 1. <@${BEN}>`);
  expect(told).toMatchObject({ reply_broadcast: true });
});

it('keeps of a reason what the form has room for, whoever sends more', () => {
  const state = { name: { name: { value: 'orders' } }, reason: { reason: { value: ` ${'x'.repeat(3_000)}` } } };
  const data = { migration: ID, action: 'migration:override', value: 'e9', channel: MIGRATIONS };
  expect(readConfirmForm(state, JSON.stringify(data))?.reason).toBe('x'.repeat(300));
});

it('takes the name as a keyboard writes it, and nothing that only looks like it', async () => {
  await withButton('migration:abort');
  made.service.patch(ID, { name: 'ana\'s "big" move -- 2' });
  const { ts } = made.service.opened[0] ?? { ts: '' };
  await made.slack.click({ user: BEN, channel: MIGRATIONS, ts, actionId: 'migration:abort' });
  const form = await formOf(BEN);
  const type = (name: string) => made.slack.submit({ user: BEN, viewId: form.id, values: { name: { name } } });
  for (const name of ['Ana\'s "big" move -- 2', 'ana\'s "big" move', 'anas big move 2', '<!channel>'])
    expect((await type(name)).ackBody).toMatchObject({ errors: { name: expect.stringContaining('not the name') } });
  expect(made.service.clicks).toEqual([]);
  expect((await type('ana’s “big” move — 2 ')).trouble).toBeNull();
  expect(made.service.clicks).toMatchObject([{ action: 'migration:abort', typedName: 'ana\'s "big" move -- 2' }]);
});

it('shutting down the old servers takes the name, and no reason', async () => {
  const ts = await withButton('migration:axe');
  const message = made.slack.message(MIGRATIONS, ts);
  expect(message && made.slack.buttons(message)[0]?.element).toMatchObject({
    style: 'danger',
    text: { text: 'Shut down the old servers…' },
  });
  await made.slack.click({ user: BEN, channel: MIGRATIONS, ts, actionId: 'migration:axe' });
  const form = await formOf(BEN);
  expect(form.callback_id).toBe('confirm:axe');
  expect(JSON.stringify(form.blocks)).not.toContain('reason');
  const right = await made.slack.submit({ user: BEN, viewId: form.id, values: { name: { name: 'orders' } } });
  expect(right.trouble).toBeNull();
  expect(made.service.clicks).toEqual([
    { migration: ID, action: 'migration:axe', user: BEN, value: 'e9', typedName: 'orders' },
  ]);
});

it('what becomes of the old servers is shown in the message of a finished migration, also after a restart', async () => {
  const ts = await withButton('migration:axe');
  const axe = { running: true, lines: [`The old servers are being shut down, as <@${BEN}> asked: 0 of 1 done.`] };
  const shows = (text: string) =>
    made.slack.waitFor(() => JSON.stringify(made.slack.message(MIGRATIONS, ts)?.blocks).includes(text), { what: text });
  made.service.patch(ID, { phase: 'finished', waitingFor: null, actions: [], axe });
  await shows(`as <@${BEN}> asked`);
  await made.app.stop();
  made.service.patch(ID, { axe: { running: false, lines: ['1 of 1 old server is shut down.'] } });
  const { slack, store, service } = made;
  made = await startBot('socket', { slack, store, service });
  await shows('1 of 1 old server is shut down.');
});

it.each(['migration:override', 'migration:axe', 'migration:abort', 'gate:switch'] as const)(
  '%s: who may not approve is told so before any form',
  async (action) => {
    const ts = await withButton(action, { approvers: [BEN] });
    const click = await made.slack.click({ user: EVE, channel: MIGRATIONS, ts, actionId: action });
    await click.ephemeral('You may not approve.');
    expect(made.slack.openViews(EVE)).toEqual([]);
  },
);

it('that finish was opened without quiet is told to the whole channel, and calls nobody by its reason', async () => {
  const ts = await withButton('migration:override');
  const event = { kind: 'override_asked', user: BEN, click: 8, entry: 7, reason: 'x' } as const;
  const text = `Gate *finish* was opened by <@${BEN}> without the quiet period: "<!channel> & all".`;
  made.service.tell(ID, row(2, event, { actor: BEN, text }));
  const told = await made.slack.waitFor(
    () => made.slack.thread(MIGRATIONS, ts).find((one) => one.text.includes('without the quiet period')),
    { what: 'the row in the thread' },
  );
  expect(told).toMatchObject({ reply_broadcast: true });
  expect(told.text).toContain(`<@${BEN}>`);
  expect(told.text).toContain('&lt;!channel&gt; &amp; all');
});
