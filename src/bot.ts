/**
 * The rooms put together: config → adapters → services → Slack. Owns all of them and the order in which they begin and
 * end. Reads no environment and never exits; main.ts does both.
 */
import { lookup } from 'node:dns/promises';
import { systemClock } from './clock.ts';
import type { Config } from './config.ts';
import type { Policy } from './domain/gate.ts';
import { Engine } from './engine/engine.ts';
import { createHooks } from './hooks.ts';
import { type InventoryKeeper, openInventory } from './inventory/keeper.ts';
import type { Log, SecretRegistry } from './log.ts';
import { startAdminServer } from './observability/admin.ts';
import { toBoltLogger } from './observability/bolt-logger.ts';
import { createMetrics } from './observability/metrics.ts';
import { createPasswordVault, type PasswordVault } from './passwords.ts';
import { createCalendar } from './schedule/calendar.ts';
import { startRetention } from './schedule/retention.ts';
import { createSlackApis, createSlackApp, type SlackApp, SlackSaysNoError } from './slack/app.ts';
import { createAuthorizer } from './slack/authorize.ts';
import { openSqliteStore } from './store/sqlite.ts';

/** A loop that has not ended a tick for so long is stuck: whoever watches /livez starts the bot anew. */
const STUCK_MS = 60_000;
/** How long work on servers may go on before Slack is told and closed. */
const WORK_GRACE_MS = 2_500;

/** A configuration that cannot work; one sentence each. */
export class ConfigurationError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}

function policyOf(config: Config): Policy {
  const { approvals, selfApproval, approvalTtlMs, remindMs, escalateMs, quietMs, maxLagBytes, maxPauseMs } = config;
  const { syncsPerHost, syncsTotal, tuneSyncs, maxSourceLatencyMs, maxSourceMemoryPercent } = config;
  return {
    approvals,
    selfApproval,
    approvalTtlMs,
    remindMs,
    escalateMs,
    quietMs,
    maxLagBytes,
    maxPauseMs,
    syncsPerHost,
    syncsTotal,
    tuneSyncs,
    maxSourceLatencyMs,
    maxSourceMemoryPercent,
    calendar: createCalendar(),
  };
}

function inventoryOf(config: Config, vault: PasswordVault, readFile: ReadText, log: Log): InventoryKeeper {
  const opened = openInventory({ path: config.inventoryFile, readFile, allowed: config.allowedHosts, vault, log });
  if (!opened.ok) throw new ConfigurationError(opened.problems);
  return opened.keeper;
}

async function resolveHost(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map((one) => one.address);
}

type ReadText = (path: string) => string;

export interface BotDeps {
  readonly config: Config;
  readonly registry: SecretRegistry;
  readonly log: Log;
  /** For passwords of the inventory. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Throws when the file can't be read. */
  readonly readText: ReadText;
}

export interface Bot {
  /** Resolves when Slack is connected; rejects with ConfigurationError when Slack refuses the credentials. */
  readonly connected: Promise<void>;
  /** Reads the inventory again; plans that were made keep their servers. Never throws. */
  reloadInventory(): void;
  /** Finishes what is in flight, publishes a last status, closes. May be called twice. */
  stop(): Promise<void>;
}

/** Resolves when the store is open and migrations are taken up; Slack may be away still. */
export async function startBot({ config, registry, log, env, readText }: BotDeps): Promise<Bot> {
  const clock = systemClock;
  const vault = createPasswordVault({
    botToken: config.slack.botToken,
    env,
    readFile: readText,
    secrets: registry,
    clock,
  });
  const inventory = inventoryOf(config, vault, readText, log);
  const store = openSqliteStore({ file: config.stateFile, secrets: registry, clock });
  const boltLogger = toBoltLogger(log);
  const metricsRoom = createMetrics({
    views: () => engine.views('running'),
    phases: () => engine.phases(),
    staleMessages: () => slack.staleMessages(),
  });
  const { metrics } = metricsRoom;
  const apis = createSlackApis({ config, clock, metrics, registry, boltLogger });
  const authorizer = createAuthorizer({ config, api: apis.talk, clock, log });
  const engine: Engine = new Engine({
    clock,
    store,
    registry,
    passwords: vault,
    policy: policyOf(config),
    groups: () => inventory.current,
    allowedHosts: config.allowedHosts,
    allowTypedPasswords: config.allowTypedPasswords,
    defaultCutover: config.defaultCutover,
    authorizer,
    hooks: config.hook === null ? null : createHooks({ ...config.hook, clock, log }),
    resolve: resolveHost,
    log,
    metrics,
  });
  const slack: SlackApp = createSlackApp({
    config,
    settings: config,
    apis,
    authorizer,
    service: engine,
    groups: () => inventory.current.names(),
    store,
    clock,
    log,
    metrics,
    registry,
    boltLogger,
  });
  const retention = startRetention({ service: engine, keptMs: config.retentionMs, clock, log });
  const admin = await startAdminServer({
    ...config.admin,
    log,
    metrics: metricsRoom,
    secrets: registry,
    views: () => engine.views('all'),
    view: (id) => engine.view(id),
    report: (id) => engine.report(id),
    live() {
      const silentMs = engine.silentMs();
      return { ok: silentMs < STUCK_MS, why: `No migration has ended a tick for ${Math.round(silentMs / 1000)} s.` };
    },
    ready() {
      const { ok, why } = slack.ready();
      return { ok, why: why ?? '' };
    },
  });
  log.info({ address: `${config.admin.host}:${admin.port}` }, 'The admin server listens');

  // Before Slack: a cut-over that was interrupted cannot wait until somebody answers auth.test.
  engine.start();

  async function connect(): Promise<void> {
    try {
      await slack.start();
    } catch (error) {
      throw error instanceof SlackSaysNoError ? new ConfigurationError([error.message]) : error;
    }
    await slack.resume();
    await engine.settleOldClicks();
    log.info({ mode: config.slack.mode.kind }, 'Connected to Slack');
  }

  async function shutDown(): Promise<void> {
    retention.stop();
    const stopped = engine.stop();
    await Promise.race([stopped, clock.sleep(WORK_GRACE_MS)]);
    await slack.stop();
    await stopped;
    await admin.close();
    store.close();
  }

  let stopping: Promise<void> | null = null;
  return {
    connected: connect(),
    reloadInventory: () => inventory.reload(),
    stop() {
      stopping ??= shutDown();
      return stopping;
    },
  };
}
