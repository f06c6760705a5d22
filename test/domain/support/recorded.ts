/** Recorded replies as the watch would have looked at them, and the verdict about them. */
import type { ServerLook } from '../../../src/domain/observation.ts';
import type { Verdict } from '../../../src/domain/place.ts';
import type { ShardPlan } from '../../../src/domain/plan.ts';
import type { ShardRecord } from '../../../src/domain/state.ts';
import { clientFrom, factsFrom } from '../../../src/redis/facts.ts';
import { parseClientList, parseInfo } from '../../../src/redis/info.ts';
import type { Moment } from '../../redis/support/recordings.ts';
import { endpoint } from './build.ts';
import { JUST_SENT, verdict } from './judged.ts';

/** `clients`: CLIENT LIST, for what is queued for replicas; null when nobody asked. */
export function looked(text: string, clients: string | null = null, at = 1_000): ServerLook {
  const buffers = parseClientList(clients ?? '')
    .map(clientFrom)
    .flatMap((one) => (one.isReplica ? [one.outputBufferBytes] : []));
  return {
    ok: true,
    at,
    facts: factsFrom(parseInfo(text), false),
    clients: null,
    replicaBufferBytes: buffers.length === 0 ? null : Math.max(...buffers),
    tookMs: 1,
    ownCommands: 0,
    settings: null,
  };
}

/** The shard of a recording, by its own ports; 2.4 does not tell its own. */
export function planOf({ destination }: Pick<Moment, 'destination'>): ShardPlan {
  const info = parseInfo(destination);
  const source = endpoint('127.0.0.1', Number(info.get('master_port')));
  return { index: 0, source, destination: endpoint('127.0.0.1', Number(info.get('tcp_port') ?? 6379)) };
}

/** The verdict about a recorded moment; the order to follow was sent two seconds ago unless said. */
export function ofMoment(moment: Moment, record: ShardRecord = JUST_SENT): Verdict {
  const now = { source: looked(moment.source, moment.clients), destination: looked(moment.destination) };
  return verdict(now, { plan: planOf(moment), record });
}
