/** An engine on real servers without Slack, as a benchmark needs it. */
import { systemClock } from '../../src/clock.ts';
import { parseAllowedHosts } from '../../src/domain/allowed-hosts.ts';
import { Secret } from '../../src/domain/secret.ts';
import { Engine } from '../../src/engine/engine.ts';
import { emptyInventory } from '../../src/inventory.ts';
import { type Metrics, noLog, noMetrics, SecretRegistry } from '../../src/log.ts';
import { createPasswordVault } from '../../src/passwords.ts';
import { createCalendar } from '../../src/schedule/calendar.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';

/** `file`: where the journal is; `:memory:` leaves the disk out of the figures. */
export function createBenchEngine(file: string, metrics: Partial<Metrics> = {}) {
  const registry = new SecretRegistry();
  const store = openSqliteStore({ file, secrets: registry, clock: systemClock });
  const allowed = parseAllowedHosts('127.0.0.1');
  if (!allowed.ok) throw new Error(allowed.problems.join());
  const yes = () => Promise.resolve({ ok: true as const });
  const engine = new Engine({
    clock: systemClock,
    store,
    registry,
    passwords: createPasswordVault({
      botToken: new Secret('bench'),
      env: {},
      readFile: () => '',
      secrets: registry,
      clock: systemClock,
    }),
    policy: {
      approvals: { continue: 1, switch: 1, finish: 1 },
      selfApproval: true,
      approvalTtlMs: 3_600_000,
      remindMs: 1_800_000,
      escalateMs: 7_200_000,
      quietMs: 30_000,
      maxLagBytes: 1_048_576,
      maxPauseMs: 2_000,
      syncsPerHost: 1_000,
      syncsTotal: 1_000,
      tuneSyncs: false,
      maxSourceLatencyMs: 60_000,
      maxSourceMemoryPercent: 100,
      calendar: createCalendar(),
    },
    groups: () => emptyInventory,
    allowedHosts: allowed.allowed,
    allowTypedPasswords: false,
    defaultCutover: 'fenced',
    authorizer: { mayRequest: yes, mayApprove: yes },
    hooks: null,
    resolve: () => Promise.resolve(['127.0.0.1']),
    log: noLog,
    metrics: { ...noMetrics, ...metrics },
  });
  engine.start();
  return {
    engine,
    async close(): Promise<void> {
      await engine.stop();
      store.close();
    },
  };
}
