/** An engine on real servers without Slack: requests go straight to its service. For tests of the engine alone. */
import { type Clock, systemClock } from '../../src/clock.ts';
import { parseAllowedHosts } from '../../src/domain/allowed-hosts.ts';
import type { Policy } from '../../src/domain/gate.ts';
import type { Hooks } from '../../src/domain/hook.ts';
import type { PlanRequest } from '../../src/domain/plan.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { ActionId, MigrationView } from '../../src/domain/view.ts';
import type { CrashPoint } from '../../src/engine/cutover/crash-points.ts';
import { Engine } from '../../src/engine/engine.ts';
import type { Authorizer, ClickAnswer } from '../../src/engine/service.ts';
import { emptyInventory, type Inventory } from '../../src/inventory.ts';
import { noLog, noMetrics, SecretRegistry } from '../../src/log.ts';
import { createPasswordVault } from '../../src/passwords.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { createCalendar } from '../../src/schedule/calendar.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { readText } from './inventory.ts';

export const POLICY: Policy = {
  approvals: { continue: 1, switch: 1, finish: 1 },
  selfApproval: true,
  approvalTtlMs: 3_600_000,
  remindMs: 1_800_000,
  escalateMs: 7_200_000,
  quietMs: 1_500,
  maxLagBytes: 1_048_576,
  maxPauseMs: 2_000,
  syncsPerHost: 8,
  syncsTotal: 8,
  tuneSyncs: true,
  maxSourceLatencyMs: 1_000,
  maxSourceMemoryPercent: 90,
  calendar: createCalendar(),
};

export const ANA = 'U00000ANA';

export const everybody: Authorizer = {
  mayRequest: async () => ({ ok: true }),
  mayApprove: async () => ({ ok: true }),
};

export interface Harness {
  readonly engine: Engine;
  readonly store: Store;
  readonly registry: SecretRegistry;
  /** Starts a migration; throws with the sentences when it is refused. Returns its id. */
  start(request: Partial<PlanRequest> & Pick<PlanRequest, 'sources' | 'destinations'>): Promise<string>;
  view(id: string): MigrationView;
  click(
    id: string,
    action: ActionId,
    options?: { user?: string; typedName?: string; reason?: string; value?: string | null },
  ): Promise<ClickAnswer>;
  /** Waits until the migration is in one of these phases. */
  phase(id: string, ...phases: readonly MigrationView['phase'][]): Promise<MigrationView>;
  /** Waits until a gate is open. */
  open(id: string, gate: 'continue' | 'switch' | 'finish'): Promise<MigrationView>;
  close(): Promise<void>;
}

export interface HarnessOptions {
  readonly store?: Store;
  readonly policy?: Partial<Policy>;
  readonly authorizer?: Authorizer;
  readonly inventory?: Inventory;
  readonly allowTypedPasswords?: boolean;
  readonly clock?: Clock;
  /** Called at each named place of a cut-over. */
  readonly at?: (place: CrashPoint) => void;
  /** A second, as in the bot, where it is not given. */
  readonly tickMs?: number;
  readonly hooks?: Hooks;
}

export function createHarness(options: HarnessOptions = {}): Harness {
  const registry = new SecretRegistry();
  const clock = options.clock ?? systemClock;
  const store = options.store ?? openSqliteStore({ file: ':memory:', secrets: registry, clock });
  const allowed = parseAllowedHosts('127.0.0.1,localhost');
  if (!allowed.ok) throw new Error('unreachable');
  const engine = new Engine({
    clock,
    store,
    registry,
    passwords: createPasswordVault({
      botToken: new Secret('xoxb-for-the-engine-tests'),
      env: process.env,
      readFile: readText,
      secrets: registry,
      clock,
    }),
    policy: { ...POLICY, ...options.policy },
    groups: () => options.inventory ?? emptyInventory,
    allowedHosts: allowed.allowed,
    allowTypedPasswords: options.allowTypedPasswords ?? false,
    defaultCutover: 'fenced',
    authorizer: options.authorizer ?? everybody,
    hooks: options.hooks ?? null,
    resolve: async () => ['127.0.0.1'],
    log: noLog,
    metrics: noMetrics,
    tickMs: options.tickMs ?? 250,
    ...(options.at === undefined ? {} : { at: options.at }),
  });
  engine.start();

  function view(id: string): MigrationView {
    const found = engine.view(id);
    if (!found) throw new Error(`There is no migration ${id}.`);
    return found;
  }

  return {
    engine,
    store,
    registry,
    view,
    async start(request) {
      const drafted = engine.draft({ yesWipe: false, ...request }, { user: ANA, channel: 'C000000MIG' });
      if (!drafted.ok) throw new Error(drafted.problems.map((one) => one.text).join('\n'));
      const refused = (await engine.checkHosts(drafted.plan)) ?? engine.open(drafted.plan, '1700000000.000100');
      if (!refused.ok) throw new Error(refused.problems.map((one) => one.text).join('\n'));
      return drafted.plan.id;
    },
    async click(
      id,
      action,
      {
        user = ANA,
        typedName = null,
        value = null,
        reason,
      }: { user?: string; typedName?: string | null; reason?: string; value?: string | null } = {},
    ) {
      const ticket = engine.click({
        migration: id,
        action,
        user,
        value,
        typedName,
        ...(reason === undefined ? {} : { reason }),
      });
      if (!ticket) throw new Error(`There is no migration ${id}.`);
      return engine.settleClick(ticket);
    },
    async phase(id, ...phases) {
      const what = () => `${phases.join(' or ')}; it is ${view(id).phase}: ${view(id).waitingFor}`;
      await until(() => phases.includes(view(id).phase), { within: 30_000 }).catch(() => {
        const last = view(id)
          .journal.slice(-40)
          .map((row) => `${row.at} ${row.text}`);
        throw new Error([`waited in vain for ${what()}`, ...last].join('\n'));
      });
      return view(id);
    },
    async open(id, gate) {
      await until(() => view(id).gates.find((one) => one.gate === gate)?.open, { within: 30_000 }).catch(() => {
        throw new Error(`gate ${gate} did not open: ${view(id).phase}, ${view(id).waitingFor}`);
      });
      return view(id);
    },
    async close() {
      await engine.stop();
      if (!options.store) store.close();
    },
  };
}
