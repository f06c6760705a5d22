/** Words about a gate that are taken back, denied, void or expired, and the glass that is broken. */
import { describe, expect, it } from 'vitest';
import { mayWipe } from '../../src/domain/begin.ts';
import type { Event } from '../../src/domain/event.ts';
import { foldJournal } from '../../src/domain/migration.ts';
import { planHash } from '../../src/domain/plan.ts';
import { abortSummary, finishSummary } from '../../src/domain/summary.ts';
import {
  ANA,
  aPlan,
  BEN,
  EVE,
  enter,
  NOT_EMPTY,
  POLICY,
  sightOf,
  switchedPair,
  toPlanned,
  toSwitched,
} from './support/build.ts';
import { Desk, NO, planned, streaming, TWO } from './support/desk.ts';

const NOBODY = { request: NO, approve: NO } as const;
const ALONE = { typedName: 'orders', reason: 'Ben is asleep, the disk is full.' };

function two(desk: Desk): Desk {
  desk.policy = TWO;
  return desk;
}

function names(desk: Desk): readonly string[] {
  return desk.view().actions.map((one) => one.action);
}

function texts(desk: Desk, kind: Event['kind']): readonly string[] {
  return desk.journal.rows.filter((row) => row.event.kind === kind).map((row) => row.text);
}

describe('an approval', () => {
  it('says in the journal what it was given for', () => {
    const desk = two(planned());
    const { entry, plan } = desk.state;
    desk.click('gate:continue', BEN);
    expect(desk.journal.rows.findLast((row) => row.event.kind === 'approved')?.event).toMatchObject({
      entry,
      findings: '',
      planHash: planHash(plan),
      count: { given: 1, needed: 2 },
    });
    expect(texts(desk, 'approved')).toEqual([`<@${BEN}> approved *continue* (1 of 2).`]);
    // For another plan it does not count.
    const rows = desk.journal.rows.map((row) =>
      row.event.kind === 'approved' ? { ...row, event: { ...row.event, planHash: 'f'.repeat(16) } } : row,
    );
    desk.journal.state = foldJournal(rows);
    expect(desk.gate('continue').approvals).toEqual([]);
  });

  it('of one person under two ids counts once', () => {
    const desk = two(planned());
    const ben = { request: { ok: true }, approve: { ok: true }, person: 'W00000BEN' } as const;
    expect(desk.click('gate:continue', BEN, { rights: ben }).accepted).toBe(true);
    expect(desk.click('gate:continue', 'W00000BEN').text).toContain('You approved *continue* already');
    expect(desk.gate('continue').approvals).toHaveLength(1);
    expect(desk.click('migration:revoke', 'W00000BEN').accepted).toBe(true);
    expect(desk.gate('continue').approvals).toEqual([]);
  });

  it('of the requester under another id does not count where theirs does not', () => {
    const desk = planned();
    desk.policy = { ...TWO, selfApproval: false };
    const ana = { request: { ok: true }, approve: { ok: true }, person: 'W00000ANA', requester: 'W00000ANA' } as const;
    expect(desk.click('gate:continue', 'W00000ANA', { rights: ana }).text).toContain('somebody else has to approve it');
    // Given while it did count.
    desk.policy = TWO;
    expect(desk.click('gate:continue', 'W00000ANA', { rights: ana }).accepted).toBe(true);
    desk.policy = { ...TWO, selfApproval: false };
    expect(desk.gate('continue').approvals).toEqual([]);
  });

  it('of somebody who may not approve any more is void when the next one comes, and that is said', () => {
    const desk = two(planned());
    desk.click('gate:continue', BEN);
    const rights = { request: { ok: true }, approve: { ok: true }, lost: new Set([BEN]) } as const;
    expect(desk.click('gate:continue', EVE, { rights }).text).toBe('Approved. 1 more approval needed.');
    expect(texts(desk, 'approvals_void')).toEqual([
      `1 approval is void (*continue*, by <@${BEN}>): they may not approve any more.`,
    ]);
    expect(desk.gate('continue').approvals.map((one) => one.user)).toEqual([EVE]);
    expect(desk.state.phase).toBe('planned');
  });
});

describe('taking back', () => {
  it('is there while an approval counts, and makes it count no more', () => {
    const desk = two(planned());
    expect(names(desk)).not.toContain('migration:revoke');
    desk.click('gate:continue', BEN);
    expect(desk.action('migration:revoke')).toMatchObject({
      ask: 'confirm',
      label: 'Take back approval',
      consequence: expect.stringContaining(`Given so far by <@${BEN}>.`),
    });
    // Whoever may not approve any more can still take it back.
    expect(desk.click('migration:revoke', BEN, { rights: NOBODY })).toMatchObject({
      accepted: true,
      text: 'Your approval of *continue* is taken back.',
    });
    expect(texts(desk, 'approval_revoked')).toEqual([`<@${BEN}> took back the approval of *continue*.`]);
    expect(desk.gate('continue').approvals).toEqual([]);
    expect(names(desk)).not.toContain('migration:revoke');
    expect(desk.click('gate:continue', EVE).text).toBe('Approved. 1 more approval needed.');
    expect(desk.click('gate:continue', BEN).text).toBe('Approved: *continue*.');
  });

  it('is refused to somebody who has given none, and changes nothing', () => {
    const desk = two(planned());
    desk.click('gate:continue', BEN);
    expect(desk.click('migration:revoke', EVE)).toMatchObject({
      accepted: false,
      text: 'No approval of yours counts now, so there is nothing to take back.',
    });
    expect(desk.gate('continue').approvals).toHaveLength(1);
  });

  it('comes too late once the gate was passed, and says who passed it', () => {
    const desk = two(planned());
    const { entry } = desk.state;
    desk.click('gate:continue', BEN);
    desk.click('gate:continue', EVE);
    for (const action of ['migration:revoke', 'migration:deny'] as const) {
      const late = desk.click(action, BEN, { entry, reason: 'No.' });
      expect(late.accepted).toBe(false);
      expect(late.text).toContain(`*continue* was already approved by <@${EVE}> at <!date`);
    }
    expect(desk.state.phase).toBe('syncing');
    expect(desk.gate('continue').approvals).toHaveLength(2);
  });

  it('takes back the word for finish without quiet as well', () => {
    const plan = aPlan(1);
    const desk = two(new Desk(plan, toSwitched(plan)));
    desk.sight = sightOf(desk.state, [switchedPair(plan, 0)], { quietMs: 0, stirred: true });
    expect(desk.click('migration:override', BEN, ALONE).accepted).toBe(true);
    expect(desk.gate('finish').open).toBe(true);
    expect(desk.click('migration:revoke', BEN).accepted).toBe(true);
    expect(desk.gate('finish')).toMatchObject({ open: false, approvals: [] });
  });
});

describe('a denial', () => {
  const denied = (): Desk => {
    const desk = two(planned());
    desk.click('gate:continue', BEN);
    expect(desk.click('migration:deny', EVE, { reason: 'Not *before* the sale <!here>.' })).toMatchObject({
      accepted: true,
      text: 'Denied: *continue* stays closed. Void by it: 1 approval.',
    });
    return desk;
  };

  it('closes the gate, voids what was given, and says who and why', () => {
    const desk = denied();
    const gate = desk.gate('continue');
    expect(gate).toMatchObject({ open: false, approvals: [], denied: { user: EVE } });
    expect(gate.reason).toMatch(/^Denied by <@U00000EVE> <!date.*>: "Not ∗before∗ the sale ‹!here›"\.$/);
    expect(texts(desk, 'gate_denied')).toEqual([
      `<@${EVE}> denied *continue*: "Not ∗before∗ the sale ‹!here›". 1 approval is void. <@${ANA}>, ask again once that is settled.`,
    ]);
    expect(desk.click('gate:continue', BEN).text).toContain('The gate *continue* is closed. Denied by');
    expect(names(desk)).toEqual(['migration:ask_again', 'migration:revoke', 'migration:recheck', 'migration:abort']);
    expect(desk.says(), 'nobody is called to a denied gate').toEqual([]);
  });

  it('is given once: the next one is told who was first', () => {
    const second = denied().click('migration:deny', BEN, { reason: 'Me too.' });
    expect(second.accepted).toBe(false);
    expect(second.text).toContain(`*continue* was already denied by <@${EVE}> at <!date`);
  });

  it('is taken back by whoever gave it, and by nobody else', () => {
    const desk = denied();
    expect(desk.click('migration:revoke', BEN)).toMatchObject({
      accepted: false,
      text: `<@${EVE}> denied *continue*, and can take it back. You can ask again.`,
    });
    expect(desk.click('migration:revoke', EVE, { rights: NOBODY }).accepted).toBe(true);
    expect(desk.gate('continue')).toMatchObject({ open: true, approvals: [] });
    expect(desk.gate('continue').denied).toBeUndefined();
  });

  it('is over when somebody who may request asks again; then approvers are called anew', () => {
    const desk = denied();
    expect(desk.click('migration:ask_again', BEN, { rights: NOBODY })).toMatchObject({ accepted: false, text: NO.why });
    const requester = { request: { ok: true }, approve: NO } as const;
    expect(desk.click('migration:ask_again', ANA, { rights: requester }).accepted).toBe(true);
    expect(texts(desk, 'asked_again')).toEqual([`<@${ANA}> asked again for *continue*, which <@${EVE}> had denied.`]);
    expect(desk.says()).toEqual([{ kind: 'approval_needed', gate: 'continue', missing: 2 }]);
    expect(desk.click('migration:ask_again', ANA).text).toContain('No gate is denied any more');
  });

  it('takes an approver and a reason', () => {
    const desk = planned();
    expect(desk.click('migration:deny', EVE, { reason: ' ' }).text).toBe('Use the form: it takes a reason.');
    const rights = { request: { ok: true }, approve: NO } as const;
    expect(desk.click('migration:deny', EVE, { reason: 'No.', rights }).text).toBe(NO.why);
    expect(desk.gate('continue').open).toBe(true);
  });

  it('stands when a link flaps, and when everything is checked again', () => {
    const desk = streaming();
    desk.click('migration:deny', EVE, { reason: 'Not now.' });
    for (const phase of ['syncing', 'streaming'] as const) {
      desk.journal.append(enter(phase));
      expect(desk.gate('switch')).toMatchObject({ open: false, denied: { user: EVE } });
      expect(names(desk)).toContain('migration:ask_again');
    }
    const early = denied();
    early.click('migration:recheck', BEN);
    for (const event of toPlanned(early.state.plan)) early.journal.append(event);
    expect(early.gate('continue').open).toBe(false);
  });

  it('cannot be got around by answering for the quiet', () => {
    const plan = aPlan(1);
    const desk = new Desk(plan, toSwitched(plan));
    desk.sight = sightOf(desk.state, [switchedPair(plan, 0)], { quietMs: 60_000 });
    desk.click('migration:deny', EVE, { reason: 'Wait.' });
    desk.sight = { ...desk.sight, quietMs: 0, stirred: true };
    expect(names(desk)).not.toContain('migration:override');
    expect(desk.click('migration:override', BEN, ALONE).text).toContain('Nobody can answer for this: Denied by');
    expect(desk.click('migration:break_glass', BEN, ALONE).text).toContain('it opens none. Denied by');
  });
});

describe('breaking the glass', () => {
  it('passes an open gate alone, and is told with who and why to the end', () => {
    const desk = two(streaming());
    desk.click('gate:switch', EVE);
    expect(desk.click('migration:break_glass', BEN, ALONE).text).toContain('enough');
    desk.policy = { ...TWO, approvals: { continue: 3, switch: 3, finish: 3 } };
    const offered = desk.action('migration:break_glass');
    expect(offered).toMatchObject({
      ask: 'form',
      consequence: expect.stringContaining('You pass *switch* alone, with 1 of 3 approvals. The channel is told'),
    });
    expect(offered?.consequence).toContain('Writes on 2 shards stop');
    expect(desk.click('migration:break_glass', BEN, ALONE).accepted).toBe(true);
    expect(desk.state.phase).toBe('switching');
    expect(desk.gate('switch')).toMatchObject({
      approvals: [{ user: EVE }],
      brokenGlass: { user: BEN, given: 1, needed: 3, reason: '"Ben is asleep, the disk is full"' },
    });
    const told = `Gate *switch* was passed by <@${BEN}> alone, with 1 of 3 approvals: "Ben is asleep, the disk is full".`;
    expect(texts(desk, 'glass_broken')).toEqual([told]);
    for (const summary of [finishSummary, abortSummary])
      expect((summary(desk.state, desk.sight) as Extract<Event, { kind: 'summary' }>).lines).toContain(told);
    const late = desk.click('gate:switch', EVE);
    expect(late.text).toContain(`*switch* was already passed by <@${BEN}> alone, at <!date`);
    expect(foldJournal(JSON.parse(JSON.stringify(desk.journal.rows)) as typeof desk.journal.rows)).toEqual(desk.state);
  });

  it('is for whoever has approved already, and for a requester whose own approval does not count', () => {
    const desk = two(streaming());
    desk.click('gate:switch', BEN);
    expect(desk.click('migration:break_glass', BEN, ALONE).accepted).toBe(true);
    const own = streaming();
    own.policy = { ...POLICY, selfApproval: false };
    expect(own.click('gate:switch', ANA).accepted).toBe(false);
    expect(own.click('migration:break_glass', BEN, ALONE).text).toContain('Your own approval of *switch* is enough');
    expect(own.click('migration:break_glass', ANA, ALONE).accepted).toBe(true);
  });

  it('is not there where one approval is enough', () => {
    const desk = streaming();
    expect(names(desk)).not.toContain('migration:break_glass');
    expect(desk.click('migration:break_glass', BEN, ALONE).accepted).toBe(false);
  });

  it('never opens a closed gate', () => {
    const plan = aPlan(1);
    const error = { level: 'error', shard: 0, code: 'source_timeout', text: 'It hangs.', fix: null } as const;
    const desk = two(new Desk(plan, toPlanned(plan, [error])));
    expect(names(desk)).not.toContain('migration:break_glass');
    expect(desk.click('migration:break_glass', BEN, ALONE).text).toBe(
      'Breaking the glass passes an open gate only; it opens none. 1 error found: It hangs. Mend what the findings say, then check again.',
    );
  });

  it.each([
    [{ reason: 'So be it.' }, 'Use the form'],
    [{ typedName: 'ORDERS', reason: 'So be it.' }, 'Use the form'],
    [{ typedName: 'orders', reason: '  ' }, 'Use the form'],
    [{ ...ALONE, rights: { request: { ok: true }, approve: NO } as const }, NO.why],
    [{ ...ALONE, waitsMs: 3_700_000 }, 'the bot was away'],
    [{ ...ALONE, entry: 1 }, 'earlier state'],
  ])('is refused with %j', (more, why) => {
    const desk = two(planned());
    const verdict = desk.click('migration:break_glass', EVE, more);
    expect(verdict).toMatchObject({ accepted: false, text: expect.stringContaining(why) });
    expect(desk.state).toMatchObject({ phase: 'planned', glass: [] });
  });

  it('is consent to a wipe that its form has named, until the gate has to be passed again', () => {
    const plan = aPlan(1, { yesWipe: true });
    const desk = two(new Desk(plan, toPlanned(plan, [NOT_EMPTY], 7)));
    const offered = desk.action('migration:break_glass');
    expect(offered?.consequence).toContain('7 keys on 1 destination will be wiped.');
    desk.click('migration:break_glass', BEN, ALONE);
    expect(mayWipe(desk.state, 0)).toBe(true);
  });

  it('is used up by a cut-over that is let go', () => {
    const desk = two(streaming());
    desk.click('migration:break_glass', BEN, ALONE);
    desk.journal.append({ kind: 'cutover_started', attempt: 1 });
    desk.journal.append({ kind: 'cutover_let_go', reason: 'late.' });
    desk.journal.append(enter('streaming'));
    expect(desk.gate('switch').brokenGlass).toBeUndefined();
    expect(desk.gate('switch')).toMatchObject({ open: true, approvals: [] });
  });
});

describe('what was approved has changed', () => {
  it('another check: that the approvals are void is said, with the reason', () => {
    const desk = two(planned());
    desk.policy = { ...TWO, approvals: { ...TWO.approvals, continue: 3 } };
    desk.click('gate:continue', BEN);
    desk.click('gate:continue', EVE);
    desk.click('migration:recheck', EVE);
    expect(texts(desk, 'approvals_void')).toEqual([
      `2 approvals are void (*continue*, by <@${BEN}> and <@${EVE}>): Every server is looked at again.`,
    ]);
  });

  it('a shard that fell out of step: the same, and nobody is called a second time', () => {
    const desk = two(streaming());
    expect(desk.says()).toContainEqual({ kind: 'approval_needed', gate: 'switch', missing: 2 });
    desk.click('gate:switch', BEN);
    const steady = desk.sight;
    desk.sight = { ...steady, shards: (steady.shards ?? []).map((one) => loading(one)) };
    expect(desk.says().map((one) => one.kind)).toEqual(['phase_entered', 'approvals_void']);
    expect(texts(desk, 'approvals_void')[0]).toContain('Shard 1 makes another full sync.');
    desk.sight = steady;
    expect(desk.says().map((one) => one.kind)).toContain('phase_entered');
    expect(desk.gate('switch')).toMatchObject({ open: true, approvals: [] });
    expect(desk.says()).toEqual([]);
  });

  it('findings: the same', () => {
    const desk = two(planned());
    desk.click('gate:continue', BEN);
    const found = toPlanned(desk.state.plan, [NOT_EMPTY]).find((one) => one.kind === 'preflight_done');
    if (!found) throw new Error('Preflight comes first.');
    desk.journal.append(found);
    expect(desk.state.approvals.map((one) => one.void)).toEqual(['changed']);
  });

  it('an abort voids nothing that anybody has to hear of', () => {
    const desk = two(planned());
    desk.click('gate:continue', BEN);
    desk.click('migration:abort', BEN);
    expect(texts(desk, 'approvals_void')).toEqual([]);
  });
});

it('approvals that expire unused are told once, and are gone from the count without a click', () => {
  const desk = two(planned());
  desk.says();
  desk.click('gate:continue', BEN);
  desk.journal.now += TWO.approvalTtlMs + 1_000;
  expect(desk.gate('continue').approvals).toEqual([]);
  expect(names(desk)).not.toContain('migration:revoke');
  expect(desk.says().map((one) => one.kind)).toEqual(['approvals_void', 'reminded']);
  expect(texts(desk, 'approvals_void')).toEqual([
    `1 approval is void (*continue*, by <@${BEN}>): not used within 1 h 0 min.`,
  ]);
  expect(desk.says()).toEqual([]);
  // Whatever the clock does then.
  desk.journal.now -= TWO.approvalTtlMs;
  expect(desk.gate('continue').approvals).toEqual([]);
  expect(desk.click('gate:continue', BEN).accepted).toBe(true);
  expect(desk.says()).toEqual([]);
});

describe('approvers are called', () => {
  it('once a phase entry, and not to a closed gate', () => {
    const desk = planned();
    expect(desk.says()).toEqual([{ kind: 'approval_needed', gate: 'continue', missing: 1 }]);
    expect(desk.says()).toEqual([]);
    desk.click('migration:recheck', BEN);
    for (const event of toPlanned(desk.state.plan)) desk.journal.append(event);
    expect(desk.says()).toEqual([{ kind: 'approval_needed', gate: 'continue', missing: 1 }]);
    const plan = aPlan(1);
    const error = { level: 'error', shard: 0, code: 'source_timeout', text: 'It hangs.', fix: null } as const;
    expect(new Desk(plan, toPlanned(plan, [error])).says()).toEqual([]);
  });

  it('again after a cut-over was let go, because it has to be approved anew', () => {
    const desk = streaming();
    desk.says();
    desk.click('gate:switch', BEN);
    desk.journal.append({ kind: 'cutover_started', attempt: 1 });
    desk.journal.append({ kind: 'cutover_let_go', reason: 'late.' });
    desk.journal.append(enter('streaming'));
    expect(desk.says()).toContainEqual({ kind: 'approval_needed', gate: 'switch', missing: 1 });
  });
});

function loading(one: NonNullable<Desk['sight']['shards']>[number]) {
  return { ...one, inStepTicks: 0, verdict: { ...one.verdict, state: 'loading' as const } };
}
