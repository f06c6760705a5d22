/** A journal that people click on, and a gate as it stands. */
import { expect } from 'vitest';
import { voidsOf } from '../../../src/domain/approval-rows.ts';
import { type ClickVerdict, judgeClick, type Rights } from '../../../src/domain/click.ts';
import { decide } from '../../../src/domain/decide.ts';
import type { Event } from '../../../src/domain/event.ts';
import { gatesOf, type Policy } from '../../../src/domain/gate.ts';
import type { Gate } from '../../../src/domain/phase.ts';
import type { Plan } from '../../../src/domain/plan.ts';
import type { Sight } from '../../../src/domain/sight.ts';
import type { MigrationState } from '../../../src/domain/state.ts';
import type { ActionId, ActionView, MigrationView } from '../../../src/domain/view.ts';
import { viewOf } from '../../../src/domain/view-of.ts';
import { aPlan, drawnAt, followingPair, NOT_LOOKED, POLICY, sightOf, toPlanned, toStreaming } from './build.ts';
import { Journal } from './journal.ts';

const EVERYTHING: Rights = { request: { ok: true }, approve: { ok: true } };
export const NO = { ok: false, why: 'Only Ben may do that.' } as const;

export class Desk {
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

  /**
   * `entry`: which phase entry the button was drawn for; null for a command; now when left out. `waitsMs`: how long the
   * click lies in the journal before anybody judges it.
   */
  click(
    action: ActionId,
    user: string,
    more: { entry?: number | null; typedName?: string; reason?: string; rights?: Rights; waitsMs?: number } = {},
  ): ClickVerdict {
    const { entry = drawnAt(action, this.state), typedName = null, reason, rights = EVERYTHING, waitsMs = 0 } = more;
    const typed = { typedName, ...(reason === undefined ? {} : { reason }) };
    const { seq } = this.journal.append({ kind: 'clicked', action, user, entry, ...typed });
    this.journal.now += waitsMs;
    const click = this.state.clicks.find((one) => one.seq === seq);
    if (!click) throw new Error('The click is not in the journal.');
    const verdict = judgeClick(click, this.state, { ...this.sight, wallNow: this.journal.now }, this.policy, rights);
    const before = this.state;
    const rows = verdict.rows.map((row) => this.journal.append(row, user));
    for (const row of voidsOf(before, rows)) this.journal.append(row);
    expect(this.state.clicks).toEqual([]);
    return verdict;
  }

  /** What a tick of the engine has to say. */
  says(): readonly Event[] {
    const before = this.state;
    const { rows, enter } = decide(before, { ...this.sight, wallNow: this.journal.now }, this.policy);
    const written = [...rows, ...(enter ? [{ kind: 'phase_entered' as const, ...enter }] : [])].map((row) =>
      this.journal.append(row),
    );
    const voided = voidsOf(before, written);
    for (const row of voided) this.journal.append(row);
    return [...written.map((row) => row.event), ...voided];
  }

  view(): MigrationView {
    return viewOf({
      state: this.state,
      rows: this.journal.rows,
      sight: { ...this.sight, wallNow: this.journal.now },
      policy: this.policy,
      asOf: null,
      lateClients: [],
      lateWriters: null,
      engineReason: null,
      hookTroubles: new Map(),
    });
  }

  /** A button as it is drawn now. */
  action(which: string): ActionView | undefined {
    return this.view().actions.find((one) => one.action === which);
  }

  gate(gate: Gate) {
    const found = gatesOf(this.state, { ...this.sight, wallNow: this.journal.now }, this.policy).find(
      (one) => one.gate === gate,
    );
    if (!found) throw new Error(`There is no gate ${gate}.`);
    return found;
  }
}

export function planned(more: Partial<Plan> = {}): Desk {
  const plan = aPlan(2, more);
  return new Desk(plan, toPlanned(plan));
}

export function streaming(): Desk {
  const plan = aPlan(2);
  const desk = new Desk(plan, toStreaming(plan));
  desk.sight = sightOf(
    desk.state,
    plan.shards.map((shard) => followingPair(shard)),
  );
  return desk;
}

export const TWO: Policy = { ...POLICY, approvals: { continue: 2, switch: 2, finish: 2 } };
