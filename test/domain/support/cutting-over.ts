/** A cut-over of the made-up world, over or back: the rows that the engine would write, and what becomes of the servers. */
import { expect } from 'vitest';
import { groupOf } from '../../../src/domain/canary.ts';
import type { Event } from '../../../src/domain/event.ts';
import { endOf, letGoRows } from '../../../src/engine/cutover/end.ts';
import type { Luck } from './acting.ts';
import { fence, type Pair, takeBack, turn, writable } from './pair.ts';
import type { World } from './world.ts';

export function cutOver(world: World, luck: Luck): void {
  const { journal } = world;
  const { cutover } = world.state;
  const [way, group] = cutover ? ([cutover.way, cutover.shards] as const) : groupOf(world.state);
  expect(group.length, 'a cut-over of nothing').toBeGreaterThan(0);
  const frozen = group.map((shard) => {
    const pair = world.pair(shard);
    const replid =
      way === 'over' ? `history-of-old-${shard}-${pair.sourceLife}` : `history-of-new-${shard}-${pair.destinationLife}`;
    return { shard, replid, offset: String(pair.offset) };
  });
  if (cutover === null) {
    const attempt = world.state.cutoverAttempts + 1;
    journal.append({ kind: 'cutover_started', attempt, way, shards: group, stops: group.map(() => 'pause' as const) });
    journal.append({ kind: 'cutover_step', step: 'pause', frozen: [], reason: '' });
    if (luck === 'crash') return world.crash();
  }
  const forward = cutover?.step === 'promote';
  const ready = group.every((shard) => isReady(world.pair(shard), way));
  if (!forward && (luck !== 'done' || !ready)) {
    for (const row of letGoRows(world.state, 'a shard was late.')) journal.append(row);
    return;
  }
  if (!forward) {
    journal.append({ kind: 'cutover_step', step: 'fence', frozen, reason: '' });
    journal.append({ kind: 'cutover_step', step: 'promote', frozen, reason: '' });
  }
  for (const shard of group) move(world.pair(shard), way);
  if (luck === 'lost') return world.crash();
  for (const shard of group) {
    journal.append({ kind: 'promoted', shard, pauseMs: 7, detail: 'the server is the master.' });
  }
  const end: Event[] = [{ kind: 'cutover_step', step: 'unpause', frozen: [], reason: '' }];
  for (const event of end) journal.append(event);
  for (const event of endOf(world.state)) journal.append(event);
}

/** What the proof would find: the server that takes the writes follows the one that has them. */
function isReady(pair: Pair, way: 'over' | 'back'): boolean {
  if (!pair.sourceUp || !pair.destinationUp) return false;
  return way === 'over'
    ? pair.doing === 'streaming' && !pair.sourceFenced && !pair.backing
    : pair.doing === 'master' && pair.backing;
}

/** Fence first: at no moment are both writable. */
function move(pair: Pair, way: 'over' | 'back'): void {
  if (way === 'over') {
    fence(pair, true);
    turn(pair, 'master');
  } else {
    turn(pair, 'aside');
    takeBack(pair);
  }
  expect(writable(pair)).toEqual(way === 'over' ? ['destination'] : ['source']);
}
