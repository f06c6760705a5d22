/**
 * Below 6.0, by a password of ours (lock.ts) and a marker that is written last.
 * - open: a source without a password refuses everybody in the moment in which it has one; nobody needs to be cut off.
 * - min (2.8): with a password of its own, those who have logged in would go on. Writes are refused first, so that what
 *   waits in a transaction or a script is over; then everybody is cut off.
 * - kill (2.4, 2.6): nothing refuses writes there. An item that was popped when its client is cut off may be lost: not
 *   proven, and only with consent.
 */

import { can } from '../../domain/dialect.ts';
import type { Frozen } from '../../domain/event.ts';
import type { Move } from '../../domain/move.ts';
import { CUT_OTHERS, cutOthers } from './cut-others.ts';
import { Lock, NO_WRITES_MIN } from './lock.ts';
import { okAll } from './packet.ts';
import type { StopGround, WriteStop } from './stop.ts';

/** For so long writes are refused before everybody is cut off. */
const QUIET_MS = 40;

export function createLockStop(kind: 'open' | 'min' | 'kill', ground: StopGround, move: Move): WriteStop {
  const lock = new Lock(ground, move, kind);
  let frozen: Frozen | null = null;

  async function refuseWrites(): Promise<void> {
    await okAll(lock.wire, [['CONFIG', 'SET', 'min-slaves-to-write', NO_WRITES_MIN]], move);
    await ground.deps.clock.sleep(QUIET_MS);
  }

  return {
    prepare: () => lock.prepare(),
    async stop() {
      const { wire, password } = lock;
      const locking = [['CONFIG', 'SET', 'requirepass', password]];
      if (kind === 'open') {
        const answers = await okAll(wire, [...locking, ['AUTH', password], lock.setMarker, ['INFO']], move);
        frozen = lock.frozen(answers.at(-1));
        return;
      }
      const server = await lock.look(wire);
      if (kind === 'min') await refuseWrites();
      const allowing = kind === 'min' ? [['CONFIG', 'SET', 'min-slaves-to-write', lock.oldMin]] : [];
      if (can(server, 'kill_types')) {
        const answers = await okAll(wire, [...locking, ...CUT_OTHERS, ...allowing, lock.setMarker, ['INFO']], move);
        frozen = lock.frozen(answers.at(-1));
        return;
      }
      await okAll(wire, locking, move);
      await cutOthers(wire, server, move);
      const answers = await okAll(wire, [...allowing, lock.setMarker, ['INFO']], move);
      frozen = lock.frozen(answers.at(-1));
    },
    async freeze() {
      if (frozen === null) throw new Error('Writes were not stopped.');
      return frozen;
    },
    fence: () => lock.putUpFence(lock.wire),
    fenceProblem: () => lock.fenceProblem(),
    settled: () => lock.settled(),
    undo: () => lock.undo(),
  };
}
