/**
 * Takes up a cut-over from wherever the journal says it stands: after a restart, after a step whose outcome is not
 * known, after something came in between. Looks at the servers, completes or undoes, and assumes nothing about what was
 * sent last. May be called again and again; each call does what is still to be done.
 */

import { addressOf } from '../../domain/endpoint.ts';
import type { Frozen } from '../../domain/event.ts';
import { type Move, named, sideName } from '../../domain/move.ts';
import { listText, shardText } from '../../domain/words.ts';
import { RedisError } from '../../redis/errors.ts';
import type { Journal } from '../journal.ts';
import { missingOn, seenPromoted, sightOf } from './copy.ts';
import { letGoTo } from './end.ts';
import { type CutoverDeps, CutoverGround, frozenOf, unseen } from './ground.ts';

/** A server that has not answered for so long behind its promotion may never do so again. */
const PATIENCE_MS = 15_000;

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

/** A promotion was sent to at least one. Completes what can be completed; the fence stays until all are seen. */
async function goForward(ground: CutoverGround): Promise<string | null> {
  const { frozen } = ground.journal.state.cutover ?? { frozen: [] };
  const waits = await ground.each(async (move): Promise<string | null> => {
    try {
      return await forward(ground, move, frozenOf(frozen, move));
    } catch (error) {
      const text = unseen(move, error);
      return isOld(ground) ? stuck(ground, move, text) : text;
    }
  });
  const wait = waits.find((one) => one !== null) ?? null;
  if (wait !== null) {
    ground.recordPromoted();
    return wait;
  }
  ground.recordPromoted();
  const left = ground.moves.map(({ index }) => index).filter((index) => !hasGone(ground, index));
  const givenUp = ground.journal.state.cutover?.givenUp ?? [];
  if (left.some((index) => !givenUp.includes(index))) return 'Looks at the servers once more.';
  if (left.length > 0) endWithout(ground, left);
  else ground.conclude();
  return null;
}

/** Some shards went over, and a person has decided that others did not. */
function endWithout(ground: CutoverGround, givenUp: readonly number[]): void {
  const reason = `a person decided that the old servers take the writes of ${listText(givenUp.map(shardText))} again.`;
  ground.journal.append([{ kind: 'cutover_let_go', reason }, letGoTo(ground.journal.state)]);
}

function hasGone({ journal, way }: CutoverGround, shard: number): boolean {
  const record = journal.state.shards[shard];
  return (way === 'over' ? record?.promoted : record?.returned) === true;
}

/** Whether a server that does not answer has been waited for long enough to ask a person. */
function isOld({ journal, deps }: CutoverGround): boolean {
  const { cutover } = journal.state;
  return cutover?.pausedAt != null && Math.abs(deps.clock.now() - cutover.pausedAt) > PATIENCE_MS;
}

/** Tells once that a person has to decide about a shard; what it waits for. */
function stuck(ground: CutoverGround, move: Move, text: string): string {
  const { cutover, phase } = ground.journal.state;
  const known = cutover?.stuck.some((one) => one.shard === move.index) ?? true;
  if (!known && phase === 'switching') ground.journal.append([{ kind: 'stuck', shard: move.index, text }]);
  return text;
}

async function forward(ground: CutoverGround, move: Move, frozen: Frozen): Promise<string | null> {
  if (ground.journal.state.cutover?.givenUp.includes(move.index)) return ground.stop(move).undo(true);
  // It was seen once: what became of it since is for the time after. What does not end by itself is still to be put back.
  if (hasGone(ground, move.index)) return frozen.by === undefined ? null : ground.stop(move).settled();
  const { inspector } = ground.to(move);
  if (await seenPromoted(inspector, frozen)) {
    ground.sawPromoted(move);
    return ground.stop(move).settled();
  }
  const [from, to] = [sideName(move.fromSide), sideName(move.toSide)];
  if ((await sightOf(inspector, frozen)).role === 'master') {
    const text = `${named(move)}: ${to} is a master, but not by this promotion: it was restarted, or somebody changed it. ${addressOf(move.from)}, ${from}, stays fenced and has every write that was acknowledged before. A person has to decide.`;
    return stuck(ground, move, text);
  }
  const problem = await forwardProblem(ground, move, frozen);
  if (problem !== null) return problem;
  return ground.promote(move, frozen);
}

/** Whether a server that still follows may be promoted after all: fence in place, everything applied. */
async function forwardProblem(ground: CutoverGround, move: Move, frozen: Frozen): Promise<string | null> {
  try {
    const problem = await ground.stop(move).fenceProblem(frozen);
    if (problem !== null) return stuck(ground, move, `${named(move)}: ${problem} A person has to decide.`);
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    return `${named(move)}: ${error.message} Its fence has to be seen before anything else.`;
  }
  return missingOn(ground.to(move).inspector, move, frozen, false);
}
