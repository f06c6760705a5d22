/**
 * The bot is stopped for 20 seconds in the middle of a proof, as by a machine that sleeps, and goes on as if nothing had
 * happened. The pause of the writers has ended meanwhile: it has to look again before it acts, and let everything go.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import type { CrashPoint } from '../../src/engine/cutover/crash-points.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { startFleet } from '../../src/sandbox/redis/fleet.ts';
import { startTraffic } from '../../src/sandbox/redis/traffic.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { openStore, startChild } from '../support/child.ts';
import { createHarness } from '../support/engine.ts';
import { settingsOf, startPairs, urls } from '../support/servers.ts';

const FROZEN_MS = 20_000;
const POINTS: readonly CrashPoint[] = ['after:pause', 'after:applied', 'after:proven', 'after:intent'];

describe.concurrent('stopped for 20 seconds', () => {
  test.for(POINTS)('%s: lets go, then moves, nothing is lost', { timeout: 120_000 }, async (point, context) => {
    const { expect, onTestFinished } = context;
    const fleet = await startFleet();
    onTestFinished(() => fleet.close());
    const folder = await mkdtemp(join(tmpdir(), 'redis-migrate-frozen-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const { sources, destinations } = await startPairs(fleet, 2);
    await Promise.all(sources.map((source) => fill(source, { keys: 300 })));
    const before = await Promise.all([...sources, ...destinations].map(settingsOf));
    const traffic = startTraffic({ shards: sources, ratePerSecond: 300 });
    onTestFinished(() => traffic.stop());

    const store = openStore(folder);
    const first = createHarness({ store });
    const id = await first.start({ sources: urls(sources), destinations: urls(destinations), name: 'orders' });
    await first.close();
    store.close();
    const child = startChild(folder, id, ['at', point, 'switching'], { signal: 'SIGSTOP' });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    let stopped = false;
    child.stdout?.on('data', () => {
      stopped = true;
    });
    await until(() => stopped, { within: 40_000, what: 'the bot to stop itself' });
    // As long as it is stopped: by its own watch nothing has happened, by everybody else's 20 seconds have passed.
    await new Promise((resolve) => setTimeout(resolve, FROZEN_MS));
    const acknowledged = traffic.counts().map((one) => one.acknowledged);
    child.kill('SIGCONT');
    const isMaster = async () => (await destinations[0]?.info('replication'))?.['role'] === 'master';
    await until(isMaster, { within: 60_000, what: 'the new servers to be masters' });
    child.kill('SIGKILL');
    await ended;
    for (const [index, destination] of destinations.entries()) traffic.pointAt(index, destination);

    const again = openStore(folder);
    const harness = createHarness({ store: again });
    onTestFinished(() => harness.close().then(() => again.close()));
    await harness.phase(id, 'switched');
    expect(harness.view(id).journal.map((row) => row.kind)).toContain('cutover_let_go');
    await harness.open(id, 'finish');
    await harness.click(id, 'gate:finish');
    await harness.phase(id, 'finished');
    const verified = await traffic.verify(destinations);
    expect(verified).toMatchObject({ missing: 0, examples: [] });
    expect(verified.acknowledged).toBeGreaterThan(Math.max(...acknowledged));
    expect(await Promise.all([...sources, ...destinations].map(settingsOf))).toEqual(before);
  });
});
