import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import { foldJournal } from '../../src/domain/migration.ts';
import { hasEnded, mayFollow, NEXT, PHASES, type Phase, WrongPhaseError } from '../../src/domain/phase.ts';
import { findingsMark } from '../../src/domain/preflight.ts';
import type { MigrationState } from '../../src/domain/state.ts';
import {
  aPlan,
  beforeOf,
  enter,
  NOT_EMPTY,
  rowsOf,
  START,
  stateOf,
  toPlanned,
  toStreaming,
  toSwitched,
  toSyncing,
} from './support/build.ts';
import { Journal } from './support/journal.ts';

const PLAN = aPlan(2);

/** A way from the beginning to each phase, by the table. */
function wayTo(goal: Phase): Phase[] {
  const ways: Phase[][] = [['checking']];
  for (const way of ways) {
    const last = way.at(-1);
    if (last === goal) return way.slice(1);
    if (last) for (const next of NEXT[last]) if (!way.includes(next)) ways.push([...way, next]);
  }
  throw new Error(`No way leads to ${goal}.`);
}

describe('phases', () => {
  const pairs = PHASES.flatMap((from) => PHASES.map((to) => [from, to] as const));

  it.each(pairs)('%s → %s as the table says', (from, to) => {
    const journal = new Journal(PLAN);
    for (const phase of wayTo(from)) journal.append(enter(phase));
    expect(journal.state.phase).toBe(from);
    if (mayFollow(from, to)) {
      journal.append(enter(to));
      expect(journal.state).toMatchObject({ phase: to, entry: journal.rows.length });
      return;
    }
    const step = () => journal.append(enter(to));
    expect(step).toThrow(WrongPhaseError);
    expect(step).toThrow(`A migration in phase ${from} cannot go to ${to}.`);
    expect(journal.state.phase).toBe(from);
  });

  it('the three ends are ends, and every phase leads to one', () => {
    expect(PHASES.filter(hasEnded)).toEqual(['finished', 'aborted', 'rolled_back']);
    for (const phase of PHASES) expect(NEXT[phase].length === 0).toBe(hasEnded(phase));
    for (const phase of PHASES) expect(() => wayTo(phase)).not.toThrow();
  });

  it('an abort leads away from every phase in which nothing was switched', () => {
    for (const phase of ['checking', 'planned', 'syncing', 'streaming'] as const)
      expect(mayFollow(phase, 'aborting')).toBe(true);
    for (const phase of ['switching', 'finishing', 'finished'] as const)
      expect(mayFollow(phase, 'aborting')).toBe(false);
  });
});

describe('a journal', () => {
  it('begins with the request, or is none', () => {
    expect(() => foldJournal([])).toThrow('begin with the request');
    expect(() => foldJournal(rowsOf(PLAN, [enter('planned')]).slice(1))).toThrow('begin with the request');
  });

  it('begins in checking, with nothing done to any shard', () => {
    const state = stateOf(PLAN);
    expect(state).toMatchObject({
      phase: 'checking',
      entry: 1,
      version: 1,
      approvals: [],
      ledger: [],
      cutover: null,
      letGo: null,
    });
    expect(state.shards).toHaveLength(2);
    for (const shard of state.shards)
      expect(shard).toMatchObject({ replicate: null, detach: null, promoted: false, pauseMs: null });
  });

  it('says where the status message is, the last word counts', () => {
    const posted = (ts: string): Event => ({ kind: 'message_posted', ts, why: 'The old one was deleted.' });
    expect(stateOf(PLAN, [posted('1.1'), posted('1.2')]).messageTs).toBe('1.2');
  });

  it('rows that tell a story and do nothing leave the state as it is', () => {
    const state = stateOf(PLAN);
    for (const event of [
      { kind: 'resumed', detail: 'The bot was restarted.' },
      { kind: 'summary', lines: ['Done.'] },
    ] as const) {
      expect({ ...stateOf(PLAN, [event]), version: 1 }).toEqual(state);
    }
  });

  it('a row for a shard or an intent that does not exist is no disaster', () => {
    const odd: Event[] = [
      { kind: 'answered', intent: 99, outcome: 'ok', detail: 'OK' },
      { kind: 'seen', intent: 99, detail: 'seen' },
      { kind: 'trouble', shard: 9, text: 'Trouble.' },
      { kind: 'click_refused', click: 99, user: 'U1', reason: 'No.' },
    ];
    expect({ ...stateOf(PLAN, odd), version: 1 }).toEqual(stateOf(PLAN));
  });
});

describe('a step', () => {
  const replicate: Event = {
    kind: 'intent',
    effect: { kind: 'replicate', shard: 1, before: beforeOf(1, { sourceFullSyncs: 3, sourceRunId: 'run-a' }) },
  };

  function steps(...events: readonly Event[]): MigrationState['shards'][number] {
    const shard = stateOf(PLAN, [...toSyncing(PLAN), ...events]).shards[1];
    if (!shard) throw new Error('The plan has two shards.');
    return shard;
  }

  const intent = toSyncing(PLAN).length + 2;

  it('is pending from its intent on, then answered, then seen', () => {
    expect(steps(replicate).replicate).toMatchObject({ intent, attempts: 1, outcome: 'pending', seen: false });
    const answered: Event = { kind: 'answered', intent, outcome: 'unknown', detail: 'It did not answer.' };
    expect(steps(replicate, answered).replicate).toMatchObject({ outcome: 'unknown', detail: 'It did not answer.' });
    expect(steps(replicate, answered, { kind: 'seen', intent, detail: 'It follows.' }).replicate).toMatchObject({
      seen: true,
    });
    expect(stateOf(PLAN, [...toSyncing(PLAN), replicate]).shards[0]?.replicate).toBeNull();
  });

  it('that is taken again counts its attempts, and full syncs from the first one', () => {
    const again: Event = {
      kind: 'intent',
      effect: { kind: 'replicate', shard: 1, before: beforeOf(1, { sourceFullSyncs: 5, sourceRunId: 'run-b' }) },
    };
    const shard = steps(replicate, again);
    expect(shard.replicate).toMatchObject({ intent: intent + 1, attempts: 2, outcome: 'pending' });
    expect(shard.before).toEqual(beforeOf(1, { sourceFullSyncs: 3, sourceRunId: 'run-a' }));
  });

  it('at the fence is kept by itself', () => {
    const fence: Event = { kind: 'intent', effect: { kind: 'fence', shard: 1, up: true } };
    const shard = steps(fence, { kind: 'answered', intent, outcome: 'ok', detail: 'OK' });
    expect(shard).toMatchObject({ fence: { intent, attempts: 1, outcome: 'ok' }, replicate: null, detach: null });
  });

  it('that was given up stays so', () => {
    const gone: Event = {
      kind: 'given_up',
      what: 'detach',
      ledger: null,
      shard: 1,
      detail: 'It may still be a replica.',
    };
    expect(steps(gone).detach).toMatchObject({ givenUp: true, detail: 'It may still be a replica.' });
  });
});

describe('a drift', () => {
  const drift = (side: 'source' | 'destination', runId: string | null): Event => {
    return { kind: 'drift', shard: 1, side, runId, text: 'It was restarted.' };
  };
  const counts = { sourceFullSyncs: 3, destinationRefusedCommands: 5 };
  const begun: Event = { kind: 'intent', effect: { kind: 'replicate', shard: 1, before: beforeOf(1, counts) } };
  const base = (...events: readonly Event[]) =>
    stateOf(PLAN, [...toSyncing(PLAN), begun, ...events]).shards.map((shard) => shard.before);

  it('makes the new process of one side what later looks are held against, counted from nothing', () => {
    expect(base(drift('source', 'new-run'))).toEqual([
      null,
      beforeOf(1, { ...counts, sourceRunId: 'new-run', sourceFullSyncs: 0, sourceBufferDisconnections: 0 }),
    ]);
    expect(base(drift('destination', 'new-run'))).toEqual([
      null,
      beforeOf(1, { ...counts, destinationRunId: 'new-run', destinationRefusedCommands: 0 }),
    ]);
  });

  it('of the same process, or of a shard that was not begun, has no base to renew', () => {
    expect(base(drift('source', null))).toEqual([null, beforeOf(1, counts)]);
    expect(stateOf(PLAN, [...toSyncing(PLAN), drift('source', 'new-run')]).shards[1]?.before).toBeNull();
  });

  it('is remembered for finish when it came after the switch', () => {
    expect(stateOf(PLAN, [...toStreaming(PLAN), drift('source', 'new-run')]).drifts).toEqual([]);
    const rows = toSwitched(PLAN);
    expect(stateOf(PLAN, [...rows, drift('source', 'new-run')]).drifts).toEqual([
      { row: rows.length + 2, shard: 1, side: 'source', runId: 'new-run', text: 'It was restarted.' },
    ]);
  });
});

describe('the ledger', () => {
  const change = (old: string): Event => ({
    kind: 'intent',
    effect: {
      kind: 'set_config',
      shard: 0,
      side: 'destination',
      name: 'masterauth',
      old: { kind: 'sealed', box: old },
      value: null,
      why: 'to log in',
    },
  });
  const restore = (ledger: number): Event => ({
    kind: 'intent',
    effect: { kind: 'restore_config', shard: 0, side: 'destination', name: 'masterauth', ledger },
  });

  it('keeps the first old value, however often a setting is changed', () => {
    const { ledger } = stateOf(PLAN, [change('first'), change('second')]);
    expect(ledger).toHaveLength(1);
    expect(ledger[0]).toMatchObject({
      intent: 2,
      name: 'masterauth',
      old: { kind: 'sealed', box: 'first' },
      closed: false,
    });
  });

  it('is closed only when the old value was seen again', () => {
    const events: Event[] = [change('first'), restore(2), { kind: 'answered', intent: 3, outcome: 'ok', detail: 'OK' }];
    expect(stateOf(PLAN, events).ledger[0]).toMatchObject({ closed: false, restore: { outcome: 'ok', seen: false } });
    expect(stateOf(PLAN, [...events, { kind: 'seen', intent: 3, detail: 'as before' }]).ledger[0]).toMatchObject({
      closed: true,
    });
  });

  it('opens anew for a change after that', () => {
    const events: Event[] = [
      change('first'),
      restore(2),
      { kind: 'seen', intent: 3, detail: 'as before' },
      change('third'),
    ];
    expect(stateOf(PLAN, events).ledger.map((entry) => entry.closed)).toEqual([true, false]);
  });

  it('closes what was given up with a word', () => {
    const gone: Event = { kind: 'given_up', what: 'setting', ledger: 2, shard: 0, detail: 'It is gone.' };
    expect(stateOf(PLAN, [change('first'), gone]).ledger[0]?.closed).toBe(true);
  });
});

describe('a cut-over', () => {
  const begun: Event[] = [...toStreaming(PLAN), enter('switching'), { kind: 'cutover_started', attempt: 1 }];
  const frozen = [{ shard: 0, replid: 'a'.repeat(40), offset: '17' }];

  it('is where its last announced step stands, and keeps its frozen points', () => {
    const state = stateOf(PLAN, [
      ...begun,
      { kind: 'cutover_step', step: 'pause', frozen: [], reason: '' },
      { kind: 'cutover_step', step: 'fence', frozen, reason: '' },
      { kind: 'cutover_step', step: 'promote', frozen: [], reason: '' },
    ]);
    // When the pause was announced, whatever came after it: a second a row.
    const pausedAt = START + (begun.length + 1) * 1_000;
    expect(state.cutover).toMatchObject({ attempt: 1, way: 'over', step: 'promote', frozen, pausedAt });
  });

  it('keeps what users might run before they were locked out, until it is over', () => {
    const users = [{ name: 'default', words: ['+@all'] }];
    const locked: Event[] = [
      ...begun,
      { kind: 'intent', effect: { kind: 'acl_lock', shard: 0, side: 'source', users } },
    ];
    expect(stateOf(PLAN, locked).cutover?.users).toEqual(new Map([[0, users]]));
    const over = stateOf(PLAN, [...locked, { kind: 'cutover_let_go', reason: 'Too late.' }, ...begun.slice(-1)]);
    expect(over.cutover?.users).toEqual(new Map());
  });

  it('counts the full sync that a lock let go has made necessary as told', () => {
    const anew: Event = { kind: 'intent', effect: { kind: 'resync', shard: 0, side: 'destination' } };
    const before = stateOf(PLAN, begun).shards[0]?.toldSyncs ?? 0;
    expect(stateOf(PLAN, [...begun, anew]).shards[0]?.toldSyncs).toBe(before + 1);
  });

  it('that has begun has paused nobody yet', () => {
    expect(stateOf(PLAN, begun).cutover).toMatchObject({ attempt: 1, step: null, frozen: [], pausedAt: null });
  });

  it('that is let go uses up the approvals of its gate, and of no other', () => {
    const approved = (gate: 'continue' | 'switch'): Event => ({
      kind: 'approved',
      gate,
      user: 'U1',
      click: 99,
      entry: 1,
      findings: '',
      wipe: false,
    });
    const at = (phase: string) => begun.findIndex((one) => one.kind === 'phase_entered' && one.phase === phase);
    const state = stateOf(PLAN, [
      ...begun.slice(0, at('syncing')),
      approved('continue'),
      ...begun.slice(at('syncing'), at('switching')),
      approved('switch'),
      ...begun.slice(at('switching')),
      { kind: 'cutover_let_go', reason: 'late.' },
    ]);
    expect(state.approvals.map((one) => one.void)).toEqual([null, 'let_go']);
    expect(state).toMatchObject({ cutover: null, letGo: 'late.', cutoverAttempts: 1 });
    expect(
      stateOf(PLAN, [...begun, { kind: 'cutover_let_go', reason: 'late.' }, { kind: 'cutover_started', attempt: 2 }])
        .letGo,
    ).toBeNull();
  });

  it('measures each shard’s pause', () => {
    const promoted: Event = { kind: 'promoted', shard: 1, pauseMs: 7.5, detail: 'is the master.' };
    expect(stateOf(PLAN, [...begun, promoted]).shards.map((shard) => [shard.promoted, shard.pauseMs])).toEqual([
      [false, null],
      [true, 7.5],
    ]);
  });
});

it('the mark of findings is of level, code and shard, in any order, and not of their figures', () => {
  const other = { ...NOT_EMPTY, text: 'new-1:6379 holds 9 keys.' };
  const note = { ...NOT_EMPTY, level: 'note' as const, code: 'destination_has_replicas', shard: null };
  expect(findingsMark([NOT_EMPTY, note])).toBe(findingsMark([note, other]));
  for (const change of [{ level: 'error' as const }, { code: 'x' }, { shard: 1 }]) {
    expect(findingsMark([{ ...NOT_EMPTY, ...change }])).not.toBe(findingsMark([NOT_EMPTY]));
  }
  expect(findingsMark(stateOf(PLAN, toPlanned(PLAN)).preflight?.findings ?? [])).toBe('');
});
