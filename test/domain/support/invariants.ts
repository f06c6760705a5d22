/** What must never happen, checked by other means than those that the code uses: the journal's rows, read by hand. */
import { inspect } from 'node:util';
import { expect } from 'vitest';
import type { Rights } from '../../../src/domain/click.ts';
import type { Effect, Event, JournalRow } from '../../../src/domain/event.ts';
import { gatesOf, type Policy } from '../../../src/domain/gate.ts';
import { type Gate, gateAt } from '../../../src/domain/phase.ts';
import { fenceAddress } from '../../../src/domain/plan.ts';
import type { Sight } from '../../../src/domain/sight.ts';
import type { MigrationState, PendingClick } from '../../../src/domain/state.ts';
import type { ActionId } from '../../../src/domain/view.ts';
import { isBack, isOver, mayFollowBack, mayGoBack, overSince } from './invariants-cutover.ts';
import type { Journal } from './journal.ts';
import type { Pair } from './pair.ts';

const GATE_OF: Partial<Record<ActionId, Gate>> = {
  'gate:continue': 'continue',
  'gate:switch': 'switch',
  'gate:finish': 'finish',
  'migration:override': 'finish',
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
  const ending = ['finishing', 'aborting', 'rolling_back'];
  expect(['syncing', 'streaming', 'switching', 'switched', ...ending], where).toContain(phase);
  expect(state.cutover, `${where}, while a cut-over runs`).toBeNull();
  const passed = rows.some(({ event }) => letsThrough(event) && event.gate === 'continue');
  expect(passed, `${where}, without any approval`).toBe(true);
  if (effect.kind === 'detach') {
    expect(['aborting', 'rolling_back']).toContain(phase);
    expect(isOver(rows, effect.shard) || isBack(rows, effect.shard), 'a detach of what has been a master').toBe(false);
  }
  if (effect.kind === 'follow_back') mayFollowBack(effect.shard, sight, journal);
  if (effect.kind === 'fence') mayFence(effect, sight, journal);
  if (effect.kind === 'restore_config')
    expect(agreedTo(rows), 'puts back what was left to others').not.toContain(effect.ledger);
  // What we ourselves left behind on a held shard is still taken down: a late fence, a setting of a cut-over.
  if (['replicate', 'park', 'tune'].includes(effect.kind)) expect(heldNow(rows, effect.shard), where).toEqual([]);
  if (effect.kind === 'park') mayPark(effect.shard, sight, journal);
  if (effect.kind !== 'replicate') return;
  expect(['syncing', 'streaming', 'switching']).toContain(phase);
  expect(isOver(rows, effect.shard), 'a copy onto the new master').toBe(false);
  const look = sight.shards?.[effect.shard]?.look;
  if (!look?.destination.ok || !look.source.ok) throw new Error('A server that does not answer was given an order.');
  expect(look.source.facts.role).toBe('master');
  if (look.destination.facts.role === 'replica') {
    // Only out of our own closed port, where we put it and where nobody can have written to it.
    expect(look.destination.facts.replication).toMatchObject({ master: fenceAddress(plan.id), readOnly: true });
    expect(
      rows.some(({ event }) => isIntent(event, 'park', effect.shard)),
      'put aside by us',
    ).toBe(true);
    return;
  }
  if (look.destination.facts.keys === 0) return;
  const first = rows.map(({ event }) => replicateOf(event, effect.shard)).find((one) => one !== null);
  if (first) {
    const { replid } = look.destination.facts.replication;
    expect(replid, 'a wipe of a destination that has followed already').toBe(first.before.destinationReplid);
  }
  // The journal read by hand: the row that let it begin, and the approvals of the phase before that.
  const begun = rows.findLast((row) => row.event.kind === 'phase_entered' && row.event.phase === 'planned');
  const consent = rows.some(
    ({ event }) => letsThrough(event) && event.gate === 'continue' && event.wipe && event.entry === begun?.seq,
  );
  expect(plan.yesWipe && consent, `a wipe of ${look.destination.facts.keys} keys without consent`).toBe(true);
  const report = state.preflight?.shards[effect.shard]?.destination;
  expect(report?.runId, 'a wipe of another server than the one that was checked').toBe(look.destination.facts.runId);
  expect(report?.keys, 'a wipe of a destination that was empty when consent was given').toBeGreaterThan(0);
}

/** An approval, or somebody who passes the gate alone. */
function letsThrough(event: Event): event is Extract<Event, { kind: 'approved' | 'glass_broken' }> {
  return event.kind === 'approved' || event.kind === 'glass_broken';
}

/** Only from its own source, while a copy weighs on it. */
function mayPark(shard: number, sight: Sight, { state, rows }: Journal): void {
  const destination = sight.shards?.[shard]?.look.destination;
  if (!destination?.ok) throw new Error('A server that does not answer was given an order.');
  const { host, port } = state.plan.shards[shard]?.source ?? { host: '', port: 0 };
  expect(destination.facts.replication).toMatchObject({ master: { host, port }, linkUp: false });
  expect(destination.facts.loading, 'an order that a loading server refuses').toBeNull();
  const last = rows.findLast(({ event }) => isIntent(event, 'replicate', shard));
  expect(rows.some(({ event }) => event.kind === 'seen' && event.intent === last?.seq)).toBe(true);
}

/** What is held on a shard by the rows: held, and not released since. */
function heldNow(rows: readonly JournalRow[], shard: number): string[] {
  const held = new Set<string>();
  for (const { event } of rows) {
    if ((event.kind !== 'held' && event.kind !== 'released') || event.shard !== shard) continue;
    const key = `${event.side} ${event.what} ${event.ledger}`;
    if (event.kind === 'held') held.add(key);
    else held.delete(key);
  }
  return [...held];
}

/** Entries of the ledger that a person left to somebody else. */
function agreedTo(rows: readonly JournalRow[]): number[] {
  return rows.flatMap(({ event }) => (event.kind === 'released' && event.by !== null ? (event.ledger ?? []) : []));
}

/** At the end: nothing is open, and every setting that nobody else touched and nobody gave up is as before. */
export function allIsPutBack({ state, rows }: Journal, pairs: readonly Pair[], atFirst: Pair['settings']): void {
  expect(state.ledger.filter((one) => !one.closed)).toEqual([]);
  const left = rows.flatMap(({ event }) => (event.kind === 'given_up' ? (event.ledger ?? []) : []));
  const theirs = new Set([...agreedTo(rows), ...left]);
  for (const [shard, pair] of pairs.entries()) {
    for (const side of ['source', 'destination'] as const) {
      for (const [name, value] of pair.settings[side]) {
        const open = state.ledger.some(
          (one) => one.shard === shard && one.side === side && one.name === name && theirs.has(one.intent),
        );
        if (open || pair.touched.has(`${side} ${name}`)) continue;
        expect(value, `${name} of the ${side} of shard ${shard}`).toBe(atFirst[side].get(name));
      }
    }
  }
}

function isIntent(event: Event, kind: Effect['kind'], shard: number): boolean {
  return event.kind === 'intent' && event.effect.kind === kind && event.effect.shard === shard;
}

function replicateOf(event: Event, shard: number): Extract<Effect, { kind: 'replicate' }> | null {
  if (event.kind !== 'intent' || event.effect.kind !== 'replicate') return null;
  return event.effect.shard === shard ? event.effect : null;
}

/**
 * Down: only our own, where writes have not gone over. Up: only where they have, at a master, once for each restart that
 * was told; or at an old server that stops following the new one, for good.
 */
function mayFence(effect: Extract<Effect, { kind: 'fence' }>, sight: Sight, { state, rows }: Journal): void {
  if (effect.side === 'destination') {
    const fresh = sight.shards?.[effect.shard]?.look.destination;
    expect(isBack(rows, effect.shard), 'a fence at a new server that has the writes').toBe(true);
    expect(fresh?.ok && fresh.facts.role).toBe('master');
    expect({ up: effect.up, phase: state.phase }).toEqual({ up: true, phase: 'rolling_back' });
    return;
  }
  const source = sight.shards?.[effect.shard]?.look.source;
  if (!source?.ok) throw new Error('A server that does not answer was given an order.');
  if (!effect.up) {
    expect(['syncing', 'streaming', 'switching', 'aborting', 'rolling_back']).toContain(state.phase);
    expect(isOver(rows, effect.shard), 'a fence that keeps writes off an old master').toBe(false);
    expect(source.facts.replication.master).toEqual(fenceAddress(state.plan.id));
    return;
  }
  expect(isOver(rows, effect.shard), 'a fence at a server that has the writes').toBe(true);
  if (source.facts.role === 'replica') {
    const { host, port } = state.plan.shards[effect.shard]?.destination ?? { host: '', port: 0 };
    expect(source.facts.replication.master).toEqual({ host, port });
    const closed = rows.findLast(({ event }) => event.kind === 'way_back' && event.shard === effect.shard);
    const isClosed = closed?.event.kind === 'way_back' && !closed.event.open;
    expect(state.phase === 'finishing' || isClosed, 'a way back that is given up').toBe(true);
    return;
  }
  const told = rows.findLast(({ seq, event }) => seq > overSince(rows, effect.shard) && isRestart(event, effect.shard));
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
  if (event.action === 'migration:revoke') return ownWord(event.user, moment);
  const passes = event.action === 'migration:break_glass' || event.action === 'migration:deny';
  const gate = passes ? (gateAt(before.phase) ?? undefined) : GATE_OF[event.action];
  const giveUp = event.action === 'migration:abort' && ['aborting', 'rolling_back'].includes(before.phase);
  expect(rights.approve.ok || (gate === undefined && !giveUp && rights.request.ok), 'by somebody who may').toBe(true);
  if (event.action === 'migration:tune' || event.action === 'migration:resume') {
    expect(rights.approve.ok, 'it changes servers, or leaves them changed').toBe(true);
    expect(['syncing', 'streaming']).toContain(before.phase);
    // Nothing was told of the servers between the drawing of the button and the click.
    const told = journal.rows.filter(
      (row) => row.seq <= before.version && ['held', 'sync_alarm'].includes(row.event.kind),
    );
    if (event.entry !== null) expect(event.entry).toBe(Math.max(before.entry, told.at(-1)?.seq ?? 0));
  }
  if (event.action === 'migration:rollback') mayGoBack(moment);
  if (event.action === 'migration:axe') {
    expect(rights.approve.ok, 'it shuts servers down').toBe(true);
    expect([before.phase, event.typedName]).toEqual(['finished', before.plan.name]);
  }
  if (event.action === 'migration:ask_again') expect(before.denial).not.toBeNull();
  if (event.action === 'migration:deny') {
    expect(before.denial).toBeNull();
    expect(journal.state.denial?.gate).toBe(gate);
    expect(journal.state.entry, 'a no begins nothing').toBe(before.entry);
  }
  if (gate === undefined || event.action === 'migration:deny') return;
  expect(sight.wallNow - at, 'an approval by a click that has expired').toBeLessThanOrEqual(policy.approvalTtlMs);
  const override = event.action === 'migration:override';
  const drifts = journal.rows.filter(
    (row) => row.seq > before.entry && row.seq <= before.version && row.event.kind === 'drift',
  );
  // A button that was drawn before a no was over has not shown that.
  const words = journal.rows.filter(
    (row) => row.seq <= before.version && ['denial_revoked', 'asked_again'].includes(row.event.kind),
  );
  const drawn = Math.max(before.entry, (override ? drifts : words).at(-1)?.seq ?? 0);
  if (event.entry !== null) expect(event.entry).toBe(drawn);
  const alone = event.action === 'migration:break_glass';
  expect(before.denial, 'a gate that somebody denied').toBeNull();
  if (!policy.selfApproval && !alone) expect(event.user).not.toBe(before.plan.requestedBy);
  expect(gatesOf(before, sight, policy).find((one) => one.gate === gate)?.open).toBe(!override);
  if (gate === 'switch') {
    for (const shard of sight.shards ?? []) {
      if (isOver(journal.rows, shard.verdict.shard)) {
        expect(shard.verdict.state).toBe('promoted');
        continue;
      }
      expect(shard.verdict.state).toBe('in_step');
      expect(shard.inStepTicks).toBeGreaterThanOrEqual(2);
    }
    expect(sight.shards?.length).toBe(before.plan.shards.length);
  }
  if (gate === 'finish') {
    expect(sight.unquiet).toBeNull();
    // Quiet, or somebody's word since the last thing that changed.
    const word = journal.rows.some(
      (row) => row.seq > Math.max(before.entry, drifts.at(-1)?.seq ?? 0) && row.event.kind === 'override_asked',
    );
    if (override) expect(sight.quietMs ?? 0).toBeLessThan(policy.quietMs);
    else if (!word) expect(sight.quietMs ?? 0).toBeGreaterThanOrEqual(policy.quietMs);
    expect(sight.shards?.map((shard) => shard.verdict.state)).toEqual(before.plan.shards.map(() => 'promoted'));
    const drifted = journal.rows.some(
      ({ seq, event: row }) => row.kind === 'drift' && seq > overSince(journal.rows, row.shard),
    );
    if (drifted || override) expect(event.typedName).toBe(before.plan.name);
  }
  const passed = journal.state.entry !== before.entry;
  if (alone) {
    expect([passed, event.typedName]).toEqual([true, before.plan.name]);
    expect(event.reason).toBeTruthy();
    expect(policy.approvals[gate] > 1 || !policy.selfApproval, 'where nobody needs it').toBe(true);
    return;
  }
  const lost = journal.rows.flatMap(({ event: row }) =>
    row.kind === 'approval_revoked' ? [row.approval] : row.kind === 'approvals_void' ? row.approvals : [],
  );
  const denied = journal.rows.findLast(({ event: row }) => row.kind === 'gate_denied' && row.gate === gate)?.seq ?? 0;
  const approvers = journal.rows.filter(
    ({ event: row, at: givenAt, seq }) =>
      row.kind === 'approved' &&
      row.gate === gate &&
      seq > denied &&
      !lost.includes(seq) &&
      row.entry === before.entry &&
      sight.wallNow - givenAt <= policy.approvalTtlMs,
  );
  // By person: after a clock that went back, somebody's expired approval may lie beside their fresh one.
  const distinct = new Set(approvers.map((row) => row.actor));
  expect(passed, 'nobody counts twice').toBe(distinct.size >= policy.approvals[gate]);
}

/** What is taken back was one's own, and did not count any more for anything. */
function ownWord(user: string, { before, journal }: Moment): void {
  const [row] = journal.rows.slice(before.version);
  const own =
    row?.event.kind === 'denial_revoked'
      ? before.denial?.user
      : row?.event.kind === 'approval_revoked'
        ? journal.rows[row.event.approval - 1]?.actor
        : undefined;
  expect(own).toBe(user);
  expect(journal.state.entry, 'a gate that was passed stays passed').toBe(before.entry);
}

/** No figure that is none, and no hole. Plain comparisons: this is done for every value of every view. */
export function noNonsense(value: unknown, path: string): void {
  if (value === null || typeof value === 'boolean') return;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return;
  if (typeof value === 'string' && !/undefined|NaN|Infinity|\bnull\b/.test(value)) return;
  if (typeof value !== 'object') throw new Error(`${path} is ${inspect(value)}`);
  for (const [key, item] of Object.entries(value)) noNonsense(item, `${path}.${key}`);
}
