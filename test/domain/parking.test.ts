/** A source that suffers is relieved: its destination waits aside, takes its turn again, and nothing gets lost on the way. */
import { describe, expect, it } from 'vitest';
import type { Effect } from '../../src/domain/event.ts';
import type { PairLook, ServerFacts } from '../../src/domain/observation.ts';
import { fenceAddress } from '../../src/domain/plan.ts';
import { stillParked } from '../../src/domain/source-guard.ts';
import type { MigrationState } from '../../src/domain/state.ts';
import {
  aPlan,
  beforeOf,
  enter,
  followingPair,
  freshPair,
  POLICY,
  replication,
  seen,
  sightOf,
  toSyncing,
  verdictOf,
} from './support/build.ts';
import { decided, shardsOf } from './support/decided.ts';
import { Journal } from './support/journal.ts';

const plan = aPlan(1);
const SLOW = { sourceLatencyMs: 1_500 };
const replicate: Effect = { kind: 'replicate', shard: 0, before: beforeOf(0) };
const park: Effect = { kind: 'park', shard: 0, why: 'old-1:6379 takes 1500 ms to answer, more than 1000.' };

/** A migration whose shard has been set up and was seen to follow. */
function begun(): Journal {
  const journal = new Journal(plan);
  for (const event of toSyncing(plan)) journal.append(event);
  order(journal, replicate, 'ok', true);
  return journal;
}

/** An order in the journal, with its answer, and whether it was seen; `null`: the bot died before the answer. */
function order(journal: Journal, effect: Effect, outcome: 'ok' | 'refused' | 'unknown' | null, isSeen = false): void {
  const { seq } = journal.append({ kind: 'intent', effect });
  if (outcome !== null) journal.append({ kind: 'answered', intent: seq, outcome, detail: 'so it answered.' });
  if (isSeen) journal.append({ kind: 'seen', intent: seq, detail: 'seen.' });
}

function copying(doing: 'snapshot' | 'transfer' | 'loading', more: Partial<ServerFacts> = {}): PairLook {
  const { host, port } = plan.shards[0]?.source ?? { host: '', port: 0 };
  const link = { master: { host, port }, syncing: true, readOnly: true };
  const read = doing === 'transfer' ? { syncReadBytes: 400, syncTotalBytes: 1_000 } : {};
  const loading = doing === 'loading' ? { percent: 40 } : null;
  return {
    source: seen({ runId: 'run-old-0', keys: 20_000 }),
    destination: seen({
      runId: 'run-new-0',
      role: 'replica',
      loading,
      replication: replication({ ...link, ...read }),
      ...more,
    }),
  };
}

function aside(readOnly = true, host = fenceAddress(plan.id).host): PairLook {
  const link = replication({ master: { host, port: 1 }, readOnly });
  return {
    source: seen({ runId: 'run-old-0', keys: 20_000 }),
    destination: seen({ runId: 'run-new-0', role: 'replica', keys: 7, replication: link }),
  };
}

/** What is decided on one look, `seconds` after the last row, with a source that answers in so many milliseconds. */
function after(journal: Journal, look: PairLook, seconds = 1, sourceLatencyMs = 1, policy = POLICY) {
  const sight = sightOf(journal.state, [look], { wallNow: journal.now + seconds * 1_000 });
  const shards = (sight.shards ?? []).map((one) => ({ ...one, sourceLatencyMs }));
  return decided(journal.state, [look], { ...sight, shards }, policy);
}

describe('a source that suffers', () => {
  it('is relieved while a copy weighs on it, and is told why with the figures', () => {
    for (const doing of ['snapshot', 'transfer'] as const) {
      const { effects } = after(begun(), copying(doing), 1, SLOW.sourceLatencyMs);
      expect(effects).toEqual([{ kind: 'park', shard: 0, why: 'old-1:6379 takes 1500 ms to answer, more than 1000.' }]);
    }
    const full = { ...copying('transfer'), source: seen({ runId: 'run-old-0', rssBytes: 7_300_000_000 }) };
    expect(after(begun(), full).effects).toMatchObject([
      { kind: 'park', why: "old-1:6379 takes 6.8 GiB of its machine's 7.5 GiB, more than 90 %." },
    ]);
  });

  it('is left alone when it is well, when nothing is copied, and where a waiting copy would take writes', () => {
    const { shards } = plan;
    expect(after(begun(), copying('transfer')).effects).toEqual([]);
    expect(after(begun(), followingPair(shards[0] as (typeof shards)[0]), 1, 9_000).effects).toEqual([]);
    expect(after(begun(), copying('transfer', { version: '2.4.18' }), 1, 9_000).effects).toEqual([]);
    const unknown = { ...copying('transfer'), source: seen({ systemMemoryBytes: null, rssBytes: null }) };
    expect(after(begun(), unknown).effects).toEqual([]);
  });

  it('no order is given to a destination that loads: it would refuse, and its source has nothing of it any more', () => {
    expect(after(begun(), copying('loading'), 1, 9_000).effects).toEqual([]);
  });
});

describe('a destination that waits aside', () => {
  it('gets some rest, longer each time, and follows again when its source is well', () => {
    const journal = begun();
    order(journal, park, 'ok');
    expect(after(journal, aside(), 29).effects).toEqual([]);
    expect(shardsOf(after(journal, aside(), 31).effects, 'replicate')).toEqual([0]);
    expect(after(journal, aside(), 31, 1_500).effects).toEqual([]);
    order(journal, replicate, 'ok', true);
    order(journal, park, 'ok');
    expect(after(journal, aside(), 59).effects).toEqual([]);
    expect(shardsOf(after(journal, aside(), 61).effects, 'replicate')).toEqual([0]);
  });

  it('is not kept waiting by a clock that goes back', () => {
    const journal = begun();
    order(journal, park, 'ok');
    expect(shardsOf(after(journal, aside(), -3_600).effects, 'replicate')).toEqual([0]);
  });

  it('waits for its turn among the full syncs of this migration and of others', () => {
    const journal = begun();
    order(journal, park, 'ok');
    expect(after(journal, aside(), 31, 1, { ...POLICY, syncsTotal: 0 }).effects).toEqual([]);
    const elsewhere = { total: 2, perHost: new Map([['old-1', 2]]) };
    const busy = decided(journal.state, [aside()], { wallNow: journal.now + 31_000, elsewhere });
    expect(busy.effects).toEqual([]);
  });

  it.each(['refused', 'unknown', null] as const)(
    'whose order to follow again was lost (%s) is sent after its source again',
    (outcome) => {
      const journal = begun();
      order(journal, park, 'ok');
      journal.now += 31_000;
      order(journal, replicate, outcome);
      // Still aside: the order was never carried out. Not at once again, but soon; never forgotten.
      expect(after(journal, aside(), 1).effects).toEqual([]);
      expect(shardsOf(after(journal, aside(), 11).effects, 'replicate')).toEqual([0]);
      // One full sync at a time: its own order is no reason to wait for it.
      expect(shardsOf(after(journal, aside(), 11, 1, { ...POLICY, syncsTotal: 1 }).effects, 'replicate')).toEqual([0]);
      const verdict = verdictOf(journal.state, 0, aside());
      expect(verdict).toMatchObject({ state: 'queued', alarm: false });
    },
  );

  it('counts as a full sync from the order to follow on, so that nobody else takes its turn', () => {
    const two = aPlan(2);
    const journal = new Journal(two);
    for (const event of toSyncing(two)) journal.append(event);
    order(journal, replicate, 'ok', true);
    order(journal, park, 'ok');
    order(journal, replicate, 'ok');
    const one = { ...POLICY, syncsTotal: 1 };
    for (const look of [aside(), copying('snapshot')]) {
      const { effects } = decided(journal.state, [look, freshPair(1)], { wallNow: journal.now + 1_000 }, one);
      expect(effects).toEqual([]);
    }
  });

  it('is freed by an abort, whatever became of the last order and of its read-only flag', () => {
    for (const outcome of ['refused', 'unknown', null, 'ok'] as const) {
      const journal = begun();
      order(journal, park, 'ok');
      if (outcome !== 'ok') order(journal, replicate, outcome);
      journal.append(enter('aborting'));
      for (const readOnly of [true, false]) {
        const { effects, rows } = after(journal, aside(readOnly));
        expect(effects).toEqual([{ kind: 'detach', shard: 0 }]);
        expect(rows).toEqual([]);
      }
    }
  });

  it('behind somebody else’s closed port is somebody else’s', () => {
    const journal = begun();
    order(journal, park, 'ok');
    const theirs = aside(true, '127.99.9.9');
    expect(after(journal, theirs, 61).effects).toEqual([]);
    journal.append(enter('aborting'));
    expect(after(journal, theirs).rows).toMatchObject([{ kind: 'given_up', what: 'detach' }]);
  });

  it('that takes writes by now is held, and is not wiped', () => {
    const journal = begun();
    order(journal, park, 'ok');
    const { effects, rows } = after(journal, aside(false), 61);
    expect(effects).toEqual([]);
    expect(rows).toMatchObject([{ kind: 'held', side: 'destination', what: 'read_only' }]);
  });

  it('that somebody made a master is held, and is not wiped', () => {
    const journal = begun();
    order(journal, park, 'ok');
    const promoted = { ...aside(), destination: seen({ runId: 'run-new-0', keys: 7 }) };
    const { effects, rows } = after(journal, promoted, 61);
    expect(effects).toEqual([]);
    expect(rows).toMatchObject([{ kind: 'held', side: 'destination', what: 'role' }]);
  });

  it('is no drift: that it follows a closed port is our own doing', () => {
    const journal = begun();
    order(journal, park, 'ok');
    expect(after(journal, aside()).rows).toEqual([]);
    expect(after(journal, copying('transfer')).rows.map((row) => row.kind)).toEqual(['progress']);
  });
});

describe('an order to wait aside that came to nothing', () => {
  it.each(['refused', 'unknown', null] as const)('(%s) is given again while the source suffers', (outcome) => {
    const journal = begun();
    order(journal, park, outcome);
    expect(after(journal, copying('transfer'), 1, 1_500).effects).toEqual([]);
    expect(shardsOf(after(journal, copying('transfer'), 11, 1_500).effects, 'park')).toEqual([0]);
  });

  it('leaves the shard watched: it counts as a full sync, and what others change is held', () => {
    const journal = begun();
    order(journal, park, 'refused');
    const [shard] = plan.shards;
    if (!shard) throw new Error('unreachable');
    const lifted = followingPair(shard);
    if (!lifted.destination.ok) throw new Error('unreachable');
    const { facts } = lifted.destination;
    const writable = {
      ...lifted.destination,
      facts: { ...facts, replication: { ...facts.replication, readOnly: false } },
    };
    const held = after(journal, { ...lifted, destination: writable }).rows;
    expect(held).toContainEqual(expect.objectContaining({ kind: 'held', what: 'read_only' }));

    const two = aPlan(2);
    const both = new Journal(two);
    for (const event of toSyncing(two)) both.append(event);
    order(both, replicate, 'ok', true);
    order(both, park, 'refused');
    const looks = [copying('transfer'), freshPair(1)];
    const { effects } = decided(both.state, looks, { wallNow: both.now + 1_000 }, { ...POLICY, syncsTotal: 1 });
    expect(effects).toEqual([]);
  });
});

it('why it waits is said in its row', () => {
  const journal = begun();
  order(journal, park, 'ok');
  const state: MigrationState = journal.state;
  const one = { ...(sightOf(state, [aside()]).shards ?? [])[0], sourceLatencyMs: 1_500 };
  const record = state.shards[0];
  if (!record) throw new Error('unreachable');
  const why = (latency: number, ms: number) =>
    stillParked(state, { ...one, sourceLatencyMs: latency } as never, record, POLICY, journal.now + ms);
  expect(why(1_500, 90_000)).toMatch(/takes 1500 ms to answer/);
  expect(why(1, 1_000)).toBe('It gets some rest first.');
  expect(why(1, 90_000)).toBeNull();
  expect(verdictOf(state, 0, aside()).reason).toMatch(/^Waits for its turn: old-1:6379 takes 1500 ms/);
});
