/**
 * What is seen of one migration's servers, tick by tick. Owns the watch and what is counted over many looks. A look that
 * was begun before servers changed roles is never held against what they became: it would show an old master from before
 * its fence, as if somebody had taken that down. Never changes a server, and journals nothing.
 */
import { groupOf } from '../domain/canary.ts';
import { NO_SYNCS, type Sight } from '../domain/sight.ts';
import type { LateClient } from '../domain/view.ts';
import { FullSyncCount } from './full-sync-count.ts';
import { GapWatch } from './gap.ts';
import { GoneOverWatch } from './gone-over.ts';
import type { Journal } from './journal.ts';
import { lookOptions } from './look-options.ts';
import type { MigratorDeps } from './migrator.ts';
import { createWatch, type Watch } from './watch.ts';

/** A tick goes on without servers that have not answered by then. */
const PATIENCE_MS = 800;
/** What was seen before the first look. */
const UNSEEN = {
  shards: null,
  taken: new Map(),
  elsewhere: NO_SYNCS,
  quietMs: null,
  stirred: false,
  unquiet: null,
  unwatched: null,
  soakedMs: null,
  predictedPauseMs: null,
};

export class Observer {
  readonly #journal: Journal;
  readonly #deps: MigratorDeps;
  readonly #watch: Watch;
  readonly #goneOver: GoneOverWatch;
  readonly #gaps: GapWatch;
  readonly #fullSyncs: FullSyncCount;
  #ticks = 0;
  /** The row that the looks are from behind of. */
  #turned = 0;
  #seen: Omit<Sight, 'wallNow'> = UNSEEN;
  #asOf: number | null = null;

  constructor(journal: Journal, deps: MigratorDeps, tickMs: number) {
    this.#journal = journal;
    this.#deps = deps;
    this.#watch = createWatch(journal.state, deps.clock, deps);
    this.#goneOver = new GoneOverWatch(deps.clock);
    this.#gaps = new GapWatch(deps.clock, tickMs);
    this.#fullSyncs = new FullSyncCount(deps.metrics);
  }

  /** As last seen, at this moment. */
  get sight(): Sight {
    return { ...this.#seen, wallNow: this.#deps.clock.now() };
  }

  /** Whether servers have kept their roles since: if not, nothing is decided by it. */
  get isCurrent(): boolean {
    return this.#turned === this.#journal.state.turned;
  }

  /** What people are shown of it. `asOf`: wall-clock milliseconds of the last look; null before the first. */
  view(): {
    readonly sight: Sight;
    readonly asOf: number | null;
    readonly lateClients: readonly LateClient[];
    readonly lateWriters: string | null;
  } {
    return { sight: this.sight, asOf: this.#asOf, ...this.#goneOver.view(this.#journal.state) };
  }

  /** Once a tick: looks at all servers. While they are checked, the check looks at them. */
  async look(signal: AbortSignal): Promise<void> {
    const { clock, policy, log, taken, elsewhere } = this.#deps;
    if (this.#journal.state.phase === 'checking') {
      this.#forgetOld();
      this.#gaps.beat();
      return;
    }
    this.#ticks += 1;
    await this.#lookAtNow(signal);
    if (signal.aborted) return;
    const gapMs = this.#gaps.beat();
    if (gapMs !== null) {
      log.warn({ gapMs }, 'The bot stood still or a clock jumped: looks again before it acts');
      this.#watch.unsettle();
      this.#goneOver.restart();
    }
    const { state, appendMs } = this.#journal;
    const shards = this.#watch.sights(state, policy.maxLagBytes);
    const gone = this.#goneOver.look(state, shards);
    this.#asOf = clock.now();
    const [, group] = groupOf(state);
    const goes = shards.filter(
      ({ verdict }) =>
        group.includes(verdict.shard) && (verdict.state === 'in_step' || verdict.state === 'catching_up'),
    );
    const predictedPauseMs = this.#watch.predictPauseMs(goes, appendMs);
    this.#seen = { shards, taken: taken(), elsewhere: elsewhere(), predictedPauseMs, ...gone };
    this.#fullSyncs.take(shards);
  }

  /** Until servers have not changed roles while they were asked. */
  async #lookAtNow(signal: AbortSignal): Promise<void> {
    do {
      this.#forgetOld();
      const { state } = this.#journal;
      const optionsOf = lookOptions(state, this.#ticks, (shard) => this.#goneOver.watches(state, shard));
      await this.#watch.refresh(optionsOf, PATIENCE_MS);
    } while (!this.isCurrent && !signal.aborted);
  }

  #forgetOld(): void {
    if (this.isCurrent) return;
    this.#watch.forget();
    this.#turned = this.#journal.state.turned;
  }

  /** What somebody else looked at all servers for is as of now. */
  sawAll(): void {
    this.#asOf = this.#deps.clock.now();
  }

  /** Forgets how long shards have been in step, after a cut-over. */
  unsettle(): void {
    this.#watch.unsettle();
  }

  close(): void {
    this.#watch.close();
  }
}
