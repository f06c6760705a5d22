/**
 * The disk under the journal is full in the middle of a move. What cannot be written down is not done; what was begun is
 * let go or completed once there is room again, by the same bot or the next one. Nothing is lost.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { describe, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { SecretRegistry } from '../../src/log.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { startFleet } from '../../src/sandbox/redis/fleet.ts';
import { startTraffic } from '../../src/sandbox/redis/traffic.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { openStore } from '../support/child.ts';
import { createHarness } from '../support/engine.ts';
import { settingsOf, startPairs, urls } from '../support/servers.ts';

function pagesOf(folder: string): number {
  const db = new Database(join(folder, 'state.db'));
  try {
    const row: unknown = db.prepare('PRAGMA page_count').get();
    return (row as { page_count: number }).page_count;
  } finally {
    db.close();
  }
}

function fillUp(store: Store, id: string): void {
  for (;;) {
    const version = store.journal(id).length;
    const row = { at: 0, actor: 'bot', event: { kind: 'resumed', detail: '' }, text: '', shard: null } as const;
    store.append(id, version, 'streaming', [row]);
  }
}

describe.concurrent('a disk that is full', () => {
  // Each page takes some rows more: the place at which it is full moves through the cut-over.
  test.for([0, 1, 2, 3, 4])(
    'with room for %i more pages at the switch',
    { timeout: 120_000 },
    async (room, context) => {
      const { expect, onTestFinished } = context;
      const fleet = await startFleet();
      onTestFinished(() => fleet.close());
      const folder = await mkdtemp(join(tmpdir(), 'redis-migrate-full-'));
      onTestFinished(() => rm(folder, { recursive: true }));
      const { sources, destinations } = await startPairs(fleet, 2);
      await Promise.all(sources.map((source) => fill(source, { keys: 300 })));
      const before = await Promise.all([...sources, ...destinations].map(settingsOf));
      const traffic = startTraffic({ shards: sources, ratePerSecond: 200 });
      onTestFinished(() => traffic.stop());

      const store = openStore(folder);
      const first = createHarness({ store });
      const id = await first.start({ sources: urls(sources), destinations: urls(destinations), name: 'orders' });
      await first.open(id, 'continue');
      await first.click(id, 'gate:continue');
      await first.open(id, 'switch');
      await first.close();
      store.close();

      const file = join(folder, 'state.db');
      const maxPages = pagesOf(folder) + room;
      const tight = openSqliteStore({ file, secrets: new SecretRegistry(), clock: systemClock, maxPages });
      // Not one more row: the bot starts, says why it waits, and goes on once there is room.
      if (room === 0) expect(() => fillUp(tight, id)).toThrow(/full/);
      const second = createHarness({ store: tight });
      if (room === 0) await until(() => /full/.test(second.view(id).waitingFor ?? ''), { within: 15_000 });
      // A click that cannot be kept is refused with an error; whoever clicked is told so.
      await until(() => second.view(id).actions.some((one) => one.action === 'gate:switch'), { within: 15_000 }).then(
        () => second.click(id, 'gate:switch').catch((error: unknown) => expect(String(error)).toMatch(/full/)),
        () => expect(second.view(id).waitingFor).toMatch(/full/),
      );
      await until(() => second.view(id).phase === 'switched' || /full/.test(second.view(id).waitingFor ?? ''), {
        within: 15_000,
      }).catch(() => expect(['streaming', 'switching']).toContain(second.view(id).phase));
      await second.close();
      tight.close();

      const again = openStore(folder);
      const harness = createHarness({ store: again });
      onTestFinished(() => harness.close().then(() => again.close()));
      const view = await harness.phase(id, 'streaming', 'switched');
      if (view.phase === 'streaming') {
        await harness.open(id, 'switch');
        await harness.click(id, 'gate:switch');
      }
      await harness.phase(id, 'switched');
      for (const [index, destination] of destinations.entries()) traffic.pointAt(index, destination);
      await harness.open(id, 'finish');
      await harness.click(id, 'gate:finish');
      await harness.phase(id, 'finished');
      expect(await traffic.verify(destinations)).toMatchObject({ missing: 0, examples: [] });
      expect(await Promise.all([...sources, ...destinations].map(settingsOf))).toEqual(before);
    },
  );
});
