/**
 * From Redis 6.2 on, and Valkey: CLIENT PAUSE … WRITE parks the writers and ends by itself; the fence makes the server a
 * replica of this migration's closed port, which refuses writes of every kind, scripts included. Parked writers are told
 * READONLY: what they sent was never acknowledged.
 */
import { addressOf } from '../../domain/endpoint.ts';
import type { Frozen } from '../../domain/event.ts';
import { type Move, named } from '../../domain/move.ts';
import { RedisError } from '../../redis/errors.ts';
import { changeSetting } from '../ledger.ts';
import { isBehindFence, isFenced } from './proof.ts';
import { LetGo, type StopGround, type WriteStop } from './stop.ts';

/** The pause outlives our own deadline by this much, so that it cannot end between the last check and the fence. */
const PAUSE_MARGIN_MS = 1_000;
/** The replica's own time-out (60 s by default) bounds how long pings may be held back; a cut-over takes seconds. */
export const PING_PERIOD = { name: 'repl-ping-slave-period', value: '3600' };
/** Its name in every version from 2.6 on. */
const READ_ONLY = 'slave-read-only';
/** How long a fence whose answer was not awaited may take to arrive. */
const LATE_FENCE_MS = 50;

export function createPauseStop(ground: StopGround, move: Move): WriteStop {
  const { operator, inspector } = ground.from(move);
  const { policy, clock } = ground.deps;
  const pauseMs = policy.maxPauseMs + PAUSE_MARGIN_MS;

  /** Whether the pause of this cut-over has ended by itself, whatever its server answers. */
  function isOver(): boolean {
    const { cutover } = ground.journal.state;
    const since = cutover?.pausedAt == null ? Number.POSITIVE_INFINITY : Math.abs(clock.now() - cutover.pausedAt);
    return since > pauseMs;
  }

  return {
    async prepare() {
      await operator.warm();
      const why = 'so that the offset stands still during the cut-over';
      const change = { shard: move.index, side: move.fromSide, ...PING_PERIOD, why, until: 'cutover' as const };
      const refused = await changeSetting(change, ground.journal, ground.hands, ground.deps, () => true);
      if (refused !== null) return refused;
      if ((await inspector.setting(READ_ONLY)) !== 'no') return null;
      return `${addressOf(move.from)} has replica-read-only no, so a fence would not keep writes out. CONFIG SET replica-read-only yes on it.`;
    },
    async stop() {
      const outcome = await operator.pauseWrites(pauseMs);
      if (outcome.kind !== 'ok') throw new LetGo(`${named(move)}: the writes could not be paused. ${outcome.detail}`);
    },
    async freeze(): Promise<Frozen> {
      const { role, replication } = await inspector.replication();
      const { masterOffset, replid } = replication;
      if (role !== 'master' || masterOffset === null || replid === null)
        throw new LetGo(`${named(move)}: ${addressOf(move.from)} is not a master any more.`);
      return { shard: move.index, replid, offset: String(masterOffset) };
    },
    async fence() {
      const outcome = await operator.follow(ground.fence.host, ground.fence.port);
      if (outcome.kind !== 'ok') throw new LetGo(`${named(move)}: the fence could not be put up. ${outcome.detail}`);
    },
    async fenceProblem(frozen) {
      const seen = await inspector.replication();
      if (!isFenced(seen, ground.fence)) return `${addressOf(move.from)} is not fenced.`;
      return seen.replication.masterOffset === BigInt(frozen.offset)
        ? null
        : `${addressOf(move.from)} was written to before the fence stood.`;
    },
    async settled() {
      // Parked writers go on only behind a fence: whoever has taken it down meanwhile would let them write to both.
      if (!isFenced(await inspector.replication(), ground.fence)) {
        await operator.follow(ground.fence.host, ground.fence.port);
        if (!isFenced(await inspector.replication(), ground.fence))
          return `${named(move)}: ${addressOf(move.from)} is not fenced any more: it was restarted, or somebody changed it. REPLICAOF ${ground.fence.host} ${ground.fence.port} on it.`;
      }
      // Its failure costs nothing: the pause ends by itself.
      await operator.unpause();
      return null;
    },
    async undo(fenceSent) {
      try {
        // A fence may be on its way still: it gets a moment to arrive before what is seen is believed.
        if (fenceSent) await clock.sleep(LATE_FENCE_MS);
        // Only our own fence is taken down. Whoever made it follow somebody else had a reason.
        if (isBehindFence(await inspector.replication(), ground.fence)) {
          await operator.followNobody();
          if (isBehindFence(await inspector.replication(), ground.fence))
            return `${named(move)}: the fence is still up.`;
        }
        // After the fence is gone: whoever is parked goes on as if nothing had happened.
        const outcome = await operator.unpause();
        if (outcome.kind === 'ok' || isOver()) return null;
        return `${named(move)}: ${outcome.detail} The pause ends by itself.`;
      } catch (error) {
        if (!(error instanceof RedisError)) throw error;
        // A process that is gone took the pause and the fence with it.
        if (error.kind === 'refused') return null;
        return `${named(move)}: ${error.message} It has to be let go before anything else.`;
      }
    },
  };
}
