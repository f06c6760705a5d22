/** One shard's part in a cut-over, whichever way it goes: writes leave one server and go to the other. */
import type { Endpoint } from './endpoint.ts';
import type { Side, Way } from './event.ts';
import type { ShardPlan } from './plan.ts';
import { capital, shardText } from './words.ts';

export interface Move {
  readonly index: number;
  readonly way: Way;
  /** Which side of the plan the writes leave. */
  readonly fromSide: Side;
  readonly toSide: Side;
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** Overlap: the server that writes go to takes some already, while it follows. */
  readonly overlap: boolean;
}

export function moveOf(shard: ShardPlan, way: Way, overlap: boolean): Move {
  const { index, source, destination } = shard;
  return way === 'over'
    ? { index, way, fromSide: 'source', toSide: 'destination', from: source, to: destination, overlap }
    : { index, way, fromSide: 'destination', toSide: 'source', from: destination, to: source, overlap };
}

/** `Shard 3`, at the beginning of a sentence. */
export function named({ index }: Pick<Move, 'index'>): string {
  return capital(shardText(index));
}

/** `the source` or `the new server`: what people call the server that the writes leave or go to. */
export function sideName(side: Side): string {
  return side === 'source' ? 'the old server' : 'the new server';
}
