/**
 * The bot is killed with -9 around each row about a setting, an order to follow, to wait aside or to be put back.
 * Whatever the point: the next bot gets there, nothing is left behind, every setting is as before.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { foldJournal } from '../../src/domain/migration.ts';
import { SecretRegistry } from '../../src/log.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { startFleet } from '../../src/sandbox/redis/fleet.ts';
import { startProxy } from '../../src/sandbox/redis/proxy.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { createHarness } from '../support/engine.ts';
import { settingsOf } from '../support/servers.ts';

const SUFFERS = { policy: { maxSourceLatencyMs: 0.000_1 } };
/** What is put back is what was set for the copy: no link was tried before. */
const ABORTS = { abort: true, policy: { tuneSyncs: false } };
/** A clock on which every rest is over. */
const RESTED = { aheadMs: 90_000 };

/** Runs of a bot, one after the other, each until it kills itself at that row. */
const RUNS: readonly (readonly (readonly [string, string, string, object])[])[] = [
  [['before', 'intent', 'set_config', {}]],
  [['after', 'intent', 'set_config', {}]],
  [['before', 'answered', 'set_config', {}]],
  [['before', 'seen', 'set_config', {}]],
  [['after', 'seen', 'set_config', {}]],
  [['after', 'intent', 'try_link', {}]],
  [['before', 'answered', 'try_link', {}]],
  [['after', 'answered', 'try_link', {}]],
  [['after', 'intent', 'end_trial', {}]],
  [['before', 'answered', 'end_trial', {}]],
  [['after', 'intent', 'replicate', {}]],
  [['before', 'answered', 'replicate', {}]],
  [['after', 'intent', 'park', SUFFERS]],
  [['before', 'answered', 'park', SUFFERS]],
  [['after', 'answered', 'park', SUFFERS]],
  [
    ['after', 'answered', 'park', SUFFERS],
    ['after', 'intent', 'replicate', RESTED],
  ],
  [
    ['after', 'answered', 'park', SUFFERS],
    ['before', 'answered', 'replicate', RESTED],
  ],
  [['after', 'intent', 'detach', { abort: true }]],
  [['after', 'intent', 'restore_config', ABORTS]],
  [['before', 'answered', 'restore_config', ABORTS]],
  [['before', 'seen', 'restore_config', ABORTS]],
];

describe.concurrent('killed with -9', () => {
  for (const end of ['streaming', 'abort'] as const) {
    const cases = RUNS.filter((runs) => end === 'streaming' || runs.some(([, , what]) => what === 'park')).map(
      (runs) => ({
        runs,
        name: runs.map(([when, kind, what]) => `${when} ${kind} ${what}`).join(', '),
      }),
    );
    test.for(cases)(`$name, then ${end}`, { timeout: 120_000 }, async ({ runs }, { expect, onTestFinished }) => {
      const fleet = await startFleet();
      onTestFinished(() => fleet.close());
      const folder = await mkdtemp(join(tmpdir(), 'redis-migrate-crash-'));
      onTestFinished(() => rm(folder, { recursive: true }));
      const config = { 'repl-diskless-sync-delay': '1', 'repl-timeout': '20' };
      const source = await fleet.server({ config });
      const destination = await fleet.server({ config: { masterauth: 'left-over', 'replica-read-only': 'no' } });
      await fill(source, { keys: 4_000, valueBytes: 200 });
      const slow = await startProxy({ target: source });
      onTestFinished(() => slow.close());
      slow.limit(300_000);
      const before = await Promise.all([source, destination].map(settingsOf));

      const open = () =>
        openSqliteStore({ file: join(folder, 'state.db'), secrets: new SecretRegistry(), clock: systemClock });
      const store = open();
      const first = createHarness({ store });
      const urls = { sources: [`127.0.0.1:${slow.port}`], destinations: [`127.0.0.1:${destination.port}`] };
      const id = await first.start({ ...urls, name: 'orders' });
      await first.close();
      store.close();
      for (const [when, kind, what, more] of runs) {
        const signal = await killedAt([join(folder, 'state.db'), id, when, kind, what], more);
        expect(signal, `${when} ${kind} ${what}`).toBe('SIGKILL');
      }

      const again = open();
      // Some are waiting aside: their rest is over on this clock.
      const ahead = runs.some(([, , what]) => what === 'park') ? 300_000 : 0;
      const clock = { ...systemClock, now: () => systemClock.now() + ahead };
      const harness = createHarness({ store: again, clock });
      onTestFinished(() => harness.close().then(() => again.close()));
      const aborts = runs.some(([, , , more]) => 'abort' in more);
      if (!aborts) {
        // One that was killed while it tried the link begins with the check.
        if ((await harness.phase(id, 'planned', 'syncing', 'streaming')).phase === 'planned') {
          await harness.open(id, 'continue');
          await harness.click(id, 'gate:continue');
        }
        if (end === 'streaming') {
          await harness.open(id, 'switch');
          expect(await destination.info('replication')).toMatchObject({
            role: 'slave',
            master_port: String(slow.port),
            master_link_status: 'up',
            slave_read_only: '1',
          });
          // Each is known to have arrived: only then is it watched.
          const { ledger } = foldJournal(again.journal(id));
          const kept = ledger.filter((one) => !one.closed);
          expect(kept.filter((one) => !one.set).map((one) => one.name)).toEqual([]);
          expect(kept.map((one) => one.name)).toContain('masterauth');
        }
        expect(await harness.click(id, 'migration:abort')).toMatchObject({ accepted: true });
      }
      const view = await harness.phase(id, 'aborted');
      expect(view.journal.filter((row) => row.kind === 'given_up' || row.kind === 'held')).toEqual([]);
      expect(await destination.info('replication')).toMatchObject({ role: 'master' });
      expect(await source.info('replication')).toMatchObject({ role: 'master' });
      expect(await Promise.all([source, destination].map(settingsOf))).toEqual(before);
    });
  }
});

async function killedAt(point: readonly string[], more: object): Promise<string> {
  const script = fileURLToPath(new URL('./child.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, ...point], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, CHILD: JSON.stringify(more) },
  });
  const limit = setTimeout(() => child.kill('SIGTERM'), 60_000);
  const signal = await new Promise((resolve) => child.on('exit', (_code, by) => resolve(by)));
  clearTimeout(limit);
  return String(signal);
}
