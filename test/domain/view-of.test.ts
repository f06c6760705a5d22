/** What Slack and the admin server see. That no view holds a figure that is none is checked in model.test.ts. */
import { describe as about, expect, it } from 'vitest';
import { describe } from '../../src/domain/describe.ts';
import type { Event } from '../../src/domain/event.ts';
import type { PairLook } from '../../src/domain/observation.ts';
import type { MigrationState } from '../../src/domain/state.ts';
import { actionValue, entryOf, viewOf } from '../../src/domain/view-of.ts';
import {
  ANA,
  aPlan,
  enter,
  followingPair,
  freshPair,
  NOT_EMPTY,
  NOT_LOOKED,
  POLICY,
  rowsOf,
  START,
  sightOf,
  stateOf,
  switchedPair,
  toPlanned,
  toStreaming,
  toSwitched,
} from './support/build.ts';

function view(
  state: MigrationState,
  looks: readonly PairLook[] | null = null,
  more: Partial<Parameters<typeof viewOf>[0]> = {},
) {
  const sight = looks ? sightOf(state, looks) : NOT_LOOKED;
  return viewOf({
    state,
    rows: [],
    sight,
    policy: POLICY,
    asOf: looks ? START : null,
    lateClients: [],
    lateWriters: null,
    engineReason: null,
    hookTroubles: new Map(),
    ...more,
  });
}

const PLAN = aPlan(2);
const FRESH = [freshPair(0), freshPair(1)];
const FOLLOWING = PLAN.shards.map((shard) => followingPair(shard));

about('a view', () => {
  it('has every field of GET /migrations/:id, from checking on', () => {
    const seenNow = view(stateOf(PLAN), null, { rows: rowsOf(PLAN, []) });
    expect(seenNow).toMatchObject({
      id: 'm-7k3q',
      name: 'orders',
      phase: 'checking',
      cutover: 'fenced',
      requestedBy: ANA,
      channel: 'C000000MIG',
      messageTs: null,
      totals: { servers: 2, keys: null, bytes: null },
      findings: [],
      asOf: null,
    });
    expect(seenNow.waitingFor).toContain('The check');
    expect(Object.keys(seenNow.shards[0] ?? {})).toEqual(
      expect.arrayContaining(
        'index source destination state percent bytesPerSecond etaSeconds lagBytes bufferBytes sourceWritesPerSecond sourceClients fullSyncs pauseMs verified'.split(
          ' ',
        ),
      ),
    );
    expect(seenNow.shards[0]).toMatchObject({
      index: 0,
      source: 'old-1:6379',
      destination: 'new-1:6379',
      state: 'waiting',
      percent: null,
      pauseMs: null,
    });
    expect(seenNow.gates.map((gate) => [gate.gate, gate.open, gate.needed])).toEqual([
      ['continue', false, 1],
      ['switch', false, 1],
      ['finish', false, 1],
    ]);
    expect(seenNow.journal).toEqual([
      {
        seq: 1,
        at: '2023-11-14T22:13:20.000Z',
        actor: 'bot',
        kind: 'requested',
        text: describe({ kind: 'requested', plan: PLAN, messageTs: null }, PLAN),
        shard: null,
      },
    ]);
  });

  it('is plain JSON, without endpoints and passwords', () => {
    const secret = aPlan(1, {
      shards: [
        {
          index: 0,
          source: { host: 'a', port: 1, tls: true, user: 'migrator', password: { kind: 'sealed', box: 'sealed-box' } },
          destination: { host: 'b', port: 2, tls: false },
        },
      ],
    });
    const text = JSON.stringify(
      view(stateOf(secret, toPlanned(secret)), [freshPair(0)], { rows: rowsOf(secret, toPlanned(secret)) }),
    );
    expect(JSON.parse(text)).toBeTruthy();
    expect(text).not.toMatch(/sealed-box|migrator/);
  });

  it('the engine’s own reason comes first, and what has ended waits for nothing', () => {
    expect(view(stateOf(PLAN), null, { engineReason: 'The disk is full.' }).waitingFor).toBe('The disk is full.');
    const ended = stateOf(PLAN, [...toPlanned(PLAN), enter('aborting'), enter('aborted')]);
    expect(view(ended, FRESH, { engineReason: 'The disk is full.' }).waitingFor).toBeNull();
  });

  it('percentages have one digit behind the point at most', () => {
    const state = stateOf(PLAN, toStreaming(PLAN));
    const [first] = FOLLOWING;
    if (!first?.destination.ok) throw new Error('It answered.');
    const { facts } = first.destination;
    const loading = {
      ...first,
      destination: { ...first.destination, facts: { ...facts, loading: { percent: 33.333 } } },
    };
    expect(view(state, [loading, ...FOLLOWING.slice(1)]).shards[0]).toMatchObject({ state: 'loading', percent: 86 });
  });

  it('a shard that was promoted since the last look is shown as promoted, with its pause', () => {
    const promoted: Event = { kind: 'promoted', shard: 0, pauseMs: 7.5, detail: 'x' };
    const state = stateOf(PLAN, [...toStreaming(PLAN), enter('switching'), promoted, enter('switched')]);
    const seenBefore = view(state, FOLLOWING, { asOf: state.phaseSince - 1 }).shards;
    expect(seenBefore[0]).toMatchObject({ state: 'promoted', percent: 100, pauseMs: 7.5 });
  });
});

about('buttons', () => {
  const names = (...input: Parameters<typeof view>) => view(...input).actions.map((one) => `${one.action} ${one.ask}`);

  it('are those that can be used now', () => {
    expect(names(stateOf(PLAN))).toEqual(['migration:abort confirm']);
    expect(names(stateOf(PLAN, toPlanned(PLAN)), FRESH)).toEqual([
      'gate:continue confirm',
      'migration:deny form',
      'migration:recheck none',
      'migration:abort confirm',
    ]);
    const error = { ...NOT_EMPTY, level: 'error' as const };
    expect(names(stateOf(PLAN, toPlanned(PLAN, [error])), FRESH)).toEqual([
      'migration:recheck none',
      'migration:abort confirm',
    ]);
    expect(names(stateOf(PLAN, toStreaming(PLAN)), FOLLOWING)).toEqual([
      'gate:switch confirm',
      'migration:deny form',
      'migration:abort confirm',
    ]);
    expect(names(stateOf(PLAN, toStreaming(PLAN)), FRESH)).toEqual(['migration:abort confirm']);
    expect(names(stateOf(PLAN, [...toStreaming(PLAN), enter('switching')]), FOLLOWING)).toEqual([]);
    expect(names(stateOf(PLAN, toSwitched(PLAN)), FOLLOWING)).toEqual([]);
    expect(names(stateOf(PLAN, [...toStreaming(PLAN), enter('aborting')]), FOLLOWING)).toEqual([
      'migration:abort confirm',
    ]);
    expect(names(stateOf(PLAN, [...toPlanned(PLAN), enter('aborting'), enter('aborted')]), FRESH)).toEqual([]);
  });

  it('say what will happen, with the numbers of this moment', () => {
    const consequence = (action: string, ...input: Parameters<typeof view>) =>
      view(...input).actions.find((one) => one.action === action)?.consequence;
    expect(consequence('gate:continue', stateOf(PLAN, toPlanned(PLAN)), FRESH)).toBe(
      'Replication of 2 shards starts: 40,000 keys, 1.9 MiB. The sources go on serving.',
    );
    expect(consequence('migration:abort', stateOf(PLAN, toPlanned(PLAN)), FRESH)).toBe(
      'Nothing has been changed yet. The migration ends.',
    );
    const late = PLAN.shards.map((shard) => followingPair(shard, 1_024));
    expect(consequence('gate:switch', stateOf(PLAN, toStreaming(PLAN)), late)).toContain('(2.0 KiB still on the way)');
    expect(consequence('migration:abort', stateOf(PLAN, toStreaming(PLAN)), late)).toContain(
      '2 destinations will stop following',
    );
  });

  it('a wipe asks for a form, and says how many keys will be lost', () => {
    const plan = aPlan(2, { yesWipe: true });
    const action = view(stateOf(plan, toPlanned(plan, [NOT_EMPTY], 7)), FRESH).actions[0];
    expect(action).toMatchObject({ action: 'gate:continue', ask: 'form' });
    expect(action?.consequence).toContain('7 keys on 1 destination will be wiped.');
    const one = view(stateOf(plan, toPlanned(plan, [NOT_EMPTY], 1)), FRESH).actions[0];
    expect(one?.consequence).toContain(' 1 key on 1 destination will be wiped.');
  });

  it('finish after a drift asks for a form that says what happened, and a confirm otherwise', () => {
    const looks = PLAN.shards.map(({ index }) => switchedPair(PLAN, index));
    const finish = (events: readonly Event[]) => {
      const state = stateOf(PLAN, [...toSwitched(PLAN), ...events]);
      return view(state, looks, { sight: sightOf(state, looks, { quietMs: 60_000 }) }).actions[0];
    };
    const drift = (shard: number): Event => {
      const text = `old-${shard + 1}:6379 was restarted: it is another process than before.`;
      return { kind: 'drift', shard, side: 'source', runId: `another-${shard}`, text };
    };
    expect(finish([])).toMatchObject({
      action: 'gate:finish',
      ask: 'confirm',
      consequence:
        'Settings are put back and the migration ends. The old masters stay fenced. Nobody has written to an old master for 1 min.',
    });
    expect(finish([drift(0)])).toMatchObject({ action: 'gate:finish', ask: 'form' });
    expect(finish([drift(1)])?.consequence).toMatch(
      /^Shard 2: old-2:6379 was restarted: it is another process than before\. Settings are put back/,
    );
    expect(finish([drift(1), drift(0)])?.consequence).toContain('And 1 more such changes; the thread has them.');
  });

  it('carry which migration, phase entry and plan they were drawn for', () => {
    const state = stateOf(PLAN, toPlanned(PLAN));
    const value = actionValue(state);
    expect(value).toMatch(/^m-7k3q\./);
    expect(entryOf(value, state)).toBe(state.entry);
    expect(view(state, FRESH).actions.every((one) => one.value === value)).toBe(true);
    const later = stateOf(PLAN, [...toPlanned(PLAN), enter('checking')]);
    expect(entryOf(value, later)).toBe(state.entry);
    expect(entryOf(value, stateOf(aPlan(3), toPlanned(aPlan(3))))).toBeNull();
    for (const text of ['', 'm-7k3q', 'm-7k3q.x.y', `${value}x`, value.replace('.', '.-')])
      expect(entryOf(text, state)).toBeNull();
  });
});
