/** Who may open a gate, when, and what is told to those who may not. */
import { describe, expect, it } from 'vitest';
import { gatesOf, validApprovals } from '../../src/domain/gate.ts';
import { GATES, type Gate, PHASES, type Phase } from '../../src/domain/phase.ts';
import {
  ANA,
  aPlan,
  BEN,
  EVE,
  enter,
  followingPair,
  freshPair,
  NOT_EMPTY,
  NOT_LOOKED,
  POLICY,
  START,
  sightOf,
  stateOf,
  toPlanned,
  toStreaming,
  unseen,
} from './support/build.ts';
import { Desk, NO, planned, streaming, TWO } from './support/desk.ts';

describe('one approval', () => {
  it('opens the gate and the next phase begins', () => {
    const desk = planned();
    expect(desk.click('gate:continue', BEN)).toMatchObject({ accepted: true, text: 'Approved: *continue*.' });
    expect(desk.state.phase).toBe('syncing');
    expect(desk.gate('continue')).toMatchObject({
      open: false,
      approvals: [{ user: BEN }],
      reason: 'This gate is behind us.',
    });
  });

  it('by a command needs no button', () => {
    expect(planned().click('gate:continue', BEN, { entry: null }).accepted).toBe(true);
  });

  it('after the gate was passed says who passed it', () => {
    const desk = planned();
    const { entry } = desk.state;
    desk.click('gate:continue', BEN);
    for (const user of [BEN, EVE]) {
      const second = desk.click('gate:continue', user, { entry });
      expect(second.accepted).toBe(false);
      expect(second.text).toContain(`*continue* was already approved by <@${BEN}>`);
    }
    expect(desk.state.phase).toBe('syncing');
  });

  it('by somebody who may not approve changes nothing and tells who may', () => {
    const desk = planned();
    const verdict = desk.click('gate:continue', EVE, { rights: { request: { ok: true }, approve: NO } });
    expect(verdict).toMatchObject({ accepted: false, text: 'Only Ben may do that.' });
    expect(desk.state.phase).toBe('planned');
  });

  it('by the requester counts unless SELF_APPROVAL is false', () => {
    expect(planned().click('gate:continue', ANA).accepted).toBe(true);
    const strict = planned();
    strict.policy = { ...POLICY, selfApproval: false };
    expect(strict.click('gate:continue', ANA)).toMatchObject({
      accepted: false,
      text: 'You asked for this migration: somebody else has to approve it.',
    });
    expect(strict.click('gate:continue', BEN).accepted).toBe(true);
  });

  it('by the requester from before SELF_APPROVAL was turned off does not count any more', () => {
    const desk = planned();
    desk.policy = TWO;
    desk.click('gate:continue', ANA);
    desk.policy = { ...TWO, selfApproval: false };
    expect(desk.click('gate:continue', BEN).text).toBe('Approved. 1 more approval needed.');
    expect(desk.state.phase).toBe('planned');
  });
});

describe('two approvals', () => {
  it('are needed by two people', () => {
    const desk = planned();
    desk.policy = TWO;
    expect(desk.click('gate:continue', BEN)).toMatchObject({
      accepted: true,
      text: 'Approved. 1 more approval needed.',
    });
    expect(desk.state.phase).toBe('planned');
    const again = desk.click('gate:continue', BEN);
    expect(again.accepted).toBe(false);
    expect(again.text).toMatch(/^You approved \*continue\* already, at .*Somebody else is needed\.$/);
    expect(desk.gate('continue')).toMatchObject({ open: true, needed: 2, approvals: [{ user: BEN }] });
    expect(desk.click('gate:continue', EVE)).toMatchObject({ accepted: true, text: 'Approved: *continue*.' });
    expect(desk.state.phase).toBe('syncing');
    expect(desk.gate('continue').approvals.map((one) => one.user)).toEqual([BEN, EVE]);
  });

  it('expire: after APPROVAL_TTL_MINUTES the first does not count, and may be given again', () => {
    const desk = planned();
    desk.policy = TWO;
    desk.click('gate:continue', BEN);
    desk.journal.now += TWO.approvalTtlMs + 1;
    expect(desk.gate('continue').approvals).toEqual([]);
    expect(desk.click('gate:continue', EVE).text).toBe('Approved. 1 more approval needed.');
    expect(desk.click('gate:continue', BEN).text).toBe('Approved: *continue*.');
    expect(desk.gate('continue').approvals.map((one) => one.user)).toEqual([EVE, BEN]);
  });

  it('of one person count once, also when the clock jumps back', () => {
    const desk = planned();
    desk.policy = TWO;
    desk.click('gate:continue', BEN);
    desk.journal.now += TWO.approvalTtlMs + 1;
    desk.click('gate:continue', BEN);
    desk.journal.now -= TWO.approvalTtlMs;
    expect(desk.gate('continue').approvals.map((one) => one.user)).toEqual([BEN]);
    expect(desk.state.phase).toBe('planned');
  });

  it('of before another check do not count', () => {
    const desk = planned();
    desk.policy = TWO;
    desk.click('gate:continue', BEN);
    desk.click('migration:recheck', EVE);
    expect(desk.state.phase).toBe('checking');
    const early = desk.click('gate:continue', EVE);
    expect(early).toMatchObject({ accepted: false });
    expect(early.text).toBe('The gate *continue* is closed. The check is still looking at the servers.');
    for (const event of toPlanned(desk.state.plan)) desk.journal.append(event);
    expect(desk.gate('continue').approvals).toEqual([]);
    expect(desk.click('gate:continue', EVE).text).toBe('Approved. 1 more approval needed.');
  });

  it('of before a shard fell out of step do not count', () => {
    const desk = streaming();
    desk.policy = TWO;
    desk.click('gate:switch', BEN);
    desk.journal.append(enter('syncing'));
    expect(desk.gate('switch')).toMatchObject({ open: false, approvals: [] });
    const early = desk.click('gate:switch', EVE);
    expect(early.text).toBe('The gate *switch* is closed. Opens when every shard is in step.');
    desk.journal.append(enter('streaming'));
    expect(desk.click('gate:switch', EVE).text).toBe('Approved. 1 more approval needed.');
  });

  it('count for the findings that they were given for', () => {
    const desk = planned();
    desk.policy = TWO;
    desk.click('gate:continue', BEN);
    for (const event of toPlanned(desk.state.plan, [NOT_EMPTY]))
      if (event.kind === 'preflight_done') desk.journal.append(event);
    expect(validApprovals('continue', desk.state, desk.journal.now, TWO)).toEqual([]);
  });
});

describe('a closed gate', () => {
  it('continue: says which error is to be mended', () => {
    const plan = aPlan(1);
    const finding = {
      level: 'error',
      shard: 0,
      code: 'source_timeout',
      text: 'old-1:6379 does not answer.',
      fix: null,
    } as const;
    const desk = new Desk(plan, toPlanned(plan, [finding, { ...finding, code: 'destination_timeout' }]));
    const { text, accepted } = desk.click('gate:continue', BEN);
    expect(accepted).toBe(false);
    expect(text).toBe(
      'The gate *continue* is closed. 2 errors found: old-1:6379 does not answer. And 1 more error. Mend what the findings say, then check again.',
    );
  });

  it('switch: says which shard is late and why', () => {
    const desk = streaming();
    const [first, second] = desk.state.plan.shards;
    if (!first || !second) throw new Error('The plan has two shards.');
    desk.sight = sightOf(desk.state, [followingPair(first), followingPair(second, 2_000_000)]);
    expect(desk.click('gate:switch', BEN).text).toBe(
      'The gate *switch* is closed. 1 of 2 shards in step. Shard 2: new-2:6379 is 2000000 bytes behind, more than 1048576.',
    );
    desk.sight = sightOf(desk.state, [
      followingPair(first),
      { ...followingPair(second), source: unseen('old-2:6379 hangs.') },
    ]);
    expect(desk.click('gate:switch', BEN).text).toContain('Shard 2: old-2:6379 hangs.');
  });

  it('switch: one tick in step is not enough', () => {
    const desk = streaming();
    const looks = desk.state.plan.shards.map((shard) => followingPair(shard));
    desk.sight = sightOf(desk.state, looks, { ticks: 1 });
    expect(desk.click('gate:switch', BEN).accepted).toBe(false);
    desk.sight = NOT_LOOKED;
    expect(desk.click('gate:switch', BEN).text).toContain('have not been looked at yet');
    expect(desk.state.phase).toBe('streaming');
  });

  it.each([
    ['source', 'run-old-1'],
    ['destination', 'run-new-1'],
  ])('continue: a %s that is a server of another unfinished migration, whichever address it has there', (_, runId) => {
    const desk = planned();
    const looks = [freshPair(0), freshPair(1)];
    desk.sight = sightOf(desk.state, looks, { taken: new Map([[runId, 'm-aaaa']]) });
    expect(desk.click('gate:continue', BEN).text).toBe(
      'The gate *continue* is closed. Shard 2 has a server of migration m-aaaa, which has not ended. Abort one of the two.',
    );
    desk.sight = sightOf(desk.state, looks, { taken: new Map([['run-of-others', 'm-aaaa']]) });
    expect(desk.click('gate:continue', BEN).accepted).toBe(true);
  });

  it('is closed in every phase but its own, with a sentence', () => {
    const own: Record<Gate, Phase> = { continue: 'planned', switch: 'streaming', finish: 'switched' };
    const base = stateOf(aPlan(1));
    for (const phase of PHASES) {
      const views = gatesOf({ ...base, phase }, { ...NOT_LOOKED, quietMs: 60_000 }, POLICY);
      expect(views.map((one) => one.gate)).toEqual([...GATES]);
      for (const view of views) {
        if (phase !== own[view.gate]) expect(view.open).toBe(false);
        expect(view.reason).toMatch(/^[A-Z0-9].*\.$/);
      }
    }
  });
});

describe('a cut-over that was let go', () => {
  it('uses up its approvals, and the next attempt needs new ones', () => {
    const desk = streaming();
    desk.click('gate:switch', BEN);
    expect(desk.state.phase).toBe('switching');
    desk.journal.append({ kind: 'cutover_started', attempt: 1 });
    desk.journal.append({ kind: 'cutover_let_go', reason: 'new-1:6379 was late.' });
    desk.journal.append(enter('streaming'));
    expect(desk.gate('switch')).toMatchObject({ open: true, approvals: [] });
    expect(desk.click('gate:switch', BEN)).toMatchObject({ accepted: true });
    expect(desk.state.phase).toBe('switching');
  });
});

describe('a wipe', () => {
  const wiping = (): Desk => {
    const plan = aPlan(1, { yesWipe: true });
    return new Desk(plan, toPlanned(plan, [NOT_EMPTY], 7));
  };

  it.each([undefined, '', 'order', 'ORDERS', 'orders2'])('is not consented to by typing %j', (typedName) => {
    const desk = wiping();
    const verdict = desk.click('gate:continue', BEN, typedName === undefined ? {} : { typedName });
    expect(verdict.accepted).toBe(false);
    expect(verdict.text).toMatch(/type the name of the migration/);
    expect(desk.state.approvals).toEqual([]);
  });

  it('is consented to by typing the name, by each approver', () => {
    const desk = wiping();
    desk.policy = TWO;
    expect(desk.click('gate:continue', BEN, { typedName: ' orders ' }).accepted).toBe(true);
    expect(desk.click('gate:continue', EVE).accepted).toBe(false);
    expect(desk.click('gate:continue', EVE, { typedName: 'orders' }).accepted).toBe(true);
    expect(desk.state.approvals.map((one) => one.wipe)).toEqual([true, true]);
  });

  it('is never asked about when destinations hold no keys', () => {
    const desk = planned({ yesWipe: true });
    expect(desk.click('gate:continue', BEN).accepted).toBe(true);
    expect(desk.state.approvals[0]?.wipe).toBe(false);
  });
});

it('times are shown in each reader’s own time, with UTC behind', () => {
  const desk = planned();
  desk.policy = TWO;
  desk.journal.now = START + 3_600_000;
  desk.click('gate:continue', BEN);
  expect(desk.click('gate:continue', BEN).text).toMatch(/<!date\^1700003\d{3}\^\{time_secs\}\|23:13:\d\d UTC>/);
});

describe('a source below 2.8 with a password, whose switch is not proven', () => {
  it('asks for the name of the migration, in a form that says what may be lost', () => {
    const plan = aPlan(2);
    const text = 'old-1:6379 asks for a password: an item may be lost.';
    const finding = { level: 'warning', shard: 0, code: 'switch_unproven', text, fix: 'Stop it.' } as const;
    const [preflight, ...rest] = toStreaming(plan);
    if (preflight?.kind !== 'preflight_done') throw new Error('Preflight comes first.');
    const desk = new Desk(plan, [{ ...preflight, report: { ...preflight.report, findings: [finding] } }, ...rest]);
    desk.sight = sightOf(
      desk.state,
      plan.shards.map((shard) => followingPair(shard)),
    );
    expect(desk.gate('switch')).toMatchObject({ open: true });
    for (const typedName of ['', 'another'])
      expect(desk.click('gate:switch', BEN, { typedName })).toMatchObject({
        accepted: false,
        text: expect.stringContaining('not proven'),
      });
    expect(desk.action('gate:switch')).toMatchObject({
      ask: 'form',
      consequence: expect.stringContaining(text),
    });
    expect(desk.click('gate:switch', BEN, { typedName: plan.name }).accepted).toBe(true);
    expect(desk.state.phase).toBe('switching');
  });
});
