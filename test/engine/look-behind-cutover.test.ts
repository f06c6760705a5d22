/** A look at a server is worth nothing any more once a cut-over has come in between: roles are others by then. */
import { expect, onTestFinished, test } from 'vitest';
import { startFleet } from '../../src/sandbox/redis/fleet.ts';
import { startProxy } from '../../src/sandbox/redis/proxy.ts';
import { startTraffic } from '../../src/sandbox/redis/traffic.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { createHarness } from '../support/engine.ts';
import { startPairs, urls } from '../support/servers.ts';

test('one begun before a cut-over and ended behind it: nobody is said to have written to the old master', {
  timeout: 60_000,
}, async () => {
  const fleet = await startFleet();
  onTestFinished(() => fleet.close());
  const { sources, destinations } = await startPairs(fleet, 2);
  const [, second] = destinations;
  if (!second) throw new Error('unreachable');
  // The bot alone goes through it: a server of another shard that answers late holds up the whole look.
  const slow = await startProxy({ target: second });
  onTestFinished(() => slow.close());
  const traffic = startTraffic({ shards: sources, ratePerSecond: 0 });
  onTestFinished(() => traffic.stop());
  const harness = createHarness({
    // Always looking.
    tickMs: 1,
    policy: { maxLagBytes: 16_777_216 },
    at(place) {
      if (place === 'after:started') slow.stall();
      if (place === 'after:follow-back') slow.resume();
    },
  });
  onTestFinished(() => harness.close());
  const [first = '', other = ''] = urls(destinations);
  const id = await harness.start({
    sources: urls(sources),
    destinations: [first, other.replace(String(second.port), String(slow.port))],
    canary: { shard: 0, soakMs: 60_000 },
  });
  await harness.open(id, 'continue');
  await harness.click(id, 'gate:continue');
  await harness.open(id, 'switch');
  await harness.click(id, 'gate:switch');
  const kinds = () => harness.view(id).journal.map((row) => row.kind);
  await until(() => kinds().includes('way_back'), { within: 20_000 });
  expect(harness.view(id).journal.filter((row) => row.kind === 'drift')).toEqual([]);
  expect(harness.view(id).wayBack).toMatchObject({ open: true });
});
