/** What happens by the clock: a start at a time, windows for the switch, and a switch that happens by itself. */
import { describe, expect, it } from 'vitest';
import { voidsOf } from '../../src/domain/approval-rows.ts';
import { decide } from '../../src/domain/decide.ts';
import type { Event } from '../../src/domain/event.ts';
import { foldJournal } from '../../src/domain/migration.ts';
import type { PairLook } from '../../src/domain/observation.ts';
import type { Plan, Schedule } from '../../src/domain/plan.ts';
import { plainTimes } from '../../src/domain/time-mark.ts';
import {
  ANA,
  aPlan,
  BEN,
  EVE,
  enter,
  followingPair,
  NOT_EMPTY,
  NOT_LOOKED,
  POLICY,
  report,
  sightOf,
  toPlanned,
  toStreaming,
} from './support/build.ts';
import { Desk, NO, TWO } from './support/desk.ts';

const BERLIN = 'Europe/Berlin';
const MINUTE = 60_000;
const utc = (text: string) => Date.parse(text);

/** A desk with a loop: each look decides, journals, and enters what was decided, as the engine does. */
class Clockwork extends Desk {
  readonly pairs: readonly PairLook[] | null;

  constructor(plan: Plan, events: readonly Event[], pairs: readonly PairLook[] | null, now: number) {
    super(plan, []);
    this.journal.now = now;
    for (const event of events) this.journal.append(event);
    this.pairs = pairs;
    this.look(now);
  }

  /** One tick at that moment. Returns what was told, with times in ISO 8601. */
  turn(at: number | string): string[] {
    this.look(typeof at === 'string' ? utc(at) : at);
    const before = this.journal.rows.length;
    this.says();
    // What a restart would read.
    expect(foldJournal(this.journal.rows)).toEqual(this.state);
    const told = this.journal.rows
      .slice(before)
      .filter(({ event }) => !['shard_in_step', 'approval_needed'].includes(event.kind));
    return told.map((row) => plainTimes(row.text));
  }

  run(): 'preflight' | 'cut_over' | null {
    return decide(this.state, this.sight, this.policy).run;
  }

  look(at: number): void {
    this.journal.now = at;
    const { wallNow: _then, shards: _seen, ...rest } = this.sight;
    this.sight =
      this.pairs === null
        ? { ...NOT_LOOKED, wallNow: at }
        : sightOf(this.state, this.pairs, { ...rest, wallNow: at, ticks: this.steady ? 2 : 0 });
  }

  steady = true;

  reason(gate: 'continue' | 'switch'): string {
    return plainTimes(this.gate(gate).reason);
  }
}

const NIGHT = utc('2026-12-05T01:00:00Z');
const DAY = utc('2026-12-04T12:00:00Z');

function starting(schedule: Partial<Schedule> = {}, policy = POLICY): Clockwork {
  const plan = aPlan(2, { schedule: { zone: BERLIN, startAt: NIGHT, ...schedule } });
  const made = new Clockwork(plan, toPlanned(plan), null, DAY);
  made.policy = policy;
  return made;
}

function checked(clockwork: Clockwork, at: number, ...findings: readonly (typeof NOT_EMPTY)[]): void {
  clockwork.journal.now = at;
  const before = clockwork.state;
  const row = clockwork.journal.append({ kind: 'preflight_done', report: report(clockwork.state.plan, findings) });
  for (const event of voidsOf(before, [row])) clockwork.journal.append(event);
}

describe('a start at a time', () => {
  it('keeps the gate closed, says until when, and takes approvals already', () => {
    const night = starting();
    expect(night.gate('continue')).toMatchObject({ open: false, early: true });
    expect(night.reason('continue')).toBe(
      'Starts 2026-12-05T01:00:00Z, if it is approved; that can be done beforehand.',
    );
    expect(night.action('gate:continue')).toMatchObject({ label: 'Approve the start', ask: 'confirm' });
    expect(night.action('gate:continue')?.consequence).toMatch(/^At the start time: Replication of 2 shards starts/);
    expect(plainTimes(night.view().waitingFor ?? '')).toContain('Starts 2026-12-05T01:00:00Z');
    expect(night.turn(DAY + 1)).toEqual([]);
  });

  it('happens then, by the approval that was given half a day before, after one more look at every server', () => {
    const night = starting();
    expect(night.click('gate:continue', BEN)).toMatchObject({
      accepted: true,
      text: 'Approved: *continue*, for the time that is set.',
    });
    expect(night.state.phase).toBe('planned');
    expect(night.action('gate:continue')).toBeUndefined();
    expect(night.reason('continue')).toBe(
      'Approved. Starts 2026-12-05T01:00:00Z, after one more look at every server.',
    );

    night.turn(NIGHT - 3 * MINUTE);
    expect(night.run()).toBeNull();
    night.turn(NIGHT - MINUTE);
    expect(night.run()).toBe('preflight');
    night.turn(NIGHT + 1_000);
    expect(night.state.phase).toBe('planned');
    expect(night.reason('continue')).toBe('The start time has come: every server is looked at once more.');
    checked(night, NIGHT + 5_000);
    expect(night.turn(NIGHT + 6_000)).toEqual([
      `Now syncing. The start time has come, approved beforehand by <@${BEN}>. Replication starts; the sources go on serving.`,
    ]);
    expect(night.gate('continue').approvals.map((one) => one.user)).toEqual([BEN]);
  });

  it('does not happen while approvals are missing, and happens with the last one', () => {
    const night = starting({}, TWO);
    night.click('gate:continue', BEN);
    checked(night, NIGHT - MINUTE);
    expect(night.turn(NIGHT + 1)).toEqual([]);
    expect(night.gate('continue')).toMatchObject({ open: true, approvals: [{ user: BEN }] });
    expect(night.click('gate:continue', EVE)).toMatchObject({ accepted: true, text: 'Approved: *continue*.' });
    expect(night.state.phase).toBe('syncing');
    expect(night.gate('continue').approvals.map((one) => one.user)).toEqual([BEN, EVE]);
  });

  it('needs a new approval when the last look has found something else', () => {
    const night = starting();
    night.click('gate:continue', BEN);
    checked(night, NIGHT - MINUTE, { ...NOT_EMPTY, code: 'maxmemory' });
    expect(night.journal.rows.at(-1)?.text).toBe(
      `1 approval is void (*continue*, by <@${BEN}>): the check found something else than what they were given for.`,
    );
    expect(night.turn(NIGHT + 1)).toEqual([]);
    expect(night.gate('continue')).toMatchObject({ open: true, approvals: [] });
    expect(night.state.phase).toBe('planned');
  });

  it('counts APPROVAL_TTL_MINUTES from the start time, not from the click', () => {
    const night = starting();
    night.click('gate:continue', BEN);
    checked(night, NIGHT - MINUTE, { ...NOT_EMPTY, level: 'error', code: 'role' });
    night.turn(NIGHT + 59 * MINUTE);
    expect(night.gate('continue')).toMatchObject({ open: false });
    const again = starting();
    again.click('gate:continue', BEN);
    checked(again, NIGHT - MINUTE);
    again.look(NIGHT + 60 * MINUTE);
    expect(again.gate('continue').approvals).toHaveLength(1);
    again.look(NIGHT + 60 * MINUTE + 1);
    expect(again.gate('continue').approvals).toEqual([]);
    expect(again.turn(NIGHT + 61 * MINUTE)).toEqual([
      `1 approval is void (*continue*, by <@${BEN}>): not used in time.`,
    ]);
  });

  it('happens late when the bot was away, and says so once', () => {
    const night = starting();
    night.click('gate:continue', BEN);
    const told = night.turn(NIGHT + 30 * MINUTE);
    expect(told).toEqual([
      'The start was due 2026-12-05T01:00:00Z, and the bot was away or its clock was behind. Every server is looked at once more, then it starts late, if it is approved.',
    ]);
    expect(night.run()).toBe('preflight');
    expect(night.turn(NIGHT + 30 * MINUTE + 1_000)).toEqual([]);
    checked(night, NIGHT + 31 * MINUTE);
    night.turn(NIGHT + 31 * MINUTE + 1_000);
    expect(night.state.phase).toBe('syncing');
  });

  it('waits for the clock when that was set back', () => {
    const night = starting();
    night.click('gate:continue', BEN);
    night.turn(NIGHT - MINUTE);
    checked(night, NIGHT - MINUTE);
    expect(night.turn(NIGHT - 90 * MINUTE)).toEqual([]);
    expect(night.reason('continue')).toContain('Starts 2026-12-05T01:00:00Z');
    night.turn(NIGHT + 1);
    expect(night.state.phase).toBe('syncing');
  });

  it('is called off by whoever asked for it: approvals are void, and the gate opens for the button', () => {
    const night = starting();
    night.click('gate:continue', BEN);
    const rights = { request: { ok: true as const }, approve: NO };
    expect(night.action('migration:cancel_schedule')?.consequence).toContain('it starts as soon as it is approved');
    expect(night.click('migration:cancel_schedule', ANA, { rights }).accepted).toBe(true);
    expect(night.journal.rows.at(-1)?.text).toBe(
      `<@${ANA}> cancelled the schedule: nothing happens by itself any more. Approvals that were given beforehand are void.`,
    );
    expect(night.gate('continue')).toMatchObject({ open: true, approvals: [] });
    expect(night.turn(NIGHT + 1)).toEqual([]);
    expect(night.run()).toBeNull();
    expect(night.click('migration:cancel_schedule', ANA, { rights }).text).toBe(
      'Nothing would happen by itself any more.',
    );
    const nobody = { request: NO, approve: NO };
    expect(starting().click('migration:cancel_schedule', EVE, { rights: nobody }).accepted).toBe(false);
  });
});

/** Saturdays from 02:00 to 03:00 in Berlin. */
const SATURDAYS = { cron: '0 2 * * 6', minutes: 60 };
const OPENS = utc('2026-12-05T01:00:00Z');
const CLOSES = utc('2026-12-05T02:00:00Z');

function windowed(more: Partial<Schedule> = {}, from = DAY): Clockwork {
  const plan = aPlan(2, { schedule: { zone: BERLIN, window: SATURDAYS, ...more } });
  const pairs = plan.shards.map((shard) => followingPair(shard));
  return new Clockwork(plan, toStreaming(plan), pairs, from);
}

describe('a window for the switch', () => {
  it('keeps the gate closed outside, with the next one, and opens it inside', () => {
    const week = windowed();
    expect(week.gate('switch')).toMatchObject({ open: false });
    expect(week.gate('switch')).not.toHaveProperty('early');
    expect(week.reason('switch')).toBe(
      'It may switch in a window only. The next one opens 2026-12-05T01:00:00Z and closes 2026-12-05T02:00:00Z.',
    );
    expect(week.action('gate:switch')).toBeUndefined();
    expect(week.click('gate:switch', BEN).text).toContain('The gate *switch* is closed.');
    week.turn(OPENS - 1_000);
    expect(week.gate('switch').open).toBe(false);
    expect(week.turn(OPENS)).toEqual(['A window is open until 2026-12-05T02:00:00Z. It may switch now.']);
    expect(week.turn(OPENS + 1_000)).toEqual([]);
    expect(week.gate('switch').open).toBe(true);
    expect(week.click('gate:switch', BEN).accepted).toBe(true);
    expect(week.state.phase).toBe('switching');
    // Whoever has begun goes on.
    expect(week.turn(CLOSES + 1)).toEqual([]);
  });

  it('says when it has closed and why nothing was switched, and waits for the next', () => {
    const week = windowed();
    week.turn(OPENS);
    expect(week.turn(CLOSES)).toEqual([
      'The window has closed 2026-12-05T02:00:00Z, and nothing was switched. It lacked one approval. The next one opens 2026-12-12T01:00:00Z and closes 2026-12-12T02:00:00Z.',
    ]);
    expect(week.turn(CLOSES + 1_000)).toEqual([]);
    expect(week.reason('switch')).toContain('2026-12-12T01:00:00Z');
    expect(week.turn('2026-12-12T01:00:00Z')).toHaveLength(1);
  });

  it('that passed while the bot was away is told, with the next one', () => {
    const week = windowed();
    expect(week.turn('2026-12-05T08:00:00Z')).toEqual([
      'A window passed while the bot was away or its clock was behind; the last was open from 2026-12-05T01:00:00Z to 2026-12-05T02:00:00Z. Nothing was switched. The next one opens 2026-12-12T01:00:00Z and closes 2026-12-12T02:00:00Z.',
    ]);
    expect(week.turn('2026-12-05T08:00:01Z')).toEqual([]);
    const long = windowed();
    expect(long.turn('2026-12-20T08:00:00Z')[0]).toMatch(
      /^3 windows passed .*; the last was open from 2026-12-19T01:00:00Z/,
    );
    const half = windowed();
    half.turn(OPENS);
    expect(half.turn('2026-12-05T08:00:00Z')[0]).toContain('The window has closed 2026-12-05T02:00:00Z');
  });

  it('of before the shards followed is no news', () => {
    const week = windowed({}, utc('2026-12-05T08:00:00Z'));
    expect(week.turn('2026-12-05T08:00:01Z')).toEqual([]);
  });

  it('opens by the clock of its zone on the night when clocks change', () => {
    // Saturdays and Sundays at 02:30 there: on 29 March 2026 there is no such time, on 25 October there are two.
    const spring = windowed({ window: { cron: '30 2 * * 0,6', minutes: 60 } }, utc('2026-03-28T12:00:00Z'));
    expect(spring.reason('switch')).toContain('opens 2026-04-04T00:30:00Z');
    const autumn = windowed({ window: { cron: '30 2 * * 0,6', minutes: 60 } }, utc('2026-10-24T12:00:00Z'));
    expect(autumn.reason('switch')).toContain('opens 2026-10-25T00:30:00Z and closes 2026-10-25T02:30:00Z');
    const york = windowed(
      { zone: 'America/New_York', window: { cron: '0 3 * * 0', minutes: 60 } },
      utc('2026-03-07T12:00:00Z'),
    );
    expect(york.reason('switch')).toContain('opens 2026-03-08T07:00:00Z');
  });

  it('opens no gate that is closed for another reason', () => {
    const week = windowed();
    week.steady = false;
    week.turn(OPENS);
    expect(week.reason('switch')).toBe('0 of 2 shards in step.');
    expect(week.turn(CLOSES)[0]).toContain('nothing was switched. 0 of 2 shards in step. The next one');
  });
});

describe('a switch by itself', () => {
  const auto = (from = DAY) => windowed({ autoSwitch: true }, from);

  it('happens in the window by the approval of the day before, and not earlier', () => {
    const week = auto();
    expect(week.action('gate:switch')).toMatchObject({ label: 'Approve the switch', ask: 'confirm' });
    expect(week.action('gate:switch')?.consequence).toMatch(/^In the next window: Writes on 2 shards stop/);
    expect(week.click('gate:switch', BEN).text).toBe('Approved: *switch*, for the time that is set.');
    expect(week.reason('switch')).toBe(
      'Approved. It switches by itself in the next window, which opens 2026-12-05T01:00:00Z and closes 2026-12-05T02:00:00Z.',
    );
    expect(week.turn(OPENS - 1)).toEqual([]);
    expect(week.turn(OPENS + 500)).toEqual([
      'A window is open until 2026-12-05T02:00:00Z. It switches by itself as soon as the gate is open and approved.',
      `Now switching. The window is open, approved by <@${BEN}>. The new servers are about to take the writes.`,
    ]);
  });

  it('waits in the window until the gate opens, past APPROVAL_TTL_MINUTES, and for no later window', () => {
    const plan = { autoSwitch: true as const, window: { ...SATURDAYS, minutes: 180 } };
    const long = windowed(plan);
    long.click('gate:switch', BEN);
    long.steady = false;
    long.turn(OPENS);
    long.steady = true;
    long.turn(OPENS + 120 * MINUTE);
    expect(long.state.phase).toBe('switching');

    const late = windowed(plan);
    late.click('gate:switch', BEN);
    late.steady = false;
    late.turn(OPENS);
    expect(late.turn(OPENS + 180 * MINUTE)[0]).toContain('nothing was switched. 0 of 2 shards in step. The next one');
    late.steady = true;
    late.turn('2026-12-12T01:00:00Z');
    expect(late.state.phase).toBe('streaming');
    expect(late.gate('switch')).toMatchObject({ open: true, approvals: [] });
  });

  it('does not happen with an approval of before a shard fell out of step', () => {
    const week = auto();
    week.click('gate:switch', BEN);
    week.journal.append(enter('syncing'));
    week.journal.append(enter('streaming'));
    week.turn(OPENS + 1);
    expect(week.state.phase).toBe('streaming');
    expect(week.gate('switch')).toMatchObject({ open: true, approvals: [] });
  });

  it('uses an approval up: a cut-over that was let go is not tried again by itself', () => {
    const week = auto();
    week.click('gate:switch', BEN);
    week.turn(OPENS + 1);
    week.journal.append({ kind: 'cutover_started', attempt: 1 });
    week.journal.append({ kind: 'cutover_let_go', reason: 'Shard 1 was late.' });
    if (week.state.phase !== 'streaming') week.journal.append(enter('streaming'));
    expect(week.turn(OPENS + 5_000)).toEqual([]);
    expect(week.state.phase).toBe('streaming');
    expect(week.turn(CLOSES)[0]).toContain('It lacked one approval. The last cut-over was let go: Shard 1 was late.');
  });

  it('is cancelled with a word; the windows stay, for the button', () => {
    const week = auto();
    week.click('gate:switch', BEN);
    expect(week.click('migration:cancel_schedule', ANA).accepted).toBe(true);
    expect(week.reason('switch')).toBe(
      'It may switch in a window only. The next one opens 2026-12-05T01:00:00Z and closes 2026-12-05T02:00:00Z.',
    );
    expect(week.turn(OPENS + 1)).toEqual(['A window is open until 2026-12-05T02:00:00Z. It may switch now.']);
    expect(week.state.phase).toBe('streaming');
    expect(week.gate('switch')).toMatchObject({ open: true, approvals: [] });
    expect(week.action('migration:cancel_schedule')).toBeUndefined();
    expect(week.view().schedule?.text).toContain(`Cancelled by <@${ANA}>: nothing happens by itself.`);
  });

  it('survives a clock that is set back inside the window', () => {
    const week = auto();
    week.turn(OPENS + 1);
    expect(week.turn(OPENS - 30 * MINUTE)).toEqual([]);
    expect(week.gate('switch')).toMatchObject({ open: false, early: true });
    week.click('gate:switch', BEN);
    expect(week.turn(OPENS + 1)).toHaveLength(1);
    expect(week.state.phase).toBe('switching');
  });
});

describe('who is called, reminded, and at last the channel told', () => {
  const calls = (clockwork: Clockwork, at: number) => {
    const before = clockwork.journal.rows.length;
    clockwork.turn(at);
    return clockwork.journal.rows
      .slice(before)
      .filter(({ event }) => event.kind === 'approval_needed' || event.kind === 'reminded')
      .map((row) => plainTimes(row.text));
  };

  it('of a gate that is open: after half an hour in the thread, after two in the channel, each once', () => {
    const plan = aPlan(2);
    const open = new Clockwork(plan, toPlanned(plan), null, DAY);
    expect(calls(open, DAY)).toEqual(['Gate *continue* is open and needs 1 approval.']);
    expect(calls(open, DAY + 29 * MINUTE)).toEqual([]);
    expect(calls(open, DAY + 31 * MINUTE)).toEqual([
      'Gate *continue* of “orders” still needs 1 approval. It has waited for 30 min.',
    ]);
    expect(open.journal.rows.at(-1)?.event).toMatchObject({ kind: 'reminded', where: 'thread' });
    expect(calls(open, DAY + 119 * MINUTE)).toEqual([]);
    expect(calls(open, DAY + 121 * MINUTE)).toEqual([
      'Gate *continue* of “orders” still needs 1 approval. It has waited for 2 h.',
    ]);
    expect(open.journal.rows.at(-1)?.event).toMatchObject({ kind: 'reminded', where: 'channel' });
    expect(calls(open, DAY + 500 * MINUTE)).toEqual([]);
    const quiet = new Clockwork(plan, toPlanned(plan), null, DAY);
    quiet.policy = { ...POLICY, remindMs: 0, escalateMs: 0 };
    expect(calls(quiet, DAY)).toHaveLength(1);
    expect(calls(quiet, DAY + 500 * MINUTE)).toEqual([]);
  });

  it('of a start: at once, then half an hour before it, and the channel two hours after it', () => {
    const night = starting();
    expect(calls(night, DAY)).toEqual([
      'Gate *continue* can be approved already, for 2026-12-05T01:00:00Z: it needs 1 approval.',
    ]);
    expect(calls(night, NIGHT - 31 * MINUTE)).toEqual([]);
    expect(calls(night, NIGHT - 30 * MINUTE)).toEqual(['Gate *continue* of “orders” still needs 1 approval.']);
    checked(night, NIGHT - MINUTE);
    expect(calls(night, NIGHT + 119 * MINUTE)).toEqual([]);
    expect(calls(night, NIGHT + 120 * MINUTE)).toHaveLength(1);
  });

  it('of a window: when it opens, and again in the next one', () => {
    const week = windowed();
    expect(calls(week, OPENS - MINUTE)).toEqual([]);
    expect(calls(week, OPENS)).toEqual(['Gate *switch* is open and needs 1 approval.']);
    expect(calls(week, OPENS + 31 * MINUTE)).toHaveLength(1);
    expect(calls(week, CLOSES)).toEqual([]);
    const next = utc('2026-12-12T01:00:00Z');
    expect(calls(week, next)).toEqual(['Gate *switch* is open and needs 1 approval.']);
    expect(calls(week, next + 29 * MINUTE)).toEqual([]);
    expect(calls(week, next + 31 * MINUTE)).toHaveLength(1);
  });

  it('not of a gate that is approved, closed or denied', () => {
    const night = starting();
    night.turn(DAY);
    night.click('gate:continue', BEN);
    expect(calls(night, NIGHT - 30 * MINUTE)).toEqual([]);
    const no = starting();
    no.turn(DAY);
    expect(no.action('migration:deny')).toBeDefined();
    no.click('migration:deny', BEN, { reason: 'Not on a Saturday.' });
    expect(calls(no, NIGHT - 30 * MINUTE)).toEqual([]);
    expect(no.gate('continue')).not.toHaveProperty('early');
  });
});

describe('what is shown', () => {
  it('says when it starts and when it may switch, as long as that is to come', () => {
    const plan = aPlan(2, { schedule: { zone: BERLIN, startAt: NIGHT, window: SATURDAYS, autoSwitch: true } });
    const all = new Clockwork(plan, toPlanned(plan), null, DAY);
    expect(all.view().schedule).toMatchObject({
      zone: BERLIN,
      startAt: '2026-12-05T01:00:00.000Z',
      window: { ...SATURDAYS, open: false, opensAt: '2026-12-05T01:00:00.000Z', closesAt: '2026-12-05T02:00:00.000Z' },
      autoSwitch: true,
      cancelledBy: null,
    });
    expect(plainTimes(all.view().schedule?.text ?? '')).toBe(
      'Starts 2026-12-05T01:00:00Z. Switches by itself in a window only: `0 2 * * 6` for 60 minutes, Europe/Berlin. The next one opens 2026-12-05T01:00:00Z and closes 2026-12-05T02:00:00Z.',
    );
    const done = new Clockwork(plan, [...toStreaming(plan), enter('switching')], null, DAY);
    expect(done.view().schedule?.text).toBeNull();
    expect(new Clockwork(aPlan(2), [], null, DAY).view().schedule).toBeNull();
    expect(plainTimes(all.journal.rows[0]?.text ?? '')).toBe(
      `<@${ANA}> asked for “orders”: 2 shards, cut-over fenced, starts 2026-12-05T01:00:00Z, switches by itself in a window only (\`0 2 * * 6\` for 60 minutes, Europe/Berlin).`,
    );
  });
});
