/** A bot that is killed with -9 at a named place of a cut-over, and the one that comes after it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { CRASH_POINTS, type CrashPoint } from '../../src/engine/cutover/crash-points.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { startFleet } from '../../src/sandbox/redis/fleet.ts';
import type { RedisServerHandle } from '../../src/sandbox/redis/server.ts';
import { startTraffic } from '../../src/sandbox/redis/traffic.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { openStore, runUntilKilled } from './child.ts';
import { createHarness, type Harness } from './engine.ts';
import { settingsOf, startPairs, urls } from './servers.ts';

/** Behind these a promotion may have been sent, so that there is only forward. */
const FORWARD: readonly CrashPoint[] = [
  'after:intent',
  'after:promote-1-of-n',
  'before:unpause',
  'after:promote',
  'after:concluded',
  'after:follow-back',
];

/** Old servers follow new ones on the way over only; undoing is for what is let go. */
const ELSEWHERE: readonly CrashPoint[] = ['after:follow-back', 'after:undo'];

export const CRASH_CASES: readonly KilledAt[] = [
  ...CRASH_POINTS.filter((point) => point !== 'after:undo').map((point) => ({ way: 'over' as const, point })),
  ...CRASH_POINTS.filter((point) => !ELSEWHERE.includes(point)).map((point) => ({ way: 'back' as const, point })),
];

export interface KilledAt {
  readonly way: 'over' | 'back';
  readonly point: CrashPoint;
  /** Of all servers; the machine's own redis-server when left out. */
  readonly binary?: string;
}

type TestTools = Pick<TestContext, 'expect' | 'onTestFinished'>;

/**
 * Two shards under writes of every kind. Afterwards no acknowledged write is missing, roles and settings are as they
 * should be, and there were never two servers of one shard that take writes.
 */
export async function killedAt({ way, point, binary }: KilledAt, { expect, onTestFinished }: TestTools): Promise<void> {
  const fleet = await startFleet(binary === undefined ? {} : { binary });
  onTestFinished(() => fleet.close());
  const folder = await mkdtemp(join(tmpdir(), 'redis-migrate-crash-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { sources, destinations } = await startPairs(fleet, 2);
  await Promise.all(sources.map((source) => fill(source, { keys: 300 })));
  const before = await Promise.all([...sources, ...destinations].map(settingsOf));
  const traffic = startTraffic({ shards: sources, ratePerSecond: 200 });
  onTestFinished(() => traffic.stop());
  const pointAt = (targets: readonly RedisServerHandle[]) => {
    for (const [index, target] of targets.entries()) traffic.pointAt(index, target);
  };

  const store = openStore(folder);
  const first = createHarness({ store });
  const id = await first.start({ sources: urls(sources), destinations: urls(destinations), name: 'orders' });
  await first.close();
  store.close();
  const phase = way === 'over' ? 'switching' : 'rolling_back';
  // In `after:concluded` and behind it, the phase is the next one already.
  const at = way === 'over' && (point === 'after:concluded' || point === 'after:follow-back') ? 'switched' : phase;
  expect(await runUntilKilled(folder, id, ['at', point, at], { rollback: way === 'back' })).toBe('SIGKILL');

  const writable = await Promise.all([...sources, ...destinations].map(takesWrites));
  for (const [index] of sources.entries())
    expect(writable[index] && writable[index + sources.length], `two masters of shard ${index + 1}`).toBe(false);

  const again = openStore(folder);
  const harness = createHarness({ store: again });
  onTestFinished(() => harness.close().then(() => again.close()));
  const forward = FORWARD.includes(point);
  if (way === 'over') {
    if (!forward) {
      const letGo = await harness.phase(id, 'streaming');
      expect(letGo.journal.map((row) => row.kind)).toContain('cutover_let_go');
      await pass(harness, id, 'gate:switch');
    }
    const switched = await harness.phase(id, 'switched');
    expect(switched.shards.map((shard) => shard.state)).toEqual(['promoted', 'promoted']);
    pointAt(destinations);
    await pass(harness, id, 'gate:finish');
    await harness.phase(id, 'finished');
    expect(await traffic.verify(destinations)).toMatchObject({ missing: 0, examples: [] });
  } else {
    if (!forward) {
      const letGo = await harness.phase(id, 'switched');
      expect(letGo.journal.map((row) => row.kind)).toContain('cutover_let_go');
      await pass(harness, id, 'migration:rollback');
    }
    await harness.phase(id, 'rolled_back');
    pointAt(sources);
    expect(await traffic.verify(sources)).toMatchObject({ missing: 0, examples: [] });
  }
  const [fenced, masters] = way === 'over' ? [sources, destinations] : [destinations, sources];
  for (const one of fenced) expect(await one.info('replication')).toMatchObject({ role: 'slave', master_port: '1' });
  for (const one of masters) expect(await one.info('replication')).toMatchObject({ role: 'master' });
  expect(await Promise.all([...sources, ...destinations].map(settingsOf))).toEqual(before);
}

async function takesWrites(server: RedisServerHandle): Promise<boolean> {
  return (await server.info('replication'))['role'] === 'master';
}

async function pass(
  harness: Harness,
  id: string,
  action: 'gate:switch' | 'gate:finish' | 'migration:rollback',
): Promise<void> {
  const isThere = () => harness.view(id).actions.some((one) => one.action === action);
  await until(isThere, { within: 40_000 }).catch(() => {
    throw new Error(`waited in vain for ${action}: ${harness.view(id).phase}, ${harness.view(id).waitingFor}`);
  });
  const answer = await harness.click(id, action);
  if (!answer.accepted) throw new Error(answer.text);
}
