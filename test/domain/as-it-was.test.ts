/** Words that were given for something else than what is there now: they neither count for it nor stand in its way. */
import { describe, expect, it } from 'vitest';
import { voidsOf } from '../../src/domain/approval-rows.ts';
import { decide } from '../../src/domain/decide.ts';
import type { Schedule } from '../../src/domain/plan.ts';
import type { PreflightReport } from '../../src/domain/preflight.ts';
import { switchTooLate } from '../../src/domain/timed.ts';
import {
  ANA,
  aPlan,
  BEN,
  EVE,
  followingPair,
  NOT_EMPTY,
  POLICY,
  report,
  sightOf,
  toPlanned,
  toStreaming,
} from './support/build.ts';
import { Desk, planned, streaming, TWO } from './support/desk.ts';

const MINUTE = 60_000;
const DAY = Date.parse('2026-12-04T12:00:00Z');
const NIGHT = Date.parse('2026-12-05T01:00:00Z');
const EVERY_HOUR = { cron: '0 * * * *', minutes: 30 };

/** The number that a button carries as it is drawn now. */
function drawn(desk: Desk, action: string): number {
  return Number(desk.action(action)?.value.split('.')[1]);
}

function starting(schedule: Partial<Schedule> = {}): Desk {
  const plan = aPlan(2, { yesWipe: true, schedule: { zone: 'UTC', startAt: NIGHT, ...schedule } });
  const desk = new Desk(plan, toPlanned(plan, [NOT_EMPTY], 7));
  desk.journal.now = DAY;
  return desk;
}

function hourly(at: number, policy = POLICY): Desk {
  const plan = aPlan(2, { schedule: { zone: 'UTC', window: EVERY_HOUR, autoSwitch: true } });
  const desk = new Desk(plan, []);
  desk.journal.now = at;
  for (const event of toStreaming(plan)) desk.journal.append(event);
  desk.policy = policy;
  lookAt(desk, at);
  return desk;
}

/** What is seen at that moment: all in step. */
function lookAt(desk: Desk, at: number): void {
  desk.journal.now = at;
  const pairs = desk.state.plan.shards.map((shard) => followingPair(shard));
  desk.sight = sightOf(desk.state, pairs, { wallNow: at });
}

function turn(desk: Desk, at: number): void {
  lookAt(desk, at);
  desk.says();
}

describe('a dialog that was open while', () => {
  it('the schedule was called off starts nothing at once', () => {
    const desk = starting();
    const entry = drawn(desk, 'gate:continue');
    desk.click('migration:cancel_schedule', ANA);
    const late = desk.click('gate:continue', BEN, { entry, typedName: 'orders' });
    expect(late).toMatchObject({ accepted: false, text: expect.stringContaining('an earlier state') });
    expect(desk.state.phase).toBe('planned');
    const now = drawn(desk, 'gate:continue');
    expect(desk.click('gate:continue', BEN, { entry: now, typedName: 'orders' }).accepted).toBe(true);
  });

  it('its window closed is no word for the next one', () => {
    const desk = hourly(DAY + 25 * MINUTE);
    desk.says();
    const entry = drawn(desk, 'gate:switch');
    turn(desk, DAY + 31 * MINUTE);
    expect(desk.click('gate:switch', BEN, { entry }).accepted).toBe(false);
    expect(desk.click('gate:switch', BEN, { entry: drawn(desk, 'gate:switch') }).text).toContain('for the time');
  });

  it('somebody else denied the gate lifts no no that it did not show, and passes nothing', () => {
    const desk = planned();
    const approve = drawn(desk, 'gate:continue');
    desk.click('migration:deny', EVE, { reason: 'Not on a Friday.' });
    const ask = drawn(desk, 'migration:ask_again');
    desk.click('migration:revoke', EVE);
    desk.click('migration:deny', BEN, { reason: 'The new servers have no backup.' });
    expect(desk.click('migration:ask_again', ANA, { entry: ask }).accepted).toBe(false);
    expect(desk.state.denial).toMatchObject({ user: BEN });
    expect(desk.click('migration:ask_again', ANA, { entry: drawn(desk, 'migration:ask_again') }).accepted).toBe(true);
    expect(desk.click('gate:continue', EVE, { entry: approve }).accepted).toBe(false);
    expect(desk.click('gate:continue', EVE, { entry: drawn(desk, 'gate:continue') }).accepted).toBe(true);
  });
});

describe('consent to a wipe, at the last look before the start', () => {
  function checkedAgain(change: (found: PreflightReport) => PreflightReport): Desk {
    const desk = starting();
    expect(desk.click('gate:continue', BEN, { typedName: 'orders' }).accepted).toBe(true);
    desk.journal.now = NIGHT - MINUTE;
    const before = desk.state;
    const found = change(report(desk.state.plan, [NOT_EMPTY], 7));
    const row = desk.journal.append({ kind: 'preflight_done', report: found });
    for (const event of voidsOf(before, [row])) desk.journal.append(event);
    desk.journal.now = NIGHT + 1;
    desk.says();
    return desk;
  }

  const destinations = (more: { keys?: number; runId?: string }) => (found: PreflightReport) => ({
    ...found,
    shards: found.shards.map((one) => ({ ...one, destination: one.destination && { ...one.destination, ...more } })),
  });

  it('counts for the keys that were named, or fewer', () => {
    expect(checkedAgain(destinations({})).state.phase).toBe('syncing');
    expect(checkedAgain(destinations({ keys: 5 })).state.phase).toBe('syncing');
  });

  it('is void when there are more, or in another process', () => {
    for (const more of [{ keys: 3_000_000 }, { runId: 'another' }]) {
      const desk = checkedAgain(destinations(more));
      expect(desk.state.phase).toBe('planned');
      expect(desk.gate('continue')).toMatchObject({ open: true, approvals: [] });
      expect(desk.journal.rows.some((row) => row.event.kind === 'approvals_void')).toBe(true);
    }
  });
});

describe('a switch by itself', () => {
  it('takes no approval of the window before together with one for this window', () => {
    const desk = hourly(DAY + 25 * MINUTE, TWO);
    desk.says();
    expect(desk.click('gate:switch', BEN).accepted).toBe(true);
    turn(desk, DAY + 31 * MINUTE);
    expect(desk.click('gate:switch', EVE).accepted).toBe(true);
    expect(desk.gate('switch').approvals.map((one) => one.user)).toEqual([EVE]);
    turn(desk, DAY + 60 * MINUTE);
    expect(desk.state.phase).toBe('streaming');
  });

  it('waits for a no that is in the journal and not judged yet, and says so', () => {
    const desk = hourly(DAY + 40 * MINUTE);
    expect(desk.click('gate:switch', BEN).accepted).toBe(true);
    desk.journal.append({
      kind: 'clicked',
      action: 'migration:deny',
      user: EVE,
      entry: 1,
      typedName: null,
      reason: '-',
    });
    turn(desk, DAY + 60 * MINUTE);
    expect(desk.state.phase).toBe('streaming');
    const { waitingFor } = decide(desk.state, desk.sight, desk.policy);
    expect(waitingFor).toBe(`A click of <@${EVE}> that may hold it back is judged first.`);
    const [click] = desk.state.clicks;
    desk.journal.append({ kind: 'click_refused', click: click?.seq ?? 0, user: EVE, reason: 'No.' });
    turn(desk, DAY + 61 * MINUTE);
    expect(desk.state.phase).toBe('switching');
  });

  it('does not begin once the window has closed, or so long after its approval', () => {
    const desk = hourly(DAY + 20 * MINUTE);
    desk.click('gate:switch', BEN);
    expect(desk.state.phase).toBe('switching');
    const at = (minutes: number) => switchTooLate(desk.state, DAY + minutes * MINUTE, desk.policy);
    const closed = 'the window closed before it began.';
    expect([at(29), at(30), at(60)]).toEqual([null, closed, closed]);
    const plain = streaming();
    plain.click('gate:switch', BEN);
    const { phaseSince } = plain.state;
    expect(switchTooLate(plain.state, phaseSince + 60 * MINUTE, POLICY)).toBeNull();
    expect(switchTooLate(plain.state, phaseSince + 61 * MINUTE, POLICY)).toContain('did not begin within 1 h 0 min');
  });
});

it('a trial that was cut off by calling the schedule off keeps the gate closed, with a reason', () => {
  const desk = starting();
  desk.journal.now = NIGHT - MINUTE;
  const { seq } = desk.journal.append({ kind: 'intent', effect: { kind: 'try_link', shard: 0 } });
  desk.journal.append({ kind: 'answered', intent: seq, outcome: 'ok', detail: 'OK' });
  expect(desk.gate('continue')).toMatchObject({ early: true });
  desk.click('migration:cancel_schedule', ANA);
  expect(desk.gate('continue')).toMatchObject({ open: false, reason: expect.stringContaining('Shard 1: the trial') });
  expect(drawn(desk, 'migration:recheck')).toBeGreaterThan(0);
  desk.journal.append({ kind: 'trial_over', shard: 0, text: 'new-1:6379 follows nobody again.' });
  expect(desk.gate('continue')).toMatchObject({ open: true });
});
