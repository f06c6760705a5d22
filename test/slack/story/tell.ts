/** The story that is told in every workspace, and what has to be read in the end, whatever Slack did meanwhile. */
import { expect } from 'vitest';
import { addressOf } from '../../../src/domain/endpoint.ts';
import type { Gate, Phase } from '../../../src/domain/phase.ts';
import type { RedisServerHandle } from '../../../src/sandbox/redis/server.ts';
import { until } from '../../../src/sandbox/redis/wait.ts';
import { STATUS_EVENT, STORY_EVENT } from '../../../src/slack/post.ts';
import { isTold, nextChapter } from '../../../src/slack/story.ts';
import type { StoryBot } from './bot.ts';
import { buttonsOf, type Done, type Said, type World } from './world.ts';

export interface Pair {
  readonly source: RedisServerHandle;
  readonly destination: RedisServerHandle;
}

/** What happens to Slack once the migration is there. */
export type Trouble = Readonly<Partial<Record<Phase, (id: string) => unknown>>>;

const WITHIN = { within: 40_000, every: 50 };

export class Story {
  readonly #world: World;
  readonly #bot: StoryBot;

  constructor(world: World, bot: StoryBot) {
    this.#world = world;
    this.#bot = bot;
  }

  typed({ source, destination }: Pair, word = 'start', more = ''): string {
    return `${word} --src redis://${addressOf(source)} --dst redis://${addressOf(destination)} ${more}`;
  }

  /** Ana asks for it; returns its id. */
  async start(pair: Pair): Promise<string> {
    const { ana, channel } = this.#world;
    const known = this.#bot.engine.views('all').map(({ id }) => id);
    const done = await this.#world.command(ana, channel, this.typed(pair, 'start', '--name orders'));
    expect(done.acknowledged).toBe(true);
    const isFresh = ({ id, shards }: { id: string; shards: readonly { readonly source: string }[] }) =>
      !known.includes(id) && shards[0]?.source === addressOf(pair.source);
    await until(() => this.#bot.engine.views('all').some(isFresh), { ...WITHIN, what: 'a migration to begin' });
    return this.#bot.engine.views('all').find(isFresh)?.id ?? '';
  }

  /** The newest status message. */
  async status(id: string): Promise<Said | undefined> {
    return (await this.#statuses(id)).at(-1);
  }

  async #statuses(id: string): Promise<readonly Said[]> {
    const all = await this.#world.history();
    return all.filter(({ metadata }) => metadata?.type === STATUS_EVENT && metadata.migration === id);
  }

  /** Ben waits for the button in the message and presses it; when Slack did not deliver it, once more. */
  async press(id: string, actionId: string): Promise<void> {
    const { ben, channel } = this.#world;
    const has = (said: Said | undefined) => said && buttonsOf(said).some((one) => one.actionId === actionId);
    await until(
      async () => {
        const said = await this.status(id);
        if (said === undefined || !has(said)) return false;
        const done = await this.#world.press(ben, channel, said, actionId).catch(() => null);
        return done?.acknowledged === true;
      },
      { ...WITHIN, what: `button ${actionId} of ${id}` },
    );
  }

  /** The same by a command in another channel, for when the message cannot be reached. */
  async approve(id: string, gate: Gate): Promise<void> {
    const { ben, elsewhere } = this.#world;
    await this.#bot.open(id, gate);
    const done = await this.#world.command(ben, elsewhere, `approve ${id} ${gate}`);
    const answer = await this.answer(done, id);
    const pressed = await this.#world.press(ben, elsewhere, answer, `gate:${gate}`);
    expect(pressed.acknowledged).toBe(true);
  }

  async answer(done: Done, text: string | RegExp): Promise<Said> {
    const matches = ({ text: said, blocks }: Said) => `${said}\n${JSON.stringify(blocks)}`.match(text);
    await until(() => done.answers().some(matches), { ...WITHIN, what: `an answer with ${text}` });
    return done.answers().find(matches) as Said;
  }

  /** From the request to the end, by the three gates; `trouble` comes as soon as a phase is entered. */
  async move(pair: Pair, trouble: Trouble = {}, byCommand: readonly Gate[] = []): Promise<string> {
    const id = await this.start(pair);
    const pass = async (gate: Gate, next: Phase) => {
      await (byCommand.includes(gate) ? this.approve(id, gate) : this.press(id, `gate:${gate}`));
      await this.#bot.phase(id, next);
      await trouble[next]?.(id);
    };
    await this.#bot.phase(id, 'planned');
    await trouble.planned?.(id);
    await pass('continue', 'streaming');
    await pass('switch', 'switched');
    await pass('finish', 'finished');
    expect(await pair.destination.info('replication')).toMatchObject({ role: 'master' });
    return id;
  }

  /** Aborted while the copy follows. */
  async abort(pair: Pair): Promise<string> {
    const id = await this.start(pair);
    await this.press(id, 'gate:continue');
    await this.#bot.phase(id, 'streaming');
    // A button of the phase before would be refused.
    await until(async () => (await this.status(id))?.text.includes('is streaming'), WITHIN);
    await this.press(id, 'migration:abort');
    await this.#bot.phase(id, 'aborted');
    return id;
  }

  /** What cannot be is refused, to the person alone, and nothing is started. */
  async refusals(taken: Pair): Promise<void> {
    const { ana, ben, channel } = this.#world;
    const before = this.#bot.engine.views('all').length;
    const twice = await this.#world.command(ana, channel, this.typed(taken));
    await this.answer(twice, /belongs to|has not ended/);
    const odd = await this.#world.command(ben, channel, 'start --src old:1 old:2 --dst new:1');
    await this.answer(odd, /2 .*1|1 .*2|as many/);
    const typo = await this.#world.command(ben, channel, 'stat');
    await this.answer(typo, /start|status/);
    expect(this.#bot.engine.views('all')).toHaveLength(before);
  }

  /** The last state is in the message, and the thread has each chapter once and in order. */
  async isTold(id: string): Promise<void> {
    const view = this.#bot.engine.view(id);
    const word = view?.phase.replaceAll('_', ' ') ?? '';
    await until(async () => (await this.status(id))?.text.includes(`is ${word}`), {
      ...WITHIN,
      what: `the message of ${id} to be ${word}`,
    });
    const said = await this.status(id);
    expect(buttonsOf(said ?? { blocks: [] }).filter(({ actionId }) => actionId.startsWith('gate:'))).toEqual([]);
    const rows = this.#bot.engine.rows(id, 0);
    const chapters = rows.filter(isTold).map((row) => nextChapter([row], () => ({ waits: false, who: [] })).text);
    const expected = linesOf(chapters.join('\n'));
    await until(async () => linesOf(await this.#told(id)).length >= expected.length, {
      ...WITHIN,
      what: `the story of ${id}`,
    }).catch(() => {});
    expect(linesOf(await this.#told(id))).toEqual(expected);
  }

  /** The story under all status messages that the migration has had, deleted ones too. */
  async #told(id: string): Promise<string> {
    const rows = this.#bot.engine.rows(id, 0);
    const places = new Set(
      rows.flatMap(({ event }) =>
        event.kind === 'requested' ? [event.messageTs] : event.kind === 'message_posted' ? [event.ts] : [],
      ),
    );
    const threads = await Promise.all([...places].map((ts) => this.#world.replies(ts ?? '')));
    return threads
      .flat()
      .filter(({ metadata }) => metadata?.type === STORY_EVENT && metadata.migration === id && metadata.seq > 0)
      .toSorted((a, b) => (a.metadata?.seq ?? 0) - (b.metadata?.seq ?? 0))
      .map(({ text }) => text)
      .join('\n');
  }
}

/** Without the mentions at the end of a line: who is called depends on how the gate stands when it is told. */
function linesOf(told: string): string[] {
  return told.split('\n').map((line) => line.replace(/( <@\w+>)+$/, ''));
}
