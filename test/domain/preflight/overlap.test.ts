/** What is told of an overlap before it starts. */
import { describe, expect, it } from 'vitest';
import type { ServerFacts } from '../../../src/domain/observation.ts';
import { judgePreflight } from '../../../src/domain/preflight/judge.ts';
import { aPlan, freshPair, probe, replication, seen } from '../support/build.ts';

describe('preflight of an overlap', () => {
  function found(source: Partial<ServerFacts>, destination: Partial<ServerFacts> = {}) {
    const plan = aPlan(1, { cutover: 'overlap' });
    const fresh = freshPair(0);
    if (!fresh.source.ok || !fresh.destination.ok) throw new Error('Both were seen.');
    const pair = {
      source: seen({ ...fresh.source.facts, ...source }),
      destination: seen({ ...fresh.destination.facts, ...destination }),
      sourceProbe: probe(),
      destinationProbe: probe(),
      trial: { kind: 'reached' as const },
      left: null,
    };
    const { findings } = judgePreflight(plan, [pair], new Map());
    return findings.map((one) => `${one.level} ${one.code}`).filter((one) => !one.endsWith('source_too_old'));
  }

  it('finds nothing to say of two servers that can do it, without keys that expire', () => {
    expect(found({})).toEqual([]);
  });

  it('warns of keys that expire, and of what older versions cannot keep', () => {
    expect(found({ expiringKeys: 5 })).toEqual(['warning overlap_keys_expire']);
    expect(found({ version: '6.0.16' })).toEqual(['warning overlap_guard_may_leak']);
    expect(found({ version: '5.0.14' })).toEqual(['warning overlap_link_not_healed']);
    expect(found({ version: '2.6.17' }, { version: '5.0.14' })).toContain('error overlap_without_offsets');
  });

  it('refuses a destination with replicas of its own: they would never get what is written there', () => {
    const replicas = [{ host: 'third', port: 6379, state: 'online', offset: 0n }];
    expect(found({}, { replication: replication({ replicas, replid: 'd'.repeat(40) }) })).toContain(
      'error destination_has_replicas',
    );
  });
});
