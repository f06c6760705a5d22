/** What is to be done next, as data. */
import type { Effect, Event } from './event.ts';
import type { Gate, Phase } from './phase.ts';

export interface Decision {
  /** To be carried out, in this order, each shard's apart. */
  readonly effects: readonly Effect[];
  /** Longer work with a story of its own. */
  readonly run: 'preflight' | 'cut_over' | null;
  /** Rows to journal, without effects on any server. */
  readonly rows: readonly Event[];
  readonly enter: { readonly phase: Phase; readonly reason: string } | null;
  /** The gate that `enter` passes without a click, by approvals of before; absent otherwise. */
  readonly byItself?: Gate;
  /** Why it waits, as a sentence; null when it waits for nothing. */
  readonly waitingFor: string | null;
}

/** What is done and told while shards follow. */
export interface Following {
  readonly effects: readonly Effect[];
  readonly rows: readonly Event[];
  /** Why what people approved is void, as a sentence; null when it is not. */
  readonly unsettled: string | null;
  /** What keeps a shard from following, as a sentence. */
  readonly held: string | null;
}

export const NOTHING: Decision = { effects: [], run: null, rows: [], enter: null, waitingFor: null };
