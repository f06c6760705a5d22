/** The loop alarm: which cause is named and what is proposed, and when nobody is woken. */
import { describe, expect, it } from 'vitest';
import type { BeforeReplication, Event, Tune } from '../../src/domain/event.ts';
import type { PairLook, ServerFacts, ServerLook } from '../../src/domain/observation.ts';
import { alarmRows, tuneText } from '../../src/domain/sync-alarm.ts';
import { aPlan, beforeOf, enter, followingPair, replication, sightOf, toSyncing } from './support/build.ts';
import { decided, shardsOf } from './support/decided.ts';
import { Journal } from './support/journal.ts';

const plan = aPlan(1);
const shard = plan.shards[0] as (typeof plan.shards)[0];
const WIDE = {
  'client-output-buffer-limit': 'normal 0 0 0 slave 4294967296 4294967296 60 pubsub 33554432 8388608 60',
  'repl-backlog-size': '536870912',
  'repl-timeout': '3600',
  'repl-diskless-sync': 'yes',
  'repl-diskless-sync-delay': '0',
};
const NARROW = {
  ...WIDE,
  'client-output-buffer-limit': 'normal 0 0 0 slave 1048576 1048576 60 pubsub 33554432 8388608 60',
};

interface Moment {
  readonly fullSyncs?: number;
  readonly settings?: Readonly<Record<string, string>>;
  /** Of the destination; the source's where left out. */
  readonly settingsThere?: Readonly<Record<string, string>>;
  readonly bufferBytes?: number | null;
  readonly source?: Partial<ServerFacts>;
  readonly keysThere?: number;
  /** Milliseconds since the last row at which the settings were read; null: never. */
  readonly readAfterMs?: number | null;
  readonly secondsAfter?: number;
  readonly inStep?: boolean;
}

function begun(wasInStep = false, base: Partial<BeforeReplication> = {}): Journal {
  const journal = new Journal(plan);
  for (const event of toSyncing(plan)) journal.append(event);
  replicate(journal, 0, base);
  if (wasInStep) journal.append({ kind: 'shard_in_step', shard: 0, seconds: 9, keys: 20_000 });
  return journal;
}

function replicate(journal: Journal, fullSyncs = 0, base: Partial<BeforeReplication> = {}): void {
  const before = beforeOf(0, { sourceFullSyncs: fullSyncs, ...base });
  const { seq } = journal.append({ kind: 'intent', effect: { kind: 'replicate', shard: 0, before } });
  journal.append({ kind: 'answered', intent: seq, outcome: 'ok', detail: 'OK' });
  journal.append({ kind: 'seen', intent: seq, detail: 'follows.' });
}

function lookAt(journal: Journal, moment: Moment): PairLook {
  const { settings = WIDE, fullSyncs = 1, bufferBytes = 0, readAfterMs = 2_000 } = moment;
  const { settingsThere = settings, inStep = false, keysThere = 100, source = {} } = moment;
  const read = (values: Readonly<Record<string, string>>) =>
    readAfterMs === null ? null : { at: journal.now + readAfterMs, values: new Map(Object.entries(values)) };
  const pair = followingPair(shard);
  const { host, port } = shard.source;
  const copying = replication({ master: { host, port }, syncing: true, readOnly: true });
  const withFacts = (
    look: ServerLook,
    facts: Partial<ServerFacts>,
    values: Readonly<Record<string, string>>,
  ): ServerLook => (look.ok ? { ...look, facts: { ...look.facts, ...facts }, settings: read(values) } : look);
  const destination = withFacts(
    pair.destination,
    { keys: keysThere, ...(inStep ? {} : { replication: copying }) },
    settingsThere,
  );
  const from = withFacts(pair.source, { fullSyncs, ...source }, settings);
  return { source: from.ok ? { ...from, replicaBufferBytes: bufferBytes } : from, destination };
}

function rows(journal: Journal, moment: Moment = {}): Event[] {
  const { secondsAfter = 3 } = moment;
  const sight = sightOf(journal.state, [lookAt(journal, moment)], { wallNow: journal.now + secondsAfter * 1_000 });
  return (sight.shards ?? []).flatMap((one) => alarmRows(journal.state, one, sight.wallNow));
}

/** The alarm's row, which goes into the journal. */
function alarm(journal: Journal, moment: Moment): Extract<Event, { kind: 'sync_alarm' }> {
  const [row, ...more] = rows(journal, moment);
  expect(more).toEqual([]);
  if (row?.kind !== 'sync_alarm') throw new Error(`There is no alarm but ${row?.kind ?? 'nothing'}.`);
  expect(row.text).toMatch(/\.$/);
  expect(row.text).not.toMatch(/undefined|NaN|null/);
  journal.append(row);
  return row;
}

describe('no alarm', () => {
  it('for the first full sync, however long it takes', () => {
    expect(rows(begun(), { fullSyncs: 1, settings: NARROW, secondsAfter: 7_200 })).toEqual([]);
    expect(rows(begun(), { fullSyncs: 0, settings: NARROW })).toEqual([]);
  });

  it('on settings that were read before the order to follow, or before our own last change', () => {
    const journal = begun();
    expect(rows(journal, { fullSyncs: 9, settings: NARROW, readAfterMs: -5_000 })).toEqual([]);
    expect(rows(journal, { fullSyncs: 9, settings: NARROW, readAfterMs: null })).toEqual([]);
    const old = { kind: 'plain', value: '1' } as const;
    const setting = { shard: 0, side: 'source', name: 'repl-backlog-size', old, value: '2', why: 'so' } as const;
    journal.now += 60_000;
    journal.append({ kind: 'intent', effect: { kind: 'set_config', ...setting } });
    expect(rows(journal, { fullSyncs: 9, settings: NARROW, readAfterMs: -5_000 })).toEqual([]);
    expect(rows(journal, { fullSyncs: 9, settings: NARROW })).toHaveLength(1);
  });

  it('for a copy that is in step: another replica of that source made a full sync', () => {
    expect(rows(begun(true), { fullSyncs: 5, inStep: true })).toEqual([]);
  });

  it('for a copy that we ourselves took from its source and sent back to it', () => {
    const journal = begun();
    for (const fullSyncs of [2, 3, 4]) {
      journal.append({ kind: 'intent', effect: { kind: 'park', shard: 0, why: 'it suffers.' } });
      replicate(journal, fullSyncs - 1);
      expect(rows(journal, { fullSyncs })).toEqual([]);
    }
    expect(rows(journal, { fullSyncs: 5 })).toHaveLength(1);
  });

  it('where full syncs are not counted (2.4, 2.6), unless the buffer climbs', () => {
    const journal = begun();
    const old = { fullSyncs: null, version: '2.6.17' };
    expect(rows(journal, { source: old, settings: NARROW })).toEqual([]);
    expect(rows(journal, { source: old, settings: NARROW, bufferBytes: 900_000 })).toHaveLength(1);
  });
});

describe('the cause', () => {
  it('a buffer that climbs to its limit is told before it breaks off', () => {
    expect(rows(begun(), { settings: NARROW, bufferBytes: 838_860 })).toEqual([]);
    const { cause, text, tune } = alarm(begun(), { settings: NARROW, bufferBytes: 838_861 });
    expect(cause).toBe('output_buffer');
    expect(text).toMatch(/^819 KiB of writes wait in the output buffer .* at 1\.0 MiB its source cuts it off/);
    expect(tune.map((one) => [one.side, one.name])).toEqual([['source', 'client-output-buffer-limit']]);
  });

  it('the soft limit counts as well, where it is the lower one; none at all means none', () => {
    const soft = { ...WIDE, 'client-output-buffer-limit': 'slave 268435456 1048576 60' };
    expect(rows(begun(), { settings: soft, bufferBytes: 1_000_000 })).toHaveLength(1);
    const none = { ...WIDE, 'client-output-buffer-limit': 'slave 0 0 0' };
    expect(rows(begun(), { settings: none, bufferBytes: 9_000_000_000 })).toEqual([]);
  });

  it('an output buffer that cannot hold what is written in the time of a copy', () => {
    const { cause, text, tune } = alarm(begun(), { fullSyncs: 2, settings: NARROW });
    expect(cause).toBe('output_buffer');
    expect(text).toMatch(
      /old-1:6379 has begun 2 full syncs for new-1:6379.*may hold 1\.0 MiB, and a copy of \d+ s.* fills it/,
    );
    expect(tuneText([{ shard: 0, tune }])).toMatch(
      /^Shard 1, source: CONFIG SET client-output-buffer-limit "normal 0 0 0 slave \d+ \d+ 60 pubsub 33554432 8388608 60"$/,
    );
  });

  it('a source that says it cut replicas off since the order, not one that did so for somebody long ago', () => {
    const base = { sourceBufferDisconnections: 7 };
    const ago = begun(false, base);
    expect(alarm(ago, { fullSyncs: 2, source: { bufferDisconnections: 7 } }).cause).toBe('link');
    const since = begun(false, base);
    expect(alarm(since, { fullSyncs: 2, source: { bufferDisconnections: 8 } }).cause).toBe('output_buffer');
  });

  it('a time-out that is shorter than the copy, on either side', () => {
    const short = { ...WIDE, 'repl-timeout': '3' };
    for (const moment of [{ settings: short, settingsThere: WIDE }, { settingsThere: short }]) {
      const { cause, text, tune } = alarm(begun(), { fullSyncs: 2, ...moment });
      expect(cause).toBe('timeout');
      expect(text).toMatch(/longer than repl-timeout \(\d+ s at the source, \d+ s at the destination\)/);
      expect(tune.map((one) => [one.side, one.name, one.value])).toEqual([
        ['settings' in moment ? 'source' : 'destination', 'repl-timeout', '60'],
      ]);
    }
  });

  it('a destination that takes the snapshot and stays empty', () => {
    const { cause, tune, text } = alarm(begun(), { fullSyncs: 2, keysThere: 0 });
    expect(cause).toBe('cannot_load');
    expect(text).toContain('Its log names the reason');
    expect(tune).toEqual([]);
  });

  it('a link that breaks for longer than the backlog lasts, once the shard was in step', () => {
    expect(alarm(begun(true), { fullSyncs: 3 }).cause).toBe('backlog');
  });

  it('else the link, with nothing to set', () => {
    const { cause, tune } = alarm(begun(), { fullSyncs: 2 });
    expect([cause, tune]).toEqual(['link', []]);
  });
});

describe('an alarm that was told', () => {
  it('is not told again; is over when the shard is in step; the next full sync after that is one more', () => {
    const journal = begun();
    alarm(journal, { fullSyncs: 2 });
    expect(rows(journal, { fullSyncs: 3 })).toEqual([]);
    const over = rows(journal, { fullSyncs: 3, inStep: true });
    expect(over).toMatchObject([{ kind: 'sync_alarm_over', fullSyncs: 2 }]);
    for (const row of over) journal.append(row);
    expect(journal.state.shards[0]).toMatchObject({ alarm: null, tune: [], toldSyncs: 2 });
    expect(rows(journal, { fullSyncs: 3 })).toEqual([]);
    expect(rows(journal, { fullSyncs: 4 })).toHaveLength(1);
  });

  it('after its setting was set is gone, and comes again when it loops again', () => {
    const journal = begun();
    const { tune } = alarm(journal, { fullSyncs: 2, settings: NARROW });
    journal.append({ kind: 'tune_asked', user: 'U00000BEN', click: 1 });
    expect(journal.state.shards[0]?.tune).toEqual(tune);
    journal.append({ kind: 'tuned', shard: 0, fullSyncs: 3, text: 'set.' });
    expect(journal.state.shards[0]).toMatchObject({ alarm: null, tune: [], toldSyncs: 3 });
    expect(rows(journal, { fullSyncs: 3 })).toEqual([]);
    expect(rows(journal, { fullSyncs: 4 })).toEqual([]);
    expect(rows(journal, { fullSyncs: 5 })).toHaveLength(1);
  });

  it('counts anew with a source that was restarted: its count begins at nothing', () => {
    const journal = begun();
    alarm(journal, { fullSyncs: 8 });
    journal.append({ kind: 'tuned', shard: 0, fullSyncs: 8, text: 'set.' });
    const runId = 'run-old-0-again';
    journal.append({ kind: 'drift', shard: 0, side: 'source', runId, text: 'was restarted.' });
    expect(rows(journal, { fullSyncs: 1, source: { runId } })).toEqual([]);
    expect(rows(journal, { fullSyncs: 2, source: { runId } })).toHaveLength(1);
  });
});

describe('what was agreed to', () => {
  const change: Tune = { side: 'source', name: 'repl-timeout', value: '120', why: 'too short.' };
  const asked = () => {
    const journal = begun();
    journal.append({ kind: 'sync_alarm', shard: 0, cause: 'timeout', text: 'it never ends.', tune: [change] });
    journal.append({ kind: 'tune_asked', user: 'U00000BEN', click: 1 });
    return journal;
  };
  const tunes = (journal: Journal, look: PairLook, laterMs = 0) =>
    shardsOf(decided(journal.state, [look], { wallNow: journal.now + laterMs }).effects, 'tune');

  it('is done until it was told to be done, after a crash too', () => {
    const journal = asked();
    expect(tunes(journal, lookAt(journal, {}))).toEqual([0]);
    // It could not be begun (a server that takes no more connections): again, but not every second.
    journal.append({ kind: 'intent', effect: { kind: 'tune', shard: 0, changes: [change] } });
    expect(tunes(journal, lookAt(journal, {}), 5_000)).toEqual([]);
    expect(tunes(journal, lookAt(journal, {}), 11_000)).toEqual([0]);
    expect(tunes(journal, lookAt(journal, {}), -3_600_000)).toEqual([0]);
    journal.append({ kind: 'tuned', shard: 0, fullSyncs: 2, text: 'set.' });
    expect(tunes(journal, lookAt(journal, {}))).toEqual([]);
  });

  it('waits for its servers: one that does not answer is not asked every second', () => {
    const journal = asked();
    const away: ServerLook = { ok: false, at: 1_000, problem: { kind: 'timeout', text: 'It hangs.' } };
    expect(tunes(journal, { ...lookAt(journal, {}), source: away })).toEqual([]);
    expect(tunes(journal, { ...lookAt(journal, {}), destination: away })).toEqual([]);
  });

  it('is not done to a shard that is held, nor in an abort', () => {
    const journal = asked();
    journal.append({ kind: 'held', shard: 0, side: 'source', what: 'role', ledger: null, text: 'is a replica now.' });
    expect(tunes(journal, lookAt(journal, {}))).toEqual([]);
    const other = asked();
    other.append(enter('aborting'));
    expect(tunes(other, lookAt(other, {}))).toEqual([]);
  });
});

it('an alarm never holds a figure that is none, whatever is measured', () => {
  const facts = { usedMemoryBytes: null, rssBytes: null, systemMemoryBytes: null };
  alarm(begun(), { fullSyncs: 2, source: facts, settings: NARROW });
  alarm(begun(), { fullSyncs: 2, source: facts, settings: {} });
  alarm(begun(true), { fullSyncs: 2, source: facts, settings: {} });
});
