/**
 * Watches shards that have gone over: who still writes to their old masters, and for how long a canary has soaked. Owns
 * what was seen for that; starts anew after a restart of the bot. Quiet for finish is counted from the switch of all.
 */
import type { Clock } from '../clock.ts';
import { goneOver, soakedAtFirst } from '../domain/canary.ts';
import type { Phase } from '../domain/phase.ts';
import type { ShardSight, Sight } from '../domain/sight.ts';
import type { MigrationState } from '../domain/state.ts';
import type { LateClient } from '../domain/view.ts';
import { QuietWatch } from './quiet.ts';

/** Phases in which some shards may be on their new servers while others follow. */
const AHEAD: readonly Phase[] = ['syncing', 'streaming', 'switching'];
const UNWATCHED = { quietMs: null, stirred: false, unquiet: null, unwatched: null };

interface Soak {
  readonly promotedAt: number;
  /** Milliseconds before this process looked. */
  readonly before: number;
  /** Monotonic milliseconds of the first look. */
  readonly since: number;
}

export class GoneOverWatch {
  readonly #clock: Clock;
  readonly #all = new QuietWatch();
  readonly #canary = new QuietWatch();
  #soak: Soak | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the old master of this shard is watched for writers. */
  watches(state: MigrationState, shard: number): boolean {
    return state.phase === 'switched' || (isAhead(state) && state.shards[shard]?.promoted === true);
  }

  look(
    state: MigrationState,
    shards: readonly ShardSight[],
  ): Pick<Sight, 'quietMs' | 'stirred' | 'unquiet' | 'unwatched' | 'soakedMs'> {
    const now = this.#clock.monotonicMs();
    const soakedMs = this.#soaked(state, now);
    if (state.phase === 'switched') return { ...this.#all.look(state, shards, now), soakedMs };
    const gone = shards.filter((one) => this.watches(state, one.verdict.shard));
    if (gone.length > 0) this.#canary.look(state, gone, now);
    return { ...UNWATCHED, soakedMs };
  }

  /** Nobody watched for a while. */
  restart(): void {
    this.#all.restart();
    this.#canary.restart();
  }

  /** What people are shown of it. */
  view(state: MigrationState): {
    readonly lateClients: readonly LateClient[];
    readonly lateWriters: string | null;
  } {
    const quiet = state.phase === 'switched' ? this.#all : isAhead(state) ? this.#canary : null;
    if (quiet === null) return { lateClients: [], lateWriters: null };
    const now = this.#clock.monotonicMs();
    return { lateClients: quiet.clients(state, now), lateWriters: quiet.text(state, now) };
  }

  /**
   * The time before this process is what the wall clock says, for only the journal has lived that long; from the first
   * look on the monotonic clock counts, so that no jump of the wall clock ends a soak early or makes it endless. A
   * machine that slept does not count as soaking: nobody watched.
   */
  #soaked(state: MigrationState, now: number): number | null {
    const promotedAt = goneOver(state)?.promotedAt ?? null;
    if (promotedAt === null) return null;
    if (this.#soak?.promotedAt !== promotedAt)
      this.#soak = { promotedAt, before: soakedAtFirst(promotedAt, this.#clock.now()), since: now };
    return this.#soak.before + now - this.#soak.since;
  }
}

/** Whether a canary is on its new server while the others follow their old ones. */
export function isAhead(state: MigrationState): boolean {
  return goneOver(state) !== null && state.cutover === null && AHEAD.includes(state.phase);
}
