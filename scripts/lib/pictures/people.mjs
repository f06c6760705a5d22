/** What Ana, Ben and Eve do in the workspace of a stage, and waiting for what they wait for. */
import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 240_000;

export function peopleOf({ slack, bot, MIGRATIONS }) {
  async function until(what, look) {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = await look();
      if (found) return found;
      if (performance.now() > end) throw new Error(`Waited in vain for ${what}.`);
      await sleep(150);
    }
  }

  const newest = async () => (await bot.migrations())?.[0];
  const message = async () => slack.message(MIGRATIONS, (await newest())?.messageTs ?? '');

  async function phase(...wanted) {
    return until(`phase ${wanted.join(' or ')}`, async () => {
      const now = await newest();
      const shown = now?.messageTs ? slack.message(MIGRATIONS, now.messageTs) : null;
      const words = wanted.map((one) => one.replace('_', ' '));
      const ok = wanted.includes(now?.phase) && words.some((one) => shown?.text.includes(` is ${one}`));
      return ok ? now : null;
    });
  }

  async function says(pattern) {
    return until(`a status with ${pattern}`, async () => {
      const now = await message();
      return now && pattern.test(JSON.stringify(now.blocks)) ? now : null;
    });
  }

  async function command(user, text) {
    const { trouble } = await slack.command({ user, channel: MIGRATIONS, text });
    if (trouble !== null) throw new Error(trouble);
  }

  /** Starts, and waits until it is planned. */
  async function begin(user, text) {
    const before = (await newest())?.id;
    // Behind another's words a message stands with its name and time.
    slack.say({ user, channel: MIGRATIONS, text: 'orders moves to the new machines.' });
    await command(user, text);
    await until('a migration', async () => (await newest())?.id !== before);
    return phase('planned');
  }

  async function hasButton(actionId) {
    return until(`the button ${actionId}`, async () => {
      const now = await message();
      return now && slack.buttons(now).some((one) => one.element.action_id === actionId) ? now : null;
    });
  }

  async function press(user, actionId) {
    const { ts } = await hasButton(actionId);
    const { trouble } = await slack.click({ user, channel: MIGRATIONS, ts, actionId });
    if (trouble !== null) throw new Error(trouble);
  }

  const form = (user) => until('a form', () => slack.openViews(user).at(-1));
  const formThat = (user, pattern) =>
    until(`a form with ${pattern}`, () => {
      const view = slack.openViews(user).at(-1);
      return view && pattern.test(JSON.stringify(view)) ? view : null;
    });

  async function submit(user, values) {
    const { id } = await form(user);
    const { trouble } = await slack.submit({ user, viewId: id, values });
    if (trouble !== null) throw new Error(trouble);
  }

  async function closeForms(user) {
    for (const view of slack.openViews(user).toReversed()) await slack.closeView({ user, viewId: view.id });
  }

  return { until, newest, message, phase, says, command, begin, hasButton, press, form, formThat, submit, closeForms };
}
