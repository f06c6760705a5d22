/** Which destinations may be given away now, and which orders are sent again. */
import { describe, expect, it } from 'vitest';
import { mayWipe } from '../../src/domain/begin.ts';
import type { Event } from '../../src/domain/event.ts';
import type { PairLook } from '../../src/domain/observation.ts';
import type { MigrationState } from '../../src/domain/state.ts';
import {
  ANA,
  aPlan,
  beforeOf,
  endpoint,
  enter,
  followingPair,
  freshPair,
  NOT_EMPTY,
  OWN_REPLID,
  POLICY,
  replication,
  START,
  seen,
  stateOf,
  toPlanned,
  toSyncing,
  unseen,
} from './support/build.ts';

import { decided, fresh, shardsOf } from './support/decided.ts';

describe('full syncs', () => {
  const plan = aPlan(6, {
    shards: Array.from({ length: 6 }, (_, index) => {
      return {
        index,
        source: endpoint(index < 4 ? 'host-a' : 'host-b', 7_000 + index),
        destination: endpoint(`new-${index}`),
      };
    }),
  });
  const state = stateOf(plan, toSyncing(plan));

  it('begin a few at a time: SYNCS_PER_HOST of one host, SYNCS_TOTAL of all', () => {
    expect(shardsOf(decided(state, fresh(plan)).effects, 'replicate')).toEqual([0, 1, 4, 5]);
    const fewer = decided(state, fresh(plan), {}, { ...POLICY, syncsTotal: 3 });
    expect(shardsOf(fewer.effects, 'replicate')).toEqual([0, 1, 4]);
    expect(decided(state, fresh(plan), {}, { ...POLICY, syncsTotal: 0 }).effects).toEqual([]);
  });

  it('those under way count', () => {
    const intent: Event = {
      kind: 'intent',
      effect: { kind: 'replicate', shard: 0, before: beforeOf(0) },
    };
    const begun = stateOf(plan, [...toSyncing(plan), intent]);
    expect(shardsOf(decided(begun, fresh(plan)).effects, 'replicate')).toEqual([1, 4, 5]);
  });

  it('each carries what later looks are held against: processes, history, counts', () => {
    const looks = fresh(plan);
    looks[0] = {
      source: seen({ runId: 'run-old-0', fullSyncs: 41 }),
      destination: seen({ runId: 'run-new-0', refusedCommands: 3, replication: replication({ replid: OWN_REPLID }) }),
    };
    expect(decided(state, looks).effects[0]).toEqual({
      kind: 'replicate',
      shard: 0,
      before: beforeOf(0, { sourceFullSyncs: 41, destinationRefusedCommands: 3 }),
      writeBytesPerSecond: null,
    });
  });

  it('a server that does not answer holds up nobody else', () => {
    const looks = fresh(plan);
    looks[0] = { ...freshPair(0), destination: unseen('new-0:6379 hangs.') };
    const decision = decided(state, looks);
    expect(shardsOf(decision.effects, 'replicate')).toEqual([1, 2, 4, 5]);
    expect(decision.waitingFor).toContain('Shard 1: new-0:6379 hangs.');
  });
});

describe('an order to follow', () => {
  const plan = aPlan(1);
  const events = toSyncing(plan);
  const intent = events.length + 2;
  const sent: Event = {
    kind: 'intent',
    effect: { kind: 'replicate', shard: 0, before: beforeOf(0) },
  };
  const answered = (outcome: 'ok' | 'refused' | 'unknown'): Event => ({
    kind: 'answered',
    intent,
    outcome,
    detail: 'new-1:6379 says no.',
  });
  const sentAt = START + (intent - 1) * 1_000;
  const after = (rows: readonly Event[], ms: number, look = freshPair(0)) =>
    decided(stateOf(plan, [...events, ...rows]), [look], { wallNow: sentAt + ms });

  it.each(['ok', 'unknown'] as const)('answered %s and not seen is sent again after five seconds', (outcome) => {
    expect(after([sent, answered(outcome)], 4_999).effects).toEqual([]);
    expect(shardsOf(after([sent, answered(outcome)], 5_000).effects, 'replicate')).toEqual([0]);
  });

  it('of which nobody knows whether it was sent (a crash) is sent again after five seconds', () => {
    expect(after([sent], 4_999).effects).toEqual([]);
    expect(shardsOf(after([sent], 5_000).effects, 'replicate')).toEqual([0]);
  });

  it('that was refused is sent again after ten seconds, and the reason is told meanwhile', () => {
    const decision = after([sent, answered('refused')], 9_999);
    expect(decision.effects).toEqual([]);
    expect(decision.waitingFor).toContain('Shard 1: new-1:6379 says no.');
    expect(shardsOf(after([sent, answered('refused')], 10_000).effects, 'replicate')).toEqual([0]);
  });

  it('a clock that jumps back does not stop it for ever', () => {
    expect(shardsOf(after([sent, answered('ok')], -3_600_000).effects, 'replicate')).toEqual([0]);
  });

  it('that is seen is told once, and never sent again, not even to a destination that was restarted', () => {
    const [shard] = plan.shards;
    if (!shard) throw new Error('The plan has one shard.');
    const seenNow = after([sent, answered('ok')], 20_000, followingPair(shard));
    expect(seenNow.effects).toEqual([]);
    expect(seenNow.rows).toContainEqual({
      kind: 'seen',
      intent,
      detail: 'Shard 1: the destination follows its source.',
    });
    const told: Event[] = [sent, answered('ok'), { kind: 'seen', intent, detail: 'It follows.' }];
    expect(after(told, 20_000, followingPair(shard)).rows).not.toContainEqual(
      expect.objectContaining({ kind: 'seen' }),
    );
    const restarted = after(told, 60_000);
    expect(restarted.effects).toEqual([]);
    expect(restarted.waitingFor).toContain('new-1:6379 follows nobody.');
  });
});

describe('the last look before a destination is given away', () => {
  const plan = aPlan(2, { yesWipe: true });
  const consent = (more: { shard?: number; sent?: boolean } = {}): MigrationState => {
    const events = toPlanned(plan, [{ ...NOT_EMPTY, shard: more.shard ?? 0 }], 7);
    const approved: Event = {
      kind: 'approved',
      gate: 'continue',
      user: ANA,
      click: 9,
      entry: events.length + 1,
      findings: '',
      wipe: true,
    };
    const sent: Event = { kind: 'intent', effect: { kind: 'replicate', shard: 0, before: beforeOf(0) } };
    const rows = [...events, approved, enter('syncing'), ...(more.sent ? [sent] : [])];
    return stateOf(plan, rows);
  };
  const holding = (keys: number, more: Parameters<typeof seen>[0] = {}): PairLook[] => [
    { ...freshPair(0), destination: seen({ runId: 'run-new-0', keys, ...more }) },
    { ...freshPair(1), destination: unseen('It hangs.') },
  ];

  it('keys that were consented to are wiped', () => {
    expect(mayWipe(consent(), 0)).toBe(true);
    expect(shardsOf(decided(consent(), holding(7)).effects, 'replicate')).toEqual([0]);
  });

  it.each<[string, MigrationState, PairLook[], RegExp]>([
    [
      'keys that came after the check',
      stateOf(plan, toSyncing(plan)),
      holding(7),
      /^Shard 1: new-1:6379 has got 7 keys since it was checked\. Nothing was done to it\./,
    ],
    [
      'keys of a destination that was empty when consent was given for another',
      consent({ shard: 1 }),
      holding(7),
      /has got 7 keys since it was checked/,
    ],
    [
      'keys of another process at that address',
      consent(),
      holding(7, { runId: 'another' }),
      /another server process than the one that was checked, and holds 7 keys\./,
    ],
    [
      'a server that loads its own data',
      consent(),
      holding(0, { loading: { percent: 3 } }),
      /was restarted and loads its own data\./,
    ],
    [
      'a source that is no master any more',
      consent(),
      [{ ...freshPair(0), source: seen({ role: 'replica' }) }, ...holding(7).slice(1)],
      /old-1:6379 is not a master any more\./,
    ],
    [
      'more keys than were consented to',
      consent(),
      holding(8),
      /new-1:6379 holds 8 keys now, and only 7 keys were agreed to be wiped\. Nothing was done to it\./,
    ],
    [
      'a destination that has followed and is a master again, whatever was consented to',
      consent({ sent: true }),
      holding(7, { replication: replication({ replid: 'e'.repeat(40) }) }),
      /new-1:6379 has followed a source already and is a master again, with 7 keys: somebody promoted it\./,
    ],
  ])('%s: nothing is done, and the reason is told', (_, state, looks, reason) => {
    const decision = decided(state, looks, { wallNow: START + 60_000 });
    expect(decision.effects).toEqual([]);
    expect(decision.waitingFor).toMatch(reason);
  });

  it.each([
    ['source', 'run-old-0', 'old-1:6379'],
    ['destination', 'run-new-0', 'new-1:6379'],
  ])('a %s that another migration has taken meanwhile: nothing is done, and the reason is told', (_, runId, name) => {
    const state = stateOf(plan, toSyncing(plan));
    const decision = decided(state, holding(0), { taken: new Map([[runId, 'm-aaaa']]) });
    expect(decision.effects).toEqual([]);
    expect(decision.waitingFor).toBe(
      `Shard 1: ${name} is a server of migration m-aaaa too. Nothing was done to it. Abort one of the two.`,
    );
    const others = { taken: new Map([['run-of-others', 'm-aaaa']]) };
    expect(shardsOf(decided(state, holding(0), others).effects, 'replicate')).toEqual([0]);
  });

  it('consent of before another check does not count', () => {
    const [first, ...rest] = [...toPlanned(plan, [NOT_EMPTY], 7)];
    if (!first) throw new Error('Preflight was done.');
    const approved: Event = {
      kind: 'approved',
      gate: 'continue',
      user: ANA,
      click: 9,
      entry: 3,
      findings: '',
      wipe: true,
    };
    const later: Event = {
      kind: 'approved',
      gate: 'continue',
      user: ANA,
      click: 9,
      entry: 6,
      findings: '',
      wipe: false,
    };
    const state = stateOf(plan, [
      first,
      ...rest,
      approved,
      enter('checking'),
      ...toPlanned(plan, [NOT_EMPTY], 7),
      later,
      enter('syncing'),
    ]);
    expect(mayWipe(state, 0)).toBe(false);
  });
});
