import { describe, expect, it } from 'vitest';
import { PROBLEM_KINDS, type ServerFacts } from '../../src/domain/observation.ts';
import { fenceAddress, type Plan } from '../../src/domain/plan.ts';
import { judgePreflight, preflightText } from '../../src/domain/preflight/judge.ts';
import type { PreflightSight } from '../../src/domain/preflight/sight.ts';
import type { Finding, FindingLevel } from '../../src/domain/preflight.ts';
import { aPlan, freshPair, probe, replication, seen, unseen } from './support/build.ts';

type Facts = Partial<ServerFacts>;

function sight(
  source: Facts = {},
  destination: Facts = {},
  more: Partial<PreflightSight> = {},
  shard = 0,
): PreflightSight {
  return {
    source: seen({ runId: `run-old-${shard}`, keys: 20_000, ...source }),
    destination: seen({ runId: `run-new-${shard}`, ...destination }),
    sourceProbe: probe({}, { 'slave-read-only': 'yes' }),
    destinationProbe: probe({}, { databases: '16', 'min-slaves-to-write': '0' }),
    trial: null,
    left: null,
    ...more,
  };
}

function found(
  sights: readonly PreflightSight[],
  plan: Plan = aPlan(sights.length),
  taken = new Map<string, string>(),
): readonly Finding[] {
  const { findings } = judgePreflight(plan, sights, taken);
  for (const one of findings) {
    expect(one.text).toMatch(/^\S.*\.$/);
    if (one.level === 'error') expect(one.fix, `${one.code} has no fix`).toMatch(/^\S.{5,}/);
    expect(`${one.text} ${one.fix}`).not.toMatch(/undefined|NaN/);
  }
  return findings;
}

describe('findings', () => {
  it('two healthy servers have none', () => {
    expect(found([sight(), sight({}, {}, {}, 1)])).toEqual([]);
  });

  it.each<[string, PreflightSight, FindingLevel, string, RegExp, RegExp | null]>([
    [
      'a source that does not answer',
      sight({}, {}, { source: unseen('old-1:6379 hangs.') }),
      'error',
      'source_timeout',
      /^old-1:6379 hangs\.$/,
      /check again/,
    ],
    [
      'a destination that refuses connections',
      sight({}, {}, { destination: unseen('new-1:6379 refuses connections.', 'refused') }),
      'error',
      'destination_refused',
      /new-1:6379/,
      /check again/,
    ],
    [
      'a wrong password',
      sight({}, {}, { source: unseen('old-1:6379 refuses the password.', 'auth_failed') }),
      'error',
      'source_auth',
      /old-1:6379/,
      /Put old-1:6379 into the inventory/,
    ],
    [
      'a source in cluster mode',
      sight({ clusterEnabled: true }),
      'error',
      'source_cluster_mode',
      /old-1:6379 runs in cluster mode/,
      /cluster-enabled no/,
    ],
    [
      'a destination in cluster mode',
      sight({}, { clusterEnabled: true }),
      'error',
      'destination_cluster_mode',
      /new-1:6379 runs in cluster mode/,
      /cluster-enabled no/,
    ],
    [
      'a source that is a replica',
      sight({ role: 'replica', replication: replication({ master: { host: 'm', port: 7 } }) }),
      'error',
      'source_not_master',
      /old-1:6379 is a replica of m:7\./,
      /master/,
    ],
    [
      'a source fenced by an earlier migration',
      sight({ role: 'replica', replication: replication({ master: fenceAddress('m-aaaa') }) }),
      'error',
      'source_not_master',
      /fenced by an earlier migration/,
      /REPLICAOF NO ONE/,
    ],
    [
      'a destination that is a replica',
      sight({}, { role: 'replica', replication: replication({ master: { host: 'm', port: 7 } }) }),
      'error',
      'destination_not_master',
      /new-1:6379 is a replica of m:7 already/,
      /REPLICAOF NO ONE/,
    ],
    [
      'a destination fenced by a migration that was rolled back',
      sight({}, { role: 'replica', replication: replication({ master: fenceAddress('m-aaaa') }) }),
      'error',
      'destination_not_master',
      /new-1:6379 is fenced by an earlier migration: it refuses writes/,
      /REPLICAOF NO ONE/,
    ],
    [
      'a source that loads',
      sight({ loading: { percent: 3 } }),
      'error',
      'source_loading',
      /old-1:6379 is still loading/,
      /Wait/,
    ],
    [
      'a destination that loads',
      sight({}, { loading: { percent: null } }),
      'error',
      'destination_loading',
      /new-1:6379 is still loading/,
      /Wait/,
    ],
    [
      'a destination with keys',
      sight({}, { keys: 7 }),
      'error',
      'destination_not_empty',
      /^new-1:6379 holds 7 keys, which replication will wipe\.$/,
      /FLUSHALL.*--yes-wipe/,
    ],
    [
      'a destination with replicas',
      sight({}, { replication: replication({ replicas: [{ host: 'r', port: 1, state: 'online', offset: 1n }] }) }),
      'note',
      'destination_has_replicas',
      /new-1:6379 has 1 replica of its own/,
      null,
    ],
    [
      'a destination that refuses CONFIG',
      sight({}, {}, { destinationProbe: probe({ settingsProblem: 'new-1:6379 does not know CONFIG GET.' }) }),
      'error',
      'destination_no_config',
      /does not know CONFIG GET/,
      /CONFIG/,
    ],
    [
      'a source that refuses CONFIG',
      sight({}, {}, { sourceProbe: probe({ settingsProblem: 'old-1:6379 does not know CONFIG GET.' }) }),
      'error',
      'source_no_config',
      /does not know CONFIG GET/,
      /CONFIG/,
    ],
    [
      'a newer source than its destination',
      sight({ version: '7.4.1' }),
      'error',
      'newer_to_older',
      /cannot load what old-1:6379 \(Redis 7\.4\.1\) sends/,
      /Redis 7\.4\.1 or later/,
    ],
    [
      'a newer source with the same format',
      sight({ version: '8.4.0' }, { version: '7.4.1' }),
      'error',
      'newer_to_older',
      /Redis 7\.4\.1, older than old-1:6379/,
      /Redis 8\.4\.0 or later/,
    ],
    [
      'a source below 2.8 with a password',
      sight({ version: '2.6.17' }, { version: '5.0.14' }, { sourceProbe: probe({ asksPassword: true }, {}) }),
      'warning',
      'switch_unproven',
      /old-1:6379 runs Redis 2\.6\.17 and asks for a password: .* the switch is not proven/,
      /Stop the consumers/,
    ],
    [
      'a source whose fence would not hold',
      sight({}, {}, { sourceProbe: probe({}, { 'slave-read-only': 'no' }) }),
      'error',
      'source_stays_writable',
      /old-1:6379 has replica-read-only no/,
      /CONFIG SET replica-read-only yes/,
    ],
    [
      'keys in a database that the destination does not have',
      sight({ highestDatabase: 16 }),
      'error',
      'too_few_databases',
      /^old-1:6379 has keys in database 16, and new-1:6379 has only 16 databases: they would overwrite/,
      /Restart new-1:6379 with databases 17 or more\./,
    ],
    [
      'a destination that may use less memory than its source uses',
      sight({ usedMemoryBytes: 2_097_152 }, { maxmemoryBytes: 1_048_576 }),
      'error',
      'too_little_memory',
      /^new-1:6379 may use 1\.0 MiB and old-1:6379 uses 2\.0 MiB: as a replica it passes over that limit/,
      /CONFIG SET maxmemory on new-1:6379/,
    ],
    [
      'a destination that wants replicas which it does not have',
      sight({}, {}, { destinationProbe: probe({}, { 'min-slaves-to-write': '1' }) }),
      'error',
      'too_few_replicas',
      /^new-1:6379 wants 1 replica before it takes writes \(min-replicas-to-write\) and has 0/,
      /CONFIG SET min-replicas-to-write 0 on new-1:6379/,
    ],
    [
      'a destination that cannot write to its disk',
      sight({}, { diskFails: true }),
      'error',
      'destination_disk',
      /^new-1:6379 could not write to its disk .*MISCONF/,
      /BGSAVE/,
    ],
  ])('%s', (_, one, level, code, text, fix) => {
    const findings = found([one]);
    expect(findings.map((finding) => finding.code)).toEqual([code]);
    expect(findings[0]).toMatchObject({ level, shard: 0 });
    expect(findings[0]?.text).toMatch(text);
    if (fix === null) expect(findings[0]?.fix).toBeNull();
    else expect(findings[0]?.fix).toMatch(fix);
  });

  it.each<[string, PreflightSight]>([
    ['the last database there is', sight({ highestDatabase: 15 })],
    ['a number of databases that is unknown', sight({ highestDatabase: 99 }, {}, { destinationProbe: probe() })],
    [
      'a source without keys',
      sight({ highestDatabase: null }, {}, { destinationProbe: probe({}, { databases: '1' }) }),
    ],
    ['just as much memory', sight({ usedMemoryBytes: 1_048_576 }, { maxmemoryBytes: 1_048_576 })],
    ['no limit of memory', sight({ usedMemoryBytes: 5e9 }, { maxmemoryBytes: 0 })],
    ['a limit that is unknown', sight({ usedMemoryBytes: 5e9 }, { maxmemoryBytes: null })],
    ['a use that is unknown', sight({ usedMemoryBytes: null }, { maxmemoryBytes: 1 })],
    [
      'a wish for replicas that is unknown',
      sight({}, {}, { destinationProbe: probe({}, { 'min-slaves-to-write': null }) }),
    ],
  ])('there is room enough: %s', (_, one) => {
    expect(found([one])).toEqual([]);
  });

  it('a destination that has the replicas which it wants is fine', () => {
    const replicas = [{ host: 'r', port: 1, state: 'online', offset: 1n }];
    const one = sight(
      {},
      { replication: replication({ replicas }) },
      { destinationProbe: probe({}, { 'min-slaves-to-write': '1' }) },
    );
    expect(found([one]).map((finding) => finding.code)).toEqual(['destination_has_replicas']);
  });

  it('keys on a destination are a warning where --yes-wipe was given', () => {
    const findings = found([sight({}, { keys: 1 })], aPlan(1, { yesWipe: true }));
    expect(findings).toEqual([
      {
        level: 'warning',
        shard: 0,
        code: 'destination_not_empty',
        text: "new-1:6379 holds 1 key, which replication will wipe. To continue, the migration's name has to be typed.",
        fix: null,
      },
    ]);
  });

  it('two addresses of one server are found by its run id', () => {
    const findings = found([sight({}, {}), sight({}, { runId: 'run-old-0' }, {}, 1)]);
    expect(findings).toMatchObject([{ level: 'error', shard: 1, code: 'same_server' }]);
    expect(findings[0]?.text).toContain('new-2:6379 and old-1:6379 are one and the same server');
    expect(found([sight({ runId: 'same' }, { runId: 'same' })]).map((one) => one.code)).toEqual(['same_server']);
    expect(found([sight({ runId: null }, { runId: null })])).toEqual([]);
  });

  it('a server of another unfinished migration is found by its run id', () => {
    const findings = found([sight()], aPlan(1), new Map([['run-new-0', 'm-aaaa']]));
    expect(findings).toMatchObject([{ level: 'error', shard: 0, code: 'server_taken' }]);
    expect(findings[0]?.text).toContain('new-1:6379 is a server of migration m-aaaa');
  });

  it('each kind of trouble on each side has a stable code and a fix', () => {
    for (const kind of PROBLEM_KINDS) {
      const look = { ok: false, at: 1, problem: { kind, text: `It is ${kind}.` } } as const;
      const codes = found([sight({}, {}, { source: look, destination: look })]).map((one) => one.code);
      const name = kind.startsWith('auth_') ? 'auth' : kind;
      expect(codes).toEqual([`source_${name}`, `destination_${name}`]);
    }
  });

  it('all of them are told at once', () => {
    const findings = found([
      sight({ clusterEnabled: true, loading: { percent: 1 } }, { keys: 3, role: 'replica' }),
      sight({}, {}, { source: unseen('old-2:6379 hangs.') }, 1),
    ]);
    expect(findings.map((one) => [one.shard, one.code])).toEqual([
      [0, 'source_cluster_mode'],
      [0, 'source_loading'],
      [0, 'destination_not_master'],
      [0, 'destination_not_empty'],
      [1, 'source_timeout'],
    ]);
  });
});

describe('the report', () => {
  it('counts servers, keys and bytes of the sources', () => {
    const { totals, shards } = judgePreflight(aPlan(2), [sight(), sight({ keys: 5 }, { keys: 9 }, {}, 1)], new Map());
    expect(totals).toEqual({ servers: 2, keys: 20_005, bytes: 2_000_000 });
    expect(shards[1]).toEqual({
      index: 1,
      source: { kind: 'redis', version: '7.0.15', runId: 'run-old-1', keys: 5, bytes: 1_000_000 },
      destination: { kind: 'redis', version: '7.0.15', runId: 'run-new-1', keys: 9, bytes: 1_000_000 },
    });
  });

  it('says that it does not know where a source could not be asked', () => {
    const report = judgePreflight(aPlan(1), [sight({}, {}, { source: unseen('old-1:6379 hangs.') })], new Map());
    expect(report.totals).toEqual({ servers: 1, keys: null, bytes: null });
    expect(report.shards[0]?.source).toBeNull();
    expect(preflightText(report)).toBe('Checked: 1 source, an unknown number of keys; 1 error, 0 warnings.');
  });

  it('is one line for the thread', () => {
    const report = judgePreflight(aPlan(2), [sight(), sight({}, {}, {}, 1)], new Map());
    expect(preflightText(report)).toBe('Checked: 2 sources, 40,000 keys; nothing stands in the way.');
    expect(freshPair(0).source.ok).toBe(true);
  });
});
