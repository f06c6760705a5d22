/**
 * Whose message is sent next when not all can be: by deadline, not by who came first. Pure.
 *
 * | class   | who                                                         | when                   | leaves in the budget |
 * | ------- | ----------------------------------------------------------- | ---------------------- | -------------------- |
 * | nearest | the one migration that is nearest to a gate                 | every 4.4 s            | 0                    |
 * | overdue | whoever has waited for 41 s with something to say           | at once                | 1                    |
 * | news    | a phase, a gate or a button has changed                     | at once                | 1                    |
 * | late    | whoever has waited for 36 s, or is asked for                | at once                | 3                    |
 * | early   | everybody else                                              | 3 s after the last one | 4                    |
 *
 * With 42 updates a minute the nearest of 20 migrations takes 14 of them, and each of the others has its turn every 41 s.
 * The first row makes sure that nobody is held up by others' news for more than a few calls, the last one that messages
 * are as fresh as they can be while few migrations are running.
 */
import type { Phase } from '../domain/phase.ts';
import type { MigrationId } from '../domain/plan.ts';
import type { MigrationView } from '../domain/view.ts';

/** What is known of a message; monotonic milliseconds. */
export interface Standing {
  readonly id: MigrationId;
  /** As last looked at; null: not looked at, or of no interest any more. */
  readonly view: MigrationView | null;
  readonly inFlight: boolean;
  /** Since when there may be something unsaid; null: everything was said. */
  readonly unsaidSince: number | null;
  /** Since when people have something new to do or to know; null: they were told. */
  readonly newsSince: number | null;
  /** Since when it is to be sent even if nothing changed; null: nobody asked for that. */
  readonly askedSince: number | null;
  /** When there was news the last time. */
  readonly newsAt: number;
  /** When it was last sent, whatever came of it. */
  readonly launchedAt: number;
  /** Not before, after a failure. */
  readonly notBefore: number;
}

export type TurnClass = 'nearest' | 'overdue' | 'news' | 'late' | 'early';

export interface Turn {
  readonly id: MigrationId;
  readonly turn: TurnClass;
}

/** Tokens that a class leaves for those above it. */
export const SPARE = { nearest: 0, overdue: 1, news: 1, late: 3, early: 4 } satisfies Record<TurnClass, number>;

const APART_MS = 3_000;
const NEAREST_MS = 4_400;
const LATE_MS = 36_000;
const OVERDUE_MS = 41_000;
/** So long a gate has just opened, and a phase that passes by itself is passing. */
const JUST_MS = 60_000;
const PASSING: readonly Phase[] = ['switching', 'finishing', 'rolling_back', 'aborting'];
const ORDER: readonly TurnClass[] = ['nearest', 'overdue', 'news', 'late', 'early'];

/** Those whose turn it is, first things first, and how long until the class of another changes. */
export function turnsOf(all: readonly Standing[], now: number): { readonly turns: readonly Turn[]; nextMs: number } {
  const nearest = nearestOf(all, now);
  const turns: (Turn & { readonly at: number })[] = [];
  let next = Number.POSITIVE_INFINITY;
  for (const one of all) {
    if (one.unsaidSince === null || one.inFlight) continue;
    const times = timesOf(one, one.unsaidSince, one.id === nearest);
    for (const at of Object.values(times)) if (at > now) next = Math.min(next, at);
    const turn = ORDER.find((name) => times[name] <= now);
    if (turn !== undefined) turns.push({ id: one.id, turn, at: orderIn(turn, one, times[turn], now) });
  }
  turns.sort((a, b) => ORDER.indexOf(a.turn) - ORDER.indexOf(b.turn) || a.at - b.at);
  return { turns, nextMs: next - now };
}

/** When the end is near: everybody who has something unsaid, those with news first. */
export function lastTurns(all: readonly Standing[], now: number): { readonly turns: readonly Turn[]; nextMs: number } {
  const unsaid = all.filter((one) => one.unsaidSince !== null && !one.inFlight);
  const ready = unsaid.filter((one) => one.notBefore <= now);
  const next = Math.min(...unsaid.filter((one) => one.notBefore > now).map((one) => one.notBefore - now));
  const turns = ready
    .toSorted((a, b) => Number(a.newsSince === null) - Number(b.newsSince === null))
    .map(({ id }) => ({ id, turn: 'nearest' as const }));
  return { turns, nextMs: next };
}

/** From when on a message is of each class. */
function timesOf(one: Standing, unsaidSince: number, isNearest: boolean): Record<TurnClass, number> {
  const never = Number.POSITIVE_INFINITY;
  const from = (at: number) => Math.max(one.notBefore, at);
  return {
    nearest: isNearest ? from(Math.max(unsaidSince, one.launchedAt + NEAREST_MS)) : never,
    overdue: from(unsaidSince + OVERDUE_MS),
    news: one.newsSince === null ? never : from(one.newsSince),
    late: from(Math.min(unsaidSince + LATE_MS, one.askedSince ?? never)),
    early: from(Math.max(unsaidSince, one.launchedAt + APART_MS)),
  };
}

/** Within a class the longest wait goes first; among those that are early, a wait near a gate counts three times. */
function orderIn(turn: TurnClass, one: Standing, since: number, now: number): number {
  if (turn !== 'early') return since;
  return now - (now - one.launchedAt) * (nearness(one, now) > 0 ? 3 : 1);
}

/** The migration of which people are most likely to be waiting for the next word; null when there is none such. */
export function nearestOf(all: readonly Standing[], now: number): MigrationId | null {
  let found: { readonly id: MigrationId; readonly rank: number; readonly at: number } | null = null;
  for (const one of all) {
    const rank = nearness(one, now);
    if (rank === 0) continue;
    if (found === null || rank > found.rank || (rank === found.rank && one.newsAt > found.at))
      found = { id: one.id, rank, at: one.newsAt };
  }
  return found?.id ?? null;
}

/** 3: a cut-over is under way; 2: a gate has just opened; 1: a phase is about to change; 0: none of them. */
function nearness(one: Standing, now: number): number {
  const { view, newsAt } = one;
  if (view === null) return 0;
  const isFresh = now - newsAt < JUST_MS;
  if (PASSING.includes(view.phase)) return isFresh ? 3 : 1;
  if (isFresh && view.gates.some((gate) => gate.open)) return 2;
  if (view.phase === 'checking') return 1;
  const { etaSeconds } = view.progress;
  return view.phase === 'syncing' && etaSeconds !== null && etaSeconds * 1_000 <= JUST_MS ? 1 : 0;
}
