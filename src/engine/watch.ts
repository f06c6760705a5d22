/**
 * Watches one migration's servers. Owns one inspector a server. Every look runs by itself: a server that is slow or
 * dead shows in its own row and delays nobody else's. Never changes a server.
 */
import type { Clock } from '../clock.ts';
import { addressOf, type Endpoint } from '../domain/endpoint.ts';
import type { Side } from '../domain/event.ts';
import type { ServerLook, SettingsSight } from '../domain/observation.ts';
import { predictPauseMs } from '../domain/prediction.ts';
import type { ShardSight } from '../domain/sight.ts';
import type { MigrationState } from '../domain/state.ts';
import { isTrouble } from '../domain/story.ts';
import { judge } from '../domain/verdict.ts';
import type { ConnectionDeps } from '../redis/connection.ts';
import { createInspector, type Inspector, type LookOptions } from '../redis/inspector.ts';

/** A look that is older than this says nothing about now. */
const STALE_MS = 3_500;
/** Speeds are measured over this time. */
const WINDOW_MS = 5_000;
const LATENCY_LOOKS = 3;

class ServerWatch {
  readonly #inspector: Inspector;
  readonly #address: string;
  readonly #clock: Clock;
  readonly #born: number;
  #pending: Promise<void> | null = null;
  #looks: ServerLook[] = [];
  /** Null when there is none that says how things stand now. Those before it still tell speeds. */
  #last: ServerLook | null = null;
  #timesForgotten = 0;
  /** Settings are read now and then; what was read last goes with every look. */
  #settings: SettingsSight | null = null;
  /** The most that was left of the transfer under way. */
  #mostLeftBytes: number | null = null;

  constructor(endpoint: Endpoint, clock: Clock, deps: ConnectionDeps) {
    this.#inspector = createInspector(endpoint, clock, deps);
    this.#address = addressOf(endpoint);
    this.#clock = clock;
    this.#born = clock.monotonicMs();
  }

  /** Starts a look unless one is under way; resolves when it is there. */
  refresh(options: LookOptions): Promise<void> {
    this.#pending ??= this.#look(options);
    return this.#pending;
  }

  async #look(options: LookOptions): Promise<void> {
    const times = this.#timesForgotten;
    const look = await this.#inspector.look(options);
    if (times !== this.#timesForgotten) return;
    this.#pending = null;
    this.#remember(look);
    this.#last = look;
    const oldest = look.at - WINDOW_MS - 1_000;
    this.#looks = [...this.#looks.filter((one) => one.at >= oldest), look];
  }

  /** What was seen says nothing about now, and neither will a look that is under way. */
  forget(): void {
    this.#timesForgotten += 1;
    this.#pending = null;
    this.#last = null;
  }

  #remember(look: ServerLook): void {
    if (!look.ok) return;
    this.#settings = look.settings ?? this.#settings;
    const { syncing, syncLeftBytes } = look.facts.replication;
    this.#mostLeftBytes = syncing && syncLeftBytes !== null ? Math.max(this.#mostLeftBytes ?? 0, syncLeftBytes) : null;
  }

  get mostLeftBytes(): number | null {
    return this.#mostLeftBytes;
  }

  /**
   * The quickest of the last three answers: one hiccup is none, and what was slow while data was copied says nothing
   * about now. Null before the first.
   */
  roundTripMs(): number | null {
    const last = this.#lastTook();
    return last.length === 0 ? null : Math.min(...last);
  }

  /** The same; null before there were three. */
  latencyMs(): number | null {
    return this.#lastTook().length < LATENCY_LOOKS ? null : this.roundTripMs();
  }

  #lastTook(): number[] {
    return this.#looks.slice(-LATENCY_LOOKS).flatMap((look) => (look.ok ? [look.tookMs] : []));
  }

  /** The last look, or that there is none. */
  latest(): ServerLook {
    const now = this.#clock.monotonicMs();
    if (this.#last && now - this.#last.at <= STALE_MS)
      return this.#last.ok ? { ...this.#last, settings: this.#settings } : this.#last;
    const before = this.#looks.at(-1);
    const at = before?.at ?? this.#born;
    const seconds = Math.round((now - at) / 1000);
    const text =
      this.#last || seconds > 1
        ? `${this.#address} has not answered for ${seconds} s.`
        : `${this.#address} is being asked${before ? ' again' : ' for the first time'}.`;
    return { ok: false, at, problem: { kind: 'timeout', text } };
  }

  /** The oldest look of the window that is at least a second before the last one. */
  earlier(): ServerLook | null {
    const last = this.#looks.at(-1);
    if (!last) return null;
    return this.#looks.find((one) => one.ok && last.at - one.at <= WINDOW_MS && last.at - one.at >= 900) ?? null;
  }

  close(): void {
    this.#inspector.close();
  }
}

interface PairWatch {
  readonly source: ServerWatch;
  readonly destination: ServerWatch;
  inStepTicks: number;
  troubleTicks: number;
  /** The fastest that the destination was seen to apply the stream while it had to catch up. */
  drainBytesPerSecond: number | null;
  /** Times of the looks that were last counted, so that one look counts once. */
  counted: string;
}

/** A bot that is short of time itself sees everybody late: a source is slow when its destination is not. */
function latencyOf({ source, destination }: PairWatch): number | null {
  const ms = source.latencyMs();
  const other = destination.latencyMs();
  return ms === null || other === null ? null : ms > other * 2 ? ms : 0;
}

export interface Watch {
  /** Looks at all servers; resolves when all have answered or `patienceMs` is over. */
  refresh(optionsOf: (shard: number, side: Side) => LookOptions, patienceMs: number): Promise<void>;
  /** What the last looks mean, shard by shard. */
  sights(state: MigrationState, maxLagBytes: number): readonly ShardSight[];
  /** For how long writes would stand still in a cut-over of these; `rowMs`: how long a journal row takes. */
  predictPauseMs(sights: readonly ShardSight[], rowMs: number): number | null;
  /**
   * Servers have changed roles: what was seen by now is not taken for how things stand, and looks that are under way are
   * not waited for.
   */
  forget(): void;
  /** Forgets how long shards have been in step, after a cut-over was let go. */
  unsettle(): void;
  close(): void;
}

export function createWatch(state: MigrationState, clock: Clock, deps: ConnectionDeps): Watch {
  const pairs: PairWatch[] = state.plan.shards.map((shard) => ({
    source: new ServerWatch(shard.source, clock, deps),
    destination: new ServerWatch(shard.destination, clock, deps),
    inStepTicks: 0,
    troubleTicks: 0,
    drainBytesPerSecond: null,
    counted: '',
  }));
  return {
    async refresh(optionsOf, patienceMs) {
      const all = pairs.flatMap((pair, shard) => [
        pair.source.refresh(optionsOf(shard, 'source')),
        pair.destination.refresh(optionsOf(shard, 'destination')),
      ]);
      const patience = new AbortController();
      await Promise.race([Promise.allSettled(all), clock.sleep(patienceMs, patience.signal)]);
      patience.abort();
    },
    sights(now, maxLagBytes) {
      return now.plan.shards.flatMap((plan) => {
        const pair = pairs[plan.index];
        const record = now.shards[plan.index];
        if (!pair || !record) return [];
        const look = { source: pair.source.latest(), destination: pair.destination.latest() };
        const before = { source: pair.source.earlier(), destination: pair.destination.earlier() };
        const earlier =
          before.source || before.destination
            ? { source: before.source ?? look.source, destination: before.destination ?? look.destination }
            : null;
        const wallNow = clock.now();
        const verdict = judge({
          plan,
          id: now.plan.id,
          record,
          phase: now.phase,
          now: look,
          wallNow,
          earlier,
          maxLagBytes,
          mostLeftBytes: pair.destination.mostLeftBytes,
          ownClients: 1,
        });
        if (verdict.state === 'catching_up' && verdict.bytesPerSecond !== null)
          pair.drainBytesPerSecond = Math.max(pair.drainBytesPerSecond ?? 0, verdict.bytesPerSecond);
        const mark = `${look.source.at} ${look.destination.at}`;
        if (mark !== pair.counted) {
          pair.counted = mark;
          pair.inStepTicks = verdict.state === 'in_step' ? pair.inStepTicks + 1 : 0;
          pair.troubleTicks = isTrouble(verdict) ? pair.troubleTicks + 1 : 0;
        } else if (verdict.state !== 'in_step') pair.inStepTicks = 0;
        const { inStepTicks, troubleTicks } = pair;
        return [{ look, verdict, inStepTicks, troubleTicks, sourceLatencyMs: latencyOf(pair) }];
      });
    },
    predictPauseMs(sights, rowMs) {
      const inputs = sights.flatMap(({ verdict }) => {
        const pair = pairs[verdict.shard];
        if (!pair) return [];
        const trips = [pair.source.roundTripMs(), pair.destination.roundTripMs()];
        const roundTripMs = trips.includes(null) ? null : Math.max(...trips.map((ms) => ms ?? 0));
        return [{ lagBytes: verdict.lagBytes, roundTripMs, drainBytesPerSecond: pair.drainBytesPerSecond }];
      });
      return predictPauseMs(inputs, rowMs);
    },
    forget() {
      for (const { source, destination } of pairs) {
        source.forget();
        destination.forget();
      }
    },
    unsettle() {
      for (const pair of pairs) pair.inStepTicks = 0;
    },
    close() {
      for (const pair of pairs) {
        pair.source.close();
        pair.destination.close();
      }
    },
  };
}
