/** The form for a new migration, as people come to it, fill it in and change their minds. */
import { afterEach, expect, it, vi } from 'vitest';
import { ANA, BEN, EVE, MIGRATIONS } from '../../src/sandbox/slack/index.ts';
import type { SandboxView } from '../../src/sandbox/slack/views.ts';
import { matchingGroups } from '../../src/slack/matching-groups.ts';
import { type Bot, type BotOptions, MODES, type Mode, startBot } from './bot.ts';

const bots: Bot[] = [];
afterEach(async () => {
  await Promise.all(bots.splice(0).map((one) => one.close()));
});

async function bot(mode: Mode = 'socket', options: BotOptions = {}): Promise<Bot> {
  const started = await startBot(mode, options);
  bots.push(started);
  return started;
}

function until(condition: () => boolean): Promise<unknown> {
  return vi.waitUntil(condition, { timeout: 10_000, interval: 10 });
}

/** The form on top once it says this. */
function shows(made: Bot, user: string, text: string): Promise<SandboxView> {
  return made.slack.waitFor(
    () => {
      const view = made.slack.openViews(user).at(-1);
      return view !== undefined && JSON.stringify(view.blocks).includes(text) && view;
    },
    { what: `the form of ${user} with ${text}` },
  );
}

async function opened(made: Bot, user = ANA): Promise<SandboxView> {
  await made.slack.command({ user, channel: MIGRATIONS });
  return shows(made, user, 'sources');
}

function fill(sources: string, destinations: string, more: Readonly<Record<string, string | readonly string[]>> = {}) {
  const all = { sources, destinations, ...more };
  return Object.fromEntries(Object.entries(all).map(([field, value]) => [field, { [field]: value }]));
}

async function pairs(made: Bot, values: ReturnType<typeof fill>, user = ANA): Promise<SandboxView> {
  const form = await opened(made, user);
  const sent = await made.slack.submit({ user, viewId: form.id, values });
  expect([sent.trouble, sent.ackBody]).toMatchObject([null, { response_action: 'push' }]);
  return shows(made, user, 'rich_text');
}

const tableOf = (view: SandboxView) =>
  JSON.stringify(view.blocks.filter((block) => block.type === 'rich_text')).replaceAll(/ +/g, ' ');
const submit = (made: Bot, view: SandboxView, values = {}) =>
  made.slack.submit({ user: view.user, viewId: view.id, values });
const order = (revision: number, text: string) => ({ [`order-${revision}-0`]: { order: text } });

it.each(MODES)('over %s: from the bare command by way of the pairs to a migration', async (mode) => {
  const made = await bot(mode);
  const page = await pairs(
    made,
    fill('old-1:6379 old-2:6379', 'new-1\n\nnew-2,', {
      name: 'the move',
      wipe: ['yes'],
      canary: '2',
      soak: '0.5',
      reason: 'OPS-12 <!channel>',
    }),
  );
  expect(tableOf(page)).toContain('1 old-1:6379 → new-1:6379\\n2 old-2:6379 → new-2:6379');
  expect(JSON.stringify(page.blocks)).toContain('OPS-12 &lt;!channel&gt;');
  expect([made.service.opened, made.store.inbox()]).toEqual([[], []]);
  const sent = await submit(made, page);
  expect(sent.ackBody).toEqual({ response_action: 'clear' });
  expect(made.slack.openViews(ANA)).toEqual([]);
  await until(() => made.service.opened.length > 0);
  const { plan } = made.service.opened[0]!;
  expect(plan).toMatchObject({ name: 'the move', yesWipe: true, cutover: 'fenced', channel: MIGRATIONS });
  expect(made.service.drafted.at(-1)).toMatchObject({
    canary: { shard: 1, soakMs: 30_000 },
    reason: 'OPS-12 <!channel>',
  });
});

it('a group whose name is too long for a select keeps no other out of it', () => {
  const groups = ['orders', `orders-${'x'.repeat(80)}`, ''];
  expect(matchingGroups('', groups)).toEqual(['orders']);
  expect(matchingGroups('orders', groups)).toEqual(['orders']);
});

it('is on the screen before Slack has told who may ask, and says who may', async () => {
  const made = await bot('socket', { requesters: ['S0OPS'] });
  made.slack.addUserGroup({ id: 'S0OPS', handle: 'ops', users: [ANA] });
  made.slack.setLatency(300, 'usergroups.users.list');
  await made.slack.command({ user: EVE, channel: MIGRATIONS });
  const first = await shows(made, EVE, 'One moment');
  expect(first.submit).toBeNull();
  const refused = await shows(made, EVE, 'You may not ask for migrations.');
  expect([refused.id, refused.submit]).toEqual([first.id, null]);
  await made.slack.command({ user: ANA, channel: MIGRATIONS });
  expect((await shows(made, ANA, 'sources')).submit).toBe('Next: the pairs');
});

it('says at their fields what is wrong, all at once, and looks at nothing', async () => {
  const made = await bot('socket', { groups: ['orders-old', 'orders-new'] });
  const form = await opened(made);
  const errors = async (values: ReturnType<typeof fill>) =>
    ((await submit(made, form, values)).ackBody as { errors?: Record<string, string> }).errors;
  expect(await errors(fill('', '', { canary: '0', soak: '9999' }))).toEqual({
    sources: expect.stringContaining('Choose the group of the old servers'),
    destinations: expect.stringContaining('Choose the group of the new servers'),
    canary: expect.stringContaining('counted from 1'),
    soak: expect.stringContaining('0 to 1440'),
  });
  expect(await errors(fill('old-1', 'new-1', { sources_group: 'orders-old' }))).toEqual({
    sources: expect.stringContaining('not both'),
  });
  expect(await errors(fill('old-1', 'new-1', { soak: '5' }))).toEqual({ soak: expect.stringContaining('goes first') });
  expect(await errors(fill('bad-1, old-2', 'new-1\nnew-2'))).toEqual({ sources: expect.stringContaining('bad-1') });
  expect(await errors(fill('old-1', 'new-1\nnew-2'))).toEqual({ destinations: expect.stringContaining('not as many') });
  const half = await errors(fill('redis://:hun ter2@old-1', 'new-1'));
  expect(half).toEqual({ sources: expect.stringContaining('may be a password') });
  expect(JSON.stringify(half)).not.toMatch(/hun|ter2/);
  const group = await errors({ ...fill('', 'new-1 new-2'), sources_group: { sources_group: 'bad-group' } });
  expect(group).toEqual({ sources_group: expect.stringContaining('bad-group') });
  made.service.draft = () => ({
    ok: false,
    problems: Array.from({ length: 9 }, (_, n) => ({ field: 'destinations', text: `new-${n} is given twice.` })),
  });
  expect(await errors(fill('old-1', 'new-1'))).toEqual({
    destinations: 'new-0 is given twice. new-1 is given twice. new-2 is given twice. And 6 more problems.',
  });
  expect(made.slack.openViews(ANA)).toHaveLength(1);
});

it('takes a time, a window and a zone, which begins with the person’s own', async () => {
  const made = await bot();
  const form = await opened(made);
  const zone = form.blocks.find((block) => block.block_id === 'zone');
  expect(zone).toMatchObject({ element: { initial_value: 'UTC' } });
  await submit(made, form, fill('old-1', 'new-1'));
  expect(made.service.drafted.at(-1)).not.toHaveProperty('schedule');
  await made.slack.closeView({ user: ANA, viewId: made.slack.openViews(ANA).at(-1)!.id });
  await submit(made, form, fill('old-1', 'new-1', { auto_switch: ['yes'], at: '1796176800', zone: 'Europe/Berlin' }));
  expect(made.service.drafted.at(-1)?.schedule).toEqual({
    at: '2026-12-02T02:00:00.000Z',
    zone: 'Europe/Berlin',
    autoSwitch: true,
  });
  await made.slack.closeView({ user: ANA, viewId: made.slack.openViews(ANA).at(-1)!.id });
  await submit(made, form, fill('old-1', 'new-1', { window: '0 2 * * 6', window_minutes: '90' }));
  expect(made.service.drafted.at(-1)?.schedule).toEqual({ window: '0 2 * * 6', windowMinutes: '90', zone: 'UTC' });
});

it('offers the groups of the inventory by what is typed: names and nothing else', async () => {
  const groups = ['orders-old', 'orders-new', 'users-old', ...Array.from({ length: 150 }, (_, n) => `cache-${n}`)];
  const made = await bot('http', { groups });
  const form = await opened(made);
  const offered = async (query: string) => {
    const sent = await made.slack.suggest({ user: ANA, viewId: form.id, actionId: 'sources_group', query });
    expect(sent.trouble).toBeNull();
    return (sent.ackBody as { options: { value: string; text: { text: string } }[] }).options.map((one) => one.value);
  };
  expect(await offered('')).toHaveLength(100);
  expect(await offered('OLD')).toEqual(['orders-old', 'users-old']);
  expect(await offered('ordres-new')).toEqual(['orders-new']);
  expect(await offered('nonsense')).toEqual([]);
  const sent = await submit(made, form, {
    sources_group: { sources_group: 'orders-old' },
    destinations_group: { destinations_group: 'orders-new' },
  });
  expect(sent.ackBody).toMatchObject({ response_action: 'push' });
  expect(made.service.drafted.at(-1)).toMatchObject({ sources: ['orders-old'], destinations: ['orders-new'] });
});

it('another order is shown before it is started', async () => {
  const made = await bot();
  const page = await pairs(made, fill('old-1 old-2 old-3', 'new-3 new-1 new-2'));
  expect(JSON.stringify(page.blocks)).toContain('The numbers in the names of shards 1, 2 and 3 are not the same');
  const wrong = await submit(made, page, order(0, 'new-1 new-1 new-2'));
  expect(wrong.ackBody).toMatchObject({ errors: { 'order-0-0': expect.stringContaining('Missing: new-3:6379.') } });
  const changed = await submit(made, page, order(0, 'new-1\nnew-3\nnew-2'));
  expect(changed.ackBody).toMatchObject({ response_action: 'update' });
  expect(made.service.opened).toEqual([]);
  const second = await shows(made, ANA, 'You changed the order');
  expect(tableOf(second)).toContain('1 old-1:6379 → new-1:6379\\n2 old-2:6379 → new-3:6379');

  await made.slack.click({ user: ANA, viewId: second.id, actionId: 'pairs:match', values: order(1, 'whatever') });
  const third = await shows(made, ANA, 'order-2-0');
  expect(tableOf(third)).toContain('2 old-2:6379 → new-2:6379\\n3 old-3:6379 → new-3:6379');
  expect(JSON.stringify(third.blocks)).not.toContain('The numbers in the names');
  await made.slack.click({ user: ANA, viewId: third.id, actionId: 'pairs:given', values: order(2, '') });
  const fourth = await shows(made, ANA, 'order-3-0');
  expect(tableOf(fourth)).toContain('1 old-1:6379 → new-3:6379');
  await made.slack.click({ user: ANA, viewId: fourth.id, actionId: 'pairs:match' });
  await submit(made, await shows(made, ANA, 'order-4-0'));
  await until(() => made.service.opened.length > 0);
  expect(made.service.opened[0]?.plan.shards.map((one) => `${one.source.host} ${one.destination.host}`)).toEqual([
    'old-1 new-1',
    'old-2 new-2',
    'old-3 new-3',
  ]);
});

it('only looks when only that was asked for, and answers to the person alone', async () => {
  const made = await bot();
  const page = await pairs(made, fill('old-1', 'new-1', { check: ['yes'] }));
  expect(page.submit).toBe('Check');
  await submit(made, page);
  await until(() => made.slack.ephemerals(ANA).some((one) => one.text.includes('Check only')));
  expect([made.service.opened, made.slack.messages(MIGRATIONS), made.store.inbox()]).toEqual([[], [], []]);
});

it('is forgotten with a restart or when it was sent, says so, and begins again from its first page', async () => {
  const made = await bot();
  const page = await pairs(made, fill('old-1 old-2', 'new-1 new-2'));
  const { slack, store, service } = made;
  await made.app.stop();
  const next = await startBot('socket', { slack, store, service });
  bots.push(next);
  const gone = await submit(next, page);
  expect(gone.ackBody).toMatchObject({ response_action: 'update' });
  const notice = await shows(next, ANA, 'has forgotten this page');
  await slack.closeView({ user: ANA, viewId: notice.id });
  const first = slack.openViews(ANA).at(-1)!;
  await submit(next, first, fill('old-1 old-2', 'new-1 new-2'));
  await submit(next, await shows(next, ANA, 'rich_text'));
  await until(() => service.opened.length > 0);
});

it('opens from the Home tab and asks for the channel there', async () => {
  const made = await bot();
  await made.slack.openHome(BEN);
  const home = await made.slack.waitFor(() => made.slack.homeView(BEN), { what: 'the Home tab' });
  await made.slack.click({ user: BEN, viewId: home.id, actionId: 'home:start' });
  const form = await shows(made, BEN, 'conversations_select');
  await submit(made, form, fill('old-1', 'new-1', { channel: MIGRATIONS }));
  await submit(made, await shows(made, BEN, 'rich_text'));
  await until(() => made.service.opened.length > 0);
  expect(made.service.opened[0]?.plan.channel).toBe(MIGRATIONS);
});

it('opens from a message with the servers that it names, and none of its passwords', async () => {
  const made = await bot('http');
  const { ts } = made.slack.say({
    user: EVE,
    channel: MIGRATIONS,
    text: 'please move redis://app:hunter2@old-1:7000 and old-2:7000 to new-1:7000, new-2:7000',
  });
  const chosen = await made.slack.shortcut({ user: ANA, channel: MIGRATIONS, ts, callbackId: 'migrate_from_message' });
  expect(chosen.trouble).toBeNull();
  const form = await shows(made, ANA, 'sources');
  expect(JSON.stringify(form.blocks)).not.toContain('hunter2');
  const sent = await submit(made, form);
  expect(sent.ackBody).toMatchObject({ response_action: 'push' });
  expect(made.service.drafted.at(-1)).toMatchObject({
    sources: ['redis://app@old-1:7000', 'old-2:7000'],
    destinations: ['new-1:7000', 'new-2:7000'],
  });
});

it('asks for another try when it comes while the bot stops, and keeps what was typed', async () => {
  const made = await bot();
  const form = await opened(made);
  let release = () => {};
  made.service.slow = new Promise((resolve) => (release = resolve));
  await made.slack.command({ user: BEN, channel: MIGRATIONS, text: 'start --src a --dst b' });
  const stopping = made.app.stop();
  const late = await submit(made, form, fill('old-1', 'new-1'));
  expect(late.ackBody).toMatchObject({ errors: { sources: expect.stringContaining('being restarted') } });
  release();
  await stopping;
});
