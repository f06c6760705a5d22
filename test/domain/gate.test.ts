/** Who may open a gate, when, and what is told to those who may not. */
import { describe, expect, it } from 'vitest';
import { judgeClick, type ClickVerdict, type Rights } from '../../src/domain/click.ts';
import type { Sight } from '../../src/domain/sight.ts';
import type { Event } from '../../src/domain/event.ts';
import { gatesOf, type Policy, validApprovals } from '../../src/domain/gate.ts';
import { type MigrationState, mayAsk } from '../../src/domain/migration.ts';
import { GATES, type Gate, PHASES, type Phase } from '../../src/domain/phase.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { ACTION_IDS, type ActionId } from '../../src/domain/view.ts';
import { Journal } from './support/journal.ts';
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
  sightOf,
  START,
  stateOf,
  toPlanned,
  toStreaming,
  toSwitched,
  toSyncing,
  unseen,
} from './support/build.ts';

const EVERYTHING: Rights = { request: { ok: true }, approve: { ok: true } };
const NO = { ok: false, why: 'Only Ben may do that.' } as const;

/** A journal that is clicked on. */
class Desk {
  readonly journal: Journal;
  policy: Policy = POLICY;
  sight: Sight = NOT_LOOKED;

  constructor(plan: Plan, events: readonly Event[]) {
    this.journal = new Journal(plan);
    for (const event of events) this.journal.append(event);
  }

  get state(): MigrationState {
    return this.journal.state;
  }

  /** `entry`: which phase entry the button was drawn for; null for a command; now when left out. */
  click(
    action: ActionId,
    user: string,
    more: { entry?: number | null; typedName?: string; rights?: Rights } = {},
  ): ClickVerdict {
    const { entry = this.state.entry, typedName = null, rights = EVERYTHING } = more;
    const { seq } = this.journal.append({ kind: 'clicked', action, user, entry, typedName });
    const click = this.state.clicks.find((one) => one.seq === seq);
    if (!click) throw new Error('The click is not in the journal.');
    const verdict = judgeClick(click, this.state, { ...this.sight, wallNow: this.journal.now }, this.policy, rights);
    for (const row of verdict.rows) this.journal.append(row);
    expect(this.state.clicks).toEqual([]);
    return verdict;
  }

  gate(gate: Gate) {
    const found = gatesOf(this.state, { ...this.sight, wallNow: this.journal.now }, this.policy).find(
      (one) => one.gate === gate,
    );
    if (!found) throw new Error(`There is no gate ${gate}.`);
    return found;
  }
}

function planned(more: Partial<Plan> = {}): Desk {
  const plan = aPlan(2, more);
  return new Desk(plan, toPlanned(plan));
}

function streaming(): Desk {
  const plan = aPlan(2);
  const desk = new Desk(plan, toStreaming(plan));
  desk.sight = sightOf(
    desk.state,
    plan.shards.map((shard) => followingPair(shard)),
  );
  return desk;
}

const TWO: Policy = { ...POLICY, approvals: { continue: 2, switch: 2, finish: 2 } };

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

  it('of before another check do not count', () => {
    const desk = planned();
    desk.policy = TWO;
    desk.click('gate:continue', BEN);
    desk.click('migration:recheck', EVE);
    expect(desk.state.phase).toBe('checking');
    const early = desk.click('gate:continue', EVE);
    expect(early).toMatchObject({ accepted: false });
    expect(early.text).toBe('The gate *continue* is closed. Preflight is still looking at the servers.');
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

  it('finish: says for how long it was quiet, or why that cannot be claimed', () => {
    const plan = aPlan(1);
    const desk = new Desk(plan, toSwitched(plan));
    desk.sight = { ...NOT_LOOKED, quietMs: 12_000 };
    expect(desk.click('gate:finish', BEN).text).toBe(
      'The gate *finish* is closed. Nobody has tried to write to an old master for 12 s; it takes 30 s of quiet.',
    );
    desk.sight = { ...NOT_LOOKED, quietMs: 90_000, unquiet: 'old-1:6379 has not answered for 9 s.' };
    expect(desk.click('gate:finish', BEN).text).toContain('old-1:6379 has not answered for 9 s.');
    desk.sight = { ...NOT_LOOKED, quietMs: 30_000 };
    expect(desk.click('gate:finish', BEN).accepted).toBe(true);
    expect(desk.state.phase).toBe('finishing');
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
    expect(PHASES.filter((phase) => mayAsk({ ...desk.state, phase }, 'recheck'))).toEqual(['planned']);
  });
});

it('times are shown in each reader’s own time, with UTC behind', () => {
  const desk = planned();
  desk.policy = TWO;
  desk.journal.now = START + 3_600_000;
  desk.click('gate:continue', BEN);
  expect(desk.click('gate:continue', BEN).text).toMatch(/<!date\^1700003\d{3}\^\{time_secs\}\|23:13:\d\d UTC>/);
});
