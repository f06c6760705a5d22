/** What of a sight is worth a row in the journal. Pure. */

import { restartRows, switchedRows } from './drift.ts';
import { followAddress, isAt } from './endpoint.ts';
import type { Event } from './event.ts';
import { heldRows } from './held.ts';
import type { Verdict } from './place.ts';
import { recordOf, type ShardSight, STEADY_TICKS } from './sight.ts';
import type { MigrationState, ShardRecord } from './state.ts';
import { alarmRows } from './sync-alarm.ts';
import { capital, shardText } from './words.ts';

/** Looks in a row after which trouble is told in the thread. */
const TROUBLE_TICKS = 4;

/** What is worth a row: what was seen of our own effects, first times in step, quarters of the way, trouble. */
export function story(state: MigrationState, shards: readonly ShardSight[], wallNow: number): Event[] {
  const rows: Event[] = [];
  for (const one of shards) {
    const record = recordOf(state, one);
    const { verdict } = one;
    const { replicate } = record;
    if (replicate && !replicate.seen && followsItsSource(state, one)) {
      rows.push({
        kind: 'seen',
        intent: replicate.intent,
        detail: `${capital(shardText(verdict.shard))}: the destination follows its source.`,
      });
    }
    if (!record.wasInStep && one.inStepTicks >= STEADY_TICKS) {
      const seconds = record.replicate ? Math.max(0, Math.round((wallNow - record.replicate.at) / 1000)) : 0;
      rows.push({ kind: 'shard_in_step', shard: verdict.shard, seconds, keys: verdict.keys ?? 0 });
    }
    rows.push(...troubleRows(record, one));
    if (record.promoted) rows.push(...switchedRows(state, one));
    else rows.push(...restartRows(state, record, one), ...heldRows(state, one), ...alarmRows(state, one, wallNow));
  }
  const percents = shards.map((one) => (one.verdict.state === 'in_step' ? 100 : (one.verdict.percent ?? 0)));
  const overall = percents.reduce((sum, percent) => sum + percent, 0) / Math.max(1, percents.length);
  const quarter = Math.floor(overall / 25) * 25;
  if (quarter > state.progress && state.phase === 'syncing') rows.push({ kind: 'progress', percent: quarter });
  return rows;
}

function followsItsSource(state: MigrationState, { look, verdict }: ShardSight): boolean {
  const source = state.plan.shards[verdict.shard]?.source;
  if (!look.destination.ok || !source) return false;
  const { master } = look.destination.facts.replication;
  return isAt(master, followAddress(source));
}

export function troubleRows(record: ShardRecord, one: ShardSight): Event[] {
  const { verdict } = one;
  if (isTrouble(verdict)) {
    const told = record.trouble !== null;
    if (one.troubleTicks < TROUBLE_TICKS || told) return [];
    return [{ kind: 'trouble', shard: verdict.shard, text: verdict.reason ?? `State ${verdict.state}.` }];
  }
  if (record.trouble === null) return [];
  return [{ kind: 'trouble_over', shard: verdict.shard, text: `State ${verdict.state.replaceAll('_', ' ')}.` }];
}

export function isTrouble(verdict: Verdict): boolean {
  return verdict.alarm;
}
