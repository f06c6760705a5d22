/** At most so many full syncs from one source host, all migrations together. */
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { NewRow } from '../../src/domain/event.ts';
import { SecretRegistry } from '../../src/log.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { startFleet } from '../../src/sandbox/redis/fleet.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { startPairs, urls } from '../support/servers.ts';
import { withHook } from '../support/store-hook.ts';

test('two migrations that begin in the same moment take turns at their common host', async () => {
  const fleet = await startFleet();
  onTestFinished(() => fleet.close());
  const { sources, destinations } = await startPairs(fleet, 2);
  await Promise.all(sources.map((source) => fill(source, { keys: 20_000, valueBytes: 400 })));
  const late: { harness?: Harness } = {};
  const ids: string[] = [];
  /** What both were doing when an order to follow was given. */
  const moments: (readonly (string | undefined)[])[] = [];
  const hook = ({ event }: NewRow) => {
    if (event.kind !== 'intent' || event.effect.kind !== 'replicate') return;
    moments.push(ids.map((id) => late.harness?.view(id).shards[0]?.state));
  };
  const store = openSqliteStore({ file: ':memory:', secrets: new SecretRegistry(), clock: systemClock });
  const made = createHarness({ store: withHook(store, hook), policy: { syncsPerHost: 1 } });
  late.harness = made;
  onTestFinished(() => made.close().then(() => store.close()));
  for (const place of [0, 1]) {
    const [source, destination] = [sources.slice(place, place + 1), destinations.slice(place, place + 1)];
    ids.push(await made.start({ sources: urls(source), destinations: urls(destination), name: `orders-${place}` }));
  }
  await Promise.all(ids.map((id) => made.open(id, 'continue')));
  await Promise.all(ids.map((id) => made.click(id, 'gate:continue')));
  await Promise.all(ids.map((id) => made.phase(id, 'streaming')));
  expect(moments).toHaveLength(2);
  expect(moments[1]?.toSorted()).toEqual(['in_step', 'queued']);
});
