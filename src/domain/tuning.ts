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
  'client-output-buffer-limit',
  'repl-backlog-size',
  'repl-timeout',
  'repl-diskless-sync',
  'repl-diskless-sync-delay',
];
export const DESTINATION_SYNC_SETTINGS: readonly string[] = ['repl-timeout', 'repl-backlog-size'];

export interface SyncNeed {
  readonly source: Server & {
    readonly usedMemoryBytes: number | null;
    readonly rssBytes: number | null;
    readonly systemMemoryBytes: number | null;
  };
  readonly destination: Server;
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
  return [hard, soft, softSeconds].every(Number.isFinite) ? { hard, soft, softSeconds } : null;
}

/** The same value with other limits for replicas; CONFIG SET takes what CONFIG GET gives. */
function withLimit(value: string, bytes: number): string {
  const words = value.trim().split(/\s+/);
  const place = words.findIndex((word) => word === 'slave' || word === 'replica');
  return words
    .with(place + 1, String(bytes))
    .with(place + 2, String(bytes))
    .with(place + 3, '60')
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
  const hard = room === null ? raised : Math.max(RAISED_LIMIT_BYTES, Math.min(raised, mebibytes(room)));
  if (limit.hard !== 0 && hard <= limit.hard && enough(limit.soft)) return null;
  const lowest = Math.min(...[limit.hard, limit.soft].filter((one) => one > 0));
  const why = `${writes(need)} and a copy that may take ${secondsText(seconds)}, its replicas' output buffer needs more than ${bytesText(lowest)}, or the copy begins again and again. Now ${bytesText(hard)}`;
  return { side: 'source', name: 'client-output-buffer-limit', value: withLimit(value, hard), why };
}

/** Buffers are not bounded by maxmemory: half of what the machine has left may go into one. */
function roomFor({ rssBytes, systemMemoryBytes }: SyncNeed['source']): number | null {
  return rssBytes === null || systemMemoryBytes === null ? null : Math.max(0, systemMemoryBytes - rssBytes) / 2;
}

function backlog(need: SyncNeed, side: 'source' | 'destination'): Tune | null {
  const name = 'repl-backlog-size';
  const now = numberIn(need, side, name);
  const rate = need.writeBytesPerSecond;
  if (now === null || rate === null) return null;
  const wanted = Math.min(MOST_BACKLOG_BYTES, mebibytes(rate * OUTAGE_SECONDS));
  if (now >= wanted) return null;
  const why = `${writes(need)}, ${bytesText(now)} bridge a cut link for ${secondsText(now / Math.max(1, rate))} only. Now ${bytesText(wanted)}`;
  return { side, name, value: String(wanted), why };
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
  if (settings.get('repl-diskless-sync') !== 'yes' || now == null || now === '0') return null;
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
