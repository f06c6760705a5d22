/** A destination whose link is up: whether it is in step, and if not why. Pure. Part of verdict.ts. */
import { can } from './dialect.ts';
import { addressOf } from './endpoint.ts';
import type { ReplicationFacts, ServerFacts, ServerLook } from './observation.ts';
import { NOWHERE, type Place, type VerdictInput } from './place.ts';
import { number, rates } from './rates.ts';
import type { ShardRecord } from './state.ts';
import { bytesText, plural } from './words.ts';

/** Where offsets are missing, less than this in a replica's output buffer counts as nothing. */
const NEAR_ZERO_BYTES = 4_096;

export function streaming(input: VerdictInput, source: ServerFacts | null, link: ReplicationFacts): Place {
  const speed = rates(
    input.now.destination,
    input.earlier?.destination ?? null,
  )((facts) => number(facts.replication.replicaOffset));
  const behind: Place = { ...NOWHERE, state: 'catching_up', percent: 99, bytesPerSecond: speed };
  // Keys that were written on both sides of an overlap: told, and agreed to.
  const refused = input.record.open === null ? refusedSince(input.record, input.now.destination) : 0;
  if (refused > 0) {
    const reason = `${addressOf(input.plan.destination)} could not carry out ${plural(refused, 'command')} of its source, so the copies differ although their offsets agree. Its log may name them: fewer databases, a renamed command, a module. Mend that, abort, and start again.`;
    return { ...behind, reason, alarm: true };
  }
  if (source === null || !can(source, 'offsets')) return withoutOffsets(input, source, behind);
  const sourceOffset = source.replication.masterOffset;
  if (sourceOffset === null || link.replicaOffset === null)
    return { ...behind, reason: 'The servers do not tell their offsets.' };
  if (!isSameHistory(source, link)) {
    const reason = `${addressOf(input.plan.destination)} follows another history than ${addressOf(input.plan.source)} writes.`;
    return { ...behind, reason };
  }
  // Both were read within the same moment, not at the same instant: the replica may be seen ahead.
  const lag = Math.max(0, Number(sourceOffset - link.replicaOffset));
  if (lag <= input.maxLagBytes) {
    return { state: 'in_step', percent: 100, bytesPerSecond: speed, etaSeconds: 0, lagBytes: lag, reason: null };
  }
  const sourceSpeed = rates(
    input.now.source,
    input.earlier?.source ?? null,
  )((facts) => number(facts.replication.masterOffset));
  const gain = speed !== null && sourceSpeed !== null ? speed - sourceSpeed : null;
  return {
    ...behind,
    etaSeconds: gain !== null && gain > 0 ? Math.ceil(lag / gain) : null,
    lagBytes: lag,
    reason: `${addressOf(input.plan.destination)} is ${lag} bytes behind, more than ${input.maxLagBytes}.`,
  };
}

/** Before 2.8 nothing but what its source has still to send tells whether a replica is in step. */
function withoutOffsets(input: VerdictInput, source: ServerFacts | null, behind: Place): Place {
  const buffer = input.now.source.ok ? input.now.source.replicaBufferBytes : null;
  if (source === null || buffer === null)
    return {
      ...behind,
      reason: `${addressOf(input.plan.source)} tells no offset and does not list its replicas, so nobody knows how far behind the copy is.`,
    };
  if (buffer <= NEAR_ZERO_BYTES)
    return { ...behind, state: 'in_step', percent: 100, etaSeconds: 0, lagBytes: null, reason: null };
  const reason = `${addressOf(input.plan.source)} has still ${bytesText(buffer)} to send to ${addressOf(input.plan.destination)}.`;
  return { ...behind, lagBytes: buffer, reason };
}

/**
 * A history is named by master_replid. Before 4.0 a master gave its run id for it, and a replica did not repeat what it
 * was given.
 */
function isSameHistory(source: ServerFacts, link: ReplicationFacts): boolean {
  if (link.replid === null) return true;
  const name = can(source, 'replid') ? source.replication.replid : source.runId;
  return name === null || link.replid === name;
}

/** Commands of its source that the destination refused since replication was set up. 0 where it does not tell. */
export function refusedSince(record: ShardRecord, destination: ServerLook): number {
  const base = record.before;
  if (!destination.ok || base === null || destination.facts.refusedCommands === null) return 0;
  if (destination.facts.runId !== base.destinationRunId) return destination.facts.refusedCommands;
  return Math.max(0, destination.facts.refusedCommands - (base.destinationRefusedCommands ?? 0));
}
