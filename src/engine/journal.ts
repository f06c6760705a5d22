/**
 * One migration's journal while the bot runs: the rows on disk and the state in memory, which is their fold. Appending
 * is synchronous: when it returns, the rows are durable and the state is new. When it throws, neither has changed.
 */
import type { Clock } from '../clock.ts';
import { voidsOf } from '../domain/approval-rows.ts';
import { describe, shardOf } from '../domain/describe.ts';
import type { Event, JournalRow, NewRow } from '../domain/event.ts';
import type { Hooks } from '../domain/hook.ts';
import { hooksDue } from '../domain/hook-due.ts';
import { fold, foldJournal } from '../domain/migration.ts';
import type { Plan } from '../domain/plan.ts';
import type { MigrationState } from '../domain/state.ts';
import type { Store } from '../store/store.ts';

export const BOT = 'bot';
/** How many rows stay in memory, for the view. */
const KEPT_ROWS = 500;
const KEPT_TIMES = 15;

/** Called with what was just written. */
export type OnAppend = (rows: readonly JournalRow[]) => void;

export interface JournalDeps {
  readonly store: Store;
  readonly clock: Clock;
  /** Null: nobody is told of anything, so no webhook is ever due. */
  readonly hooks: Hooks | null;
}

export class Journal {
  readonly #deps: JournalDeps;
  readonly #onAppend: OnAppend;
  #state: MigrationState;
  #rows: JournalRow[];
  /** How long the last appends took, the middle of them counts. */
  #took: readonly number[] = [];

  private constructor(deps: JournalDeps, rows: readonly JournalRow[], onAppend: OnAppend) {
    this.#deps = deps;
    this.#state = foldJournal(rows);
    this.#rows = rows.slice(-KEPT_ROWS);
    this.#onAppend = onAppend;
  }

  /** Begins a new migration. Throws StoreConflictError when its id is taken. */
  static create(deps: JournalDeps, plan: Plan, messageTs: string | null, onAppend: OnAppend): Journal {
    const row = newRow(deps, plan, { kind: 'requested', plan, messageTs }, plan.requestedBy);
    return new Journal(deps, deps.store.create(plan.id, 'checking', [row]), onAppend);
  }

  /** Takes up a migration that the store has. */
  static load(deps: JournalDeps, id: string, onAppend: OnAppend): Journal {
    return new Journal(deps, deps.store.journal(id), onAppend);
  }

  get state(): MigrationState {
    return this.#state;
  }

  /** The last rows, oldest first. */
  get rows(): readonly JournalRow[] {
    return this.#rows;
  }

  /** How long it takes of late until an appended row is on disk, in milliseconds. */
  get appendMs(): number {
    return this.#took.toSorted((a, b) => a - b)[Math.floor(this.#took.length / 2)] ?? 0;
  }

  /** Appends all of them or none, and behind them the approvals that they void and the webhooks that they make due. Returns the rows with their numbers. */
  append(events: readonly Event[], actor: string = BOT): readonly JournalRow[] {
    if (events.length === 0) return [];
    const before = this.#state;
    const asked = events.map((event) => newRow(this.#deps, before.plan, event, actor));
    const numbered = asked.map((row, index) => ({ ...row, seq: before.version + index + 1 }));
    const due = this.#deps.hooks === null ? [] : hooksDue(before, numbered);
    const follow = [...voidsOf(before, numbered), ...due];
    const fresh = [...asked, ...follow.map((event) => newRow(this.#deps, before.plan, event, BOT))];
    // Folded before it is stored: what the table of phases forbids must not get into the journal.
    const after = fresh.reduce((state, row, index) => fold(state, { ...row, seq: before.version + index + 1 }), before);
    const began = this.#deps.clock.monotonicMs();
    const stored = this.#deps.store.append(before.plan.id, before.version, after.phase, fresh);
    this.#took = [...this.#took, this.#deps.clock.monotonicMs() - began].slice(-KEPT_TIMES);
    // From the rows as they were stored: a restart folds the same.
    this.#state = stored.reduce(fold, before);
    this.#rows = [...this.#rows, ...stored].slice(-KEPT_ROWS);
    this.#onAppend(stored);
    return stored;
  }
}

function newRow(deps: JournalDeps, plan: Plan, event: Event, actor: string): NewRow {
  return {
    at: deps.clock.now(),
    actor,
    event,
    text: describe(event, plan),
    shard: shardOf(event),
  };
}
