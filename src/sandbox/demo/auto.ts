/**
 * `--auto`: plays Ana, who asks, and Ben, who approves, through the same doors as a person at the page, and tells the
 * story in the terminal. Ends with the number of acknowledged writes that are missing.
 */
import type { Gate, Phase } from '../../domain/phase.ts';
import { countText } from '../../domain/words.ts';
import { until } from '../redis/wait.ts';
import { ANA, BEN, MIGRATIONS, type SandboxSlack } from '../slack/index.ts';
import { renderMessage, words } from '../terminal.ts';
import { type DemoBot, type Migration, NEW_GROUP, OLD_GROUP } from './bot.ts';
import type { Voice } from './voice.ts';
import type { DemoWorld } from './world.ts';

/** Twelve shards of some seconds each, three at a time, on a busy machine. */
const PATIENCE_MS = 300_000;
const LOOK_MS = 200;
const NAME = 'orders';
const HOOK_MS = 30_000;

export interface AutoParts {
  readonly slack: SandboxSlack;
  readonly bot: DemoBot;
  readonly world: DemoWorld;
  readonly voice: Voice;
}

/** True: nothing is missing. Rejects with a sentence when the story can't go on. */
export async function playStory(parts: AutoParts): Promise<boolean> {
  const { slack, world, voice } = parts;
  const story = new Story(parts);
  voice.stage('Ana asks, the bot looks at every server and waits');
  await story.command(`start ${OLD_GROUP} ${NEW_GROUP} --name ${NAME}`);
  await story.press('continue');
  voice.stage('Replication runs; the gate to switch opens when every shard is in step');
  await story.press('switch');
  voice.stage('The cut-over; a webhook points the application at the new servers');
  const switched = await story.phase('switched');
  story.showStatus(switched.messageTs ?? '');
  await until(() => world.state().application.every((one) => one.pointsAt === 'new'), {
    within: HOOK_MS,
    what: 'the webhook to point the application at the new servers',
  });
  voice.acts('the application', 'now writes to the new servers');
  await story.press('finish');
  const finished = await story.phase('finished');
  await until(() => /finished/.test(slack.message(MIGRATIONS, finished.messageTs ?? '')?.text ?? ''), {
    what: 'the last status',
  });
  await story.tellThread();
  story.showStatus(finished.messageTs ?? '');
  voice.stage('Every acknowledged write is looked up where the application ended');
  const { acknowledged, missing, examples } = await world.verified;
  voice.verdict(`${countText(acknowledged)} acknowledged`, `${countText(missing)} missing`, missing === 0);
  for (const example of examples) voice.say(`  ${example}`);
  return missing === 0;
}

class Story {
  readonly #parts: AutoParts;
  #told = 0;

  constructor(parts: AutoParts) {
    this.#parts = parts;
  }

  async command(text: string): Promise<void> {
    const { slack, voice } = this.#parts;
    voice.acts('Ana types', `/redis-migrate ${text}`);
    const interaction = await slack.command({ user: ANA, channel: MIGRATIONS, text });
    for (const answer of interaction.ephemerals)
      for (const line of renderMessage(answer, voice.look)) voice.say(`  (only Ana sees) ${line}`);
    if (interaction.trouble !== null) throw new Error(interaction.trouble);
  }

  /** Waits for a gate's button, showing the way there, and presses it. */
  async press(gate: Gate): Promise<void> {
    const { slack, voice } = this.#parts;
    const { messageTs } = await this.#wait(`the button ${gate}`, (now) => {
      whyHopeless(now, gate);
      const message = now.messageTs === null ? null : slack.message(MIGRATIONS, now.messageTs);
      return message !== null && slack.buttons(message).some((one) => one.element.action_id === `gate:${gate}`);
    });
    const ts = messageTs ?? '';
    this.showStatus(ts);
    voice.acts('Ben presses', `[ ${gate} ]`);
    const click = await slack.click({ user: BEN, channel: MIGRATIONS, ts, actionId: `gate:${gate}` });
    if (click.trouble !== null) throw new Error(click.trouble);
    const message = slack.message(MIGRATIONS, ts);
    const button = message && slack.buttons(message).find((one) => one.element.action_id === `gate:${gate}`);
    // Slack's own dialog asks before the click; without one, the bot asks in a form of its own.
    if (button && !('confirm' in button.element)) await this.#typeName();
  }

  async #typeName(): Promise<void> {
    const { slack, voice } = this.#parts;
    const form = await slack.waitFor(() => slack.openViews(BEN).at(-1), { what: 'the form' });
    voice.acts('Ben types the name', NAME);
    const sent = await slack.submit({ user: BEN, viewId: form.id, values: { name: { name: NAME } } });
    if (sent.trouble !== null) throw new Error(sent.trouble);
  }

  showStatus(ts: string): void {
    const { slack, voice } = this.#parts;
    const message = slack.message(MIGRATIONS, ts);
    if (message !== null) voice.quote(renderMessage(message, voice.look));
  }

  phase(phase: Phase): Promise<Migration> {
    return this.#wait(`phase ${phase}`, (now) => now.phase === phase);
  }

  /** The thread's new lines. */
  async tellThread(): Promise<void> {
    const now = await this.#migration();
    if (now !== undefined) this.#tellThread(now);
  }

  async #wait(what: string, reached: (now: Migration) => boolean): Promise<Migration> {
    const look = async () => {
      const now = await this.#migration();
      if (now === undefined) return null;
      this.#tellThread(now);
      return reached(now) ? now : null;
    };
    return until(look, { within: PATIENCE_MS, every: LOOK_MS, what });
  }

  async #migration(): Promise<Migration | undefined> {
    return (await this.#parts.bot.migrations())?.[0];
  }

  #tellThread({ messageTs }: Migration): void {
    if (messageTs === null) return;
    const { slack, voice } = this.#parts;
    const replies = slack.thread(MIGRATIONS, messageTs).filter((one) => one.ts !== messageTs);
    for (const reply of replies.slice(this.#told))
      for (const line of words(reply.text, voice.look).split('\n')) voice.thread(line);
    this.#told = replies.length;
  }
}

/** Throws when the gate can't open by waiting. */
function whyHopeless(now: Migration, gate: Gate): void {
  const errors = now.findings.filter((one) => one.level === 'error');
  if (gate === 'continue' && now.phase === 'planned' && errors.length > 0)
    throw new Error(`The migration can't begin: ${errors.map((one) => one.text).join(' ')}`);
  if (now.phase === 'aborted' || now.phase === 'rolled_back')
    throw new Error(`The migration is ${now.phase}: ${now.waitingFor ?? 'somebody ended it.'}`);
}
