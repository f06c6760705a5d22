/** A migration that goes by the clock, on real servers, through a restart. The clock is moved, nobody waits. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { HookAnswer, Hooks } from '../../src/domain/hook.ts';
import { SecretRegistry } from '../../src/log.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { startPairs, urls } from '../support/servers.ts';

let fleet: Fleet;
let store: Store;
let harness: Harness;
let ahead = 0;
const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead };

function setTo(moment: string): void {
  ahead = Date.parse(moment) - systemClock.now();
}

async function restart(moment: string): Promise<void> {
  await harness.close();
  setTo(moment);
  harness = createHarness({ store, clock });
}

beforeEach(async () => {
  fleet = await startFleet();
  store = openSqliteStore({ file: ':memory:', secrets: new SecretRegistry(), clock });
  harness = createHarness({ store, clock });
});

afterEach(async () => {
  await harness.close();
  store.close();
  await fleet.close();
});

test('starts late after a restart by the approval of the day, and switches by itself in the window of that night', async () => {
  const { sources, destinations } = await startPairs(fleet, 1);
  await Promise.all(sources.map((source) => fill(source, { keys: 100 })));
  setTo('2026-12-04T12:00:00Z');
  const id = await harness.start({
    sources: urls(sources),
    destinations: urls(destinations),
    name: 'orders',
    schedule: { at: '00:30', window: '0 2 * * 6', windowMinutes: '90', autoSwitch: true },
  });
  const early = (which: 'continue' | 'switch') => harness.view(id).gates.find((one) => one.gate === which)?.early;
  await until(() => early('continue'));
  expect(await harness.click(id, 'gate:continue')).toMatchObject({ accepted: true });
  expect(harness.view(id)).toMatchObject({ phase: 'planned', schedule: { startAt: '2026-12-05T00:30:00.000Z' } });

  await restart('2026-12-05T00:50:00Z');
  await harness.phase(id, 'streaming');
  await until(() => early('switch'));
  expect(await harness.click(id, 'gate:switch')).toMatchObject({ accepted: true });
  const kinds = () => store.journal(id).map((row) => row.event.kind);
  expect(kinds().filter((kind) => kind === 'preflight_done')).toHaveLength(2);
  expect(kinds()).toContain('start_late');

  await restart('2026-12-05T01:59:00Z');
  await until(() => harness.view(id).asOf !== null);
  expect(harness.view(id)).toMatchObject({ phase: 'streaming', schedule: { window: { open: false } } });
  setTo('2026-12-05T02:00:00Z');
  await harness.phase(id, 'switched');
  expect(harness.view(id).gates.find((one) => one.gate === 'switch')?.approvals).toHaveLength(1);
  expect(await destinations[0]?.call('ROLE')).toContain('master');
});

test('does not start by the approval of somebody who may not approve any more', async () => {
  const lost = { ok: false as const, why: 'You may not approve.' };
  let may: { ok: true } | typeof lost = { ok: true };
  await harness.close();
  harness = createHarness({
    store,
    clock,
    authorizer: { mayRequest: async () => ({ ok: true }), mayApprove: async () => may },
  });
  const { sources, destinations } = await startPairs(fleet, 1);
  setTo('2026-12-04T12:00:00Z');
  const servers = { sources: urls(sources), destinations: urls(destinations) };
  const id = await harness.start({ ...servers, name: 'orders', schedule: { at: '12:30' } });
  await until(() => harness.view(id).gates[0]?.early);
  expect(await harness.click(id, 'gate:continue')).toMatchObject({ accepted: true });
  may = lost;
  setTo('2026-12-04T12:30:00Z');
  await harness.open(id, 'continue');
  await until(() => store.journal(id).some((row) => row.text.includes('they may not approve any more')));
  expect(harness.view(id)).toMatchObject({ phase: 'planned', gates: [{ approvals: [] }, {}, {}] });
});

test('does not begin to switch when whoever was asked says yes after the window, or the bot comes back then', async () => {
  const { sources, destinations } = await startPairs(fleet, 1);
  let answer: (yes: HookAnswer) => void = () => {};
  const hooks: Hooks = {
    send: (hook) =>
      hook.kind === 'before_switch' ? new Promise((resolve) => (answer = resolve)) : Promise.resolve({ kind: 'ok' }),
  };
  await harness.close();
  setTo('2026-12-05T01:50:00Z');
  harness = createHarness({ store, clock, hooks });
  const id = await harness.start({
    sources: urls(sources),
    destinations: urls(destinations),
    name: 'orders',
    schedule: { window: '0 2 * * *', autoSwitch: true },
  });
  await harness.open(id, 'continue');
  await harness.click(id, 'gate:continue');
  const early = () => harness.view(id).gates.find((one) => one.gate === 'switch')?.early;
  await until(early);
  await harness.click(id, 'gate:switch');
  const letGo = (times: number) =>
    until(() => store.journal(id).filter((row) => row.event.kind === 'cutover_let_go').length === times);

  setTo('2026-12-05T02:00:00Z');
  await harness.phase(id, 'switching');
  await until(() => store.journal(id).some((row) => row.event.kind === 'hook_due'));
  setTo('2026-12-05T03:00:00Z');
  answer({ kind: 'ok' });
  await letGo(1);
  expect(harness.view(id)).toMatchObject({
    phase: 'streaming',
    waitingFor: expect.stringContaining('the window closed'),
  });

  await until(early);
  await harness.click(id, 'gate:switch');
  setTo('2026-12-06T02:00:00Z');
  await harness.phase(id, 'switching');
  await restart('2026-12-06T09:00:00Z');
  await letGo(2);
  expect(harness.view(id).phase).toBe('streaming');
  expect(await sources[0]?.call('ROLE')).toContain('master');
  expect(store.journal(id).some((row) => row.event.kind === 'cutover_started')).toBe(false);
});
