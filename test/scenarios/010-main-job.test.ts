/**
 * The main job: three real sources under write traffic, three real destinations, driven only through Slack, from the
 * slash command to *finished*; over both of Slack's modes; in one piece, and with the bot stopped and killed in between.
 */
import { describe, test } from 'vitest';
import { digest } from '../../src/sandbox/redis/digest.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { startFleet } from '../../src/sandbox/redis/fleet.ts';
import { startTraffic } from '../../src/sandbox/redis/traffic.ts';
import { MIGRATIONS, startSandboxSlack } from '../../src/sandbox/slack/index.ts';
import { createBot, type Mode } from '../support/bot-process.ts';
import { crewOf } from '../support/people.ts';
import { settingsOf, startPairs } from '../support/servers.ts';

const KEYS = 20_000;

interface Story {
  readonly mode: Mode;
  /** What happens to the bot between two steps. */
  readonly between: 'nothing' | 'SIGTERM' | 'SIGKILL';
}

const STORIES: readonly Story[] = [
  { mode: 'socket', between: 'nothing' },
  { mode: 'http', between: 'nothing' },
  { mode: 'socket', between: 'SIGTERM' },
  { mode: 'http', between: 'SIGKILL' },
];

describe('three shards of 20,000 keys under traffic', () => {
  test.for(STORIES)(
    'over $mode, the bot meets $between in each phase',
    { timeout: 180_000 },
    async ({ mode, between }, { expect, onTestFinished }) => {
      const fleet = await startFleet();
      onTestFinished(() => fleet.close());
      const { sources, destinations } = await startPairs(fleet, 3);
      await Promise.all(sources.map((source, seed) => fill(source, { keys: KEYS, seed })));
      const before = await Promise.all([...sources, ...destinations].map(settingsOf));
      const slack = await startSandboxSlack();
      onTestFinished(() => slack.close());
      const bot = await createBot({ slack, mode });
      onTestFinished(() => bot.close());
      await bot.start();
      const crew = crewOf(slack, bot);
      const traffic = startTraffic({ shards: sources, ratePerSecond: 300 });
      onTestFinished(() => traffic.stop());

      const disturb = async () => {
        if (between === 'nothing') return;
        if (between === 'SIGTERM') expect(await bot.stop()).toBe(0);
        else await bot.kill();
        await bot.start();
      };

      const id = await crew.start(sources, destinations, '--name “orders move”');
      await disturb();
      const planned = await crew.phase(id, 'planned');
      expect(planned).toMatchObject({ name: 'orders move', totals: { servers: 3 }, findings: [] });
      expect(planned.totals.keys).toBeGreaterThanOrEqual(3 * KEYS);
      await disturb();
      await crew.pass(id, 'continue');
      await crew.phase(id, 'syncing', 'streaming');
      await disturb();
      await crew.phase(id, 'streaming');
      await disturb();
      await crew.pass(id, 'switch');
      // Killed or stopped while the cut-over runs, or right behind it: whichever it is, it ends up switched or let go.
      await crew.phase(id, 'switching', 'switched', 'streaming');
      await disturb();
      let view = await crew.phase(id, 'switched', 'streaming');
      if (view.phase === 'streaming') {
        await crew.pass(id, 'switch');
        view = await crew.phase(id, 'switched');
      }
      for (const source of sources) await expect(source.call('SET', 'late', 'write')).rejects.toThrow(/READONLY/);
      for (const [index, destination] of destinations.entries()) traffic.pointAt(index, destination);
      await disturb();
      await crew.pass(id, 'finish');
      await crew.phase(id, 'finishing', 'finished');
      await disturb();
      const finished = await crew.phase(id, 'finished');

      const verified = await traffic.verify(destinations);
      expect(verified).toMatchObject({ missing: 0, examples: [] });
      expect(verified.acknowledged).toBeGreaterThan(1_000);
      for (const [index, shard] of finished.shards.entries()) {
        expect(shard).toMatchObject({ index, state: 'promoted' });
        if (between === 'nothing') expect(shard.pauseMs).toBeGreaterThan(0);
        expect((await destinations[index]?.info('replication'))?.['role']).toBe('master');
        expect((await digest(destinations[index] as (typeof destinations)[number])).keys).toBeGreaterThanOrEqual(KEYS);
      }
      expect(await Promise.all([...sources, ...destinations].map(settingsOf))).toEqual(before);

      // One live message, whose story is in its thread; nothing posted twice, whatever happened to the bot.
      await slack.waitFor(
        () => slack.messages(MIGRATIONS).find((one) => /finished/i.test(one.text) && one.thread_ts === null),
        {
          what: 'a status message that says finished',
          timeoutMs: 20_000,
        },
      );
      const statuses = slack.messages(MIGRATIONS).filter((one) => one.thread_ts === null);
      expect(statuses).toHaveLength(1);
      const story = slack.thread(MIGRATIONS, statuses[0]?.ts ?? '').filter((one) => one.ts !== statuses[0]?.ts);
      const texts = story.map((one) => one.text);
      expect(new Set(texts).size, texts.join('\n')).toBe(texts.length);
      expect(texts.join('\n')).toMatch(/3 shards moved/);
    },
  );
});
