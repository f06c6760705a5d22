/** What must never happen around cut-overs, read from the journal's rows by hand; see invariants.ts. */
import { expect } from 'vitest';
import type { Event, JournalRow } from '../../../src/domain/event.ts';
import { fenceAddress } from '../../../src/domain/plan.ts';
import type { Sight } from '../../../src/domain/sight.ts';
import type { Moment } from './invariants.ts';
import type { Journal } from './journal.ts';
import { type Pair, writable } from './pair.ts';

const UNSETTLING = ['drift', 'held'];

/** The number of the row since which a shard's writes are on its new server; 0 when they are not. */
export function overSince(rows: readonly JournalRow[], shard: number): number {
  const last = lastPromoted(rows, shard);
  return last !== null && last.way === 'over' ? last.seq : 0;
}

export function isOver(rows: readonly JournalRow[], shard: number): boolean {
  return overSince(rows, shard) > 0;
}

/** Whether its old server has taken the writes again. */
export function isBack(rows: readonly JournalRow[], shard: number): boolean {
  return lastPromoted(rows, shard)?.way === 'back';
}

function lastPromoted(rows: readonly JournalRow[], shard: number) {
  let way: 'over' | 'back' = 'over';
  let last: { readonly seq: number; readonly way: 'over' | 'back' } | null = null;
  for (const { seq, event } of rows) {
    if (event.kind === 'cutover_started') way = event.way ?? 'over';
    if (event.kind === 'promoted' && event.shard === shard) last = { seq, way };
  }
  return last;
}

/** Behind a canary: only after its soak, only when all is in step, and only those that have not gone. */
export function mayGoOver(sight: Sight, { state, rows }: Journal): void {
  if (state.phase === 'rolling_back') return;
  expect(state.phase).toBe('switching');
  const { canary } = state.plan;
  const gone = state.plan.shards.filter(({ index }) => isOver(rows, index));
  if (gone.length === 0) return;
  expect(gone.map((one) => one.index)).toEqual([canary?.shard]);
  const told = rows.some(({ event }) => event.kind === 'soak' && event.over);
  expect(told, 'nobody was told that the soak is over').toBe(true);
  const approved = rows.findLast(
    ({ event }) => (event.kind === 'approved' || event.kind === 'glass_broken') && event.gate === 'switch',
  );
  const since = rows.filter((row) => row.seq > (approved?.seq ?? 0) && UNSETTLING.includes(row.event.kind));
  expect(since, 'others that go although a server was changed since it was approved').toEqual([]);
  for (const { verdict, inStepTicks, look } of sight.shards ?? []) {
    if (verdict.shard === canary?.shard) {
      expect(verdict.state).toBe('promoted');
      continue;
    }
    expect(verdict.state).toBe('in_step');
    expect(inStepTicks).toBeGreaterThanOrEqual(2);
    expect(look.source.ok && look.source.facts.role).toBe('master');
  }
  expect(sight.shards?.length).toBe(state.plan.shards.length);
}

/** Only where writes have gone over, and only from behind our fence: anywhere else it would wipe what the server took. */
export function mayFollowBack(shard: number, sight: Sight, { state, rows }: Journal): void {
  expect(['switching', 'syncing', 'streaming', 'switched']).toContain(state.phase);
  expect(isOver(rows, shard), 'an old master that has the writes').toBe(true);
  const look = sight.shards?.[shard]?.look;
  expect(look?.source.ok && look.source.facts.replication.master).toEqual(fenceAddress(state.plan.id));
  expect(look?.destination.ok && look.destination.facts.role).toBe('master');
}

/** A roll back that was accepted: every shard that has gone over has its old server behind the new one, and in step. */
export function mayGoBack({ before, sight, journal }: Moment): void {
  expect(['switching', 'syncing', 'streaming', 'switched']).toContain(before.phase);
  expect(before.cutover).toBeNull();
  const rows = journal.rows.filter((row) => row.seq <= before.version);
  const gone = before.plan.shards.filter(({ index }) => isOver(rows, index));
  expect(gone.length).toBeGreaterThan(0);
  for (const { index, destination } of gone) {
    const look = sight.shards?.[index]?.look;
    expect(look?.source.ok && look.source.facts.replication).toMatchObject({
      master: { host: destination.host, port: destination.port },
      linkUp: true,
    });
  }
}

/** What a tick is about to tell of a soak. */
export function mayEnd(rows: readonly Event[], sight: Sight, { state }: Journal): void {
  if (!rows.some((row) => row.kind === 'soak' && row.over)) return;
  expect(sight.soakedMs, 'a soak that ends early').toBeGreaterThanOrEqual(state.plan.canary?.soakMs ?? 0);
}

/** When a migration has ended before the switch, or went back: no old server that answers is left behind our fence. */
export function oldServersServe({ state, rows }: Journal, pairs: readonly Pair[]): void {
  if (state.giveUp || (state.phase !== 'aborted' && state.phase !== 'rolled_back')) return;
  for (const [shard, pair] of pairs.entries()) {
    const begun = rows.some(
      ({ event }) => event.kind === 'intent' && event.effect.kind === 'replicate' && event.effect.shard === shard,
    );
    if (begun && pair.sourceUp && !isBack(rows, shard))
      expect(pair.sourceFenced, `the source of shard ${shard}`).toBe(false);
  }
}

/** Once writes have gone over, one server of a shard takes them, unless somebody else changed one. */
export function oneSideTakesWrites({ rows }: Journal, pairs: readonly Pair[]): void {
  for (const [shard, pair] of pairs.entries()) {
    if (pair.meddled) continue;
    if (isOver(rows, shard)) expect(writable(pair), `shard ${shard} is over`).toEqual(['destination']);
    if (isBack(rows, shard)) expect(writable(pair), `shard ${shard} is back`).toEqual(['source']);
  }
}
