/**
 * Opens an overlap: for all shards together, the resync guard first, then `replica-read-only no` on the destinations, seen
 * by CONFIG GET and INFO. Each step is journalled before it is sent. If one shard cannot be done, all are taken back and
 * nothing has changed. What a crash leaves is completed where the guards can be seen to stand, else taken back.
 */
import { addressOf } from '../../domain/endpoint.ts';
import type { Event, Opened } from '../../domain/event.ts';
import { type Move, named, sideName } from '../../domain/move.ts';
import type { ServerFacts } from '../../domain/observation.ts';
import type { MigrationState } from '../../domain/state.ts';
import { plural } from '../../domain/words.ts';
import { RedisError } from '../../redis/errors.ts';
import { BRIEF } from '../../redis/inspector.ts';
import type { Journal } from '../journal.ts';
import { letGoRows } from './end.ts';
import { type CutoverDeps, CutoverGround } from './ground.ts';
import { inStepNow } from './proof.ts';
import { openReplica, putUpGuard, takeDownGuard, wasOpened } from './resync-guard.ts';
import { type CutoverAnswer, OVER } from './run.ts';
import { LetGo } from './stop.ts';

/** Whether the cut-over of this moment is the opening of an overlap, and not its proof. */
export function isOpening({ plan, phase }: MigrationState): boolean {
  return plan.cutover === 'overlap' && phase === 'switching';
}

/** Ends in switched or, let go, in streaming; or says what it waits for, and is called again. */
export async function openOverlap(journal: Journal, deps: CutoverDeps, why: string): Promise<CutoverAnswer> {
  const { cutover, shards } = journal.state;
  const all = shards.map((one) => one.index);
  const ground = new CutoverGround(journal, deps, 'over', all);
  try {
    if (cutover === null) await begin(ground);
    else if (cutover.step === 'open') await complete(ground);
    else throw new LetGo(why);
    return OVER;
  } catch (error) {
    if (!(error instanceof LetGo)) throw error;
    return { waitsFor: await takeBack(ground, error.message), why: error.message };
  } finally {
    ground.close();
  }
}

async function begin(ground: CutoverGround): Promise<void> {
  const { journal } = ground;
  await each(ground, (move) => checkReady(ground, move));
  const shards = ground.moves.map((move) => move.index);
  const attempt = journal.state.cutoverAttempts + 1;
  journal.append([{ kind: 'cutover_started', attempt, way: 'over', shards, stops: [] }]);
  ground.at('after:started');
  ground.step('guard', []);
  await guardAll(ground);
  ground.step('open', []);
  await openAll(ground);
}

/** Some may take writes already: those writes are there, so forward is the better way, if every guard can be had. */
async function complete(ground: CutoverGround): Promise<void> {
  await guardAll(ground);
  await openAll(ground);
}

async function guardAll(ground: CutoverGround): Promise<void> {
  await each(ground, async (move) => {
    const plan = planOf(ground, move);
    const { source, destination } = await checkReady(ground, move);
    const problem = await putUpGuard(plan, { source, destination }, workOf(ground));
    ground.at('after:guard-1-of-n');
    if (problem !== null) throw new LetGo(`${named(move)}: ${problem}`);
  });
  // A link that was cut meanwhile has to be seen to have healed: nobody wrote on the new side so far.
  await each(ground, (move) => checkReady(ground, move));
  ground.at('after:guard');
}

async function openAll(ground: CutoverGround): Promise<void> {
  const { journal } = ground;
  const opened = await each(ground, async (move): Promise<Opened> => {
    const problem = await openReplica(move.index, workOf(ground));
    ground.at('after:open-1-of-n');
    if (problem !== null) throw new LetGo(`${named(move)}: ${problem}`);
    const { source, destination } = await checkReady(ground, move);
    if (destination.replication.readOnly !== false)
      throw new LetGo(`${named(move)}: ${addressOf(move.to)} was told to take writes and refuses them still.`);
    const { runId: sourceRunId, fullSyncs: sourceFullSyncs } = source;
    const { runId: destinationRunId, refusedCommands } = destination;
    return { shard: move.index, sourceRunId, destinationRunId, sourceFullSyncs, refusedCommands };
  });
  ground.at('after:open');
  const reason = 'Both sides take writes. Point the application at the new servers, one instance after the other.';
  journal.append([
    { kind: 'overlap_opened', shards: opened },
    { kind: 'phase_entered', phase: 'switched', reason },
  ]);
  ground.at('after:opened');
}

interface Pair {
  readonly source: ServerFacts;
  readonly destination: ServerFacts;
}

/** Both are the processes that people approved, in step, and nobody else's full sync is one to be taken along with. */
async function checkReady(ground: CutoverGround, move: Move): Promise<Pair> {
  const [source, destination] = await Promise.all([lookAt(ground, move, 'from'), lookAt(ground, move, 'to')]);
  const { before } = ground.journal.state.shards[move.index] ?? {};
  for (const [facts, known, side] of [
    [source, before?.sourceRunId, move.fromSide],
    [destination, before?.destinationRunId, move.toSide],
  ] as const) {
    if (known != null && facts.runId !== known)
      throw new LetGo(`${named(move)}: ${sideName(side)} was restarted just now.`);
  }
  const own = destination.replication.replicas.length;
  if (own > 0)
    throw new LetGo(
      `${named(move)}: ${addressOf(move.to)} has ${plural(own, 'replica')} of its own, which would never get what is written to it.`,
    );
  if (source.replication.replicas.some((one) => one.state !== 'online'))
    throw new LetGo(`${named(move)}: a replica of ${addressOf(move.from)} is in a full sync; wait for its end.`);
  const problem = inStepNow(move, source, destination, null, ground.deps.policy.maxLagBytes);
  if (problem !== null) throw new LetGo(problem);
  return { source, destination };
}

async function lookAt(ground: CutoverGround, move: Move, end: 'from' | 'to'): Promise<ServerFacts> {
  const look = await ground[end](move).inspector.look(BRIEF);
  if (!look.ok) throw new LetGo(`${named(move)}: ${look.problem.text}`);
  return look.facts;
}

/** Everything as it was before. Null when it is, or what it waits for. */
async function takeBack(ground: CutoverGround, reason: string): Promise<string | null> {
  const { journal } = ground;
  const { cutover } = journal.state;
  if (cutover !== null) {
    const waits = await ground.each((move) => takeDownGuard(planOf(ground, move), workOf(ground)));
    ground.at('after:undo');
    const place = waits.findIndex((one) => one !== null);
    const move = ground.moves[place];
    if (move) return `${named(move)}: ${waits[place] ?? ''} The opening is being taken back: ${reason}`;
  }
  journal.append([
    ...letGoRows(journal.state, reason),
    ...(cutover?.step === 'open' ? ground.moves.flatMap((move) => touched(ground, move)) : []),
  ]);
  return null;
}

/** Whoever wrote to it in that moment wrote to a copy: a person has to look before it goes on. */
function touched({ journal }: CutoverGround, { index, to }: Move): Event[] {
  const began = journal.rows.findLast(({ event }) => event.kind === 'cutover_started')?.seq ?? 0;
  if (!wasOpened(journal.state, index, began)) return [];
  const text = `${addressOf(to)} took writes for a moment, while the switch was tried: what was written there in that moment is not on its source.`;
  return [{ kind: 'held', shard: index, side: 'destination', what: 'read_only', ledger: null, text }];
}

function planOf({ journal }: CutoverGround, { index }: Move) {
  const plan = journal.state.plan.shards[index];
  if (!plan) throw new Error(`The plan has no shard ${index}.`);
  return plan;
}

function workOf({ journal, hands, deps }: CutoverGround) {
  return { journal, hands, deps };
}

/** All shards at once; what a server does is a reason to take everything back. */
function each<T>(ground: CutoverGround, work: (move: Move) => Promise<T>): Promise<T[]> {
  return ground.each(async (move) => {
    try {
      return await work(move);
    } catch (error) {
      if (error instanceof RedisError) throw new LetGo(`${named(move)}: ${error.message}`);
      throw error;
    }
  });
}
