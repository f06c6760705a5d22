/** A migration as `GET /migrations` shows it. Written out field by field, so that nothing gets out by being added elsewhere. */
import { plainTimes } from '../domain/time-mark.ts';
import type {
  GateView,
  JournalView,
  LateClient,
  MigrationView,
  SaidView,
  ScheduleView,
  ShardView,
} from '../domain/view.ts';
import type { SecretRegistry } from '../log.ts';

/** Texts pass the registry once more; addresses, ids and states don't, because a password may be an ordinary word. */
export function migrationJson(view: MigrationView, secrets: SecretRegistry): Record<string, unknown> {
  const text = <T extends string | null>(value: T): T =>
    value === null ? value : (secrets.scrub(plainTimes(value)) as T);
  return {
    id: view.id,
    name: text(view.name),
    phase: view.phase,
    waitingFor: text(view.waitingFor),
    cutover: view.cutover,
    canary: view.canary && { shard: view.canary.shard, soakMs: view.canary.soakMs },
    reason: text(view.reason),
    schedule: view.schedule && scheduleJson(view.schedule, text),
    requestedBy: view.requestedBy,
    channel: view.channel,
    messageTs: view.messageTs,
    createdAt: view.createdAt,
    phaseSince: view.phaseSince,
    asOf: view.asOf,
    progress: {
      percent: view.progress.percent,
      bytesPerSecond: view.progress.bytesPerSecond,
      etaSeconds: view.progress.etaSeconds,
    },
    totals: { servers: view.totals.servers, keys: view.totals.keys, bytes: view.totals.bytes },
    findings: view.findings.map((finding) => ({
      level: finding.level,
      shard: finding.shard,
      code: finding.code,
      text: text(finding.text),
      fix: text(finding.fix),
    })),
    shards: view.shards.map((shard) => shardJson(shard, text)),
    gates: view.gates.map((gate) => gateJson(gate, text)),
    predictedPauseMs: view.predictedPauseMs,
    wayBack: view.wayBack && { open: view.wayBack.open, text: text(view.wayBack.text) },
    lateWriters: text(view.lateWriters),
    axe: view.axe && { running: view.axe.running, lines: view.axe.lines.map((line) => text(line)) },
    lateClients: view.lateClients.map((client) => lateClientJson(client, text)),
    journal: view.journal.map((row) => rowJson(row, text)),
  };
}

function scheduleJson(schedule: ScheduleView, text: Text): Record<string, unknown> {
  const { window } = schedule;
  return {
    zone: schedule.zone,
    startAt: schedule.startAt,
    window: window && {
      cron: window.cron,
      minutes: window.minutes,
      open: window.open,
      opensAt: window.opensAt,
      closesAt: window.closesAt,
    },
    autoSwitch: schedule.autoSwitch,
    cancelledBy: schedule.cancelledBy,
    text: text(schedule.text),
  };
}

type Text = <T extends string | null>(value: T) => T;

function shardJson(shard: ShardView, text: Text): Record<string, unknown> {
  const verified = shard.verified;
  return {
    index: shard.index,
    source: shard.source,
    destination: shard.destination,
    state: shard.state,
    reason: text(shard.reason),
    percent: shard.percent,
    bytesPerSecond: shard.bytesPerSecond,
    etaSeconds: shard.etaSeconds,
    lagBytes: shard.lagBytes,
    bufferBytes: shard.bufferBytes,
    sourceWritesPerSecond: shard.sourceWritesPerSecond,
    sourceClients: shard.sourceClients,
    fullSyncs: shard.fullSyncs,
    pauseMs: shard.pauseMs,
    keys: shard.keys,
    bytes: shard.bytes,
    verified: verified && { keys: verified.keys, mismatches: verified.mismatches, at: verified.at },
  };
}

function gateJson(gate: GateView, text: Text): Record<string, unknown> {
  return {
    gate: gate.gate,
    open: gate.open,
    reason: text(gate.reason),
    approvals: gate.approvals.map((approval) => ({ user: approval.user, at: approval.at })),
    needed: gate.needed,
    denied: saidJson(gate.denied, text),
    brokenGlass: saidJson(gate.brokenGlass, text),
  };
}

function saidJson(said: SaidView | undefined, text: Text): Record<string, unknown> | null {
  return said === undefined ? null : { user: said.user, at: said.at, reason: text(said.reason) };
}

function lateClientJson(client: LateClient, text: Text): Record<string, unknown> {
  return {
    shard: client.shard,
    server: client.server,
    address: client.address,
    name: text(client.name),
    user: client.user,
    library: text(client.library),
    lastCommand: text(client.lastCommand),
    idleSeconds: client.idleSeconds,
    triedSecondsAgo: client.triedSecondsAgo,
  };
}

function rowJson(row: JournalView, text: Text): Record<string, unknown> {
  return { seq: row.seq, at: row.at, actor: row.actor, kind: row.kind, text: text(row.text), shard: row.shard };
}
