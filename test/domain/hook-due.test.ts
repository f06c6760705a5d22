/** Which webhooks a migration owes, and how long. */
import { expect, test } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import { hookOf, hooksDue } from '../../src/domain/hook-due.ts';
import { pendingText } from '../../src/domain/hook-words.ts';
import type { Plan } from '../../src/domain/plan.ts';
import type { PendingHook } from '../../src/domain/state.ts';
import { aPlan, enter, rowsOf, START, stateOf, toStreaming, toSwitched } from './support/build.ts';

const FENCED = aPlan(2);
const OVERLAP = aPlan(2, { cutover: 'overlap' });

/** The last `many` of these events are written in one append. */
function due(plan: Plan, events: readonly Event[], many: number) {
  const rows = rowsOf(plan, events).slice(-many);
  return hooksDue(stateOf(plan, events.slice(0, -many)), rows);
}

const promoted = (shard: number): Event => ({ kind: 'promoted', shard, pauseMs: 7, detail: 'is the master.' });
const started = (way: 'over' | 'back', shards = [0, 1]): Event => ({
  kind: 'cutover_started',
  attempt: 1,
  way,
  shards,
});

test('shards that went over together are told together, under the number of the first row', () => {
  const before = [...toStreaming(FENCED), enter('switching'), started('over')];
  const seq = before.length + 2;
  expect(due(FENCED, [...before, promoted(0), promoted(1)], 2)).toEqual([
    {
      kind: 'hook_due',
      hook: 'switched',
      id: `m-7k3q:${seq}:switched`,
      shards: [0, 1],
      text: 'The new servers of orders are masters.',
      reason: null,
    },
  ]);
});

test('a shard that went over alone is told alone', () => {
  const before = [...toStreaming(FENCED), enter('switching'), started('over', [1])];
  expect(due(FENCED, [...before, promoted(1)], 1)).toMatchObject([
    { hook: 'switched', shards: [1], text: 'The new servers of shard 2 of orders are masters.' },
  ]);
});

test('shards that went back are told as rolled back, and the end of it is not told again', () => {
  const before = [...toSwitched(FENCED), enter('rolling_back'), started('back')];
  expect(due(FENCED, [...before, promoted(0), promoted(1)], 2)).toMatchObject([
    { hook: 'rolled_back', shards: [0, 1], text: 'The old servers of orders are masters again.' },
  ]);
  expect(due(FENCED, [...before, promoted(0), promoted(1), enter('rolled_back')], 1)).toEqual([]);
});

test('in an overlap the application moves when both sides take writes, and not at the proof in the end', () => {
  const before = [...toStreaming(OVERLAP), enter('switching')];
  expect(due(OVERLAP, [...before, enter('switched')], 1)).toMatchObject([{ hook: 'switched', shards: [0, 1] }]);
  const finishing = [...before, enter('switched'), enter('finishing'), started('over')];
  expect(due(OVERLAP, [...finishing, promoted(0), promoted(1)], 2)).toEqual([]);
  expect(
    due(OVERLAP, [...finishing, { kind: 'cutover_let_go', reason: 'It was late.' }, enter('switched')], 2),
  ).toMatchObject([{ hook: 'failed', reason: 'It was late.' }]);
  expect(due(OVERLAP, [...before, enter('switched'), enter('aborting')], 1)).toMatchObject([{ hook: 'rolled_back' }]);
});

test('a cut-over that was let go has failed, but not for whoever refused it', () => {
  const before = [...toStreaming(FENCED), enter('switching')];
  const letGo: Event[] = [{ kind: 'cutover_let_go', reason: 'Shard 2 was late.' }, enter('streaming')];
  expect(due(FENCED, [...before, started('over', [1]), ...letGo], 2)).toMatchObject([
    { hook: 'failed', shards: [1], reason: 'Shard 2 was late.' },
  ]);
  const half = [...before, started('over'), promoted(0), ...letGo];
  expect(due(FENCED, half, 2)).toMatchObject([{ hook: 'failed', shards: [1] }]);
  const id = 'm-7k3q:9:before_switch';
  const refused: Event = { kind: 'hook_sent', hook: 'before_switch', id, outcome: 'refused', detail: 'No.' };
  expect(due(FENCED, [...before, refused, ...letGo], 3)).toEqual([]);
});

test('the end is told: finished, or with a reason that it was aborted', () => {
  const finishing = [...toSwitched(FENCED), enter('finishing')];
  expect(due(FENCED, [...finishing, enter('finished')], 1)).toMatchObject([
    { hook: 'finished', id: `m-7k3q:${finishing.length + 2}:finished`, shards: [0, 1] },
  ]);
  const aborting = [...toStreaming(FENCED), enter('aborting')];
  expect(due(FENCED, [...aborting, enter('aborted')], 1)).toMatchObject([
    { hook: 'failed', text: 'The migration of orders was aborted.', reason: 'So it was decided.' },
  ]);
});

const owed = (hook: PendingHook['hook'], id: string): Event => {
  return { kind: 'hook_due', hook, id, shards: [1], text: 'Something has happened.', reason: null };
};

test('what is due stays due, in order, until it is known what came of it', () => {
  const events = [...toSwitched(FENCED), owed('switched', 'a'), owed('failed', 'b')];
  expect(stateOf(FENCED, events).hooks.map((one) => one.id)).toEqual(['a', 'b']);
  const sent: Event = { kind: 'hook_sent', hook: 'switched', id: 'a', outcome: 'unreachable', detail: 'Nobody.' };
  expect(stateOf(FENCED, [...events, sent]).hooks.map((one) => one.id)).toEqual(['b']);
});

test('a question that nobody answered is of no use in another phase', () => {
  const events = [...toStreaming(FENCED), enter('switching'), owed('before_switch', 'q'), owed('failed', 'b')];
  expect(stateOf(FENCED, [...events, enter('streaming')]).hooks.map((one) => one.id)).toEqual(['b']);
});

test('every attempt says the same, with the addresses of its shards alone', () => {
  const { hooks } = stateOf(FENCED, [...toSwitched(FENCED), owed('switched', 'a')]);
  const hook = hookOf(hooks[0]!, FENCED);
  expect(hook).toMatchObject({ id: 'a', kind: 'switched', at: new Date(hooks[0]!.at).toISOString() });
  expect(hook.shards).toMatchObject([{ index: 1, source: { host: 'old-2' }, destination: { host: 'new-2' } }]);
});

test('the status names one that is late, at once when an attempt has failed; the question first', () => {
  const pending = (hook: PendingHook['hook'], id: string): PendingHook => {
    return { hook, id, shards: [0], text: '', reason: null, at: START };
  };
  const hooks = [pending('switched', 'a')];
  expect(pendingText([], new Map(), START)).toBe(null);
  expect(pendingText(hooks, new Map(), START + 500)).toBe(null);
  expect(pendingText(hooks, new Map(), START + 1_500)).toBe(
    'The webhook that points the application at the new servers has not been accepted yet.',
  );
  const why = new Map([['a', 'http://deploy.example/hooks refuses connections']]);
  expect(pendingText(hooks, why, START)).toBe(
    'The webhook that points the application at the new servers has not been accepted: http://deploy.example/hooks refuses connections. It is sent again.',
  );
  expect(pendingText([...hooks, pending('before_switch', 'q')], why, START + 5_000)).toMatch(/asked before a switch/);
});
