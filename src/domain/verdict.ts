/** What one shard's two servers mean: a state, figures, and why it is not further. Pure. */
import { addressOf, followAddress, isAt } from './endpoint.ts';
import type { BeforeReplication } from './event.ts';
import type { ServerFacts, ServerLook } from './observation.ts';
import { openPlace } from './overlap-place.ts';
import { NOWHERE, type Place, type Verdict, type VerdictInput } from './place.ts';
import { fenceAddress } from './plan.ts';
import { number, rates } from './rates.ts';
import { streaming } from './verdict-streaming.ts';
import { syncing } from './verdict-syncing.ts';
import type { ShardState } from './view.ts';

export function judge(input: VerdictInput): Verdict {
  const { now, earlier, record } = input;
  const source = factsOf(now.source);
  const sourceRate = rates(now.source, earlier?.source ?? null);
  const { alarm = false, ...where } = placeOf(input);
  return {
    shard: input.plan.index,
    ...where,
    alarm: alarm || (ALARMING.includes(where.state) && where.reason !== null),
    bufferBytes: now.source.ok ? now.source.replicaBufferBytes : null,
    // A replica takes no writes; what it counts are calls of scripts that were refused inside.
    sourceWritesPerSecond: source?.role === 'replica' ? 0 : sourceRate((facts) => facts.writeCalls),
    sourceBytesPerSecond: highest(
      sourceRate((facts) => number(facts.replication.masterOffset)),
      sourceRate((facts) => facts.netInputBytes),
    ),
    sourceClients:
      source?.connectedClients == null
        ? null
        : Math.max(0, source.connectedClients - input.ownClients - linkOf(source)),
    fullSyncs: source && fullSyncsSince(record.before, source),
    keys: source?.keys ?? null,
    bytes: source?.usedMemoryBytes ?? null,
  };
}

/** Full syncs that this process of the source has begun since then; null where it is another one, or does not count. */
export function fullSyncsSince(before: BeforeReplication | null, source: ServerFacts): number | null {
  if (before?.sourceFullSyncs == null || source.fullSyncs === null || source.runId !== before.sourceRunId) return null;
  return Math.max(0, source.fullSyncs - before.sourceFullSyncs);
}

/** A replica counts its link to its master among its clients: an old master that follows for the way back has one. */
function linkOf({ role, replication }: ServerFacts): number {
  return role === 'replica' && replication.linkUp ? 1 : 0;
}

const ALARMING: readonly ShardState[] = ['link_down', 'unreachable', 'detached'];

function placeOf(input: VerdictInput): Place {
  const { now, record, plan } = input;
  const destinationName = addressOf(plan.destination);
  if (!now.destination.ok) {
    // A 2.4 that loads refuses even our password, and so does every one before 2.6.
    const state = now.destination.problem.kind === 'loading' && record.replicate !== null ? 'loading' : 'unreachable';
    return { ...NOWHERE, state, reason: state === 'loading' ? null : now.destination.problem.text };
  }
  const destination = now.destination.facts;
  const link = destination.replication;

  const wrong = input.phase === 'switched' ? openPlace(input) : null;
  if (wrong !== null) return wrong;
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
    const wanted = input.phase === 'aborting' || input.phase === 'aborted';
    return { ...NOWHERE, state: 'detached', reason: wanted ? null : `${destinationName} follows nobody.` };
  }

  // Behind the fence of the way back, or about to be.
  if (record.returned) return { ...NOWHERE, state: 'detached' };
  if (record.promoted && !record.stays && input.phase === 'rolling_back')
    return { ...NOWHERE, state: 'promoted', percent: 100 };
  if (record.promoted) {
    const master = link.master ? addressOf(link.master) : 'another server';
    const reason = `${destinationName} was the new master and follows ${master} now: somebody changed it. What was written to it may be gone.`;
    return { ...NOWHERE, state: 'detached', reason };
  }
  if (record.parked !== null && isAt(link.master, fenceAddress(input.id)))
    return { ...NOWHERE, state: 'queued', percent: 0, reason: `Waits for its turn: ${record.parkedWhy ?? ''}`.trim() };
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
  if (source?.role === 'replica' && input.phase !== 'switching' && input.phase !== 'finishing') {
    const { master } = source.replication;
    const reason = `${addressOf(plan.source)} is not a master any more: it follows ${master ? addressOf(master) : 'another server'}.`;
    return { ...NOWHERE, state: 'link_down', reason };
  }
  return link.linkUp && !destination.loading ? streaming(input, source, link) : syncing(input, source, destination);
}

function factsOf(look: ServerLook): ServerFacts | null {
  return look.ok ? look.facts : null;
}

function highest(one: number | null, other: number | null): number | null {
  return one === null ? other : other === null ? one : Math.max(one, other);
}
