/**
 * Behind a promotion that was sent there is only forward: looks at the servers, completes what can be completed, and
 * keeps every fence until its promotion is seen. Where that cannot be seen any more a person decides, by the button or by
 * hand on the old server. Part of settle.ts.
 */
import { hasGone } from '../../domain/canary.ts';
import { addressOf } from '../../domain/endpoint.ts';
import type { Frozen } from '../../domain/event.ts';
import { type Move, named, sideName } from '../../domain/move.ts';
import { canDecide } from '../../domain/stuck.ts';
import { RedisError } from '../../redis/errors.ts';
import { missingOn, seenPromoted, sightOf } from './copy.ts';
import { letGoRows } from './end.ts';
import { type CutoverGround, frozenOf, unseen } from './ground.ts';

/** A server that has not answered for so long behind its promotion may never do so again. */
const PATIENCE_MS = 15_000;

/** A shard whose promotion was sent: done, what it waits for, or that a person has taken its writes back. */
type Forward =
  | { readonly kind: 'done' }
  | { readonly kind: 'waits'; readonly text: string }
  | { readonly kind: 'stays'; readonly text: string };

const DONE: Forward = { kind: 'done' };

/** Null when the cut-over is over, or what it waits for. */
export async function goForward(ground: CutoverGround): Promise<string | null> {
  const { frozen } = ground.journal.state.cutover ?? { frozen: [] };
  const ends = await ground.each(async (move): Promise<Forward> => {
    try {
      return await forward(ground, move, frozenOf(frozen, move));
    } catch (error) {
      return unanswered(ground, move, frozenOf(frozen, move), error);
    }
  });
  const staying = ends.flatMap((one) => (one.kind === 'stays' ? [one.text] : []));
  const done = ends.some((one) => one.kind === 'done');
  const wait = ends.flatMap((one) => (one.kind === 'waits' ? [one.text] : [])).at(0) ?? null;
  // One that was seen, and could not be put back yet.
  ground.recordPromoted();
  if (wait !== null) return wait;
  if (staying.length === 0) ground.conclude();
  else ground.journal.append(letGoRows(ground.journal.state, staying.join(' '), done));
  return null;
}

async function forward(ground: CutoverGround, move: Move, frozen: Frozen): Promise<Forward> {
  const { state } = ground.journal;
  // It was seen once: what became of it since is for the time after. What does not end by itself is still to be put back.
  if (hasGone(state, ground.way, move.index)) return frozen.by === undefined ? DONE : putBack(ground, move, frozen);
  if (isGivenUp(ground, move)) return giveUp(ground, move);
  const { inspector } = ground.to(move);
  if (await seenPromoted(inspector, frozen)) {
    // Somebody may have been told meanwhile that it is given up.
    if (isGivenUp(ground, move)) return giveUp(ground, move);
    ground.sawPromoted(move);
    // At once: from here on nobody can give it up.
    ground.recordPromoted();
    return putBack(ground, move, frozen);
  }
  if ((await sightOf(inspector, frozen)).role === 'master') {
    const what = `${sideName(move.toSide)} is a master, but not by this promotion: it was restarted, or somebody changed it.`;
    const has = move.overlap
      ? `has every write of the old side, and none that ${addressOf(move.to)} took since the switch`
      : 'has every write that was acknowledged before';
    const text =
      `${named(move)}: ${what} ${addressOf(move.from)} stays fenced and ${has}. A person has to decide. ${takeBackText(ground, move)}`.trim();
    return (await takenBack(ground, move, frozen, what)) ?? { kind: 'waits', text: stuck(ground, move, text) };
  }
  const problem = await forwardProblem(ground, move, frozen);
  if (problem !== null) return { kind: 'waits', text: problem };
  if (isGivenUp(ground, move)) return giveUp(ground, move);
  const wait = await ground.promote(move, frozen);
  if (isGivenUp(ground, move)) return giveUp(ground, move);
  ground.recordPromoted();
  return doneOr(wait);
}

function isGivenUp({ journal }: CutoverGround, move: Move): boolean {
  return journal.state.cutover?.givenUp.includes(move.index) === true;
}

async function giveUp(ground: CutoverGround, move: Move): Promise<Forward> {
  const wait = await ground.stop(move).undo(true);
  return wait === null ? stays(ground, move, 'a person has decided so:') : { kind: 'waits', text: wait };
}

/**
 * Its promotion was seen: writers go on, and what has kept them out of the server that they have left is put back. That
 * one may be away; nothing of it is needed any more.
 */
async function putBack(ground: CutoverGround, move: Move, frozen: Frozen): Promise<Forward> {
  const { journal } = ground;
  if (journal.state.cutover?.leftLocked.includes(move.index)) return DONE;
  try {
    return doneOr(await ground.stop(move).settled());
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    // A pause ends by itself, and the rights of users are in the memory of a process.
    if (frozen.by === undefined || (frozen.by === 'acl' && isGone(error, move))) return DONE;
    const what = `${named(move)}: ${error.message}`;
    // A lock may be the fence itself, or what is behind it: it has to be seen.
    if (frozen.by !== 'acl' || !isOld(ground))
      return {
        kind: 'waits',
        text: `${what} The other server has its writes; what has kept them out here is still to be put back.`,
      };
    const from = addressOf(move.from);
    const detail = `${what} Users of ${from} may be without the right to write: the journal has what they had (ACL SETUSER). Nothing of it is missing on ${addressOf(move.to)}.`;
    const text = `${from} did not answer any more when its users were to get their right to write back.`;
    journal.append([
      { kind: 'given_up', what: 'lock', ledger: null, shard: move.index, detail },
      ...(move.way === 'over' ? [{ kind: 'way_back' as const, shard: move.index, open: false, text }] : []),
    ]);
    return DONE;
  }
}

function isGone(error: RedisError, move: Move): boolean {
  return error.kind === 'refused' && error.address === addressOf(move.from);
}

function doneOr(wait: string | null): Forward {
  return wait === null ? DONE : { kind: 'waits', text: wait };
}

/** What was to be undone is undone, or ended with its process: whether it serves now is told, and stops nothing. */
async function stays(ground: CutoverGround, move: Move, why: string): Promise<Forward> {
  const takes = await ground
    .from(move)
    .inspector.process()
    .then(({ role }) => (role === 'master' ? 'takes the writes again' : 'follows another server: somebody changed it'))
    .catch((error: unknown) => {
      if (error instanceof RedisError) return 'does not answer, and takes the writes when it is back';
      throw error;
    });
  return { kind: 'stays', text: `${named(move)}: ${why} ${addressOf(move.from)} ${takes}.` };
}

/** A server did not answer: a process that is gone took a promotion that was on its way along. */
async function unanswered(ground: CutoverGround, move: Move, frozen: Frozen, error: unknown): Promise<Forward> {
  const text = unseen(move, error);
  const gone = error instanceof RedisError && error.kind === 'refused' && error.address === addressOf(move.to);
  if (!gone) return { kind: 'waits', text: isOld(ground) ? stuck(ground, move, text) : text };
  const whole = `${text} ${takeBackText(ground, move)}`.trim();
  const taken = await takenBack(ground, move, frozen, error.message);
  return taken ?? { kind: 'waits', text: isOld(ground) ? stuck(ground, move, whole) : whole };
}

/** Where a person is asked there is a button for it. */
function takeBackText({ journal }: CutoverGround, move: Move): string {
  if (canDecide(journal.state.phase)) return '';
  return `To serve this shard from ${sideName(move.fromSide)} again: REPLICAOF NO ONE on ${addressOf(move.from)}. The cut-over is let go for it then.`;
}

/**
 * The promotion that was sent has come to nothing, and the server that writes were to leave is a master again: that is a
 * person's word, and all there is to go on with. Null when it is not so, and where writes are kept out by a lock: there
 * it is a master all the time.
 */
async function takenBack(ground: CutoverGround, move: Move, frozen: Frozen, what: string): Promise<Forward | null> {
  if (frozen.by !== undefined) return null;
  try {
    const { role } = await ground.from(move).inspector.replication();
    if (role !== 'master' || (await ground.stop(move).fenceProblem(frozen)) === null) return null;
    const wait = await ground.stop(move).undo(true);
    return wait === null ? await stays(ground, move, what) : { kind: 'waits', text: wait };
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    return null;
  }
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
  if (!known && canDecide(phase)) ground.journal.append([{ kind: 'stuck', shard: move.index, text }]);
  return text;
}

/** Whether a server that still follows may be promoted after all: fence in place, everything applied. */
async function forwardProblem(ground: CutoverGround, move: Move, frozen: Frozen): Promise<string | null> {
  const { inspector } = ground.to(move);
  try {
    const problem = await ground.stop(move).fenceProblem(frozen);
    if (problem !== null) {
      const way =
        (await missingOn(inspector, move, frozen, false)) === null
          ? `To go on with ${sideName(move.toSide)}, which has every write up to the fence and none behind it: REPLICAOF NO ONE on ${addressOf(move.to)}.`
          : `To stay with ${sideName(move.fromSide)}: REPLICAOF NO ONE on ${addressOf(move.to)}.`;
      return stuck(ground, move, `${named(move)}: ${problem} A person has to decide. ${way}`);
    }
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    return `${named(move)}: ${error.message} Its fence has to be seen before anything else.`;
  }
  return missingOn(inspector, move, frozen, false);
}
