/**
 * `npm run demo`: a Slack workspace with a page of its own, a Redis fleet with application traffic, and the bot as a
 * process of its own, all on this machine. People play at the page; with `--auto` the story plays itself. Owns all of
 * it: whatever ends the demo, nothing stays behind. Everything that it writes is in the fleet's folder, which a guard
 * removes even after a SIGKILL.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countText, plural } from '../domain/words.ts';
import { Application } from './demo/application.ts';
import { playStory } from './demo/auto.ts';
import { createBot, type DemoBot, NEW_GROUP, OLD_GROUP } from './demo/bot.ts';
import { Cleanup } from './demo/cleanup.ts';
import { Deployments } from './demo/deployments.ts';
import { addressIn, closePairs, fillPairs, type Pair, startPairs } from './demo/fleet.ts';
import { type DemoOptions, readOptions } from './demo/options.ts';
import { Voice } from './demo/voice.ts';
import { DemoWorld } from './demo/world.ts';
import { startPageServer } from './page/server.ts';
import { startFleet } from './redis/fleet.ts';
import { WRITE_KINDS } from './redis/traffic-book.ts';
import { ANA, BEN, EVE, type SandboxSlack, startSandboxSlack } from './slack/index.ts';

/** Beside dist-sandbox/src, where this file is when it runs. */
const PAGE_FOLDER = fileURLToPath(new URL('../../page', import.meta.url));
const TEAM = 'Demo';
const ROLES = new Map([
  [ANA, 'requester'],
  [BEN, 'approver'],
  [EVE, 'nobody'],
]);

const voice = new Voice(
  (text) => void process.stdout.write(text),
  process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
);

interface Stage {
  readonly slack: SandboxSlack;
  readonly bot: DemoBot;
  readonly world: DemoWorld;
  readonly pairs: readonly Pair[];
  readonly url: string;
}

async function setTheStage(options: DemoOptions, cleanup: Cleanup): Promise<Stage> {
  const { shards, keys, traffic, cutover } = options;
  voice.stage(`A Redis fleet: ${plural(shards, 'old server')} with ${countText(keys)} keys each, as many new ones`);
  const fleet = await startFleet();
  await cleanup.add(() => fleet.close());
  const [pairs, slack] = await Promise.all([startPairs(fleet, options), startSandboxSlack()]);
  await cleanup.add(() => slack.close());
  await cleanup.add(() => closePairs(pairs));
  slack.addChannel({ id: 'C0000GENR1', name: 'general', botIsMember: false });
  await fillPairs(pairs, keys);
  // A queue has two ends: while they move one by one, an overlap would see it written on both sides.
  const kinds = WRITE_KINDS.filter((one) => cutover === 'fenced' || one !== 'queue');
  const application = new Application(pairs, traffic, kinds);
  await cleanup.add(() => application.stop());
  const deployments = await Deployments.start(application);
  await cleanup.add(() => deployments.close());
  const bot = await createBot({ slack, folder: join(fleet.dir, 'bot'), pairs, cutover, hook: deployments });
  await cleanup.add(() => bot.close());
  await bot.start();
  const world = new DemoWorld({ pairs, application, bot, deployments });
  await cleanup.add(() => world.close());
  const page = await startPageServer({ slack, world, folder: PAGE_FOLDER, team: TEAM, roles: ROLES });
  await cleanup.add(() => page.close());
  return { slack, bot, world, pairs, url: page.url };
}

/** The URL alone on its line and without colour, so that scripts find it. */
function invite({ url, pairs }: Stage, options: DemoOptions): void {
  const addresses = (side: 'old' | 'new') => pairs.map((pair) => addressIn(pair, side)).join(' ');
  voice.say(`  old  ${addresses('old')}\n  new  ${addresses('new')}`);
  voice.say(`  the application writes about ${countText(options.traffic)} times a second to the old ones`);
  voice.say(`\n${url}\n`);
}

function sayWhatToDo(): void {
  voice.say(`  1. Open that page. As Ana, type: /redis-migrate start ${OLD_GROUP} ${NEW_GROUP} --name orders`);
  voice.say(
    '  2. As Ben, press each button when it appears. At the switch a webhook points the application at the new servers.',
  );
  voice.say('  3. Make trouble in the panel beside it, as much as you like. Ctrl-C here ends everything.');
}

/** People play; the terminal only says how it ended. Resolves when a signal has ended the demo. */
async function letPeoplePlay({ world }: Stage, ended: Promise<void>): Promise<void> {
  world.verified.then(
    ({ acknowledged, missing }) => {
      voice.stage('Every acknowledged write was looked up where the application ended');
      voice.verdict(`${countText(acknowledged)} acknowledged`, `${countText(missing)} missing`, missing === 0);
    },
    () => {},
  );
  await ended;
}

async function play(stage: Stage, options: DemoOptions, ended: Promise<void>): Promise<number> {
  invite(stage, options);
  if (options.auto) return (await playStory({ ...stage, voice })) ? 0 : 1;
  sayWhatToDo();
  await letPeoplePlay(stage, ended);
  return 0;
}

interface Ending {
  /** The signal that ended the demo; null: none did. */
  readonly signal: () => NodeJS.Signals | null;
  /** Resolves when everything was put away because of it. */
  readonly done: Promise<void>;
}

function endOnSignal(cleanup: Cleanup): Ending {
  let came: NodeJS.Signals | null = null;
  const done = new Promise<void>((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      if (cleanup.begun) return;
      came = signal;
      voice.say(`\n  ${signal}: puts everything away.`);
      void cleanup.run().then(resolve);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
  return { signal: () => came, done };
}

async function run(options: DemoOptions): Promise<number> {
  const cleanup = new Cleanup((trouble) => voice.say(trouble));
  const ending = endOnSignal(cleanup);
  const building = setTheStage(options, cleanup);
  const played = building
    .then((stage) => play(stage, options, ending.done))
    .catch((error: unknown) => {
      // What fails because everything is put away is no news.
      if (!cleanup.begun) process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    });
  const code = await Promise.race([played, ending.done.then(() => 1)]);
  await cleanup.run();
  // What was about to begin when the signal came ends itself; until then it is waited for.
  await building.catch(() => {});
  const signal = ending.signal();
  return signal === null ? code : exitCode(signal, options);
}

/** To be ended is how a demo at the page ends; a story that plays itself was cut short. */
function exitCode(signal: NodeJS.Signals, options: DemoOptions): number {
  if (!options.auto) return 0;
  return signal === 'SIGINT' ? 130 : 143;
}

async function main(): Promise<number> {
  const read = readOptions(process.argv.slice(2));
  switch (read.kind) {
    case 'help':
      voice.say(read.text);
      return 0;
    case 'wrong':
      process.stderr.write(`${read.sentence}\n`);
      return 2;
    case 'options':
      return run(read.options);
  }
}

process.exit(await main());
