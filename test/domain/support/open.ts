/** An overlap whose two shards take writes on both sides, as looks show it. */
import type { Event } from '../../../src/domain/event.ts';
import type { PairLook, ServerFacts } from '../../../src/domain/observation.ts';
import type { Plan } from '../../../src/domain/plan.ts';
import { aPlan, enter, followingPair, type replication, seen, sightOf, toStreaming } from './build.ts';
import { Desk } from './desk.ts';

export const PLAN = aPlan(2, { cutover: 'overlap' });
export const USER = 'redis-migrate-0a1b2c';

export function toOpened(plan: Plan): Event[] {
  const shards = plan.shards.map(({ index: shard }) => ({
    shard,
    sourceRunId: `run-old-${shard}`,
    destinationRunId: `run-new-${shard}`,
    sourceFullSyncs: 1,
    refusedCommands: 3,
  }));
  return [
    ...toStreaming(plan),
    enter('switching'),
    { kind: 'cutover_started', attempt: 1, way: 'over', shards: [0, 1], stops: [] },
    { kind: 'cutover_step', step: 'guard', frozen: [], reason: '' },
    ...plan.shards.map(
      ({ index: shard }): Event => ({ kind: 'intent', effect: { kind: 'guard_user', shard, user: USER, up: true } }),
    ),
    { kind: 'cutover_step', step: 'open', frozen: [], reason: '' },
    { kind: 'overlap_opened', shards },
    enter('switched'),
  ];
}

export interface Changes {
  readonly source?: Partial<ServerFacts>;
  readonly destination?: Partial<ServerFacts>;
  /** Of the destination. */
  readonly link?: Parameters<typeof replication>[0];
}

/** As the opening left it: the destination follows, and takes writes. */
export function openPair(shard: number, { source = {}, destination = {}, link = {} }: Changes = {}): PairLook {
  const plan = PLAN.shards[shard];
  if (!plan) throw new Error('The plan has two shards.');
  const { source: from, destination: to } = followingPair(plan);
  if (!from.ok || !to.ok) throw new Error('Both were seen.');
  return {
    source: seen({ ...from.facts, fullSyncs: 1, ...source }),
    destination: seen({
      ...to.facts,
      refusedCommands: 3,
      replication: { ...to.facts.replication, readOnly: false, ...link },
      ...destination,
    }),
  };
}

export function opened(first: PairLook = openPair(0), more: Parameters<typeof sightOf>[2] = { quietMs: 60_000 }): Desk {
  const desk = new Desk(PLAN, toOpened(PLAN));
  desk.sight = sightOf(desk.state, [first, openPair(1)], more);
  return desk;
}
