/** What a shard's own page is made of, and how migrations and shards are found. */
import { describe, expect, it } from 'vitest';
import type { Effect, Event } from '../../src/domain/event.ts';
import type { PairLook } from '../../src/domain/observation.ts';
import { fenceAddress } from '../../src/domain/plan.ts';
import { migrationMatches, searchWords } from '../../src/domain/search.ts';
import { shardDetailOf } from '../../src/domain/shard-detail.ts';
import type { MigrationState } from '../../src/domain/state.ts';
import { viewOf } from '../../src/domain/view-of.ts';
import {
  ANA,
  aPlan,
  BEN,
  followingPair,
  NOT_LOOKED,
  OWN_REPLID,
  POLICY,
  replication,
  rowsOf,
  SOURCE_REPLID,
  START,
  seen,
  sightOf,
  stateOf,
  toStreaming,
  unseen,
} from './support/build.ts';

const PLAN = aPlan(2);

function viewed(state: MigrationState, looks: readonly PairLook[] | null) {
  const sight = looks ? sightOf(state, looks) : NOT_LOOKED;
  const nobody = { lateClients: [], lateWriters: null, engineReason: null, hookTroubles: new Map<string, string>() };
  const view = viewOf({ state, rows: [], sight, policy: POLICY, asOf: looks ? START : null, ...nobody });
  return { sight, view };
}

function detail(state: MigrationState, looks: readonly PairLook[] | null, shard = 0) {
  const rows = rowsOf(PLAN, []).toReversed();
  return shardDetailOf({ state, ...viewed(state, looks), shard, rows, hasOlder: false });
}

const STREAMING = toStreaming(PLAN);

describe('a shard in detail', () => {
  it('shows both servers as last seen, with what each has of the stream', () => {
    const source = seen({
      runId: 'run-1',
      replication: replication({ masterOffset: 9_007_199_254_740_993n, replid2: OWN_REPLID, secondOffset: 12n }),
    });
    const destination = seen({
      role: 'replica',
      replication: replication({
        master: { host: 'old-1', port: 6379 },
        linkUp: true,
        replicaOffset: 9_007_199_254_740_990n,
        masterOffset: 1n,
      }),
    });
    const pairs = [{ source, destination }, followingPair(PLAN.shards[1]!)];
    const [old, fresh] = detail(stateOf(PLAN, STREAMING), pairs)?.servers ?? [];
    expect(old).toMatchObject({ address: 'old-1:6379', from: 'look', role: 'master', runId: 'run-1', follows: null });
    expect(old?.stream).toEqual({
      offset: '9007199254740993',
      replid: SOURCE_REPLID,
      before: { replid: OWN_REPLID, offset: '12' },
    });
    expect(fresh?.stream?.offset).toBe('9007199254740990');
    expect(fresh?.follows).toEqual({ address: 'old-1:6379', linkUp: true, fence: false });
  });

  it('knows our fence when a server stands behind it', () => {
    const source = seen({ role: 'replica', replication: replication({ master: fenceAddress(PLAN.id) }) });
    const pairs = [{ source, destination: seen() }, followingPair(PLAN.shards[1]!)];
    expect(detail(stateOf(PLAN, STREAMING), pairs)?.servers[0]?.follows?.fence).toBe(true);
  });

  it('shows what the check wrote down where a server does not answer, and says so', () => {
    const pairs = [{ source: unseen('old-1:6379 is away.'), destination: seen() }, followingPair(PLAN.shards[1]!)];
    const [old] = detail(stateOf(PLAN, STREAMING), pairs)?.servers ?? [];
    expect(old).toMatchObject({
      from: 'check',
      problem: 'old-1:6379 is away.',
      keys: 20_000,
      role: null,
      stream: null,
    });
    expect(detail(stateOf(PLAN), null)?.servers[0]).toMatchObject({ from: 'nothing', problem: null, version: null });
  });

  it('has no page for a shard that there is none of', () => {
    expect(detail(stateOf(PLAN), null, 2)).toBeNull();
    expect(detail(stateOf(PLAN), null, -1)).toBeNull();
  });

  it('tells each setting of ours with its old value and where it stands, and no secret', () => {
    const set = (name: string, more: Partial<Extract<Effect, { kind: 'set_config' }>> = {}): Event => ({
      kind: 'intent',
      effect: {
        kind: 'set_config',
        shard: 0,
        side: 'source',
        name,
        old: { kind: 'plain', value: '60' },
        value: '600',
        why: 'Why.',
        until: 'end',
        ...more,
      },
    });
    const secret = { old: { kind: 'sealed' as const, box: 'BOX' }, value: null };
    const first = STREAMING.length + 2;
    const state = stateOf(PLAN, [
      ...STREAMING,
      set('asked'),
      set('set', secret),
      set('back'),
      set('left'),
      set('elsewhere', { shard: 1 }),
      { kind: 'seen', intent: first + 1, detail: '' },
      { kind: 'intent', effect: { kind: 'restore_config', shard: 0, side: 'source', name: 'back', ledger: first + 2 } },
      { kind: 'seen', intent: first + 6, detail: '' },
      { kind: 'given_up', what: 'setting', ledger: first + 3, shard: 0, detail: '' },
    ]);
    const told = detail(state, null)?.settings ?? [];
    expect(told.map((one) => [one.name, one.state])).toEqual([
      ['asked', 'asked'],
      ['set', 'set'],
      ['back', 'put_back'],
      ['left', 'left'],
    ]);
    expect(told[0]).toMatchObject({ old: '60', value: '600' });
    expect(told[1]).toMatchObject({ old: null, value: null });
    expect(JSON.stringify(told)).not.toContain('BOX');
  });
});

describe('a search for migrations', () => {
  const approvals = [{ user: BEN, at: '2024-05-01T10:00:00.000Z' }];
  const { view } = viewed(stateOf(PLAN, STREAMING), null);
  const past = { ...view, gates: view.gates.map((gate) => ({ ...gate, approvals })) };
  const finds = (typed: string) => migrationMatches(past, searchWords(typed));

  it.each(['', 'm-7k', 'ORDERS', 'old-2', 'new-1:63', 'streaming', ANA, BEN.toLowerCase(), 'orders old-1 new-2'])(
    'finds it by %s',
    (typed) => expect(finds(typed)).toBe(true),
  );

  it.each(['payments', 'old-3', 'U00000EVE', 'orders old-3'])('does not find it by %s', (typed) =>
    expect(finds(typed)).toBe(false),
  );
});
