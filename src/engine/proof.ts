/** The looks that the proof is made of. Pure: what INFO says, held against what was frozen. */
import { addressOf, followAddress, isAt } from '../domain/endpoint.ts';
import type { Frozen } from '../domain/event.ts';
import type { ShardPlan } from '../domain/plan.ts';
import { bytesText, capital, shardText } from '../domain/words.ts';
import type { ReplicationSight } from '../redis/inspector.ts';

/** Null when the destination follows its source, with the same history and a small lag; else a sentence. */
export function inStepNow(
  shard: ShardPlan,
  source: ReplicationSight,
  destination: ReplicationSight,
  maxLagBytes: number,
): string | null {
  const where = capital(shardText(shard.index));
  if (source.role !== 'master') return `${where}: ${addressOf(shard.source)} is not a master.`;
  const broken = linkProblem(shard, destination);
  if (broken !== null) return broken;
  if (source.replication.replid !== destination.replication.replid)
    return `${where}: the two servers have different histories.`;
  const { masterOffset } = source.replication;
  const { replicaOffset } = destination.replication;
  if (masterOffset === null || replicaOffset === null) return `${where}: the servers do not tell their offsets.`;
  const lag = Number(masterOffset - replicaOffset);
  return lag > maxLagBytes ? `${where} is ${bytesText(lag)} behind, more than ${bytesText(maxLagBytes)}.` : null;
}

function linkProblem(shard: ShardPlan, destination: ReplicationSight): string | null {
  const where = capital(shardText(shard.index));
  const { master, linkUp, readOnly } = destination.replication;
  if (destination.role !== 'replica' || !master) return `${where}: ${addressOf(shard.destination)} follows nobody.`;
  if (!isAt(master, followAddress(shard.source))) {
    return `${where}: ${addressOf(shard.destination)} follows ${addressOf(master)}.`;
  }
  // What others write there is not on its source, and no offset shows it.
  if (readOnly === false) return `${where}: ${addressOf(shard.destination)} takes writes (replica-read-only no).`;
  return linkUp ? null : `${where}: ${addressOf(shard.destination)} has lost its source.`;
}

/** Null when the destination has applied everything up to the frozen point, of the same history; else a sentence. */
export function proven(shard: ShardPlan, destination: ReplicationSight, frozen: Frozen): string | null {
  const broken = linkProblem(shard, destination);
  if (broken !== null) return broken;
  return hasApplied(destination, frozen)
    ? null
    : `${capital(shardText(shard.index))}: the destination is not there yet.`;
}

/** The destination has the same history and has applied it up to the frozen point, whether or not its link is up. */
export function hasApplied(destination: ReplicationSight, frozen: Frozen): boolean {
  const { replid, replicaOffset } = destination.replication;
  return replid === frozen.replid && replicaOffset !== null && replicaOffset >= BigInt(frozen.offset);
}

/** The source refuses writes because it follows this migration's closed port, and replicas there take no writes. */
export function isFenced(source: ReplicationSight, fence: { readonly host: string; readonly port: number }): boolean {
  return isBehindFence(source, fence) && source.replication.readOnly === true;
}

/** The source follows this migration's closed port. */
export function isBehindFence(
  source: ReplicationSight,
  fence: { readonly host: string; readonly port: number },
): boolean {
  return source.role === 'replica' && isAt(source.replication.master, fence);
}

/**
 * The destination is a master whose history goes over from the frozen one, at or behind the frozen point. A destination
 * that was merely restarted is a master too, and fails this.
 */
export function isPromoted(destination: ReplicationSight, frozen: Frozen): boolean {
  const { replid2, secondOffset } = destination.replication;
  return (
    destination.role === 'master' &&
    replid2 === frozen.replid &&
    secondOffset !== null &&
    secondOffset >= BigInt(frozen.offset) + 1n
  );
}
