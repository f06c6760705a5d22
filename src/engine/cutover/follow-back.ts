/**
 * Makes an old master the replica of the new one, right after the promotion: that is what the way back needs. It counts
 * only as a partial resync, which the next looks show; see domain/way-back.ts. Nothing is lost if it fails: the old
 * master stays behind its fence or follows, and refuses writes either way.
 */
import { followAddress } from '../../domain/endpoint.ts';
import type { Effect, Event } from '../../domain/event.ts';
import type { ServerFacts } from '../../domain/observation.ts';
import { wayBackRefusal } from '../../domain/way-back.ts';
import type { Outcome } from '../../redis/operator.ts';
import type { Hands, HandsDeps } from '../hands.ts';
import type { Journal } from '../journal.ts';
import { prepareLinkBack } from '../replicate.ts';
import { send } from '../send.ts';
import type { CutoverGround } from './ground.ts';

type FollowBack = Extract<Effect, { kind: 'follow_back' }>;

/** One that the cut-over itself did not get to. Nothing is sent when the login cannot be prepared: that is told. */
export async function followBack(effect: FollowBack, journal: Journal, hands: Hands, deps: HandsDeps): Promise<void> {
  const { shard } = effect;
  const plan = journal.state.plan.shards[shard];
  if (!plan) return;
  const { entry } = journal.state;
  const still = () => journal.state.entry === entry;
  const problem = await prepareLinkBack(plan, { journal, hands, deps, still });
  if (problem !== null) {
    journal.append([{ kind: 'way_back', shard, open: false, text: problem }]);
    return;
  }
  const leader = followAddress(plan.destination);
  const operator = hands.operator(shard, 'source');
  await operator.warm();
  if (still()) await send(effect, journal, () => operator.follow(leader.host, leader.port));
}

/** Both servers of a shard as they were right before a cut-over. */
export interface PairFacts {
  readonly from: ServerFacts;
  readonly to: ServerFacts;
}

/** All shards of a cut-over at once, over connections that are open. `before`: in the order of the moves. */
export async function followBackAll(ground: CutoverGround, before: readonly PairFacts[]): Promise<void> {
  const { journal } = ground;
  const { state } = journal;
  const ready = ground.moves.flatMap((move, place) => {
    const facts = before[place];
    const record = state.shards[move.index];
    if (!facts || !record || record.wayBack !== null || wayBackRefusal(state, move.index) !== null) return [];
    return [{ move, fullSyncs: facts.to.fullSyncs, refusedCommands: facts.from.refusedCommands }];
  });
  const intents = ready.map(
    ({ move, fullSyncs, refusedCommands }): Event => ({
      kind: 'intent',
      effect: { kind: 'follow_back', shard: move.index, fullSyncs, refusedCommands },
    }),
  );
  const rows = journal.append(intents);
  const outcomes = await Promise.all(
    ready.map(async ({ move }): Promise<Outcome> => {
      const leader = followAddress(move.to);
      return ground.from(move).operator.follow(leader.host, leader.port);
    }),
  );
  ground.at('after:follow-back');
  journal.append(
    rows.flatMap((row, place): Event[] => {
      const outcome = outcomes[place];
      if (!outcome) return [];
      return [{ kind: 'answered', intent: row.seq, outcome: outcome.kind, detail: outcome.detail }];
    }),
  );
}
