/**
 * All migrations of this bot. Owns the migrators; takes up every unfinished migration on start. Knows neither Slack nor
 * how anything is shown: listeners call its methods and are called back when something changed.
 */
import type { Clock } from '../clock.ts';
import type { AllowedHosts } from '../domain/allowed-hosts.ts';
import { isAxing } from '../domain/axe.ts';
import { type DraftContext, draftPlan, type Groups } from '../domain/draft.ts';
import { addressOf } from '../domain/endpoint.ts';
import type { JournalRow } from '../domain/event.ts';
import type { Policy } from '../domain/gate.ts';
import type { Hooks } from '../domain/hook.ts';
import { hasEnded, type Phase } from '../domain/phase.ts';
import { type Cutover, type MigrationId, migrationIdFrom, type Plan, type PlanRequest } from '../domain/plan.ts';
import { makeReport } from '../domain/report/make-report.ts';
import { Secret } from '../domain/secret.ts';
import type { SyncLoad } from '../domain/sight.ts';
import { plainTimes } from '../domain/time-mark.ts';
import type { MigrationView } from '../domain/view.ts';
import { entryOf } from '../domain/view-of.ts';
import type { Log, Metrics } from '../log.ts';
import type { Store } from '../store/store.ts';
import type { CrashPoint } from './cutover/crash-points.ts';
import type { HandsDeps } from './hands.ts';
import { checkHosts, type Resolve } from './hosts.ts';
import { Journal } from './journal.ts';
import { Migrator } from './migrator.ts';
import { runPreflight } from './preflight.ts';
import type { Authorizer, ClickAnswer, ClickRequest, ClickTicket, Housekeeping, MigrationService } from './service.ts';

export interface EngineDeps extends HandsDeps {
  readonly clock: Clock;
  readonly store: Store;
  readonly policy: Policy;
  /** Called at each named place of a cut-over; for tests that end the process there. */
  readonly at?: (place: CrashPoint) => void;
  /** As in `MigratorDeps`. */
  readonly tickMs?: number;
  readonly groups: () => Groups;
  readonly allowedHosts: AllowedHosts;
  readonly allowTypedPasswords: boolean;
  readonly defaultCutover: Cutover;
  readonly authorizer: Authorizer;
  /** Null: nobody is told by webhook. */
  readonly hooks: Hooks | null;
  readonly resolve: Resolve;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** How many rows of the journal a shard's page shows at a time. */
const SHARD_EVENTS = 10;

export class Engine implements MigrationService, Housekeeping {
  readonly #deps: EngineDeps;
  readonly #migrators = new Map<MigrationId, Migrator>();
  readonly #listeners = new Set<(id: MigrationId) => void>();
  #stopping = false;
  #beatAt: number;

  constructor(deps: EngineDeps) {
    this.#deps = deps;
    this.#beatAt = deps.clock.monotonicMs();
  }

  /** Takes up what the store holds. Needs neither Slack nor a server to answer. */
  start(): void {
    for (const record of this.#deps.store.migrations().toReversed()) {
      const migrator = this.#load(record.id);
      const { state } = migrator.journal;
      migrator.sendHooks();
      if (hasEnded(state.phase)) {
        migrator.takeUpAxe();
        continue;
      }
      migrator.start(true);
    }
  }

  /**
   * Judges clicks that were journalled before a restart and that no verdict followed. Needs Slack, for the groups. What
   * cannot be judged now, the disk being full say, is judged after the next start.
   */
  async settleOldClicks(): Promise<void> {
    for (const { journal } of this.#migrators.values()) {
      const { clicks, plan } = journal.state;
      for (const { seq } of clicks)
        await this.settleClick({ migration: plan.id, seq }).catch((error: unknown) =>
          this.#deps.log.error({ err: error, migration: plan.id }, 'Could not judge an earlier click'),
        );
    }
  }

  /** Ends all loops after what is in flight. May be called twice. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#migrators.values()].map((one) => one.stop()));
  }

  /** Milliseconds since a migration at work last ended a tick; 0 when none is at work. */
  silentMs(): number {
    const working = [...this.#migrators.values()].some((one) => !hasEnded(one.journal.state.phase));
    return working ? this.#deps.clock.monotonicMs() - this.#beatAt : 0;
  }

  draft(request: PlanRequest, by: { readonly user: string; readonly channel: string }) {
    const facts = { id: this.#freshId(), requestedBy: by.user, channel: by.channel, createdAt: this.#deps.clock.now() };
    return draftPlan(request, facts, this.#draftContext());
  }

  async checkHosts(plan: Plan) {
    const problems = await checkHosts(plan, this.#deps.allowedHosts, this.#deps.resolve);
    return problems.length === 0 ? null : { ok: false as const, problems };
  }

  open(plan: Plan, messageTs: string) {
    // Between the draft and now another migration may have taken one of the servers.
    const taken = this.#takenAddresses();
    const problems = plan.shards.flatMap((shard) =>
      (['source', 'destination'] as const).flatMap((side) => {
        const owner = taken.get(addressOf(shard[side]));
        if (owner === undefined || owner === plan.id) return [];
        const field = side === 'source' ? ('sources' as const) : ('destinations' as const);
        return [{ field, text: `${addressOf(shard[side])} belongs to migration ${owner}, which has not ended.` }];
      }),
    );
    if (problems.length > 0) return { ok: false as const, problems };
    if (this.#migrators.has(plan.id)) return { ok: true as const };
    const journal = Journal.create(this.#deps, plan, messageTs, this.#appended(plan.id));
    const migrator = this.#migrator(journal);
    if (!this.#stopping) migrator.start();
    this.#changed(plan.id);
    return { ok: true as const };
  }

  check(plan: Plan) {
    return runPreflight(plan, this.#takenRunIds(plan.id), this.#deps);
  }

  click(request: ClickRequest): ClickTicket | null {
    const migrator = this.#migrators.get(request.migration);
    if (!migrator) return null;
    const { state } = migrator.journal;
    // An old copy of the button gets the number 0, which no phase entry has.
    const entry = request.value === null ? null : (entryOf(request.value, state) ?? 0);
    const { action, user, typedName, reason } = request;
    const typed = { typedName, ...(reason === undefined ? {} : { reason }) };
    const [row] = migrator.journal.append([{ kind: 'clicked', action, user, entry, ...typed }], user);
    return row ? { migration: request.migration, seq: row.seq } : null;
  }

  async settleClick(ticket: ClickTicket): Promise<ClickAnswer> {
    const migrator = this.#migrators.get(ticket.migration);
    if (!migrator) return { accepted: false, text: 'There is no such migration.' };
    try {
      return await migrator.settleClick(ticket.seq);
    } catch (error) {
      this.#deps.log.error({ err: error, migration: ticket.migration }, 'Could not judge a click');
      const text = error instanceof Error ? error.message : String(error);
      return {
        accepted: false,
        text: `The bot could not act on this click: ${text} It will be judged again when the bot restarts.`,
      };
    }
  }

  view(id: MigrationId): MigrationView | null {
    return this.#migrators.get(id)?.view() ?? null;
  }

  views(which: 'running' | 'all'): readonly MigrationView[] {
    return [...this.#migrators.values()]
      .toReversed()
      .filter((one) => which === 'all' || !hasEnded(one.journal.state.phase))
      .map((one) => one.view());
  }

  /** Where each one stands; much cheaper than their views. */
  phases(): readonly Phase[] {
    return [...this.#migrators.values()].map((one) => one.journal.state.phase);
  }

  shard(id: MigrationId, index: number, before: number | null) {
    const migrator = this.#migrators.get(id);
    if (!migrator) return null;
    const rows = this.#deps.store.shardRows(id, index, before, SHARD_EVENTS + 1);
    return migrator.shard(index, rows.slice(0, SHARD_EVENTS), rows.length > SHARD_EVENTS);
  }

  rows(id: MigrationId, after: number) {
    return this.#deps.store.journal(id, after);
  }

  report(id: MigrationId) {
    const migrator = this.#migrators.get(id);
    return migrator ? makeReport(migrator.journal.state, this.#deps.store.journal(id)) : null;
  }

  samples(id: MigrationId) {
    return this.#migrators.get(id)?.samples() ?? [];
  }

  messagePosted(id: MigrationId, ts: string, why: string): void {
    this.#migrators.get(id)?.journal.append([{ kind: 'message_posted', ts, why }]);
  }

  slackWasAway(id: MigrationId, from: number, to: number): void {
    const journal = this.#migrators.get(id)?.journal;
    const isTold = journal?.rows.some(({ event }) => event.kind === 'slack_away' && event.from === from);
    if (!isTold) journal?.append([{ kind: 'slack_away', from, to }]);
  }

  forgetEnded(before: number): readonly MigrationId[] {
    const old = [...this.#migrators].filter(([, { journal }]) => {
      const { phase, phaseSince, hooks, clicks } = journal.state;
      const done = hasEnded(phase) && hooks.length === 0 && clicks.length === 0 && !isAxing(journal.state);
      return done && phaseSince < before;
    });
    return old.map(([id, migrator]) => {
      const { version, phase, phaseSince } = migrator.journal.state;
      this.#deps.store.remove(id, version);
      this.#migrators.delete(id);
      const endedAt = new Date(phaseSince).toISOString();
      this.#deps.log.info({ migration: id, phase, endedAt }, 'Deleted the journal of a migration that ended long ago');
      return id;
    });
  }

  onChange(listener: (id: MigrationId) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Every row is also a line of the log: one story for whoever reads either. */
  #appended(id: MigrationId) {
    return (rows: readonly JournalRow[]) => {
      for (const { seq, actor, event, shard, text } of rows) {
        this.#deps.log.info({ migration: id, seq, actor, kind: event.kind, shard, text: plainTimes(text) }, 'Journal');
      }
      this.#migrators.get(id)?.sendHooks();
      this.#changed(id);
    };
  }

  #changed(id: MigrationId): void {
    for (const listener of this.#listeners) listener(id);
  }

  #load(id: MigrationId): Migrator {
    return this.#migrator(Journal.load(this.#deps, id, this.#appended(id)));
  }

  #migrator(journal: Journal): Migrator {
    const { id } = journal.state.plan;
    const changed = () => {
      this.#beatAt = this.#deps.clock.monotonicMs();
      this.#changed(id);
    };
    const migrator = new Migrator(journal, {
      ...this.#deps,
      taken: () => this.#takenRunIds(id),
      elsewhere: () => this.#syncLoadElsewhere(id),
      changed,
    });
    this.#migrators.set(id, migrator);
    return migrator;
  }

  #freshId(): MigrationId {
    for (;;) {
      const id = migrationIdFrom(this.#deps.clock.randomBytes(4));
      if (!this.#migrators.has(id)) return id;
    }
  }

  #draftContext(): DraftContext {
    const { passwords, registry, allowedHosts, allowTypedPasswords, defaultCutover } = this.#deps;
    const seal = (password: string) => {
      registry.add(password);
      return passwords.seal(new Secret(password));
    };
    return {
      groups: this.#deps.groups(),
      allowedHosts,
      allowTypedPasswords,
      defaultCutover,
      seal,
      taken: this.#takenAddresses(),
      calendar: this.#deps.policy.calendar,
    };
  }

  #unfinished(): Migrator[] {
    return [...this.#migrators.values()].filter((one) => !hasEnded(one.journal.state.phase));
  }

  #takenAddresses(): Map<string, MigrationId> {
    const taken = new Map<string, MigrationId>();
    for (const { journal } of this.#unfinished()) {
      const { plan } = journal.state;
      for (const { source, destination } of plan.shards) {
        taken.set(addressOf(source), plan.id);
        taken.set(addressOf(destination), plan.id);
      }
    }
    return taken;
  }

  #syncLoadElsewhere(except: MigrationId): SyncLoad {
    const perHost = new Map<string, number>();
    let total = 0;
    for (const migrator of this.#unfinished()) {
      if (migrator.journal.state.plan.id === except) continue;
      const load = migrator.syncLoad();
      total += load.total;
      for (const [host, many] of load.perHost) perHost.set(host, (perHost.get(host) ?? 0) + many);
    }
    return { total, perHost };
  }

  #takenRunIds(except: MigrationId): Map<string, MigrationId> {
    const taken = new Map<string, MigrationId>();
    for (const migrator of this.#unfinished()) {
      const { id } = migrator.journal.state.plan;
      if (id !== except) for (const runId of migrator.runIds()) taken.set(runId, id);
    }
    return taken;
  }
}
