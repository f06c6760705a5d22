/** Modules, functions, Sentinels, clocks, and servers that follow each other. */
import { describe, expect, it } from 'vitest';
import { judgePreflight } from '../../../src/domain/preflight/judge.ts';
import { aPlan, replication } from '../support/build.ts';
import { codes, findings, type OneSide, proper, sightOf } from './support.ts';

const modules = (...names: [string, number][]): OneSide => ({
  probe: { modules: names.map(([name, version]) => ({ name, version })) },
});

describe('modules', () => {
  it('that the destination lacks are named', () => {
    const [found] = findings(modules(['ReJSON', 20_000], ['search', 20_000], ['bf', 1]), modules(['bf', 1]));
    expect(found).toMatchObject({ level: 'error', code: 'modules_missing' });
    expect(found?.text).toContain('the modules ReJSON and search');
  });

  it('in an older version there are a warning', () => {
    const [found] = findings(modules(['bf', 20_206]), modules(['bf', 20_100]));
    expect(found).toMatchObject({ level: 'warning', code: 'modules_older' });
    expect(found?.text).toContain('bf (20100 where the source has 20206)');
    expect(findings(modules(['bf', 1]), modules(['bf', 2]))).toEqual([]);
  });

  it('that nobody tells are a warning on the side that hides them, if they could matter', () => {
    expect(findings({ probe: { modules: null } })[0]).toMatchObject({ code: 'modules_unknown', level: 'warning' });
    expect(findings({ probe: { modules: null } })[0]?.text).toMatch(/^old-1/);
    expect(findings(modules(['bf', 1]), { probe: { modules: null } })[0]?.text).toMatch(/^new-1/);
    expect(findings({}, { probe: { modules: null } })).toEqual([]);
  });
});

describe('functions', () => {
  const functions: OneSide = { probe: { functions: { libraries: 2, engines: ['LUA', 'JS'] } } };

  it('need their engine', () => {
    expect(codes(findings(functions, { probe: { engines: ['LUA'] } }))).toEqual(['error function_engines_missing']);
    expect(findings(functions, { probe: { engines: ['LUA'] } })[0]?.text).toMatch(/2 function libraries.*engine JS/);
    expect(findings(functions, { probe: { engines: ['JS', 'LUA'] } })).toEqual([]);
    expect(findings({ probe: { functions: { libraries: 0, engines: [] } } }, {})).toEqual([]);
  });

  it('are a note where the destination does not tell', () => {
    expect(codes(findings(functions, { probe: { engines: null } }))).toEqual(['note functions_unknown']);
  });
});

describe('a Sentinel', () => {
  it('on either side would undo the promotion', () => {
    const watched: OneSide = { probe: { sentinels: ['10.0.0.7', '10.0.0.8'] } };
    const found = findings(watched, { probe: { sentinels: [''] } });
    expect(codes(found)).toEqual(['error source_sentinel', 'error destination_sentinel']);
    expect(found[0]?.text).toMatch(/^Sentinel at 10\.0\.0\.7 and 10\.0\.0\.8 watches old-1:6379/);
    expect(found[1]?.text).toMatch(/^A Sentinel watches new-1:6379/);
    expect(found[0]?.fix).toMatch(/^SENTINEL REMOVE/);
  });
});

describe('clocks', () => {
  const clock = (aheadMs: number, errorMs = 1): OneSide => ({ probe: { clock: { aheadMs, errorMs } } });

  it.each([
    [0, 400, []],
    [0, 600, ['warning clock_skew']],
    [0, -600, ['warning clock_skew']],
    [0, 11_000, ['error clock_skew']],
    [11_000, 0, ['warning clock_skew']],
    [3_600_000, 3_600_200, []],
  ])('ours plus %i ms and plus %i ms', (source, destination, expected) => {
    expect(codes(findings(clock(source), clock(destination)))).toEqual(expected);
  });

  it('are told apart from a slow network', () => {
    expect(findings(clock(0, 300), clock(900, 300))).toEqual([]);
    expect(findings(clock(0), { probe: { clock: null } })).toEqual([]);
  });

  it('say which way and how far', () => {
    expect(findings(clock(0), clock(700))[0]?.text).toMatch(/new-1:6379 is 700 ms ahead .*too early/);
    expect(findings(clock(90_000), clock(0))[0]?.text).toMatch(/1 min 30 s behind .*too late/);
  });
});

describe('servers that follow each other', () => {
  const follows = (host: string) =>
    ({ role: 'replica', replication: replication({ master: { host, port: 6379 } }) }) as const;

  it('source after destination would be a ring', () => {
    expect(codes(findings({ facts: follows('new-1') }))).toEqual(['error source_not_master', 'error replication_ring']);
  });

  it('over other servers of the plan as well', () => {
    const sights = [sightOf({ facts: follows('old-2') }), sightOf({ facts: follows('NEW-1') }, {}, 1)];
    const found = proper(judgePreflight(aPlan(2), sights, new Map()).findings);
    const ring = found.find((one) => one.code === 'replication_ring');
    expect(ring).toMatchObject({ level: 'error', shard: 0 });
    expect(ring?.text).toContain('old-1:6379 follows old-2:6379, which follows new-1:6379');
    expect(found.filter((one) => one.code === 'replication_ring')).toHaveLength(1);
  });

  it('servers that follow each other elsewhere end no search', () => {
    const sights = [sightOf({ facts: follows('old-2') }), sightOf({ facts: follows('old-1') }, {}, 1)];
    expect(codes(judgePreflight(aPlan(2), sights, new Map()).findings)).toEqual([
      'error source_not_master',
      'error source_not_master',
    ]);
  });

  it('a destination that follows its source already is told so', () => {
    const [found] = findings({}, { facts: follows('old-1') });
    expect(found).toMatchObject({ code: 'destination_not_master' });
    expect(found?.text).toMatch(/replica of old-1:6379 already: the bot only counts/);
  });

  it('replicas of the source in a full sync are a note', () => {
    const replicas = ['online', 'wait_bgsave'].map((state, port) => ({ host: 'r', port, state, offset: 1n }));
    const [found] = findings({ facts: { replication: replication({ replicas }) } });
    expect(found).toMatchObject({ level: 'note', code: 'source_replicas_syncing' });
    expect(found?.text).toContain('1 replica of its own');
  });

  it.each([
    ['7.0.15', 'error destination_has_replicas'],
    ['3.2.13', 'note destination_has_replicas'],
  ])('replicas of a destination in overlap, %s', (version, code) => {
    const replicas = [{ host: 'r', port: 1, state: 'online', offset: 1n }];
    const one: OneSide = { facts: { version, replication: replication({ replicas }) } };
    expect(codes(findings({ facts: { version } }, one, { cutover: 'overlap' }))).toContain(code);
  });
});
