/**
 * The bot is killed with -9 right before or after each row that a migration's story turns on, and another one takes the
 * journal up. Whatever the point: never two writable servers for one shard at a time once writes have gone over, no
 * acknowledged write missing at the end, settings as before.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { PHASES, type Phase } from '../../src/domain/phase.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { startFleet } from '../../src/sandbox/redis/fleet.ts';
import { startTraffic } from '../../src/sandbox/redis/traffic.ts';
import { openStore, runUntilKilled } from '../support/child.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { settingsOf, startPairs, urls } from '../support/servers.ts';

const POINTS: readonly (readonly string[])[] = [
  ['after', 'approved'],
  ['after', 'intent'],
  ['before', 'answered'],
  ['after', 'cutover_started'],
  ['after', 'cutover_step', 'pause'],
  ['before', 'cutover_step', 'fence'],
  ['after', 'cutover_step', 'fence'],
  ['before', 'cutover_step', 'promote'],
  ['after', 'cutover_step', 'promote'],
  ['before', 'promoted'],
  ['after', 'phase_entered', 'finishing'],
];
/** From here on the new servers are, or are about to be, the masters: there is only forward. */
const FORWARD = ['after cutover_step promote', 'before promoted', 'after phase_entered finishing'];

describe.concurrent('killed with -9', () => {
  test.for(POINTS)(
    '%s %s %s: the next bot goes on, nothing is lost',
    { timeout: 60_000 },
    async (point, { expect, onTestFinished }) => {
      const fleet = await startFleet();
      onTestFinished(() => fleet.close());
      const folder = await mkdtemp(join(tmpdir(), 'redis-migrate-crash-'));
      onTestFinished(() => rm(folder, { recursive: true }));
      const { sources, destinations } = await startPairs(fleet, 2);
      await Promise.all(sources.map((source) => fill(source, { keys: 500 })));
      const before = await Promise.all([...sources, ...destinations].map(settingsOf));
      const traffic = startTraffic({ shards: sources, ratePerSecond: 200 });
      onTestFinished(() => traffic.stop());

      const store = openStore(folder);
      const first = createHarness({ store });
      const id = await first.start({ sources: urls(sources), destinations: urls(destinations), name: 'orders' });
      await first.close();
      store.close();
      // Nobody points the application at the new servers while this bot runs: for finish, it has to be silent.
      if (point[2] === 'finishing') await traffic.stop();
      expect(await runUntilKilled(folder, id, point)).toBe('SIGKILL');

      const again = openStore(folder);
      const harness = createHarness({ store: again });
      onTestFinished(() => harness.close().then(() => again.close()));
      const forward = FORWARD.includes(point.join(' '));
      if (!forward && point[1]?.startsWith('cutover')) {
        const letGo = await harness.phase(id, 'streaming');
        expect(letGo.journal.map((row) => row.kind)).toContain('cutover_let_go');
        for (const source of sources) expect(await source.call('SET', 'probe', '1')).toBe('OK');
      }
      if (!forward) {
        await go(harness, id, 'continue', 'syncing');
        await go(harness, id, 'switch', 'switching');
      }
      const switched = await harness.phase(id, 'switched', 'finishing', 'finished');
      for (const [index, destination] of destinations.entries()) traffic.pointAt(index, destination);
      for (const source of sources) await expect(source.call('SET', 'late', '1')).rejects.toThrow(/READONLY/);
      expect(switched.shards.map((shard) => shard.state)).toEqual(['promoted', 'promoted']);
      await go(harness, id, 'finish', 'finishing');
      await harness.phase(id, 'finished');
      expect(await traffic.verify(destinations)).toMatchObject({ missing: 0, examples: [] });
      expect(await Promise.all([...sources, ...destinations].map(settingsOf))).toEqual(before);
    },
  );
});

/** Approves a gate unless it is behind us already. */
async function go(harness: Harness, id: string, gate: 'continue' | 'switch' | 'finish', behind: Phase): Promise<void> {
  if (PHASES.indexOf(harness.view(id).phase) >= PHASES.indexOf(behind)) return;
  await harness.open(id, gate);
  const answer = await harness.click(id, `gate:${gate}`);
  if (!answer.accepted) throw new Error(answer.text);
}
