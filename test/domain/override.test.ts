/** An approver answers for finish although somebody may still write to an old master. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/domain/decide.ts';
import type { Event } from '../../src/domain/event.ts';
import { overrideText } from '../../src/domain/finish-gate.ts';
import { foldJournal } from '../../src/domain/migration.ts';
import { finishSummary } from '../../src/domain/summary.ts';
import {
  aPlan,
  BEN,
  EVE,
  enter,
  followingPair,
  NOT_LOOKED,
  sightOf,
  switchedPair,
  toSwitched,
} from './support/build.ts';
import { Desk, NO, TWO } from './support/desk.ts';

const NOISY = { quietMs: 0, stirred: true };
const TYPED = { typedName: 'orders', reason: 'Only the nightly <!channel> export is left.' };
const DRIFT: Event = { kind: 'drift', shard: 0, side: 'source', runId: null, text: 'old-1:6379 was written to.' };

function noisy(more: Partial<typeof NOISY & { unwatched: string; unquiet: string }> = {}): Desk {
  const plan = aPlan(1);
  const desk = new Desk(plan, toSwitched(plan));
  desk.sight = sightOf(desk.state, [switchedPair(plan, 0)], { ...NOISY, ...more });
  return desk;
}

function actions(desk: Desk): readonly string[] {
  return desk.view().actions.map((one) => one.action);
}

describe('finish anyway', () => {
  it('is there while finish waits for quiet alone', () => {
    expect(actions(noisy())).toContain('migration:override');
    expect(actions(noisy({ unwatched: 'The old master of shard 1 cannot be watched.' }))).toContain(
      'migration:override',
    );
    expect(actions(noisy({ quietMs: 60_000 }))).not.toContain('migration:override');
    expect(actions(noisy({ unquiet: 'The old master of shard 1 is a master again.' }))).not.toContain(
      'migration:override',
    );
    const elsewhere = noisy();
    const [shard] = elsewhere.state.plan.shards;
    if (!shard) throw new Error('The plan has a shard.');
    elsewhere.sight = sightOf(elsewhere.state, [followingPair(shard)], NOISY);
    expect(actions(elsewhere)).not.toContain('migration:override');
    expect(elsewhere.click('migration:override', BEN, TYPED)).toMatchObject({
      accepted: false,
      text: expect.stringContaining('Nobody can answer for this: Shard 1: new-1:6379 was the new master'),
    });
  });

  it('opens nothing before the first look, after a restart of the bot say', () => {
    const desk = noisy();
    desk.policy = TWO;
    expect(desk.click('migration:override', BEN, TYPED).accepted).toBe(true);
    desk.sight = NOT_LOOKED;
    expect(desk.click('gate:finish', EVE)).toMatchObject({
      accepted: false,
      text: expect.stringContaining('not been looked at'),
    });
    expect(desk.state.phase).toBe('switched');
  });

  it('finishes at once where one approval is enough, and is told with the reason to all', () => {
    const desk = noisy();
    expect(desk.click('migration:override', BEN, TYPED).accepted).toBe(true);
    expect(desk.state.phase).toBe('finishing');
    const row = desk.journal.rows.find((one) => one.event.kind === 'override_asked');
    expect(row?.text).toBe(
      `Gate *finish* was opened by <@${BEN}> without the quiet period: "Only the nightly ‹!channel› export is left".`,
    );
    expect(desk.gate('finish').approvals).toMatchObject([{ user: BEN }]);
    const { lines } = finishSummary(desk.state, desk.sight) as Extract<Event, { kind: 'summary' }>;
    expect(lines).toContain(row?.text);
  });

  it('leaves the gate open for the second approver where two are needed', () => {
    const desk = noisy();
    desk.policy = TWO;
    expect(desk.click('migration:override', BEN, TYPED).text).toBe('Approved. 1 more approval needed.');
    expect(desk.gate('finish')).toMatchObject({
      open: true,
      reason: expect.stringContaining(`Opened by <@${BEN}> without the quiet period: "Only the nightly`),
      approvals: [{ user: BEN }],
    });
    expect(actions(desk)).not.toContain('migration:override');
    // It is no quiet, and is not told as one.
    expect(decide(desk.state, desk.sight, desk.policy).rows.map((one) => one.kind)).toEqual(['approval_needed']);
    expect(desk.click('migration:override', EVE, TYPED).text).toContain(`opened already by <@${BEN}>`);
    expect(desk.click('gate:finish', BEN).accepted).toBe(false);
    expect(desk.click('gate:finish', EVE).accepted).toBe(true);
    expect(desk.state.phase).toBe('finishing');
  });

  it('counts once for somebody who had approved before the noise began', () => {
    const desk = noisy({ quietMs: 60_000 });
    desk.policy = TWO;
    expect(desk.click('gate:finish', BEN).accepted).toBe(true);
    desk.sight = { ...desk.sight, ...NOISY };
    expect(desk.click('migration:override', BEN, TYPED).accepted).toBe(true);
    expect(desk.gate('finish').approvals).toMatchObject([{ user: BEN }]);
    expect(desk.state.phase).toBe('switched');
  });

  it('is void when something else changes on a server', () => {
    const desk = noisy();
    desk.policy = TWO;
    const { entry } = desk.state;
    desk.click('migration:override', BEN, TYPED);
    desk.journal.append(DRIFT);
    expect(desk.gate('finish').open).toBe(false);
    expect(desk.click('gate:finish', EVE, { typedName: 'orders' }).accepted).toBe(false);
    // A form that was opened before that did not show it.
    expect(desk.click('migration:override', EVE, { ...TYPED, entry }).text).toContain('earlier state');
    expect(desk.click('migration:override', EVE, TYPED).accepted).toBe(true);
  });

  it('is not remembered for another time in switched', () => {
    const desk = noisy();
    desk.click('migration:override', BEN, TYPED);
    desk.journal.append({ kind: 'cutover_let_go', reason: 'a shard was late.' });
    desk.journal.append(enter('switched'));
    expect(desk.gate('finish').open).toBe(false);
    expect(foldJournal(desk.journal.rows)).toEqual(desk.state);
  });

  it.each([
    [{ reason: 'So be it.' }, 'Use the form'],
    [{ typedName: 'ORDERS', reason: 'So be it.' }, 'Use the form'],
    [{ typedName: 'orders' }, 'Use the form'],
    [{ typedName: 'orders', reason: '  ' }, 'Use the form'],
    [{ ...TYPED, rights: { request: { ok: true }, approve: NO } as const }, NO.why],
    [{ ...TYPED, waitsMs: 3_700_000 }, 'the bot was away'],
  ])('is refused with %j', (more, why) => {
    const desk = noisy();
    const verdict = desk.click('migration:override', BEN, more);
    expect(verdict).toMatchObject({ accepted: false, text: expect.stringContaining(why) });
    expect(desk.state).toMatchObject({ phase: 'switched', override: null, approvals: [] });
  });

  it('is not for the one who asked, where somebody else has to approve', () => {
    const desk = noisy();
    desk.policy = { ...desk.policy, selfApproval: false };
    const { requestedBy } = desk.state.plan;
    expect(desk.click('migration:override', requestedBy, TYPED).text).toContain('somebody else has to answer');
  });

  it('is told in one line, with nothing in it that formats or hides what stands around it', () => {
    const reason = `*all* \`x\` ~no~ _so_ snake_case\u0007\u202e\n<!channel> ${'y'.repeat(3_000)}`;
    const text = overrideText({ user: BEN, reason });
    expect(text).toContain(`"∗all∗ ˋxˋ ∼no∼ ＿so＿ snake_case ‹!channel› yyy`);
    expect(text).not.toMatch(/[*`~\p{Cc}\p{Cf}]/u);
    expect(text.length).toBeLessThan(380);
  });

  it('does not hide in the dialog what finish does, however long the reason is', () => {
    const desk = noisy();
    desk.policy = TWO;
    expect(desk.click('migration:override', BEN, { ...TYPED, reason: 'y'.repeat(300) }).accepted).toBe(true);
    expect(desk.action('gate:finish')?.consequence.slice(0, 300)).toContain('The old masters stay fenced.');
  });
});
