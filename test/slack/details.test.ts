/** Looking at the shards and at the Home tab as a person does, over the sandbox, which refuses what Slack refuses. */
import { afterEach, expect, it, vi } from 'vitest';
import { ANA, BEN, EVE, MIGRATIONS } from '../../src/sandbox/slack/index.ts';
import { type Bot, type BotOptions, startBot } from './bot.ts';
import { actionView, row, shardView, view } from './support.ts';

const bots: Bot[] = [];
afterEach(async () => {
  await Promise.all(bots.splice(0).map((one) => one.close()));
});

const ID = 'm-7k3q';

async function bot(options: BotOptions = {}): Promise<Bot> {
  const made = await startBot('socket', options);
  bots.push(made);
  return made;
}

/** A migration of so many shards whose status message stands in the channel. */
async function running(made: Bot, shards: number): Promise<string> {
  const { ts } = made.slack.say({ user: ANA, channel: MIGRATIONS, text: 'Before.' });
  await made.slack.command({ user: ANA, channel: MIGRATIONS, text: 'start --src a --dst b --name orders' });
  await vi.waitUntil(() => made.service.opened.length > 0, { timeout: 10_000, interval: 10 });
  const messageTs = made.service.opened[0]?.ts ?? ts;
  made.service.put(
    view({
      phase: 'syncing',
      channel: made.service.opened[0]?.plan.channel ?? '',
      messageTs,
      shards: Array.from({ length: shards }, (_, index) =>
        shardView(index, index === shards - 1 ? { state: 'link_down', reason: 'The link is down.' } : {}),
      ),
      actions: [actionView({ action: 'migration:abort', consequence: 'It ends.' })],
    }),
  );
  await made.slack.waitFor(() => sees(made.slack.message(MIGRATIONS, messageTs), ID, 'syncing'), {
    what: 'the status',
    timeoutMs: 15_000,
  });
  return messageTs;
}

function sees(shown: unknown, ...texts: string[]): boolean {
  const all = JSON.stringify(shown) ?? '';
  return texts.every((text) => all.includes(text));
}

/** The form on top of this person's screen, once it has all of this. */
function form(made: Bot, user: string, ...texts: string[]) {
  return made.slack.waitFor(
    () => {
      const top = made.slack.openViews(user).at(-1);
      return top && sees(top, ...texts) && top;
    },
    { what: `a form with ${texts.join(', ')}` },
  );
}

it('whoever sees the message can look at a thousand shards, find one, and read its page', async () => {
  const made = await bot({ approvers: [BEN], requesters: [ANA] });
  const ts = await running(made, 1_000);
  const events = Array.from({ length: 14 }, (_, index) =>
    row(index + 2, { kind: 'trouble', shard: 999, text: '' }, { shard: 999, text: `Event ${index}.` }),
  );
  made.service.tell(ID, row(1, { kind: 'resumed', detail: '' }), ...events);

  await made.slack.click({ user: EVE, channel: MIGRATIONS, ts, actionId: 'migration:details' });
  const list = await form(made, EVE, '*1000* link down', '1 to 20 of 1,000', 'The link is down.');
  const click = (viewId: string, actionId: string) => made.slack.click({ user: EVE, viewId, actionId });
  await click(list.id, 'details:next');
  const second = await form(made, EVE, '21 to 40 of 1,000');
  expect(second.id).toBe(list.id);

  const submit = (text: string) => made.slack.submit({ user: EVE, viewId: list.id, values: { find: { find: text } } });
  await submit('nowhere');
  await form(made, EVE, 'No shard has that', 'numbers 1 to 1000');
  await submit('old-77');
  await form(made, EVE, 'Found: 11 shards, worst first', 'old-777:6379');
  const found = await submit('#1000');
  expect(found.trouble).toBeNull();
  const page = await form(made, EVE, '*Shard 1000* is link down', 'Event 13.', 'As of ');
  expect(page.previous_view_id).toBe(list.id);
  expect(sees(page, 'Event 3.')).toBe(false);

  await click(page.id, 'shard:older');
  await form(made, EVE, 'Older events', 'Event 3.');
  await click(page.id, 'shard:newest');
  made.service.patch(ID, { shards: Array.from({ length: 1_000 }, (_, index) => shardView(index)) });
  await form(made, EVE, 'Event 13.');
  await click(page.id, 'shard:refresh');
  await form(made, EVE, '*Shard 1000* is in step');
  await made.slack.closeView({ user: EVE, viewId: page.id });
  await click(list.id, 'details:refresh');
  const again = await form(made, EVE, 'old-77');
  await made.slack.click({ user: EVE, viewId: again.id, blockId: 'shard 76', actionId: 'details:shard' });
  await form(made, EVE, '*Shard 77* is in step', 'nothing has happened to this shard yet');
  expect(made.service.clicks).toEqual([]);
  expect(made.slack.ephemerals(EVE)).toEqual([]);
});

it('says so when Slack does not open the list, and when the migration is not known', async () => {
  const made = await bot();
  const ts = await running(made, 2);
  const open = () => made.slack.click({ user: EVE, channel: MIGRATIONS, ts, actionId: 'migration:details' });
  made.slack.failNext({ method: 'views.open', error: 'expired_trigger_id' });
  await (await open()).ephemeral('Slack did not show that (`expired_trigger_id`). Please click again.');
  made.service.all.clear();
  await (await open()).ephemeral('There is no migration');
});

it('sup and a search of the history answer to the person alone, sup in one line', async () => {
  const made = await bot();
  await running(made, 3);
  const say = (text: string) => made.slack.command({ user: EVE, channel: MIGRATIONS, text });
  const sup = await (await say('sup')).ephemeral('largest lag');
  expect(sup.text.split('\n')).toHaveLength(2);
  expect((await (await say(`sup ${ID}`)).ephemeral('largest lag')).text.split('\n')).toHaveLength(1);
  await (await say('sup m-zzzz')).ephemeral('There is no migration');
  await (await say('history old-3')).ephemeral('Migrations found');
  await (await say(`history <@${BEN}|ben>`)).ephemeral('No migration has all of these words');
});

it('the Home tab opens the details, the history and a gate, and answers in the tab', async () => {
  const made = await bot();
  await running(made, 3);
  made.service.patch(ID, {
    actions: [actionView({ action: 'gate:switch', value: 'e9' })],
    gates: [{ gate: 'switch', open: true, reason: 'All are in step.', approvals: [], needed: 2 }],
  });
  await made.slack.openHome(BEN);
  const home = (...texts: string[]) =>
    made.slack.waitFor(
      () => {
        const shown = made.slack.homeView(BEN);
        return shown && sees(shown, ...texts) && shown;
      },
      { what: `a Home tab with ${texts.join(', ')}` },
    );
  const tab = await home('*switch* is open and wants your approval (0 of 2 approvals)', 'Running');
  const blockId = made.slack.buttons(tab).find((one) => one.element.action_id === 'gate:switch')?.blockId ?? '';
  made.service.answer = { accepted: false, text: `Already approved by <@${ANA}>.` };
  await made.slack.click({ user: BEN, viewId: tab.id, blockId, actionId: 'gate:switch' });
  await home(`✖️ Already approved by <@${ANA}>.`);
  expect(made.service.clicks).toMatchObject([{ migration: ID, action: 'gate:switch', user: BEN, value: 'e9' }]);

  await made.slack.click({ user: BEN, viewId: tab.id, blockId, actionId: 'migration:details' });
  const list = await form(made, BEN, 'Find a shard');
  await made.slack.closeView({ user: BEN, viewId: list.id });

  await made.slack.click({ user: BEN, viewId: tab.id, actionId: 'home:history' });
  const history = await form(made, BEN, 'Asked for or approved by');
  const search = (words: string, person: string | null) =>
    made.slack.submit({
      user: BEN,
      viewId: history.id,
      values: { find: { find: words }, ...(person === null ? {} : { person: { person } }) },
    });
  await search('payments', null);
  await form(made, BEN, 'No migration has all of that.');
  await search('old-2', ANA);
  await form(made, BEN, 'Found: 1 migration, newest first', '*orders*');
});
