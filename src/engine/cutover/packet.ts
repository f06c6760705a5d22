/** What the strategies below 6.2 share: packets that must succeed, and the fence as a replica of the closed port. */
import { addressOf } from '../../domain/endpoint.ts';
import { type Move, named } from '../../domain/move.ts';
import { RedisError } from '../../redis/errors.ts';
import { type Answer, answerText } from '../../redis/resp.ts';
import type { Wire } from '../../redis/wire.ts';
import { isBehindFence, isFenced } from './proof.ts';
import { LetGo, type StopGround } from './stop.ts';

/** How long something whose answer was not awaited may take to arrive. */
export const LATE_MS = 50;

/** All at once; rejects with LetGo at the first that was refused, and with RedisError when the connection is gone. */
export async function okAll(
  wire: Wire | null,
  commands: readonly (readonly string[])[],
  move: Move,
): Promise<readonly Answer[]> {
  if (wire === null) throw new Error('There is no connection: the strategy was not prepared.');
  const answers = await wire.packet(commands);
  const place = answers.findIndex((one) => one.kind === 'error');
  if (place >= 0) {
    const [name = ''] = commands[place] ?? [];
    throw new LetGo(`${named(move)}: ${addressOf(move.from)} refused ${name}: ${answerText(answers[place])}.`);
  }
  return answers;
}

/** The fence, put up again if somebody has taken it down meanwhile. Null, or what it waits for. */
export async function fencedAgain(ground: StopGround, move: Move): Promise<string | null> {
  const { operator, inspector } = ground.from(move);
  const { host, port } = ground.fence;
  if (isFenced(await inspector.replication(), ground.fence)) return null;
  await operator.follow(host, port);
  if (isFenced(await inspector.replication(), ground.fence)) return null;
  return `${named(move)}: ${addressOf(move.from)} is not fenced any more: it was restarted, or somebody changed it. REPLICAOF ${host} ${port} on it.`;
}

/** Only our own fence is taken down. Whoever made the server follow somebody else had a reason. */
export async function takeFenceDown(ground: StopGround, move: Move): Promise<string | null> {
  const { operator, inspector } = ground.from(move);
  if (!isBehindFence(await inspector.replication(), ground.fence)) return null;
  await operator.followNobody();
  return isBehindFence(await inspector.replication(), ground.fence) ? `${named(move)}: the fence is still up.` : null;
}

/** Undoes something; what stands in the way of it is what it waits for. A process that is gone took everything with it. */
export async function lineUp(move: Move, undo: () => Promise<string | null>): Promise<string | null> {
  try {
    return await undo();
  } catch (error) {
    if (error instanceof LetGo) return `${error.message} It has to be let go before anything else.`;
    if (!(error instanceof RedisError)) throw error;
    if (error.kind === 'refused') return null;
    return `${named(move)}: ${error.message} It has to be let go before anything else.`;
  }
}
