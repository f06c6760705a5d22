/** How an overlap is given up after its switch. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/domain/decide.ts';
import type { Event } from '../../src/domain/event.ts';
import type { Sight } from '../../src/domain/sight.ts';
import { ANA, aPlan, BEN, enter, POLICY, sightOf, stateOf, unseen } from './support/build.ts';
import { NO } from './support/desk.ts';
import { opened, openPair, toOpened, USER } from './support/open.ts';

describe('abort of an overlap', () => {
  it('is for approvers, with the name typed, and says in numbers what is given up', () => {
    const desk = opened();
    expect(desk.action('migration:abort')).toMatchObject({
      ask: 'form',
      consequence: expect.stringMatching(
        /given up.*hold 40,000 keys now, the old ones 40,000; 4 clients still connected/,
      ),
    });
    const rights = { request: { ok: true } as const, approve: NO };
    expect(desk.click('migration:abort', ANA, { typedName: 'orders', rights }).text).toBe('Only Ben may do that.');
    expect(desk.click('migration:abort', BEN).text).toContain('type the name');
    expect(desk.click('migration:abort', BEN, { typedName: 'orders' }).accepted).toBe(true);
    expect(desk.state.phase).toBe('aborting');
  });

  it('is not there while the proof runs', () => {
    const desk = opened();
    desk.journal.append(enter('finishing'));
    expect(desk.click('migration:abort', BEN, { typedName: 'orders' }).text).toContain('too late to abort');
  });

  it('lets a destination refuse writes, then follow nobody, and only then takes the guard away', () => {
    const desk = opened();
    desk.click('migration:abort', BEN, { typedName: 'orders' });
    const kinds = (sight: Sight) => decide(desk.state, sight, POLICY).effects.map((one) => one.kind);
    expect(kinds(desk.sight)).toEqual(['close_replica', 'close_replica']);
    const closed = [0, 1].map((shard) => openPair(shard, { link: { readOnly: true } }));
    expect(kinds(sightOf(desk.state, closed))).toEqual(['detach', 'detach']);
    const shards = [0, 1].map((shard) => desk.journal.append({ kind: 'intent', effect: { kind: 'detach', shard } }));
    for (const { seq } of shards) desk.journal.append({ kind: 'seen', intent: seq, detail: 'it follows nobody.' });
    const free = [0, 1].map((shard) => openPair(shard, { destination: { role: 'master' } }));
    expect(kinds(sightOf(desk.state, free))).toEqual(['guard_user', 'guard_user']);
  });

  it('waits for the guard’s users to be gone, and leaves them to a source that stays away', () => {
    const plan = aPlan(1, { cutover: 'overlap' });
    const gone: Event[] = [{ kind: 'given_up', what: 'detach', ledger: null, shard: 0, detail: 'It is left so.' }];
    const state = stateOf(plan, [...toOpened(plan), enter('aborting'), ...gone]);
    const free = openPair(0, { destination: { role: 'master' } });
    const away = { ...free, source: unseen('old-1:6379 refuses connections.', 'refused') };
    expect(decide(state, sightOf(state, [away]), POLICY)).toMatchObject({ enter: null, rows: [] });
    const late = sightOf(state, [away], { wallNow: state.phaseSince + 31_000 });
    expect(decide(state, late, POLICY).rows).toMatchObject([
      { kind: 'given_up', what: 'guard', detail: expect.stringContaining(`ACL DELUSER ${USER} on old-1:6379`) },
    ]);
  });
});
