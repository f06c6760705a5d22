/** Cuts off everybody but us and the replicas. */
import { can, type Server } from '../../domain/dialect.ts';
import { addressOf } from '../../domain/endpoint.ts';
import { type Move, named } from '../../domain/move.ts';
import { parseClientList } from '../../redis/info.ts';
import { answerText } from '../../redis/resp.ts';
import type { Wire } from '../../redis/wire.ts';
import { okAll } from './packet.ts';
import { LetGo } from './stop.ts';

/** By kind, in one packet with others: from 2.8.12 on. Our own connections are cut as well, but for this one. */
export const CUT_OTHERS: readonly (readonly string[])[] = [
  ['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'],
  ['CLIENT', 'KILL', 'TYPE', 'pubsub', 'SKIPME', 'yes'],
];

/** Whoever comes later has to log in first. Rejects with LetGo when it cannot be told which connection is ours. */
export async function cutOthers(wire: Wire, server: Server, move: Move): Promise<void> {
  if (can(server, 'kill_types')) {
    await okAll(wire, CUT_OTHERS, move);
    return;
  }
  const [list] = await okAll(wire, [['CLIENT', 'LIST']], move);
  const clients = parseClientList(answerText(list));
  const ours = (client: ReadonlyMap<string, string>) => (client.get('addr') ?? '').endsWith(`:${wire.localPort}`);
  if (!clients.some(ours))
    throw new LetGo(`${named(move)}: ${addressOf(move.from)} does not tell our own connection from others.`);
  const others = clients.filter((client) => !ours(client) && !/[SM]/.test(client.get('flags') ?? ''));
  // One that is gone already is refused, which is as good.
  if (others.length > 0) await wire.packet(others.map((client) => ['CLIENT', 'KILL', client.get('addr') ?? '']));
}
