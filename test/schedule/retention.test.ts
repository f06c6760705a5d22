import { getTasks } from 'node-cron';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import type { Hooks } from '../../src/domain/hook.ts';
import { noLog, SecretRegistry } from '../../src/log.ts';
import { startRetention } from '../../src/schedule/retention.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { aPlan, enter, rowsOf, START, toStreaming, toSwitched } from '../domain/support/build.ts';
import { createHarness } from '../support/engine.ts';
import { heldClock } from '../support/held-clock.ts';

const DAY = 86_400_000;
const FINISHED = [...toSwitched(aPlan(1)), enter('finishing'), enter('finished')];

function clockAt(start = START) {
  const clock = { wall: start, monotonic: 0, now: () => clock.wall, monotonicMs: () => clock.monotonic };
  const pass = (ms: number) => {
    clock.wall += ms;
    clock.monotonic += ms;
  };
  return { clock, pass };
}

describe('old journals', () => {
  it('go when their migration ended long enough ago, and no others', async () => {
    const clock = heldClock(START + 400 * DAY);
    const store = openSqliteStore({ file: ':memory:', secrets: new SecretRegistry(), clock });
    const keep = (id: string, events: readonly Event[], phase: 'finished' | 'aborted' | 'streaming', later = 0) => {
      const plan = aPlan(1, { id });
      const rows = rowsOf(plan, events).map(({ seq: _seq, ...row }) => ({ ...row, at: row.at + later }));
      store.create(id, phase, rows);
      store.setNote(`thread:${id}`, '1');
    };
    keep('m-0001', FINISHED, 'finished');
    keep('m-0002', [enter('aborting'), enter('aborted')], 'aborted');
    keep('m-0003', FINISHED, 'finished', 300 * DAY);
    keep('m-0004', toStreaming(aPlan(1)), 'streaming');
    const due: Event = {
      kind: 'hook_due',
      hook: 'finished',
      id: 'm-0005:9:finished',
      shards: [0],
      text: 'It has finished.',
      reason: null,
    };
    keep('m-0005', [...FINISHED, due], 'finished');
    const unanswered = { kind: 'clicked', action: 'migration:abort', user: 'U1', entry: 1, typedName: null } as const;
    keep('m-0006', [...FINISHED, unanswered], 'finished');

    // Nobody delivers webhooks here, and the one that runs looks for servers that are not there.
    const hooks: Hooks = {
      send: (_hook, signal) =>
        new Promise((resolve) => signal?.addEventListener('abort', () => resolve({ kind: 'stopped' }))),
    };
    const harness = createHarness({ store, clock, hooks });
    expect(harness.engine.forgetEnded(clock.now() - 365 * DAY)).toEqual(['m-0001', 'm-0002']);
    expect(store.migrations().map((one) => one.id)).toEqual(['m-0006', 'm-0005', 'm-0004', 'm-0003']);
    expect(store.note('thread:m-0001')).toBeNull();
    expect(harness.engine.view('m-0001')).toBeNull();
    expect(harness.engine.views('all').map((one) => one.id)).toEqual(['m-0006', 'm-0005', 'm-0004', 'm-0003']);
    expect(harness.engine.forgetEnded(clock.now() - 365 * DAY)).toEqual([]);
    await harness.close();
    store.close();
  });

  it('are looked through every night, and kept for ever when that is asked for', () => {
    const { clock, pass } = clockAt();
    const asked: number[] = [];
    const service = { forgetEnded: (before: number) => (asked.push(before), []) };
    const before = getTasks().size;
    const yearly = startRetention({ service, keptMs: 365 * DAY, clock, log: noLog });
    const task = [...getTasks().values()].find((one) => one.name === 'retention');
    expect(task?.getNextRun()?.toISOString()).toMatch(/T03:23:00\.000Z$/);
    pass(DAY);
    yearly.sweep();
    expect(asked).toEqual([START + DAY - 365 * DAY]);
    yearly.stop();
    yearly.stop();
    expect(getTasks().size).toBe(before);

    const forever = startRetention({ service, keptMs: null, clock, log: noLog });
    forever.sweep();
    forever.stop();
    expect(asked).toHaveLength(1);
  });

  it('stay for a night when the clock was set, and when deleting fails', () => {
    const { clock, pass } = clockAt();
    const asked: number[] = [];
    const service = {
      forgetEnded(before: number) {
        asked.push(before);
        throw new Error('The disk is full.');
      },
    };
    const retention = startRetention({ service, keptMs: 365 * DAY, clock, log: noLog });
    clock.wall += 1000 * DAY;
    pass(DAY);
    retention.sweep();
    expect(asked).toEqual([]);
    clock.wall -= 1000 * DAY;
    pass(DAY);
    retention.sweep();
    expect(asked).toEqual([]);
    pass(DAY);
    retention.sweep();
    expect(asked).toEqual([clock.now() - 365 * DAY]);
    retention.stop();
  });
});
