/**
 * A made-up migration at work: servers that change at random, people who click at random, a bot that dies at random.
 * Carries out what `decide` asks for as the engine does, journal first, and checks on the way what must never happen.
 */
import { expect } from 'vitest';
import { goneOver, soakedAtFirst } from '../../../src/domain/canary.ts';
import { type ClickVerdict, judgeClick, type Rights } from '../../../src/domain/click.ts';
import { decide } from '../../../src/domain/decide.ts';
import type { Policy } from '../../../src/domain/gate.ts';
import { fold, foldJournal } from '../../../src/domain/migration.ts';
import type { PairLook } from '../../../src/domain/observation.ts';
import { hasEnded } from '../../../src/domain/phase.ts';
import type { Plan } from '../../../src/domain/plan.ts';
import { judgePreflight } from '../../../src/domain/preflight/judge.ts';
import type { Sight } from '../../../src/domain/sight.ts';
import type { MigrationState } from '../../../src/domain/state.ts';
import { judge } from '../../../src/domain/verdict.ts';
import type { ActionId, MigrationView } from '../../../src/domain/view.ts';
import { viewOf } from '../../../src/domain/view-of.ts';
import { carryOut, type Luck } from './acting.ts';
import { drawnAt, NOT_LOOKED, probe } from './build.ts';
import { cutOver } from './cutting-over.ts';
import { allIsPutBack, mayHappen, noNonsense, wasRight } from './invariants.ts';
import { mayEnd, mayGoOver, oldServersServe, oneSideTakesWrites } from './invariants-cutover.ts';
import { Journal } from './journal.ts';
import { type Pair, pairLook, settingsAtFirst, writable } from './pair.ts';

export interface Click {
  readonly action: ActionId;
  readonly user: string;
  /** Which copy of the button: as drawn now, an old one, one of another plan, or none (a command). */
  readonly copy: 'now' | 'old' | 'foreign' | 'command';
  readonly name: 'right' | 'wrong' | 'none';
  readonly mayRequest: boolean;
  readonly mayApprove: boolean;
  /** Whether the bot dies between the click's row and its judgement. */
  readonly dies: boolean;
}

export class World {
  readonly journal: Journal;
  readonly policy: Policy;
  readonly pairs: Pair[];
  quietMs = 0;
  #ticks: number[];
  #before: readonly PairLook[] | null = null;
  #looks: readonly PairLook[] | null = null;
  #monotonic = 0;
  /** As engine/gone-over.ts counts it. */
  #soak: { readonly before: number; readonly since: number } | null = null;
  readonly #atFirst: Pair['settings'];

  constructor(plan: Plan, policy: Policy, keys: readonly number[], readOnly: 'yes' | 'no' = 'yes') {
    this.journal = new Journal(plan);
    this.policy = policy;
    this.#ticks = plan.shards.map(() => 0);
    this.pairs = plan.shards.map((_, index) => ({
      sourceUp: true,
      destinationUp: true,
      sourceFenced: false,
      backing: false,
      backSyncs: 0,
      meddled: false,
      sourceRun: 1,
      destinationRun: 1,
      sourceLife: 1,
      destinationLife: 1,
      doing: 'master',
      destinationKeys: keys[index] ?? 0,
      offset: 10_000_000,
      lag: 0,
      fullSyncs: 0,
      settings: settingsAtFirst(readOnly),
      touched: new Set<string>(),
      sourceLatencyMs: null,
      bufferBytes: 0,
    }));
    this.#atFirst = settingsAtFirst(readOnly);
  }

  get state(): MigrationState {
    return this.journal.state;
  }

  pair(shard: number): Pair {
    const found = this.pairs[shard % this.pairs.length];
    if (!found) throw new Error('A world has at least one pair.');
    return found;
  }

  /** One tick of the engine: look, decide, journal, act. */
  tick(luck: readonly Luck[]): void {
    if (hasEnded(this.state.phase)) return;
    this.journal.now += 1_000;
    this.#monotonic += 1_000;
    this.#look();
    this.#countSoak();
    const sight = this.sight();
    const decision = decide(this.state, sight, this.policy);
    const { phase } = this.state;
    for (const effect of decision.effects) mayHappen(effect, sight, this.journal);
    mayEnd(decision.rows, sight, this.journal);
    for (const row of decision.rows) this.journal.append(row);
    if (decision.enter) this.journal.append({ kind: 'phase_entered', ...decision.enter });
    const entry = this.state.entry;
    decision.effects.forEach((effect, place) => {
      if (this.state.entry === entry) carryOut(this, effect, luck[place % luck.length] ?? 'done');
    });
    if (decision.run === 'preflight') this.#preflight();
    if (decision.run === 'cut_over' && this.state.entry === entry) {
      if (this.state.cutover === null) mayGoOver(sight, this.journal);
      cutOver(this, luck[0] ?? 'done');
    }
    if (phase === this.state.phase) return;
    this.check();
    oldServersServe(this.journal, this.pairs);
  }

  click(click: Click): ClickVerdict | null {
    const now = drawnAt(click.action, this.state);
    const entry = { now, old: now - 1, foreign: 0, command: null }[click.copy];
    const typedName = { right: this.state.plan.name, wrong: 'another', none: null }[click.name];
    const { action, user } = click;
    const typed = { typedName, ...(click.name === 'none' ? {} : { reason: 'It has to end.' }) };
    const { seq } = this.journal.append({ kind: 'clicked', action, user, entry, ...typed }, user);
    if (click.dies) return null;
    return this.#settle(seq, rightsOf(click));
  }

  /** What a bot does with the clicks that were journalled and not judged before it died. */
  settleOldClicks(): void {
    for (const { seq } of this.state.clicks) this.#settle(seq, { request: { ok: true }, approve: { ok: true } });
  }

  /** The bot dies and starts: all that it knows is the journal, which has been through JSON. */
  crash(): void {
    const rows = JSON.parse(JSON.stringify(this.journal.rows)) as typeof this.journal.rows;
    expect(foldJournal(rows)).toEqual(this.state);
    this.journal.state = rows.slice(1).reduce(fold, foldJournal(rows.slice(0, 1)));
    this.#looks = null;
    this.#before = null;
    this.#soak = null;
    this.#ticks = this.#ticks.map(() => 0);
    this.settleOldClicks();
  }

  sight(): Sight {
    const { state, policy } = this;
    const wallNow = this.journal.now;
    const looks = this.#looks;
    const before = this.#before;
    if (looks === null) return { ...NOT_LOOKED, wallNow };
    const switched = state.phase === 'switched';
    const lifted = switched && this.pairs.some((pair) => writable(pair).includes('source'));
    return {
      ...NOT_LOOKED,
      wallNow,
      shards: looks.map((look, index) => {
        const verdict = this.#verdict(index, look, before?.[index] ?? null);
        const ticks = verdict.state === 'in_step' ? (this.#ticks[index] ?? 0) : 0;
        return {
          look,
          verdict,
          inStepTicks: ticks,
          troubleTicks: 0,
          sourceLatencyMs: this.pair(index).sourceLatencyMs,
        };
      }),
      quietMs: switched ? this.quietMs : null,
      stirred: switched && this.quietMs === 0,
      soakedMs: this.#soak === null ? null : this.#soak.before + this.#monotonic - this.#soak.since,
      unquiet: lifted ? 'The fence was lifted on an old master.' : null,
      ...(policy.quietMs < 0 ? { quietMs: null } : {}),
    };
  }

  view(): MigrationView {
    const { state, policy } = this;
    const asOf = this.#looks === null ? null : this.journal.now;
    const rows = this.journal.rows.slice(-5);
    return viewOf({
      state,
      rows,
      sight: this.sight(),
      policy,
      asOf,
      lateClients: [],
      lateWriters: null,
      engineReason: null,
      hookTroubles: new Map(),
    });
  }

  /** What must be so at every moment. */
  check(): void {
    const { state } = this;
    const view = this.view();
    noNonsense(view, '');
    if (hasEnded(state.phase)) expect(view.waitingFor).toBeNull();
    else expect(view.waitingFor, `in ${state.phase}`).toMatch(/\S.*\.$/s);
    expect(view.gates.map((one) => one.gate)).toEqual(['continue', 'switch', 'finish']);
    for (const gate of view.gates) {
      const users = gate.approvals.map((one) => one.user);
      expect(new Set(users).size, 'nobody is listed twice').toBe(users.length);
    }
    const gone = state.shards.some((one) => one.promoted);
    if (['checking', 'planned', 'syncing', 'streaming'].includes(state.phase) && !gone)
      this.#isPossible('migration:abort');
    if (view.wayBack?.open && state.cutover === null) this.#isPossible('migration:rollback');
    oneSideTakesWrites(this.journal, this.pairs);
    if (hasEnded(state.phase)) allIsPutBack(this.journal, this.pairs, this.#atFirst);
  }

  #verdict(index: number, now: PairLook, earlier: PairLook | null) {
    const plan = this.state.plan.shards[index];
    const record = this.state.shards[index];
    if (!plan || !record) throw new Error('Every look is of a shard.');
    const { phase } = this.state;
    const { maxLagBytes } = this.policy;
    return judge({
      plan,
      id: this.state.plan.id,
      record,
      phase,
      now,
      wallNow: this.journal.now,
      earlier,
      maxLagBytes,
      ownClients: 1,
    });
  }

  #look(): void {
    this.#before = this.#looks;
    const looks = this.pairs.map((pair, index) =>
      pairLook(pair, this.state.plan, index, this.#monotonic, this.journal.now),
    );
    this.#looks = looks;
    this.#ticks = looks.map((look, index) =>
      this.#verdict(index, look, null).state === 'in_step' ? (this.#ticks[index] ?? 0) + 1 : 0,
    );
  }

  #preflight(): void {
    const sights = this.pairs.map((pair, index) => {
      return {
        ...pairLook(pair, this.state.plan, index, this.#monotonic),
        sourceProbe: probe(),
        destinationProbe: probe(),
        trial: null,
        left: null,
      };
    });
    this.journal.append({ kind: 'preflight_done', report: judgePreflight(this.state.plan, sights, new Map()) });
    this.journal.append({ kind: 'phase_entered', phase: 'planned', reason: 'Every server was looked at.' });
  }

  #countSoak(): void {
    const promotedAt = goneOver(this.state)?.promotedAt ?? null;
    if (promotedAt === null) return;
    this.#soak ??= { before: soakedAtFirst(promotedAt, this.journal.now), since: this.#monotonic };
  }

  #settle(seq: number, rights: Rights): ClickVerdict | null {
    const click = this.state.clicks.find((one) => one.seq === seq);
    if (!click) return null;
    const before = this.state;
    const sight = this.sight();
    const verdict = judgeClick(click, before, sight, this.policy, rights);
    expect(verdict.text).toMatch(/\S.*\.$/s);
    for (const row of verdict.rows) this.journal.append(row, click.event.user);
    expect(this.state.clicks).not.toContainEqual(click);
    if (verdict.accepted) wasRight(click, { before, sight, rights, policy: this.policy, journal: this.journal });
    else expect(this.state.entry, 'a refused click changes nothing').toBe(before.entry);
    return verdict;
  }

  /** By those who may, with the button as it is drawn now. */
  #isPossible(action: 'migration:abort' | 'migration:rollback'): void {
    const { state } = this;
    const event = { kind: 'clicked', action, user: 'U00000EVE', entry: state.entry, typedName: null } as const;
    const no = { ok: false, why: 'Not you.' } as const;
    const rights: Rights =
      action === 'migration:abort' ? { request: { ok: true }, approve: no } : { request: no, approve: { ok: true } };
    const seq = state.version + 1;
    const verdict = judgeClick({ seq, at: this.journal.now, event }, state, this.sight(), this.policy, rights);
    expect(verdict.accepted, `${action} in ${state.phase}: ${verdict.text}`).toBe(true);
  }
}

function rightsOf({ mayRequest, mayApprove }: Click): Rights {
  const right = (ok: boolean) => (ok ? ({ ok } as const) : ({ ok, why: 'Only Ben may do that.' } as const));
  return { request: right(mayRequest), approve: right(mayApprove) };
}
