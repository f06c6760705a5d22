/** What a verdict is made of; judged in verdict.ts. */
import type { PairLook } from './observation.ts';
import type { Phase } from './phase.ts';
import type { MigrationId, ShardPlan } from './plan.ts';
import type { ShardRecord } from './state.ts';
import type { ShardView } from './view.ts';

/** What people are shown of it is named and meant as in ShardView. */
export interface Verdict
  extends Pick<
    ShardView,
    | 'state'
    | 'percent'
    | 'bytesPerSecond'
    | 'etaSeconds'
    | 'lagBytes'
    | 'bufferBytes'
    | 'sourceWritesPerSecond'
    | 'sourceClients'
    | 'fullSyncs'
    | 'reason'
    | 'keys'
    | 'bytes'
  > {
  readonly shard: number;
  /** What is written to the source, at most: its offset's growth where it has one, else what the network brings. */
  readonly sourceBytesPerSecond: number | null;
  /** Whether the reason is trouble that people should hear of, not just a stage on the way. */
  readonly alarm: boolean;
}

export interface VerdictInput {
  readonly plan: ShardPlan;
  readonly id: MigrationId;
  readonly record: ShardRecord;
  readonly phase: Phase;
  readonly now: PairLook;
  /** Wall-clock milliseconds. */
  readonly wallNow: number;
  /** A look some seconds older, for speeds. */
  readonly earlier: PairLook | null;
  readonly maxLagBytes: number;
  /** The most that was seen to be left of the transfer under way; absent or null where nobody watched. */
  readonly mostLeftBytes?: number | null;
  /** How many connections of ours are open on the source. */
  readonly ownClients: number;
}

export type Place = Pick<Verdict, 'state' | 'percent' | 'bytesPerSecond' | 'etaSeconds' | 'lagBytes' | 'reason'> & {
  readonly alarm?: boolean;
};

export const NOWHERE: Place = {
  state: 'waiting',
  percent: null,
  bytesPerSecond: null,
  etaSeconds: null,
  lagBytes: null,
  reason: null,
};
