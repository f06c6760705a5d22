/**
 * After the switch: whether anybody still writes, or tries to write, to the old masters. Owns what was last seen of
 * each; starts anew after a restart of the bot, so that quiet is never claimed for a time that nobody watched.
 */

import { oldMasterProblem } from '../domain/drift.ts';
import { addressOf } from '../domain/endpoint.ts';
import type { ServerFacts } from '../domain/observation.ts';
import { isOverlap } from '../domain/overlap.ts';
import type { ShardSight, Sight } from '../domain/sight.ts';
import type { MigrationState } from '../domain/state.ts';
import type { LateClient } from '../domain/view.ts';
import { followsBack } from '../domain/way-back.ts';
import { capital, countText, plural, secondsText, shardText } from '../domain/words.ts';

interface Seen {
  /** Whether it follows the new server: then its offset and its calls are those of the stream, and say nothing. */
  readonly follows: boolean;
  readonly mark: string;
  readonly firstRefusals: number;
  readonly refusals: number;
  /** Monotonic milliseconds of the last write or refused write; null: none since we watch. */
  readonly movedAt: number | null;
}

const MAX_CLIENTS = 50;

/** The parts of a sight that this room measures. */
type QuietSight = Pick<Sight, 'stirred' | 'unquiet'> & { readonly quietMs: number };

export class QuietWatch {
  readonly #seen = new Map<number, Seen>();
  readonly #clients = new Map<number, readonly LateClient[]>();
  #since: number | null = null;

  /** Takes in a new sight of a switched migration. `now`: monotonic milliseconds. */
  look(state: MigrationState, sights: readonly ShardSight[], now: number): QuietSight {
    this.#since ??= now;
    let unquiet: string | null = null;
    for (const one of sights) {
      const { look, verdict } = one;
      const plan = state.plan.shards[verdict.shard];
      if (!plan) continue;
      const name = `The old master of ${shardText(verdict.shard)} (${addressOf(plan.source)})`;
      if (!look.source.ok) {
        // Nobody writes to a server that takes no connections. One that hangs may still have writers.
        if (look.source.problem.kind !== 'refused')
          unquiet ??= `${name} cannot be watched: ${look.source.problem.text}`;
        continue;
      }
      const { facts, clients } = look.source;
      // The old master of an overlap is one until the proof; what is wrong with it is in its verdict.
      if (!isOverlap(state)) unquiet ??= oldMasterProblem(plan, one);
      else if (facts.writeCalls === null)
        unquiet ??= `${name} does not count its commands, so nobody can tell whether somebody writes to it.`;
      const before = this.#seen.get(verdict.shard);
      const refusals = facts.readonlyRefusals ?? 0;
      const follows = followsBack(state, one);
      const written = follows ? '' : writtenOf(state, facts);
      const mark = `${facts.runId} ${written} ${refusals}`;
      if (!before) this.#seen.set(verdict.shard, { follows, mark, firstRefusals: refusals, refusals, movedAt: null });
      else if (before.follows !== follows && before.refusals === refusals)
        this.#seen.set(verdict.shard, { ...before, follows, mark });
      else if (before.mark !== mark) {
        // A restart zeroes the counters: count from there.
        const firstRefusals = refusals < before.refusals ? 0 : before.firstRefusals;
        this.#seen.set(verdict.shard, { follows, mark, firstRefusals, refusals, movedAt: now });
      }
      if (clients)
        this.#clients.set(
          verdict.shard,
          clients.map((client) => lateClient(verdict.shard, addressOf(plan.source), client)),
        );
    }
    const last = Math.max(this.#since, ...[...this.#seen.values()].map((one) => one.movedAt ?? 0));
    const stirred = [...this.#seen.values()].some((seen) => seen.movedAt !== null);
    return { quietMs: now - last, stirred, unquiet };
  }

  /** Who is still connected to an old master, those that spoke last first. */
  clients(): readonly LateClient[] {
    return [...this.#clients.values()]
      .flat()
      .toSorted((a, b) => a.idleSeconds - b.idleSeconds)
      .slice(0, MAX_CLIENTS);
  }

  /** Who still tries to write, as a sentence; null before the first look. */
  text(state: MigrationState, now: number): string | null {
    if (this.#seen.size === 0) return null;
    const trying = [...this.#seen].filter(([, one]) => one.movedAt !== null);
    const connected = [...this.#clients.values()].reduce((total, list) => total + list.length, 0);
    const still = `${plural(connected, 'client')} still connected to the old masters.`;
    if (trying.length === 0) return `No write has reached or tried to reach an old master. ${still}`;
    const last = trying.reduce((a, b) => ((b[1].movedAt ?? 0) > (a[1].movedAt ?? 0) ? b : a));
    const plan = state.plan.shards[last[0]];
    const where = plan ? `${capital(shardText(last[0]))} (${addressOf(plan.source)})` : capital(shardText(last[0]));
    const ago = `${secondsText((now - (last[1].movedAt ?? now)) / 1000)} ago`;
    if (isOverlap(state))
      return `${plural(trying.length, 'old server')} of ${countText(this.#seen.size)} had writes since the switch, the last ${ago}: ${where}. ${still}`;
    const refused = trying.reduce((total, [, one]) => total + one.refusals - one.firstRefusals, 0);
    return `${countText(refused)} writes were refused by old masters, the last ${ago} by ${where}. ${still}`;
  }
}

/**
 * What moves when somebody writes. The offset of a fenced master stands still; the one of a master that goes on moves with
 * its pings and with keys that expire, so there only the calls of commands that write are counted (redis.md 4.5).
 */
function writtenOf(state: MigrationState, { replication, writeCalls }: ServerFacts): string {
  return `${isOverlap(state) ? '' : replication.masterOffset} ${writeCalls ?? ''}`;
}

function lateClient(shard: number, server: string, client: Omit<LateClient, 'shard' | 'server'>): LateClient {
  const { address, name, user, library, lastCommand, idleSeconds } = client;
  return { shard, server, address, name, user, library, lastCommand, idleSeconds };
}
