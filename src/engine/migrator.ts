/**
 * One migration at work: a watching half and an acting half, once a second. Owns the journal, the watch and the work in
 * flight. A tick never waits for work: what takes long (a slow server, the cut-over, preflight) runs beside it, and is
 * not asked for again until it has ended. When the journal cannot be written, nothing is done and the reason is shown.
 */
import type { Clock } from '../clock.ts';
import { syncLoad } from '../domain/begin.ts';
import { judgeClick } from '../domain/click.ts';
import { decide } from '../domain/decide.ts';
import type { Decision } from '../domain/decision.ts';
import type { Effect, Event, Side, Way } from '../domain/event.ts';
import type { Policy } from '../domain/gate.ts';
import { hasEnded } from '../domain/phase.ts';
import type { MigrationId } from '../domain/plan.ts';
import type { Sight, SyncLoad } from '../domain/sight.ts';
import type { MigrationState } from '../domain/state.ts';
import { DESTINATION_SYNC_SETTINGS, SOURCE_SYNC_SETTINGS } from '../domain/tuning.ts';
import type { MigrationView } from '../domain/view.ts';
import { viewOf } from '../domain/view-of.ts';
import type { Log, Metrics } from '../log.ts';
import { BRIEF, type LookOptions } from '../redis/inspector.ts';
import { act } from './act.ts';
import type { CrashPoint } from './cutover/crash-points.ts';
import { lockTried } from './cutover/lock-password.ts';
import { type CutoverAnswer, cutOver } from './cutover/run.ts';
import { settle } from './cutover/settle.ts';
import type { HandsDeps } from './hands.ts';
import type { Journal } from './journal.ts';
import { runPreflightWithTrials } from './preflight.ts';
import { QuietWatch } from './quiet.ts';
import type { Authorizer, ClickAnswer } from './service.ts';
import { createWatch, type Watch } from './watch.ts';

export interface MigratorDeps extends HandsDeps {
  readonly clock: Clock;
  readonly policy: Policy;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly authorizer: Authorizer;
  readonly at?: (place: CrashPoint) => void;
  /** Run ids of the servers of other unfinished migrations. */
  readonly taken: () => ReadonlyMap<string, MigrationId>;
  /** Full syncs of other migrations. */
  readonly elsewhere: () => SyncLoad;
  /** Called after every tick. */
  readonly changed: () => void;
}

const TICK_MS = 1_000;
/** A tick goes on without servers that have not answered by then. */
const PATIENCE_MS = 800;
/** CLIENT LIST of everybody is long: it is asked for every few ticks. */
const CLIENTS_EVERY = 3;
/** So are settings, which somebody may change behind our back. */
const SETTINGS_EVERY = 3;

/** Before the switch nobody watches for quiet. */
const IDLE: SyncLoad = { total: 0, perHost: new Map() };
const UNWATCHED = { quietMs: null, stirred: false, unquiet: null };

export class Migrator {
  readonly #journal: Journal;
  readonly #deps: MigratorDeps;
  readonly #log: Log;
  readonly #watch: Watch;
  readonly #quiet = new QuietWatch();
  readonly #stop = new AbortController();
  /** Work in flight by what it is for. */
  readonly #work = new Map<string, Promise<void>>();
  /** Shards that are being prepared for a full sync: not in the journal yet, and to be counted by other migrations. */
  readonly #begins = new Set<number>();
  #sight: Sight;
  #asOf: number | null = null;
  #reason: string | null = null;
  /** Why a cut-over that was taken up has to be let go; a restart unless we know better. */
  #letGoWhy = 'the bot was restarted in the middle of it.';
  /** Whether this process began the cut-over that the journal shows. */
  #ownCutover = false;
  #ticks = 0;
  /** By shard, as last counted; null before the first tick. */
  #fullSyncs: readonly (number | null)[] | null = null;
  #loop: Promise<void> | null = null;

  constructor(journal: Journal, deps: MigratorDeps) {
    this.#journal = journal;
    // A server that a cut-over of ours has locked lets us in by its lock.
    this.#deps = { ...deps, alsoTry: lockTried(deps, () => journal.state) };
    this.#log = deps.log.child({ migration: journal.state.plan.id });
    this.#watch = createWatch(journal.state, deps.clock, this.#deps);
    this.#sight = {
      wallNow: deps.clock.now(),
      shards: null,
      taken: new Map(),
      elsewhere: IDLE,
      predictedPauseMs: null,
      ...UNWATCHED,
    };
  }

  get journal(): Journal {
    return this.#journal;
  }

  view(): MigrationView {
    const { clock, policy } = this.#deps;
    return viewOf({
      state: this.#journal.state,
      rows: this.#journal.rows,
      sight: { ...this.#sight, wallNow: clock.now() },
      policy,
      asOf: this.#asOf,
      lateClients: this.#journal.state.phase === 'switched' ? this.#quiet.clients() : [],
      lateWriters:
        this.#journal.state.phase === 'switched' ? this.#quiet.text(this.#journal.state, clock.monotonicMs()) : null,
      engineReason: this.#reason,
    });
  }

  /** Run ids of its servers, as they were checked and as they were seen last. */
  runIds(): readonly string[] {
    const reports = this.#journal.state.preflight?.shards ?? [];
    const checked = reports.flatMap((one) => [one.source?.runId, one.destination?.runId]);
    const seen = (this.#sight.shards ?? []).flatMap(({ look }) =>
      [look.source, look.destination].map((one) => (one.ok ? one.facts.runId : null)),
    );
    return [...checked, ...seen].filter((id) => id != null);
  }

  /** Its full syncs that are under way, as last seen. */
  syncLoad(): SyncLoad {
    const { shards } = this.#sight;
    return shards === null ? IDLE : syncLoad(this.#journal.state, shards, this.#begins);
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Ends the loop after what is in flight. May be called twice. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    await Promise.allSettled(this.#work.values());
    this.#watch.close();
  }

  /** Judges a click that is in the journal. Judged again after a restart if no verdict is there. */
  async settleClick(seq: number): Promise<ClickAnswer> {
    const find = () => this.#journal.state.clicks.find((one) => one.seq === seq);
    const user = find()?.event.user;
    if (user === undefined) return { accepted: false, text: 'This click was dealt with already.' };
    const [request, approve] = await Promise.all([
      this.#deps.authorizer.mayRequest(user),
      this.#deps.authorizer.mayApprove(user),
    ]);
    const click = find();
    if (!click) return { accepted: false, text: 'This click was dealt with already.' };
    const sight = { ...this.#sight, wallNow: this.#deps.clock.now() };
    const verdict = judgeClick(click, this.#journal.state, sight, this.#deps.policy, { request, approve });
    this.#journal.append(verdict.rows, user);
    return { accepted: verdict.accepted, text: verdict.text };
  }

  async #run(): Promise<void> {
    const { clock, metrics } = this.#deps;
    while (!this.#stop.signal.aborted && !hasEnded(this.#journal.state.phase)) {
      const began = clock.monotonicMs();
      await this.#tick();
      const took = clock.monotonicMs() - began;
      metrics.tickSeconds(took / 1000);
      await clock.sleep(Math.max(0, TICK_MS - took), this.#stop.signal);
    }
    if (hasEnded(this.#journal.state.phase)) this.#watch.close();
  }

  async #tick(): Promise<void> {
    try {
      await this.#observe();
      if (this.#stop.signal.aborted) return;
      // Others may have begun full syncs while we looked.
      this.#sight = { ...this.#sight, elsewhere: this.#deps.elsewhere() };
      const decision = decide(this.#journal.state, this.#sight, this.#deps.policy);
      if (!this.#work.has('cutover')) this.#reason = null;
      this.#carryOut(decision);
    } catch (error) {
      this.#failed('tick', error);
    }
    this.#deps.changed();
  }

  async #observe(): Promise<void> {
    const { clock, policy } = this.#deps;
    const { phase } = this.#journal.state;
    if (phase === 'checking') return;
    this.#ticks += 1;
    const all = phase === 'switched' && this.#ticks % CLIENTS_EVERY === 1;
    const clients = all ? 'all' : phase === 'planned' ? 'none' : 'replicas';
    const withSettings = (phase === 'syncing' || phase === 'streaming') && this.#ticks % SETTINGS_EVERY === 1;
    const optionsOf = (shard: number, side: Side): LookOptions => ({
      ...(side === 'source' ? { clients, commandStats: true } : BRIEF),
      ...(withSettings ? { settings: settingsToWatch(this.#journal.state, shard, side) } : {}),
    });
    await this.#watch.refresh(optionsOf, PATIENCE_MS);
    // The phase may have changed while the servers were asked: what follows is judged by the state as it is now.
    const { state } = this.#journal;
    const shards = this.#watch.sights(state, policy.maxLagBytes);
    const quiet = state.phase === 'switched' ? this.#quiet.look(state, shards, clock.monotonicMs()) : UNWATCHED;
    this.#asOf = clock.now();
    const { taken, elsewhere } = this.#deps;
    const goes = shards.filter((one) => one.verdict.state === 'in_step' || one.verdict.state === 'catching_up');
    const predictedPauseMs = this.#watch.predictPauseMs(goes, this.#journal.appendMs);
    this.#sight = {
      wallNow: clock.now(),
      shards,
      taken: taken(),
      elsewhere: elsewhere(),
      predictedPauseMs,
      ...quiet,
    };
    this.#countFullSyncs();
  }

  /** Tells the metrics of full syncs since the last tick; those from before this process began are not ours to count. */
  #countFullSyncs(): void {
    const now = (this.#sight.shards ?? []).map((one) => one.verdict.fullSyncs);
    for (const [index, count] of now.entries()) {
      const before = this.#fullSyncs?.[index] ?? 0;
      if (this.#fullSyncs) for (let fresh = before; fresh < (count ?? 0); fresh++) this.#deps.metrics.fullSync();
    }
    this.#fullSyncs = now.map((count, index) => count ?? this.#fullSyncs?.[index] ?? null);
  }

  #carryOut(decision: Decision): void {
    const { enter } = decision;
    const closing = decision.rows.filter((row) => row.kind === 'summary');
    const rows: Event[] = decision.rows.filter((row) => row.kind !== 'summary');
    if (enter) rows.push({ kind: 'phase_entered', ...enter });
    this.#journal.append([...rows, ...closing]);
    const busy = new Set(this.#work.keys());
    // A setting of ours that is still on its way to a server would arrive after the old one was put back.
    const mayGo = (one: Effect) =>
      one.kind !== 'restore_config' || !(busy.has('preflight') || busy.has(`shard ${one.shard}`));
    for (const effect of decision.effects.filter(mayGo)) this.#inFlight(keyOf(effect), () => this.#act(effect));
    if (decision.run === 'preflight') this.#inFlight('preflight', () => this.#preflight());
    if (decision.run === 'cut_over') this.#inFlight('cutover', () => this.#cutOver());
  }

  async #act(effect: Effect): Promise<void> {
    if (effect.kind === 'replicate') this.#begins.add(effect.shard);
    await act(effect, this.#journal, this.#deps).finally(() => this.#begins.delete(effect.shard));
  }

  /** Runs work beside the ticks, unless the same is running already. */
  #inFlight(key: string, work: () => Promise<void>): void {
    if (this.#work.has(key)) return;
    const running = work()
      .catch((error: unknown) => this.#failed(key, error))
      .finally(() => {
        this.#work.delete(key);
        this.#deps.changed();
      });
    this.#work.set(key, running);
  }

  async #preflight(): Promise<void> {
    const { entry } = this.#journal.state;
    // Aborted meanwhile: nobody waits for it any more.
    const still = () => this.#journal.state.entry === entry && !this.#stop.signal.aborted;
    const report = await runPreflightWithTrials(this.#journal, this.#deps.taken(), this.#deps, still);
    if (!still()) return;
    this.#asOf = this.#deps.clock.now();
    const isAsBefore = report.findings.every((one) => one.code !== 'trial_left');
    const reason = `Every server was looked at. ${isAsBefore ? 'Nothing has been changed.' : 'What a trial has left is still to be put back.'}`;
    this.#journal.append([
      { kind: 'preflight_done', report },
      { kind: 'phase_entered', phase: 'planned', reason },
    ]);
  }

  async #cutOver(): Promise<void> {
    const begun = this.#journal.state.cutover !== null;
    if (!begun) this.#ownCutover = true;
    if (begun && !this.#ownCutover)
      this.#log.warn({ step: this.#journal.state.cutover?.step ?? 'none' }, 'Takes up a cut-over that was interrupted');
    const answer: CutoverAnswer = begun
      ? { waitsFor: await settle(this.#journal, this.#deps, this.#letGoWhy), why: null }
      : await cutOver(this.#journal, this.#deps, ...groupOf(this.#journal.state));
    this.#reason = answer.waitsFor;
    if (answer.why !== null) this.#letGoWhy = answer.why;
    if (answer.waitsFor === null) {
      this.#ownCutover = false;
      this.#letGoWhy = 'the bot was restarted in the middle of it.';
      this.#watch.unsettle();
    }
  }

  #failed(what: string, error: unknown): void {
    this.#log.error({ err: error, what }, 'Could not do a piece of work');
    const text = error instanceof Error ? error.message : String(error);
    this.#reason = `The bot could not go on (${text}). It tries again every second; the servers go on as they are.`;
    if (what === 'cutover') this.#letGoWhy = text;
  }
}

/** Which way writes go in this phase, and of which shards. */
function groupOf({ phase, shards }: MigrationState): [Way, readonly number[]] {
  const way = phase === 'rolling_back' ? 'back' : 'over';
  return [way, shards.filter((one) => one.promoted === (way === 'back')).map((one) => one.index)];
}

/** What a full sync depends on, and every setting of ours that is still to be put back; no secret is read for this. */
function settingsToWatch(state: MigrationState, shard: number, side: Side): readonly string[] {
  const own = state.ledger.filter(
    (one) => one.shard === shard && one.side === side && !one.closed && one.value !== null,
  );
  const sync = side === 'source' ? SOURCE_SYNC_SETTINGS : DESTINATION_SYNC_SETTINGS;
  return [...new Set([...sync, ...own.map((one) => one.name)])];
}

function keyOf(effect: Effect): string {
  return effect.kind === 'restore_config' ? `restore ${effect.ledger}` : `shard ${effect.shard}`;
}
