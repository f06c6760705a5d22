/** Which strategy stops the writes of which server, and makes it. */

import { UNPROVEN } from '../../domain/consent.ts';
import { can, type Server, serverName } from '../../domain/dialect.ts';
import { addressOf } from '../../domain/endpoint.ts';
import type { StopKind } from '../../domain/event.ts';
import type { Move } from '../../domain/move.ts';
import { assertNever } from '../../domain/phase.ts';
import type { MigrationState } from '../../domain/state.ts';
import type { Inspector } from '../../redis/inspector.ts';
import type { StopGround, WriteStop } from './stop.ts';
import { createAclStop } from './stop-acl.ts';
import { createLockStop } from './stop-lock.ts';
import { createMonitorStop } from './stop-monitor.ts';
import { createPauseStop } from './stop-pause.ts';

/** `why`: a sentence. */
export type ChosenStop = { readonly ok: true; readonly kind: StopKind } | { readonly ok: false; readonly why: string };

/**
 * How the writes of this server can be stopped. Below 6.0 it depends on whether the server asks for a password now.
 * Rejects with RedisError.
 */
export async function chooseStop(
  server: Server,
  inspector: Inspector,
  state: MigrationState,
  move: Move,
): Promise<ChosenStop> {
  if (can(server, 'pause_writes')) return { ok: true, kind: 'pause' };
  if (can(server, 'acl')) return { ok: true, kind: 'acl' };
  if ((await inspector.setting('requirepass')) === '') return { ok: true, kind: 'open' };
  if (can(server, 'pause_all')) return { ok: true, kind: 'monitor' };
  if (can(server, 'offsets')) return { ok: true, kind: 'min' };
  if (hasConsent(state, move)) return { ok: true, kind: 'kill' };
  const why = `${addressOf(move.from)} runs ${serverName(server)} and asks for a password, so that its writes cannot be stopped with proof, and nobody has agreed to that: abort and check again.`;
  return { ok: false, why };
}

/** The switch was approved with this finding, by name: see domain/preflight/versions.ts. */
function hasConsent({ preflight }: MigrationState, { index, way }: Move): boolean {
  return way === 'over' && (preflight?.findings ?? []).some((one) => one.code === UNPROVEN && one.shard === index);
}

export function createStop(kind: StopKind, ground: StopGround, move: Move): WriteStop {
  switch (kind) {
    case 'pause':
      return createPauseStop(ground, move);
    case 'acl':
      return createAclStop(ground, move);
    case 'open':
    case 'min':
    case 'kill':
      return createLockStop(kind, ground, move);
    case 'monitor':
      return createMonitorStop(ground, move);
    default:
      return assertNever(kind);
  }
}
