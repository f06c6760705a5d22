/** The story that the pictures of docs/slack.md are taken from: five migrations, with something of everything. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { manyShards } from './many.mjs';
import { peopleOf } from './people.mjs';

const NAME = { name: { name: 'orders' } };

export const PARTS = ['forms', 'findings', 'schedule', 'canary', 'end', 'many'];

/** `parts`: some of PARTS, in any order. */
export async function takePictures(stage, camera, parts) {
  const story = new Story(stage, camera);
  for (const part of PARTS.filter((one) => parts.includes(one))) await story[part]();
}

class Story {
  constructor(stage, camera) {
    this.stage = stage;
    this.camera = camera;
    this.people = peopleOf(stage);
  }

  /** The live message of the newest migration. */
  async status(name, { user = this.stage.ANA, ...which } = {}) {
    const { ts } = await this.people.message();
    const page = await this.camera.show({ user, channel: this.stage.MIGRATIONS }, which);
    await this.camera.keep(name, page.locator(`.channel [data-message="${ts}"]`));
  }

  async answer(name, user, text) {
    const { slack, MIGRATIONS } = this.stage;
    const before = slack.ephemerals(user).length;
    await this.people.command(user, text);
    await this.people.until('an answer', () => slack.ephemerals(user).length > before);
    const page = await this.camera.show({ user, channel: MIGRATIONS });
    await this.camera.keep(name, page.locator('.channel .message-ephemeral').last());
  }

  async form(name, user, which) {
    const page = await this.camera.show({ user, channel: this.stage.MIGRATIONS }, which);
    await this.camera.keep(name, page.locator('dialog[open]').last());
  }

  async home(name, user, which) {
    await this.stage.slack.openHome(user);
    const page = await this.camera.show({ user, channel: 'home' }, which);
    await page.waitForTimeout(1_500);
    await this.camera.keep(name, page.locator('.home-inside'));
  }

  /** Before anything runs: completion, the form, what is refused, help. */
  async forms() {
    const { ANA, MIGRATIONS } = this.stage;
    const { camera, people } = this;
    await this.home('home-empty', ANA);
    const page = await camera.show({ user: ANA, channel: MIGRATIONS });
    const write = page.getByRole('textbox', { name: 'Message #migrations' });
    await write.pressSequentially('/redis-migrate s');
    await page.waitForTimeout(300);
    await camera.keepBetween('completion', page, '.composer :has(> [role=listbox])', '.composer');
    await write.fill('');

    await people.command(ANA, '');
    await people.formThat(ANA, /sources_group/);
    const form = page.getByRole('dialog', { name: /Migrate/ });
    for (const [place, group] of ['orders-old', 'orders-new'].entries()) {
      await form.getByRole('combobox').nth(place).click();
      await page.getByRole('option', { name: group }).click();
    }
    await this.form('form-groups', ANA);
    await form.getByRole('button', { name: 'Next: the pairs' }).click();
    const pairs = page.getByRole('dialog', { name: 'Who goes where' });
    await pairs.waitFor();
    await this.form('form-pairs', ANA);
    const order = pairs.getByRole('textbox').first();
    const [first, second, ...rest] = this.stage.addresses('new');
    await order.fill([second, first, ...rest].join('\n'));
    await pairs.locator('button[type=submit]').click();
    await page.waitForTimeout(1_000);
    await this.form('form-pairs-changed', ANA);
    await people.closeForms(ANA);

    await people.command(ANA, '');
    await people.formThat(ANA, /sources_group/);
    const again = page.getByRole('dialog', { name: /Migrate/ });
    const fields = again.locator('textarea');
    await fields.nth(0).fill(this.stage.addresses('old').slice(0, 3).join('\n'));
    await fields.nth(1).fill('10.1.0.1:6379\nnew-2:port');
    await again.getByRole('button', { name: 'Next: the pairs' }).click();
    await page.waitForTimeout(1_000);
    await camera.keepBetween('form-errors', page, 'dialog[open]', 'dialog[open]', 'dialog[open] :text-is("How")');
    await people.closeForms(ANA);

    await this.answer('refusal-typo', ANA, 'stauts');
    await this.answer('refusal-group', ANA, 'start orders-odl orders-new');
    await this.answer('help', ANA, 'help');
    await this.answer('help-start', ANA, 'help start');
    await this.answer('check', ANA, 'check orders-old orders-new');
  }

  /** A new server that holds a key; mended, begun, and aborted while it syncs. */
  async findings() {
    const { ANA, BEN, pairs } = this.stage;
    const { people } = this;
    await tell(pairs[1].new.port, 'SET left-behind 1');
    await people.begin(ANA, 'start orders-old orders-new --name orders --reason https://tickets.example.com/OPS-1234');
    await this.status('planned-findings');
    await tell(pairs[1].new.port, 'DEL left-behind');
    await people.press(BEN, 'migration:recheck');
    await people.hasButton('gate:continue');
    await this.status('planned');
    await this.home('home-waiting', BEN);
    await this.question('confirm', BEN, 'Continue');
    await people.press(BEN, 'gate:continue');
    await people.phase('syncing');
    await people.press(BEN, 'migration:abort');
    if (this.stage.slack.openViews(BEN).length > 0) await people.submit(BEN, NAME);
    await people.phase('aborted');
    await this.status('aborted');
  }

  /** Slack's own question before a click, with the numbers of the moment. */
  async question(name, user, label, which) {
    const page = await this.camera.show({ user, channel: this.stage.MIGRATIONS }, which);
    const { ts } = await this.people.message();
    await page.locator(`.channel [data-message="${ts}"]`).getByRole('button', { name: label, exact: true }).click();
    const dialog = page.getByRole('alertdialog');
    await this.camera.keep(name, dialog);
    await dialog.getByRole('button', { name: 'Not now' }).click();
  }

  async schedule() {
    const { ANA, BEN } = this.stage;
    const { people } = this;
    await people.begin(
      ANA,
      'start orders-old orders-new --name orders --at 02:00 --window "0 3 * * 6" --window-minutes 90 --zone Europe/Berlin --auto-switch',
    );
    await this.status('scheduled');
    await people.press(BEN, 'gate:continue');
    await sleep(1_500);
    await this.status('scheduled-approved');
    await people.press(ANA, 'migration:abort');
    if (this.stage.slack.openViews(ANA).length > 0) await people.submit(ANA, NAME);
    await people.phase('aborted');
  }

  /** One shard first; approvals, a no, and somebody who goes over it; then back. */
  async canary() {
    const { ANA, BEN, EVE, pairs } = this.stage;
    const { people } = this;
    await people.begin(ANA, 'start orders-old orders-new --name orders --canary 2 --soak 0.5');
    await people.press(BEN, 'gate:continue');
    await people.phase('syncing');
    await people.says(/[1-9]\d? % done/);
    await this.status('syncing');
    await this.status('syncing-dark', { theme: 'dark' });
    await this.looking();
    await people.hasButton('gate:switch');
    await this.status('streaming');
    await people.press(BEN, 'gate:switch');
    await people.says(/1 of 2 approvals/);
    await this.status('streaming-one-given');
    await this.answer('refusal-twice', BEN, `approve ${(await people.newest()).id} switch`);
    await people.press(EVE, 'migration:deny');
    await this.form('deny', EVE);
    await people.submit(EVE, { reason: { reason: 'The release of 14:00 is not out yet.' } });
    await people.says(/denied/);
    await this.status('denied');
    await people.press(EVE, 'migration:revoke');
    await people.press(BEN, 'migration:break_glass');
    await this.form('break-glass', BEN);
    const writer = await staleWriter(pairs[0].old.port);
    await people.submit(BEN, { ...NAME, reason: { reason: 'The old machines lose power in ten minutes.' } });
    await people.phase('switching', 'switched');
    await sleep(2_500);
    await this.status('switching-canary');
    await people.phase('switched');
    await people.says(/\*tried to write/);
    await this.status('switched');
    await this.status('switched-dark', { theme: 'dark' });
    await this.status('switched-phone', { size: 'phone' });
    writer.destroy();
    await this.question('rollback', BEN, 'Roll back');
    await people.press(BEN, 'migration:rollback');
    await people.phase('rolled_back');
    await this.status('rolled-back');
  }

  /** What can be asked for while it syncs. */
  async looking() {
    const { ANA, BEN, slack, MIGRATIONS } = this.stage;
    const { people, camera } = this;
    const { id } = await people.newest();
    await people.press(ANA, 'migration:details');
    await people.formThat(ANA, /details:shard/);
    await this.form('details', ANA);
    const view = slack.openViews(ANA).at(-1);
    await slack.click({ user: ANA, viewId: view.id, actionId: 'details:shard', blockId: 'shard 1' });
    await people.formThat(ANA, /[Ss]hard 2/);
    await sleep(800);
    await this.form('shard', ANA);
    await people.closeForms(ANA);
    await people.press(ANA, 'migration:details');
    await people.formThat(ANA, /details:shard/);
    await people.submit(ANA, { find: { find: 'in step' } });
    await sleep(800);
    await this.form('details-found', ANA);
    await people.closeForms(ANA);
    await this.answer('sup', ANA, 'sup');
    await this.answer('list', ANA, 'list');
    await this.answer('status', ANA, `status ${id}`);
    await this.answer('history', ANA, 'history');
    await this.answer('refusal-self', ANA, `approve ${id} switch`);
    await this.home('home-dark', BEN, { theme: 'dark' });
    await slack.click({ user: BEN, viewId: slack.homeView(BEN).id, actionId: 'home:settings' });
    await people.formThat(BEN, /REQUESTERS/);
    await this.form('settings', BEN);
    await people.closeForms(BEN);
    await camera.show({ user: ANA, channel: MIGRATIONS });
  }

  /** What a thousand shards, and fifty, would look like: the bot's own blocks over figures that are made up. */
  async many() {
    const { ANA, slack, MIGRATIONS, renderStatus } = this.stage;
    for (const shards of [50, 1_000]) {
      const { blocks, text } = renderStatus(manyShards(shards, this.stage));
      const answer = await fetch(`${slack.apiUrl}chat.postMessage`, {
        method: 'POST',
        headers: { authorization: `Bearer ${slack.botToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ channel: MIGRATIONS, text, blocks }),
      });
      const { ok, ts, error } = await answer.json();
      if (!ok) throw new Error(`${shards} shards: ${error}`);
      const page = await this.camera.show({ user: ANA, channel: MIGRATIONS });
      await this.camera.keep(`shards-${shards}`, page.locator(`.channel [data-message="${ts}"]`));
    }
  }

  /** The last one goes all the way. */
  async end() {
    const { ANA, BEN, EVE, pairs, slack, MIGRATIONS } = this.stage;
    const { people, camera } = this;
    // A roll back leaves them behind a fence.
    for (const pair of pairs) await tell(pair.new.port, 'REPLICAOF NO ONE');
    await tell(pairs[1].new.port, 'SET left-behind 1');
    await people.begin(ANA, 'start orders-old orders-new --name orders --yes-wipe');
    await this.status('planned-wipe');
    const demo = await camera.show({ user: BEN, channel: MIGRATIONS, world: true }, { size: 'demo' });
    await people.press(BEN, 'gate:continue');
    await people.form(BEN);
    await this.form('wipe', BEN);
    await people.submit(BEN, NAME);
    await people.phase('syncing');
    await people.says(/[2-8]\d % done/);
    await demo.waitForTimeout(500);
    await camera.keep('demo', demo);
    await people.hasButton('gate:switch');
    slack.fault('chat.update', { kind: 'status', status: 503 }, 1_000);
    await sleep(40_000);
    slack.clearFaults();
    await people.until('the word of the outage', async () => {
      const { ts } = await people.message();
      return slack.thread(MIGRATIONS, ts).some((one) => /Slack/.test(one.text) && one.ts !== ts);
    });
    await people.press(BEN, 'gate:switch');
    await people.press(EVE, 'gate:switch');
    await people.phase('switched');
    await people.hasButton('gate:finish');
    await people.press(BEN, 'gate:finish');
    if (slack.openViews(BEN).length > 0) {
      await this.form('finish', BEN);
      await people.submit(BEN, NAME);
    }
    await people.phase('finished');
    await people.until('the chart', () => slack.files().some((one) => one.name.endsWith('.png')));
    await this.status('finished');
    await this.status('finished-dark', { theme: 'dark' });
    await this.thread('thread', { size: 'tall' });
    const page = await camera.show({ user: ANA, channel: MIGRATIONS });
    const broadcasts = page.locator('.channel .message:has(.broadcast-of)');
    await camera.keep('broadcast', broadcasts.last());
    await this.home('home-ended', ANA);
  }

  async thread(name, which) {
    const { ts } = await this.people.message();
    const page = await this.camera.show({ user: this.stage.ANA, channel: this.stage.MIGRATIONS, thread: ts }, which);
    await page.getByRole('region', { name: 'Thread' }).waitFor();
    await page.waitForTimeout(800);
    await this.camera.keep(name, page.getByRole('region', { name: 'Thread' }));
  }
}

/** One command to a server of the fleet. */
function tell(port, line) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${line}\r\n`));
    socket.once('data', () => resolve(socket.end()));
    socket.once('error', reject);
  });
}

/** A client that nobody has pointed at the new servers. */
async function staleWriter(port) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  socket.write('CLIENT SETNAME billing-worker\r\n');
  const timer = setInterval(() => socket.write('SET billing:last 1\r\n'), 500);
  socket.on('close', () => clearInterval(timer));
  return socket;
}
