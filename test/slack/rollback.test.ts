/** `/redis-migrate rollback ID`, and `abort ID` where it is too late, in every state of a migration. */
import { afterEach, expect, it, vi } from 'vitest';
import type { MigrationView } from '../../src/domain/view.ts';
import { ANA, BEN, EVE, MIGRATIONS } from '../../src/sandbox/slack/index.ts';
import { type Bot, startBot } from './bot.ts';
import { actionView } from './support.ts';

const ID = 'm-0000';
const OPEN = { open: true, text: 'The old server follows the new one and has every write.' };
const ROLL_BACK = actionView({
  action: 'migration:rollback',
  value: 'e9',
  consequence: 'Writes on 1 shard stop for a moment.',
});
let made: Bot;
afterEach(() => made.close());

async function migration(patch: Partial<MigrationView>): Promise<void> {
  made = await startBot('socket', { approvers: [BEN] });
  const text = 'start --src old-1:6379 --dst new-1:6379 --name orders';
  await made.slack.command({ user: ANA, channel: MIGRATIONS, text });
  await vi.waitUntil(() => made.service.opened.length > 0, { timeout: 10_000 });
  made.service.patch(ID, { phase: 'switched', actions: [], ...patch });
}

const answer = (user: string, text: string) => made.slack.command({ user, channel: MIGRATIONS, text });

it('shows an approver the numbers and the button', async () => {
  await migration({ wayBack: OPEN, actions: [ROLL_BACK] });
  const asked = await (await answer(BEN, `rollback ${ID}`)).ephemeral('Writes on 1 shard stop for a moment.');
  expect(made.slack.buttons(asked).map((one) => one.element.action_id)).toEqual(['migration:rollback']);
});

it('tells others that the way back is open, without a button that is not theirs', async () => {
  await migration({ wayBack: OPEN, actions: [ROLL_BACK] });
  const told = await (await answer(EVE, `rollback ${ID}`)).ephemeral('The way back is open. You may not approve.');
  expect(made.slack.buttons(told)).toEqual([]);
});

it.each<[string, Partial<MigrationView>, string]>([
  ['in a closed one', { wayBack: { open: false, text: 'Shard 1: it was restarted.' } }, 'closed. Shard 1: it was rest'],
  ['while a cut-over runs', { phase: 'switching', wayBack: OPEN }, 'A cut-over is running'],
  ['in an overlap', { cutover: 'overlap' }, 'An overlap has no way back'],
  ['before the switch', { phase: 'streaming' }, 'Nothing has gone over'],
  ['in a finished one', { phase: 'finished' }, 'closed when finish was passed'],
  ['in a rolled back one', { phase: 'rolled_back' }, 'It was rolled back already'],
  ['while it is rolled back', { phase: 'rolling_back' }, 'is rolling back and cannot be rolled back now. It is being'],
])('says %s why it cannot be done', async (_what, patch, why) => {
  await migration(patch);
  await (await answer(BEN, `rollback ${ID}`)).ephemeral(why);
});

it('names the way back to whoever wants to abort too late', async () => {
  await migration({ wayBack: OPEN, actions: [ROLL_BACK] });
  await (await answer(BEN, `abort ${ID}`)).ephemeral(`It can be rolled back: \`/redis-migrate rollback ${ID}\`.`);
});

it.each(['rollback', 'rollback orders', `rollback ${ID} now`, 'rollback m-zzzz', 'rollback <!channel>'])(
  '`%s` is answered, and does nothing',
  async (text) => {
    await migration({ wayBack: OPEN, actions: [ROLL_BACK] });
    await (await answer(BEN, text)).ephemeral('✖️');
    expect(made.service.clicks).toEqual([]);
  },
);
