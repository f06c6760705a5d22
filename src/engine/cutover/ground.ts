/**
 * What every part of a cut-over stands on: the servers' hands, the fence's address, all shards at once, and the last
 * step of one shard. Owns the connections until `close`.
 */
import { hasGone } from '../../domain/canary.ts';
import type { CutoverStep, Event, Frozen, Side, StopKind, Way } from '../../domain/event.ts';
import type { Policy } from '../../domain/gate.ts';
import { type Move, moveOf, named, sideName } from '../../domain/move.ts';
import { fenceAddress } from '../../domain/plan.ts';
import type { Log, Metrics } from '../../log.ts';
import type { Inspector } from '../../redis/inspector.ts';
import type { Operator } from '../../redis/operator.ts';
import { openWire, type Wire } from '../../redis/wire.ts';
import { createHands, type Hands, type HandsDeps } from '../hands.ts';
import type { Journal } from '../journal.ts';
import { seenPromoted } from './copy.ts';
import type { CrashPoint } from './crash-points.ts';
import { endOf } from './end.ts';
import type { StopGround, WriteStop } from './stop.ts';
import { createStop } from './stops.ts';

export interface CutoverDeps extends HandsDeps {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly policy: Policy;
  /** Called at each named place; for tests that end the process there. */
  readonly at?: (place: CrashPoint) => void;
}

/**
 * In a cut-over, a server that takes longer does not answer: others' writers wait for it. Longer than MAX_PAUSE_MS is by
 * default, so that a cut-over that is late says so, whoever it was that made it late.
 */
const TIMEOUT_MS = 2_500;
/** How long a promotion that was sent is watched closely before the next tick looks again. */
const PROMOTION_WATCH_MS = 3_000;

interface Hand {
  readonly operator: Operator;
  readonly inspector: Inspector;
}

export class CutoverGround implements StopGround {
  readonly journal: Journal;
  readonly deps: CutoverDeps;
  readonly hands: Hands;
  readonly way: Way;
  readonly moves: readonly Move[];
  readonly fence: { readonly host: string; readonly port: number };
  /** Monotonic milliseconds at which each shard's writes were stopped, by us. */
  readonly pausedAt = new Map<number, number>();
  readonly #stops = new Map<number, WriteStop>();
  readonly #wires = new Set<Wire>();
  /** Milliseconds for which each shard's writes stood still. */
  readonly #pauses = new Map<number, number>();
  readonly #seenPromoted = new Set<number>();

  constructor(journal: Journal, deps: CutoverDeps, way: Way, shards: readonly number[]) {
    this.journal = journal;
    this.deps = deps;
    this.way = way;
    this.hands = createHands(journal.state.plan, deps, TIMEOUT_MS);
    const { plan } = journal.state;
    const overlap = plan.cutover === 'overlap';
    this.moves = plan.shards.filter(({ index }) => shards.includes(index)).map((one) => moveOf(one, way, overlap));
    this.fence = fenceAddress(journal.state.plan.id);
  }

  /** The server that writes leave. */
  from(move: Move): Hand {
    return this.#hand(move, move.fromSide);
  }

  /** The server that writes go to. */
  to(move: Move): Hand {
    return this.#hand(move, move.toSide);
  }

  #hand({ index }: Move, side: Side): Hand {
    return { operator: this.hands.operator(index, side), inspector: this.hands.inspector(index, side) };
  }

  /** Chooses how the writes of each shard are stopped, in the order of `moves`. */
  stopBy(kinds: readonly StopKind[]): void {
    for (const [place, move] of this.moves.entries()) {
      const kind = kinds[place];
      if (kind !== undefined) this.#stops.set(move.index, createStop(kind, this, move));
    }
  }

  stop(move: Move): WriteStop {
    const found = this.#stops.get(move.index);
    if (!found) throw new Error(`Nobody has chosen how the writes of shard ${move.index} are stopped.`);
    return found;
  }

  /** All shards at once; waits for every one of them, then fails with the first failure, so that nothing runs on. */
  async each<T>(work: (move: Move) => Promise<T>): Promise<T[]> {
    const results = await Promise.allSettled(this.moves.map(work));
    const failed = results.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
    return results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  }

  at(place: CrashPoint): void {
    this.deps.at?.(place);
  }

  /** Journals a step before its commands are sent. */
  step(step: CutoverStep, frozen: readonly Frozen[]): void {
    this.journal.append([{ kind: 'cutover_step', step, frozen, reason: '' }]);
  }

  /**
   * One shard's way over the point of no return. Nothing can be lost any more once the promotion is seen, and parked
   * writers wait for the end of it: they are let go at once, before the other shards and before the journal.
   * An answer that stays away rejects; the promotion was sent, so from then on there is only forward.
   * Null, or what the shard still waits for.
   */
  async promote(move: Move, frozen: Frozen): Promise<string | null> {
    const { clock, metrics } = this.deps;
    const { operator, inspector } = this.to(move);
    const outcome = await operator.followNobody();
    this.at('after:promote-1-of-n');
    if (outcome.kind === 'refused') throw new Error(outcome.detail);
    const until = clock.monotonicMs() + PROMOTION_WATCH_MS;
    while (!(await seenPromoted(inspector, frozen))) {
      if (clock.monotonicMs() > until) throw new Error(`${sideName(move.toSide)} still follows.`);
      await clock.sleep(1);
    }
    this.sawPromoted(move);
    const from = this.pausedAt.get(move.index);
    if (from !== undefined) {
      const pauseMs = Math.round((clock.monotonicMs() - from) * 10) / 10;
      this.#pauses.set(move.index, pauseMs);
      metrics.cutoverPauseSeconds(pauseMs / 1000);
    }
    this.at('before:unpause');
    return this.stop(move).settled();
  }

  /** Journals those that were seen promoted, so that nobody takes them for anything else while others are waited for. */
  recordPromoted(): void {
    const { state } = this.journal;
    const rows: Event[] = this.moves
      .filter(({ index, way }) => {
        const isLeft = state.cutover?.givenUp.includes(index) === true;
        return this.#seenPromoted.has(index) && !isLeft && !hasGone(state, way, index);
      })
      .map((move) => {
        const pauseMs = this.#pauses.get(move.index) ?? null;
        const stood = pauseMs === null ? '' : ` Writes stood still for ${pauseMs} ms.`;
        const detail = `${sideName(move.toSide)} is the master.${stood}`;
        return { kind: 'promoted', shard: move.index, pauseMs, detail };
      });
    this.journal.append(rows);
  }

  /** All of them are seen promoted: into the journal. */
  conclude(): void {
    this.recordPromoted();
    this.journal.append([
      { kind: 'cutover_step', step: 'unpause', frozen: [], reason: '' },
      ...endOf(this.journal.state),
    ]);
  }

  /** The server that writes go to was seen as a master by the proof. */
  sawPromoted(move: Move): void {
    this.#seenPromoted.add(move.index);
  }

  /** A connection of its own to one of the two servers; closed with the ground. Rejects with RedisError. */
  async wire(move: Move, end: 'from' | 'to'): Promise<Wire> {
    const wire = await openWire(move[end], this.deps, TIMEOUT_MS);
    this.#wires.add(wire);
    return wire;
  }

  close(): void {
    for (const wire of this.#wires) wire.close();
    this.hands.close();
  }
}

/** What is said of a shard whose promotion was sent and is not seen: there is only forward. */
export function unseen(move: Move, error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return `${named(move)}: ${text} The promotion was sent, so the fence stays until it is seen.`;
}

export function frozenOf(frozen: readonly Frozen[], move: Move): Frozen {
  const found = frozen.find((one) => one.shard === move.index);
  if (!found) throw new Error(`The journal has no frozen point for shard ${move.index}.`);
  return found;
}
