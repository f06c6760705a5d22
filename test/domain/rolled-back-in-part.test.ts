/** An old server died with the order to take the writes, others are back: a person decides, and the roll back ends so. */
import { describe, expect, it } from 'vitest';
import { groupOf } from '../../src/domain/canary.ts';
import { judgeClick } from '../../src/domain/click.ts';
import { decide } from '../../src/domain/decide.ts';
import type { Event } from '../../src/domain/event.ts';
import { mayAsk } from '../../src/domain/may-ask.ts';
import type { PairLook } from '../../src/domain/observation.ts';
import { fenceAddress } from '../../src/domain/plan.ts';
import { undecided } from '../../src/domain/stuck.ts';
import { viewOf } from '../../src/domain/view-of.ts';
import {
  aPlan,
  BEN,
  enter,
  POLICY,
  replication,
  START,
  seen,
  sightOf,
  stateOf,
  switchedPair,
  toStreaming,
  toSwitched,
  unseen,
} from './support/build.ts';

const PLAN = aPlan(3);
const FROZEN = PLAN.shards.map(({ index }) => ({ shard: index, replid: 'b'.repeat(40), offset: '9' }));
const STUCK: Event[] = [
  ...toSwitched(PLAN),
  enter('rolling_back'),
  { kind: 'cutover_started', attempt: 2, way: 'back', shards: [0, 1, 2], stops: ['pause', 'pause', 'pause'] },
  { kind: 'cutover_step', step: 'promote', frozen: FROZEN, reason: '' },
  { kind: 'promoted', shard: 0, pauseMs: 5, detail: 'is the master.' },
  { kind: 'promoted', shard: 2, pauseMs: 5, detail: 'is the master.' },
  { kind: 'stuck', shard: 1, text: 'The old server of shard 2 was restarted.' },
];
const ENDED: Event[] = [
  ...STUCK,
  { kind: 'serve_old_asked', user: BEN, click: 99, shards: [1], way: 'back' },
  { kind: 'cutover_let_go', reason: 'a person has decided so.', partly: true },
];

const behind = replication({ master: fenceAddress(PLAN.id), readOnly: true });
const back = (index: number): PairLook => ({
  source: seen({ runId: `run-old-${index}` }),
  destination: seen({ runId: `run-new-${index}`, role: 'replica', replication: behind }),
});
const stuck = stateOf(PLAN, STUCK);
const ended = stateOf(PLAN, ENDED);
const at = (middle: PairLook = switchedPair(PLAN, 1), wallNow = START) =>
  decide(ended, { ...sightOf(ended, [back(0), middle, back(2)]), wallNow }, POLICY);

describe('a roll back that is stuck for one shard', () => {
  const sight = sightOf(stuck, [back(0), switchedPair(PLAN, 1), back(2)]);

  it('is put to a person, who is told which servers take the writes and that it ends so', () => {
    const view = viewOf({
      state: stuck,
      rows: [],
      sight,
      policy: POLICY,
      asOf: null,
      lateClients: [],
      lateWriters: null,
      engineReason: null,
      hookTroubles: new Map(),
    });
    const button = view.actions.find((one) => one.action === 'migration:serve_old');
    expect(button).toMatchObject({ ask: 'form', label: 'Serve from the new server' });
    expect(button?.consequence).toBe(
      'Shard 2: new-2:6379 takes the writes again, with every write that was acknowledged before the roll back. Whatever was written to old-2:6379 since is given up: make sure that no application writes there. 2 other shards of this roll back stay on the old side, and the migration ends so.',
    );
  });

  it('takes the word of an approver with the name', () => {
    const press = (typedName: string | null) => {
      const event = {
        kind: 'clicked',
        action: 'migration:serve_old',
        user: BEN,
        entry: stuck.told,
        typedName,
      } as const;
      const rights = { request: { ok: true }, approve: { ok: true } } as const;
      return judgeClick({ seq: 99, at: sight.wallNow, event }, stuck, sight, POLICY, rights);
    };
    expect(press('another').accepted).toBe(false);
    expect(press('orders')).toMatchObject({
      accepted: true,
      rows: [{ kind: 'serve_old_asked', user: BEN, click: 99, shards: [1], way: 'back' }],
      text: 'The new server takes the writes of shard 2 again.',
    });
  });
});

describe('a roll back that was ended without any shard', () => {
  const rows: Event[] = [
    ...STUCK.slice(0, -3),
    { kind: 'cutover_let_go', reason: 'a person has decided so.' },
    enter('switched'),
  ];
  const pairs = (source: Partial<PairLook> = {}) =>
    PLAN.shards.map(({ index }) => ({ ...switchedPair(PLAN, index), ...source }));

  it('fences old servers that carry out their order late, once, and says what they were', () => {
    const state = stateOf(PLAN, rows);
    const late = decide(state, sightOf(state, pairs({ source: seen({ runId: 'run-old-0' }) })), POLICY);
    expect(late.effects).toContainEqual({ kind: 'fence', shard: 0, up: true });
    expect(late.rows).toContainEqual(
      expect.objectContaining({
        kind: 'drift',
        text: expect.stringContaining('has carried out the order to take the writes'),
      }),
    );
    const fence: Event = { kind: 'intent', effect: { kind: 'fence', shard: 0, up: true } };
    const answered: Event = { kind: 'answered', intent: rows.length + 2, outcome: 'ok', detail: 'OK.' };
    const fenced = stateOf(PLAN, [...rows, fence, answered]);
    const released = {
      ...sightOf(fenced, pairs({ source: seen({ runId: 'run-old-0' }) })),
      wallNow: START + 3_600_000,
    };
    expect(decide(fenced, released, POLICY).effects).not.toContainEqual({ kind: 'fence', shard: 0, up: true });
  });

  it('leaves the old server alone where the new one is not seen as the master: it may be all that there is', () => {
    const state = stateOf(PLAN, rows);
    const gone = pairs({ source: seen({ runId: 'run-old-0' }), destination: unseen('new-1 is gone.') });
    const { effects } = decide(state, sightOf(state, gone), POLICY);
    expect(effects.filter((one) => one.kind === 'fence')).toEqual([]);
  });

  it('fences it also while the migration finishes', () => {
    const state = stateOf(PLAN, [...rows, enter('finishing')]);
    const late = pairs();
    late[0] = { ...switchedPair(PLAN, 0), source: seen({ runId: 'run-old-0' }) };
    const now = decide(state, sightOf(state, late), POLICY);
    expect(now).toMatchObject({ effects: [{ kind: 'fence', shard: 0, up: true }], enter: null });
  });
});

describe('a promotion that is seen after all', () => {
  const seenLate: Event = { kind: 'promoted', shard: 1, pauseMs: null, detail: 'is the master.' };

  it.each<[string, Event[]]>([
    ['in a roll back', [...STUCK, seenLate]],
    [
      'in a switch',
      [
        ...toStreaming(PLAN),
        enter('switching'),
        { kind: 'cutover_started', attempt: 1, way: 'over', shards: [0, 1, 2], stops: ['pause', 'pause', 'pause'] },
        { kind: 'cutover_step', step: 'promote', frozen: FROZEN, reason: '' },
        { kind: 'stuck', shard: 1, text: 'The new server of shard 2 does not answer.' },
        seenLate,
      ],
    ],
  ])('%s is nobody’s to give up', (_where, rows) => {
    expect(undecided(stateOf(PLAN, rows.slice(0, -1)))).toEqual([1]);
    expect(undecided(stateOf(PLAN, rows))).toEqual([]);
  });
});

describe('a roll back that was ended without one shard', () => {
  it('does not begin again, detaches nothing, and ends when all is put back', () => {
    expect(groupOf(ended)).toEqual(['back', []]);
    expect(at()).toMatchObject({
      run: null,
      effects: [],
      enter: {
        phase: 'rolled_back',
        reason: 'The old servers take the writes of all that is back; shard 2 stays on its new server.',
      },
    });
    const [summary] = at().rows;
    expect(summary?.kind === 'summary' ? summary.lines : []).toContain(
      'Not rolled back, for nobody saw their old servers take the writes: shard 2 on new-2:6379. To bring them back, start a migration from there to the old servers.',
    );
  });

  it('puts the fence back up at an old server that came back without it', () => {
    const restarted = { ...switchedPair(PLAN, 1), source: seen({ runId: 'run-another' }) };
    const first = at(restarted);
    expect(first.rows).toMatchObject([{ kind: 'drift', shard: 1, side: 'source', runId: 'run-another' }]);
    expect(first.enter).toBeNull();
    const told = stateOf(PLAN, [...ENDED, ...first.rows]);
    const next = decide(told, sightOf(told, [back(0), restarted, back(2)]), POLICY);
    expect(next.effects).toEqual([{ kind: 'fence', shard: 1, up: true }]);
    expect(next.enter).toBeNull();
  });

  it.each<[string, Partial<PairLook>]>([
    ['is a master by the order that came late', { source: seen({ runId: 'run-old-1' }) }],
    [
      'still follows the new one',
      {
        source: seen({
          runId: 'run-old-1',
          role: 'replica',
          replication: replication({ master: { host: 'new-2', port: 6379 }, readOnly: true, linkUp: true }),
        }),
      },
    ],
  ])('fences the old server that %s, however long a person has thought about it', (_what, look) => {
    const now = at({ ...switchedPair(PLAN, 1), ...look }, START + 3_600_000);
    expect(now.effects).toEqual([{ kind: 'fence', shard: 1, up: true }]);
    expect(now).toMatchObject({
      enter: null,
      waitingFor: 'Shard 2: old-2:6379 goes behind its fence. Abort to leave it as it is.',
    });
  });

  const master = { ...switchedPair(PLAN, 1), source: seen({ runId: 'run-old-1' }) };
  const fencedAt = (more: readonly Event[], wallNow: number, look: PairLook = master) => {
    const state = stateOf(PLAN, [...ENDED, ...more]);
    return decide(state, { ...sightOf(state, [back(0), look, back(2)]), wallNow }, POLICY);
  };
  const fence: Event = { kind: 'intent', effect: { kind: 'fence', shard: 1, up: true } };
  const answered: Event = { kind: 'answered', intent: ENDED.length + 2, outcome: 'ok', detail: 'OK.' };

  it('leaves an old server to whoever released it behind that fence', () => {
    const later = START + 3_600_000;
    // A look may be from before the answer.
    expect(fencedAt([fence, answered], START)).toMatchObject({ effects: [], enter: null });
    const [row] = fencedAt([fence, answered], later).rows;
    expect(row).toEqual({
      kind: 'given_up',
      what: 'detach',
      ledger: null,
      shard: 1,
      detail: 'The old server was released by somebody. It is left so.',
    });
    expect(fencedAt([fence, answered, ...(row ? [row] : [])], later)).toMatchObject({
      effects: [],
      enter: { phase: 'rolled_back' },
    });
  });

  it('fences one again that is restarted behind that fence: nobody has released it', () => {
    const later = START + 3_600_000;
    const again = { ...switchedPair(PLAN, 1), source: seen({ runId: 'run-another' }) };
    const first = fencedAt([fence, answered], later, again);
    expect(first.rows).toMatchObject([{ kind: 'drift', shard: 1, side: 'source', runId: 'run-another' }]);
    expect(first.enter).toBeNull();
    expect(fencedAt([fence, answered, ...first.rows], later, again).effects).toEqual([
      { kind: 'fence', shard: 1, up: true },
    ]);
  });

  it.each<[string, Partial<PairLook>]>([
    ['does not answer', { destination: unseen('new-2 is gone.') }],
    ['is no master', { destination: seen({ runId: 'run-new-1', role: 'replica', replication: behind }) }],
  ])('does not fence the old server while the new one %s: it may be all that is left', (_what, look) => {
    const now = fencedAt([], START, { ...master, ...look });
    expect(now).toMatchObject({ effects: [], enter: null });
    // Nor is it forgotten that the new one has to be seen, when the old one is somebody else's by then.
    const given: Event = { kind: 'given_up', what: 'detach', ledger: null, shard: 1, detail: 'It is left so.' };
    expect(fencedAt([given], START, { ...master, ...look }).enter).toBeNull();
  });

  it('looks for the data of a new server that was restarted, and speaks of no finish', () => {
    const restarted = { ...switchedPair(PLAN, 1), destination: seen({ runId: 'run-another' }) };
    const [row] = fencedAt([], START, restarted).rows;
    expect(row).toMatchObject({
      kind: 'drift',
      side: 'destination',
      text: expect.stringMatching(/look at its data\.$/),
    });
  });

  it.each<[string, Partial<PairLook>, string]>([
    ['the old server does not answer', { source: unseen('old-2 is gone.') }, 'old-2 is gone.'],
    ['the new one does not answer', { destination: unseen('new-2 is gone.') }, 'new-2 is gone.'],
    [
      'the new one is no master',
      { destination: seen({ runId: 'run-new-1', role: 'replica', replication: behind }) },
      'new-2:6379 is not a master.',
    ],
  ])('waits while %s, until an approver leaves it so', (_what, look, why) => {
    const pair = { ...switchedPair(PLAN, 1), ...look };
    expect(at(pair)).toMatchObject({ enter: null, waitingFor: `Shard 2: ${why} Abort to leave it as it is.` });
    const left = stateOf(PLAN, [...ENDED, { kind: 'abort_asked', user: BEN, click: 100, giveUp: true }]);
    const last = decide(left, sightOf(left, [back(0), pair, back(2)]), POLICY);
    const next = stateOf(PLAN, [...ENDED, { kind: 'abort_asked', user: BEN, click: 100, giveUp: true }, ...last.rows]);
    expect(decide(next, sightOf(next, [back(0), pair, back(2)]), POLICY).enter?.phase).toBe('rolled_back');
  });

  it('leaves behind what cannot be reached, when an approver says so', () => {
    expect(mayAsk(stuck, sightOf(stuck, []), 'abort')).toBe(false);
    expect(mayAsk(ended, sightOf(ended, []), 'abort')).toBe(true);
  });
});
