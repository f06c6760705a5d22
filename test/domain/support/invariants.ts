/** What must never happen, checked by other means than those that the code uses: the journal's rows, read by hand. */
import { inspect } from 'node:util';
import { expect } from 'vitest';
import type { Rights } from '../../../src/domain/click.ts';
import type { Effect, Event, JournalRow } from '../../../src/domain/event.ts';
import { gatesOf, type Policy } from '../../../src/domain/gate.ts';
import type { Gate } from '../../../src/domain/phase.ts';
import { fenceAddress } from '../../../src/domain/plan.ts';
import type { Sight } from '../../../src/domain/sight.ts';
import type { MigrationState, PendingClick } from '../../../src/domain/state.ts';
import type { ActionId } from '../../../src/domain/view.ts';
import type { Journal } from './journal.ts';

const GATE_OF: Partial<Record<ActionId, Gate>> = {
  'gate:continue': 'continue',
  'gate:switch': 'switch',
  'gate:finish': 'finish',
};

/** The moment of a click, and the journal behind it. */
export interface Moment {
  readonly before: MigrationState;
  readonly sight: Sight;
  readonly rights: Rights;
  readonly policy: Policy;
  readonly journal: Journal;
}

/** An effect that is asked for: only in its phases, only behind its gate, and never into keys that nobody gave away. */
export function mayHappen(effect: Effect, sight: Sight, journal: Journal): void {
  const { state, rows } = journal;
  const { phase, plan } = state;
  const where = `${effect.kind} in ${phase}`;
  expect(['syncing', 'streaming', 'switched', 'finishing', 'aborting'], where).toContain(phase);
  const passed = rows.some((row) => row.event.kind === 'approved' && row.event.gate === 'continue');
  expect(passed, `${where}, without any approval`).toBe(true);
  if (effect.kind === 'detach') expect(phase).toBe('aborting');
  if (effect.kind === 'fence') mayFence(effect, sight, journal);
  if (effect.kind !== 'replicate') return;
  expect(['syncing', 'streaming']).toContain(phase);
  const look = sight.shards?.[effect.shard]?.look;
  if (!look?.destination.ok || !look.source.ok) throw new Error('A server that does not answer was given an order.');
  expect(look.source.facts.role).toBe('master');
  expect(look.destination.facts.role).toBe('master');
  if (look.destination.facts.keys === 0) return;
  const first = rows.map(({ event }) => replicateOf(event, effect.shard)).find((one) => one !== null);
  if (first) {
    const { replid } = look.destination.facts.replication;
    expect(replid, 'a wipe of a destination that has followed already').toBe(first.before.destinationReplid);
  }
  // The journal read by hand: the row that let it begin, and the approvals of the phase before that.
  const begun = rows.findLast((row) => row.event.kind === 'phase_entered' && row.event.phase === 'planned');
  const consent = rows.some(
    ({ event }) => event.kind === 'approved' && event.gate === 'continue' && event.wipe && event.entry === begun?.seq,
  );
  expect(plan.yesWipe && consent, `a wipe of ${look.destination.facts.keys} keys without consent`).toBe(true);
  const report = state.preflight?.shards[effect.shard]?.destination;
  expect(report?.runId, 'a wipe of another server than the one that was checked').toBe(look.destination.facts.runId);
  expect(report?.keys, 'a wipe of a destination that was empty when consent was given').toBeGreaterThan(0);
}

function replicateOf(event: Event, shard: number): Extract<Effect, { kind: 'replicate' }> | null {
  if (event.kind !== 'intent' || event.effect.kind !== 'replicate') return null;
  return event.effect.shard === shard ? event.effect : null;
}

/** Down: only our own, before the switch. Up: only after it, at a master, once for each restart that was told. */
function mayFence(effect: Extract<Effect, { kind: 'fence' }>, sight: Sight, { state, rows }: Journal): void {
  const source = sight.shards?.[effect.shard]?.look.source;
  if (!source?.ok) throw new Error('A server that does not answer was given an order.');
  if (!effect.up) {
    expect(['syncing', 'streaming', 'aborting']).toContain(state.phase);
    expect(source.facts.replication.master).toEqual(fenceAddress(state.plan.id));
    return;
  }
  expect(state.phase).toBe('switched');
  expect(source.facts.role).toBe('master');
  const told = rows.findLast(({ seq, event }) => seq > state.entry && isRestart(event, effect.shard));
  expect(told, 'a fence at a server that nobody restarted').toBeDefined();
  const since = rows.filter((row) => row.seq > (told?.seq ?? 0) && isFence(row, effect.shard));
  const answered = rows.some(
    ({ event }) => event.kind === 'answered' && event.outcome === 'ok' && since.some((row) => row.seq === event.intent),
  );
  expect(answered, 'a fence that was put up already for this restart').toBe(false);
}

function isRestart(event: Event, shard: number): boolean {
  return event.kind === 'drift' && event.shard === shard && event.side === 'source' && event.runId !== null;
}

function isFence({ event }: JournalRow, shard: number): boolean {
  return event.kind === 'intent' && event.effect.kind === 'fence' && event.effect.shard === shard;
}

/** An accepted click, judged once more by other means: from the journal's rows and the sight of that moment. */
export function wasRight({ event, at }: PendingClick, moment: Moment): void {
  const { before, sight, rights, policy, journal } = moment;
  const gate = GATE_OF[event.action];
  const giveUp = event.action === 'migration:abort' && before.phase === 'aborting';
  expect(rights.approve.ok || (gate === undefined && !giveUp && rights.request.ok), 'by somebody who may').toBe(true);
  if (gate === undefined) return;
  expect(sight.wallNow - at, 'an approval by a click that has expired').toBeLessThanOrEqual(policy.approvalTtlMs);
  if (event.entry !== null) expect(event.entry).toBe(before.entry);
  if (!policy.selfApproval) expect(event.user).not.toBe(before.plan.requestedBy);
  expect(gatesOf(before, sight, policy).find((one) => one.gate === gate)?.open).toBe(true);
  if (gate === 'switch') {
    for (const shard of sight.shards ?? []) {
      expect(shard.verdict.state).toBe('in_step');
      expect(shard.inStepTicks).toBeGreaterThanOrEqual(2);
    }
    expect(sight.shards?.length).toBe(before.plan.shards.length);
  }
  if (gate === 'finish') {
    expect(sight.unquiet).toBeNull();
    expect(sight.quietMs ?? 0).toBeGreaterThanOrEqual(policy.quietMs);
    expect(sight.shards?.map((shard) => shard.verdict.state)).toEqual(before.plan.shards.map(() => 'promoted'));
    const drifted = journal.rows.some((row) => row.seq > before.entry && row.event.kind === 'drift');
    if (drifted) expect(event.typedName).toBe(before.plan.name);
  }
  const approvers = journal.rows.filter(
    ({ event: row, at: givenAt }) =>
      row.kind === 'approved' &&
      row.gate === gate &&
      row.entry === before.entry &&
      sight.wallNow - givenAt <= policy.approvalTtlMs,
  );
  // By person: after a clock that went back, somebody's expired approval may lie beside their fresh one.
  const distinct = new Set(approvers.map((row) => row.actor));
  const passed = journal.state.entry !== before.entry;
  expect(passed, 'nobody counts twice').toBe(distinct.size >= policy.approvals[gate]);
}

/** No figure that is none, and no hole. Plain comparisons: this is done for every value of every view. */
export function noNonsense(value: unknown, path: string): void {
  if (value === null || typeof value === 'boolean') return;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return;
  if (typeof value === 'string' && !/undefined|NaN|Infinity|\bnull\b/.test(value)) return;
  if (typeof value !== 'object') throw new Error(`${path} is ${inspect(value)}`);
  for (const [key, item] of Object.entries(value)) noNonsense(item, `${path}.${key}`);
}
