/** The looks that the proof is made of. Pure: what INFO says, held against what was frozen. */

import { can } from '../../domain/dialect.ts';
import { addressOf, followAddress, isAt } from '../../domain/endpoint.ts';
import type { Frozen } from '../../domain/event.ts';
import { type Move, named } from '../../domain/move.ts';
import type { ServerFacts } from '../../domain/observation.ts';
import { bytesText } from '../../domain/words.ts';
import type { ReplicationSight } from '../../redis/inspector.ts';

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Name of the history that a server writes: below 4.0 its run id. */
export function historyOf({ runId, replication }: Pick<ServerFacts, 'runId' | 'replication'>): string | null {
  return replication.replid ?? runId;
}

/**
 * Null when the one follows the other, with the same history and a small lag; else a sentence. `bufferBytes`: what the
 * one has still to send, which is all that tells the lag below 2.8.
 */
export function inStepNow(
  move: Move,
  from: ServerFacts,
  to: ServerFacts,
  bufferBytes: number | null,
  maxLagBytes: number,
): string | null {
  const where = named(move);
  if (from.role !== 'master') return `${where}: ${addressOf(move.from)} is not a master.`;
  const broken = linkProblem(move, to);
  if (broken !== null) return broken;
  if (!can(from, 'offsets')) {
    if (bufferBytes === null) return `${where}: ${addressOf(move.from)} does not list its replicas.`;
    return bufferBytes > maxLagBytes
      ? `${where}: ${addressOf(move.from)} has still ${bytesText(bufferBytes)} to send.`
      : null;
  }
  // Below 4.0 a replica does not repeat the name of the history that it follows.
  if (to.replication.replid !== null && historyOf(from) !== to.replication.replid)
    return `${where}: the two servers have different histories.`;
  const { masterOffset } = from.replication;
  const { replicaOffset } = to.replication;
  if (masterOffset === null || replicaOffset === null) return `${where}: the servers do not tell their offsets.`;
  const lag = Number(masterOffset - replicaOffset);
  return lag > maxLagBytes ? `${where} is ${bytesText(lag)} behind, more than ${bytesText(maxLagBytes)}.` : null;
}

export function linkProblem(move: Move, to: ReplicationSight): string | null {
  const where = named(move);
  const { master, linkUp, readOnly } = to.replication;
  if (to.role !== 'replica' || !master) return `${where}: ${addressOf(move.to)} follows nobody.`;
  if (!isAt(master, followAddress(move.from))) return `${where}: ${addressOf(move.to)} follows ${addressOf(master)}.`;
  // What others write there is not on the server that it follows, and no offset shows it.
  if (readOnly === false && !move.overlap)
    return `${where}: ${addressOf(move.to)} takes writes (replica-read-only no).`;
  return linkUp ? null : `${where}: ${addressOf(move.to)} has lost ${addressOf(move.from)}.`;
}

/** It has the same history and has applied it up to the frozen point, whether or not its link is up. */
export function hasApplied(to: ReplicationSight, frozen: Frozen): boolean {
  const { replid, replicaOffset } = to.replication;
  // A replica below 4.0 does not repeat the name of the history that it follows.
  const same = replid === null ? frozen.runId !== undefined : replid === frozen.replid;
  return same && replicaOffset !== null && replicaOffset >= BigInt(frozen.offset);
}

/** It refuses writes because it follows this migration's closed port, and replicas there take no writes. */
export function isFenced(from: ReplicationSight, fence: Address): boolean {
  return isBehindFence(from, fence) && from.replication.readOnly === true;
}

/** It follows this migration's closed port. */
export function isBehindFence(from: ReplicationSight, fence: Address): boolean {
  return from.role === 'replica' && isAt(from.replication.master, fence);
}

/**
 * It is a master whose history goes over from the frozen one, at or behind the frozen point. A server that was merely
 * restarted is a master too, and fails this.
 */
export function isPromoted(to: ReplicationSight, frozen: Frozen): boolean {
  const { replid2, secondOffset } = to.replication;
  if (to.role !== 'master' || replid2 !== frozen.replid) return false;
  // A lock adds refusals to the stream of a source that had no password: there the marker has told, and not the offset.
  if (frozen.marker !== undefined) return true;
  return secondOffset !== null && secondOffset >= BigInt(frozen.offset) + 1n;
}
