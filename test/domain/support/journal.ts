import { describe, shardOf } from '../../../src/domain/describe.ts';
import type { Event, JournalRow } from '../../../src/domain/event.ts';
import { fold, foldJournal } from '../../../src/domain/migration.ts';
import type { Plan } from '../../../src/domain/plan.ts';
import type { MigrationState } from '../../../src/domain/state.ts';
import { START } from './build.ts';

/** A journal in memory, folded row by row as the engine does it. `now` is the wall clock; each row moves it a little. */
export class Journal {
  readonly rows: JournalRow[] = [];
  readonly plan: Plan;
  now = START;
  state: MigrationState;

  constructor(plan: Plan) {
    this.plan = plan;
    const first = this.#row({ kind: 'requested', plan, messageTs: null });
    this.rows.push(first);
    this.state = foldJournal(this.rows);
  }

  append(event: Event, actor = 'bot'): JournalRow {
    const row = { ...this.#row(event), actor };
    // Fold first: a row that the table of phases forbids is not written.
    this.state = fold(this.state, row);
    this.rows.push(row);
    this.now += 1;
    return row;
  }

  #row(event: Event): JournalRow {
    const { now: at, rows, plan } = this;
    return { seq: rows.length + 1, at, actor: 'bot', event, text: describe(event, plan), shard: shardOf(event) };
  }
}
