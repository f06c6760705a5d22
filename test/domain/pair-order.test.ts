import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressOf } from '../../src/domain/endpoint.ts';
import { destinationsOf, matchedByName, oddPairs, reordered } from '../../src/domain/pair-order.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { aPlan, endpoint } from './support/build.ts';

function plan(olds: readonly string[], news: readonly string[]): Plan {
  const shards = olds.map((old, index) => ({
    index,
    source: endpoint(old, 6379),
    destination: endpoint(news[index] ?? 'new', 6379),
  }));
  return { ...aPlan(1), shards };
}

const names = (one: Plan) => one.shards.map((shard) => `${shard.source.host} ${shard.destination.host}`);

describe('the order of the new servers', () => {
  it('changes who goes where, and nothing else', () => {
    const before = plan(['a', 'b', 'c'], ['x', 'y', 'z']);
    const after = reordered(before, ['z:6379', 'x', 'redis://y:6379']);
    if (!after.ok) throw new Error(after.problem);
    expect(names(after.plan)).toEqual(['a z', 'b x', 'c y']);
    expect({ ...after.plan, shards: [] }).toEqual({ ...before, shards: [] });
    expect(destinationsOf(after.plan)).toEqual(['z:6379', 'x:6379', 'y:6379']);
  });

  it('takes what is known of a server with it, its password above all', () => {
    const before = plan(['a', 'b'], ['x', 'y']);
    const secret = { kind: 'env', name: 'ORDERS' } as const;
    const shards = before.shards.map((one) => ({
      ...one,
      destination: { ...one.destination, tls: true, password: secret },
    }));
    const after = reordered({ ...before, shards }, ['y', 'x']);
    expect(after).toMatchObject({
      plan: { shards: [{ destination: { host: 'y', tls: true, password: secret } }, {}] },
    });
  });

  it.each<[string[], RegExp]>([
    [['x', 'y'], /^Missing: z:6379\./],
    [['x', 'y', 'z', 'w'], /^Not among the new servers: w:6379\./],
    [['x', 'y', 'z', 'x'], /^There twice: x:6379\./],
    [['x', 'x', 'w'], /Not among .* There twice: .* Missing: y:6379 and z:6379\./],
    [[], /^Missing: x:6379, y:6379 and z:6379\. Here they only change places; go back/],
    [['x', 'redis://u:secret@y:nonsense', 'z'], /^y:…: the port must be/],
  ])('%j is refused', (typed, why) => {
    const after = reordered(plan(['a', 'b', 'c'], ['x', 'y', 'z']), typed);
    if (after.ok) throw new Error('It was taken.');
    expect(after.problem).toMatch(why);
    expect(after.problem).not.toContain('secret');
  });

  it('by name: numbers count as numbers, and the old servers stay where they are', () => {
    const before = plan(['old-10', 'old-2', 'old-1'], ['new-1', 'new-10', 'new-2']);
    expect(names(matchedByName(before))).toEqual(['old-10 new-10', 'old-2 new-2', 'old-1 new-1']);
  });

  it('whatever the order, every server is still there once', () => {
    const servers = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(servers, (hosts) => {
        const before = plan(hosts.toReversed(), hosts);
        const after = matchedByName(before);
        expect(destinationsOf(after).toSorted()).toEqual(destinationsOf(before).toSorted());
        expect(after.shards.map((one) => addressOf(one.source))).toEqual(
          before.shards.map((one) => addressOf(one.source)),
        );
        expect(reordered(before, destinationsOf(after))).toEqual({ ok: true, plan: after });
      }),
    );
  });
});

describe('numbers in names', () => {
  it('that are swapped are told', () => {
    expect(oddPairs(plan(['old-1', 'old-2', 'old-3'], ['new-1', 'new-3', 'new-2']))).toEqual([1, 2]);
    expect(oddPairs(plan(['r1.eu.example', 'r2.eu.example'], ['n02.us.example', 'n01.us.example']))).toEqual([0, 1]);
  });

  it('that tell nothing are left alone', () => {
    expect(oddPairs(plan(['old-1', 'old-2'], ['new-1', 'new-2']))).toEqual([]);
    expect(oddPairs(plan(['old-1', 'old-2'], ['new-7', 'new-8']))).toEqual([]);
    expect(oddPairs(plan(['10.0.0.1', '10.0.0.2'], ['10.0.0.2', '10.0.0.1']))).toEqual([]);
    expect(oddPairs(plan(['old', 'old-2'], ['new-2', 'new']))).toEqual([]);
  });
});
