/** The one way of a command to a server: its intent into the journal, the command sent once, its answer into the journal. */
import type { Effect } from '../domain/event.ts';
import type { Outcome } from '../redis/operator.ts';
import type { Journal } from './journal.ts';

/** What was answered, and the number of the intent's row; null when the journal took no row, so that nothing was sent. */
export interface Sent {
  readonly intent: number;
  readonly outcome: Outcome;
}

/** Rejects when the journal cannot be written. */
export async function send(effect: Effect, journal: Journal, command: () => Promise<Outcome>): Promise<Sent | null> {
  const [row] = journal.append([{ kind: 'intent', effect }]);
  if (!row) return null;
  const outcome = await command();
  journal.append([{ kind: 'answered', intent: row.seq, outcome: outcome.kind, detail: outcome.detail }]);
  return { intent: row.seq, outcome };
}
