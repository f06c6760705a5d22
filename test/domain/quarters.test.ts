/** The thread hears of each quarter of a migration's way once, whatever its shards do and however often the bot restarts. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decide } from '../../src/domain/decide.ts';
import type { JournalRow } from '../../src/domain/event.ts';
import { foldJournal } from '../../src/domain/migration.ts';
import type { ShardSight } from '../../src/domain/sight.ts';
import { aPlan, enter, followingPair, POLICY, sightOf, toSyncing } from './support/build.ts';
import { Journal } from './support/journal.ts';

const SHARDS = 3;
const step = fc.record({
  percents: fc.array(fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constant(100)), {
    minLength: SHARDS,
    maxLength: SHARDS,
  }),
  next: fc.constantFrom('nothing', 'nothing', 'restart', 'flap'),
});

it('at most one line for 25 %, of the migration and not of a shard', () => {
  const plan = aPlan(SHARDS);
  const told = new Set<number>();
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const journal = new Journal(plan);
      for (const event of toSyncing(plan)) journal.append(event);
      for (const { percents, next } of steps) {
        const { state } = journal;
        const sight = sightOf(
          state,
          plan.shards.map((shard) => followingPair(shard)),
        );
        const shards = (sight.shards ?? []).map((one, place) => copying(one, percents[place] ?? 0));
        for (const row of decide(state, { ...sight, shards }, POLICY).rows) journal.append(row);
        if (next === 'restart')
          journal.state = foldJournal(JSON.parse(JSON.stringify(journal.rows)) as typeof journal.rows);
        if (next === 'flap') for (const phase of ['streaming', 'syncing'] as const) journal.append(enter(phase));
      }
      const quarters = journal.rows.flatMap(quarterOf);
      expect(quarters.length).toBeLessThanOrEqual(4);
      expect(quarters).toEqual([...new Set(quarters)].toSorted((a, b) => a - b));
      for (const one of quarters) told.add(one);
    }),
    { numRuns: 200 },
  );
  expect(told).toEqual(new Set([25, 50, 75, 100]));
});

function quarterOf({ event }: JournalRow): number[] {
  return event.kind === 'progress' ? [event.percent] : [];
}

function copying(one: ShardSight, percent: number): ShardSight {
  return { ...one, inStepTicks: 0, verdict: { ...one.verdict, state: 'transfer', percent } };
}
