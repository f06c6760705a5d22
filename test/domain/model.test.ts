/** Random servers, random people, random crashes: what must never happen doesn't. The checks are in support/world.ts. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Phase } from '../../src/domain/phase.ts';
import { ACTION_IDS, type ActionId } from '../../src/domain/view.ts';
import { ANA, aPlan, BEN, EVE, POLICY } from './support/build.ts';
import { type Doing, fence, restart, turn } from './support/pair.ts';
import { type Click, type Luck, World } from './support/world.ts';

const USERS = [ANA, BEN, EVE];
const LUCK: readonly Luck[] = ['done', 'done', 'done', 'refused', 'lost', 'lost but done', 'crash'];
const DOING: readonly Doing[] = [
  'master',
  'handshake',
  'snapshot',
  'transfer',
  'loading',
  'streaming',
  'streaming',
  'elsewhere',
];

type Step =
  | { readonly kind: 'tick'; readonly luck: readonly Luck[] }
  | { readonly kind: 'click'; readonly click: Click }
  | { readonly kind: 'onwards'; readonly user: string }
  | { readonly kind: 'shard'; readonly shard: number; readonly change: Change }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'quiet'; readonly ms: number }
  | { readonly kind: 'crash' };

type Change =
  | { readonly sourceUp: boolean }
  | { readonly destinationUp: boolean }
  | { readonly doing: Doing }
  | { readonly lag: number }
  | { readonly destinationKeys: number }
  | { readonly sourceFenced: boolean }
  | { readonly restarts: 'source' | 'destination' }
  /** Somebody makes it a master by hand, and it takes writes. */
  | { readonly promoted: true };

const luck = fc.array(fc.constantFrom(...LUCK), { minLength: 1, maxLength: 3 });

const click: fc.Arbitrary<Click> = fc.record({
  action: fc.constantFrom<ActionId>(...ACTION_IDS, 'gate:continue', 'gate:switch', 'gate:finish'),
  user: fc.constantFrom(...USERS),
  copy: fc.constantFrom('now', 'now', 'now', 'old', 'foreign', 'command'),
  name: fc.constantFrom('right', 'right', 'wrong', 'none'),
  mayRequest: fc.boolean(),
  mayApprove: fc.constantFrom(true, true, false),
  dies: fc.constantFrom(false, false, false, true),
});

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ sourceUp: fc.boolean() }),
  fc.record({ destinationUp: fc.boolean() }),
  fc.record({ doing: fc.constantFrom(...DOING) }),
  fc.record({ lag: fc.constantFrom(0, 0, 17, 2_000_000) }),
  fc.record({ destinationKeys: fc.constantFrom(0, 7) }),
  fc.record({ sourceFenced: fc.boolean() }),
  fc.record({ restarts: fc.constantFrom('source', 'destination') }),
  fc.record({ promoted: fc.constant(true as const) }),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('tick'), luck }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('click'), click }) },
  // What usually happens: all is well, and somebody presses what can be pressed.
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('onwards'), user: fc.constantFrom(...USERS) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('shard'), shard: fc.nat({ max: 2 }), change }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('time'), ms: fc.constantFrom(6_000, 40_000, 3_700_000, -3_700_000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('quiet'), ms: fc.constantFrom(0, 29_999, 30_000, 90_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash') }) },
);

function take(world: World, one: Step): void {
  switch (one.kind) {
    case 'tick':
      return world.tick(one.luck);
    case 'click':
      world.click(one.click);
      return;
    case 'onwards':
      return onwards(world, one.user);
    case 'shard': {
      const pair = world.pair(one.shard);
      const { change: made } = one;
      if ('restarts' in made) restart(pair, made.restarts);
      else if ('sourceFenced' in made) fence(pair, made.sourceFenced);
      else if ('doing' in made) turn(pair, made.doing);
      else if ('promoted' in made) {
        turn(pair, 'streaming');
        turn(pair, 'master');
        pair.destinationKeys = 7;
      } else Object.assign(pair, made);
      return;
    }
    case 'time':
      world.journal.now += one.ms;
      return;
    case 'quiet':
      world.quietMs = one.ms;
      return;
    case 'crash':
      return world.crash();
  }
}

function onwards(world: World, user: string): void {
  for (const pair of world.pairs) {
    Object.assign(pair, { sourceUp: true, destinationUp: true, lag: 0 });
    if (pair.doing !== 'master') turn(pair, 'streaming');
  }
  world.quietMs = 60_000;
  for (let ticks = 0; ticks < 3; ticks += 1) world.tick(['done']);
  const open = world.view().gates.find((gate) => gate.open);
  if (!open) return;
  const action: ActionId = `gate:${open.gate}`;
  world.click({ action, user, copy: 'now', name: 'right', mayRequest: true, mayApprove: true, dies: false });
}

const set = fc.record({
  shards: fc.integer({ min: 1, max: 3 }),
  yesWipe: fc.boolean(),
  keys: fc.array(fc.constantFrom(0, 0, 0, 7), { minLength: 3, maxLength: 3 }),
  needed: fc.constantFrom(1, 1, 2),
  selfApproval: fc.boolean(),
});

it('whatever servers, people and crashes do', () => {
  const reached = new Map<Phase, number>();
  fc.assert(
    fc.property(set, fc.array(step, { minLength: 10, maxLength: 45 }), (one, steps) => {
      const approvals = { continue: one.needed, switch: one.needed, finish: one.needed };
      const policy = { ...POLICY, approvals, selfApproval: one.selfApproval };
      const world = new World(aPlan(one.shards, { yesWipe: one.yesWipe }), policy, one.keys);
      world.check();
      for (const next of steps) {
        take(world, next);
        world.check();
      }
      world.crash();
      reached.set(world.state.phase, (reached.get(world.state.phase) ?? 0) + 1);
    }),
    { numRuns: 400 },
  );
  // A model that never gets anywhere proves nothing.
  for (const phase of ['planned', 'syncing', 'switched', 'finished', 'aborted'] as const) {
    expect(reached.get(phase) ?? 0, `runs that ended in ${phase}`).toBeGreaterThan(0);
  }
});

it('when nothing goes wrong, it ends in finished', () => {
  const world = new World(aPlan(3), POLICY, [0, 0, 0]);
  const phases = new Set<Phase>();
  for (let steps = 0; steps < 8; steps += 1) {
    onwards(world, BEN);
    phases.add(world.state.phase);
    world.check();
  }
  expect(world.state.phase).toBe('finished');
  expect(world.state.ledger.every((entry) => entry.closed)).toBe(true);
  expect([...phases]).toEqual(['syncing', 'switching', 'finishing', 'finished']);
});
