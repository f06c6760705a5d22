/** What is to be done next, phase by phase. What must never be done whatever happens is in model.test.ts. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/domain/decide.ts';
import type { Event } from '../../src/domain/event.ts';
import type { PairLook } from '../../src/domain/observation.ts';
import type { Plan } from '../../src/domain/plan.ts';
import type { MigrationState } from '../../src/domain/state.ts';
import { isTrouble } from '../../src/domain/story.ts';
import {
  ANA,
  aPlan,
  enter,
  facts,
  followingPair,
  freshPair,
  NOT_LOOKED,
  POLICY,
  seen,
  sightOf,
  stateOf,
  switchedPair,
  toPlanned,
  toStreaming,
  toSwitched,
  unseen,
} from './support/build.ts';

import { decided, fresh } from './support/decided.ts';

describe('before continue', () => {
  it('preflight runs in checking, and nothing at all in planned', () => {
    const plan = aPlan(3);
    const checking = decide(stateOf(plan), NOT_LOOKED, POLICY);
    expect(checking).toMatchObject({
      run: 'preflight',
      effects: [],
      enter: null,
      waitingFor: 'The check is looking at 6 servers.',
    });
    const planned = decided(stateOf(plan, toPlanned(plan)), fresh(plan));
    const call = { kind: 'approval_needed', gate: 'continue', missing: 1 };
    expect(planned).toMatchObject({ run: null, effects: [], rows: [call], enter: null });
    expect(planned.waitingFor).toBe('Waits for one approval to continue. Replication of 3 shards will start.');
  });

  it('says how many approvals are missing and who gave one', () => {
    const plan = aPlan(1);
    const events = toPlanned(plan);
    const approved: Event = {
      kind: 'approved',
      gate: 'continue',
      user: ANA,
      click: 9,
      entry: events.length + 1,
      findings: '',
      wipe: false,
    };
    const policy = { ...POLICY, approvals: { continue: 3, switch: 1, finish: 1 } };
    expect(decide(stateOf(plan, events), NOT_LOOKED, policy).waitingFor).toMatch(
      /^Waits for 3 approvals to continue\./,
    );
    expect(decide(stateOf(plan, [...events, approved]), NOT_LOOKED, policy).waitingFor).toMatch(
      /^Waits for 2 more of 3 approvals \(given by <@U00000ANA>\) to continue\./,
    );
  });
});

describe('while shards follow', () => {
  const plan = aPlan(2);
  const following = plan.shards.map((shard) => followingPair(shard));
  // Streaming begins when all were in step; here that step is still to come.
  const events = toStreaming(plan).slice(0, -1);
  const syncing = stateOf(plan, events);
  const streaming = stateOf(plan, toStreaming(plan));

  it('streaming begins when every shard was in step on two ticks running', () => {
    expect(decided(syncing, following, { ticks: 1 }).enter).toBeNull();
    expect(decided(syncing, following, { ticks: 1 }).waitingFor).toContain('Looks once more to be sure.');
    const { enter: next, rows } = decided(syncing, following);
    expect(next?.phase).toBe('streaming');
    expect(rows.map((row) => row.kind)).toEqual(['shard_in_step', 'shard_in_step', 'progress']);
    expect(rows.at(-1)).toEqual({ kind: 'progress', percent: 100 });
  });

  it('syncing begins again when a shard makes another full sync, and not for a short lag', () => {
    const [first, second] = plan.shards;
    if (!first || !second) throw new Error('The plan has two shards.');
    const late = [followingPair(first), followingPair(second, 2_000_000)];
    expect(decided(streaming, late).enter).toBeNull();
    const { destination } = followingPair(second);
    if (!destination.ok) throw new Error('It answered.');
    const again = {
      ...followingPair(second),
      destination: { ...destination, facts: { ...destination.facts, loading: { percent: 1 } } },
    };
    expect(decided(streaming, [followingPair(first), again]).enter).toEqual({
      phase: 'syncing',
      reason: 'Shard 2 makes another full sync.',
    });
  });

  it('waits for the switch, and says why the last one was let go', () => {
    expect(decided(streaming, following).waitingFor).toBe(
      'Waits for one approval to switch. All 2 shards are in step. The new servers will take the writes.',
    );
    const letGo = stateOf(plan, [
      ...toStreaming(plan),
      enter('switching'),
      { kind: 'cutover_let_go', reason: 'shard 2 was late.' },
      enter('streaming'),
    ]);
    expect(decided(letGo, following).waitingFor).toMatch(/The last cut-over was let go: shard 2 was late\.$/);
  });

  it('trouble is told after four looks, once, and its end once', () => {
    const looks = [
      followingPair(plan.shards[0] as Plan['shards'][number]),
      { ...freshPair(1), source: unseen('old-2:6379 hangs.') },
    ];
    const rows = (state: MigrationState, troubleTicks: number, now = looks) =>
      decided(state, now, { troubleTicks }).rows.filter((row) => row.kind.startsWith('trouble'));
    expect(rows(streaming, 3)).toEqual([]);
    const told = rows(streaming, 4);
    expect(told).toEqual([{ kind: 'trouble', shard: 1, text: 'old-2:6379 hangs.' }]);
    const after = stateOf(plan, [...toStreaming(plan), ...told]);
    expect(rows(after, 5)).toEqual([]);
    expect(rows(after, 0, following)).toEqual([{ kind: 'trouble_over', shard: 1, text: 'State in step.' }]);
    expect(sightOf(after, looks).shards?.map((one) => isTrouble(one.verdict))).toEqual([false, true]);
  });

  it('each quarter of the way is told once', () => {
    const half = { ...freshPair(1), destination: seen() };
    const rows = decided(syncing, [followingPair(plan.shards[0] as Plan['shards'][number]), half]).rows;
    expect(rows.filter((row) => row.kind === 'progress')).toEqual([{ kind: 'progress', percent: 50 }]);
    const told = stateOf(plan, [...events, { kind: 'progress', percent: 50 }]);
    expect(
      decided(told, [followingPair(plan.shards[0] as Plan['shards'][number]), half]).rows.map((row) => row.kind),
    ).not.toContain('progress');
  });
});

describe('after the switch', () => {
  const plan = aPlan(1);
  const state = stateOf(plan, toSwitched(plan));
  const looks: PairLook[] = [switchedPair(plan, 0)];

  it('nothing is done; quiet is told once', () => {
    expect(decided(state, looks, { quietMs: 5_000 })).toMatchObject({ effects: [], rows: [], enter: null, run: null });
    const quiet: Event[] = [
      { kind: 'quiet', seconds: 30 },
      { kind: 'approval_needed', gate: 'finish', missing: 1 },
    ];
    expect(decided(state, looks, { quietMs: 30_900 }).rows).toEqual(quiet);
    const told = stateOf(plan, [...toSwitched(plan), ...quiet]);
    expect(decided(told, looks, { quietMs: 60_000 }).rows).toEqual([]);
    expect(decided(told, looks, { quietMs: 60_000 }).waitingFor).toMatch(/^Waits for one approval to finish\./);
  });

  it('switching is work for the cut-over alone', () => {
    const switching = stateOf(plan, [...toStreaming(plan), enter('switching')]);
    expect(decided(switching, looks)).toMatchObject({ run: 'cut_over', effects: [], rows: [], enter: null });
  });
});

it('what has ended asks for nothing and waits for nothing', () => {
  const plan = aPlan(1);
  for (const state of [
    stateOf(plan, [...toPlanned(plan), enter('aborting'), enter('aborted')]),
    stateOf(plan, [...toSwitched(plan), enter('finishing'), enter('finished')]),
  ]) {
    expect(decided(state, fresh(plan))).toEqual({ effects: [], run: null, rows: [], enter: null, waitingFor: null });
  }
  expect(facts().role).toBe('master');
});
