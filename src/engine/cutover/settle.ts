/**
 * Takes up a cut-over from wherever the journal says it stands: after a restart, after a step whose outcome is not
 * known, after something came in between. Looks at the servers, completes or undoes, and assumes nothing about what was
 * sent last. May be called again and again; each call does what is still to be done.
 */

import { addressOf } from '../../domain/endpoint.ts';
import type { Frozen } from '../../domain/event.ts';
import { type Move, named, sideName } from '../../domain/move.ts';
import { RedisError } from '../../redis/errors.ts';
import type { ReplicationSight } from '../../redis/inspector.ts';
import type { Journal } from '../journal.ts';
import { letGoTo } from './end.ts';
import { type CutoverDeps, CutoverGround, frozenOf, unseen } from './ground.ts';
import { hasApplied, isPromoted } from './proof.ts';

/** Returns null when the cut-over is over, or what it waits for. `why`: the reason if it has to be let go. */
export async function settle(journal: Journal, deps: CutoverDeps, why: string): Promise<string | null> {
  const { cutover } = journal.state;
  if (cutover === null) return null;
  const ground = new CutoverGround(journal, deps, cutover.way, cutover.shards);
  try {
    ground.stopBy(cutover.stops);
    if (cutover.step === 'promote') return await goForward(ground);
    return await letGo(ground, why, cutover.step === 'fence');
  } finally {
    ground.close();
  }
}

/**
 * Undoes fence and stop on all shards and believes it when it is seen. Needs no row before it: by the journal no
 * promotion was sent, so undoing is right however often it is done, even while the journal is full.
 * `fenceSent`: a fence may still arrive, so that one look is not enough to say there is none.
 */
export async function letGo(ground: CutoverGround, reason: string, fenceSent: boolean): Promise<string | null> {
  // Before the row that began it, nothing was sent.
  const begun = ground.journal.state.cutover !== null;
  const waits = begun ? await ground.each((move) => ground.stop(move).undo(fenceSent)) : [];
  ground.at('after:undo');
  const wait = waits.find((one) => one !== null) ?? null;
  if (wait !== null) return `${wait} The cut-over is being let go: ${reason}`;
  ground.journal.append([{ kind: 'cutover_let_go', reason }, letGoTo(ground.journal.state)]);
  return null;
}

/** A shard whose promotion was sent: done, what it waits for, or that a person has taken its writes back. */
type Forward =
  | { readonly kind: 'done' }
  | { readonly kind: 'waits'; readonly text: string }
  | { readonly kind: 'stays'; readonly text: string };

const HALF_BACK = 'Other shards are back on their old servers already, so the migration stays here.';
const DONE: Forward = { kind: 'done' };

/** A promotion was sent to at least one. Completes what can be completed; the fence stays until all are seen. */
async function goForward(ground: CutoverGround): Promise<string | null> {
  const { frozen } = ground.journal.state.cutover ?? { frozen: [] };
  const ends = await ground.each(async (move): Promise<Forward> => {
    try {
      return await forward(ground, move, frozenOf(frozen, move));
    } catch (error) {
      // A process that is gone took a promotion that was on its way along.
      const gone = error instanceof RedisError && error.kind === 'refused' && error.address === addressOf(move.to);
      const text = gone ? `${unseen(move, error)} ${takeBackText(move)}` : unseen(move, error);
      const problem = error instanceof Error ? error.message : String(error);
      return (gone ? await takenBack(ground, move, frozenOf(frozen, move), problem) : null) ?? { kind: 'waits', text };
    }
  });
  const stays = ends.flatMap((one) => (one.kind === 'stays' ? [one.text] : []));
  const done = ends.some((one) => one.kind === 'done');
  // Rolled back in part there is no phase to go on in: finish would count all of them as moved.
  const half = done && ground.way === 'back' ? stays.map((text) => `${text} ${HALF_BACK}`) : [];
  const wait = ends.flatMap((one) => (one.kind === 'waits' ? [one.text] : [])).at(0) ?? half[0] ?? null;
  if (wait !== null) {
    ground.recordPromoted();
    return wait;
  }
  const [reason] = stays;
  if (reason === undefined) {
    ground.conclude();
    return null;
  }
  ground.recordPromoted();
  const { journal } = ground;
  journal.append([{ kind: 'cutover_let_go', reason, ...(done ? { partly: true } : {}) }, letGoTo(journal.state)]);
  return null;
}

async function forward(ground: CutoverGround, move: Move, frozen: Frozen): Promise<Forward> {
  const record = ground.journal.state.shards[move.index];
  // It was seen once: what became of it since is for the time after.
  if (move.way === 'over' ? record?.promoted : record?.returned) return DONE;
  const seen = await ground.to(move).inspector.replication();
  if (isPromoted(seen, frozen)) {
    ground.sawPromoted(move);
    return doneOr(await ground.stop(move).settled());
  }
  const to = sideName(move.toSide);
  if (seen.role === 'master') {
    const what = `${to} is a master, but not by this promotion: it was restarted, or somebody changed it.`;
    const has = move.overlap
      ? `has every write of the old side, and none that ${addressOf(move.to)} took since the switch`
      : 'has every write';
    const text = `${named(move)}: ${what} ${addressOf(move.from)} stays fenced and ${has}. A person has to decide. ${takeBackText(move)}`;
    return (await takenBack(ground, move, frozen, what)) ?? { kind: 'waits', text };
  }
  return doneOr((await forwardProblem(ground, move, seen, frozen)) ?? (await ground.promote(move, frozen)));
}

function doneOr(wait: string | null): Forward {
  return wait === null ? DONE : { kind: 'waits', text: wait };
}

function takeBackText(move: Move): string {
  return `To serve this shard from ${sideName(move.fromSide)} again: REPLICAOF NO ONE on ${addressOf(move.from)}. The cut-over is let go for it then.`;
}

/**
 * The promotion that was sent has come to nothing, and the server that writes were to leave is a master again: that is a
 * person's word, and all there is to go on with. Null when it is not so.
 */
async function takenBack(ground: CutoverGround, move: Move, frozen: Frozen, what: string): Promise<Forward | null> {
  try {
    const { role } = await ground.from(move).inspector.replication();
    if (role !== 'master' || (await ground.stop(move).fenceProblem(frozen)) === null) return null;
    const wait = await ground.stop(move).undo(true);
    if (wait !== null) return { kind: 'waits', text: wait };
    return { kind: 'stays', text: `${named(move)}: ${what} ${addressOf(move.from)} takes the writes again.` };
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    return null;
  }
}

/** Whether a server that still follows may be promoted after all: fence in place, everything applied. */
async function forwardProblem(
  ground: CutoverGround,
  move: Move,
  seen: ReplicationSight,
  frozen: Frozen,
): Promise<string | null> {
  try {
    const problem = await ground.stop(move).fenceProblem(frozen);
    if (problem !== null) {
      const way = hasApplied(seen, frozen)
        ? `To go on with ${sideName(move.toSide)}, which has every write up to the fence and none behind it: REPLICAOF NO ONE on ${addressOf(move.to)}.`
        : `To stay with ${sideName(move.fromSide)}: REPLICAOF NO ONE on ${addressOf(move.to)}.`;
      return `${named(move)}: ${problem} A person has to decide. ${way}`;
    }
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    return `${named(move)}: ${error.message} Its fence has to be seen before anything else.`;
  }
  return hasApplied(seen, frozen) ? null : `${named(move)}: ${addressOf(move.to)} has not applied everything yet.`;
}
