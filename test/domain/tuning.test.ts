/** What a full sync needs of two servers: never less than they had, never what they lack, and nothing twice. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tune } from '../../src/domain/event.ts';
import {
  DESTINATION_SYNC_SETTINGS,
  expectation,
  outputLimitOf,
  SOURCE_SYNC_SETTINGS,
  type SyncNeed,
  tuning,
} from '../../src/domain/tuning.ts';
import { factsFrom } from '../../src/redis/facts.ts';
import { parseInfo } from '../../src/redis/info.ts';
import { infoOf, NAMES, recordsOf } from '../redis/support/recordings.ts';
import { facts } from './support/build.ts';

const MIB = 1_048_576;
const GIB = 1_024 * MIB;

function need(more: Partial<Omit<SyncNeed, 'settings'>> = {}, source = {}, destination = {}): SyncNeed {
  const ample = { systemMemoryBytes: 1_024 * GIB, rssBytes: GIB };
  return {
    source: facts(ample),
    destination: facts(ample),
    writeBytesPerSecond: MIB,
    tookSeconds: null,
    ...more,
    settings: { source: new Map(Object.entries(source)), destination: new Map(Object.entries(destination)) },
  };
}

/** The servers as they are once the changes were made. */
function applied(before: SyncNeed, tunes: readonly Tune[]): SyncNeed {
  const side = (name: 'source' | 'destination') =>
    new Map([
      ...before.settings[name],
      ...tunes.filter((one) => one.side === name).map((one) => [one.name, one.value] as const),
    ]);
  return { ...before, settings: { source: side('source'), destination: side('destination') } };
}

function limits(value: string | null | undefined): readonly [number, number, number] {
  const limit = outputLimitOf(value);
  if (!limit) throw new Error(`${value} has no class for replicas.`);
  const unlimited = (bytes: number) => (bytes === 0 ? Number.POSITIVE_INFINITY : bytes);
  return [unlimited(limit.hard), unlimited(limit.soft), limit.softSeconds];
}

/** The recorded settings of a server, by name. */
function settingsOf(name: string, names: readonly string[]): ReadonlyMap<string, string | null> {
  const all = new Map<string, string | null>();
  for (const { command, reply } of recordsOf(name)) {
    if (!command.startsWith('CONFIG GET') || !Array.isArray(reply)) continue;
    for (let at = 0; at + 1 < reply.length; at += 2) all.set(String(reply[at]), reply[at + 1] as string | null);
  }
  return new Map(names.map((one) => [one, all.get(one) ?? null]));
}

describe.each(NAMES)('%s', (name) => {
  const server = { ...factsFrom(parseInfo(infoOf(name, 'source', 'standalone')), false), systemMemoryBytes: 64 * GIB };
  const before: SyncNeed = {
    source: server,
    destination: server,
    writeBytesPerSecond: 20 * MIB,
    tookSeconds: 100,
    settings: {
      source: settingsOf(name, SOURCE_SYNC_SETTINGS),
      destination: settingsOf(name, DESTINATION_SYNC_SETTINGS),
    },
  };
  const old = name.startsWith('r2.4');

  it('its limit for replicas is read', () => {
    const limit = outputLimitOf(before.settings.source.get('client-output-buffer-limit'));
    expect(limit).toEqual(old ? null : { hard: 256 * MIB, soft: 64 * MIB, softSeconds: 60 });
  });

  it('gets only settings that it has, each with a reason, and then needs nothing more', () => {
    const tunes = tuning(before);
    for (const { side, name: setting, value, why } of tunes) {
      expect(before.settings[side].get(setting), `${setting} of the ${side}`).toEqual(expect.any(String));
      expect(value).not.toBe(before.settings[side].get(setting));
      expect(why).toMatch(/\S/);
      expect(why).not.toMatch(/undefined|NaN|null|Infinity/);
    }
    const names = tunes.filter((one) => one.side === 'source').map((one) => one.name);
    expect(names.includes('client-output-buffer-limit')).toBe(!old);
    if (old) expect(tunes).toEqual([]);
    expect(tuning(applied(before, tunes))).toEqual([]);
  });
});

describe('the limit on a replica’s output buffer', () => {
  const value = (hard: number, soft: number, seconds = 60) =>
    `normal 0 0 0 slave ${hard} ${soft} ${seconds} pubsub 33554432 8388608 60`;
  const tuned = (from: string, more: Partial<Omit<SyncNeed, 'settings'>> = {}) =>
    tuning(need(more, { 'client-output-buffer-limit': from }))[0]?.value ?? null;

  it.each<[string | null | undefined, ReturnType<typeof outputLimitOf>]>([
    [value(1, 2, 3), { hard: 1, soft: 2, softSeconds: 3 }],
    ['normal 0 0 0 replica 268435456 67108864 60', { hard: 268_435_456, soft: 67_108_864, softSeconds: 60 }],
    ['  slave   1 2 3  ', { hard: 1, soft: 2, softSeconds: 3 }],
    ['slave 0 0 0', { hard: 0, soft: 0, softSeconds: 0 }],
    ['slave 256mb 64mb 60', null],
    ['slave 1 2', null],
    ['slave -1 2 3', null],
    ['normal 0 0 0', null],
    ['', null],
    [null, null],
    [undefined, null],
  ])('%j', (text, limit) => {
    expect(outputLimitOf(text)).toEqual(limit);
  });

  it('is raised in its own class only, in the words that the server used', () => {
    expect(tuned(value(MIB, MIB))).toBe(value(256 * MIB, 256 * MIB));
    expect(tuned('normal 1 2 3 replica 1048576 1048576 10 pubsub 4 5 6')).toBe(
      `normal 1 2 3 replica ${256 * MIB} ${256 * MIB} 60 pubsub 4 5 6`,
    );
  });

  it('that is none stays none, and the higher one of two is never lowered', () => {
    expect(tuned(value(0, 0))).toBeNull();
    expect(tuned(value(0, MIB))).toBe(value(0, 256 * MIB));
    expect(tuned(value(MIB, 0))).toBe(value(256 * MIB, 0));
    expect(tuned(value(10 * GIB, MIB))).toBe(value(10 * GIB, 256 * MIB));
    expect(tuned(value(256 * MIB, MIB, 3_600))).toBe(value(256 * MIB, 256 * MIB, 3_600));
  });

  it('is no more than half of what the machine has left, and what is bounded so is not proposed again', () => {
    const tight = facts({ systemMemoryBytes: 8 * GIB, rssBytes: 7 * GIB, usedMemoryBytes: 7 * GIB });
    const before = need(
      { source: tight, writeBytesPerSecond: 100 * MIB },
      { 'client-output-buffer-limit': value(MIB, MIB) },
    );
    const tunes = tuning(before).filter((one) => one.name === 'client-output-buffer-limit');
    expect(tunes[0]?.value).toBe(value(512 * MIB, 512 * MIB));
    expect(tuning(applied(before, tunes)).map((one) => one.name)).not.toContain('client-output-buffer-limit');
  });
});

describe('the backlog', () => {
  const backlog = (more: Partial<Omit<SyncNeed, 'settings'>>, now = String(MIB)) =>
    tuning(need(more, { 'repl-backlog-size': now }, { 'repl-backlog-size': now }))
      .filter((one) => one.name === 'repl-backlog-size')
      .map((one) => [one.side, Number(one.value) / MIB]);

  it('bridges a minute of what is written, on both sides, up to 512 MiB', () => {
    expect(backlog({ writeBytesPerSecond: 2 * MIB })).toEqual([
      ['source', 120],
      ['destination', 120],
    ]);
    expect(backlog({ writeBytesPerSecond: GIB })).toEqual([
      ['source', 512],
      ['destination', 512],
    ]);
    expect(backlog({ writeBytesPerSecond: 0 })).toEqual([]);
    expect(backlog({ writeBytesPerSecond: null })).toEqual([]);
  });

  it('never takes more than half of what maxmemory leaves: a backlog counts, and keys would be evicted for it', () => {
    const full = facts({ maxmemoryBytes: GIB, usedMemoryBytes: GIB - 100 * MIB });
    expect(backlog({ source: full, writeBytesPerSecond: 10 * MIB })).toEqual([
      ['source', 50],
      ['destination', 512],
    ]);
    const over = facts({ maxmemoryBytes: GIB, usedMemoryBytes: 2 * GIB });
    expect(backlog({ source: over, writeBytesPerSecond: 10 * MIB })).toEqual([['destination', 512]]);
  });

  it('of a destination leaves room for the copy that is still to come', () => {
    const source = facts({ usedMemoryBytes: 900 * MIB });
    const destination = facts({ maxmemoryBytes: GIB, usedMemoryBytes: MIB });
    expect(backlog({ source, destination, writeBytesPerSecond: 5 * MIB })).toEqual([
      ['source', 300],
      ['destination', 62],
    ]);
  });

  it('is no more than half of what the machine has left', () => {
    const tight = facts({ systemMemoryBytes: 8 * GIB, rssBytes: 8 * GIB - 40 * MIB });
    expect(backlog({ source: tight, writeBytesPerSecond: 10 * MIB })).toEqual([
      ['source', 20],
      ['destination', 512],
    ]);
  });
});

describe('time-outs and the delay', () => {
  it('a time-out is twice the copy, at least a minute; 0 and unreadable ones are left alone', () => {
    const set = (now: string, tookSeconds: number) =>
      tuning(need({ tookSeconds }, { 'repl-timeout': now }, { 'repl-timeout': now })).map((one) => one.value);
    expect(set('10', 5)).toEqual(['60', '60']);
    expect(set('60', 300)).toEqual(['600', '600']);
    expect(set('601', 300)).toEqual([]);
    expect(set('0', 300)).toEqual([]);
    expect(set('soon', 300)).toEqual([]);
  });

  it('the delay goes only where it is waited for', () => {
    const set = (diskless: string, now: string) =>
      tuning(need({}, { 'repl-diskless-sync': diskless, 'repl-diskless-sync-delay': now })).map((one) => one.value);
    expect(set('yes', '5')).toEqual(['0']);
    expect(set('yes', '0')).toEqual([]);
    expect(set('no', '5')).toEqual([]);
  });
});

describe('whatever is measured and set', () => {
  const size = fc.oneof(fc.constantFrom(0, MIB, 64 * MIB, 256 * MIB), fc.nat({ max: 20 * GIB }));
  const memory = fc.option(fc.nat({ max: 100 * GIB }), { nil: null });
  const server = fc
    .record({
      version: fc.constantFrom('2.4.18', '2.6.17', '2.8.17', '2.8.24', '4.0.14', '7.0.15', '8.0.2'),
      usedMemoryBytes: memory,
      rssBytes: memory,
      systemMemoryBytes: memory,
      maxmemoryBytes: memory,
    })
    .map((one) => facts(one));
  const text = fc.oneof(
    fc.nat({ max: 5_000 }).map(String),
    size.map(String),
    fc.constantFrom('', 'yes', '-1', '<!channel>'),
  );
  const source = fc.record(
    {
      'client-output-buffer-limit': fc.oneof(
        fc
          .tuple(fc.constantFrom('slave', 'replica'), size, size, fc.nat({ max: 4_000 }))
          .map((one) => `normal 0 0 0 ${one.join(' ')} pubsub 33554432 8388608 60`),
        text,
      ),
      'repl-backlog-size': text,
      'repl-timeout': text,
      'repl-diskless-sync': fc.constantFrom('yes', 'no'),
      'repl-diskless-sync-delay': text,
    },
    { requiredKeys: [] },
  );
  const destination = fc.record({ 'repl-backlog-size': text, 'repl-timeout': text }, { requiredKeys: [] });
  const any = fc
    .tuple(
      fc.record({
        source: server,
        destination: server,
        writeBytesPerSecond: memory,
        tookSeconds: fc.option(fc.nat({ max: 100_000 }), { nil: null }),
      }),
      source,
      destination,
    )
    .map(([more, one, other]) => need(more, one, other));

  it('nothing is lowered, nothing is set that is not there, and a second look proposes nothing', () => {
    let some = 0;
    fc.assert(
      fc.property(any, (before) => {
        const tunes = tuning(before);
        some += tunes.length;
        for (const { side, name, value, why } of tunes) {
          const now = before.settings[side].get(name);
          expect(now).not.toBeUndefined();
          expect(value).not.toBe(now);
          expect(why).not.toMatch(/undefined|NaN|null|Infinity|-\d/);
          if (name === 'client-output-buffer-limit') {
            const [from, to] = [limits(now), limits(value)];
            for (const place of [0, 1, 2] as const) expect(to[place]).toBeGreaterThanOrEqual(from[place]);
            expect(value.replace(/(slave|replica) \d+ \d+ \d+/, '')).toBe(
              now?.replace(/(slave|replica) \d+ \d+ \d+/, ''),
            );
          } else if (name !== 'repl-diskless-sync-delay') {
            expect(value).toMatch(/^\d+$/);
            expect(Number(value)).toBeGreaterThan(Number(now));
          }
        }
        expect(tuning(applied(before, tunes))).toEqual([]);
        const { seconds, bytes } = expectation(before);
        expect(Number.isFinite(seconds) && seconds > 0 && Number.isFinite(bytes) && bytes >= 0).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(some).toBeGreaterThan(200);
  });
});
