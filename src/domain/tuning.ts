/**
 * What a full sync needs of its two servers so that it ends on the first try ("the endless replication loop"): the
 * source has to keep every write since its snapshot until the destination has loaded it. Pure: figures in, settings out.
 * Facts: redis.md 2, from the source of 2.6 to 8.0 (networking.c: checkClientOutputBufferLimits) and from runs.
 */
import { can, type Server } from './dialect.ts';
import type { Tune } from './event.ts';
import { bytesText, secondsText } from './words.ts';

const MIB = 1_048_576;
/** Snapshot, transfer and load together, on slow machines; how fast a server really is shows only by trying. */
const SYNC_BYTES_PER_SECOND = 20 * MIB;
const SYNC_BASE_SECONDS = 5;
/** Writes come in bursts. */
const RESERVE = 3;
/** Redis' own soft limit: below this a limit is asking for trouble, whatever was measured. */
const LEAST_LIMIT_BYTES = 64 * MIB;
/** What a limit is raised to at least: Redis' own hard limit. */
const RAISED_LIMIT_BYTES = 256 * MIB;
/** For so long a link may be cut without another full sync. */
const OUTAGE_SECONDS = 60;
const MOST_BACKLOG_BYTES = 512 * MIB;
/** Redis' own default. */
const LEAST_TIMEOUT_SECONDS = 60;
/** Where nothing tells how much is written. */
const ASSUMED_WRITES_BYTES_PER_SECOND = 5 * MIB;

export const SOURCE_SYNC_SETTINGS: readonly string[] = [
  'maxmemory',
  'client-output-buffer-limit',
  'repl-backlog-size',
  'repl-timeout',
  'repl-diskless-sync',
  'repl-diskless-sync-delay',
];
export const DESTINATION_SYNC_SETTINGS: readonly string[] = ['maxmemory', 'repl-timeout', 'repl-backlog-size'];

interface Memory {
  readonly usedMemoryBytes: number | null;
  readonly rssBytes: number | null;
  readonly systemMemoryBytes: number | null;
  readonly maxmemoryBytes: number | null;
}

export interface SyncNeed {
  readonly source: Server & Memory;
  readonly destination: Server & Memory;
  /** As measured; null where nobody knows. */
  readonly writeBytesPerSecond: number | null;
  /** How long a sync is known to take at least; null before the first. */
  readonly tookSeconds: number | null;
  /** Current values; null or absent where the server has no such setting or does not tell. */
  readonly settings: {
    readonly source: ReadonlyMap<string, string | null>;
    readonly destination: ReadonlyMap<string, string | null>;
  };
}

/** The settings that have to change, in the order in which they are set; none when all is wide enough. */
export function tuning(need: SyncNeed): readonly Tune[] {
  const { source, destination, settings } = need;
  const tunes: (Tune | null)[] = [
    can(source, 'output_limits') ? outputLimit(need) : null,
    can(source, 'backlog') ? backlog(need, 'source') : null,
    can(destination, 'backlog') ? backlog(need, 'destination') : null,
    can(source, 'live_settings') ? timeout(need, 'source') : null,
    can(destination, 'live_settings') ? timeout(need, 'destination') : null,
    can(source, 'diskless') ? delay(settings.source) : null,
  ];
  return tunes.filter((one) => one !== null);
}

/** How long a full sync may take, and what is written meanwhile. */
export function expectation(need: SyncNeed): { readonly seconds: number; readonly bytes: number } {
  const guess = SYNC_BASE_SECONDS + (need.source.usedMemoryBytes ?? 0) / SYNC_BYTES_PER_SECOND;
  const seconds = Math.max(guess, need.tookSeconds ?? 0);
  return { seconds, bytes: seconds * (need.writeBytesPerSecond ?? ASSUMED_WRITES_BYTES_PER_SECOND) };
}

/** The class for replicas of `client-output-buffer-limit`: `hard`, `soft` in bytes, 0 for no limit. */
export interface OutputLimit {
  readonly hard: number;
  readonly soft: number;
  readonly softSeconds: number;
}

/** Reads `normal 0 0 0 slave 268435456 67108864 60 pubsub …`; null when it has no class for replicas. */
export function outputLimitOf(value: string | null | undefined): OutputLimit | null {
  const words = value?.trim().split(/\s+/) ?? [];
  const place = words.findIndex((word) => word === 'slave' || word === 'replica');
  const [hard, soft, softSeconds] = words.slice(place + 1, place + 4).map(Number);
  if (place < 0 || hard === undefined || soft === undefined || softSeconds === undefined) return null;
  return [hard, soft, softSeconds].every((one) => Number.isFinite(one) && one >= 0)
    ? { hard, soft, softSeconds }
    : null;
}

/** The same value with other limits for replicas; CONFIG SET takes what CONFIG GET gives. */
function withLimit(value: string, { hard, soft, softSeconds }: OutputLimit): string {
  const words = value.trim().split(/\s+/);
  const place = words.findIndex((word) => word === 'slave' || word === 'replica');
  return words
    .with(place + 1, String(hard))
    .with(place + 2, String(soft))
    .with(place + 3, String(softSeconds))
    .join(' ');
}

function outputLimit(need: SyncNeed): Tune | null {
  const value = need.settings.source.get('client-output-buffer-limit');
  const limit = outputLimitOf(value);
  if (value == null || limit === null) return null;
  const { seconds, bytes } = expectation(need);
  const wanted = Math.max(LEAST_LIMIT_BYTES, bytes * RESERVE);
  const enough = (limitBytes: number) => limitBytes === 0 || limitBytes >= wanted;
  if (enough(limit.hard) && enough(limit.soft)) return null;
  const raised = Math.max(RAISED_LIMIT_BYTES, mebibytes(wanted));
  const room = roomFor(need.source);
  const bytesNow = room === null ? raised : Math.max(RAISED_LIMIT_BYTES, Math.min(raised, mebibytes(room)));
  const widened = (limitBytes: number) => (limitBytes === 0 ? 0 : Math.max(limitBytes, bytesNow));
  const hard = widened(limit.hard);
  const soft = widened(limit.soft);
  if (hard === limit.hard && soft === limit.soft) return null;
  const lowest = Math.min(...[limit.hard, limit.soft].filter((one) => one > 0));
  const why = `${writes(need)} and a copy that may take ${secondsText(seconds)}, its replicas' output buffer needs more than ${bytesText(lowest)}, or the copy begins again and again. Now ${bytesText(bytesNow)}`;
  const wide = { hard, soft, softSeconds: Math.max(60, limit.softSeconds) };
  return { side: 'source', name: 'client-output-buffer-limit', value: withLimit(value, wide), why };
}

/** Buffers are not bounded by maxmemory: half of what the machine has left may go into one. */
function roomFor({ rssBytes, systemMemoryBytes }: Memory): number | null {
  return rssBytes === null || systemMemoryBytes === null ? null : Math.max(0, systemMemoryBytes - rssBytes) / 2;
}

function backlog(need: SyncNeed, side: 'source' | 'destination'): Tune | null {
  const name = 'repl-backlog-size';
  const now = numberIn(need, side, name);
  const rate = need.writeBytesPerSecond;
  if (now === null || rate === null) return null;
  const wanted = Math.min(MOST_BACKLOG_BYTES, mebibytes(rate * OUTAGE_SECONDS), backlogRoom(need, side));
  if (now >= wanted) return null;
  const why = `${writes(need)}, ${bytesText(now)} bridge a cut link for ${secondsText(now / Math.max(1, rate))} only. Now ${bytesText(wanted)}`;
  return { side, name, value: String(wanted), why };
}

/**
 * A backlog counts as used memory, for which keys would be evicted or writes refused: half of what maxmemory and the
 * machine leave may go into it, at a destination once it holds the whole copy. Before 3.2 INFO tells no maxmemory.
 */
function backlogRoom(need: SyncNeed, side: 'source' | 'destination'): number {
  const server = need[side];
  const used = Math.max(server.usedMemoryBytes ?? 0, need.source.usedMemoryBytes ?? 0);
  const maxmemory = server.maxmemoryBytes ?? numberIn(need, side, 'maxmemory') ?? 0;
  const left = maxmemory === 0 ? Number.POSITIVE_INFINITY : Math.max(0, maxmemory - used) / 2;
  return Math.floor(Math.min(left, roomFor(server) ?? Number.POSITIVE_INFINITY) / MIB) * MIB;
}

function timeout(need: SyncNeed, side: 'source' | 'destination'): Tune | null {
  const name = 'repl-timeout';
  const now = numberIn(need, side, name);
  if (now === null || now === 0) return null;
  const { seconds } = expectation(need);
  const wanted = Math.max(LEAST_TIMEOUT_SECONDS, Math.ceil((seconds * 2) / 60) * 60);
  if (now >= wanted) return null;
  const why = `the copy may take ${secondsText(seconds)}, and a link that is silent for ${secondsText(now)} is given up. Now ${secondsText(wanted)}`;
  return { side, name, value: String(wanted), why };
}

function delay(settings: ReadonlyMap<string, string | null>): Tune | null {
  const name = 'repl-diskless-sync-delay';
  const now = settings.get(name);
  if (settings.get('repl-diskless-sync') !== 'yes' || now == null || !/^[1-9]\d*$/.test(now)) return null;
  return { side: 'source', name, value: '0', why: `every full sync would wait ${now} s for others` };
}

function writes({ writeBytesPerSecond }: SyncNeed): string {
  return writeBytesPerSecond === null
    ? 'nobody knows how much is written; with 5 MiB/s'
    : `with ${bytesText(writeBytesPerSecond)}/s of writes`;
}

function numberIn(need: SyncNeed, side: 'source' | 'destination', name: string): number | null {
  const value = need.settings[side].get(name);
  return value != null && /^\d+$/.test(value) ? Number(value) : null;
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / MIB) * MIB;
}
