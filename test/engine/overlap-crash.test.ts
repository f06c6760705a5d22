/**
 * The bot is killed with -9 at each row that an overlap's opening and its proof turn on, and another one takes the journal
 * up: it completes or takes back, nothing that was acknowledged is missing in the end, settings and users are as before.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { PHASES, type Phase } from '../../src/domain/phase.ts';
import { CRASH_POINTS, OPENING_POINTS } from '../../src/engine/cutover/crash-points.ts';
import { SecretRegistry } from '../../src/log.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { startFleet } from '../../src/sandbox/redis/fleet.ts';
import { startTraffic } from '../../src/sandbox/redis/traffic.ts';
import { WRITE_KINDS } from '../../src/sandbox/redis/traffic-book.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { settingsOf, startPairs, urls } from '../support/servers.ts';

/** What a restart finds is the same for the way over of a fenced cut-over: see the crash points of that. */
const ELSEWHERE: readonly string[] = ['after:follow-back', 'after:undo'];

const OPENING: readonly (readonly string[])[] = [
  ['after', 'cutover_started'],
  ['after', 'cutover_step', 'guard'],
  ['after', 'intent', 'guard_user'],
  ['before', 'seen', 'guard_user'],
  ['after', 'cutover_step', 'open'],
  ['before', 'overlap_opened'],
  ...OPENING_POINTS.map((place) => ['at', place, place === 'after:opened' ? 'switched' : 'switching']),
];
/** Nobody writes to the old servers any more by then. */
const ENDING: readonly (readonly string[])[] = [
  ['after', 'phase_entered', 'finishing'],
  ...CRASH_POINTS.filter((place) => !ELSEWHERE.includes(place)).map((place) => ['at', place, 'finishing']),
];
const POINTS = [
  ...OPENING.map((point) => ({ name: point.join(' '), point, ending: false })),
  ...ENDING.map((point) => ({ name: point.join(' '), point, ending: true })),
];

function openStore(folder: string) {
  return openSqliteStore({ file: join(folder, 'state.db'), secrets: new SecretRegistry(), clock: systemClock });
}

async function runUntilKilled(folder: string, id: string, point: readonly string[]): Promise<string> {
  const script = fileURLToPath(new URL('./child.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, join(folder, 'state.db'), id, ...point], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, CHILD: JSON.stringify({ typedName: 'orders' }) },
  });
  const limit = setTimeout(() => child.kill('SIGTERM'), 30_000);
  const signal = await new Promise((resolve) => child.on('exit', (_code, by) => resolve(by)));
  clearTimeout(limit);
  return String(signal);
}

describe.concurrent('an overlap, killed with -9', () => {
  test.for(POINTS)(
    '$name: the next bot goes on, nothing is lost',
    { timeout: 90_000 },
    async ({ point, ending }, { expect, onTestFinished }) => {
      const fleet = await startFleet();
      onTestFinished(() => fleet.close());
      const folder = await mkdtemp(join(tmpdir(), 'redis-migrate-crash-'));
      onTestFinished(() => rm(folder, { recursive: true }));
      const { sources, destinations } = await startPairs(fleet, 2);
      await Promise.all(sources.map((source) => fill(source, { keys: 500 })));
      const before = await Promise.all([...sources, ...destinations].map(settingsOf));
      const kinds = WRITE_KINDS.filter((one) => one !== 'queue');
      const traffic = startTraffic({ shards: sources, ratePerSecond: 200, kinds });
      onTestFinished(() => traffic.stop());

      const store = openStore(folder);
      const first = createHarness({ store });
      const servers = { sources: urls(sources), destinations: urls(destinations) };
      const id = await first.start({ ...servers, name: 'orders', cutover: 'overlap' });
      await first.close();
      store.close();
      if (ending) await traffic.stop();
      expect(await runUntilKilled(folder, id, point)).toBe('SIGKILL');

      const again = openStore(folder);
      const harness = createHarness({ store: again });
      onTestFinished(() => harness.close().then(() => again.close()));
      const view = await harness.phase(
        id,
        ...(ending ? (['switched', 'finished'] as const) : (['streaming', 'switched'] as const)),
      );
      if (view.phase === 'streaming') {
        expect(view.journal.map((row) => row.kind)).toContain('cutover_let_go');
        for (const one of destinations)
          expect(await one.info('replication')).toMatchObject({ role: 'slave', slave_read_only: '1' });
        for (const one of sources) expect(await one.call('ACL', 'USERS')).toEqual(['default']);
        await go(harness, id, 'switch', 'switching');
        await harness.phase(id, 'switched');
      }
      for (const [index, destination] of destinations.entries()) traffic.pointAt(index, destination);
      await go(harness, id, 'finish', 'finishing');
      await harness.phase(id, 'finished');
      for (const source of sources) await expect(source.call('SET', 'late', '1')).rejects.toThrow(/READONLY/);
      expect(await traffic.verify(destinations)).toMatchObject({ missing: 0, examples: [] });
      for (const one of sources) expect(await one.call('ACL', 'USERS')).toEqual(['default']);
      expect(await Promise.all([...sources, ...destinations].map(settingsOf))).toEqual(before);
    },
  );
});

test('a new server that is gone when the next bot looks takes the opening back, and who took writes is held', {
  timeout: 60_000,
}, async ({ expect, onTestFinished }) => {
  const fleet = await startFleet();
  onTestFinished(() => fleet.close());
  const folder = await mkdtemp(join(tmpdir(), 'redis-migrate-crash-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { sources, destinations } = await startPairs(fleet, 2);
  const store = openStore(folder);
  const first = createHarness({ store });
  const servers = { sources: urls(sources), destinations: urls(destinations) };
  const id = await first.start({ ...servers, name: 'orders', cutover: 'overlap' });
  await first.close();
  store.close();
  expect(await runUntilKilled(folder, id, ['before', 'overlap_opened'])).toBe('SIGKILL');
  const [fresh, gone] = destinations;
  expect(await fresh?.info('replication')).toMatchObject({ role: 'slave', slave_read_only: '0' });
  await gone?.kill();

  const again = openStore(folder);
  const harness = createHarness({ store: again });
  onTestFinished(() => harness.close().then(() => again.close()));
  const view = await harness.phase(id, 'streaming', 'syncing');
  expect(view.waitingFor).toContain('took writes for a moment, while the switch was tried');
  expect(await fresh?.info('replication')).toMatchObject({
    role: 'slave',
    slave_read_only: '1',
    master_link_status: 'up',
  });
  for (const one of sources) expect(await one.call('ACL', 'USERS')).toEqual(['default']);
});

/** Approves a gate unless it is behind us already. */
async function go(harness: Harness, id: string, gate: 'switch' | 'finish', behind: Phase): Promise<void> {
  if (PHASES.indexOf(harness.view(id).phase) >= PHASES.indexOf(behind)) return;
  await harness.open(id, gate);
  const answer = await harness.click(id, `gate:${gate}`, { typedName: 'orders' });
  if (!answer.accepted) throw new Error(answer.text);
}
