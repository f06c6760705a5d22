import { describe, expect, it } from 'vitest';
import type { PairLook, ServerLook } from '../../src/domain/observation.ts';
import { rates } from '../../src/domain/rates.ts';
import type { ShardRecord } from '../../src/domain/state.ts';
import { beforeOf, followingPair, freshPair, replication, seen, shardRecord, unseen } from './support/build.ts';
import { JUST_SENT, PLAN, SENT, verdict } from './support/judged.ts';

describe('a sync through a file', () => {
  const { host, port } = PLAN.source;
  const destination = (more: Parameters<typeof replication>[0], loading: { percent: number } | null = null) =>
    seen({ role: 'replica', loading, replication: replication({ master: { host, port }, syncing: true, ...more }) });
  const saving = (keysSaved: number) => seen({ snapshot: { keysSaved, keysTotal: 1_000 } });

  it('the percentage goes up through snapshot, transfer and loading', () => {
    const percents = [
      verdict({ source: saving(0), destination: destination({ syncReadBytes: 0 }) }),
      verdict({ source: saving(900), destination: destination({ syncReadBytes: 0 }) }),
      verdict({ source: seen(), destination: destination({ syncReadBytes: 0, syncTotalBytes: 500 }) }),
      verdict({ source: seen(), destination: destination({ syncReadBytes: 500, syncTotalBytes: 500 }) }),
      verdict({ source: seen(), destination: destination({}, { percent: 0 }) }),
      verdict({ source: seen(), destination: destination({}, { percent: 100 }) }),
    ];
    expect(percents.map((one) => one.state)).toEqual([
      'snapshot',
      'snapshot',
      'transfer',
      'transfer',
      'loading',
      'loading',
    ]);
    expect(percents.map((one) => one.percent)).toEqual([0, 36, 40, 80, 80, 98]);
  });

  it('tells speed and time left from two looks', () => {
    const source = seen();
    const earlier = { source, destination: { ...destination({ syncReadBytes: 100, syncTotalBytes: 500 }), at: 1_000 } };
    const now = { source, destination: { ...destination({ syncReadBytes: 300, syncTotalBytes: 500 }), at: 3_000 } };
    expect(verdict(now, { earlier })).toMatchObject({ state: 'transfer', bytesPerSecond: 100, etaSeconds: 2 });
    const more = { source, destination: { ...destination({ syncReadBytes: 600, syncTotalBytes: 500 }), at: 3_000 } };
    expect(verdict(more, { earlier })).toMatchObject({ percent: 80, etaSeconds: 0 });
  });
});

describe('while streaming', () => {
  it('is in step up to MAX_LAG_BYTES and catching up above it, with the figures in the reason', () => {
    expect(verdict(followingPair(PLAN, 1_048_576))).toMatchObject({
      state: 'in_step',
      percent: 100,
      lagBytes: 1_048_576,
      etaSeconds: 0,
    });
    expect(verdict(followingPair(PLAN, 1_048_577))).toMatchObject({
      state: 'catching_up',
      percent: 99,
      lagBytes: 1_048_577,
      reason: 'new-1:6379 is 1048577 bytes behind, more than 1048576.',
    });
  });

  it('tells when it will be there only if it gains', () => {
    const at = (source: bigint, destination: bigint, ms: number): PairLook => ({
      source: { ...seen({ replication: replication({ masterOffset: source }) }), at: ms },
      destination: {
        ...seen({
          role: 'replica',
          replication: replication({ master: PLAN.source, linkUp: true, replicaOffset: destination }),
        }),
        at: ms,
      },
    });
    const gains = verdict(at(11_000_000n, 6_000_000n, 2_000), { earlier: at(10_000_000n, 4_000_000n, 1_000) });
    expect(gains).toMatchObject({ state: 'catching_up', bytesPerSecond: 2_000_000, etaSeconds: 5 });
    const loses = verdict(at(14_000_000n, 6_000_000n, 2_000), { earlier: at(10_000_000n, 4_000_000n, 1_000) });
    expect(loses).toMatchObject({ state: 'catching_up', etaSeconds: null });
  });

  it('a replica that is seen ahead of its source has no lag', () => {
    expect(verdict(followingPair(PLAN, -50))).toMatchObject({ state: 'in_step', lagBytes: 0 });
  });

  it('with another history is not in step, however small the lag', () => {
    const pair = followingPair(PLAN);
    const source = seen({ replication: replication({ masterOffset: 5_000_000n, replid: 'b'.repeat(40) }) });
    const judged = verdict({ ...pair, source });
    expect(judged.state).toBe('catching_up');
    expect(judged.reason).toContain('another history');
  });

  it('without offsets is not in step', () => {
    const pair = followingPair(PLAN);
    const source = seen({ replication: replication({ masterOffset: null }) });
    expect(verdict({ ...pair, source }).state).toBe('catching_up');
  });
});

describe('trouble', () => {
  it('a server that does not answer: the shard is unreachable, with its reason', () => {
    const pair = followingPair(PLAN);
    expect(verdict({ ...pair, destination: unseen('new-1:6379 hangs.') })).toMatchObject({
      state: 'unreachable',
      reason: 'new-1:6379 hangs.',
    });
    expect(verdict({ ...pair, source: unseen('old-1:6379 hangs.') })).toMatchObject({
      state: 'unreachable',
      reason: 'old-1:6379 hangs.',
    });
  });

  it('a destination that follows another server is detached', () => {
    const destination = seen({
      role: 'replica',
      replication: replication({ master: { host: 'other', port: 1 }, linkUp: true }),
    });
    expect(verdict({ source: seen(), destination })).toMatchObject({
      state: 'detached',
      reason: 'new-1:6379 follows other:1, not old-1:6379.',
    });
  });

  it('a master’s name is compared without regard to capitals', () => {
    const pair = followingPair(PLAN);
    if (!pair.destination.ok) throw new Error('It answered.');
    const { facts } = pair.destination;
    const destination = {
      ...pair.destination,
      facts: { ...facts, replication: { ...facts.replication, master: { host: 'OLD-1', port: 6379 } } },
    };
    expect(verdict({ ...pair, destination }).state).toBe('in_step');
  });

  it('a link that is still being made is no trouble for ten seconds', () => {
    const pair = followingPair(PLAN);
    const { host, port } = PLAN.source;
    const destination = seen({ role: 'replica', replication: replication({ master: { host, port } }) });
    expect(verdict({ ...pair, destination }, { record: JUST_SENT })).toMatchObject({
      state: 'snapshot',
      percent: 0,
      reason: null,
    });
    expect(verdict({ ...pair, destination }).state).toBe('link_down');
    expect(verdict({ ...pair, destination }, { record: { ...JUST_SENT, wasInStep: true } }).state).toBe('link_down');
  });

  it('one that waits for its snapshot beside replicas on the same port, under a name that its source does not tell, is no trouble', () => {
    const pair = followingPair(PLAN);
    const { host, port } = PLAN.source;
    const destination = seen({ role: 'replica', replication: replication({ master: { host, port } }) });
    const replica = (ip: string, state: string) => ({ host: ip, port: 6379, state, offset: null });
    const source = (...replicas: ReturnType<typeof replica>[]) => seen({ replication: replication({ replicas }) });
    const waits = source(replica('10.0.0.8', 'online'), replica('10.0.0.9', 'wait_bgsave'));
    expect(verdict({ ...pair, source: waits, destination })).toMatchObject({ state: 'snapshot', reason: null });
    const others = source(replica('10.0.0.7', 'online'), replica('10.0.0.8', 'online'));
    expect(verdict({ ...pair, source: others, destination }).state).toBe('link_down');
  });

  it('an order that was refused says why', () => {
    const refused = shardRecord({
      replicate: {
        ...(SENT.replicate as NonNullable<ShardRecord['replicate']>),
        seen: false,
        outcome: 'refused',
        detail: 'new-1:6379 does not know CONFIG SET.',
      },
    });
    expect(verdict(freshPair(0), { record: refused })).toMatchObject({
      state: 'queued',
      reason: 'new-1:6379 does not know CONFIG SET.',
    });
  });
});

describe('figures of the source', () => {
  it('our own connection is not counted among the clients', () => {
    const pair = freshPair(0);
    expect(verdict({ ...pair, source: seen({ connectedClients: 5 }) }).sourceClients).toBe(4);
    expect(verdict({ ...pair, source: seen({ connectedClients: 0 }) }).sourceClients).toBe(0);
    expect(verdict({ ...pair, source: seen({ connectedClients: null }) }).sourceClients).toBeNull();
    const follows = { role: 'replica', connectedClients: 5, replication: replication({ linkUp: true }) } as const;
    expect(verdict({ ...pair, source: seen(follows) }).sourceClients).toBe(3);
  });

  it('full syncs are counted from the first order on, and for the same process only', () => {
    const pair = (fullSyncs: number, runId = 'run-old-0') => ({ ...freshPair(0), source: seen({ fullSyncs, runId }) });
    expect(verdict(pair(3), { record: { ...SENT, before: beforeOf(0, { sourceFullSyncs: 1 }) } }).fullSyncs).toBe(2);
    expect(verdict(pair(0), { record: { ...SENT, before: beforeOf(0, { sourceFullSyncs: 1 }) } }).fullSyncs).toBe(0);
    expect(
      verdict(pair(3, 'another'), { record: { ...SENT, before: beforeOf(0, { sourceFullSyncs: 1 }) } }).fullSyncs,
    ).toBeNull();
    expect(verdict(pair(3), { record: shardRecord() }).fullSyncs).toBeNull();
  });

  it('speeds need two looks at one process, and never run backwards', () => {
    const look = (writeCalls: number | null, at: number, runId = 'a') => seen({ writeCalls, runId }, at);
    const rate = (now: ServerLook, earlier: ServerLook | null) => rates(now, earlier)((facts) => facts.writeCalls);
    expect(rate(look(300, 3_000), look(100, 1_000))).toBe(100);
    expect(rate(look(300, 3_000), null)).toBeNull();
    expect(rate(look(300, 3_000), look(100, 3_000))).toBeNull();
    expect(rate(look(50, 3_000), look(100, 1_000))).toBeNull();
    expect(rate(look(300, 3_000, 'b'), look(100, 1_000))).toBeNull();
    expect(rate(look(null, 3_000), look(100, 1_000))).toBeNull();
    expect(rate(unseen('It hangs.'), look(100, 1_000))).toBeNull();
  });
});
