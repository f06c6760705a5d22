/**
 * How writes are stopped on the server that they leave: one strategy a band of versions (redis.md, "Cut-over sequences,
 * attacked"). The run calls the steps of every shard in this order and journals each before its commands are sent:
 * prepare → stop → (everything applied) → level → fence → fenceProblem → promote → settled. Until the promotion is
 * journalled, `undo` takes everything back, from wherever it stands.
 */
import type { Frozen } from '../../domain/event.ts';
import type { Policy } from '../../domain/gate.ts';
import type { Move } from '../../domain/move.ts';
import type { Inspector } from '../../redis/inspector.ts';
import type { Operator } from '../../redis/operator.ts';
import type { Wire } from '../../redis/wire.ts';
import type { Hands, HandsDeps } from '../hands.ts';
import type { Journal } from '../journal.ts';

/** What a strategy stands on; see ground.ts. */
export interface StopGround {
  readonly journal: Journal;
  readonly hands: Hands;
  readonly deps: HandsDeps & { readonly policy: Policy };
  readonly fence: { readonly host: string; readonly port: number };
  /** The server that writes leave. */
  from(move: Move): { readonly operator: Operator; readonly inspector: Inspector };
  /** The server that writes go to. */
  to(move: Move): { readonly operator: Operator; readonly inspector: Inspector };
  /** A connection of its own, for what must arrive together; closed when the cut-over is left. Rejects with RedisError. */
  wire(move: Move, end: 'from' | 'to'): Promise<Wire>;
}

export interface WriteStop {
  /** Whatever may take time before writes stand still: connections, settings. Null, or a sentence about why not. */
  prepare(): Promise<string | null>;
  /** Stops writes. Rejects with LetGo. */
  stop(): Promise<void>;
  /** Reads the point after which nothing was acknowledged. Called after `stop`. Rejects with LetGo. */
  freeze(): Promise<Frozen>;
  /**
   * Waits for what may still move the offset behind the frozen point and is needed for a way back. Nothing is sent: it may
   * be given up at any moment. Only where something can. Called when everything up to that point has arrived.
   */
  level?(): Promise<void>;
  /** Puts up what keeps writes out for good. Rejects with LetGo. */
  fence(): Promise<void>;
  /** The look that is not optional: the fence stands and nothing was written since the frozen point. Null, or a sentence. */
  fenceProblem(frozen: Frozen): Promise<string | null>;
  /**
   * After the promotion was seen: parked writers are let go, what held only for the cut-over is put back. Null, or what
   * it waits for; called again then.
   */
  settled(): Promise<string | null>;
  /**
   * Takes back whatever was done, and believes it when it is seen. Null when nothing of ours is left, or what it waits
   * for; called again then. `fenceSent`: a fence may still arrive, so that one look is not enough.
   */
  undo(fenceSent: boolean): Promise<string | null>;
}

/** Why the cut-over stops here and everything is let go. The message is a sentence. */
export class LetGo extends Error {}
