/**
 * The looks at the server that writes go to, by what its shard's frozen point says: offsets where they tell, else a
 * marker; a history where it has a name, else the process.
 */
import { addressOf } from '../../domain/endpoint.ts';
import type { Frozen } from '../../domain/event.ts';
import { type Move, named } from '../../domain/move.ts';
import { bytesText } from '../../domain/words.ts';
import type { Inspector, ReplicationSight } from '../../redis/inspector.ts';
import { hasApplied, isPromoted, linkProblem } from './proof.ts';

/** Role and links, by the short look where the version has it. Rejects with RedisError. */
export function sightOf(inspector: Inspector, frozen: Frozen): Promise<ReplicationSight> {
  return frozen.by === undefined ? inspector.replication() : inspector.process();
}

/**
 * Null when everything up to the frozen point has been applied, of the same history; else what is missing, as the end of
 * a sentence. `overLink`: whether its link has to be up still. Rejects with RedisError.
 */
export async function missingOn(
  inspector: Inspector,
  move: Move,
  frozen: Frozen,
  overLink: boolean,
): Promise<string | null> {
  const seen = await sightOf(inspector, frozen);
  const broken = overLink ? linkProblem(move, seen) : null;
  if (broken !== null) return broken;
  if (frozen.marker !== undefined)
    return (await inspector.value(frozen.marker)) === null
      ? `${named(move)}: ${addressOf(move.to)} has not got the marker yet.`
      : null;
  if (hasApplied(seen, frozen)) return null;
  const left = BigInt(frozen.offset) - (seen.replication.replicaOffset ?? 0n);
  const missing = left > 0n ? ` (${bytesText(Number(left))} missing)` : '';
  return `${named(move)}: ${addressOf(move.to)} is not there yet${missing}.`;
}

/** Whether it is a master by this very promotion. Rejects with RedisError. */
export async function seenPromoted(inspector: Inspector, frozen: Frozen): Promise<boolean> {
  if (frozen.runId === undefined) return isPromoted(await sightOf(inspector, frozen), frozen);
  const { role, runId } = await inspector.process();
  return role === 'master' && runId === frozen.runId;
}
