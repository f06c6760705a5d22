/**
 * The proof (redis.md, "Cut-over sequences, attacked"). For all shards of a group together: stop writes → the point after
 * which nothing was acknowledged → the other server has applied it → fence → the point has not moved → promote → seen
 * promoted → parked writers go on. Until the promotion is journalled any trouble lets everything go; from then on there
 * is only forward. Each step is journalled before it is sent. What is left by a crash or an unknown outcome is for
 * settle.ts.
 */
import type { Frozen, StopKind, Way } from '../../domain/event.ts';
import { type Move, named, sideName } from '../../domain/move.ts';
import type { ServerFacts, ServerLook } from '../../domain/observation.ts';
import { refusedSince } from '../../domain/verdict-streaming.ts';
import { wayBackRefusal } from '../../domain/way-back.ts';
import { listText, plural, shardText } from '../../domain/words.ts';
import { RedisError } from '../../redis/errors.ts';
import { BRIEF, type LookOptions } from '../../redis/inspector.ts';
import type { Journal } from '../journal.ts';
import { prepareLinkBack } from '../replicate.ts';
import { missingOn } from './copy.ts';
import { followBackAll, type PairFacts } from './follow-back.ts';
import { type CutoverDeps, CutoverGround, frozenOf, unseen } from './ground.ts';
import { inStepNow } from './proof.ts';
import { letGo } from './settle.ts';
import { LetGo } from './stop.ts';
import { chooseStop } from './stops.ts';

const UNTOUCHED = 'The writes were not even paused.';

/** `waitsFor`: null when the cut-over is over, one way or the other. `why`: the reason for letting go, to be kept. */
export interface CutoverAnswer {
  readonly waitsFor: string | null;
  readonly why: string | null;
}

export const OVER: CutoverAnswer = { waitsFor: null, why: null };

/** Runs from the beginning. Ends in the phase behind, in the one before (let go), or leaves `settle` to go on. */
export async function cutOver(
  journal: Journal,
  deps: CutoverDeps,
  way: Way,
  shards: readonly number[],
): Promise<CutoverAnswer> {
  const ground = new CutoverGround(journal, deps, way, shards);
  const run = new CutoverRun(ground);
  const { entry } = journal.state;
  try {
    return { waitsFor: await run.begin(), why: null };
  } catch (error) {
    if (!(error instanceof LetGo)) throw error;
    // Nothing was begun, and it is in another phase by now: there is nothing to be let go.
    if (journal.state.cutover === null && journal.state.entry !== entry) return OVER;
    const why = error.message;
    const { step, frozen } = journal.state.cutover ?? {};
    // By the journal there was only forward, and no promotion was sent: whoever takes it up has to know.
    if (step === 'promote') ground.step('fence', frozen ?? []);
    return { waitsFor: await letGo(ground, why, step === 'fence' || step === 'promote'), why };
  } finally {
    ground.close();
  }
}

class CutoverRun {
  readonly #ground: CutoverGround;
  /** When the writes were stopped, by both clocks: a machine that slept does not count that in the monotonic one. */
  #stoppedAt: { readonly monotonicMs: number; readonly wallMs: number } | null = null;

  constructor(ground: CutoverGround) {
    this.#ground = ground;
  }

  /** Null when all are promoted, or what a promotion that was sent waits for. Rejects with LetGo before that. */
  async begin(): Promise<string | null> {
    const ground = this.#ground;
    const { clock } = ground.deps;
    const { entry } = ground.journal.state;
    const attempt = ground.journal.state.cutoverAttempts + 1;
    const stops = (await ground.each((move) => this.#checkSame(move))).map(({ kind }) => kind);
    const group = ground.moves.map((move) => move.index);
    // Behind a canary, somebody may have rolled back or changed a server since: then this is not wanted any more.
    if (ground.journal.state.entry !== entry) return null;
    ground.journal.append([{ kind: 'cutover_started', attempt, way: ground.way, shards: group, stops }]);
    ground.stopBy(stops);
    ground.at('after:started');
    const before = await ground.each((move) => this.#prepare(move));
    ground.at('after:prepared');

    ground.step('pause', []);
    this.#stoppedAt = { monotonicMs: clock.monotonicMs(), wallMs: clock.now() };
    await this.#eachInTime('the writes were paused', async (move) => {
      ground.pausedAt.set(move.index, clock.monotonicMs());
      await ground.stop(move).stop();
    });
    ground.at('after:pause');
    const frozen = await this.#eachInTime('the offsets were read', (move) => ground.stop(move).freeze());
    ground.at('after:frozen');
    await this.#eachInTime('everything had arrived', (move) => this.#untilApplied(move, frozenOf(frozen, move)));
    ground.at('after:applied');

    ground.step('fence', frozen);
    await this.#eachInTime('the fences were up', (move) => ground.stop(move).fence());
    ground.at('after:fence');
    await this.#eachInTime('the fences were seen', async (move) => {
      await Promise.all([this.#checkFence(move, frozenOf(frozen, move)), this.#checkRefused(move)]);
    });
    this.#inTime('everything was proven');
    ground.at('after:proven');

    ground.step('promote', frozen);
    ground.at('after:intent');
    // By the journal there is only forward now; but nothing was sent yet, and the row took its time: one more look.
    await ground.each((move) => this.#checkFence(move, frozenOf(frozen, move)));
    this.#inTime('the promotions were sent');
    const waits = await ground.each((move) =>
      ground.promote(move, frozenOf(frozen, move)).catch((error: unknown) => unseen(move, error)),
    );
    ground.at('after:promote');
    const wait = waits.find((one) => one !== null) ?? null;
    if (wait !== null) {
      ground.recordPromoted();
      return wait;
    }
    ground.conclude();
    ground.at('after:concluded');
    if (ground.way === 'over') await followBackAll(ground, before);
    return null;
  }

  /** The server is the process that people approved to move away from; and how its writes can be stopped. */
  async #checkSame(move: Move): Promise<{ readonly facts: ServerFacts; readonly kind: StopKind }> {
    const { before } = this.#ground.journal.state.shards[move.index] ?? {};
    const known = (move.way === 'over' ? before?.sourceRunId : before?.destinationRunId) ?? null;
    const { facts } = await this.#look(move, 'from');
    if (known !== null && facts.runId !== known)
      throw new LetGo(`${named(move)}: ${sideName(move.fromSide)} was restarted just now. ${UNTOUCHED}`);
    const { journal } = this.#ground;
    const chosen = await orLetGo(move, UNTOUCHED, () =>
      chooseStop(facts, this.#ground.from(move).inspector, journal.state, move),
    );
    if (!chosen.ok) throw new LetGo(`${named(move)}: ${chosen.why} ${UNTOUCHED}`);
    return { facts, kind: chosen.kind };
  }

  /** Connections open, pings held back, in step: nothing of that may cost time once writes stand still. */
  async #prepare(move: Move): Promise<PairFacts> {
    const ground = this.#ground;
    const problem = await orLetGo(move, UNTOUCHED, async () => {
      await ground.to(move).operator.warm();
      const refused = await ground.stop(move).prepare();
      if (refused !== null) return `${named(move)}: ${refused}`;
      await this.#prepareWayBack(move);
      const from = await this.#look(move, 'from', { clients: 'replicas', commandStats: false });
      const to = await ground.to(move).inspector.process();
      return inStepNow(move, from.facts, to, from.replicaBufferBytes, ground.deps.policy.maxLagBytes);
    });
    const { facts: from } = await this.#checkSame(move);
    const to = await this.#checkRefused(move);
    if (problem !== null) throw new LetGo(`${problem} ${UNTOUCHED}`);
    return { from, to };
  }

  /** What the old server needs to follow the new one. Without it there is no way back, which stops nothing. */
  async #prepareWayBack(move: Move): Promise<void> {
    const { journal, hands, deps } = this.#ground;
    const plan = journal.state.plan.shards[move.index];
    if (move.way === 'back' || !plan || wayBackRefusal(journal.state, move.index) !== null) return;
    const problem = await prepareLinkBack(plan, { journal, hands, deps, still: () => true });
    if (problem !== null) journal.append([{ kind: 'way_back', shard: move.index, open: false, text: problem }]);
  }

  async #untilApplied(move: Move, frozen: Frozen): Promise<void> {
    const { inspector } = this.#ground.to(move);
    for (;;) {
      const missing = await orLetGo(move, '', () => missingOn(inspector, move, frozen, true));
      if (missing === null) break;
      this.#inTime(`everything had arrived. ${missing.replace(/\.$/, '')}`);
      await this.#ground.deps.clock.sleep(1);
    }
    await this.#ground.stop(move).level?.();
  }

  /** The look that is not optional: the fence stands, and nothing was written between the frozen point and it. */
  async #checkFence(move: Move, frozen: Frozen): Promise<void> {
    const problem = await orLetGo(move, '', () => this.#ground.stop(move).fenceProblem(frozen));
    if (problem !== null) throw new LetGo(`${named(move)}: ${problem}`);
  }

  /** Offsets count what arrived, not what was carried out: a command that was refused is missing in the copy. */
  async #checkRefused(move: Move): Promise<ServerFacts> {
    const record = this.#ground.journal.state.shards[move.index];
    const look = await this.#look(move, 'to');
    if (look.facts.diskFails) {
      throw new LetGo(
        `${named(move)}: ${sideName(move.toSide)} could not write to its disk, and would refuse writes as a master (MISCONF). Mend its disk, or CONFIG SET stop-writes-on-bgsave-error no.`,
      );
    }
    const refused =
      move.way === 'back'
        ? (look.facts.refusedCommands ?? 0) - (record?.followBack?.refusedCommands ?? 0)
        : // Keys that were written on both sides of an overlap were told, and agreed to.
          record && !move.overlap
          ? refusedSince(record, look)
          : 0;
    if (refused > 0)
      throw new LetGo(
        `${named(move)}: ${sideName(move.toSide)} could not carry out ${plural(refused, 'command')} of its master.`,
      );
    return look.facts;
  }

  async #look(
    move: Move,
    end: 'from' | 'to',
    options: LookOptions = BRIEF,
  ): Promise<ServerLook & { readonly ok: true }> {
    const look = await this.#ground[end](move).inspector.look(options);
    if (!look.ok) throw new LetGo(`${named(move)}: ${look.problem.text} ${this.#stoppedAt ? '' : UNTOUCHED}`.trim());
    return look;
  }

  /** A clock that was set back or a machine that slept counts as late: the pause may have ended meanwhile. */
  #elapsedMs(): number {
    if (this.#stoppedAt === null) return 0;
    const { clock } = this.#ground.deps;
    const wall = Math.abs(clock.now() - this.#stoppedAt.wallMs);
    return Math.max(clock.monotonicMs() - this.#stoppedAt.monotonicMs, wall);
  }

  #inTime(until: string): void {
    const { maxPauseMs } = this.#ground.deps.policy;
    // A timer may fire a moment early: that still counts as the deadline.
    if (this.#elapsedMs() < maxPauseMs - 1) return;
    throw new LetGo(`${maxPauseMs} ms were over before ${until}.`);
  }

  /** All shards at once, but lets go at the deadline even while a server still owes an answer. */
  async #eachInTime<T>(until: string, work: (move: Move) => Promise<T>): Promise<T[]> {
    const { clock, policy } = this.#ground.deps;
    const over = new AbortController();
    const waiting = new Set(this.#ground.moves);
    const late = clock.sleep(Math.max(0, policy.maxPauseMs - this.#elapsedMs()), over.signal).then(() => {
      const names = listText([...waiting].map(({ index }) => shardText(index)));
      if (!over.signal.aborted) this.#inTime(names === '' ? until : `${until} (waited for ${names})`);
      return null;
    });
    try {
      const all = this.#ground.each(async (move) => {
        const done = await orLetGo(move, '', () => work(move));
        waiting.delete(move);
        return done;
      });
      return (await Promise.race([all, late])) ?? (await all);
    } finally {
      over.abort();
    }
  }
}

/** A server that does not answer before the point of no return lets everything go. */
async function orLetGo<T>(move: Move, end: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RedisError) throw new LetGo(`${named(move)}: ${error.message} ${end}`.trim());
    throw error;
  }
}
