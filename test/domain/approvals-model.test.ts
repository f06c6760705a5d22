/** Whatever people do about a gate, in whatever order: it is passed by enough of them, or by one who breaks the glass. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { JournalRow } from '../../src/domain/event.ts';
import type { Policy } from '../../src/domain/gate.ts';
import { foldJournal } from '../../src/domain/migration.ts';
import { type Gate, gateAt } from '../../src/domain/phase.ts';
import {
  ANA,
  aPlan,
  BEN,
  EVE,
  enter,
  followingPair,
  POLICY,
  sightOf,
  toPlanned,
  toStreaming,
} from './support/build.ts';
import { Desk } from './support/desk.ts';

/** Ben is known under two ids. */
const PEOPLE = [ANA, BEN, 'W00000BEN', EVE] as const;
const person = (user: string) => (user === 'W00000BEN' ? BEN : user);
const WORDS = ['approve', 'approve', 'approve', 'revoke', 'deny', 'ask again', 'break glass', 'old button'] as const;
const EVENTS = ['expire', 'nearly expire', 'look anew', 'let go', 'tick', 'restart'] as const;

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constantFrom(...WORDS), user: fc.constantFrom(...PEOPLE) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constantFrom(...EVENTS) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function deskAt(gate: 'continue' | 'switch', policy: Policy): Desk {
  const plan = aPlan(2);
  const desk = new Desk(plan, gate === 'continue' ? toPlanned(plan) : toStreaming(plan));
  desk.policy = policy;
  if (gate === 'switch')
    desk.sight = sightOf(
      desk.state,
      plan.shards.map((shard) => followingPair(shard)),
    );
  return desk;
}

function take(desk: Desk, gate: Gate, one: Step): void {
  if ('user' in one) {
    const rights = { request: { ok: true }, approve: { ok: true }, person: person(one.user), requester: ANA } as const;
    const typed = { typedName: desk.state.plan.name, reason: 'Because.', rights };
    const { user } = one;
    if (one.what === 'approve') desk.click(`gate:${gate}`, user, { rights });
    if (one.what === 'old button') desk.click(`gate:${gate}`, user, { rights, entry: desk.state.entry - 1 });
    if (one.what === 'revoke') desk.click('migration:revoke', user, { rights });
    if (one.what === 'deny') desk.click('migration:deny', user, typed);
    if (one.what === 'ask again') desk.click('migration:ask_again', user, { rights });
    if (one.what === 'break glass') desk.click('migration:break_glass', user, typed);
    return;
  }
  if (one.what === 'expire') desk.journal.now += desk.policy.approvalTtlMs + 1;
  if (one.what === 'nearly expire') desk.journal.now += desk.policy.approvalTtlMs / 2;
  if (one.what === 'tick') desk.says();
  if (one.what === 'restart') restart(desk);
  if (one.what === 'let go' && desk.state.phase === 'switching') {
    desk.journal.append({ kind: 'cutover_started', attempt: 1 });
    desk.journal.append({ kind: 'cutover_let_go', reason: 'late.' });
    desk.journal.append(enter('streaming'));
  }
  if (one.what === 'look anew' && desk.state.phase === 'planned') {
    desk.click('migration:recheck', EVE);
    for (const event of toPlanned(desk.state.plan)) desk.journal.append(event);
  }
  if (one.what === 'look anew' && desk.state.phase === 'streaming') {
    desk.journal.append(enter('syncing'));
    desk.journal.append(enter('streaming'));
  }
}

function restart(desk: Desk): void {
  const rows = JSON.parse(JSON.stringify(desk.journal.rows)) as JournalRow[];
  const folded = foldJournal(rows);
  expect(folded).toEqual(desk.state);
  desk.journal.state = folded;
}

/** The journal read by hand: distinct people who said yes in this phase entry, lately, and nobody's no after it. */
function saidYes(rows: readonly JournalRow[], gate: Gate, entry: number, now: number, policy: Policy): number {
  const yes = new Map<string, number>();
  for (const { event, at, seq } of rows) {
    if (event.kind === 'approved' && event.gate === gate && event.entry === entry && now - at <= policy.approvalTtlMs) {
      if (policy.selfApproval || event.user !== ANA) yes.set(person(event.user), seq);
    }
    if (event.kind === 'gate_denied' && event.gate === gate) yes.clear();
    if (event.kind === 'approval_revoked') yes.delete(person(event.user));
    if (event.kind === 'approvals_void')
      for (const [who, row] of yes) if (event.approvals.includes(row)) yes.delete(who);
  }
  return yes.size;
}

it('a gate is passed by N distinct people whose word stands, or by one who breaks the glass', () => {
  const passed = { by_approvals: 0, by_glass: 0, again: 0 };
  const happened = new Set<string>();
  const setting = fc.record({
    gate: fc.constantFrom('continue' as const, 'switch' as const),
    needed: fc.constantFrom(1, 2, 2, 3),
    selfApproval: fc.boolean(),
  });
  fc.assert(
    fc.property(setting, fc.array(step, { minLength: 5, maxLength: 40 }), ({ gate, needed, selfApproval }, steps) => {
      const policy = { ...POLICY, approvals: { continue: needed, switch: needed, finish: needed }, selfApproval };
      const desk = deskAt(gate, policy);
      let before = 0;
      for (const one of steps) {
        const { phase, entry, denial, glass } = desk.state;
        take(desk, gate, one);
        if (gateAt(phase) !== gate || desk.state.phase === phase || desk.state.entry === entry) continue;
        if (desk.state.phase !== (gate === 'continue' ? 'syncing' : 'switching')) continue;
        expect(denial, 'a gate that was denied').toBeNull();
        const alone = desk.state.glass.find((other) => !glass.includes(other));
        const yes = saidYes(desk.journal.rows, gate, entry, desk.journal.now, policy);
        if (alone) {
          passed.by_glass += 1;
          expect(yes, 'the glass was broken for nothing').toBeLessThan(needed);
          expect(needed > 1 || !selfApproval).toBe(true);
        } else {
          passed.by_approvals += 1;
          expect(yes).toBeGreaterThanOrEqual(needed);
        }
        passed.again += before > 0 ? 1 : 0;
        before += 1;
      }
      for (const row of desk.journal.rows) happened.add(row.event.kind);
      const shown = desk.gate(gate).approvals.map((one) => person(one.user));
      expect(new Set(shown).size, 'nobody is shown twice').toBe(shown.length);
    }),
    { numRuns: 400 },
  );
  for (const kind of ['approval_revoked', 'approvals_void', 'gate_denied', 'denial_revoked', 'asked_again'])
    expect([...happened]).toContain(kind);
  for (const [how, many] of Object.entries(passed)) expect(many, how).toBeGreaterThan(0);
});
