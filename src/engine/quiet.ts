/**
 * After the switch: whether anybody still writes, or tries to write, to the old masters, and who. Owns what was last seen
 * of each. Starts anew after a restart of the bot and after a gap, so that quiet is never claimed for a time that nobody
 * watched.
 */

import { can } from '../domain/dialect.ts';
import { oldMasterProblem } from '../domain/drift.ts';
import { addressOf } from '../domain/endpoint.ts';
import type { ServerFacts, ServerLook } from '../domain/observation.ts';
import { isOverlap } from '../domain/overlap.ts';
import type { ShardSight, Sight } from '../domain/sight.ts';
import type { MigrationState } from '../domain/state.ts';
import type { LateClient } from '../domain/view.ts';
import { followsBack } from '../domain/way-back.ts';
import { plural, roughText, shardText } from '../domain/words.ts';
import { LateClients, worseFirst } from './late-clients.ts';

type Look = ServerLook & { readonly ok: true };

interface Counters {
  /** Refused writes by error statistics, and by those of each command: a server may give up the former (too many kinds). */
  readonly byError: number;
  readonly byCommand: number;
}

interface Seen {
  /** Whether it follows the new server: then its offset and its calls are those of the stream, and say nothing. */
  readonly follows: boolean;
  readonly runId: string | null;
  readonly mark: string;
  readonly counters: Counters;
  /** Refused writes since we watch. */
  readonly refused: number;
  /** Those of them that a list of its clients has been held against. */
  readonly listed: number;
  /** Monotonic milliseconds of the last write or refused write; null: none since we watch. */
  readonly movedAt: number | null;
}

const MAX_CLIENTS = 50;
/** Connections of ours to one server. */
const OWN_CLIENTS = 1;
/** Where only lists of clients tell who tries, a longer time without one is time that nobody watched. */
const LIST_GAP_MS = 10_000;

/** The parts of a sight that this room measures. */
type QuietSight = Pick<Sight, 'stirred' | 'unquiet' | 'unwatched'> & { readonly quietMs: number };

export class QuietWatch {
  readonly #seen = new Map<number, Seen>();
  readonly #clients = new Map<number, LateClients>();
  #since: number | null = null;

  /** Nobody watched for a while: the quiet period begins anew with the next look. */
  restart(): void {
    this.#since = null;
    for (const clients of this.#clients.values()) clients.forget();
  }

  /** Takes in a new sight of a switched migration. `now`: monotonic milliseconds. */
  look(state: MigrationState, sights: readonly ShardSight[], now: number): QuietSight {
    this.#since ??= now;
    let unquiet: string | null = null;
    let unwatched: string | null = null;
    for (const one of sights) {
      const { look, verdict } = one;
      const plan = state.plan.shards[verdict.shard];
      if (!plan) continue;
      const name = `The old master of ${shardText(verdict.shard)} (${addressOf(plan.source)})`;
      if (!look.source.ok) {
        // Nobody writes to a server that takes no connections. One that hangs may still have writers.
        if (look.source.problem.kind !== 'refused')
          unwatched ??= `${name} cannot be watched: ${look.source.problem.text}`;
        continue;
      }
      // The old master of an overlap is one until the proof; what is wrong with it is in its verdict.
      if (!isOverlap(state)) unquiet ??= oldMasterProblem(plan, one);
      else if (look.source.facts.writeCalls === null)
        unquiet ??= `${name} does not count its commands, so nobody can tell whether somebody writes to it.`;
      this.#count(state, look.source, one, now);
      const blind = this.#list(verdict.shard, look.source, now);
      if (blind !== null) unwatched ??= `${name} ${blind}`;
    }
    const last = Math.max(this.#since, ...[...this.#seen.values()].map((one) => one.movedAt ?? 0));
    const stirred = [...this.#seen.values()].some((seen) => seen.movedAt !== null);
    return { quietMs: Math.max(0, now - last), stirred, unquiet, unwatched };
  }

  #count(state: MigrationState, look: Look, one: ShardSight, now: number): void {
    const { facts } = look;
    const { shard } = one.verdict;
    const follows = followsBack(state, one);
    const { runId } = facts;
    const mark = markOf(look, follows, isOverlap(state));
    const counters = { byError: facts.readonlyRefusals ?? 0, byCommand: facts.rejectedWrites ?? 0 };
    const before = this.#seen.get(shard);
    if (!before) {
      this.#seen.set(shard, { follows, runId, mark, counters, refused: 0, listed: 0, movedAt: null });
      return;
    }
    // Both count the same writes; a restart zeroes them.
    const more = Math.max(
      0,
      counters.byError - before.counters.byError,
      counters.byCommand - before.counters.byCommand,
    );
    // What it counts means something else once it follows, or follows no more.
    const moved = before.runId !== runId || (before.follows === follows ? before.mark !== mark : more > 0);
    const refused = before.refused + more;
    this.#seen.set(shard, {
      ...before,
      follows,
      runId,
      mark,
      counters,
      refused,
      movedAt: moved ? now : before.movedAt,
    });
  }

  /** Holds a new list of clients against the one before. What keeps us from watching, as the end of a sentence, or null. */
  #list(shard: number, { facts, clients, at }: Look, now: number): string | null {
    const late = this.#clients.get(shard) ?? new LateClients();
    this.#clients.set(shard, late);
    const counts = countsAll(facts);
    const seen = this.#seen.get(shard);
    // A 2.4 behind its fence lists nobody (INFO and SLAVEOF are all that it answers), but it counts who is connected.
    const { connectedClients } = facts;
    if (clients === null && late.listedAt === null && connectedClients !== null && isShut(facts)) {
      const others = connectedClients - OWN_CLIENTS;
      return others <= 0
        ? null
        : `refuses everybody and does not tell what they try: ${plural(others, 'connection')} left.`;
    }
    if (clients && seen && at !== late.listedAt) {
      if (!counts && late.listedAt !== null && at - late.listedAt > LIST_GAP_MS) {
        late.forget();
        this.#since = now;
      }
      const tried = late.take(clients, at, counts ? seen.refused - seen.listed : null);
      const movedAt = counts || tried === null ? seen.movedAt : Math.max(seen.movedAt ?? 0, tried);
      this.#seen.set(shard, { ...seen, movedAt, listed: seen.refused });
    }
    const listedAt = late.listedAt ?? this.#since ?? now;
    return counts || now - listedAt <= LIST_GAP_MS
      ? null
      : `does not count refused writes and does not list its clients, so nobody can tell whether somebody tries to write.`;
  }

  /** Who is still connected to an old master: those that try to write first, then those that spoke last. */
  clients(state: MigrationState, now: number): readonly LateClient[] {
    const never = Number.POSITIVE_INFINITY;
    return [...this.#clients]
      .flatMap(([shard, late]) => {
        const plan = state.plan.shards[shard];
        return plan ? late.list(shard, addressOf(plan.source), now) : [];
      })
      .toSorted((a, b) => (a.triedSecondsAgo ?? never) - (b.triedSecondsAgo ?? never) || a.idleSeconds - b.idleSeconds)
      .slice(0, MAX_CLIENTS);
  }

  /** Who still tries to write, as sentences; null before the first look. */
  text(state: MigrationState, now: number): string | null {
    if (this.#seen.size === 0) return null;
    const connected = [...this.#clients.values()].reduce((total, late) => total + late.count, 0);
    const still = `${plural(connected, 'client')} still connected to the old masters.`;
    const trying = [...this.#seen].filter(([, one]) => one.movedAt !== null);
    if (trying.length === 0) return `No write has reached or tried to reach an old master. ${still}`;
    const refused = trying.reduce((total, [, one]) => total + one.refused, 0);
    const [shard, last] = trying.reduce((a, b) => ((b[1].movedAt ?? 0) > (a[1].movedAt ?? 0) ? b : a));
    const plan = state.plan.shards[shard];
    const where = `${shardText(shard)}${plan ? ` (${addressOf(plan.source)})` : ''}`;
    const when = `the last one ${roughText(Math.max(0, now - (last.movedAt ?? now)) / 1000)} ago on ${where}`;
    const head =
      refused > 0
        ? `${plural(refused, 'write')} refused by old masters, ${when}.`
        : isOverlap(state)
          ? `Old masters are written to, ${when}.`
          : `Old masters were written to, or somebody tried: ${when}.`;
    return [head, this.#worstText(), still].filter((part) => part !== '').join(' ');
  }

  #worstText(): string {
    const triers = [...this.#clients.values()].flatMap((late) => late.worst() ?? []);
    const worst = triers.toSorted(worseFirst)[0];
    return worst ? `Most often seen trying: ${worst.address} (${worst.command.toUpperCase()}).` : '';
  }
}

/** Whether every refused write is counted, those of scripts too: from 7.0 on. */
/** Replicas that take writes came before 2.6: a 2.4 behind our fence refuses nearly everything instead. */
function isShut(facts: ServerFacts): boolean {
  return facts.role === 'replica' && !can(facts, 'read_only_replicas');
}

function countsAll(facts: ServerFacts): boolean {
  return facts.readonlyRefusals !== null && can(facts, 'functions');
}

/** What changes when somebody writes to an old master, or tries to. */
function markOf({ facts, ownCommands }: Look, follows: boolean, overlap: boolean): string {
  // 2.4 counts no commands by name: whatever others ran may have been a write.
  const foreign = can(facts, 'command_stats') ? '' : (facts.commandsProcessed ?? 0) - ownCommands;
  // The offset of a fenced master stands still; that of one that goes on moves with its pings and with keys that expire.
  const offset = overlap ? '' : facts.replication.masterOffset;
  const written = follows ? '' : `${offset} ${facts.writeCalls ?? foreign}`;
  return `${written} ${facts.readonlyRefusals} ${facts.rejectedWrites}`;
}
