/** Plans, servers and sights as a test needs them: what is not said is an ordinary, healthy value. */

import { describe } from '../../../src/domain/describe.ts';
import type { Endpoint } from '../../../src/domain/endpoint.ts';
import type { BeforeReplication, Event, JournalRow } from '../../../src/domain/event.ts';
import { overrideFrom } from '../../../src/domain/finish-gate.ts';
import type { Policy } from '../../../src/domain/gate.ts';
import { agreedFrom, gateFrom } from '../../../src/domain/may-ask.ts';
import { foldJournal } from '../../../src/domain/migration.ts';
import type { PairLook, ReplicationFacts, ServerFacts, ServerLook } from '../../../src/domain/observation.ts';
import type { Verdict } from '../../../src/domain/place.ts';
import { fenceAddress, type Plan, type ShardPlan } from '../../../src/domain/plan.ts';
import { NOT_PROBED, type ServerProbe } from '../../../src/domain/preflight/sight.ts';
import type { Finding, PreflightReport } from '../../../src/domain/preflight.ts';
import type { ShardSight, Sight } from '../../../src/domain/sight.ts';
import type { MigrationState, ShardRecord } from '../../../src/domain/state.ts';
import { judge } from '../../../src/domain/verdict.ts';
import type { ActionId } from '../../../src/domain/view.ts';
import { createCalendar } from '../../../src/schedule/calendar.ts';

export const ANA = 'U00000ANA';
export const BEN = 'U00000BEN';
export const EVE = 'U00000EVE';
/** 14 November 2023, a Tuesday. */
export const START = 1_700_000_000_000;

export const POLICY: Policy = {
  approvals: { continue: 1, switch: 1, finish: 1 },
  selfApproval: true,
  approvalTtlMs: 3_600_000,
  remindMs: 1_800_000,
  escalateMs: 7_200_000,
  quietMs: 30_000,
  maxLagBytes: 1_048_576,
  maxPauseMs: 2_000,
  syncsPerHost: 2,
  syncsTotal: 8,
  tuneSyncs: true,
  maxSourceLatencyMs: 1_000,
  maxSourceMemoryPercent: 90,
  calendar: createCalendar(),
};

/** The history that a source writes, and the one of a destination that has never followed. */
export const SOURCE_REPLID = 'a'.repeat(40);
export const OWN_REPLID = 'd'.repeat(40);
/** Where the sources stand when they are fenced. */
export const FROZEN_OFFSET = 5_000_000n;

export function endpoint(host: string, port = 6379): Endpoint {
  return { host, port, tls: false };
}

/** `old-1` to `new-1` and so on. */
export function aPlan(shards = 2, more: Partial<Plan> = {}): Plan {
  return {
    id: 'm-7k3q',
    name: 'orders',
    shards: Array.from({ length: shards }, (_, index): ShardPlan => {
      return { index, source: endpoint(`old-${index + 1}`), destination: endpoint(`new-${index + 1}`) };
    }),
    cutover: 'fenced',
    yesWipe: false,
    requestedBy: ANA,
    channel: 'C000000MIG',
    createdAt: START,
    ...more,
  };
}

export function replication(more: Partial<ReplicationFacts> = {}): ReplicationFacts {
  return {
    master: null,
    readOnly: null,
    linkUp: false,
    syncing: false,
    syncTotalBytes: null,
    syncLeftBytes: null,
    syncReadBytes: null,
    linkDownSeconds: null,
    replicaOffset: null,
    masterOffset: 1_000n,
    replid: SOURCE_REPLID,
    replid2: null,
    secondOffset: null,
    replicas: [],
    ...more,
  };
}

export function facts(more: Partial<ServerFacts> = {}): ServerFacts {
  return {
    kind: 'redis',
    version: '7.0.15',
    runId: 'run-of-nobody',
    role: 'master',
    clusterEnabled: false,
    loading: null,
    loadEtaSeconds: null,
    keys: 0,
    expiringKeys: 0,
    usedMemoryBytes: 1_000_000,
    rssBytes: 2_000_000,
    systemMemoryBytes: 8_000_000_000,
    maxmemoryPolicy: 'noeviction',
    configFile: null,
    netInputBytes: 0,
    bufferDisconnections: null,
    connectedClients: 3,
    replication: replication(),
    snapshot: null,
    writeCalls: 0,
    readonlyRefusals: 0,
    rejectedWrites: 0,
    commandsProcessed: 0,
    refusedCommands: 0,
    maxmemoryBytes: 0,
    highestDatabase: null,
    diskFails: false,
    fullSyncs: 0,
    ...more,
  };
}

export function seen(more: Partial<ServerFacts> = {}, at = 1_000): ServerLook {
  return {
    ok: true,
    at,
    facts: facts(more),
    clients: null,
    replicaBufferBytes: null,
    tookMs: 1,
    ownCommands: 0,
    settings: null,
  };
}

export function unseen(text: string, kind: 'timeout' | 'refused' | 'auth_failed' = 'timeout', at = 1_000): ServerLook {
  return { ok: false, at, problem: { kind, text } };
}

/** Of a server that hides nothing and that nobody else watches. */
export function probe(
  more: Partial<ServerProbe> = {},
  settings: Readonly<Record<string, string | null>> = {},
): ServerProbe {
  return {
    ...NOT_PROBED,
    modules: [],
    clock: { aheadMs: 0, errorMs: 1 },
    settings: new Map(Object.entries(settings)),
    ...more,
  };
}

/** A healthy source with keys and an empty destination that follows nobody yet. */
export function freshPair(shard: number): PairLook {
  return {
    source: seen({ runId: `run-old-${shard}`, keys: 20_000 }),
    destination: seen({ runId: `run-new-${shard}`, replication: replication({ replid: OWN_REPLID }) }),
  };
}

/** What was written down of a fresh pair before it was set up. */
export function beforeOf(shard: number, more: Partial<BeforeReplication> = {}): BeforeReplication {
  return {
    sourceRunId: `run-old-${shard}`,
    sourceFullSyncs: 0,
    destinationRunId: `run-new-${shard}`,
    destinationReplid: OWN_REPLID,
    destinationRefusedCommands: 0,
    sourceBufferDisconnections: null,
    ...more,
  };
}

/** The destination follows its source and has everything but `lag` bytes. */
export function followingPair(plan: ShardPlan, lag = 0): PairLook {
  const { host, port } = plan.source;
  return {
    source: seen({
      runId: `run-old-${plan.index}`,
      keys: 20_000,
      replication: replication({ masterOffset: 5_000_000n }),
    }),
    destination: seen({
      runId: `run-new-${plan.index}`,
      role: 'replica',
      keys: 20_000,
      replication: replication({ master: { host, port }, linkUp: true, replicaOffset: 5_000_000n - BigInt(lag) }),
    }),
  };
}

/** As the proof leaves it: the source behind our fence where it was frozen, the destination a master of its own. */
export function switchedPair(plan: Plan, index: number, source: Partial<ServerFacts> = {}): PairLook {
  return {
    source: seen({
      runId: `run-old-${index}`,
      role: 'replica',
      keys: 20_000,
      replication: replication({ master: fenceAddress(plan.id), masterOffset: FROZEN_OFFSET }),
      ...source,
    }),
    destination: seen({
      runId: `run-new-${index}`,
      keys: 20_000,
      replication: replication({ replid: 'e'.repeat(40), replid2: SOURCE_REPLID, masterOffset: FROZEN_OFFSET }),
    }),
  };
}

/** Sight of looks, judged as the watch does. */
export function sightOf(
  state: MigrationState,
  looks: readonly PairLook[],
  more: Partial<Sight> & { readonly ticks?: number; readonly troubleTicks?: number } = {},
): Sight {
  const { ticks = 2, troubleTicks = 0, ...rest } = more;
  const wallNow = rest.wallNow ?? START;
  const shards = looks.map((look, index): ShardSight => {
    const verdict = verdictOf(state, index, look, wallNow);
    return { look, verdict, inStepTicks: verdict.state === 'in_step' ? ticks : 0, troubleTicks, sourceLatencyMs: null };
  });
  return { ...NOT_LOOKED, wallNow, shards, ...rest };
}

export function verdictOf(state: MigrationState, shard: number, now: PairLook, wallNow = START): Verdict {
  const plan = state.plan.shards[shard];
  const record = state.shards[shard];
  if (!plan || !record) throw new Error(`The plan has no shard ${shard}.`);
  const { phase } = state;
  return judge({
    plan,
    id: 'm-7k3q',
    record,
    phase,
    now,
    wallNow,
    earlier: null,
    maxLagBytes: POLICY.maxLagBytes,
    ownClients: 1,
  });
}

export const NOT_LOOKED: Sight = {
  wallNow: START,
  shards: null,
  taken: new Map(),
  elsewhere: { total: 0, perHost: new Map() },
  predictedPauseMs: null,
  quietMs: null,
  stirred: false,
  unquiet: null,
  soakedMs: null,
  unwatched: null,
};

/** Events as the journal would number them, a second apart. */
export function rowsOf(plan: Plan, events: readonly Event[]): JournalRow[] {
  return [{ kind: 'requested' as const, plan, messageTs: null }, ...events].map((event, place) => ({
    seq: place + 1,
    at: START + place * 1_000,
    actor: 'bot',
    event,
    text: describe(event, plan),
    shard: null,
  }));
}

export function stateOf(plan: Plan, events: readonly Event[] = []): MigrationState {
  return foldJournal(rowsOf(plan, events));
}

export function shardRecord(more: Partial<ShardRecord> = {}): ShardRecord {
  const blank = stateOf(aPlan(1)).shards[0];
  if (!blank) throw new Error('A plan of one shard has no shard.');
  return { ...blank, ...more };
}

export function report(plan: Plan, findings: readonly Finding[] = [], destinationKeys = 0): PreflightReport {
  const server = { kind: 'redis', version: '7.0.15', bytes: 1_000_000 };
  return {
    totals: { servers: plan.shards.length, keys: 20_000 * plan.shards.length, bytes: 1_000_000 * plan.shards.length },
    findings,
    shards: plan.shards.map(({ index }) => ({
      index,
      source: { ...server, runId: `run-old-${index}`, keys: 20_000 },
      destination: { ...server, runId: `run-new-${index}`, keys: destinationKeys },
    })),
  };
}

/** The events that bring a new migration to `planned`. */
export function toPlanned(plan: Plan, findings: readonly Finding[] = [], destinationKeys = 0): Event[] {
  return [{ kind: 'preflight_done', report: report(plan, findings, destinationKeys) }, enter('planned')];
}

export function toSyncing(plan: Plan): Event[] {
  return [...toPlanned(plan), enter('syncing')];
}

/** Every destination follows; all are in step. */
export function toStreaming(plan: Plan): Event[] {
  const begun = toSyncing(plan);
  const replicated = plan.shards.flatMap(({ index }): Event[] => {
    // The request is row 1; each shard has written an intent and a sight before the next one's.
    const intent = begun.length + 2 + index * 2;
    return [
      { kind: 'intent', effect: { kind: 'replicate', shard: index, before: beforeOf(index) } },
      { kind: 'seen', intent, detail: 'the destination follows its source.' },
    ];
  });
  return [...begun, ...replicated, enter('streaming')];
}

export function toSwitched(plan: Plan): Event[] {
  const frozen = plan.shards.map(({ index }) => {
    return { shard: index, replid: SOURCE_REPLID, offset: String(FROZEN_OFFSET) };
  });
  return [
    ...toStreaming(plan),
    enter('switching'),
    { kind: 'cutover_started', attempt: 1 },
    { kind: 'cutover_step', step: 'fence', frozen, reason: '' },
    { kind: 'cutover_step', step: 'promote', frozen: [], reason: '' },
    ...plan.shards.map(
      ({ index }): Event => ({ kind: 'promoted', shard: index, pauseMs: 7, detail: 'is the master.' }),
    ),
    { kind: 'cutover_step', step: 'unpause', frozen: [], reason: '' },
    enter('switched'),
    // What is about the way back is in way-back.test.ts.
    ...plan.shards.map(({ index }): Event => ({ kind: 'way_back', shard: index, open: false, text: 'It is closed.' })),
  ];
}

export function enter(phase: Extract<Event, { kind: 'phase_entered' }>['phase']): Event {
  return { kind: 'phase_entered', phase, reason: 'So it was decided.' };
}

export const NOT_EMPTY: Finding = {
  level: 'warning',
  shard: 0,
  code: 'destination_not_empty',
  text: 'new-1:6379 holds 7 keys, which replication will wipe.',
  fix: null,
};

/** What a button that is drawn now carries: the phase entry, or the last thing that was told of the servers. */
export function drawnAt(action: ActionId, state: MigrationState): number {
  if (action === 'migration:override') return overrideFrom(state);
  const passes = ['migration:break_glass', 'migration:ask_again'].includes(action) || action.startsWith('gate:');
  if (passes) return gateFrom(state);
  return action === 'migration:tune' || action === 'migration:resume' ? agreedFrom(state) : state.entry;
}
