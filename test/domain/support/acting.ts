/** Carries out one effect in the made-up world as the engine does: journal first, each command sent once, with some luck. */
import type { Effect, Tune } from '../../../src/domain/event.ts';
import { tuning } from '../../../src/domain/tuning.ts';
import { facts } from './build.ts';
import { fence, followBack, turn } from './pair.ts';
import type { World } from './world.ts';

/** `crash early`: between a setting's row and its command; `crash late`: between the command and its answer. */
export type Luck = 'done' | 'refused' | 'lost' | 'lost but done' | 'crash' | 'crash early' | 'crash late';

/** Thrown through the work in flight when the bot dies in the middle of it. */
class Died extends Error {}

export function carryOut(world: World, effect: Effect, luck: Luck): void {
  try {
    act(world, effect, luck);
  } catch (error) {
    if (!(error instanceof Died)) throw error;
    world.crash();
  }
}

function act(world: World, effect: Effect, luck: Luck): void {
  const { journal } = world;
  const pair = world.pair(effect.shard);
  if (effect.kind === 'set_config') throw new Error('Settings are changed by the ledger.');
  if (effect.kind === 'restore_config') return restore(world, effect, luck);
  if (effect.kind === 'tune') return tune(world, effect, luck);
  if (effect.kind === 'replicate' && luck !== 'refused') prepare(world, effect.shard, luck);
  const { seq } = journal.append({ kind: 'intent', effect });
  // A server that loads takes no order to follow or not to.
  const takes = effect.kind === 'fence' || effect.kind === 'follow_back' || pair.doing !== 'loading';
  const done = takes && (luck === 'done' || luck === 'lost but done');
  if (done && effect.kind === 'replicate') {
    turn(pair, 'handshake');
    pair.fullSyncs += 1;
  }
  if (done && effect.kind === 'park') turn(pair, 'aside');
  if (done && effect.kind === 'detach') turn(pair, 'master');
  if (done && effect.kind === 'fence') {
    if (effect.side === 'destination') turn(pair, 'aside');
    else fence(pair, effect.up);
  }
  if (done && effect.kind === 'follow_back') followBack(pair, !pair.meddled);
  if (luck.startsWith('crash')) throw new Died();
  const outcome = luck === 'refused' || !takes ? 'refused' : luck === 'done' ? 'ok' : 'unknown';
  journal.append({ kind: 'answered', intent: seq, outcome, detail: 'the server answered.' });
}

function tune(world: World, { shard, changes }: Extract<Effect, { kind: 'tune' }>, luck: Luck): void {
  for (const change of changes) set(world, shard, change, luck);
  const before = world.state.shards[shard]?.before?.sourceFullSyncs ?? 0;
  const fullSyncs = Math.max(0, world.pair(shard).fullSyncs - before);
  world.journal.append({ kind: 'tuned', shard, fullSyncs, text: 'It is set.' });
}

function prepare(world: World, shard: number, luck: Luck): void {
  set(world, shard, { side: 'destination', name: 'masterauth', value: '', why: 'to log in' }, luck);
  set(world, shard, { side: 'destination', name: 'slave-read-only', value: 'yes', why: 'a copy' }, luck);
  if (!world.policy.tuneSyncs) return;
  for (const change of needed(world, shard)) set(world, shard, change, luck);
}

/** As engine/ledger.ts: nothing when it is so already, seen when it shows. */
function set(world: World, shard: number, { side, name, value, why }: Tune, luck: Luck): void {
  const { journal } = world;
  const { settings } = world.pair(shard);
  const old = settings[side].get(name);
  if (old === undefined) throw new Error(`${name} is no setting of the ${side}.`);
  if (old === value) {
    const entry = world.state.ledger.find(
      (one) => one.shard === shard && one.side === side && one.name === name && !one.closed && !one.set,
    );
    if (entry) journal.append({ kind: 'seen', intent: entry.lastSet, detail: 'It is set.' });
    return;
  }
  const isSecret = name === 'masterauth';
  const stored = isSecret
    ? ({ kind: 'sealed', box: `box of ${old}` } as const)
    : ({ kind: 'plain', value: old } as const);
  const effect: Effect = {
    kind: 'set_config',
    shard,
    side,
    name,
    old: stored,
    value: isSecret ? null : value,
    why,
    until: 'end',
  };
  const { seq } = journal.append({ kind: 'intent', effect });
  if (luck === 'crash early') throw new Died();
  if (luck !== 'lost') settings[side].set(name, value);
  if (luck === 'crash late') throw new Died();
  journal.append({ kind: 'answered', intent: seq, outcome: luck === 'done' ? 'ok' : 'unknown', detail: 'so it said.' });
  if (settings[side].get(name) === value) journal.append({ kind: 'seen', intent: seq, detail: 'It is set.' });
}

function restore(world: World, effect: Extract<Effect, { kind: 'restore_config' }>, luck: Luck): void {
  const { journal } = world;
  const { shard, side, name } = effect;
  const { settings } = world.pair(shard);
  const entry = world.state.ledger.find((one) => one.intent === effect.ledger);
  if (!entry || entry.closed) return;
  const old = entry.old.kind === 'plain' ? entry.old.value : entry.old.box.replace('box of ', '');
  const now = settings[side].get(name);
  if (entry.set && entry.value !== null && now !== entry.value && now !== old) {
    journal.append({ kind: 'given_up', what: 'setting', ledger: entry.intent, shard, detail: 'it is theirs.' });
    return;
  }
  const { seq } = journal.append({ kind: 'intent', effect });
  if (luck === 'crash early') throw new Died();
  if (luck !== 'lost' && luck !== 'refused') settings[side].set(name, old);
  if (luck.startsWith('crash')) throw new Died();
  const outcome = luck === 'refused' ? 'refused' : luck === 'done' ? 'ok' : 'unknown';
  journal.append({ kind: 'answered', intent: seq, outcome, detail: 'so it said.' });
  if (settings[side].get(name) === old) journal.append({ kind: 'seen', intent: seq, detail: 'It has its old value.' });
}

function needed(world: World, shard: number): readonly Tune[] {
  const { settings } = world.pair(shard);
  return tuning({ source: facts(), destination: facts(), writeBytesPerSecond: 1_000_000, tookSeconds: null, settings });
}
