/** What one shard's two servers mean: a state, figures, and why it is not further. Pure. */
import { addressOf, followAddress, isAt } from './endpoint.ts';
import type { PairLook, ReplicaFacts, ReplicationFacts, ServerFacts, ServerLook } from './observation.ts';
import type { Phase } from './phase.ts';
import type { ShardPlan } from './plan.ts';
import type { ShardRecord } from './state.ts';
import type { ShardState } from './view.ts';
import { plural } from './words.ts';

export interface Verdict {
  readonly shard: number;
  readonly state: ShardState;
  readonly percent: number | null;
  readonly bytesPerSecond: number | null;
  readonly etaSeconds: number | null;
  readonly lagBytes: number | null;
  readonly bufferBytes: number | null;
  readonly sourceWritesPerSecond: number | null;
  readonly sourceClients: number | null;
  readonly fullSyncs: number | null;
  /** Why it is not further, as a sentence; null when it is where it should be. */
  readonly reason: string | null;
  /** Whether the reason is trouble that people should hear of, not just a stage on the way. */
  readonly alarm: boolean;
  readonly keys: number | null;
  readonly bytes: number | null;
}

export interface VerdictInput {
  readonly plan: ShardPlan;
  readonly record: ShardRecord;
  readonly phase: Phase;
  readonly now: PairLook;
  /** Wall-clock milliseconds. */
  readonly wallNow: number;
  /** A look some seconds older, for speeds. */
  readonly earlier: PairLook | null;
  readonly maxLagBytes: number;
  /** How many connections of ours are open on the source. */
  readonly ownClients: number;
}

export function judge(input: VerdictInput): Verdict {
  const { now, earlier, record } = input;
  const source = factsOf(now.source);
  const sourceRate = rates(now.source, earlier?.source ?? null);
  const { alarm = false, ...where } = placeOf(input);
  const fullSyncs =
    source?.fullSyncs != null && record.before?.sourceFullSyncs != null && source.runId === record.before.sourceRunId
      ? Math.max(0, source.fullSyncs - record.before.sourceFullSyncs)
      : null;
  return {
    shard: input.plan.index,
    ...where,
    alarm: alarm || (ALARMING.includes(where.state) && where.reason !== null),
    bufferBytes: now.source.ok ? now.source.replicaBufferBytes : null,
    // A replica takes no writes; what it counts are calls of scripts that were refused inside.
    sourceWritesPerSecond: source?.role === 'replica' ? 0 : sourceRate((facts) => facts.writeCalls),
    sourceClients: source?.connectedClients == null ? null : Math.max(0, source.connectedClients - input.ownClients),
    fullSyncs,
    keys: source?.keys ?? null,
    bytes: source?.usedMemoryBytes ?? null,
  };
}

type Place = Pick<Verdict, 'state' | 'percent' | 'bytesPerSecond' | 'etaSeconds' | 'lagBytes' | 'reason'> & {
  readonly alarm?: boolean;
};

const ALARMING: readonly ShardState[] = ['link_down', 'unreachable', 'detached'];

const NOWHERE: Place = {
  state: 'waiting',
  percent: null,
  bytesPerSecond: null,
  etaSeconds: null,
  lagBytes: null,
  reason: null,
};

function placeOf(input: VerdictInput): Place {
  const { now, record, plan } = input;
  const destinationName = addressOf(plan.destination);
  if (!now.destination.ok) return { ...NOWHERE, state: 'unreachable', reason: now.destination.problem.text };
  const destination = now.destination.facts;
  const link = destination.replication;

  if (destination.role === 'master') {
    if (record.promoted) return { ...NOWHERE, state: 'promoted', percent: 100 };
    if (!now.source.ok) return { ...NOWHERE, state: 'unreachable', reason: now.source.problem.text };
    if (record.replicate === null)
      return input.phase === 'syncing' ? { ...NOWHERE, state: 'queued', percent: 0 } : NOWHERE;
    if (!record.replicate.seen) {
      const refused = record.replicate.outcome === 'refused' ? record.replicate.detail : null;
      return { ...NOWHERE, state: 'queued', percent: 0, reason: refused };
    }
    if (destination.loading)
      return {
        ...NOWHERE,
        state: 'loading',
        percent: null,
        reason: `${destinationName} was restarted and loads its own data.`,
      };
    return { ...NOWHERE, state: 'detached', reason: `${destinationName} follows nobody.` };
  }

  if (record.promoted) {
    const master = link.master ? addressOf(link.master) : 'another server';
    const reason = `${destinationName} was the new master and follows ${master} now: somebody changed it. What was written to it may be gone.`;
    return { ...NOWHERE, state: 'detached', reason };
  }
  if (!isAt(link.master, followAddress(plan.source))) {
    const master = link.master ? addressOf(link.master) : 'another server';
    return {
      ...NOWHERE,
      state: 'detached',
      reason: `${destinationName} follows ${master}, not ${addressOf(plan.source)}.`,
    };
  }
  if (!now.source.ok && !link.syncing) return { ...NOWHERE, state: 'unreachable', reason: now.source.problem.text };
  const source = factsOf(now.source);
  // In a cut-over the source follows our own closed port for a moment.
  if (source?.role === 'replica' && input.phase !== 'switching') {
    const { master } = source.replication;
    const reason = `${addressOf(plan.source)} is not a master any more: it follows ${master ? addressOf(master) : 'another server'}.`;
    return { ...NOWHERE, state: 'link_down', reason };
  }
  return link.linkUp && !destination.loading ? streaming(input, source, link) : syncing(input, source, destination);
}

function streaming(input: VerdictInput, source: ServerFacts | null, link: ReplicationFacts): Place {
  const speed = rates(
    input.now.destination,
    input.earlier?.destination ?? null,
  )((facts) => number(facts.replication.replicaOffset));
  const sourceOffset = source?.replication.masterOffset ?? null;
  if (source === null || sourceOffset === null || link.replicaOffset === null) {
    return { ...NOWHERE, state: 'catching_up', percent: 99, reason: 'The servers do not tell their offsets.' };
  }
  if (link.replid !== source.replication.replid) {
    const reason = `${addressOf(input.plan.destination)} follows another history than ${addressOf(input.plan.source)} writes.`;
    return { ...NOWHERE, state: 'catching_up', percent: 99, bytesPerSecond: speed, reason };
  }
  const refused = refusedSince(input.record, input.now.destination);
  if (refused > 0) {
    const reason = `${addressOf(input.plan.destination)} could not carry out ${plural(refused, 'command')} of its source, so the copies differ although their offsets agree. Its log may name them: fewer databases, a renamed command, a module. Mend that, abort, and start again.`;
    return { ...NOWHERE, state: 'catching_up', percent: 99, bytesPerSecond: speed, reason, alarm: true };
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
    state: 'catching_up',
    percent: 99,
    bytesPerSecond: speed,
    etaSeconds: gain !== null && gain > 0 ? Math.ceil(lag / gain) : null,
    lagBytes: lag,
    reason: `${addressOf(input.plan.destination)} is ${lag} bytes behind, more than ${input.maxLagBytes}.`,
  };
}

/** Commands of its source that the destination refused since replication was set up. 0 where it does not tell. */
export function refusedSince(record: ShardRecord, destination: ServerLook): number {
  const base = record.before;
  if (!destination.ok || base === null || destination.facts.refusedCommands === null) return 0;
  if (destination.facts.runId !== base.destinationRunId) return destination.facts.refusedCommands;
  return Math.max(0, destination.facts.refusedCommands - (base.destinationRefusedCommands ?? 0));
}

/**
 * Shares of the whole way. Through a file, the source makes the snapshot first (up to 40 %) and then sends it (up to
 * 80 %); without one it does both at once. Loading it goes up to 98 %.
 */
const MADE = 40;
const SENT = 80;
const LOADED = 98;

function syncing(input: VerdictInput, source: ServerFacts | null, destination: ServerFacts): Place {
  const link = destination.replication;
  if (destination.loading) {
    const loaded = destination.loading.percent;
    return {
      ...NOWHERE,
      state: 'loading',
      percent: loaded === null ? null : SENT + (clamp(loaded) / 100) * (LOADED - SENT),
    };
  }
  if (link.syncing) {
    const read = link.syncReadBytes;
    const speed = rates(
      input.now.destination,
      input.earlier?.destination ?? null,
    )((facts) => facts.replication.syncReadBytes);
    if (link.syncTotalBytes !== null && read !== null) {
      const done = clamp((read / link.syncTotalBytes) * 100);
      const left = Math.max(0, link.syncTotalBytes - read);
      return {
        ...NOWHERE,
        state: 'transfer',
        percent: MADE + (done / 100) * (SENT - MADE),
        bytesPerSecond: speed,
        etaSeconds: speed !== null && speed > 0 ? Math.ceil(left / speed) : null,
      };
    }
    const saved = savedPercent(source);
    const arriving = read !== null && read > 0;
    // A diskless sync tells no size: how far the source is through its keys is the best there is.
    return {
      ...NOWHERE,
      state: arriving ? 'transfer' : 'snapshot',
      percent: saved === null ? null : (saved / 100) * (arriving ? SENT : MADE),
      bytesPerSecond: speed,
    };
  }
  const ours = source && ourReplica(source, input.plan);
  if (ours?.state === 'wait_bgsave') return { ...NOWHERE, state: 'snapshot', percent: 0 };
  const since = input.record.replicate ? input.wallNow - input.record.replicate.at : Number.POSITIVE_INFINITY;
  if (!input.record.wasInStep && since < HANDSHAKE_MS) return { ...NOWHERE, state: 'snapshot', percent: 0 };
  return {
    ...NOWHERE,
    state: 'link_down',
    reason: `${addressOf(input.plan.destination)} cannot reach ${addressOf(input.plan.source)}${linkDownFor(link)}: check the address as that server sees it, its masterauth, and firewalls.`,
  };
}

/** How long a new link may take before its being down is called trouble. */
const HANDSHAKE_MS = 10_000;

function linkDownFor(link: ReplicationFacts): string {
  return link.linkDownSeconds !== null ? ` for ${link.linkDownSeconds} s` : '';
}

/** Our destination in its source's list: by the port that it announces, and by its host where several have that port. */
function ourReplica(source: ServerFacts, plan: ShardPlan): ReplicaFacts | undefined {
  const same = source.replication.replicas.filter((replica) => replica.port === plan.destination.port);
  return same.length > 1 ? same.find((replica) => replica.host === plan.destination.host) : same[0];
}

function savedPercent(source: ServerFacts | null): number | null {
  const snapshot = source?.snapshot;
  if (!snapshot || snapshot.keysSaved === null || snapshot.keysTotal === null || snapshot.keysTotal <= 0) return null;
  return clamp((snapshot.keysSaved / snapshot.keysTotal) * 100);
}

/** Growth a second of a figure between two looks at one server; null when the process was another or time stood still. */
export function rates(now: ServerLook, earlier: ServerLook | null) {
  return (figure: (facts: ServerFacts) => number | null): number | null => {
    if (!now.ok || !earlier?.ok || now.at <= earlier.at || now.facts.runId !== earlier.facts.runId) return null;
    const before = figure(earlier.facts);
    const after = figure(now.facts);
    if (before === null || after === null || after < before) return null;
    return Math.round(((after - before) * 1000) / (now.at - earlier.at));
  };
}

function number(offset: bigint | null): number | null {
  return offset === null ? null : Number(offset);
}

function factsOf(look: ServerLook): ServerFacts | null {
  return look.ok ? look.facts : null;
}

function clamp(percent: number): number {
  return Math.min(100, Math.max(0, percent));
}
