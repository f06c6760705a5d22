/** When finish is open, and what it takes after somebody changed a server. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import {
  aPlan,
  BEN,
  EVE,
  followingPair,
  NOT_LOOKED,
  sightOf,
  switchedPair,
  toSwitched,
  unseen,
} from './support/build.ts';
import { Desk, TWO } from './support/desk.ts';

describe('a closed finish gate', () => {
  it('says for how long it was quiet, or why that cannot be claimed', () => {
    const plan = aPlan(1);
    const desk = new Desk(plan, toSwitched(plan));
    desk.sight = { ...NOT_LOOKED, quietMs: 12_000 };
    expect(desk.click('gate:finish', BEN).text).toBe(
      'The gate *finish* is closed. Watched for 10 s so far, and nobody has tried to write to an old master; it takes 30 s of quiet.',
    );
    desk.sight = { ...NOT_LOOKED, quietMs: 12_000, stirred: true };
    expect(desk.click('gate:finish', BEN).text).toBe(
      'The gate *finish* is closed. Nobody has tried to write to an old master for 10 s; it takes 30 s of quiet.',
    );
    desk.sight = { ...NOT_LOOKED, quietMs: 1_999, stirred: true };
    expect(desk.click('gate:finish', BEN).text).toBe(
      'The gate *finish* is closed. Somebody still tries to write to an old master; it takes 30 s of quiet.',
    );
    desk.sight = { ...NOT_LOOKED, quietMs: 90_000, unquiet: 'old-1:6379 has not answered for 9 s.' };
    expect(desk.click('gate:finish', BEN).text).toContain('old-1:6379 has not answered for 9 s.');
    desk.sight = { ...NOT_LOOKED, quietMs: 30_000 };
    expect(desk.click('gate:finish', BEN).accepted).toBe(true);
    expect(desk.state.phase).toBe('finishing');
  });

  it('a new server that is not seen as a master comes before all else', () => {
    const plan = aPlan(2);
    const desk = new Desk(plan, toSwitched(plan));
    const [first, second] = plan.shards;
    if (!first || !second) throw new Error('The plan has two shards.');
    const left = switchedPair(plan, 0);
    const more = { quietMs: 90_000, unquiet: 'old-1:6379 has not answered for 9 s.' };
    for (const [look, why] of [
      [
        followingPair(second),
        /Shard 2: new-2:6379 was the new master and follows old-2:6379 now: somebody changed it\./,
      ],
      [{ ...switchedPair(plan, 1), destination: unseen('new-2:6379 hangs.') }, /Shard 2: new-2:6379 hangs\.$/],
    ] as const) {
      desk.sight = sightOf(desk.state, [left, look], more);
      expect(desk.click('gate:finish', BEN).text).toMatch(why);
    }
    desk.sight = sightOf(desk.state, [left, switchedPair(plan, 1)], { quietMs: 90_000 });
    expect(desk.click('gate:finish', BEN).accepted).toBe(true);
  });
});

describe('finish after a server was changed', () => {
  const drifted = (): Desk => {
    const plan = aPlan(1);
    const text = 'new-1:6379 was restarted: it is another process than before.';
    const drift: Event = { kind: 'drift', shard: 0, side: 'destination', runId: 'another', text };
    const desk = new Desk(plan, [...toSwitched(plan), drift]);
    desk.sight = sightOf(desk.state, [switchedPair(plan, 0)], { quietMs: 60_000 });
    return desk;
  };

  it.each([undefined, '', 'order', 'ORDERS'])('is not agreed to by typing %j', (typedName) => {
    const desk = drifted();
    expect(desk.gate('finish').open).toBe(true);
    const verdict = desk.click('gate:finish', BEN, typedName === undefined ? {} : { typedName });
    expect(verdict).toMatchObject({ accepted: false });
    expect(verdict.text).toMatch(/^A server was changed since the switch: .* type the name of the migration/);
    expect(desk.state).toMatchObject({ phase: 'switched', approvals: [] });
  });

  it('is agreed to by typing the name, by each approver', () => {
    const desk = drifted();
    desk.policy = TWO;
    expect(desk.click('gate:finish', BEN, { typedName: ' orders ' }).accepted).toBe(true);
    expect(desk.click('gate:finish', EVE).accepted).toBe(false);
    expect(desk.click('gate:finish', EVE, { typedName: 'orders' }).accepted).toBe(true);
    expect(desk.state.phase).toBe('finishing');
  });
});
