/** One shard goes over first: whose turn it is, how long the others wait, and what holds them back. */
import { describe, expect, it } from 'vitest';
import {
  canaryText,
  goneOver,
  groupOf,
  nextToGo,
  soakedAtFirst,
  soakLeftMs,
  soakText,
} from '../../src/domain/canary.ts';
import { judgeClick } from '../../src/domain/click.ts';
import { decide } from '../../src/domain/decide.ts';
import type { Event } from '../../src/domain/event.ts';
import { gatesOf } from '../../src/domain/gate.ts';
import type { PairLook } from '../../src/domain/observation.ts';
import { fenceAddress, type Plan } from '../../src/domain/plan.ts';
import type { MigrationState } from '../../src/domain/state.ts';
import { viewOf } from '../../src/domain/view-of.ts';
import {
  aPlan,
  BEN,
  enter,
  FROZEN_OFFSET,
  followingPair,
  POLICY,
  replication,
  SOURCE_REPLID,
  START,
  seen,
  sightOf,
  stateOf,
  switchedPair,
  toStreaming,
  unseen,
} from './support/build.ts';

const MINUTE = 60_000;
const PLAN = aPlan(3, { canary: { shard: 1, soakMs: 10 * MINUTE } });

/** The canary has gone over; the others follow. */
function toSoak(plan: Plan = PLAN): Event[] {
  const shard = plan.canary?.shard ?? 0;
  return [
    ...toStreaming(plan),
    enter('switching'),
    { kind: 'cutover_started', attempt: 1, way: 'over', shards: [shard], stops: ['pause'] },
    {
      kind: 'cutover_step',
      step: 'fence',
      frozen: [{ shard, replid: SOURCE_REPLID, offset: String(FROZEN_OFFSET) }],
      reason: '',
    },
    { kind: 'promoted', shard, pauseMs: 7, detail: 'is the master.' },
    { kind: 'cutover_step', step: 'unpause', frozen: [], reason: '' },
    { kind: 'soak', shard, over: false, text: 'is on its new server.' },
    { kind: 'way_back', shard, open: false, text: 'It is closed.' },
  ];
}

const LET_GO: Event[] = [
  { kind: 'soak', shard: 1, over: true, text: 'has soaked.' },
  { kind: 'cutover_started', attempt: 2, way: 'over', shards: [0, 2], stops: ['pause', 'pause'] },
  { kind: 'cutover_let_go', reason: 'Shard 3 was late.' },
  enter('streaming'),
];

function looks(plan: Plan = PLAN): PairLook[] {
  return plan.shards.map((shard) =>
    shard.index === plan.canary?.shard ? switchedPair(plan, shard.index) : followingPair(shard),
  );
}

function changed(place: number, change: Partial<PairLook>): PairLook[] {
  return looks().map((look, index) => (index === place ? { ...look, ...change } : look));
}

function at(state: MigrationState, soakedMs: number | null, pairs = looks(), more: { ticks?: number } = {}) {
  const sight = sightOf(state, pairs, { soakedMs, ...more });
  return decide(state, sight, POLICY);
}

const SOAKING = stateOf(PLAN, toSoak());

describe('whose turn it is', () => {
  it('the canary alone, then all others, and on the way back whoever has gone', () => {
    expect(nextToGo(stateOf(PLAN, toStreaming(PLAN)))).toEqual([1]);
    expect(nextToGo(SOAKING)).toEqual([0, 2]);
    expect(nextToGo(stateOf(aPlan(3), toStreaming(aPlan(3))))).toEqual([0, 1, 2]);
    expect(groupOf(stateOf(PLAN, [...toSoak(), enter('rolling_back')]))).toEqual(['back', [1]]);
    expect(goneOver(stateOf(PLAN, toStreaming(PLAN)))).toBeNull();
    expect(goneOver(SOAKING)?.index).toBe(1);
  });

  it('without a canary all go at once, whatever was seen', () => {
    const state = stateOf(aPlan(2), [...toStreaming(aPlan(2)), enter('switching')]);
    expect(at(state, null, [], {}).run).toBe('cut_over');
  });
});

describe('the soak', () => {
  it('says how long it still takes, and lets nobody go before', () => {
    const waiting = at(SOAKING, 3 * MINUTE);
    expect(waiting).toMatchObject({ run: null, enter: null });
    expect(waiting.waitingFor).toBe('Shard 2 is on its new server; soaks for 7 more minutes, then the other 2 follow.');
    expect(at(SOAKING, 10 * MINUTE - 1).waitingFor).toMatch(/soaks for 5 more seconds, then/);
    expect(at(SOAKING, 10 * MINUTE - 1).run).toBeNull();
  });

  it('lets the others go when it is over, and says so once', () => {
    const over = at(SOAKING, 10 * MINUTE);
    expect(over.run).toBe('cut_over');
    expect(over.rows).toContainEqual(expect.objectContaining({ kind: 'soak', shard: 1, over: true }));
    const told = stateOf(PLAN, [...toSoak(), { kind: 'soak', shard: 1, over: true, text: 'has soaked.' }]);
    expect(at(told, 0).run).toBe('cut_over');
    expect(at(told, 0).rows.filter((row) => row.kind === 'soak')).toEqual([]);
  });

  it('of nothing is over at once; before the first look it has not begun to be over', () => {
    const none = aPlan(3, { canary: { shard: 1, soakMs: 0 } });
    expect(soakLeftMs(stateOf(none, toSoak(none)), null)).toBe(0);
    expect(soakLeftMs(SOAKING, null)).toBe(10 * MINUTE);
  });

  it('counts from the first look when the clock stands before the promotion', () => {
    expect(soakedAtFirst(1_000_000, 1_060_000)).toBe(60_000);
    expect(soakedAtFirst(1_000_000, 1_000)).toBe(0);
  });

  it.each([
    [0, '0 s'],
    [6_000, '6 s'],
    [90_000, '90 s'],
    [90_001, '2 min'],
    [7 * MINUTE, '7 min'],
    [120 * MINUTE, '2 h'],
    [1_439.5 * MINUTE, '24 h'],
    [150 * MINUTE, '2 h 30 min'],
  ])('of %d ms is called %s', (ms, text) => {
    expect(soakText(ms)).toBe(text);
  });

  it('stands in the request', () => {
    expect(canaryText(PLAN.canary)).toBe(', shard 2 first and the others 10 min later');
    expect(canaryText({ shard: 0, soakMs: 0 })).toBe(', shard 1 first and the others right after it');
    expect(canaryText(undefined)).toBe('');
  });
});

describe('the others are held back', () => {
  const [first] = PLAN.shards;
  if (!first) throw new Error('The plan has three shards.');

  it.each<[string, PairLook[], RegExp]>([
    ['one is behind', changed(0, followingPair(first, 2_000_000)), /1 of 2 shards in step\. Shard 1: .* 2000000 bytes/],
    ['one does not answer', changed(0, { source: unseen('old-1:6379 hangs.') }), /Shard 1: old-1:6379 hangs\./],
    [
      'the canary does not answer',
      changed(1, { destination: unseen('new-2:6379 hangs.') }),
      /Shard 2 .*not well: new-2/,
    ],
  ])('when %s', (_what, pairs, why) => {
    const held = at(SOAKING, 10 * MINUTE, pairs);
    expect(held).toMatchObject({ run: null, enter: null });
    expect(held.waitingFor).toMatch(/has soaked; the other 2 shards are held back\. /);
    expect(held.waitingFor).toMatch(why);
    expect(at(SOAKING, MINUTE, pairs).waitingFor).toMatch(why);
  });

  it('until they were in step on two looks running', () => {
    expect(at(SOAKING, 10 * MINUTE, looks(), { ticks: 1 }).run).toBeNull();
  });

  it('while an order about a fence may still be on its way', () => {
    const fenced = stateOf(PLAN, [...toSoak(), { kind: 'intent', effect: { kind: 'fence', shard: 0, up: false } }]);
    const now = fenced.shards[0]?.fence?.at ?? 0;
    const decided = (later: number) =>
      decide(fenced, sightOf(fenced, looks(), { soakedMs: 10 * MINUTE, wallNow: now + later }), POLICY);
    expect(decided(1_000).run).toBeNull();
    expect(decided(1_000).waitingFor).toMatch(/Shard 1: an order about its fence was given a moment ago\./);
    expect(decided(6_000).run).toBe('cut_over');
  });

  it.each<[string, PairLook[], RegExp]>([
    [
      'a restart of one of them',
      changed(0, { source: seen({ runId: 'another' }) }),
      /was restarted: approvals are void/,
    ],
    ['a restart of the new master', changed(1, { destination: seen({ runId: 'another' }) }), /was restarted/],
    [
      'somebody who made one a master',
      changed(2, { destination: seen({ runId: 'run-new-2' }) }),
      /was changed by somebody else/,
    ],
    [
      'somebody who released the old master',
      changed(1, { source: seen({ runId: 'run-old-1', replication: replication({ masterOffset: 6_000_000n }) }) }),
      /was changed by somebody else/,
    ],
  ])('and people are asked again after %s', (_what, pairs, why) => {
    for (const soaked of [MINUTE, 10 * MINUTE]) {
      const decided = at(SOAKING, soaked, pairs);
      expect(decided.run).toBeNull();
      expect(decided.enter).toMatchObject({ phase: 'syncing', reason: expect.stringMatching(why) });
    }
  });
});

describe('the canary’s own servers', () => {
  it('a fence at its old master is right, one at the others came too late', () => {
    const effects = at(SOAKING, MINUTE, [
      { ...followingPair(PLAN.shards[0] ?? never()), source: switchedPair(PLAN, 0).source },
      ...looks().slice(1),
    ]).effects;
    expect(effects).toEqual([{ kind: 'fence', shard: 0, up: false }]);
  });

  it.each([
    ['in the soak', SOAKING],
    ['in streaming', stateOf(PLAN, [...toSoak(), ...LET_GO])],
    ['in syncing', stateOf(PLAN, [...toSoak(), ...LET_GO, enter('syncing')])],
  ])('an old master that was restarted gets its fence again, %s', (_when, before) => {
    const restarted = changed(1, { source: seen({ runId: 'another' }) });
    const rows = at(before, MINUTE, restarted).rows.filter((row) => row.kind === 'drift');
    expect(rows).toMatchObject([{ shard: 1, side: 'source', runId: 'another' }]);
    const told = stateOf(PLAN, [...toSoak(), ...rows]);
    expect(at(told, MINUTE, restarted).effects).toContainEqual({ kind: 'fence', shard: 1, up: true });
  });

  it('follow back is asked for while it soaks', () => {
    const events = toSoak().filter((event) => event.kind !== 'way_back');
    const report = { kind: 'redis', version: '7.0.15', bytes: 1, runId: 'x', keys: 1 };
    const state = stateOf(PLAN, events);
    const preflight = state.preflight && {
      ...state.preflight,
      shards: state.preflight.shards.map((one) => ({ ...one, source: report, destination: report })),
    };
    const { effects } = at({ ...state, preflight }, MINUTE);
    expect(effects).toEqual([expect.objectContaining({ kind: 'follow_back', shard: 1 })]);
  });
});

describe('after the others were let go', () => {
  const state = stateOf(PLAN, [...toSoak(), ...LET_GO]);
  const switchGate = (pairs: PairLook[]) =>
    gatesOf(state, sightOf(state, pairs), POLICY).find((one) => one.gate === 'switch');

  it('streaming is steady without the canary, and nothing is begun for it', () => {
    expect(at(state, MINUTE)).toMatchObject({ enter: null, effects: [], run: null });
    const syncing = stateOf(PLAN, [...toSoak(), ...LET_GO, enter('syncing')]);
    expect(at(syncing, MINUTE).enter).toMatchObject({ phase: 'streaming' });
    const [a, b] = PLAN.shards;
    const late = at(syncing, MINUTE, changed(0, followingPair(a ?? b ?? never(), 2_000_000)));
    expect(late.waitingFor).toMatch(/^Shard 2 has gone over already\. 1 of 2 shards in step\./);
  });

  it('the gate counts only those that have not gone over', () => {
    expect(switchGate(looks())).toMatchObject({ open: true, reason: 'The other 2 shards are in step.' });
    const gone = changed(1, { destination: unseen('new-2:6379 hangs.') });
    expect(switchGate(gone)).toMatchObject({
      open: false,
      reason: expect.stringMatching(/Shard 2 has gone over, and/),
    });
  });

  it('the next approval moves them at once', () => {
    const again = stateOf(PLAN, [...toSoak(), ...LET_GO, enter('switching')]);
    expect(at(again, 0).run).toBe('cut_over');
  });
});

describe('what can be pressed', () => {
  const open: Event[] = [
    ...toSoak().filter((event) => event.kind !== 'way_back'),
    { kind: 'way_back', shard: 1, open: true, text: 'It follows.' },
  ];
  const followed = (): PairLook[] => {
    const { source, destination } = switchedPair(PLAN, 1);
    if (!source.ok || !destination.ok) throw new Error('Both answer.');
    const { host, port } = PLAN.shards[1]?.destination ?? never();
    const { replid } = destination.facts.replication;
    const back = replication({
      master: { host, port },
      linkUp: true,
      readOnly: true,
      replid,
      replicaOffset: FROZEN_OFFSET,
    });
    return changed(1, { source: seen({ ...source.facts, replication: back }) });
  };
  const soaking = (state: MigrationState) => sightOf(state, followed(), { soakedMs: MINUTE });
  const press = (
    state: MigrationState,
    action: 'migration:abort' | 'migration:rollback',
    clickedAt = soaking(state).wallNow,
  ) =>
    judgeClick(
      { seq: 99, at: clickedAt, event: { kind: 'clicked', action, user: BEN, entry: state.entry, typedName: null } },
      state,
      soaking(state),
      POLICY,
      { request: { ok: true }, approve: { ok: true } },
    );

  it.each([
    ['in the soak', open, ['migration:rollback']],
    ['while the others sync again', [...open, enter('syncing')], ['migration:rollback']],
    ['after the others were let go', [...open, ...LET_GO], ['gate:switch', 'migration:deny', 'migration:rollback']],
  ])('%s the one shard can be rolled back, and nothing can be aborted', (_when, events, actions) => {
    const state = stateOf(PLAN, events);
    const sight = sightOf(state, followed(), { soakedMs: MINUTE });
    const more = {
      rows: [],
      asOf: START + 3_600_000,
      lateClients: [],
      lateWriters: null,
      engineReason: null,
      hookTroubles: new Map(),
    };
    const view = viewOf({ state, sight, policy: POLICY, ...more });
    expect(view.actions.map((one) => one.action)).toEqual(actions);
    expect(view.wayBack?.open).toBe(true);
    expect(press(state, 'migration:rollback').accepted).toBe(true);
    expect(press(state, 'migration:abort')).toMatchObject({
      accepted: false,
      text: expect.stringMatching(/shard 2 has gone over already\. Roll back instead\.$/),
    });
  });

  it('a roll back that was asked for while the bot was away for long is not begun: people may have decided anew', () => {
    const state = stateOf(PLAN, open);
    const late = press(state, 'migration:rollback', soaking(state).wallNow - POLICY.approvalTtlMs - 1);
    expect(late).toMatchObject({ accepted: false, text: expect.stringContaining('the bot was away') });
  });

  it('not while the cut-over of the others runs', () => {
    const running = stateOf(PLAN, [
      ...open,
      { kind: 'cutover_started', attempt: 2, way: 'over', shards: [0, 2], stops: ['pause', 'pause'] },
    ]);
    const answer = press(running, 'migration:rollback');
    expect(answer.accepted).toBe(false);
    expect(answer.text).toBe(
      'A cut-over is running: it ends by itself in a moment, one way or the other. Look again then.',
    );
  });
});

describe('a roll back of a canary', () => {
  const back: Event[] = [
    ...toSoak(),
    enter('rolling_back'),
    { kind: 'cutover_started', attempt: 2, way: 'back', shards: [1], stops: ['pause'] },
    { kind: 'promoted', shard: 1, pauseMs: 5, detail: 'is the master.' },
    { kind: 'cutover_step', step: 'unpause', frozen: [], reason: '' },
  ];
  const state = stateOf(PLAN, back);
  const behind = (more: Parameters<typeof replication>[0] = {}) =>
    replication({ master: fenceAddress(PLAN.id), readOnly: true, ...more });
  const returned = changed(1, {
    source: seen({ runId: 'run-old-1' }),
    destination: seen({ runId: 'run-new-1', role: 'replica', replication: behind() }),
  });

  it('detaches the others, leaves its new server fenced, and waits for fences that came too late', () => {
    expect(at(state, null, returned).effects).toEqual([
      { kind: 'detach', shard: 0 },
      { kind: 'detach', shard: 2 },
    ]);
    const late = returned.map((look, index) =>
      index === 2 ? { ...look, source: switchedPair(PLAN, 2).source } : look,
    );
    expect(at(state, null, late).effects).toContainEqual({ kind: 'fence', shard: 2, up: false });
    expect(at(state, null, late).enter).toBeNull();
  });

  it('goes on without a server of the others that does not answer, when an approver says so', () => {
    const away = returned.map((look, index) => (index === 2 ? { ...look, destination: unseen('new-3 hangs.') } : look));
    const sight = sightOf(state, away);
    expect(decide(state, sight, POLICY).waitingFor).toBe('Shard 3: new-3 hangs. Abort to leave it as it is.');
    const event = {
      kind: 'clicked',
      action: 'migration:abort',
      user: BEN,
      entry: state.entry,
      typedName: null,
    } as const;
    const ask = (ok: boolean) =>
      judgeClick({ seq: 99, at: 0, event }, state, sight, POLICY, {
        request: { ok: true },
        approve: ok ? { ok } : { ok, why: 'Not you.' },
      });
    expect(ask(false).accepted).toBe(false);
    expect(ask(true).rows).toEqual([{ kind: 'abort_asked', user: BEN, click: 99, giveUp: true }]);
    const left = stateOf(PLAN, [...back, { kind: 'abort_asked', user: BEN, click: 99, giveUp: true }]);
    expect(at(left, null, away).rows).toContainEqual(expect.objectContaining({ kind: 'given_up', shard: 2 }));
    // Not before the old server has its writes back.
    const early = stateOf(PLAN, [...toSoak(), enter('rolling_back')]);
    const tooEarly = { seq: 99, at: 0, event: { ...event, entry: early.entry } };
    const rights = { request: { ok: true }, approve: { ok: true } } as const;
    expect(judgeClick(tooEarly, early, sightOf(early, looks()), POLICY, rights).accepted).toBe(false);
  });

  it.each<[string, Partial<PairLook>, RegExp, boolean]>([
    [
      'was restarted and came back as a master',
      { destination: seen({ runId: 'run-another' }) },
      /goes behind its fence/,
      true,
    ],
    ['does not answer', { destination: unseen('new-2 hangs.') }, /new-2 hangs\. Abort to leave it as it is/, false],
    [
      'takes writes behind its fence',
      { destination: seen({ runId: 'run-new-1', role: 'replica', replication: behind({ readOnly: false }) }) },
      /takes writes behind its fence/,
      false,
    ],
  ])('does not end while its new server %s', (_what, look, why, fenced) => {
    const now = returned.map((pair, index) => (index === 1 ? { ...pair, ...look } : pair));
    const gone: Event[] = [0, 2].map((shard) => {
      return { kind: 'given_up', what: 'detach', ledger: null, shard, detail: 'It was left.' };
    });
    const open = at(stateOf(PLAN, [...back, ...gone]), null, now);
    expect(open.enter).toBeNull();
    expect(open.waitingFor).toMatch(why);
    const order = { kind: 'fence', shard: 1, up: true, side: 'destination' };
    expect(open.effects).toEqual(fenced ? [order] : []);
    expect(open.rows.map((row) => row.kind)).toEqual(fenced ? ['drift'] : []);
    const left = stateOf(PLAN, [...back, ...gone, { kind: 'abort_asked', user: BEN, click: 99, giveUp: true }]);
    expect(at(left, null, now).rows).toContainEqual(
      expect.objectContaining({
        kind: 'given_up',
        shard: 1,
        detail: expect.stringMatching(/REPLICAOF 127\..* 1 on it/),
      }),
    );
  });

  it('says at the end what became of the others', () => {
    const gone: Event[] = [0, 2].map((shard) => {
      return { kind: 'given_up', what: 'detach', ledger: null, shard, detail: 'It was left.' };
    });
    const done = at(stateOf(PLAN, [...back, ...gone]), null, returned);
    expect(done.enter?.phase).toBe('rolled_back');
    const summary = done.rows.find((row) => row.kind === 'summary');
    expect(summary?.lines.join('\n')).toMatch(/the writes of 1 shard again.*\n[\s\S]*2 shards had not gone over/);
  });
});

function never(): never {
  throw new Error('The plan has three shards.');
}
