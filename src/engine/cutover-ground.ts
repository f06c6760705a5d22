/**
 * What every part of a cut-over stands on: the servers' hands, the fence's address, all shards at once, and the last
 * step of one shard. Owns the connections until `close`.
 */
import type { CutoverStep, Event, Frozen } from '../domain/event.ts';
import type { Policy } from '../domain/gate.ts';
import { fenceAddress, type ShardPlan } from '../domain/plan.ts';
import { capital, shardText } from '../domain/words.ts';
import type { Log, Metrics } from '../log.ts';
import type { Inspector } from '../redis/inspector.ts';
import type { Operator } from '../redis/operator.ts';
import { createHands, type Hands, type HandsDeps } from './hands.ts';
import type { Journal } from './journal.ts';
import { isPromoted } from './proof.ts';

export interface CutoverDeps extends HandsDeps {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly policy: Policy;
}

/** The pause outlives our own deadline by this much, so that it cannot end between the last check and the fence. */
export const PAUSE_MARGIN_MS = 1_000;
/**
 * In a cut-over, a server that takes longer does not answer: others' writers wait for it. Longer than MAX_PAUSE_MS is by
 * default, so that a cut-over that is late says so, whoever it was that made it late.
 */
const TIMEOUT_MS = 2_500;
/** How long a promotion that was sent is watched closely before the next tick looks again. */
const PROMOTION_WATCH_MS = 3_000;

export class CutoverGround {
  readonly journal: Journal;
  readonly deps: CutoverDeps;
  readonly hands: Hands;
  readonly shards: readonly ShardPlan[];
  readonly fence: { readonly host: string; readonly port: number };
  /** Monotonic milliseconds at which each shard's writes were stopped, by us. */
  readonly pausedAt = new Map<number, number>();
  /** Milliseconds for which each shard's writes stood still. */
  readonly #pauses = new Map<number, number>();
  readonly #seenPromoted = new Set<number>();

  constructor(journal: Journal, deps: CutoverDeps) {
    this.journal = journal;
    this.deps = deps;
    this.hands = createHands(journal.state.plan, deps, TIMEOUT_MS);
    this.shards = journal.state.plan.shards;
    this.fence = fenceAddress(journal.state.plan.id);
  }

  source(shard: ShardPlan): { readonly operator: Operator; readonly inspector: Inspector } {
    return {
      operator: this.hands.operator(shard.index, 'source'),
      inspector: this.hands.inspector(shard.index, 'source'),
    };
  }

  destination(shard: ShardPlan): { readonly operator: Operator; readonly inspector: Inspector } {
    return {
      operator: this.hands.operator(shard.index, 'destination'),
      inspector: this.hands.inspector(shard.index, 'destination'),
    };
  }

  /** All shards at once; waits for every one of them, then fails with the first failure, so that nothing runs on. */
  async each<T>(work: (shard: ShardPlan) => Promise<T>): Promise<T[]> {
    const results = await Promise.allSettled(this.shards.map(work));
    const failed = results.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
    return results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  }

  /** Journals a step before its commands are sent. */
  step(step: CutoverStep, frozen: readonly Frozen[]): void {
    this.journal.append([{ kind: 'cutover_step', step, frozen, reason: '' }]);
  }

  /**
   * One shard's way over the point of no return. Nothing can be lost any more once the promotion is seen, and parked
   * writers wait for the end of it: they are let go at once, before the other shards and before the journal.
   * An answer that stays away rejects; the promotion was sent, so from then on there is only forward.
   */
  async promote(shard: ShardPlan, frozen: Frozen): Promise<void> {
    const { clock, metrics } = this.deps;
    const { operator, inspector } = this.destination(shard);
    const outcome = await operator.followNobody();
    if (outcome.kind === 'refused') throw new Error(outcome.detail);
    const until = clock.monotonicMs() + PROMOTION_WATCH_MS;
    while (!isPromoted(await inspector.replication(), frozen)) {
      if (clock.monotonicMs() > until) throw new Error('the destination still follows.');
      await clock.sleep(1);
    }
    this.sawPromoted(shard);
    const from = this.pausedAt.get(shard.index);
    if (from !== undefined) {
      const pauseMs = Math.round((clock.monotonicMs() - from) * 10) / 10;
      this.#pauses.set(shard.index, pauseMs);
      metrics.cutoverPauseSeconds(pauseMs / 1000);
    }
    // Its failure costs nothing: the pause ends by itself.
    await this.source(shard).operator.unpause();
  }

  /** Journals those that were seen promoted, so that nobody takes them for anything else while others are waited for. */
  recordPromoted(): void {
    const known = this.journal.state.shards.filter((one) => one.promoted).map((one) => one.index);
    const rows: Event[] = [...this.#seenPromoted]
      .filter((shard) => !known.includes(shard))
      .map((shard) => {
        const pauseMs = this.#pauses.get(shard) ?? null;
        const stood = pauseMs === null ? '' : ` Writes stood still for ${pauseMs} ms.`;
        return { kind: 'promoted', shard, pauseMs, detail: `the new server is the master.${stood}` };
      });
    this.journal.append(rows);
  }

  /** All are seen promoted: into the journal. */
  conclude(): void {
    this.recordPromoted();
    this.journal.append([
      { kind: 'cutover_step', step: 'unpause', frozen: [], reason: '' },
      {
        kind: 'phase_entered',
        phase: 'switched',
        reason: 'The new servers take the writes; the old ones refuse them. Point the application at the new ones.',
      },
    ]);
  }

  /** A destination was seen as a master by the proof. */
  sawPromoted(shard: ShardPlan): void {
    this.#seenPromoted.add(shard.index);
  }

  close(): void {
    this.hands.close();
  }
}

/** What is said of a shard whose promotion was sent and is not seen: there is only forward. */
export function unseen(shard: ShardPlan, error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return `${named(shard)}: ${text} The promotion was sent, so the fence stays until it is seen.`;
}

export function frozenOf(frozen: readonly Frozen[], shard: ShardPlan): Frozen {
  const found = frozen.find((one) => one.shard === shard.index);
  if (!found) throw new Error(`The journal has no frozen point for ${shardText(shard.index)}.`);
  return found;
}

export function named(shard: ShardPlan): string {
  return capital(shardText(shard.index));
}
