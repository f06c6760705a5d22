/**
 * Redis 3.0 to 5.0 with a password: CLIENT PAUSE parks everybody, our own commands included, but for a MONITOR. So one
 * connection becomes a MONITOR and goes on: the offset, everything applied, then the lock (lock.ts), everybody cut off
 * and the marker, all while the rest is parked. A MONITOR may not change whom its server follows: the fence is put up
 * after the promotion by another connection, and until then the lock alone keeps everybody out.
 */
import { addressOf } from '../../domain/endpoint.ts';
import type { Frozen } from '../../domain/event.ts';
import { type Move, named } from '../../domain/move.ts';
import { factsFrom } from '../../redis/facts.ts';
import { parseInfo } from '../../redis/info.ts';
import { answerText } from '../../redis/resp.ts';
import { changeSetting } from '../ledger.ts';
import { CUT_OTHERS } from './cut-others.ts';
import { Lock } from './lock.ts';
import { okAll } from './packet.ts';
import { isBehindFence } from './proof.ts';
import { LetGo, type StopGround, type WriteStop } from './stop.ts';
import { PING_PERIOD } from './stop-pause.ts';

/** Whoever connects anew is parked until the end of it, wherever the application points by then. */
const PAUSE_MS = 400;
/** The lock has to be there before the pause ends; what it shows tells if it was not. */
const LOCK_WITHIN_MS = 300;

export function createMonitorStop(ground: StopGround, move: Move): WriteStop {
  const lock = new Lock(ground, move, 'monitor');
  const { clock } = ground.deps;
  let frozen: Frozen | null = null;
  let since = 0;

  return {
    async prepare() {
      const why = 'so that the offset stands still during the cut-over';
      const change = { shard: move.index, side: move.fromSide, ...PING_PERIOD, why, until: 'cutover' as const };
      const refused = await changeSetting(change, ground.journal, ground.hands, ground.deps, () => true);
      return refused ?? lock.prepare();
    },
    async stop() {
      since = clock.monotonicMs();
      const answers = await okAll(lock.wire, [['MONITOR'], ['CLIENT', 'PAUSE', String(PAUSE_MS)], ['INFO']], move);
      frozen = lock.frozen(answers.at(-1));
    },
    async freeze() {
      if (frozen === null) throw new Error('Writes were not stopped.');
      return frozen;
    },
    async fence() {
      if (clock.monotonicMs() - since > LOCK_WITHIN_MS)
        throw new LetGo(`${named(move)}: not everything had arrived within ${LOCK_WITHIN_MS} ms.`);
      const locking = [['CONFIG', 'SET', 'requirepass', lock.password], ...CUT_OTHERS, ['INFO'], lock.setMarker];
      const answers = await okAll(lock.wire, locking, move);
      const { masterOffset } = factsFrom(parseInfo(answerText(answers.at(-2))), false).replication;
      if (frozen === null || masterOffset !== BigInt(frozen.offset))
        throw new LetGo(`${named(move)}: ${addressOf(move.from)} was written to before the lock stood.`);
    },
    async fenceProblem() {
      const wire = await lock.anyWire();
      // A MONITOR was there before the lock. A connection that came later has got in by it, so that it stands.
      const seen = await lock.look(wire);
      const name = addressOf(move.from);
      if (seen.role !== 'master' && !isBehindFence(seen, ground.fence)) return `${name} follows another server.`;
      if (!lock.held && !wire.byLock)
        return `${name} is not locked any more: it was restarted, or somebody changed it.`;
      const { inspector } = ground.to(move);
      const until = clock.monotonicMs() + ground.deps.policy.maxPauseMs;
      while ((await inspector.value(lock.marker)) === null) {
        if (clock.monotonicMs() > until) return `${addressOf(move.to)} has not got the marker.`;
        await clock.sleep(1);
      }
      return null;
    },
    settled: () => lock.settled(),
    undo: () => lock.undo(),
  };
}
