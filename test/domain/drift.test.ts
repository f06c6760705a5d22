/** Servers that are changed behind our back: what is told, once, and what is done about fences. */
import { describe, expect, it } from 'vitest';
import { judgeClick } from '../../src/domain/click.ts';
import { oldMasterProblem } from '../../src/domain/drift.ts';
import type { Event, Side } from '../../src/domain/event.ts';
import { validApprovals } from '../../src/domain/gate.ts';
import type { PairLook, ServerFacts } from '../../src/domain/observation.ts';
import { fenceAddress, type ShardPlan } from '../../src/domain/plan.ts';
import type { MigrationState } from '../../src/domain/state.ts';
import {
  aPlan,
  BEN,
  enter,
  FROZEN_OFFSET,
  followingPair,
  POLICY,
  replication,
  START,
  sightOf,
  stateOf,
  switchedPair,
  toStreaming,
  toSwitched,
  unseen,
} from './support/build.ts';
import { decided } from './support/decided.ts';

const PLAN = aPlan(2);
const FENCE = fenceAddress(PLAN.id);
const FOLLOWING = PLAN.shards.map((shard) => followingPair(shard));
const SWITCHED = PLAN.shards.map(({ index }) => switchedPair(PLAN, index));

/** The same look, with other facts on one side of the second shard. */
function changed(looks: readonly PairLook[], side: Side, more: Partial<ServerFacts>): PairLook[] {
  return looks.map((look, index) => {
    const one = look[side];
    if (index !== 1 || !one.ok) return look;
    return { ...look, [side]: { ...one, facts: { ...one.facts, ...more } } };
  });
}

function drifts(state: MigrationState, looks: readonly PairLook[]): readonly Event[] {
  return decided(state, looks).rows.filter((row) => row.kind === 'drift');
}

describe('a server that was restarted', () => {
  const phases = {
    syncing: toStreaming(PLAN).slice(0, -1),
    streaming: toStreaming(PLAN),
    switched: toSwitched(PLAN),
  };
  const table = (['syncing', 'streaming', 'switched'] as const).flatMap((phase) =>
    (['source', 'destination'] as const).map((side) => [phase, side] as const),
  );
  const consequences = {
    'syncing source': 'Its copy follows what it holds now: look at its data before you switch.',
    'syncing destination': '',
    'streaming source': 'Its copy follows what it holds now: look at its data before you switch.',
    'streaming destination': '',
    'switched source': 'If it came back as a master, it may have taken writes that the new server never sees.',
    'switched destination': 'What it had not saved is gone: look at its data before you finish.',
  };

  it.each(table)('in %s, the %s: is told once, with what it means, and is the base from then on', (phase, side) => {
    const events = phases[phase];
    const looks = changed(phase === 'switched' ? SWITCHED : FOLLOWING, side, { runId: 'new-run' });
    const told = drifts(stateOf(PLAN, events), looks);
    const name = side === 'source' ? 'old-2:6379' : 'new-2:6379';
    const text = `${name} was restarted: it is another process than before. ${consequences[`${phase} ${side}`]}`.trim();
    expect(told).toEqual([{ kind: 'drift', shard: 1, side, runId: 'new-run', text }]);
    const after = stateOf(PLAN, [...events, ...told]);
    expect(after.shards[1]?.before).toMatchObject(
      side === 'source'
        ? { sourceRunId: 'new-run', sourceFullSyncs: 0, destinationRunId: 'run-new-1' }
        : { destinationRunId: 'new-run', destinationRefusedCommands: 0, sourceRunId: 'run-old-1' },
    );
    expect(drifts(after, looks)).toEqual([]);
    expect(drifts(after, changed(looks, side, { runId: 'third-run' }))).toHaveLength(1);
  });

  it.each(table)('in %s, the %s: one that does not answer, or tells no run id, was not', (phase, side) => {
    const state = stateOf(PLAN, phases[phase]);
    const looks = phase === 'switched' ? SWITCHED : FOLLOWING;
    expect(drifts(state, looks)).toEqual([]);
    expect(drifts(state, changed(looks, side, { runId: null }))).toEqual([]);
    const silent = looks.map((look, index) => (index === 1 ? { ...look, [side]: unseen('It hangs.') } : look));
    expect(drifts(state, silent)).toEqual([]);
  });

  it('both sides at once are told each', () => {
    const both = changed(changed(FOLLOWING, 'source', { runId: 'a' }), 'destination', { runId: 'b' });
    expect(drifts(stateOf(PLAN, phases.streaming), both)).toMatchObject([{ side: 'source' }, { side: 'destination' }]);
  });

  it('before its shard was begun is nothing to us', () => {
    const events = toStreaming(PLAN).slice(0, 3);
    expect(drifts(stateOf(PLAN, events), changed(FOLLOWING, 'source', { runId: 'new-run' }))).toEqual([]);
  });

  it('a copy that is made writable while streaming: back to syncing, and nobody is told of a restart', () => {
    const { destination } = FOLLOWING[1] as PairLook;
    const link = destination.ok ? destination.facts.replication : replication();
    const looks = changed(FOLLOWING, 'destination', { replication: { ...link, readOnly: false } });
    expect(decided(stateOf(PLAN, toStreaming(PLAN)), looks).enter).toEqual({
      phase: 'syncing',
      reason: 'A server was changed by somebody else: approvals are void, and every shard has to be in step once more.',
    });
  });

  it.each(['source', 'destination'] as const)('the %s while streaming: back to syncing, approvals are void', (side) => {
    const events = toStreaming(PLAN);
    const approved: Event = {
      kind: 'approved',
      gate: 'switch',
      user: BEN,
      click: 99,
      entry: events.length + 1,
      findings: '',
      wipe: false,
    };
    const before = stateOf(PLAN, [...events, approved]);
    expect(validApprovals('switch', before, START, POLICY)).toHaveLength(1);
    const looks = changed(FOLLOWING, side, { runId: 'new-run' });
    const decision = decided(before, looks);
    expect(decision.enter).toEqual({
      phase: 'syncing',
      reason: 'A server was restarted: approvals are void, and every shard has to be in step once more.',
    });
    const back = [...events, approved, ...decision.rows, enter('syncing')];
    const again = decided(stateOf(PLAN, back), looks);
    expect(again.enter?.phase).toBe('streaming');
    const after = stateOf(PLAN, [...back, enter('streaming')]);
    expect(validApprovals('switch', after, START, POLICY)).toEqual([]);
    const pressed = {
      kind: 'clicked',
      action: 'gate:switch',
      user: BEN,
      entry: before.entry,
      typedName: null,
    } as const;
    const click = { seq: 999, at: START, event: pressed };
    const rights = { request: { ok: true }, approve: { ok: true } } as const;
    expect(judgeClick(click, after, sightOf(after, looks), POLICY, rights)).toMatchObject({ accepted: false });
  });
});

describe('an old master after the switch', () => {
  const state = stateOf(PLAN, toSwitched(PLAN));
  const row = {
    kind: 'drift',
    shard: 1,
    side: 'source',
    runId: null,
    text: 'old-2:6379, the old master, was released or written to after the switch. What it took is not on the new server.',
  };
  const at = (more: Parameters<typeof replication>[0]) => ({
    replication: replication({ master: FENCE, masterOffset: FROZEN_OFFSET, ...more }),
  });

  it('that stands as it was left is told of by nobody', () => {
    expect(decided(state, SWITCHED)).toMatchObject({ rows: [], effects: [], enter: null });
  });

  it.each<[string, Partial<ServerFacts>]>([
    ['was written to', at({ masterOffset: FROZEN_OFFSET + 1n })],
    ['lost writes', at({ masterOffset: FROZEN_OFFSET - 1n })],
    ['writes another history', at({ replid: 'f'.repeat(40) })],
    ['was released by hand', { role: 'master', ...at({ master: null, replid: 'f'.repeat(40) }) }],
  ])('that %s is told once', (_, more) => {
    const looks = changed(SWITCHED, 'source', more);
    expect(drifts(state, looks)).toEqual([row]);
    expect(drifts(stateOf(PLAN, [...toSwitched(PLAN), row as Event]), looks)).toEqual([]);
  });

  it('is held against its offset as long as it is the same process; a restart has its own row', () => {
    const looks = changed(SWITCHED, 'source', {
      runId: 'new-run',
      role: 'master',
      ...at({ master: null, masterOffset: 0n }),
    });
    const told = drifts(state, looks);
    expect(told).toMatchObject([{ side: 'source', runId: 'new-run' }]);
    expect(drifts(stateOf(PLAN, [...toSwitched(PLAN), ...told]), looks)).toEqual([]);
  });

  it('in this shard is no word about another', () => {
    const both = changed(SWITCHED, 'source', at({ masterOffset: 1n }));
    const first = switchedPair(PLAN, 0, at({ masterOffset: 1n }));
    expect(drifts(stateOf(PLAN, [...toSwitched(PLAN), row as Event]), [first, ...both.slice(1)])).toMatchObject([
      { shard: 0, side: 'source' },
    ]);
  });

  it('that takes writes again is a problem, in a sentence', () => {
    const plan = PLAN.shards[1] as ShardPlan;
    const problem = (more: Partial<ServerFacts>) => {
      const sight = sightOf(state, changed(SWITCHED, 'source', more)).shards?.[1];
      if (!sight) throw new Error('There are two shards.');
      return oldMasterProblem(plan, sight);
    };
    expect(problem({})).toBeNull();
    expect(problem({ role: 'master' })).toMatch(/^The old master of shard 2 \(old-2:6379\) is a master again .*\.$/);
    expect(problem(at({ readOnly: false }))).toMatch(/is a replica that takes writes \(replica-read-only no\)/);
    expect(problem(at({ readOnly: true }))).toBeNull();
  });
});

describe('the fence outside of a cut-over', () => {
  const restarted: Event = { kind: 'drift', shard: 1, side: 'source', runId: 'new-run', text: 'It was restarted.' };
  const released: Event = { ...restarted, runId: null, text: 'It was released.' };
  const open = changed(SWITCHED, 'source', { runId: 'new-run', role: 'master', replication: replication() });
  const up = { kind: 'fence', shard: 1, up: true } as const;
  const down = { kind: 'fence', shard: 1, up: false } as const;

  /** What is asked for `ms` after the last row. */
  function effects(events: readonly Event[], looks: readonly PairLook[], ms: number) {
    return decided(stateOf(PLAN, events), looks, { wallNow: START + events.length * 1_000 + ms }).effects;
  }
  /** The events, then the fence sent and answered. */
  function sent(
    events: readonly Event[],
    effect: typeof up | typeof down,
    outcome: 'ok' | 'refused' | 'unknown' | null,
  ) {
    const answered: Event = { kind: 'answered', intent: events.length + 2, outcome: outcome ?? 'ok', detail: 'x' };
    return [...events, { kind: 'intent', effect } as Event, ...(outcome === null ? [] : [answered])];
  }

  it('is put up again at an old master that came back without it, once it was told', () => {
    expect(effects(toSwitched(PLAN), open, 0)).toEqual([]);
    expect(effects([...toSwitched(PLAN), restarted], open, 0)).toEqual([up]);
  });

  it.each<[string, Partial<ServerFacts>]>([
    ['came back with its fence', { role: 'replica', replication: replication({ master: FENCE }) }],
    ['follows another server', { role: 'replica', replication: replication({ master: { host: 'other', port: 7 } }) }],
    ['is still loading', { loading: { percent: 3 } }],
  ])('is not put up at one that %s', (_, more) => {
    expect(effects([...toSwitched(PLAN), restarted], changed(open, 'source', more), 0)).toEqual([]);
  });

  it('is not put up at one that does not answer', () => {
    const silent = open.map((look) => ({ ...look, source: unseen('It hangs.') }));
    expect(effects([...toSwitched(PLAN), restarted], silent, 0)).toEqual([]);
  });

  it('is not put up because the new server, or another shard, was restarted', () => {
    for (const drift of [
      { ...restarted, side: 'destination' as const },
      { ...restarted, shard: 0 },
    ]) {
      const asked = effects([...toSwitched(PLAN), drift], open, 0).filter((one) => one.shard === 1);
      expect(asked).toEqual([]);
    }
  });

  it('is put up once for each restart: whoever takes it down after that had a reason', () => {
    const done = sent([...toSwitched(PLAN), restarted], up, 'ok');
    expect(effects(done, open, 60_000)).toEqual([]);
    expect(effects([...done, { ...restarted, runId: 'third-run' }], open, 60_000)).toEqual([up]);
  });

  it.each(['refused', 'unknown', null] as const)(
    'answered %s and not seen is put up again after five seconds',
    (outcome) => {
      const events = sent([...toSwitched(PLAN), restarted], up, outcome);
      const since = outcome === null ? 0 : -1_000;
      expect(effects(events, open, since + 4_999)).toEqual([]);
      expect(effects(events, open, since + 5_000)).toEqual([up]);
    },
  );

  it('that somebody took down by hand, at the same process, is theirs', () => {
    const free = changed(SWITCHED, 'source', { role: 'master', replication: replication({ replid: 'f'.repeat(40) }) });
    expect(effects([...toSwitched(PLAN), released], free, 60_000)).toEqual([]);
    // Also when it had been restarted before, and our fence was up again by then.
    const fencedAgain = sent([...toSwitched(PLAN), restarted], up, 'ok');
    expect(effects([...fencedAgain, released], free, 60_000)).toEqual([]);
  });

  it('of ours that arrives too late, before the switch, is taken down', () => {
    const behind = (master: { host: string; port: number }) =>
      changed(FOLLOWING, 'source', { role: 'replica', replication: replication({ master }) });
    for (const events of [toStreaming(PLAN), toStreaming(PLAN).slice(0, -1)]) {
      expect(effects(events, behind(FENCE), 0)).toEqual([down]);
      const first = sent(events, down, 'ok');
      expect(effects(first, behind(FENCE), -1_000 + 4_999)).toEqual([]);
      expect(effects(first, behind(FENCE), -1_000 + 5_000)).toEqual([down]);
      // Somebody else's reason to make it follow is not ours to undo.
      for (const master of [
        { host: 'other', port: 7 },
        { ...FENCE, port: 2 },
        { ...FENCE, host: '127.0.0.1' },
      ])
        expect(effects(events, behind(master), 0)).toEqual([]);
      expect(effects(events, FOLLOWING, 0)).toEqual([]);
    }
  });
});
