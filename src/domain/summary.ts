/** The closing words of a migration, as lines. Pure. */

import { addressOf } from './endpoint.ts';
import type { Event } from './event.ts';
import { fenceAddress } from './plan.ts';
import type { Sight } from './sight.ts';
import type { MigrationState } from './state.ts';
import { bytesText, countText, listText, plural, secondsText } from './words.ts';

export function finishSummary(state: MigrationState, sight: Sight): Event {
  const totals = state.preflight?.totals;
  const pauses = state.shards.map((shard) => shard.pauseMs).filter((ms) => ms !== null);
  const keys = sum(sight.shards?.map((one) => (one.look.destination.ok ? one.look.destination.facts.keys : 0)) ?? []);
  const fence = fenceAddress(state.plan.id);
  const settings = state.ledger.length;
  return {
    kind: 'summary',
    lines: [
      `${plural(state.plan.shards.length, 'shard')} moved in ${secondsText((sight.wallNow - state.plan.createdAt) / 1000)}: ` +
        `${totals?.keys == null ? 'an unknown number of' : countText(totals.keys)} keys and ${totals?.bytes == null ? 'an unknown size' : bytesText(totals.bytes)} when it began, ${countText(keys)} keys on the new servers now.`,
      pauses.length === 0
        ? 'The pause of the writes was not measured.'
        : `Writes stood still for ${Math.max(...pauses)} ms at most${pauses.length > 1 ? `, ${Math.min(...pauses)} ms at least` : ''}, a shard.`,
      settings === 0
        ? 'No setting had to be changed.'
        : `${plural(settings, 'setting')} changed on the way, and put back.`,
      `The old masters stay fenced: they are replicas of ${fence.host}:${fence.port}, where nobody listens, and refuse writes. ` +
        'REPLICAOF NO ONE on one of them makes it take writes again.',
      'The new roles are not in the configuration files: make them part of your deployment, or a restart may bring the old ones back.',
    ],
  };
}

export function abortSummary(state: MigrationState, sight: Sight): Event {
  const touched = state.shards.filter((shard) => shard.replicate !== null);
  const left = touched.flatMap((shard) => {
    const look = sight.shards?.[shard.index]?.look.destination;
    const plan = state.plan.shards[shard.index];
    if (!plan) return [];
    const name = addressOf(plan.destination);
    if (!look?.ok) return [`${name} (not reachable)`];
    return look.facts.keys > 0 ? [`${name}: ${plural(look.facts.keys, 'key')}`] : [];
  });
  return {
    kind: 'summary',
    lines: [
      touched.length === 0
        ? 'Nothing had been changed on any server.'
        : `The sources were not touched and go on as masters. ${plural(touched.length, 'destination')} had begun to replicate and stopped.`,
      ...(touched.length === 0
        ? []
        : [
            left.length === 0
              ? 'No data is left on the destinations.'
              : `Data is left on ${listText(left, 20)}. FLUSHALL there removes it.`,
          ]),
    ],
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
