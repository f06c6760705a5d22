/** Putting settings back, and ending what was begun. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import type { PairLook } from '../../src/domain/observation.ts';
import { fenceAddress } from '../../src/domain/plan.ts';
import type { Sight } from '../../src/domain/sight.ts';
import {
  ANA,
  aPlan,
  enter,
  followingPair,
  replication,
  START,
  seen,
  stateOf,
  toPlanned,
  toStreaming,
  toSwitched,
  unseen,
} from './support/build.ts';

import { decided, fresh, shardsOf } from './support/decided.ts';

const FENCED = seen({ runId: 'run-old-0', role: 'replica' });
const FRESH = seen({ runId: 'run-new-0' });

describe('putting things back', () => {
  const plan = aPlan(1);
  const change = (side: 'source' | 'destination', name: string): Event => ({
    kind: 'intent',
    effect: {
      kind: 'set_config',
      shard: 0,
      side,
      name,
      old: { kind: 'plain', value: '10' },
      value: '3600',
      why: 'for the cut-over',
    },
  });
  const looks = (source: PairLook['source'], destination: PairLook['destination'] = FRESH): PairLook[] => [
    { source, destination },
  ];
  const finishing = [
    ...toSwitched(plan),
    change('source', 'repl-ping-slave-period'),
    change('destination', 'masterauth'),
    enter('finishing'),
  ];
  const since = START + finishing.length * 1_000;
  const at = (ms: number): Partial<Sight> => ({ wallNow: since + ms });

  it('finishing puts every setting back and ends with a summary', () => {
    const state = stateOf(plan, finishing);
    const decision = decided(state, looks(FENCED), at(0));
    expect(decision).toMatchObject({ enter: null, rows: [], waitingFor: 'Puts the settings back.' });
    expect(decision.effects.map((one) => (one.kind === 'restore_config' ? one.name : one.kind))).toEqual([
      'repl-ping-slave-period',
      'masterauth',
    ]);
    const closed = state.ledger.map(
      (entry): Event => ({ kind: 'given_up', what: 'setting', ledger: entry.intent, shard: 0, detail: 'So be it.' }),
    );
    const done = decided(stateOf(plan, [...finishing, ...closed]), looks(FENCED), at(0));
    expect(done.enter).toEqual({ phase: 'finished', reason: 'Settings are put back.' });
    expect(done.rows.map((row) => row.kind)).toEqual(['summary']);
  });

  it('an old master that was restarted meanwhile goes behind its fence first; one that somebody released is theirs', () => {
    const state = stateOf(plan, finishing);
    const again = looks(seen({ runId: 'run-another' }));
    const told = decided(state, again, at(0)).rows;
    expect(told).toMatchObject([{ kind: 'drift', side: 'source', runId: 'run-another' }]);
    const drifted = decided(stateOf(plan, [...finishing, ...told]), again, at(1_000));
    expect(drifted.waitingFor).toMatch(/^Shard 1: old-1:6379 goes behind its fence\./);
    expect(drifted.effects).toContainEqual({ kind: 'fence', shard: 0, up: true });
    const released = decided(state, looks(seen({ runId: 'run-old-0' })), at(0));
    expect(released).toMatchObject({ rows: [], waitingFor: 'Puts the settings back.' });
    expect(shardsOf(released.effects, 'fence')).toEqual([]);
  });

  it('an old master that stays away is waited for for thirty seconds; a new one for as long as it takes', () => {
    const state = stateOf(plan, finishing);
    const gone = looks(unseen('old-1:6379 hangs.'), unseen('new-1:6379 hangs.'));
    expect(decided(state, gone, at(30_000))).toMatchObject({ rows: [], enter: null });
    const later = decided(state, gone, at(30_001));
    expect(later.rows).toEqual([
      expect.objectContaining({
        kind: 'given_up',
        what: 'setting',
        detail: 'repl-ping-slave-period was not put back on the source: old-1:6379 hangs.',
      }),
    ]);
    expect(later.enter).toBeNull();
    expect(later.waitingFor).toBe('masterauth has to be put back on the destination of shard 1: new-1:6379 hangs.');
  });

  it('what a cut-over that was let go changed on a source is put back while streaming', () => {
    const state = stateOf(plan, [
      ...toStreaming(plan),
      change('source', 'repl-ping-slave-period'),
      change('destination', 'masterauth'),
    ]);
    const following = plan.shards.map((shard) => followingPair(shard));
    expect(decided(state, following).effects).toEqual([
      expect.objectContaining({ kind: 'restore_config', side: 'source' }),
    ]);
  });

  it('a setting that the server refuses to take back is told, and tried again', () => {
    const [entry] = stateOf(plan, finishing).ledger;
    const intent = finishing.length + 2;
    const refused: Event[] = [
      {
        kind: 'intent',
        effect: {
          kind: 'restore_config',
          shard: 0,
          side: 'source',
          name: 'repl-ping-slave-period',
          ledger: entry?.intent ?? 0,
        },
      },
      { kind: 'answered', intent, outcome: 'refused', detail: 'old-1:6379 says no.' },
    ];
    const state = stateOf(plan, [...finishing, ...refused]);
    const soon = decided(state, looks(seen()), at(2_000));
    expect(soon.waitingFor).toBe('repl-ping-slave-period cannot be put back: old-1:6379 says no.');
    expect(shardsOf(soon.effects, 'restore_config')).toHaveLength(1);
    expect(shardsOf(decided(state, looks(seen()), at(12_000)).effects, 'restore_config')).toHaveLength(2);
  });
});

describe('a setting that a server refuses again and again', () => {
  const plan = aPlan(1);
  const setting = { shard: 0, side: 'source', name: 'repl-ping-slave-period' } as const;
  const old = { kind: 'plain', value: '10' } as const;
  const changed: Event = { kind: 'intent', effect: { kind: 'set_config', ...setting, old, value: '3600', why: 'x' } };
  const looks: PairLook[] = [{ source: FENCED, destination: FRESH }];

  /** As many refusals, a row each, behind those events. */
  function refused(events: readonly Event[], times: number): Event[] {
    const ledger = events.indexOf(changed) + 2;
    return [
      ...events,
      ...Array.from({ length: times }).flatMap((_, turn): Event[] => [
        { kind: 'intent', effect: { kind: 'restore_config', ...setting, ledger } },
        { kind: 'answered', intent: events.length + 2 + turn * 2, outcome: 'refused', detail: 'old-1:6379 says no.' },
      ]),
    ];
  }
  const after = (events: readonly Event[]) => decided(stateOf(plan, events), looks, { wallNow: START + 3_600_000 });
  const left = {
    kind: 'given_up',
    what: 'setting',
    shard: 0,
    detail: 'repl-ping-slave-period could not be put back on the source of shard 1: old-1:6379 says no.',
  };

  it('is left as it is after four times, with a word, so that the migration can end', () => {
    const finishing = [...toSwitched(plan), changed, enter('finishing')];
    expect(after(refused(finishing, 3))).toMatchObject({ rows: [], effects: [{ kind: 'restore_config' }] });
    const decision = after(refused(finishing, 4));
    expect(decision).toMatchObject({ rows: [left], effects: [] });
    expect(after([...refused(finishing, 4), ...decision.rows]).enter?.phase).toBe('finished');
  });

  it('that a server takes and never shows, or never answers about, is left as it is after four times as well', () => {
    const as = (outcome: 'ok' | 'unknown', times: number) =>
      refused([...toSwitched(plan), changed, enter('finishing')], times).map((row): Event => {
        return row.kind === 'answered' ? { ...row, outcome, detail: 'No answer came.' } : row;
      });
    expect(after(as('ok', 3))).toMatchObject({ rows: [], effects: [{ kind: 'restore_config' }] });
    const detail = 'repl-ping-slave-period could not be put back on the source of shard 1:';
    expect(after(as('ok', 4))).toMatchObject({
      rows: [{ kind: 'given_up', detail: `${detail} it is taken and does not show.` }],
      effects: [],
    });
    expect(after(as('unknown', 4)).rows).toMatchObject([{ kind: 'given_up', detail: `${detail} No answer came.` }]);
  });

  it('is left as it is at once when an abort was asked for once more', () => {
    const again: Event = { kind: 'abort_asked', user: ANA, click: 99, giveUp: true };
    const aborting = [...toPlanned(plan), enter('syncing'), changed, enter('aborting'), again];
    expect(after(refused(aborting, 1)).rows).toMatchObject([left]);
  });

  it('is tried on for as long as it takes while nothing waits for it', () => {
    const streaming = [...toStreaming(plan), changed];
    const following = plan.shards.map((shard) => followingPair(shard));
    const decision = decided(stateOf(plan, refused(streaming, 9)), following, { wallNow: START + 3_600_000 });
    expect(decision.rows.map((row) => row.kind)).not.toContain('given_up');
    expect(decision.effects).toMatchObject([{ kind: 'restore_config' }]);
  });
});

describe('aborting', () => {
  const plan = aPlan(2);
  const events = [...toStreaming(plan), enter('aborting')];
  const following = plan.shards.map((shard) => followingPair(shard));
  const alone = (): PairLook[] => plan.shards.map(() => ({ source: seen(), destination: seen({ keys: 9 }) }));

  it('before anything was done has nothing to undo', () => {
    const state = stateOf(plan, [...toPlanned(plan), enter('aborting')]);
    const decision = decided(state, fresh(plan));
    expect(decision).toMatchObject({ effects: [], enter: { phase: 'aborted' } });
    expect(decision.rows).toEqual([{ kind: 'summary', lines: ['Nothing had been changed on any server.'] }]);
  });

  it('makes every destination that was told to follow a master again', () => {
    expect(shardsOf(decided(stateOf(plan, events), following).effects, 'detach')).toEqual([0, 1]);
    // Also one that looks like a master: an order to follow may be on its way still.
    expect(shardsOf(decided(stateOf(plan, events), alone()).effects, 'detach')).toEqual([0, 1]);
  });

  it('believes it when it was answered, a second has passed and it is seen; then names the data that is left', () => {
    const first = events.length + 2;
    const sent = [0, 1].flatMap((shard): Event[] => [
      { kind: 'intent', effect: { kind: 'detach', shard } },
      { kind: 'answered', intent: first + shard * 2, outcome: 'ok', detail: 'OK' },
    ]);
    const state = stateOf(plan, [...events, ...sent]);
    const sentAt = state.shards[1]?.detach?.at ?? 0;
    expect(decided(state, alone(), { wallNow: sentAt + 500 })).toMatchObject({ enter: null, effects: [] });
    const seenRows = decided(state, alone(), { wallNow: sentAt + 1_000 }).rows;
    expect(seenRows.map((row) => row.kind)).toEqual(['seen', 'seen']);
    const done = decided(stateOf(plan, [...events, ...sent, ...seenRows]), alone(), { wallNow: sentAt + 2_000 });
    expect(done.enter?.phase).toBe('aborted');
    expect(done.rows).toEqual([
      {
        kind: 'summary',
        lines: [
          'The sources go on as masters, their data as it was. 2 destinations had begun to replicate and stopped.',
          'Data is left on new-1:6379 (9 keys) and new-2:6379 (9 keys). FLUSHALL there removes it.',
          'No setting had to be changed.',
        ],
      },
    ]);
  });

  it('takes down a fence of ours that arrived too late, and does not end before it is gone', () => {
    const gone = [0, 1].map((shard): Event => {
      return { kind: 'given_up', what: 'detach', ledger: null, shard, detail: 'So be it.' };
    });
    const fenced = (master: { host: string; port: number }): PairLook[] => [
      { source: seen({ role: 'replica', replication: replication({ master }) }), destination: seen() },
      { source: seen(), destination: seen() },
    ];
    const ours = fenced(fenceAddress(plan.id));
    const first = decided(stateOf(plan, [...events, ...gone]), ours, { wallNow: START + 60_000 });
    expect(first).toMatchObject({ effects: [{ kind: 'fence', shard: 0, up: false }], enter: null });
    const sent: Event = { kind: 'intent', effect: { kind: 'fence', shard: 0, up: false } };
    const state = stateOf(plan, [...events, ...gone, sent]);
    const soon = { wallNow: (state.shards[0]?.fence?.at ?? 0) + 1_000 };
    expect(decided(state, ours, soon)).toMatchObject({
      effects: [],
      enter: null,
      waitingFor: 'Shard 1: the fence at its source came too late and is being taken down.',
    });
    expect(decided(state, fenced({ host: 'other', port: 7 }), soon)).toMatchObject({
      effects: [],
      enter: { phase: 'aborted' },
    });
  });

  it('leaves a destination alone that somebody made follow another server', () => {
    const master = { host: 'other', port: 7 };
    const stolen: PairLook = {
      source: seen(),
      destination: seen({ role: 'replica', replication: replication({ master }) }),
    };
    const decision = decided(stateOf(plan, events), [stolen, following[1] as PairLook]);
    expect(shardsOf(decision.effects, 'detach')).toEqual([1]);
    expect(decision.rows).toMatchObject([
      {
        kind: 'given_up',
        what: 'detach',
        shard: 0,
        detail: 'new-1:6379 follows other:7 by now, which is not our doing. It is left so.',
      },
    ]);
    const capitals = {
      ...stolen,
      destination: seen({ role: 'replica', replication: replication({ master: { host: 'OLD-1', port: 6379 } }) }),
    };
    expect(shardsOf(decided(stateOf(plan, events), [capitals, following[1] as PairLook]).effects, 'detach')).toEqual([
      0, 1,
    ]);
  });

  it('waits for a destination that does not answer, and leaves it behind when asked once more', () => {
    const looks = [following[0] as PairLook, { source: seen(), destination: unseen('new-2:6379 hangs.') }];
    const waits = decided(stateOf(plan, events), looks);
    expect(waits.waitingFor).toBe('Shard 2: new-2:6379 hangs. Abort once more to leave it as it is.');
    const again: Event = { kind: 'abort_asked', user: ANA, click: 99, giveUp: true };
    expect(decided(stateOf(plan, [...events, again]), looks).rows).toEqual([
      expect.objectContaining({
        kind: 'given_up',
        what: 'detach',
        shard: 1,
        detail: expect.stringContaining('It may still be a replica') as unknown,
      }),
    ]);
  });
});
