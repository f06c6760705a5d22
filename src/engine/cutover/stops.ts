/** Which strategy stops the writes of which server, and makes it. */
import { can, type Server } from '../../domain/dialect.ts';
import type { StopKind } from '../../domain/event.ts';
import type { Move } from '../../domain/move.ts';
import { assertNever } from '../../domain/phase.ts';
import type { StopGround, WriteStop } from './stop.ts';
import { createPauseStop } from './stop-pause.ts';

/** How the writes of this server can be stopped; null when they cannot. */
export function stopKindOf(server: Server): StopKind | null {
  return can(server, 'pause_writes') ? 'pause' : null;
}

export function createStop(kind: StopKind, ground: StopGround, move: Move): WriteStop {
  switch (kind) {
    case 'pause':
      return createPauseStop(ground, move);
    default:
      return assertNever(kind);
  }
}
