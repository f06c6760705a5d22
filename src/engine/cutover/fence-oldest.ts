/**
 * The fence of a 2.4, which takes writes as a replica. Without a password it refuses everything but INFO and SLAVEOF from
 * then on; with one that would leave it open to SLAVEOF by anybody, so it keeps the password of our lock instead.
 */
import { can, type Server } from '../../domain/dialect.ts';
import type { Side } from '../../domain/event.ts';
import { type Move, moveOf } from '../../domain/move.ts';
import { fenceAddress } from '../../domain/plan.ts';
import { RedisError } from '../../redis/errors.ts';
import type { Outcome } from '../../redis/operator.ts';
import { openWire, type Wire } from '../../redis/wire.ts';
import type { Hands, HandsDeps } from '../hands.ts';
import type { Journal } from '../journal.ts';
import { cutOthers } from './cut-others.ts';
import { lockPassword } from './lock-password.ts';
import { okAll } from './packet.ts';
import { LetGo } from './stop.ts';

export const SERVE_STALE = 'slave-serve-stale-data';

interface Address {
  readonly host: string;
  readonly port: number;
}

/** `password`: of our lock; null where the server has none of its own. Rejects with LetGo and RedisError. */
export async function fenceOldest(
  wire: Wire,
  server: Server,
  move: Move,
  fence: Address,
  password: string | null,
): Promise<void> {
  const follow = ['SLAVEOF', fence.host, String(fence.port)];
  if (password !== null) {
    await okAll(wire, [['CONFIG', 'SET', 'requirepass', password], follow], move);
    await cutOthers(wire, server, move);
    return;
  }
  await cutOthers(wire, server, move);
  const refusing = ['CONFIG', 'SET', SERVE_STALE, 'no'];
  await okAll(wire, [['MULTI'], refusing, ['CONFIG', 'SET', 'requirepass', ''], follow, ['EXEC']], move);
}

/** Puts the fence up once more at a server that was restarted, or takes down one that came too late. */
export async function fenceAgain(
  shard: number,
  side: Side,
  up: boolean,
  journal: Journal,
  hands: Hands,
  deps: HandsDeps,
): Promise<Outcome> {
  const { plan } = journal.state;
  const fence = fenceAddress(plan.id);
  const operator = hands.operator(shard, side);
  if (!up) return operator.followNobody();
  const here = plan.shards[shard];
  const look = await hands.inspector(shard, side).look({ clients: 'none', commandStats: false });
  if (!here || !look.ok || can(look.facts, 'read_only_replicas')) return operator.follow(fence.host, fence.port);
  const move = moveOf(here, side === 'source' ? 'over' : 'back', false);
  try {
    const wire = await openWire(move.from, deps);
    try {
      const asks = (await hands.inspector(shard, side).setting('requirepass')) !== '';
      const place = { id: plan.id, shard, side };
      await fenceOldest(wire, look.facts, move, fence, asks ? lockPassword(move.from, place, deps) : null);
    } finally {
      wire.close();
    }
    return { kind: 'ok', detail: 'It refuses everybody.' };
  } catch (error) {
    if (error instanceof LetGo) return { kind: 'refused', detail: error.message };
    if (error instanceof RedisError)
      return { kind: error.outcomeUnknown ? 'unknown' : 'refused', detail: error.message };
    throw error;
  }
}
