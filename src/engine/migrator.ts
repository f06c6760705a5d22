/**
 * One migration at work: a watching half and an acting half, once a second. Owns the journal, the watch and the work in
 * flight. A tick never waits for work: what takes long (a slow server, the cut-over, preflight) runs beside it, and is
 * not asked for again until it has ended. When the journal cannot be written, nothing is done and the reason is shown.
 */
import type { Clock } from '../clock.ts';
import { isAxing } from '../domain/axe.ts';
import { syncLoad } from '../domain/begin.ts';
import { groupOf } from '../domain/canary.ts';
import { judgeClick } from '../domain/click.ts';
import { lostRows } from '../domain/click-verdict.ts';
import { decide } from '../domain/decide.ts';
import { type Decision, NOTHING } from '../domain/decision.ts';
import type { Effect, Event, JournalRow } from '../domain/event.ts';
import type { Policy } from '../domain/gate.ts';
import type { Hooks } from '../domain/hook.ts';
import { type Gate, hasEnded } from '../domain/phase.ts';
import type { MigrationId } from '../domain/plan.ts';
import type { Sample } from '../domain/sample.ts';
import { type ShardDetail, shardDetailOf } from '../domain/shard-detail.ts';
import { NO_SYNCS, type SyncLoad } from '../domain/sight.ts';
import type { MigrationView } from '../domain/view.ts';
import { viewOf } from '../domain/view-of.ts';
import type { Log, Metrics } from '../log.ts';
import { act } from './act.ts';
import { swingAxe } from './axe.ts';
import type { CrashPoint } from './cutover/crash-points.ts';
import { CutoverWork } from './cutover/cutover-work.ts';
import { lockTried } from './cutover/lock-password.ts';
import type { HandsDeps } from './hands.ts';
import { HookSender } from './hook-sender.ts';
import type { Journal } from './journal.ts';
import { Observer } from './observer.ts';
import { runPreflightWithTrials } from './preflight.ts';
import { lostOf, rightsOf } from './rights.ts';
import { Samples, type SamplesDeps } from './samples.ts';
import type { Authorizer, ClickAnswer } from './service.ts';

export interface MigratorDeps extends HandsDeps {
  readonly store: SamplesDeps['store'];
  readonly clock: Clock;
  readonly policy: Policy;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly authorizer: Authorizer;
  readonly at?: (place: CrashPoint) => void;
  /** For tests that wait for many ticks; a second where it is not given. */
  readonly tickMs?: number;
  readonly hooks: Hooks | null;
  /** Run ids of the servers of other unfinished migrations. */
  readonly taken: () => ReadonlyMap<string, MigrationId>;
  /** Full syncs of other migrations. */
  readonly elsewhere: () => SyncLoad;
  /** Called after every tick. */
  readonly changed: () => void;
}

const TICK_MS = 1_000;

export class Migrator {
  readonly #journal: Journal;
  readonly #deps: MigratorDeps;
  readonly #log: Log;
  readonly #observer: Observer;
  readonly #hooks: HookSender;
  readonly #cutover: CutoverWork;
  readonly #tickMs: number;
  readonly #samples: Samples;
  readonly #stop = new AbortController();
  /** Work in flight by what it is for. */
  readonly #work = new Map<string, Promise<void>>();
  /** Shards that are being prepared for a full sync: not in the journal yet, and to be counted by other migrations. */
  readonly #begins = new Set<number>();
  /** Why work of ours broke off, until it is tried again. */
  #failure: string | null = null;
  /** What a cut-over waits for, in the phase that was entered by that row. Said also while it tries again. */
  #waits: { readonly entry: number; readonly text: string } | null = null;
  #loop: Promise<void> | null = null;
  /** Settles when the click before is judged. */
  #judged: Promise<void> = Promise.resolve();
  /** That the bot was started again is not in the journal yet. */
  #unsaid = false;

  constructor(journal: Journal, deps: MigratorDeps) {
    this.#journal = journal;
    // A server that a cut-over of ours has locked lets us in by its lock.
    this.#deps = { ...deps, alsoTry: lockTried(deps, () => journal.state) };
    this.#log = deps.log.child({ migration: journal.state.plan.id });
    this.#tickMs = deps.tickMs ?? TICK_MS;
    this.#samples = new Samples(journal.state.plan.id, { ...deps, log: this.#log });
    this.#observer = new Observer(journal, { ...this.#deps, log: this.#log }, this.#tickMs);
    this.#hooks = new HookSender(journal, { ...deps, log: this.#log });
    this.#cutover = new CutoverWork(journal, this.#deps, this.#hooks, this.#log);
  }

  get journal(): Journal {
    return this.#journal;
  }

  view(): MigrationView {
    const { policy } = this.#deps;
    const { state, rows } = this.#journal;
    return viewOf({
      state,
      rows,
      policy,
      ...this.#observer.view(),
      engineReason: this.#failure ?? (this.#waits?.entry === state.entry ? this.#waits.text : null),
      hookTroubles: this.#hooks.troubles,
    });
  }

  /** One shard's page. `rows`: newest first. */
  shard(index: number, rows: readonly JournalRow[], hasOlder: boolean): ShardDetail | null {
    const { state } = this.#journal;
    return shardDetailOf({ state, sight: this.#observer.sight, view: this.view(), shard: index, rows, hasOlder });
  }

  /** How it went so far, for the chart. */
  samples(): readonly Sample[] {
    return this.#samples.all();
  }

  /** Run ids of its servers, as they were checked and as they were seen last. */
  runIds(): readonly string[] {
    const reports = this.#journal.state.preflight?.shards ?? [];
    const checked = reports.flatMap((one) => [one.source?.runId, one.destination?.runId]);
    const seen = (this.#observer.sight.shards ?? []).flatMap(({ look }) =>
      [look.source, look.destination].map((one) => (one.ok ? one.facts.runId : null)),
    );
    return [...checked, ...seen].filter((id) => id != null);
  }

  /** Its full syncs that are under way, as last seen. */
  syncLoad(): SyncLoad {
    const { shards } = this.#observer.sight;
    return shards === null ? NO_SYNCS : syncLoad(this.#journal.state, shards, this.#begins);
  }

  /** Sends the webhooks that are due, also those of a migration that has ended. */
  sendHooks(): void {
    this.#hooks.wake();
  }

  /** `again`: the bot was started again, and this migration goes on. */
  start(again = false): void {
    this.#unsaid ||= again;
    this.#loop ??= this.#run();
  }

  /** Goes on shutting down the old servers, if that was asked for: the one work on a migration that has ended. */
  takeUpAxe(): void {
    if (isAxing(this.#journal.state))
      this.#inFlight('axe', () => swingAxe(this.#journal, this.#deps, this.#stop.signal));
  }

  /** Ends the loop after what is in flight. May be called twice. */
  async stop(): Promise<void> {
    this.#stop.abort();
    const told = this.#hooks.stop();
    await this.#loop;
    await Promise.allSettled([told, ...this.#work.values()]);
    this.#samples.flush();
    this.#observer.close();
  }

  /**
   * Judges a click that is in the journal, in the order in which they came: Slack may take longer to say who the first one
   * was. Judged again after a restart if no verdict is there.
   */
  settleClick(seq: number): Promise<ClickAnswer> {
    const judged = this.#judged.then(() => this.#judge(seq));
    this.#judged = judged.then(
      () => undefined,
      () => undefined,
    );
    return judged;
  }

  async #judge(seq: number): Promise<ClickAnswer> {
    const find = () => this.#journal.state.clicks.find((one) => one.seq === seq);
    const user = find()?.event.user;
    if (user === undefined) return { accepted: false, text: 'This click was dealt with already.' };
    const rights = await rightsOf(user, this.#journal.state, this.#deps.authorizer);
    const click = find();
    if (!click) return { accepted: false, text: 'This click was dealt with already.' };
    const verdict = judgeClick(click, this.#journal.state, this.#observer.sight, this.#deps.policy, rights);
    this.#journal.append(verdict.rows, user);
    // What somebody was asked to decide may be decided.
    if (verdict.accepted) this.#waits = null;
    this.takeUpAxe();
    return { accepted: verdict.accepted, text: verdict.text };
  }

  async #run(): Promise<void> {
    const { clock, metrics } = this.#deps;
    while (!this.#stop.signal.aborted && !hasEnded(this.#journal.state.phase)) {
      const began = clock.monotonicMs();
      await this.#tick();
      const took = clock.monotonicMs() - began;
      metrics.tickSeconds(took / 1000);
      await clock.sleep(Math.max(0, this.#tickMs - took), this.#stop.signal);
    }
    this.#samples.flush();
    if (hasEnded(this.#journal.state.phase)) this.#observer.close();
  }

  async #tick(): Promise<void> {
    try {
      this.#sayResumed();
      await this.#observer.look(this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      // Others may have begun full syncs while we looked.
      const sight = { ...this.#observer.sight, elsewhere: this.#deps.elsewhere() };
      const { state } = this.#journal;
      this.#samples.take(state, sight, this.#work.has('cutover'));
      const decision = this.#observer.isCurrent ? decide(state, sight, this.#deps.policy) : NOTHING;
      if (!this.#work.has('cutover')) this.#failure = null;
      this.#carryOut(decision);
    } catch (error) {
      this.#failed('tick', error);
    }
    this.#deps.changed();
  }

  /** Before anything else. While the disk is full it throws, as all work does, and is tried again. */
  #sayResumed(): void {
    if (!this.#unsaid) return;
    const detail = `The bot was started again. The migration is ${this.#journal.state.phase.replaceAll('_', ' ')}.`;
    this.#journal.append([{ kind: 'resumed', detail }]);
    this.#unsaid = false;
  }

  #carryOut(decision: Decision): void {
    const { byItself, enter } = decision;
    const closing = decision.rows.filter((row) => row.kind === 'summary');
    const rows: Event[] = decision.rows.filter((row) => row.kind !== 'summary');
    if (enter && byItself === undefined) rows.push({ kind: 'phase_entered', ...enter });
    this.#journal.append([...rows, ...closing]);
    const busy = new Set(this.#work.keys());
    // A setting of ours that is still on its way to a server would arrive after the old one was put back.
    // So would an order to a shard that is about to go over.
    const goes = busy.has('cutover') ? groupOf(this.#journal.state)[1] : [];
    const mayGo = (one: Effect) =>
      !goes.includes(one.shard) &&
      (one.kind !== 'restore_config' || !(busy.has('preflight') || busy.has(`shard ${one.shard}`)));
    for (const effect of decision.effects.filter(mayGo)) this.#inFlight(keyOf(effect), () => this.#act(effect));
    if (byItself !== undefined) this.#inFlight('gate', () => this.#passByItself(byItself));
    if (decision.run === 'preflight') this.#inFlight('preflight', () => this.#preflight());
    if (decision.run === 'cut_over' && this.#mayCutOver()) this.#inFlight('cutover', () => this.#cutOver());
  }

  /** An order that is still on its way to a server could arrive in the middle of a cut-over that begins now. */
  #mayCutOver(): boolean {
    const { state } = this.#journal;
    return state.cutover !== null || groupOf(state)[1].every((shard) => !this.#work.has(`shard ${shard}`));
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
    this.#observer.sawAll();
    const isAsBefore = report.findings.every((one) => one.code !== 'trial_left');
    const reason = `Every server was looked at. ${isAsBefore ? 'Nothing has been changed.' : 'What a trial has left is still to be put back.'}`;
    const done: Event = { kind: 'preflight_done', report };
    // Right before a scheduled start it stays planned, so that approvals count on if nothing else was found.
    const again = this.#journal.state.phase === 'planned';
    this.#journal.append(again ? [done] : [done, { kind: 'phase_entered', phase: 'planned', reason }]);
  }

  /** By approvals that may be days old: whoever gave them is asked about once more, and what was decided is decided anew. */
  async #passByItself(gate: Gate): Promise<void> {
    const { policy, authorizer } = this.#deps;
    const gone = await lostOf(this.#journal.state, authorizer);
    const { state } = this.#journal;
    const lost = state.approvals.filter((one) => one.gate === gate && one.void === null && gone.has(one.user));
    this.#journal.append(lostRows(gate, lost));
    if (!this.#observer.isCurrent) return;
    const now = decide(this.#journal.state, this.#observer.sight, policy);
    if (now.byItself === gate && now.enter !== null) this.#journal.append([{ kind: 'phase_entered', ...now.enter }]);
  }

  async #cutOver(): Promise<void> {
    const text = await this.#cutover.goOn();
    this.#failure = null;
    this.#waits = text === null ? null : { entry: this.#journal.state.entry, text };
    if (text === null) this.#observer.unsettle();
  }

  #failed(what: string, error: unknown): void {
    this.#log.error({ err: error, what }, 'Could not do a piece of work');
    const text = error instanceof Error ? error.message : String(error);
    this.#failure = `The bot could not go on (${text}). It tries again every second; the servers go on as they are.`;
    if (what === 'cutover') this.#cutover.brokeOff(text);
  }
}

function keyOf(effect: Effect): string {
  return effect.kind === 'restore_config' ? `restore ${effect.ledger}` : `shard ${effect.shard}`;
}
