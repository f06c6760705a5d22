/**
 * The whole story of the real bot with real Redis servers, told against two Web APIs: `emulate`, which others made, and
 * our sandbox, which also has what goes wrong with Slack. The migration itself never waits for Slack; the last state
 * gets out in the end, and the thread has each chapter once.
 */
import { afterAll, beforeAll, describe, it, type TestContext } from 'vitest';
import { fill } from '../../../src/sandbox/redis/fill.ts';
import { type Fleet, startFleet } from '../../../src/sandbox/redis/fleet.ts';
import { until } from '../../../src/sandbox/redis/wait.ts';
import { MIGRATIONS, type SandboxSlack, startSandboxSlack } from '../../../src/sandbox/slack/index.ts';
import { startPairs } from '../../support/servers.ts';
import { startStoryBot } from './bot.ts';
import { emulateWorld } from './emulate-world.ts';
import { type Pair, Story } from './tell.ts';
import { sandboxWorld, type World } from './world.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet();
});
afterAll(() => fleet.close());

async function newPair(): Promise<Pair> {
  const { sources, destinations } = await startPairs(fleet, 1);
  const [source, destination] = [sources[0], destinations[0]];
  if (!source || !destination) throw new Error('There are no servers.');
  await fill(source, { keys: 200 });
  return { source, destination };
}

async function setUp({ onTestFinished }: TestContext, world: World) {
  onTestFinished(() => world.close());
  const bot = await startStoryBot(world);
  onTestFinished(() => bot.close());
  return { bot, story: new Story(world, bot) };
}

async function inSandbox(context: TestContext, mode: 'socket' | 'http' = 'http') {
  const slack = await startSandboxSlack();
  return { slack, ...(await setUp(context, sandboxWorld(slack, mode))), pair: await newPair() };
}

const WORLDS: readonly (readonly [name: string, make: () => Promise<World>])[] = [
  ['emulate', emulateWorld],
  ['the sandbox', async () => sandboxWorld(await startSandboxSlack(), 'http')],
];

describe.concurrent('the story', { timeout: 60_000 }, () => {
  it.for(WORLDS)('is told in %s: start, continue, switch, finish; refusals; abort', async ([, make], context) => {
    const { story } = await setUp(context, await make());
    const [pair, other] = await Promise.all([newPair(), newPair()]);
    const moved = story.move(pair, { streaming: () => story.refusals(pair) });
    const [id, aborted] = await Promise.all([moved, story.abort(other)]);
    await Promise.all([story.isTold(id), story.isTold(aborted)]);
  });

  it('is told under rate limits, and the cut-over does not wait for them', async (context) => {
    const { slack, bot, story, pair } = await inSandbox(context);
    const limit = (method: string, times: number) => slack.rateLimit({ method, times, retryAfterSeconds: 1 });
    limit('chat.update', 2);
    limit('chat.postMessage', 1);
    const id = await story.move(pair, {
      async streaming(started) {
        await bot.open(started, 'switch');
        await until(async () => JSON.stringify(await story.status(started)).includes('gate:switch'));
        // From the click on switch on, until the cut-over is over.
        for (const method of ['chat.update', 'chat.postMessage', 'conversations.replies'])
          slack.rateLimit({ method, times: 1, retryAfterSeconds: 3 });
      },
      switched: () => limit('*', 4),
    });
    await story.isTold(id);
  });

  it('is told over a socket that is lost again and again, with answers that are lost as well', async (context) => {
    const { slack, story, pair } = await inSandbox(context, 'socket');
    const lose = () => {
      slack.disconnectSockets();
      slack.fault('chat.postMessage', { kind: 'answer_lost' });
    };
    const id = await story.move(pair, { planned: lose, streaming: lose, switched: lose });
    await story.isTold(id);
  });

  it('goes on in a new message when somebody deletes the old one', async (context) => {
    const { expect } = context;
    const { slack, bot, story, pair } = await inSandbox(context);
    const id = await story.move(pair, {
      streaming(started) {
        slack.deleteMessage(MIGRATIONS, bot.engine.view(started)?.messageTs ?? '');
      },
    });
    expect(bot.engine.rows(id, 0).filter(({ event }) => event.kind === 'message_posted')).toHaveLength(1);
    await story.isTold(id);
  });

  it('goes on while the channel is archived, by commands elsewhere, and is told when it is back', async (context) => {
    const { expect } = context;
    const { slack, bot, story, pair } = await inSandbox(context);
    const id = await story.move(pair, { streaming: () => slack.archiveChannel(MIGRATIONS) }, ['switch', 'finish']);
    expect((await story.status(id))?.text).not.toContain('finished');
    slack.addChannel({ ...archived(slack), archived: false });
    await story.isTold(id);
    expect(bot.engine.rows(id, 0).filter(({ event }) => event.kind === 'message_posted')).toEqual([]);
  });

  it('is told by a Slack that takes two seconds for a call', async (context) => {
    const { slack, story, pair } = await inSandbox(context);
    slack.setLatency(2_000);
    await story.isTold(await story.move(pair));
  });

  it('is told when Slack takes nothing from the click on switch until the end', async (context) => {
    const { expect } = context;
    const { slack, bot, story, pair } = await inSandbox(context);
    let calls = 0;
    const id = await story.move(pair, {
      async streaming(started) {
        await bot.open(started, 'switch');
        await until(async () => JSON.stringify(await story.status(started)).includes('gate:switch'));
        slack.fault('*', { kind: 'cut' }, 10_000);
        calls = succeeded(slack);
      },
      switched() {
        expect(succeeded(slack)).toBe(calls);
        slack.clearFaults();
      },
    });
    await story.isTold(id);
  });
});

function succeeded(slack: SandboxSlack): number {
  return slack.apiCalls.filter(({ outcome }) => outcome === 'ok').length;
}

function archived(slack: SandboxSlack) {
  const channel = slack.channels().find(({ id }) => id === MIGRATIONS);
  if (!channel) throw new Error('There is no such channel.');
  return channel;
}
