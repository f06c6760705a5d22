/**
 * Tries, before anybody is asked to approve, whether a destination can reach its source. The source's diskless syncs
 * wait for a day, so that the destination shows up there and gets nothing; then it is freed and everything is put back,
 * in that order. Each step is in the journal before it is done; what a crash leaves is undone by the next preflight, or
 * by an abort. Never used on a destination that holds keys. Up to Redis 6.0 a snapshot that somebody else makes in that
 * very moment still reaches the destination: it is not empty then, which preflight tells.
 */
import { trialEntries } from '../domain/begin.ts';
import { addressOf, followAddress, isAt } from '../domain/endpoint.ts';
import type { ReplicaFacts } from '../domain/observation.ts';
import type { ShardPlan } from '../domain/plan.ts';
import type { LinkTrial } from '../domain/preflight/sight.ts';
import { plural } from '../domain/words.ts';
import { PasswordUnavailableError } from '../passwords.ts';
import { RedisError } from '../redis/errors.ts';
import { BRIEF } from '../redis/inspector.ts';
import type { Hands, HandsDeps } from './hands.ts';
import type { Journal } from './journal.ts';
import { changeSetting, restoreSetting } from './ledger.ts';
import { prepareLink } from './replicate.ts';
import { send } from './send.ts';

/** A replica tries to connect once a second, and shakes hands in a few round trips; on a busy machine that takes its time. */
const ARRIVES_MS = 10_000;
const LEAVES_MS = 2_000;
const LOOK_EVERY_MS = 25;
/** Longer than anybody waits. */
const TRAP = [
  { name: 'repl-diskless-sync', value: 'yes' },
  { name: 'repl-diskless-sync-delay', value: '86400' },
];

export interface TrialWork {
  readonly journal: Journal;
  readonly hands: Hands;
  readonly deps: HandsDeps;
  /** Whether anybody still waits for the answer. */
  readonly still: () => boolean;
}

/** Never rejects for what a server does. What it changed is put back, or told by `leftOver` until it is. */
export async function tryLink(shard: ShardPlan, work: TrialWork): Promise<LinkTrial> {
  try {
    return await trial(shard, work);
  } catch (error) {
    if (!(error instanceof RedisError) && !(error instanceof PasswordUnavailableError)) throw error;
    return { kind: 'not_tried', why: error.message };
  } finally {
    await undoTrial(shard, work);
  }
}

async function trial(shard: ShardPlan, work: TrialWork): Promise<LinkTrial> {
  const { journal, hands, deps, still } = work;
  const { index } = shard;
  const prepared = await prepareLink(shard, work, 'trial');
  if (prepared !== null) return { kind: 'not_tried', why: prepared };
  for (const setting of TRAP) {
    const why = 'so that its source serves nobody while the link is tried';
    const change = { shard: index, side: 'source' as const, until: 'trial' as const, why, ...setting };
    const problem = await changeSetting(change, journal, hands, deps, still);
    if (problem !== null) return { kind: 'not_tried', why: problem };
  }
  await hands.operator(index, 'destination').warm();
  // The last look: the destination is as it was, and nobody waits at the source who would take it along.
  const [source, destination] = await Promise.all(
    (['source', 'destination'] as const).map((side) => hands.inspector(index, side).look(BRIEF)),
  );
  if (!source?.ok || !destination?.ok) return { kind: 'not_tried', why: 'One of the two does not answer any more.' };
  const before = source.facts.replication.replicas;
  const calm = source.facts.snapshot === null && before.every((replica) => replica.state === 'online');
  const idle = destination.facts.role === 'master' && destination.facts.keys === 0;
  if (!calm || !idle || !still()) return { kind: 'not_tried', why: 'The servers are not as they were a moment ago.' };

  const leader = followAddress(shard.source);
  const sent = await send({ kind: 'try_link', shard: index }, journal, () =>
    hands.operator(index, 'destination').follow(leader.host, leader.port),
  );
  if (sent?.outcome.kind !== 'ok')
    return { kind: 'not_tried', why: sent?.outcome.detail ?? 'The journal took no row.' };
  return arrival(shard, before, work);
}

/** Waits until the source lists one replica more. A destination that copies and is not listed copies somebody else. */
async function arrival(shard: ShardPlan, before: readonly ReplicaFacts[], work: TrialWork): Promise<LinkTrial> {
  const { hands, deps } = work;
  const { clock } = deps;
  const until = clock.monotonicMs() + ARRIVES_MS;
  for (;;) {
    // In this order: whom the source serves it has listed before.
    const { linkUp, syncing } = (await hands.inspector(shard.index, 'destination').replication()).replication;
    const { replication } = await hands.inspector(shard.index, 'source').replication();
    if (replication.replicas.some((replica) => replica.state === 'wait_bgsave')) return { kind: 'reached' };
    // A history that both know goes on without a full sync.
    if (replication.replicas.length > before.length) return { kind: 'reached' };
    if (linkUp || syncing)
      return { kind: 'not_reached', text: 'another server answers there and gives it its own data.' };
    if (clock.monotonicMs() >= until || !work.still()) break;
    await clock.sleep(LOOK_EVERY_MS);
  }
  return { kind: 'not_reached', text: `it did not log in there within ${ARRIVES_MS / 1000} s.` };
}

/** Frees the destination, waits until its source has seen it go, and puts the settings back. Never rejects. */
export async function undoTrial(shard: ShardPlan, work: TrialWork): Promise<void> {
  const { journal, hands, deps } = work;
  const { index } = shard;
  try {
    if (journal.state.shards[index]?.trial !== null) await free(shard, work);
    // The trap stays shut around a destination that is still in it.
    if (journal.state.shards[index]?.trial !== null) return;
    for (const entry of trialEntries(journal.state, index).toReversed())
      await restoreSetting(entry, journal, hands, deps);
  } catch (error) {
    if (!(error instanceof RedisError) && !(error instanceof PasswordUnavailableError)) throw error;
  }
}

async function free(shard: ShardPlan, work: TrialWork): Promise<void> {
  const { journal, hands, deps } = work;
  const { index } = shard;
  const destination = hands.inspector(index, 'destination');
  const leader = followAddress(shard.source);
  const { master } = (await destination.replication()).replication;
  // Only where we sent it: whoever made it follow somebody else had a reason.
  if (isAt(master, leader)) {
    await send({ kind: 'end_trial', shard: index }, journal, () => hands.operator(index, 'destination').followNobody());
    if ((await destination.replication()).role !== 'master') return;
  }
  // Before the trap is opened: who still waits in it would be served.
  const until = deps.clock.monotonicMs() + LEAVES_MS;
  const source = hands.inspector(index, 'source');
  while (deps.clock.monotonicMs() < until) {
    const { replicas } = (await source.replication()).replication;
    if (replicas.every((replica) => replica.state === 'online')) break;
    await deps.clock.sleep(LOOK_EVERY_MS);
  }
  const look = await destination.look(BRIEF);
  const keys = look.ok ? look.facts.keys : null;
  const copied = keys === null ? '' : keys === 0 ? ', nothing was copied' : `, and holds ${plural(keys, 'key')} now`;
  const text = `${addressOf(shard.destination)} follows nobody again${copied}.`;
  journal.append([{ kind: 'trial_over', shard: index, text }]);
}

/** What a trial has left behind, as a sentence; null when all is as it was. */
export function leftOver(shard: ShardPlan, { state }: Journal): string | null {
  const { index } = shard;
  if (state.shards[index]?.trial != null)
    return `${addressOf(shard.destination)} may still follow ${addressOf(followAddress(shard.source))} from the trial of its link.`;
  const [open] = trialEntries(state, index);
  if (!open) return null;
  return `${open.name} on ${addressOf(shard[open.side])} is still as the trial of its link left it.`;
}
