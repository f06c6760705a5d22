/** Shutting down the old servers after the end: who may ask, which servers may be, and what is told of them. */
import { describe, expect, it } from 'vitest';
import { axeRefusal, axeView, isAxing, leftText } from '../../src/domain/axe.ts';
import { decide } from '../../src/domain/decide.ts';
import type { Event } from '../../src/domain/event.ts';
import { foldJournal } from '../../src/domain/migration.ts';
import type { ClientFacts, ServerLook } from '../../src/domain/observation.ts';
import { fenceAddress } from '../../src/domain/plan.ts';
import {
  aPlan,
  BEN,
  endpoint,
  enter,
  POLICY,
  replication,
  sightOf,
  stateOf,
  switchedPair,
  toSwitched,
  unseen,
} from './support/build.ts';
import { Desk, NO } from './support/desk.ts';

const TYPED = { typedName: 'orders' };
const gone = (shard: number): Event => ({ kind: 'axed', shard, gone: true, text: 'It is shut down.' });
const left = (shard: number): Event => ({ kind: 'axed', shard, gone: false, text: 'It was left.' });

function finished(...more: Event[]): Desk {
  const plan = aPlan(2);
  const desk = new Desk(plan, [...toSwitched(plan), enter('finishing'), enter('finished'), ...more]);
  desk.sight = sightOf(
    desk.state,
    plan.shards.map(({ index }) => switchedPair(plan, index)),
  );
  return desk;
}

function button(desk: Desk) {
  return desk.action('migration:axe');
}

describe('the button', () => {
  it('is there when it is finished, and names the servers', () => {
    expect(button(finished())).toMatchObject({
      ask: 'form',
      consequence: expect.stringContaining('SHUTDOWN is sent to 2 old servers: old-1:6379 and old-2:6379.'),
    });
    const plan = aPlan(1);
    for (const phase of [[], [enter('finishing')]]) {
      const desk = new Desk(plan, [...toSwitched(plan), ...phase]);
      expect(button(desk)).toBeUndefined();
      expect(desk.click('migration:axe', BEN, TYPED)).toMatchObject({ accepted: false });
    }
  });

  it('is for those that are not gone, and is not there when all are, or while they are being shut down', () => {
    expect(button(finished(gone(0)))?.consequence).toContain('SHUTDOWN is sent to 1 old server: old-2:6379.');
    expect(button(finished(gone(0), gone(1)))).toBeUndefined();
    const away = finished();
    const [first] = away.sight.shards ?? [];
    if (!first) throw new Error('There are two shards.');
    const look = { ...first.look, source: unseen('old-1:6379 has not answered for 9 s.') };
    away.sight = sightOf(away.state, [look, switchedPair(away.state.plan, 1)]);
    expect(button(away)?.consequence).toContain('SHUTDOWN is sent to 1 old server: old-2:6379.');
    // A bot that has just started has looked at nobody: the look before the order tells.
    away.sight = { ...away.sight, shards: null };
    expect(button(away)?.consequence).toContain('2 old servers');
    expect(button(finished({ kind: 'axe_asked', user: BEN, click: 0 }))).toBeUndefined();
  });
});

describe('a click', () => {
  it('by an approver who typed the name begins it, once', () => {
    const desk = finished();
    expect(desk.click('migration:axe', BEN, TYPED)).toMatchObject({ accepted: true });
    expect(isAxing(desk.state)).toBe(true);
    expect(desk.state.phase).toBe('finished');
    expect(desk.click('migration:axe', BEN, TYPED).text).toContain('being shut down already');
    expect(foldJournal(desk.journal.rows)).toEqual(desk.state);
  });

  it('asks once more for those that were left, and only for them', () => {
    const desk = finished({ kind: 'axe_asked', user: BEN, click: 0 }, gone(0), left(1));
    expect(isAxing(desk.state)).toBe(false);
    expect(desk.click('migration:axe', BEN, TYPED)).toMatchObject({ accepted: true });
    expect(desk.state.shards.map((one) => one.axed?.gone)).toEqual([true, undefined]);
    desk.journal.append(gone(1));
    expect(desk.click('migration:axe', BEN, TYPED).text).toContain('No old server is left');
  });

  it.each([
    [{}, 'the name of the migration'],
    [{ typedName: 'Orders' }, 'the name of the migration'],
    [{ ...TYPED, rights: { request: { ok: true }, approve: NO } as const }, NO.why],
    [{ ...TYPED, entry: 3 }, 'earlier state'],
    [{ ...TYPED, waitsMs: 3_700_000 }, 'the bot was away'],
  ])('is refused with %j', (more, why) => {
    const desk = finished();
    expect(desk.click('migration:axe', BEN, more)).toMatchObject({
      accepted: false,
      text: expect.stringContaining(why),
    });
    expect(isAxing(desk.state)).toBe(false);
  });
});

describe('an old server', () => {
  const plan = aPlan(1);
  const state = stateOf(plan, toSwitched(plan));
  const [shard] = plan.shards;
  if (!shard) throw new Error('The plan has a shard.');
  const client = { address: '10.0.0.7:5000' } as ClientFacts;

  const refusal = (facts: object, clients: readonly ClientFacts[] | null = [], taken = new Map<string, string>()) => {
    const look = switchedPair(plan, 0).source;
    if (!look.ok) throw new Error('It answers.');
    const fenced = replication({ master: fenceAddress(plan.id), readOnly: true });
    return axeRefusal(
      state,
      shard,
      { ...look, clients, facts: { ...look.facts, replication: fenced, ...facts } },
      taken,
    );
  };
  const follows = (more: object) => ({
    replication: replication({ master: fenceAddress(plan.id), readOnly: true, ...more }),
  });

  it('may go when it stands as it was left and nobody is connected', () => {
    expect(refusal({})).toBeNull();
  });

  it.each<[string, object, (readonly ClientFacts[] | null)?]>([
    ['another process', { runId: 'another' }],
    ['another process', { runId: null }],
    ['is a master', { role: 'master', replication: replication() }],
    ['follows new-1:6379: it is not behind the fence', follows({ master: endpoint('new-1') })],
    ['takes writes', follows({ readOnly: false })],
    ['takes writes', follows({ readOnly: null })],
    ['1 replica follow', follows({ replicas: [{ host: 'a', port: 1, state: 'online', offset: null }] })],
    ['does not tell who is connected', {}, null],
    ['One client is connected to old-1:6379: 10.0.0.7:5000.', {}, [client]],
    [
      '5 clients are connected to old-1:6379: 10.0.0.7:5000, 10.0.0.7:5000, 10.0.0.7:5000 and 2 more.',
      {},
      Array.from({ length: 5 }, () => client),
    ],
  ])('is left: %s', (why, facts, clients) => {
    expect(refusal(facts, clients)).toContain(why);
  });

  it('is left when it belongs to another migration by now, or does not answer', () => {
    expect(refusal({}, [], new Map([['run-old-0', 'm-0000']]))).toContain('a server of migration m-0000');
    const away: ServerLook = unseen('old-1:6379 hangs.');
    expect(axeRefusal(state, shard, away, new Map())).toBe('old-1:6379 hangs.');
  });

  it('is told with the line that a person can run, without a secret', () => {
    const more = { tls: true, user: 'migrator', password: { kind: 'env', name: 'ORDERS_OLD' } } as const;
    expect(leftText({ ...endpoint('old-1'), ...more }, 'It hangs.')).toBe(
      'It hangs. It is left as it is. To shut it down by hand: `redis-cli -h old-1 -p 6379 --tls --user migrator --askpass SHUTDOWN`.',
    );
    expect(leftText(endpoint('old-1'), 'It hangs.')).toContain('`redis-cli -h old-1 -p 6379 SHUTDOWN`');
  });
});

describe('what is shown', () => {
  it('is nothing before anybody asks, then how far it is, then what was left', () => {
    expect(axeView(finished().state)).toBeNull();
    const asked: Event = { kind: 'axe_asked', user: BEN, click: 0 };
    expect(axeView(finished(asked, gone(0)).state)).toEqual({
      running: true,
      lines: [`The old servers are being shut down, as <@${BEN}> asked: 1 of 2 old servers done.`],
    });
    expect(axeView(finished(asked, gone(0), left(1)).state)).toEqual({
      running: false,
      lines: ['1 of 2 old servers is shut down.', 'Shard 2: It was left.'],
    });
  });

  it('a server that was shut down before the end is told at the end', () => {
    const plan = aPlan(2);
    const state = stateOf(plan, [...toSwitched(plan), enter('finishing')]);
    const off = { ...switchedPair(plan, 0), source: unseen('old-1:6379 refuses connections.', 'refused') };
    const { rows, enter: next } = decide(state, sightOf(state, [off, switchedPair(plan, 1)]), POLICY);
    expect(next?.phase).toBe('finished');
    expect(rows).toContainEqual({
      kind: 'axed',
      shard: 0,
      gone: true,
      text: expect.stringContaining('it is shut down.'),
    });
    expect(rows.filter((one) => one.kind === 'axed')).toHaveLength(1);
  });
});
