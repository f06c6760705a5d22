/** What keeps a shard from being in step though its offsets agree, and what people have to hear of. */
import { describe, expect, it } from 'vitest';
import type { PairLook } from '../../src/domain/observation.ts';
import { refusedSince } from '../../src/domain/verdict-streaming.ts';
import { beforeOf, followingPair, freshPair, replication, seen, shardRecord, unseen } from './support/build.ts';
import { PLAN, SENT, verdict } from './support/judged.ts';

describe('commands that the destination could not carry out', () => {
  const record = { ...SENT, before: beforeOf(0, { destinationRefusedCommands: 4 }) };
  const refusing = (refusedCommands: number | null, runId = 'run-new-0'): PairLook => {
    const pair = followingPair(PLAN);
    if (!pair.destination.ok) throw new Error('It answered.');
    return {
      ...pair,
      destination: { ...pair.destination, facts: { ...pair.destination.facts, refusedCommands, runId } },
    };
  };

  it.each<[string, PairLook, number]>([
    ['none since replication was set up', refusing(4), 0],
    ['two since then', refusing(6), 2],
    ['fewer than then: somebody reset the counter', refusing(1), 0],
    ['a server that does not tell', refusing(null), 0],
    ['another process, which counts from nothing', refusing(3, 'another'), 3],
    ['a server that does not answer', { ...refusing(9), destination: unseen('It hangs.') }, 0],
  ])('%s', (_, pair, count) => {
    expect(refusedSince(record, pair.destination)).toBe(count);
  });

  it('before replication was set up are none of ours; a base that was unknown counts as none', () => {
    expect(refusedSince(shardRecord(), refusing(9).destination)).toBe(0);
    const unknown = { ...SENT, before: beforeOf(0, { destinationRefusedCommands: null }) };
    expect(refusedSince(unknown, refusing(2).destination)).toBe(2);
  });

  it('keep a shard from being in step though the offsets agree, and are trouble', () => {
    expect(verdict(refusing(4), { record })).toMatchObject({ state: 'in_step', alarm: false });
    const judged = verdict(refusing(5), { record });
    expect(judged).toMatchObject({ state: 'catching_up', percent: 99, alarm: true });
    expect(judged.reason).toMatch(/^new-1:6379 could not carry out 1 command of its source, so the copies differ/);
  });
});

describe('a server whose role somebody changed', () => {
  const demoted = (master: { host: string; port: number } | null): PairLook => ({
    ...followingPair(PLAN),
    source: seen({ runId: 'run-old-0', role: 'replica', replication: replication({ master }) }),
  });

  it('a source that is not a master any more is trouble, whatever the offsets say', () => {
    expect(verdict(demoted({ host: 'other', port: 7 }))).toMatchObject({
      state: 'link_down',
      reason: 'old-1:6379 is not a master any more: it follows other:7.',
      alarm: true,
      sourceWritesPerSecond: 0,
    });
    expect(verdict(demoted(null), { phase: 'streaming' }).reason).toContain('it follows another server.');
    // In a cut-over it follows our own closed port.
    expect(verdict(demoted({ host: '127.64.0.1', port: 1 }), { phase: 'switching' }).state).toBe('in_step');
  });

  it('a destination that was promoted and follows again is trouble: what was written to it may be gone', () => {
    const promoted = { ...SENT, promoted: true };
    for (const phase of ['switching', 'switched', 'finishing'] as const) {
      expect(verdict(followingPair(PLAN), { record: promoted, phase })).toMatchObject({
        state: 'detached',
        reason:
          'new-1:6379 was the new master and follows old-1:6379 now: somebody changed it. What was written to it may be gone.',
        alarm: true,
      });
    }
  });

  it('alarms for what people have to look at, not for a stage on the way', () => {
    expect(verdict(followingPair(PLAN, 2_000_000))).toMatchObject({ state: 'catching_up', alarm: false });
    expect(verdict({ ...followingPair(PLAN), source: unseen('old-1:6379 hangs.') }).alarm).toBe(true);
    expect(verdict(freshPair(0))).toMatchObject({ state: 'detached', alarm: true });
    expect(verdict(freshPair(0), { record: shardRecord() })).toMatchObject({ state: 'queued', alarm: false });
  });
});
