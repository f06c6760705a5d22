/** A destination in the middle of a full sync: where it is and how long it takes. Pure. Part of verdict.ts. */
import { addressOf, followAddress } from './endpoint.ts';
import type { ReplicaFacts, ReplicationFacts, ServerFacts } from './observation.ts';
import { NOWHERE, type Place, type VerdictInput } from './place.ts';
import type { ShardPlan } from './plan.ts';
import { fallRate, rates } from './rates.ts';

/**
 * Shares of the whole way. Through a file, the source makes the snapshot first (up to 40 %) and then sends it (up to
 * 80 %); without one it does both at once. Loading it goes up to 98 %.
 */
const MADE = 40;
const SENT = 80;
const LOADED = 98;
/** How long a new link may take before its being down is called trouble. */
const HANDSHAKE_MS = 10_000;
/** Less than this of the way tells nothing about how long the rest takes. */
const TELLING_PERCENT = 3;

export function syncing(input: VerdictInput, source: ServerFacts | null, destination: ServerFacts): Place {
  const link = destination.replication;
  if (destination.loading) return loading(destination);
  if (link.syncing) {
    const place = transfer(input, link) ?? withoutSize(input, source, link);
    return { ...place, etaSeconds: place.etaSeconds ?? byThePace(input, place.percent) };
  }
  const ours = source && ourReplica(source, input.plan);
  if (ours?.state === 'wait_bgsave') return { ...NOWHERE, state: 'snapshot', percent: 0 };
  const since = input.record.replicate ? input.wallNow - input.record.replicate.at : Number.POSITIVE_INFINITY;
  if (!input.record.wasInStep && since < HANDSHAKE_MS) return { ...NOWHERE, state: 'snapshot', percent: 0 };
  const leader = addressOf(followAddress(input.plan.source));
  return {
    ...NOWHERE,
    state: 'link_down',
    reason: `${addressOf(input.plan.destination)} cannot reach ${leader}${linkDownFor(link)}: check the address as that server sees it, its masterauth, and firewalls.`,
  };
}

function loading(destination: ServerFacts): Place {
  const loaded = destination.loading?.percent ?? null;
  return {
    ...NOWHERE,
    state: 'loading',
    percent: loaded === null ? null : SENT + (clamp(loaded) / 100) * (LOADED - SENT),
    etaSeconds: destination.loadEtaSeconds,
  };
}

/** The size is known: from 6.2 on it is told, before that it is the most that was ever left. */
function transfer(input: VerdictInput, link: ReplicationFacts): Place | null {
  const before = input.earlier?.destination ?? null;
  if (link.syncTotalBytes !== null && link.syncReadBytes !== null) {
    const speed = rates(input.now.destination, before)((facts) => facts.replication.syncReadBytes);
    return transferred(link.syncReadBytes, link.syncTotalBytes, speed);
  }
  if (link.syncLeftBytes === null || link.syncReadBytes !== null) return null;
  const total = Math.max(link.syncLeftBytes, input.mostLeftBytes ?? 0);
  const speed = fallRate(input.now.destination, before, (facts) => facts.replication.syncLeftBytes);
  return transferred(total - link.syncLeftBytes, total, speed);
}

function transferred(read: number, total: number, speed: number | null): Place {
  const done = total === 0 ? 100 : clamp((read / total) * 100);
  return {
    ...NOWHERE,
    state: 'transfer',
    percent: MADE + (done / 100) * (SENT - MADE),
    bytesPerSecond: speed,
    etaSeconds: speed !== null && speed > 0 ? Math.ceil(Math.max(0, total - read) / speed) : null,
  };
}

/** A diskless sync tells no size: how far the source is through its keys is the best there is. */
function withoutSize(input: VerdictInput, source: ServerFacts | null, link: ReplicationFacts): Place {
  const saved = savedPercent(source);
  const arriving = link.syncReadBytes !== null && link.syncReadBytes > 0;
  const speed = rates(
    input.now.destination,
    input.earlier?.destination ?? null,
  )((facts) => facts.replication.syncReadBytes);
  return {
    ...NOWHERE,
    state: arriving ? 'transfer' : 'snapshot',
    percent: saved === null ? null : (saved / 100) * (arriving ? SENT : MADE),
    bytesPerSecond: speed,
  };
}

/** What is left, if it goes on as fast as since it began. */
function byThePace({ record, wallNow }: VerdictInput, percent: number | null): number | null {
  if (percent === null || percent < TELLING_PERCENT || record.replicate === null) return null;
  const seconds = (wallNow - record.replicate.at) / 1000;
  return seconds <= 0 ? null : Math.ceil((seconds * (100 - percent)) / percent);
}

function linkDownFor(link: ReplicationFacts): string {
  return link.linkDownSeconds !== null ? ` for ${link.linkDownSeconds} s` : '';
}

/**
 * Our destination in its source's list: by the port that it announces, and by its host where several have that port.
 * A destination that we reach by a name, or by another port than it announces (TLS, containers), is the only one there
 * is, or one that does not follow yet.
 */
function ourReplica(source: ServerFacts, plan: ShardPlan): ReplicaFacts | undefined {
  const { replicas } = source.replication;
  const same = replicas.filter((replica) => replica.port === plan.destination.port);
  const ours = same.length > 1 ? same.find((replica) => replica.host === plan.destination.host) : same[0];
  return ours ?? (replicas.length === 1 ? replicas[0] : replicas.find((replica) => replica.state !== 'online'));
}

function savedPercent(source: ServerFacts | null): number | null {
  const snapshot = source?.snapshot;
  if (!snapshot || snapshot.keysSaved === null || snapshot.keysTotal === null || snapshot.keysTotal <= 0) return null;
  return clamp((snapshot.keysSaved / snapshot.keysTotal) * 100);
}

function clamp(percent: number): number {
  return Math.min(100, Math.max(0, percent));
}
