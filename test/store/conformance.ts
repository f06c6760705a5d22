/** What every adapter of the Store port has to do, told as somebody would notice it. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewRow } from '../../src/domain/event.ts';
import type { Sample } from '../../src/domain/sample.ts';
import { SecretRegistry } from '../../src/log.ts';
import { type Store, StoreConflictError } from '../../src/store/store.ts';

export interface StoreUnderTest {
  open(secrets: SecretRegistry): Store;
  /** Whether what was written is there after close and open. */
  readonly durable: boolean;
}

export function row(text: string, percent = 1): NewRow {
  return { at: 1_730_000_000_000 + percent, actor: 'bot', event: { kind: 'progress', percent }, text, shard: null };
}

export function storeConformance(make: () => StoreUnderTest): void {
  let under: StoreUnderTest;
  let secrets: SecretRegistry;
  let store: Store;

  beforeEach(() => {
    under = make();
    secrets = new SecretRegistry();
    store = under.open(secrets);
  });
  afterEach(() => store.close());

  describe('journal', () => {
    it('numbers rows from 1 and gives them back as they were', () => {
      const detail = {
        at: 7,
        actor: 'UANA',
        event: { kind: 'trouble', shard: 2, text: 'Ärger 🙂 "x"\n\0' },
        text: 'Shard 3',
        shard: 2,
      } as const;
      const written = [
        ...store.create('m-aaaa', 'checking', [row('a'), row('b')]),
        ...store.append('m-aaaa', 2, 'planned', [detail]),
      ];
      expect(written.map((one) => one.seq)).toEqual([1, 2, 3]);
      expect(store.journal('m-aaaa')).toEqual(written);
      expect(written[2]).toEqual({ ...detail, seq: 3 });
    });

    it('returns from append what a restart would read, whatever the texts are', () => {
      let version = store.create('m-aaaa', 'checking', [row('start')]).length;
      fc.assert(
        fc.property(fc.string({ unit: 'binary' }), fc.jsonValue(), (text, value) => {
          const odd = { ...row(text), event: { kind: 'resumed', detail: text, value } as unknown as NewRow['event'] };
          const [written] = store.append('m-aaaa', version, 'checking', [odd]);
          expect(store.journal('m-aaaa', version)).toEqual([written]);
          version += 1;
        }),
        { numRuns: 60 },
      );
    });

    it('gives only the later rows when asked so, and none of an unknown migration', () => {
      store.create('m-aaaa', 'checking', [row('a'), row('b'), row('c')]);
      expect(store.journal('m-aaaa', 1).map((one) => one.text)).toEqual(['b', 'c']);
      expect(store.journal('m-aaaa', 3)).toEqual([]);
      expect(store.journal('m-aaaa', 99)).toEqual([]);
      expect(store.journal('m-zzzz')).toEqual([]);
    });

    it('gives what happened to one shard, newest first, with what came of what was done to it', () => {
      const about = (shard: number, text: string): NewRow => {
        return { ...row(text), event: { kind: 'trouble', shard, text }, shard };
      };
      const detach = (shard: number): NewRow => {
        return { ...row('about to'), event: { kind: 'intent', effect: { kind: 'detach', shard } }, shard };
      };
      const answer = (intent: number, text: string): NewRow => {
        return { ...row(text), event: { kind: 'seen', intent, detail: text } };
      };
      store.create('m-aaaa', 'checking', [row('a'), about(0, 'b'), detach(1), detach(0), row('c')]);
      store.append('m-aaaa', 5, 'checking', [answer(3, 'of shard 1'), answer(4, 'of shard 0'), about(10, 'd')]);
      store.create('m-bbbb', 'checking', [about(0, 'other')]);
      const texts = (before: number | null, limit: number) =>
        store.shardRows('m-aaaa', 0, before, limit).map((one) => one.text);
      expect(texts(null, 10)).toEqual(['of shard 0', 'about to', 'b']);
      expect(texts(null, 2)).toEqual(['of shard 0', 'about to']);
      expect(texts(4, 10)).toEqual(['b']);
      expect(store.shardRows('m-aaaa', 1, null, 1)).toEqual([store.journal('m-aaaa')[5]]);
      expect(store.shardRows('m-zzzz', 0, null, 10)).toEqual([]);
    });

    it('keeps the journals of two migrations apart', () => {
      store.create('m-aaaa', 'checking', [row('a')]);
      store.create('m-bbbb', 'checking', [row('b')]);
      store.append('m-aaaa', 1, 'planned', [row('a2')]);
      expect(store.journal('m-bbbb').map((one) => one.text)).toEqual(['b']);
      expect(store.journal('m-aaaa').map((one) => one.text)).toEqual(['a', 'a2']);
    });
  });

  describe('two writers', () => {
    it('refuses the one that did not see the last row, and writes nothing of it', () => {
      store.create('m-aaaa', 'checking', [row('a')]);
      store.append('m-aaaa', 1, 'planned', [row('first')]);
      expect(() => store.append('m-aaaa', 1, 'syncing', [row('late')])).toThrow(StoreConflictError);
      expect(() => store.append('m-aaaa', 1, 'syncing', [row('late')])).toThrow(
        /m-aaaa is at row 2 in the journal, not at 1/,
      );
      expect(store.journal('m-aaaa').map((one) => one.text)).toEqual(['a', 'first']);
      expect(store.migrations()[0]).toMatchObject({ phase: 'planned', version: 2 });
    });

    it('refuses an id that is taken, and a migration that is not there', () => {
      store.create('m-aaaa', 'checking', [row('a')]);
      expect(() => store.create('m-aaaa', 'checking', [row('again')])).toThrow(StoreConflictError);
      expect(() => store.append('m-zzzz', 1, 'planned', [row('x')])).toThrow(/no migration m-zzzz/);
      expect(store.journal('m-aaaa')).toHaveLength(1);
    });

    it('writes all rows of a call or none', () => {
      store.create('m-aaaa', 'checking', [row('a')]);
      const circular: Record<string, unknown> = { kind: 'progress' };
      circular['self'] = circular;
      const broken = { ...row('broken'), event: circular as unknown as NewRow['event'] };
      expect(() => store.append('m-aaaa', 1, 'planned', [row('good'), broken])).toThrow();
      expect(store.journal('m-aaaa')).toHaveLength(1);
      expect(store.append('m-aaaa', 1, 'planned', [row('next')])[0]?.seq).toBe(2);
    });
  });

  describe('removing', () => {
    it('takes a migration away with its journal and its notes, and nothing else', () => {
      store.create('m-aaaa', 'checking', [row('a'), row('a2')]);
      store.create('m-bbbb', 'checking', [row('b')]);
      for (const note of ['thread:m-aaaa', 'status:m-aaaa', 'thread:m-bbbb', 'm-aaaa', 'slack:rung', 'x:m-aaaa:y'])
        store.setNote(note, 'kept');
      store.keepSamples('m-aaaa', [{ place: 0, at: 1, percents: [1], lagBytes: 1, writesPerSecond: 1, worst: 0 }], 1);
      store.remove('m-aaaa', 2);
      expect(store.samples('m-aaaa')).toEqual([]);
      expect(store.migrations().map((one) => one.id)).toEqual(['m-bbbb']);
      expect(store.journal('m-aaaa')).toEqual([]);
      expect(store.journal('m-bbbb')).toHaveLength(1);
      expect([store.note('thread:m-aaaa'), store.note('status:m-aaaa')]).toEqual([null, null]);
      for (const note of ['thread:m-bbbb', 'm-aaaa', 'slack:rung', 'x:m-aaaa:y']) expect(store.note(note)).toBe('kept');
      expect(store.create('m-aaaa', 'checking', [row('new')])[0]?.seq).toBe(1);
    });

    it('is refused when somebody wrote since, and for a migration that is not there', () => {
      store.create('m-aaaa', 'checking', [row('a')]);
      store.append('m-aaaa', 1, 'planned', [row('late')]);
      expect(() => store.remove('m-aaaa', 1)).toThrow(StoreConflictError);
      expect(() => store.remove('m-zzzz', 1)).toThrow(StoreConflictError);
      expect(store.journal('m-aaaa')).toHaveLength(2);
    });

    it('stays done after close and open', () => {
      if (!under.durable) return;
      store.create('m-aaaa', 'checking', [row('a')]);
      store.setNote('thread:m-aaaa', '1');
      store.remove('m-aaaa', 1);
      store.close();
      store = under.open(secrets);
      expect([store.migrations(), store.journal('m-aaaa'), store.note('thread:m-aaaa')]).toEqual([[], [], null]);
    });
  });

  it('lists migrations newest first, with phase, version and start', () => {
    store.create('m-bbbb', 'checking', [row('b', 50)]);
    // A wall clock that jumped back does not make this one the older.
    store.create('m-aaaa', 'checking', [row('a', 10), row('a', 11)]);
    store.append('m-bbbb', 1, 'planned', [row('b2')]);
    expect(store.migrations()).toEqual([
      { id: 'm-aaaa', phase: 'checking', version: 2, createdAt: 1_730_000_000_010 },
      { id: 'm-bbbb', phase: 'planned', version: 2, createdAt: 1_730_000_000_050 },
    ]);
  });

  describe('inbox', () => {
    const item = (id: string, receivedAt = 1000) => ({
      id,
      kind: 'command',
      payload: { text: `do ${id}`, list: [1, null] },
      receivedAt,
    });

    it('gives open requests oldest first and forgets settled ones', () => {
      for (const id of ['c', 'a', 'b']) expect(store.putInbox(item(id))).toBe(true);
      expect(store.inbox()).toEqual([item('c'), item('a'), item('b')]);
      store.settleInbox('a');
      store.settleInbox('a');
      store.settleInbox('never was there');
      expect(store.inbox().map((one) => one.id)).toEqual(['c', 'b']);
    });

    it('knows a request that Slack sends again, before and after it was settled', () => {
      store.putInbox(item('a'));
      expect(store.putInbox({ ...item('a'), payload: 'other' })).toBe(false);
      expect(store.inbox()).toEqual([item('a')]);
      store.settleInbox('a');
      expect(store.putInbox(item('a', 5000))).toBe(false);
      expect(store.inbox()).toEqual([]);
    });

    it('does not remember settled requests for ever', () => {
      store.putInbox(item('old'));
      store.putInbox(item('open'));
      store.settleInbox('old');
      const later = 1000 + 25 * 3600 * 1000;
      store.putInbox(item('new', later));
      expect(store.inbox().map((one) => one.id)).toEqual(['open', 'new']);
      expect(store.putInbox(item('old', later))).toBe(true);
    });
  });

  it('keeps notes, the last one of each name', () => {
    expect(store.note('thread')).toBeNull();
    store.setNote('thread', 'one');
    store.setNote('thread', '{"seq":2}');
    store.setNote('other', '');
    expect([store.note('thread'), store.note('other')]).toEqual(['{"seq":2}', '']);
  });

  describe('samples', () => {
    const sample = (place: number, more: Partial<Sample> = {}): Sample => ({
      place,
      at: 1_730_000_000_000 + place * 1000,
      percents: [0, 55, 100, null],
      lagBytes: 5_000_000_000,
      writesPerSecond: 12.5,
      worst: 3,
      ...more,
    });
    const places = (id: string) => store.samples(id).map((one) => one.place);

    it('gives a series back as it was, by place, each migration its own', () => {
      store.create('m-aaaa', 'checking', [row('a')]);
      store.create('m-bbbb', 'checking', [row('b')]);
      const empty = sample(2, { percents: [], lagBytes: null, writesPerSecond: null, worst: null });
      store.keepSamples('m-aaaa', [empty, sample(1)], 1);
      store.keepSamples('m-bbbb', [sample(7)], 1);
      store.keepSamples('m-aaaa', [sample(3)], 1);
      expect(store.samples('m-aaaa')).toEqual([sample(1), empty, sample(3)]);
      expect(places('m-bbbb')).toEqual([7]);
      expect(places('m-zzzz')).toEqual([]);
    });

    it('thins a series out when it is asked to, and keeps the other ones', () => {
      store.create('m-aaaa', 'checking', [row('a')]);
      store.create('m-bbbb', 'checking', [row('b')]);
      store.keepSamples('m-bbbb', [sample(1), sample(3)], 1);
      const ten = Array.from({ length: 10 }, (_, place) => sample(place));
      store.keepSamples('m-aaaa', ten, 1);
      store.keepSamples('m-aaaa', [sample(12, { lagBytes: 1 })], 4);
      store.keepSamples('m-aaaa', [sample(12, { lagBytes: 2 })], 4);
      expect(places('m-aaaa')).toEqual([0, 4, 8, 12]);
      expect(store.samples('m-aaaa').at(-1)?.lagBytes).toBe(2);
      expect(places('m-bbbb')).toEqual([1, 3]);
    });
  });

  it('keeps a known secret out of what it writes', () => {
    secrets.add('hunter2-planted');
    const leaky: NewRow = {
      ...row('AUTH hunter2-planted failed'),
      event: { kind: 'trouble', shard: 0, text: 'sent AUTH hunter2-planted' },
    };
    const written = store.create('m-aaaa', 'checking', [leaky]);
    expect(JSON.stringify(written)).not.toContain('hunter2');
    expect(JSON.stringify(store.journal('m-aaaa'))).not.toContain('hunter2');
    expect(written[0]?.text).toBe('AUTH [secret] failed');
  });

  it('can be closed twice, and says so when it is used afterwards', () => {
    store.close();
    store.close();
    expect(() => store.migrations()).toThrow('The store is closed.');
    expect(() => store.setNote('a', 'b')).toThrow('The store is closed.');
  });

  it('remembers everything after close and open', () => {
    if (!under.durable) return;
    store.create('m-aaaa', 'checking', [row('a')]);
    store.append('m-aaaa', 1, 'planned', [row('b')]);
    store.putInbox({ id: 'i', kind: 'click', payload: 1, receivedAt: 1 });
    store.setNote('n', 'v');
    store.keepSamples(
      'm-aaaa',
      [{ place: 0, at: 1, percents: [50, null], lagBytes: 1, writesPerSecond: 1, worst: 0 }],
      1,
    );
    const all = () => [
      store.journal('m-aaaa'),
      store.migrations(),
      store.inbox(),
      store.note('n'),
      store.samples('m-aaaa'),
    ];
    const before = all();
    store.close();
    store = under.open(secrets);
    expect(all()).toEqual(before);
    expect(store.append('m-aaaa', 2, 'syncing', [row('c')])[0]?.seq).toBe(3);
  });
}
