/**
 * The loop alarm: full syncs that do not end, or are about to break off. Names the cause, the numbers and the setting
 * that mends it. Pure. No status but the count of full syncs shows such a loop: the link looks busy all the while.
 */
import { can } from './dialect.ts';
import { addressOf } from './endpoint.ts';
import type { AlarmCause, Event, Tune } from './event.ts';
import type { ServerFacts } from './observation.ts';
import type { ShardPlan } from './plan.ts';
import { recordOf, type ShardSight, STEADY_TICKS } from './sight.ts';
import type { MigrationState, ShardRecord } from './state.ts';
import { expectation, outputLimitOf, type SyncNeed, tuning } from './tuning.ts';
import { bytesText, capital, countText, secondsText, shardText } from './words.ts';

/** A buffer so full breaks off soon. */
const NEARLY_FULL = 0.8;
/** The first full sync is what was asked for; from the second on it is a loop. */
const LOOP_SYNCS = 2;

/** Rows of alarms that begin or end. */
export function alarmRows(state: MigrationState, one: ShardSight, wallNow: number): Event[] {
  const record = recordOf(state, one);
  const { shard } = one.verdict;
  if (record.replicate === null || one.verdict.state === 'queued') return [];
  if (record.alarm !== null) {
    if (one.inStepTicks < STEADY_TICKS) return [];
    // One more full sync after this one is the next alarm.
    const fullSyncs = Math.max(0, (one.verdict.fullSyncs ?? 0) - 1);
    return [{ kind: 'sync_alarm_over', shard, fullSyncs, text: 'the copy is over, and in step.' }];
  }
  const plan = state.plan.shards[shard];
  const found = plan && isFresh(state, record, one) ? judge(plan, record, one, wallNow) : null;
  if (found === null) return [];
  const { cause, text, tune } = found;
  return [{ kind: 'sync_alarm', shard, cause, text, tune }];
}

/** What was read before our own last change says nothing about the copy that is under way. */
function isFresh(state: MigrationState, record: ShardRecord, { look, verdict }: ShardSight): boolean {
  if (!look.source.ok || look.source.settings === null || record.replicate === null) return false;
  const touched = state.ledger.filter((one) => one.shard === verdict.shard).map((one) => one.touchedAt);
  return look.source.settings.at > Math.max(record.replicate.at, ...touched);
}

interface Found {
  readonly cause: AlarmCause;
  readonly text: string;
  readonly tune: readonly Tune[];
}

function judge(plan: ShardPlan, record: ShardRecord, one: ShardSight, wallNow: number): Found | null {
  const { source, destination } = one.look;
  if (!source.ok) return null;
  const need = needOf(record, one, wallNow);
  if (need === null) return null;
  const syncs = (one.verdict.fullSyncs ?? 0) - record.toldSyncs;
  const climbing = climbingText(need, one);
  // In step, another full sync was one of another replica.
  if (climbing === null && (syncs < LOOP_SYNCS || one.verdict.state === 'in_step')) return null;
  const times = `${addressOf(plan.source)} has begun ${countText(one.verdict.fullSyncs ?? 0)} full syncs for ${addressOf(plan.destination)}`;
  if (climbing !== null) return { cause: 'output_buffer', text: climbing, tune: mending(need, 'output_buffer') };
  const cause = causeOf(need, record, destination.ok ? destination.facts : null, source.facts);
  return {
    cause,
    text: `${times}${cause === 'backlog' ? '' : ', and it never ends'}: ${causeText(cause, need)}`,
    tune: mending(need, cause),
  };
}

/** What a sync of this shard needs, by what was measured while it went on. Null while settings were not read. */
export function needOf(record: ShardRecord, { look, verdict }: ShardSight, wallNow: number): SyncNeed | null {
  const { source, destination } = look;
  if (!source.ok || source.settings === null) return null;
  const since = record.wasInStep || record.replicate === null ? null : (wallNow - record.replicate.at) / 1000;
  // A loop of an hour is many short copies, and not one that takes an hour.
  const took = since === null ? null : since / Math.max(1, (verdict.fullSyncs ?? 0) - 1);
  return {
    source: source.facts,
    destination: destination.ok ? destination.facts : source.facts,
    writeBytesPerSecond: verdict.sourceBytesPerSecond,
    tookSeconds: took === null ? null : Math.max(0, took),
    settings: {
      source: source.settings.values,
      destination: (destination.ok ? destination.settings?.values : null) ?? new Map(),
    },
  };
}

function climbingText(need: SyncNeed, { look, verdict }: ShardSight): string | null {
  const limit = limitOf(need);
  const buffer = verdict.bufferBytes;
  if (limit === null || buffer === null || !look.destination.ok) return null;
  if (verdict.state === 'in_step' || buffer < limit * NEARLY_FULL) return null;
  return `${bytesText(buffer)} of writes wait in the output buffer for the destination; at ${bytesText(limit)} its source cuts it off and the copy begins again.`;
}

/** The lowest limit on a replica's output buffer; null when there is none. */
function limitOf(need: SyncNeed): number | null {
  const limit = outputLimitOf(need.settings.source.get('client-output-buffer-limit'));
  const bounds = limit === null ? [] : [limit.hard, limit.soft].filter((bytes) => bytes > 0);
  return bounds.length === 0 ? null : Math.min(...bounds);
}

function causeOf(
  need: SyncNeed,
  record: ShardRecord,
  destination: ServerFacts | null,
  source: ServerFacts,
): AlarmCause {
  const limit = limitOf(need);
  const { bytes, seconds } = expectation(need);
  const before = record.before?.sourceBufferDisconnections ?? null;
  const cutOff = before !== null && (source.bufferDisconnections ?? 0) > before;
  if (limit !== null && (cutOff || bytes > limit)) return 'output_buffer';
  if (record.wasInStep) return 'backlog';
  const timeouts = [need.settings.source, need.settings.destination].map((one) => Number(one.get('repl-timeout') ?? 0));
  if (timeouts.some((timeout) => timeout > 0 && timeout < seconds)) return 'timeout';
  if (destination !== null && destination.keys === 0 && source.keys > 0) return 'cannot_load';
  return 'link';
}

function causeText(cause: AlarmCause, need: SyncNeed): string {
  const { bytes, seconds } = expectation(need);
  const guess = need.writeBytesPerSecond === null ? ', which is a guess,' : '';
  const rate = ` at ${bytesText(bytes / seconds)}/s of writes${guess}`;
  switch (cause) {
    case 'output_buffer':
      return `the output buffer for replicas (client-output-buffer-limit) may hold ${bytesText(limitOf(need) ?? 0)}, and a copy of ${secondsText(seconds)}${rate} fills it with ${bytesText(bytes)}.`;
    case 'timeout':
      return `the copy takes longer than repl-timeout (${need.settings.source.get('repl-timeout') ?? '?'} s at the source, ${need.settings.destination.get('repl-timeout') ?? '?'} s at the destination).`;
    case 'cannot_load':
      return 'the destination takes the snapshot and does not load it. Its log names the reason: the format, a module, memory, the disk.';
    case 'backlog':
      if (!can(need.source, 'backlog')) return 'the link broke, and before Redis 2.8 that means another full copy.';
      return `a cut link takes longer than the backlog lasts (repl-backlog-size ${need.settings.source.get('repl-backlog-size') ?? 'unknown'} bytes${rate}).`;
    case 'link':
      return 'the link breaks before the copy is over. The logs of both servers name the reason: a firewall, a proxy, the network.';
  }
}

const NAMES: Readonly<Record<AlarmCause, readonly string[]>> = {
  output_buffer: ['client-output-buffer-limit'],
  timeout: ['repl-timeout'],
  backlog: ['repl-backlog-size'],
  cannot_load: [],
  link: [],
};

function mending(need: SyncNeed, cause: AlarmCause): readonly Tune[] {
  return tuning(need).filter((one) => NAMES[cause].includes(one.name));
}

/** What an alarm proposes, for people: the settings with their values. */
export function tuneText(alarms: readonly { readonly shard: number; readonly tune: readonly Tune[] }[]): string {
  return alarms
    .flatMap(({ shard, tune }) =>
      tune.map((one) => `${capital(shardText(shard))}, ${one.side}: CONFIG SET ${one.name} "${one.value}"`),
    )
    .join('; ');
}
