/**
 * All that is known of one shard, for its own page: both servers as last seen, what was changed on them, what happened.
 * Pure. Holds no secret: a value that is one is null here.
 */
import { isBehindFence } from './drift.ts';
import { addressOf } from './endpoint.ts';
import type { JournalRow, Side } from './event.ts';
import type { ServerLook } from './observation.ts';
import type { ServerReport } from './preflight.ts';
import type { Sight } from './sight.ts';
import type { LedgerEntry, MigrationState } from './state.ts';
import type { JournalView, MigrationView, ShardView } from './view.ts';
import { journalView } from './view-of.ts';

/** Figures and names are null where unknown. */
export interface ServerView {
  readonly side: Side;
  readonly address: string;
  /** Why it did not answer the last look, as a sentence; null when it did, or was never looked at. */
  readonly problem: string | null;
  /** `look`: as last seen. `check`: only what preflight wrote down. `nothing`: it has never been seen. */
  readonly from: 'look' | 'check' | 'nothing';
  readonly kind: string | null;
  readonly version: string | null;
  readonly role: 'master' | 'replica' | null;
  /** Whom it follows. `fence`: our closed port, behind which nobody can write to it. */
  readonly follows: { readonly address: string; readonly linkUp: boolean; readonly fence: boolean } | null;
  readonly runId: string | null;
  readonly keys: number | null;
  readonly expiringKeys: number | null;
  /** [used_memory] */
  readonly bytes: number | null;
  /** [maxmemory] 0: no limit. */
  readonly maxmemoryBytes: number | null;
  /** Without replicas; on a source, our own connection included. */
  readonly clients: number | null;
  readonly stream: StreamView | null;
}

/** Where a server stands in the stream of writes. Decimal, because JSON has no bigint. */
export interface StreamView {
  /** What a replica has applied, what a master has written. */
  readonly offset: string | null;
  readonly replid: string | null;
  /** The history before its last promotion, and where that one ended. */
  readonly before: { readonly replid: string; readonly offset: string | null } | null;
}

/**
 * | state      | meaning                                                   |
 * | ---------- | --------------------------------------------------------- |
 * | asked      | on its way to the server, not seen there yet              |
 * | set        | the server shows our value                                |
 * | going_back | the old value is on its way, not seen there yet           |
 * | put_back   | the server shows the old value again                      |
 * | left       | our value stays, or somebody else's; the events say why   |
 */
export type SettingState = 'asked' | 'set' | 'going_back' | 'put_back' | 'left';

export interface SettingView {
  readonly side: Side;
  readonly name: string;
  /** Null: a secret. */
  readonly old: string | null;
  readonly value: string | null;
  readonly why: string;
  readonly state: SettingState;
}

export interface ShardDetail {
  readonly migration: Pick<MigrationView, 'id' | 'name' | 'phase' | 'asOf'>;
  /** How many shards the migration has. */
  readonly of: number;
  readonly shard: ShardView;
  readonly servers: readonly ServerView[];
  readonly settings: readonly SettingView[];
  /** Newest first. */
  readonly events: readonly JournalView[];
  /** Whether there are older ones than the last of these. */
  readonly hasOlder: boolean;
}

export interface DetailInput {
  readonly state: MigrationState;
  readonly sight: Sight;
  readonly view: MigrationView;
  readonly shard: number;
  /** Newest first. */
  readonly rows: readonly JournalRow[];
  readonly hasOlder: boolean;
}

/** Null when the migration has no such shard. */
export function shardDetailOf(input: DetailInput): ShardDetail | null {
  const { state, view } = input;
  const shard = view.shards[input.shard];
  if (!shard) return null;
  return {
    migration: { id: view.id, name: view.name, phase: view.phase, asOf: view.asOf },
    of: view.shards.length,
    shard,
    servers: [serverView('source', input), serverView('destination', input)],
    settings: state.ledger.filter((one) => one.shard === input.shard).map(settingView),
    events: input.rows.map(journalView),
    hasOlder: input.hasOlder,
  };
}

function serverView(side: Side, { state, sight, shard }: DetailInput): ServerView {
  const endpoint = state.plan.shards[shard]?.[side];
  const look = sight.shards?.[shard]?.look[side];
  const place = { side, address: endpoint ? addressOf(endpoint) : '' };
  if (look?.ok) return { ...place, ...seen(look, state) };
  const report = state.preflight?.shards.find((one) => one.index === shard)?.[side] ?? null;
  return { ...place, ...checked(report), problem: look ? look.problem.text : null };
}

type Facts = Omit<ServerView, 'side' | 'address'>;

function seen(look: Extract<ServerLook, { ok: true }>, state: MigrationState): Facts {
  const { facts } = look;
  const { master, linkUp, masterOffset, replicaOffset, replid, replid2, secondOffset } = facts.replication;
  const offset = facts.role === 'replica' ? (replicaOffset ?? masterOffset) : masterOffset;
  return {
    problem: null,
    from: 'look',
    kind: facts.kind,
    version: facts.version,
    role: facts.role,
    follows: master === null ? null : { address: addressOf(master), linkUp, fence: isBehindFence(state, look) },
    runId: facts.runId,
    keys: facts.keys,
    expiringKeys: facts.expiringKeys,
    bytes: facts.usedMemoryBytes,
    maxmemoryBytes: facts.maxmemoryBytes,
    clients: facts.connectedClients,
    stream: {
      offset: decimal(offset),
      replid,
      before: replid2 === null ? null : { replid: replid2, offset: decimal(secondOffset) },
    },
  };
}

function checked(report: ServerReport | null): Facts {
  return {
    problem: null,
    from: report === null ? 'nothing' : 'check',
    kind: report?.kind ?? null,
    version: report?.version ?? null,
    role: null,
    follows: null,
    runId: report?.runId ?? null,
    keys: report?.keys ?? null,
    expiringKeys: null,
    bytes: report?.bytes ?? null,
    maxmemoryBytes: null,
    clients: null,
    stream: null,
  };
}

function decimal(offset: bigint | null): string | null {
  return offset === null ? null : String(offset);
}

function settingView(entry: LedgerEntry): SettingView {
  const { side, name, old, value, why } = entry;
  return { side, name, old: old.kind === 'plain' ? old.value : null, value, why, state: settingState(entry) };
}

function settingState({ closed, restore, set }: LedgerEntry): SettingState {
  if (restore?.seen === true) return 'put_back';
  if (closed) return 'left';
  if (restore !== null) return 'going_back';
  return set ? 'set' : 'asked';
}
