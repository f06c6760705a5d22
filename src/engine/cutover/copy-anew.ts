/** What a lock leaves on the server that writes go to: an offset that is wrong when it is let go, or a marker. */
import { addressOf, followAddress, isAt } from '../../domain/endpoint.ts';
import { type Move, named } from '../../domain/move.ts';
import { RedisError } from '../../redis/errors.ts';
import { answerText } from '../../redis/resp.ts';
import type { StopGround } from './stop.ts';

/**
 * While a source without a password was locked, its answers to the acknowledgements of its replica (-NOAUTH) went into
 * the stream: the replica's offset may be too high by them, and it would leave out as much when it resumes. So it is
 * made anew (2.8 to 5.0; older ones know no resuming). Null when that was begun, or what it waits for.
 */
export async function copyAnew(ground: StopGround, move: Move): Promise<string | null> {
  // In an overlap it would wipe what was written to the new server. Its link is guarded: it resumes nothing by itself.
  if (move.overlap) return null;
  const seen = await ground.to(move).inspector.process();
  const leader = followAddress(move.from);
  if (seen.role !== 'replica' || !isAt(seen.replication.master, leader)) return null;
  const effect = { kind: 'resync' as const, shard: move.index, side: move.toSide };
  const [row] = ground.journal.append([{ kind: 'intent', effect }]);
  const wire = await ground.wire(move, 'to');
  const answers = await wire.packet([
    ['SLAVEOF', 'NO', 'ONE'],
    ['SLAVEOF', leader.host, String(leader.port)],
  ]);
  wire.close();
  const refused = answers.find((one) => one.kind === 'error');
  const detail = refused ? answerText(refused) : 'The copy is made anew.';
  const outcome = refused ? 'refused' : 'ok';
  if (row) ground.journal.append([{ kind: 'answered', intent: row.seq, outcome, detail }]);
  return refused ? `${named(move)}: ${addressOf(move.to)} has to be copied anew, and refused: ${detail}.` : null;
}

/** It goes by itself as well: that it cannot be deleted stops nothing. */
export async function deleteMarker(ground: StopGround, move: Move, marker: string): Promise<void> {
  try {
    const wire = await ground.wire(move, 'to');
    await wire.packet([['DEL', marker]]);
    wire.close();
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
  }
}
