/**
 * The cut-over, `fenced`, for sources from Redis 6.2 on (redis.md, "Cut-over sequences, attacked"). For all shards
 * together: pause writes → offset F → destination has applied F → fence → F has not moved → promote → seen promoted →
 * unpause. Until the promotion is journalled any trouble lets everything go; from then on there is only forward.
 *
 * Each step is journalled before it is sent. What is left by a crash or an unknown outcome is for settle.ts.
 */
import type { Frozen } from '../domain/event.ts';
import type { ShardPlan } from '../domain/plan.ts';
import { refusedSince } from '../domain/verdict-streaming.ts';
import { bytesText, plural } from '../domain/words.ts';
import { RedisError } from '../redis/errors.ts';
import { BRIEF, type ReplicationSight } from '../redis/inspector.ts';
import { type CutoverDeps, CutoverGround, frozenOf, named, PAUSE_MARGIN_MS, unseen } from './cutover-ground.ts';
import type { Journal } from './journal.ts';
import { changeSetting } from './ledger.ts';
import { inStepNow, isFenced, proven } from './proof.ts';
import { letGo } from './settle.ts';

/** Why the cut-over stops here and everything is let go. The message is a sentence. */
class LetGo extends Error {}

/** The replica's own time-out (60 s by default) bounds how long pings may be held back; a cut-over takes seconds. */
const PING_PERIOD = { name: 'repl-ping-slave-period', value: '3600' };
/** Its name in every version from 2.6 on. */
const READ_ONLY = 'slave-read-only';
const UNTOUCHED = 'The writes were not even paused.';

/** `waitsFor`: null when the cut-over is over, one way or the other. `why`: the reason for letting go, to be kept. */
export interface CutoverAnswer {
  readonly waitsFor: string | null;
  readonly why: string | null;
}

/** Runs from the beginning. Ends in switched, in streaming (let go), or leaves `settle` to go on from the journal. */
export async function cutOver(journal: Journal, deps: CutoverDeps): Promise<CutoverAnswer> {
  const ground = new CutoverGround(journal, deps);
  const run = new CutoverRun(ground);
  try {
    return { waitsFor: await run.begin(), why: null };
  } catch (error) {
    if (!(error instanceof LetGo)) throw error;
    const why = error.message;
    const { step } = journal.state.cutover ?? {};
    return { waitsFor: await letGo(ground, why, step === 'fence' || step === 'promote'), why };
  } finally {
    ground.close();
  }
}

class CutoverRun {
  readonly #ground: CutoverGround;
  #deadline = Number.POSITIVE_INFINITY;

  constructor(ground: CutoverGround) {
    this.#ground = ground;
  }

  /** Null when all are promoted, or what a promotion that was sent waits for. Rejects with LetGo before that. */
  async begin(): Promise<string | null> {
    const ground = this.#ground;
    const { clock, policy } = ground.deps;
    ground.journal.append([{ kind: 'cutover_started', attempt: ground.journal.state.cutoverAttempts + 1 }]);
    await ground.each((shard) => this.#prepare(shard));

    ground.step('pause', []);
    this.#deadline = clock.monotonicMs() + policy.maxPauseMs;
    await this.#eachInTime('the writes were paused', async (shard) => {
      ground.pausedAt.set(shard.index, clock.monotonicMs());
      const outcome = await ground.source(shard).operator.pauseWrites(policy.maxPauseMs + PAUSE_MARGIN_MS);
      if (outcome.kind !== 'ok') throw new LetGo(`${named(shard)}: the writes could not be paused. ${outcome.detail}`);
    });
    const frozen = await this.#eachInTime('the offsets were read', (shard) => this.#freeze(shard));
    await this.#eachInTime('every destination had caught up', (shard) =>
      this.#untilApplied(shard, frozenOf(frozen, shard)),
    );

    ground.step('fence', frozen);
    await this.#eachInTime('the fences were up', async (shard) => {
      const outcome = await ground.source(shard).operator.follow(ground.fence.host, ground.fence.port);
      if (outcome.kind !== 'ok') throw new LetGo(`${named(shard)}: the fence could not be put up. ${outcome.detail}`);
    });
    await this.#eachInTime('the fences were seen', async (shard) => {
      await Promise.all([this.#checkFence(shard, frozenOf(frozen, shard)), this.#checkRefused(shard)]);
    });
    this.#inTime('everything was proven');

    ground.step('promote', frozen);
    // By the journal there is only forward now; but nothing was sent yet, and the row took its time: one more look.
    await ground.each((shard) => this.#checkFence(shard, frozenOf(frozen, shard)));
    const waits = await ground.each((shard) =>
      ground.promote(shard, frozenOf(frozen, shard)).then(
        () => null,
        (error: unknown) => unseen(shard, error),
      ),
    );
    const wait = waits.find((one) => one !== null) ?? null;
    if (wait === null) ground.conclude();
    else ground.recordPromoted();
    return wait;
  }

  /** Connections open, pings held back, in step: nothing of that may cost time once writes stand still. */
  async #prepare(shard: ShardPlan): Promise<void> {
    const ground = this.#ground;
    const { journal, hands, deps } = ground;
    const why = 'so that the offset stands still during the cut-over';
    const change = { shard: shard.index, side: 'source' as const, ...PING_PERIOD, why, until: 'cutover' as const };
    const problem = await orLetGo(shard, UNTOUCHED, async () => {
      await Promise.all([ground.source(shard).operator.warm(), ground.destination(shard).operator.warm()]);
      const refused = await changeSetting(change, journal, hands, deps, () => true);
      if (refused !== null) return `${named(shard)}: ${refused}`;
      if ((await ground.source(shard).inspector.setting(READ_ONLY)) === 'no') {
        return `${named(shard)}: the source has replica-read-only no, so a fence would not keep writes out. CONFIG SET replica-read-only yes on it.`;
      }
      const source = await ground.source(shard).inspector.replication();
      const destination = await ground.destination(shard).inspector.replication();
      return inStepNow(shard, source, destination, deps.policy.maxLagBytes);
    });
    await this.#checkSame(shard);
    await this.#checkRefused(shard);
    if (problem !== null) throw new LetGo(`${problem} ${UNTOUCHED}`);
  }

  /** F: the source's offset after its writes were paused. */
  async #freeze(shard: ShardPlan): Promise<Frozen> {
    const { role, replication } = await this.#see(shard, 'source');
    const { masterOffset, replid } = replication;
    if (role !== 'master' || masterOffset === null || replid === null) {
      throw new LetGo(`${named(shard)}: the source is not a master any more.`);
    }
    return { shard: shard.index, replid, offset: String(masterOffset) };
  }

  async #untilApplied(shard: ShardPlan, frozen: Frozen): Promise<void> {
    for (;;) {
      const seen = await this.#see(shard, 'destination');
      if (proven(shard, seen, frozen) === null) return;
      const left = BigInt(frozen.offset) - (seen.replication.replicaOffset ?? 0n);
      this.#inTime(`${named(shard)} had caught up${left > 0n ? ` (${bytesText(Number(left))} missing)` : ''}`);
      await this.#ground.deps.clock.sleep(1);
    }
  }

  /** The look that is not optional: the fence stands, and nothing was written between F and it. */
  async #checkFence(shard: ShardPlan, frozen: Frozen): Promise<void> {
    const seen = await this.#see(shard, 'source');
    if (!isFenced(seen, this.#ground.fence)) throw new LetGo(`${named(shard)}: the fence was put up and is not seen.`);
    if (seen.replication.masterOffset !== BigInt(frozen.offset)) {
      throw new LetGo(`${named(shard)}: the source was written to before the fence stood.`);
    }
  }

  /** The source is the process that people approved to move: one that was restarted may hold other data, or none. */
  async #checkSame(shard: ShardPlan): Promise<void> {
    const known = this.#ground.journal.state.shards[shard.index]?.before?.sourceRunId ?? null;
    const look = await this.#ground.source(shard).inspector.look(BRIEF);
    if (!look.ok) throw new LetGo(`${named(shard)}: ${look.problem.text} ${UNTOUCHED}`);
    if (known !== null && look.facts.runId !== known)
      throw new LetGo(`${named(shard)}: the source was restarted just now. ${UNTOUCHED}`);
  }

  /** Offsets count what arrived, not what was carried out: a command that the destination refused is missing in its copy. */
  async #checkRefused(shard: ShardPlan): Promise<void> {
    const record = this.#ground.journal.state.shards[shard.index];
    const look = await this.#ground.destination(shard).inspector.look(BRIEF);
    if (!look.ok) throw new LetGo(`${named(shard)}: ${look.problem.text}`);
    if (look.facts.diskFails) {
      throw new LetGo(
        `${named(shard)}: the destination could not write to its disk, and would refuse writes as a master (MISCONF). Mend its disk, or CONFIG SET stop-writes-on-bgsave-error no.`,
      );
    }
    const refused = record ? refusedSince(record, look) : 0;
    if (refused > 0)
      throw new LetGo(
        `${named(shard)}: the destination could not carry out ${plural(refused, 'command')} of its source.`,
      );
  }

  /** A look before the point of no return: a server that does not answer lets everything go. */
  #see(shard: ShardPlan, side: 'source' | 'destination'): Promise<ReplicationSight> {
    return orLetGo(shard, '', () => this.#ground[side](shard).inspector.replication());
  }

  #inTime(until: string): void {
    // A timer may fire a moment early: that still counts as the deadline.
    if (this.#ground.deps.clock.monotonicMs() < this.#deadline - 1) return;
    throw new LetGo(`${this.#ground.deps.policy.maxPauseMs} ms were over before ${until}.`);
  }

  /** All shards at once, but lets go at the deadline even while a server still owes an answer. */
  async #eachInTime<T>(until: string, work: (shard: ShardPlan) => Promise<T>): Promise<T[]> {
    const { clock } = this.#ground.deps;
    const over = new AbortController();
    const late = clock.sleep(Math.max(0, this.#deadline - clock.monotonicMs()), over.signal).then(() => {
      if (!over.signal.aborted) this.#inTime(until);
      return null;
    });
    try {
      const all = this.#ground.each(work);
      return (await Promise.race([all, late])) ?? (await all);
    } finally {
      over.abort();
    }
  }
}

async function orLetGo<T>(shard: ShardPlan, end: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RedisError) throw new LetGo(`${named(shard)}: ${error.message} ${end}`.trim());
    throw error;
  }
}
