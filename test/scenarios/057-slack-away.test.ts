/**
 * Slack is gone right behind the click on *switch*: no call to its Web API gets through. The migration does not wait for
 * it; when Slack is back, message and thread tell what happened meanwhile.
 */
import { expect, onTestFinished, test } from 'vitest';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { startFleet } from '../../src/sandbox/redis/fleet.ts';
import { startTraffic } from '../../src/sandbox/redis/traffic.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { MIGRATIONS, startSandboxSlack } from '../../src/sandbox/slack/index.ts';
import { createBot } from '../support/bot-process.ts';
import { crewOf } from '../support/people.ts';
import { settingsOf, startPairs } from '../support/servers.ts';

test('Slack away in the cut-over: it is made all the same, and told later', { timeout: 180_000 }, async () => {
  const fleet = await startFleet();
  onTestFinished(() => fleet.close());
  const { sources, destinations } = await startPairs(fleet, 2);
  await Promise.all(sources.map((source) => fill(source, { keys: 500 })));
  const before = await Promise.all([...sources, ...destinations].map(settingsOf));
  const slack = await startSandboxSlack();
  onTestFinished(() => slack.close());
  const bot = await createBot({ slack, mode: 'socket' });
  onTestFinished(() => bot.close());
  await bot.start();
  const crew = crewOf(slack, bot);
  const traffic = startTraffic({ shards: sources, ratePerSecond: 300 });
  onTestFinished(() => traffic.stop());

  const id = await crew.start(sources, destinations, '--name orders');
  await crew.pass(id, 'continue');
  await crew.phase(id, 'streaming');
  slack.fault('*', { kind: 'cut' }, 1_000);
  await crew.pass(id, 'switch').catch((error: unknown) => expect(String(error)).toMatch(/acknowledged|button/));
  const view = await crew.phase(id, 'switched', 'streaming');
  // A click that Slack could not deliver is no click; then it is made once Slack is back.
  slack.clearFaults();
  if (view.phase === 'streaming') await crew.pass(id, 'switch');
  await crew.phase(id, 'switched');
  for (const [index, destination] of destinations.entries()) traffic.pointAt(index, destination);
  await until(async () => /switched/i.test((await crew.status(id)).said), {
    within: 60_000,
    what: 'the message to tell',
  });
  const { messageTs } = await bot.migration(id);
  const thread = () => JSON.stringify(slack.thread(MIGRATIONS, messageTs ?? ''));
  await until(() => /Now switched/.test(thread()), { within: 60_000, what: 'the thread to tell' });
  await crew.pass(id, 'finish');
  await crew.phase(id, 'finished');
  expect(await traffic.verify(destinations)).toMatchObject({ missing: 0, examples: [] });
  expect(await Promise.all([...sources, ...destinations].map(settingsOf))).toEqual(before);
});
