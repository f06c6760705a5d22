/** The closing words of a migration, as lines. Pure. */

import { glassText } from './describe-approvals.ts';
import { addressOf } from './endpoint.ts';
import type { Event } from './event.ts';
import { fencedLines } from './fenced.ts';
import { overridePassed, overrideText } from './finish-gate.ts';
import type { Sight } from './sight.ts';
import type { MigrationState, ShardRecord } from './state.ts';
import { bytesText, countText, listText, plural, secondsText, shardText } from './words.ts';

export function finishSummary(state: MigrationState, sight: Sight): Event {
  const totals = state.preflight?.totals;
  const keys = sum(sight.shards?.map((one) => (one.look.destination.ok ? one.look.destination.facts.keys : 0)) ?? []);
  const override = overridePassed(state);
  return {
    kind: 'summary',
    lines: [
      `${plural(state.plan.shards.length, 'shard')} moved in ${secondsText((sight.wallNow - state.plan.createdAt) / 1000)}: ` +
        `${totals?.keys == null ? 'an unknown number of' : countText(totals.keys)} keys and ${totals?.bytes == null ? 'an unknown size' : bytesText(totals.bytes)} when it began, ${countText(keys)} keys on the new servers now.`,
      pauseLine(state.shards) ?? 'The pause of the writes was not measured.',
      ...(override === null ? [] : [`Gate *finish* was ${overrideText(override)}`]),
      ...glassLines(state),
      ...settingLines(state),
      ...fencedLines(state, sight, 'source', state.shards),
      roleLine(state, sight),
    ],
  };
}

export function rollbackSummary(state: MigrationState, sight: Sight): Event {
  const returned = state.shards.filter((shard) => shard.returned);
  const many = plural(returned.length, 'shard');
  const pause = pauseLine(returned);
  const stays = state.shards.filter((shard) => shard.stays);
  const stayed = state.shards.filter((shard) => !shard.returned && !shard.stays && shard.replicate !== null).length;
  return {
    kind: 'summary',
    lines: [
      `Rolled back: the old servers take the writes of ${many} again, and have everything that was written to the new ones until then.`,
      ...(pause === null ? [] : [pause]),
      ...glassLines(state),
      ...settingLines(state),
      ...fencedLines(state, sight, 'destination', returned),
      ...staysLines(state, sight, stays),
      ...fencedLines(state, sight, 'source', stays),
      ...(stayed === 0
        ? []
        : [
            `${plural(stayed, 'shard')} had not gone over: the old servers went on as masters all the while, the new ones follow nobody any more and keep what was copied.`,
          ]),
    ],
  };
}

/** Shards that a roll back was ended without. */
function staysLines({ plan }: MigrationState, sight: Sight, stays: readonly ShardRecord[]): string[] {
  if (stays.length === 0) return [];
  const where = stays.flatMap(({ index }) => {
    const one = plan.shards[index];
    return one ? [`${shardText(index)} on ${addressOf(one.destination)}`] : [];
  });
  const unseen = stays.flatMap(({ index }) => {
    const look = sight.shards?.find(({ verdict }) => verdict.shard === index)?.look.destination;
    const one = plan.shards[index];
    return one && !(look?.ok && look.facts.role === 'master') ? [addressOf(one.destination)] : [];
  });
  return [
    `Not rolled back, for nobody saw their old servers take the writes: ${listText(where, 20)}. To bring them back, start a migration from there to the old servers.`,
    ...(unseen.length === 0 ? [] : [`Not seen as a master: ${listText(unseen, 20)}.`]),
  ];
}

/** Gates that somebody passed alone. */
function glassLines({ glass }: MigrationState): string[] {
  return glass.map((one) => `Gate *${one.gate}* was ${glassText(one)}`);
}

/** For how long the writes of each shard stood still, as measured; null when none was. */
function pauseLine(shards: readonly ShardRecord[]): string | null {
  const measured = shards.flatMap(({ index, pauseMs }) => (pauseMs === null ? [] : [{ index, pauseMs }]));
  if (measured.length === 0) return null;
  const most = Math.max(...measured.map((one) => one.pauseMs));
  const each = measured.map(({ index, pauseMs }) => `${shardText(index)} ${pauseMs} ms`);
  return measured.length === 1
    ? `Writes stood still for ${most} ms.`
    : `Writes stood still for ${most} ms at most: ${listText(each, 20)}.`;
}

/** What was changed on the way, by name and side, and what of it is still as we left it, or as somebody else did. */
function settingLines(state: MigrationState): string[] {
  const changed = state.ledger.filter((entry) => entry.until !== 'trial');
  if (changed.length === 0) return ['No setting had to be changed.'];
  const counts = new Map<string, number>();
  for (const { name, side } of changed) {
    const key = `${name} on the ${side}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const names = [...counts].map(([key, many]) => (many === 1 ? key : `${key} of ${many} shards`));
  const left = changed.filter((entry) => entry.closed && entry.restore?.seen !== true);
  const put = left.length === 0 ? 'and put back' : `of which ${plural(left.length, 'setting')} could not be put back`;
  const where = left.map(({ name, side, shard }) => {
    const plan = state.plan.shards[shard];
    return `${name} on ${plan ? addressOf(plan[side]) : side}`;
  });
  return [
    `${plural(changed.length, 'setting')} changed on the way, ${put}: ${listText(names, 12)}.`,
    ...(left.length === 0 ? [] : [`Look at ${listText(where, 20)}.`]),
  ];
}

/** A restart brings back the role that a configuration file names. */
function roleLine(state: MigrationState, sight: Sight): string {
  const written = state.plan.shards.flatMap(({ index, destination }) => {
    const look = sight.shards?.[index]?.look.destination;
    return look?.ok && look.facts.configFile !== null ? [addressOf(destination)] : [];
  });
  const danger = 'a restart may bring the old role back, and with it the old master’s data';
  if (written.length === 0)
    return `The new roles are in no configuration file: make them part of your deployment, or ${danger}.`;
  const rest =
    written.length < state.plan.shards.length ? ' The others have none: make it part of your deployment.' : '';
  return `The new roles are in no configuration file yet, so ${danger}. To write them down: CONFIG REWRITE on ${listText(written, 20)}.${rest}`;
}

export function abortSummary(state: MigrationState, sight: Sight): Event {
  const touched = state.shards.filter((shard) => shard.replicate !== null);
  const left = touched.flatMap((shard) => {
    const look = sight.shards?.[shard.index]?.look.destination;
    const plan = state.plan.shards[shard.index];
    if (!plan) return [];
    const name = addressOf(plan.destination);
    if (!look?.ok) return [`${name} (not reachable)`];
    return look.facts.keys > 0 ? [`${name} (${plural(look.facts.keys, 'key')})`] : [];
  });
  const alone = state.shards.some((shard) => shard.open !== null)
    ? ' What was written there since the switch is there alone: the old servers never had it.'
    : '';
  return {
    kind: 'summary',
    lines: [
      touched.length === 0
        ? 'Nothing had been changed on any server.'
        : `The sources go on as masters, their data as it was. ${plural(touched.length, 'destination')} had begun to replicate and stopped.`,
      ...(touched.length === 0
        ? []
        : [
            left.length === 0
              ? 'No data is left on the destinations.'
              : `Data is left on ${listText(left, 20)}.${alone} FLUSHALL there removes it.`,
            ...settingLines(state),
          ]),
      ...glassLines(state),
    ],
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
