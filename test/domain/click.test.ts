/** Clicks that are no approvals, and copies of buttons that are out of date. */
import { describe, expect, it } from 'vitest';
import type { Rights } from '../../src/domain/click.ts';
import type { Event } from '../../src/domain/event.ts';
import { mayAsk } from '../../src/domain/may-ask.ts';
import { PHASES } from '../../src/domain/phase.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { ACTION_IDS, type ActionId } from '../../src/domain/view.ts';
import { aPlan, BEN, EVE, enter, POLICY, toPlanned, toStreaming, toSyncing } from './support/build.ts';
import { Desk, NO, planned, streaming, TWO } from './support/desk.ts';

describe('an old copy of a button', () => {
  it.each<ActionId>(['gate:switch', 'migration:abort'])('%s of the phase before changes nothing', (action) => {
    const desk = streaming();
    const before = desk.state.phase;
    const verdict = desk.click(action, BEN, { entry: 3 });
    expect(verdict).toMatchObject({ accepted: false });
    expect(verdict.text).toMatch(/^This button is from an earlier state of the migration\./);
    expect(desk.state.phase).toBe(before);
  });

  it('recheck of before the last check does not throw away the approvals of this one', () => {
    const desk = planned();
    const { entry } = desk.state;
    desk.click('migration:recheck', EVE);
    for (const event of toPlanned(desk.state.plan)) desk.journal.append(event);
    desk.policy = TWO;
    desk.click('gate:continue', BEN);
    expect(desk.click('migration:recheck', EVE, { entry })).toMatchObject({ accepted: false });
    expect(desk.gate('continue').approvals).toHaveLength(1);
  });

  it('that is none of this plan (0) changes nothing', () => {
    for (const action of ACTION_IDS) expect(planned().click(action, BEN, { entry: 0 }).accepted).toBe(false);
  });
});

describe('a click that nobody judged for as long as an approval lasts', () => {
  const ttl = POLICY.approvalTtlMs;

  it.each<[ActionId, () => Desk]>([
    ['gate:continue', planned],
    ['gate:switch', streaming],
  ])('%s approves nothing any more', (action, desk) => {
    for (const entry of [undefined, null]) {
      const late = desk();
      const before = late.state.phase;
      const verdict = late.click(action, BEN, { waitsMs: ttl, ...(entry === undefined ? {} : { entry }) });
      expect(verdict).toMatchObject({
        accepted: false,
        text: 'This click is older than 1 h 0 min: the bot was away. Look again, and click again.',
      });
      expect(late.state).toMatchObject({ phase: before, approvals: [] });
      expect(late.click(action, BEN).accepted).toBe(true);
    }
  });

  it('counts up to then, and an abort counts however old it is', () => {
    // Writing the click down takes a millisecond.
    expect(planned().click('gate:continue', BEN, { waitsMs: ttl - 1 }).accepted).toBe(true);
    expect(streaming().click('migration:abort', BEN, { waitsMs: 10 * ttl }).accepted).toBe(true);
  });
});

describe('abort', () => {
  const requesterOnly: Rights = { request: { ok: true }, approve: NO };
  const approverOnly: Rights = { request: NO, approve: { ok: true } };
  const nobody: Rights = { request: NO, approve: NO };

  it.each<[string, (plan: Plan) => Event[]]>([
    ['checking', () => []],
    ['planned', toPlanned],
    ['syncing', toSyncing],
    ['streaming', toStreaming],
  ])('is possible in %s, by requesters and by approvers', (phase, events) => {
    for (const rights of [requesterOnly, approverOnly]) {
      const plan = aPlan(1);
      const desk = new Desk(plan, events(plan));
      expect(desk.state.phase).toBe(phase);
      expect(desk.click('migration:abort', EVE, { rights: nobody })).toMatchObject({ accepted: false, text: NO.why });
      expect(desk.click('migration:abort', BEN, { rights }).accepted).toBe(true);
      expect(desk.state.phase).toBe('aborting');
    }
  });

  it.each(['switching', 'switched', 'finishing'] as const)('is too late in %s', (phase) => {
    const plan = aPlan(1);
    const path = {
      switching: ['switching'],
      switched: ['switching', 'switched'],
      finishing: ['switching', 'switched', 'finishing'],
    } as const;
    const desk = new Desk(plan, [...toStreaming(plan), ...path[phase].map((one) => enter(one))]);
    const verdict = desk.click('migration:abort', BEN);
    expect(verdict.accepted).toBe(false);
    expect(verdict.text).toContain(`too late to abort: the migration is ${phase}`);
    expect(desk.state.phase).toBe(phase);
  });

  it('goes through though shards fell in and out of step since the button was drawn', () => {
    const plan = aPlan(1);
    const desk = new Desk(plan, toSyncing(plan));
    const { entry } = desk.state;
    for (const phase of ['streaming', 'syncing', 'streaming'] as const) desk.journal.append(enter(phase));
    expect(desk.click('migration:abort', BEN, { entry }).accepted).toBe(true);
  });

  it('pressed twice, or by two people at once, leaves no server behind', () => {
    const plan = aPlan(1);
    const desk = new Desk(plan, toStreaming(plan));
    const { entry } = desk.state;
    desk.click('migration:abort', BEN, { entry });
    for (const user of [BEN, EVE]) {
      expect(desk.click('migration:abort', user, { entry })).toMatchObject({
        accepted: false,
        text: 'It is being aborted already.',
      });
    }
    expect(desk.state.giveUp).toBe(false);
  });

  it('asked for once more while aborting leaves behind what cannot be reached; that takes an approver', () => {
    const plan = aPlan(1);
    const desk = new Desk(plan, toStreaming(plan));
    desk.click('migration:abort', BEN);
    expect(desk.click('migration:abort', EVE, { rights: requesterOnly }).accepted).toBe(false);
    expect(desk.state.giveUp).toBe(false);
    expect(desk.click('migration:abort', BEN, { rights: approverOnly })).toMatchObject({
      accepted: true,
      text: 'What cannot be reached is left as it is.',
    });
    expect(desk.state.giveUp).toBe(true);
    expect(desk.click('migration:abort', BEN).text).toBe('It is being aborted already.');
  });

  it.each<ActionId>([...ACTION_IDS])('after the end, %s answers that it is over', (action) => {
    const plan = aPlan(1);
    const desk = new Desk(plan, [...toPlanned(plan), enter('aborting'), enter('aborted')]);
    expect(desk.click(action, BEN)).toMatchObject({
      accepted: false,
      text: 'This migration is aborted. Nothing can be done to it any more.',
    });
  });
});

describe('recheck', () => {
  it('runs preflight again, by requesters and approvers, in planned only', () => {
    const desk = planned();
    expect(desk.click('migration:recheck', EVE, { rights: { request: NO, approve: NO } }).accepted).toBe(false);
    expect(desk.click('migration:recheck', EVE, { rights: { request: { ok: true }, approve: NO } }).accepted).toBe(
      true,
    );
    expect(desk.state.phase).toBe('checking');
    expect(desk.click('migration:recheck', EVE).text).toBe(
      'There is nothing to check again: the migration is checking.',
    );
    expect(PHASES.filter((phase) => mayAsk({ ...desk.state, phase }, desk.sight, 'recheck'))).toEqual(['planned']);
  });
});
