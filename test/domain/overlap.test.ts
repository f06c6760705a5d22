/** An overlap: what people agree to, when finish opens, and what is told when the two sides come apart. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/domain/decide.ts';
import { fenceAddress } from '../../src/domain/plan.ts';
import { BEN, followingPair, POLICY, replication, seen, sightOf, toStreaming, unseen } from './support/build.ts';
import { Desk } from './support/desk.ts';
import { type Changes, opened, openPair, PLAN, toOpened, USER } from './support/open.ts';

describe('switch', () => {
  function streaming(): Desk {
    const desk = new Desk(PLAN, toStreaming(PLAN));
    const pairs = PLAN.shards.map((shard) => {
      const { source, destination } = followingPair(shard);
      if (!source.ok) throw new Error('It was seen.');
      return { source: seen({ ...source.facts, expiringKeys: 1_500, connectedClients: 4 }), destination };
    });
    desk.sight = sightOf(desk.state, pairs);
    return desk;
  }

  it('asks in a form that lists what can be lost, in numbers', () => {
    const { ask, consequence } = streaming().action('gate:switch') ?? {};
    expect(ask).toBe('form');
    expect(consequence).toContain('3,000 of 40,000 keys have a TTL');
    expect(consequence).toContain('6 clients with 0 writes a second on the old side now');
    expect(consequence).toContain('The only way back is to abort, which gives up everything that was written there.');
    expect((consequence ?? '').length).toBeLessThan(2_800);
  });

  it.each([undefined, '', 'order'])('is not agreed to by typing %j', (typedName) => {
    const desk = streaming();
    const verdict = desk.click('gate:switch', BEN, typedName === undefined ? {} : { typedName });
    expect(verdict).toMatchObject({ accepted: false, text: expect.stringContaining('type the name') });
    expect(desk.state.phase).toBe('streaming');
  });

  it('is agreed to by typing the name; a fenced one never asks', () => {
    const desk = streaming();
    expect(desk.click('gate:switch', BEN, { typedName: ' orders ' }).accepted).toBe(true);
    expect(desk.state.phase).toBe('switching');
  });

  it('does not stop writes, so the version of a source keeps it from nothing', () => {
    const desk = streaming();
    const shards = desk.sight.shards ?? [];
    const old = shards.map((one) => ({
      ...one,
      look: {
        ...one.look,
        source: seen({ version: '5.0.14', replication: replication({ masterOffset: 5_000_000n }) }),
      },
    }));
    desk.sight = { ...desk.sight, shards: old };
    expect(desk.gate('switch').open).toBe(true);
  });
});

describe('switched, both sides take writes', () => {
  it('finish without the quiet period says what it does there: nobody is refused yet, and no way back closes', () => {
    const desk = opened(openPair(0), { quietMs: 0, stirred: true });
    const { consequence } = desk.action('migration:override') ?? {};
    expect(consequence).toContain('whoever still writes to an old master is refused from then on');
    expect(consequence).not.toContain('way back');
  });

  it('an abort that was agreed to long ago is not begun: what it gives up has changed', () => {
    const desk = opened();
    const late = { typedName: 'orders', waitsMs: POLICY.approvalTtlMs + 1 };
    expect(desk.click('migration:abort', BEN, late)).toMatchObject({
      accepted: false,
      text: expect.stringContaining('the bot was away'),
    });
    expect(desk.click('migration:abort', BEN, { typedName: 'orders' }).accepted).toBe(true);
  });

  it('cannot be rolled back, and the answer names what can be done', () => {
    expect(opened().click('migration:rollback', BEN).text).toMatch(/^An overlap has no way back: .* it can be aborted/);
  });

  it('a destination that takes writes is in step, and finish opens after the quiet period', () => {
    const desk = opened(openPair(0), { quietMs: 29_000 });
    expect(desk.sight.shards?.map((one) => one.verdict.state)).toEqual(['in_step', 'in_step']);
    expect(desk.gate('finish')).toMatchObject({ open: false, reason: expect.stringContaining('30 s of quiet') });
    desk.sight = { ...desk.sight, quietMs: 30_000 };
    expect(desk.gate('finish').open).toBe(true);
    expect(desk.action('gate:finish')).toMatchObject({
      ask: 'confirm',
      consequence: expect.stringContaining('the new servers become masters with everything that the old ones have'),
    });
    expect(desk.click('gate:finish', BEN).accepted).toBe(true);
    expect(desk.state.phase).toBe('finishing');
  });

  it('is looked at twice before finish opens', () => {
    const desk = opened(openPair(0), { quietMs: 60_000, ticks: 1 });
    expect(desk.gate('finish')).toMatchObject({ open: false, reason: 'Shard 1 is looked at once more.' });
  });

  const waits = { replicas: [{ host: 'new-1', port: 6379, state: 'wait_bgsave', offset: null }] };
  const down = { linkUp: false, linkDownSeconds: 3 };
  const cases: readonly (readonly [string, Changes, string, RegExp])[] = [
    [
      'a restarted source',
      { source: { runId: 'new' }, link: down },
      'link_down',
      /old-1:6379 was restarted.*Decide for one/,
    ],
    [
      'a cut link',
      { link: down },
      'link_down',
      /has lost old-1:6379, and goes on where it stopped as soon as it reaches it\.$/,
    ],
    [
      'a link that stays away',
      { link: { ...down, linkDownSeconds: 40 } },
      'link_down',
      /for 40 s.*lost the user redis-mig/,
    ],
    [
      'a link cut for too long',
      { source: { replication: replication(waits) }, link: down },
      'link_down',
      /longer than the backlog/,
    ],
    [
      'a full copy',
      { link: { linkUp: false, syncing: true } },
      'link_down',
      /somebody removed the guard\. REPLICAOF NO ONE on new-1/,
    ],
    [
      'a restarted destination',
      { destination: { role: 'master', runId: 'x' } },
      'detached',
      /restarted and came back as a master/,
    ],
    [
      'a released destination',
      { destination: { role: 'master' } },
      'detached',
      /follows nobody any more, which is not our doing/,
    ],
    [
      'a destination that refuses writes',
      { link: { readOnly: true } },
      'in_step',
      /refuses writes \(replica-read-only yes\)/,
    ],
  ];
  it.each(cases)('%s closes finish, and says what can be done', (_, changes, state, text) => {
    const desk = opened(openPair(0, changes));
    expect(desk.sight.shards?.[0]?.verdict).toMatchObject({ state, alarm: true });
    expect(desk.gate('finish')).toMatchObject({ open: false, reason: expect.stringMatching(text) });
    expect(decide(desk.state, desk.sight, POLICY).waitingFor).toMatch(text);
    expect(desk.click('gate:finish', BEN, { typedName: 'orders' }).accepted).toBe(false);
  });

  it('a source that does not answer is waited for; below 6.0 a cut link is for a person to decide', () => {
    const away = opened({ ...openPair(0), source: unseen('old-1:6379 hangs.') });
    expect(away.gate('finish').reason).toMatch(/old-1:6379 hangs\. When it answers again as the same process/);
    const plain = toOpened(PLAN).filter((one) => one.kind !== 'intent' || one.effect.kind !== 'guard_user');
    const old = new Desk(PLAN, plain);
    const cut = openPair(0, { source: { version: '5.0.14' }, link: down });
    old.sight = sightOf(old.state, [cut, openPair(1)], { quietMs: 60_000 });
    expect(old.gate('finish').reason).toMatch(/Redis 5\.0\.14 has no users.*is a bet.*Decide for one/);
  });

  it('a door behind which a full copy waits is shut for good', () => {
    const desk = opened(openPair(0, { source: { replication: replication(waits) }, link: down }));
    const shut = { kind: 'guard_user', shard: 0, user: USER, up: false } as const;
    expect(decide(desk.state, desk.sight, POLICY).effects).toEqual([shut]);
    desk.journal.append({ kind: 'intent', effect: shut });
    desk.sight = sightOf(desk.state, [openPair(0, { link: down }), openPair(1)], { quietMs: 60_000 });
    expect(desk.gate('finish').reason).toMatch(/longer than the backlog of old-1:6379 lasts/);
    expect(decide(opened().state, opened().sight, POLICY).effects).toEqual([]);
  });

  it('an old master that restarts is not fenced: the application is on it still', () => {
    const desk = opened(openPair(0, { source: { runId: 'another' }, link: down }));
    for (const row of decide(desk.state, desk.sight, POLICY).rows) desk.journal.append(row);
    expect(desk.state.drifts).toMatchObject([{ shard: 0, side: 'source', runId: 'another' }]);
    expect(decide(desk.state, { ...desk.sight, wallNow: desk.sight.wallNow + 60_000 }, POLICY).effects).toEqual([]);
  });

  it('a fence of ours that came too late is taken down', () => {
    const behind = { role: 'replica' as const, replication: replication({ master: fenceAddress(PLAN.id) }) };
    const desk = opened(openPair(0, { source: behind }));
    expect(decide(desk.state, desk.sight, POLICY).effects).toContainEqual({ kind: 'fence', shard: 0, up: false });
  });

  it('commands of the old side that the new one cannot carry out are told once, and again when there are ten times more', () => {
    const desk = opened(openPair(0, { destination: { refusedCommands: 5 } }));
    expect(desk.gate('finish').open).toBe(true);
    const told = () => decide(desk.state, desk.sight, POLICY).rows.filter((row) => row.kind === 'conflict');
    expect(told()).toMatchObject([{ shard: 0, refusedCommands: 2, text: expect.stringContaining('2 commands') }]);
    for (const row of told()) desk.journal.append(row);
    expect(told()).toEqual([]);
    expect(desk.action('gate:finish')).toMatchObject({ ask: 'form' });
    expect(desk.click('gate:finish', BEN).accepted).toBe(false);
    desk.sight = sightOf(desk.state, [openPair(0, { destination: { refusedCommands: 23 } }), openPair(1)]);
    expect(told()).toMatchObject([{ refusedCommands: 20 }]);
  });

  it('a full sync that the source has begun since is told', () => {
    const desk = opened(openPair(0, { source: { fullSyncs: 2 } }));
    const rows = decide(desk.state, desk.sight, POLICY).rows.filter((row) => row.kind === 'drift');
    expect(rows).toMatchObject([
      { kind: 'drift', side: 'source', text: expect.stringContaining('has begun a full sync') },
    ]);
    for (const row of rows) desk.journal.append(row);
    expect(decide(desk.state, desk.sight, POLICY).rows.filter((row) => row.kind === 'drift')).toEqual([]);
  });
});
