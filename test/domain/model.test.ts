/** Random servers, random people, random crashes: what must never happen doesn't. The checks are in support/world.ts. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ClickVerdict } from '../../src/domain/click.ts';
import type { Phase } from '../../src/domain/phase.ts';
import { ACTION_IDS, type ActionId } from '../../src/domain/view.ts';
import type { Luck } from './support/acting.ts';
import { ANA, aPlan, BEN, EVE, POLICY } from './support/build.ts';
import { type Doing, fence, type Pair, restart, turn } from './support/pair.ts';
import { type Click, World } from './support/world.ts';

const USERS = [ANA, BEN, EVE];
const LUCK: readonly Luck[] = [
  'done',
  'done',
  'done',
  'done',
  'refused',
  'lost',
  'lost but done',
  'crash',
  'crash early',
  'crash late',
];
const DOING: readonly Doing[] = [
  'master',
  'handshake',
  'snapshot',
  'transfer',
  'loading',
  'streaming',
  'streaming',
  'elsewhere',
  'aside',
];

type Step =
  | { readonly kind: 'tick'; readonly luck: readonly Luck[] }
  | { readonly kind: 'click'; readonly click: Click }
  | { readonly kind: 'onwards'; readonly user: string }
  | { readonly kind: 'back'; readonly user: string }
  | { readonly kind: 'loop'; readonly shard: number; readonly user: string; readonly luck: readonly Luck[] }
  | { readonly kind: 'meddle'; readonly shard: number; readonly user: string; readonly suffers: boolean }
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
  | { readonly sourceLatencyMs: number | null }
  | { readonly bufferBytes: number }
  /** One more full sync, of ours or of somebody else's replica. */
  | { readonly moreSyncs: number }
  /** Somebody changes a setting. */
  | { readonly setting: string; readonly value: string }
  | { readonly readOnly: 'yes' | 'no' }
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
  fc.record({ sourceLatencyMs: fc.constantFrom(null, 3, 5_000) }),
  fc.record({ bufferBytes: fc.constantFrom(0, 1_000_000) }),
  fc.record({ moreSyncs: fc.constantFrom(1, 2) }),
  fc.record({
    setting: fc.constantFrom('source repl-timeout', 'source client-output-buffer-limit', 'destination repl-timeout'),
    value: fc.constantFrom('60', '61', '20', 'normal 0 0 0 slave 1 1 60', '<!channel>'),
  }),
  fc.record({ readOnly: fc.constantFrom('yes', 'no') }),
  fc.record({ restarts: fc.constantFrom('source', 'destination') }),
  fc.record({ promoted: fc.constant(true as const) }),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('tick'), luck }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('click'), click }) },
  // What usually happens: all is well, and somebody presses what can be pressed.
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('onwards'), user: fc.constantFrom(...USERS) }) },
  // Somebody wants the old servers again.
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('back'), user: fc.constantFrom(...USERS) }) },
  // What often happens: a copy begins again and again, and somebody presses what is offered.
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('loop'),
      shard: fc.nat({ max: 2 }),
      user: fc.constantFrom(...USERS),
      luck,
    }),
  },
  // Somebody changes what we set, maybe while its source suffers, and somebody agrees to it.
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('meddle'),
      shard: fc.nat({ max: 2 }),
      user: fc.constantFrom(...USERS),
      suffers: fc.boolean(),
    }),
  },
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
    case 'back':
      return back(world, one.user);
    case 'meddle':
      return meddle(world, one);
    case 'loop':
      return loop(world, one.shard, one.user, one.luck);
    case 'shard': {
      const pair = world.pair(one.shard);
      const { change: made } = one;
      if ('restarts' in made || 'sourceFenced' in made || 'doing' in made || 'promoted' in made) pair.meddled = true;
      if ('restarts' in made) restart(pair, made.restarts);
      else if ('sourceFenced' in made) fence(pair, made.sourceFenced);
      else if ('doing' in made) turn(pair, made.doing);
      else if ('moreSyncs' in made) pair.fullSyncs += made.moreSyncs;
      else if ('setting' in made) somebodySets(pair, made.setting, made.value);
      else if ('readOnly' in made) somebodySets(pair, 'destination slave-read-only', made.readOnly);
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

function somebodySets(pair: Pair, where: string, value: string): void {
  const side = where.startsWith('source') ? 'source' : 'destination';
  const name = where.slice(side.length + 1);
  if (pair.settings[side].get(name) === value) return;
  pair.settings[side].set(name, value);
  pair.touched.add(where);
}

function loop(world: World, shard: number, user: string, lucks: readonly Luck[]): void {
  const pair = world.pair(shard);
  if (pair.doing === 'master' || pair.doing === 'aside' || pair.doing === 'elsewhere') return;
  turn(pair, 'snapshot');
  Object.assign(pair, { fullSyncs: pair.fullSyncs + 2, bufferBytes: 1_000_000, sourceUp: true, destinationUp: true });
  for (let ticks = 0; ticks < 3; ticks += 1) world.tick(['done']);
  pressOffered(world, user);
  for (let ticks = 0; ticks < 2; ticks += 1) world.tick(lucks);
}

function meddle(world: World, { shard, user, suffers }: Extract<Step, { kind: 'meddle' }>): void {
  const pair = world.pair(shard);
  Object.assign(pair, { sourceUp: true, destinationUp: true });
  if (suffers && pair.doing === 'streaming') {
    turn(pair, 'snapshot');
    pair.sourceLatencyMs = 5_000;
    world.tick(['done']);
    pair.sourceLatencyMs = null;
  }
  const index = shard % world.pairs.length;
  const ours = world.state.ledger.find((one) => one.shard === index && !one.closed && one.value !== null && one.set);
  if (!ours) return;
  somebodySets(pair, `${ours.side} ${ours.name}`, ours.name === 'slave-read-only' ? 'no' : '61');
  for (let ticks = 0; ticks < 2; ticks += 1) world.tick(['done']);
  world.journal.now += 40_000;
  world.tick(['done']);
  pressOffered(world, user);
}

function press(world: World, action: ActionId, user: string): ClickVerdict | null {
  return world.click({ action, user, copy: 'now', name: 'right', mayRequest: true, mayApprove: true, dies: false });
}

/** Whatever is offered about servers can be had. */
function pressOffered(world: World, user: string): void {
  for (const { action } of world.view().actions) {
    if (action === 'migration:override' && user !== EVE) continue;
    if (!['migration:tune', 'migration:resume', 'migration:override'].includes(action)) continue;
    const answer = press(world, action, user);
    expect(answer?.accepted, `${action} was offered: ${answer?.text ?? ''}`).toBe(true);
  }
}

function allIsWell(world: World, user: string): void {
  for (const pair of world.pairs) {
    Object.assign(pair, { sourceUp: true, destinationUp: true, lag: 0, sourceLatencyMs: null, bufferBytes: 0 });
    if (pair.doing !== 'master' && pair.doing !== 'aside') turn(pair, 'streaming');
    if (pair.doing === 'streaming' && pair.settings.destination.get('slave-read-only') === 'no')
      somebodySets(pair, 'destination slave-read-only', 'yes');
  }
  // Eve is the one who does not wait for quiet.
  world.quietMs = user === EVE ? 0 : 60_000;
  for (let ticks = 0; ticks < 3; ticks += 1) world.tick(['done']);
}

function back(world: World, user: string): void {
  allIsWell(world, user);
  if (!world.view().actions.some((one) => one.action === 'migration:rollback')) return;
  const answer = press(world, 'migration:rollback', user);
  expect(answer?.accepted, `rollback was offered: ${answer?.text ?? ''}`).toBe(true);
  for (let ticks = 0; ticks < 2; ticks += 1) world.tick(['done']);
}

function onwards(world: World, user: string): void {
  allIsWell(world, user);
  if (world.view().actions.some((one) => one.action === 'migration:ask_again')) {
    const answer = press(world, 'migration:ask_again', user);
    expect(answer?.accepted, `asking again was offered: ${answer?.text ?? ''}`).toBe(true);
  }
  pressOffered(world, user);
  const open = world.view().gates.find((gate) => gate.open);
  if (!open) return;
  // Ana is the one who does not wait for others.
  const alone = world.view().actions.some((one) => one.action === 'migration:break_glass');
  if (user === ANA && alone && press(world, 'migration:break_glass', user)?.accepted) return;
  press(world, `gate:${open.gate}`, user);
}

const set = fc.record({
  shards: fc.integer({ min: 1, max: 3 }),
  yesWipe: fc.boolean(),
  keys: fc.array(fc.constantFrom(0, 0, 0, 7), { minLength: 3, maxLength: 3 }),
  needed: fc.constantFrom(1, 1, 2),
  selfApproval: fc.boolean(),
  tuneSyncs: fc.boolean(),
  readOnly: fc.constantFrom('yes', 'yes', 'no'),
  canary: fc.constantFrom(null, { shard: 0, soakMs: 0 }, { shard: 1, soakMs: 3_000 }, { shard: 0, soakMs: 30_000 }),
});

it('whatever servers, people and crashes do', { timeout: 120_000 }, () => {
  const reached = new Map<Phase, number>();
  const happened = new Set<string>();
  fc.assert(
    fc.property(set, fc.array(step, { minLength: 10, maxLength: 45 }), (one, steps) => {
      const approvals = { continue: one.needed, switch: one.needed, finish: one.needed };
      const policy = { ...POLICY, approvals, selfApproval: one.selfApproval, tuneSyncs: one.tuneSyncs };
      const canary = one.canary !== null && one.canary.shard < one.shards && one.shards > 1 ? one.canary : null;
      const plan = aPlan(one.shards, { yesWipe: one.yesWipe, ...(canary === null ? {} : { canary }) });
      const world = new World(plan, policy, one.keys, one.readOnly);
      world.check();
      for (const next of steps) {
        take(world, next);
        world.check();
      }
      world.crash();
      reached.set(world.state.phase, (reached.get(world.state.phase) ?? 0) + 1);
      for (const { event } of world.journal.rows)
        happened.add(event.kind === 'intent' ? event.effect.kind : event.kind);
    }),
    { numRuns: 600 },
  );
  // A model that never gets anywhere proves nothing.
  for (const phase of ['planned', 'syncing', 'switched', 'finished', 'aborted', 'rolled_back'] as const) {
    expect(reached.get(phase) ?? 0, `runs that ended in ${phase}`).toBeGreaterThan(0);
  }
  const kinds = [
    'park',
    'held',
    'released',
    'resume_asked',
    'sync_alarm',
    'sync_alarm_over',
    'tuned',
    'override_asked',
    'approval_needed',
    'gate_denied',
    'asked_again',
    'glass_broken',
  ];
  for (const kind of [...kinds, 'follow_back', 'way_back', 'rollback_asked', 'soak'])
    expect([...happened], kind).toContain(kind);
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

it('when nothing goes wrong behind a canary, the others follow it, and all can be rolled back', () => {
  for (const wayOut of ['finished', 'rolled_back'] as const) {
    const world = new World(aPlan(3, { canary: { shard: 2, soakMs: 10_000 } }), POLICY, [0, 0, 0]);
    while (!world.state.shards[2]?.promoted) onwards(world, BEN);
    expect(world.state.shards.map((one) => one.promoted)).toEqual([false, false, true]);
    if (wayOut === 'rolled_back') back(world, BEN);
    for (let steps = 0; steps < 8; steps += 1) onwards(world, BEN);
    expect(world.state.phase).toBe(wayOut);
    expect(world.state.ledger.every((entry) => entry.closed)).toBe(true);
  }
});
