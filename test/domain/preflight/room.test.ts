/** Memory, eviction, disk: what shows only when it is too late. */
import { describe, expect, it } from 'vitest';
import { judgePreflight } from '../../../src/domain/preflight/judge.ts';
import { aPlan, endpoint } from '../support/build.ts';
import { codes, findings, proper, sightOf } from './support.ts';

const GIB = 1024 ** 3;

describe('eviction', () => {
  const limited = (maxmemoryPolicy: string, maxmemoryBytes = GIB) => ({ facts: { maxmemoryPolicy, maxmemoryBytes } });

  it('by another policy is a warning, where there is a limit', () => {
    const [found] = findings(limited('allkeys-lru'), limited('noeviction'));
    expect(found).toMatchObject({ level: 'warning', code: 'eviction_differs' });
    expect(found?.text).toMatch(/allkeys-lru \(limit 1\.0 GiB\).*noeviction/);
    expect(found?.fix).toMatch(/CONFIG SET maxmemory-policy allkeys-lru on new-1:6379/);
    expect(findings(limited('allkeys-lru', 0), limited('noeviction', 0))).toEqual([]);
    expect(findings(limited('volatile-lru'), limited('volatile-lru'))).toEqual([]);
  });

  it('is read from the settings where INFO does not tell it', () => {
    const settings = { maxmemory: String(GIB), 'maxmemory-policy': 'volatile-lru' };
    const old = { facts: { version: '2.8.24', maxmemoryBytes: null, maxmemoryPolicy: null }, settings };
    const fresh = { facts: { version: '3.2.13', ...limited('noeviction').facts } };
    expect(codes(findings(old, fresh))).toEqual(['warning eviction_differs']);
    expect(codes(findings({ ...old, settings: {} }, fresh))).toEqual([]);
    const small = { facts: { ...old.facts, version: '3.0.7' }, settings: { ...settings, maxmemory: '1000' } };
    expect(codes(findings(old, small))).toContain('error too_little_memory');
  });

  it('of a destination while it follows is a warning below 5.0, and later where it is told to', () => {
    const four = { facts: { version: '4.0.14', ...limited('allkeys-lru').facts } };
    expect(codes(findings(four, four))).toEqual(['warning destination_evicts']);
    const seven = limited('allkeys-lru');
    expect(findings(seven, seven)).toEqual([]);
    expect(codes(findings(seven, { ...seven, settings: { 'replica-ignore-maxmemory': 'no' } }))).toEqual([
      'warning destination_evicts',
    ]);
  });
});

describe('the limit of the destination', () => {
  const cache = (maxmemoryBytes: number, usedMemoryBytes = GIB + 144) => ({
    facts: { maxmemoryBytes, usedMemoryBytes, rssBytes: GIB, maxmemoryPolicy: 'allkeys-lru' },
  });

  it('may be that of a full cache, which uses a little more than its own at times', () => {
    expect(findings(cache(GIB), cache(GIB))).toEqual([]);
    expect(codes(findings(cache(GIB), cache(GIB - 1)))).toEqual(['error too_little_memory']);
    expect(codes(findings(cache(0), cache(GIB)))).toEqual(['error too_little_memory']);
    expect(findings(cache(2 * GIB), cache(GIB + 144))).toEqual([]);
  });
});

describe('the machine of the destination', () => {
  const uses = (usedMemoryBytes: number) => ({
    facts: { usedMemoryBytes, rssBytes: usedMemoryBytes, systemMemoryBytes: 64 * GIB },
  });
  const has = (systemMemoryBytes: number | null) => ({ facts: { systemMemoryBytes } });

  it.each([
    [8, 6, []],
    [8, 7, ['warning machine_too_small']],
    [8, 9, ['error machine_too_small']],
  ])('of %i GiB for a source of %i GiB', (memory, used, expected) => {
    expect(codes(findings(uses(used * GIB), has(memory * GIB)))).toEqual(expected);
  });

  it('holds all the new servers that are put on it', () => {
    const plan = aPlan(3);
    const shards = plan.shards.map((one) => ({ ...one, destination: endpoint('new', 7000 + one.index) }));
    const sights = [0, 1, 2].map((shard) => sightOf(uses(3 * GIB), has(8 * GIB), shard));
    const runIds = sights.map((one, shard) => ({ ...one, source: sightOf(uses(3 * GIB), {}, shard).source }));
    const found = proper(judgePreflight({ ...plan, shards }, runIds, new Map()).findings);
    expect(found).toMatchObject([{ level: 'error', shard: null, code: 'machine_too_small' }]);
    expect(found[0]?.text).toBe(
      'new has 8.0 GiB of memory, and the sources of shard 1, shard 2 and shard 3 use 9.0 GiB: that cannot be held.',
    );
  });

  it('is not judged where it is not told', () => {
    expect(findings(uses(9 * GIB), has(null))).toEqual([]);
  });
});

describe('the snapshot on the source', () => {
  it('copies what is written meanwhile: a warning with both figures', () => {
    const [found] = findings(
      {
        facts: { rssBytes: 6 * GIB, usedMemoryBytes: 5 * GIB, systemMemoryBytes: 8 * GIB },
      },
      { facts: { systemMemoryBytes: 64 * GIB } },
    );
    expect(found).toMatchObject({ level: 'warning', code: 'source_snapshot_memory' });
    expect(found?.text).toMatch(/6\.0 GiB of its machine's 8\.0 GiB.*5\.0 GiB more/);
  });

  it('that failed the last time is a warning', () => {
    const failing = { facts: { diskFails: true } };
    expect(codes(findings(failing))).toEqual(['warning source_disk']);
    expect(findings({ ...failing, settings: { 'repl-diskless-sync': 'yes' } })[0]?.text).toMatch(/diskless/);
  });
});
