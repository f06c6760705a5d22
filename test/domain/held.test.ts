/** What somebody else changes on servers of ours: held, told with before and after, free again, or agreed to. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import { canResume, heldRows, heldText, releaseRows } from '../../src/domain/held.ts';
import { agreedFrom } from '../../src/domain/may-ask.ts';
import type { PairLook, ReplicationFacts, ServerFacts, ServerLook } from '../../src/domain/observation.ts';
import { fenceAddress } from '../../src/domain/plan.ts';
import {
  aPlan,
  BEN,
  beforeOf,
  enter,
  followingPair,
  replication,
  sightOf,
  toSyncing,
  unseen,
} from './support/build.ts';
import { decided } from './support/decided.ts';
import { Desk, NO } from './support/desk.ts';

const plan = aPlan(1);
const shard = plan.shards[0] as (typeof plan.shards)[0];
const FENCE = fenceAddress(plan.id);

interface Changed {
  readonly source?: Partial<ServerFacts>;
  readonly destination?: Partial<ServerFacts>;
  readonly link?: Partial<ReplicationFacts>;
  readonly settings?: Readonly<Record<string, string | null>>;
  /** When the settings were read, after the last row; null: never. */
  readonly readAfterMs?: number | null;
}

/** A shard in step, looked at a while after the last row, as others have changed it. */
function lookAt(desk: Desk, changed: Changed = {}): PairLook {
  const { readAfterMs = 2_000, settings = {} } = changed;
  const pair = followingPair(shard);
  if (!pair.source.ok || !pair.destination.ok) throw new Error('unreachable');
  const values = new Map(Object.entries({ 'repl-timeout': '120', 'repl-backlog-size': '2097152', ...settings }));
  const read = readAfterMs === null ? null : { at: desk.journal.now + readAfterMs, values };
  const link = { ...pair.destination.facts.replication, readOnly: true, ...changed.link };
  return {
    source: { ...pair.source, facts: { ...pair.source.facts, ...changed.source }, settings: read },
    destination: {
      ...pair.destination,
      facts: { ...pair.destination.facts, replication: link, ...changed.destination },
      settings: read,
    },
  };
}

function begun(): Desk {
  const desk = new Desk(plan, toSyncing(plan));
  const { seq } = desk.journal.append({
    kind: 'intent',
    effect: { kind: 'replicate', shard: 0, before: beforeOf(0) },
  });
  desk.journal.append({ kind: 'answered', intent: seq, outcome: 'ok', detail: 'OK' });
  desk.journal.append({ kind: 'seen', intent: seq, detail: 'follows.' });
  return desk;
}

/** With a setting of ours at its source. Returns the number of its intent. */
function tuned(desk: Desk, name = 'repl-timeout', value: string | null = '120', isSeen = true): number {
  const old = value === null ? ({ kind: 'sealed', box: 'sealed' } as const) : ({ kind: 'plain', value: '60' } as const);
  const effect = { kind: 'set_config', shard: 0, side: 'source', name, old, value, why: 'so' } as const;
  const { seq } = desk.journal.append({ kind: 'intent', effect });
  if (isSeen) desk.journal.append({ kind: 'seen', intent: seq, detail: `${name} is set.` });
  return seq;
}

function rows(desk: Desk, look: PairLook): Event[] {
  return (sightOf(desk.state, [look]).shards ?? []).flatMap((one) => heldRows(desk.state, one));
}

/** Looks, journals what is held or free again, and returns it in short. */
function tick(desk: Desk, look: PairLook): string[] {
  const found = rows(desk, look);
  desk.sight = sightOf(desk.state, [look]);
  for (const row of found) desk.journal.append(row);
  return found.map((row) => ('what' in row ? `${row.kind} ${row.what}` : row.kind));
}

describe('is held, and told with before and after', () => {
  it.each<[string, Changed, RegExp]>([
    [
      'held role',
      { source: { role: 'replica', replication: replication({ master: { host: 'evil', port: 7 } }) } },
      /^old-1:6379 was a master and is a replica of evil:7 now/,
    ],
    [
      'held role',
      { destination: { role: 'master', replication: replication() } },
      /^new-1:6379 was a replica of old-1:6379 and is a master now/,
    ],
    [
      'held master',
      { link: { master: { host: 'evil', port: 7 } } },
      /^new-1:6379 was a replica of old-1:6379 and follows evil:7 now/,
    ],
    ['held master', { link: { master: FENCE } }, /and follows 127\.\S+:1 now, which is not our doing/],
    ['held read_only', { link: { readOnly: false } }, /^new-1:6379 refused writes as a replica and takes them now/],
  ])('%s, $2', (what, changed, text) => {
    const desk = begun();
    expect(tick(desk, lookAt(desk, changed))).toEqual([what]);
    expect(desk.state.shards[0]?.held[0]?.text).toMatch(text);
    // Told once; nothing is done to it, and no gate opens.
    expect(tick(desk, lookAt(desk, changed))).toEqual([]);
    expect(decided(desk.state, [lookAt(desk, changed)]).effects).toEqual([]);
    desk.journal.append(enter('streaming'));
    expect(desk.gate('switch')).toMatchObject({ open: false, reason: heldText(desk.state) });
  });

  it('a setting of ours, with our value and the one that is there now', () => {
    const desk = begun();
    tuned(desk);
    expect(tick(desk, lookAt(desk, { settings: { 'repl-timeout': '61' } }))).toEqual(['held setting']);
    expect(heldText(desk.state)).toBe(
      'Shard 1: repl-timeout on old-1:6379 was set to "120" by us and is "61" now. Put it back, or say to go on with it as it is.',
    );
  });

  it('a value that would call people in Slack, or fill the channel, is quoted so that it does not', () => {
    const desk = begun();
    tuned(desk);
    const value = `<!channel> <@U00000BEN>\n${'x'.repeat(5_000)}`;
    tick(desk, lookAt(desk, { settings: { 'repl-timeout': value } }));
    expect(heldText(desk.state)).toContain('is "‹!channel› ‹@U00000BEN› xxx');
    expect(heldText(desk.state)).not.toMatch(/[<>\n]/);
    expect(heldText(desk.state)?.length).toBeLessThan(300);
  });

  it('everything at once, each by itself', () => {
    const desk = begun();
    tuned(desk);
    const all = { settings: { 'repl-timeout': '61' }, link: { readOnly: false, master: { host: 'evil', port: 7 } } };
    expect(tick(desk, lookAt(desk, all))).toEqual(['held master', 'held read_only', 'held setting']);
    expect(heldText(desk.state)).toMatch(/And 2 more; the thread has them\.$/);
  });

  it('in streaming, approvals are void: the shard has to come in step once more', () => {
    const desk = begun();
    desk.journal.append(enter('streaming'));
    const { enter: next } = decided(desk.state, [lookAt(desk, { link: { readOnly: false } })]);
    expect(next?.phase).toBe('syncing');
  });
});

describe('no false alarm', () => {
  it('on servers that are as we left them, or that nobody sees', () => {
    const desk = begun();
    tuned(desk);
    expect(rows(desk, lookAt(desk))).toEqual([]);
    const away = unseen('It hangs.');
    expect(rows(desk, { source: away, destination: away })).toEqual([]);
  });

  it('on a setting that somebody set to exactly our value, or of which only a name is known', () => {
    const desk = begun();
    tuned(desk);
    expect(rows(desk, lookAt(desk, { settings: { 'repl-timeout': '120' } }))).toEqual([]);
    expect(rows(desk, lookAt(desk, { settings: { 'repl-timeout': null } }))).toEqual([]);
    const hidden = lookAt(desk);
    if (!hidden.source.ok) throw new Error('unreachable');
    const none = { at: desk.journal.now + 5_000, values: new Map() };
    expect(rows(desk, { ...hidden, source: { ...hidden.source, settings: none } })).toEqual([]);
  });

  it('on readings of before our own change, or so soon after it that they may be', () => {
    const desk = begun();
    tuned(desk);
    const theirs = { settings: { 'repl-timeout': '60' } };
    for (const readAfterMs of [-1, 0, 500, null])
      expect(rows(desk, lookAt(desk, { ...theirs, readAfterMs }))).toEqual([]);
    expect(rows(desk, lookAt(desk, { ...theirs, readAfterMs: 1_000 }))).toHaveLength(1);
  });

  it('on a change that was never seen to have arrived, and on one that is being put back', () => {
    const desk = begun();
    const lost = tuned(desk, 'repl-timeout', '120', false);
    expect(rows(desk, lookAt(desk, { settings: { 'repl-timeout': '60' } }))).toEqual([]);
    desk.journal.append({ kind: 'seen', intent: lost, detail: 'set.' });
    const restore = { kind: 'restore_config', shard: 0, side: 'source', name: 'repl-timeout', ledger: lost } as const;
    desk.journal.append({ kind: 'intent', effect: restore });
    expect(rows(desk, lookAt(desk, { settings: { 'repl-timeout': '60' } }))).toEqual([]);
  });

  it('on a server that was restarted and has the settings of its file again, and the old value stays to be put back', () => {
    const desk = begun();
    tuned(desk);
    const restarted = { source: { runId: 'the next process' }, settings: { 'repl-timeout': '60' } };
    expect(rows(desk, lookAt(desk, restarted))).toEqual([]);
    const text = 'it was restarted.';
    desk.journal.append({ kind: 'drift', shard: 0, side: 'source', runId: 'the next process', text });
    expect(rows(desk, lookAt(desk, restarted))).toEqual([]);
    expect(desk.state.ledger[0]).toMatchObject({ old: { value: '60' }, closed: false });
    // What is set in the new process is watched there.
    const wide = { side: 'source', name: 'repl-timeout', value: '180', why: 'so' } as const;
    const old = { kind: 'plain', value: '60' } as const;
    const { seq } = desk.journal.append({ kind: 'intent', effect: { kind: 'set_config', shard: 0, old, ...wide } });
    desk.journal.append({ kind: 'seen', intent: seq, detail: 'repl-timeout is set.' });
    expect(tick(desk, lookAt(desk, restarted))).toEqual(['held setting']);
  });

  it('on our own fence at a source, after a cut-over that was let go', () => {
    const desk = begun();
    const source = { role: 'replica', replication: replication({ master: FENCE }) } as const;
    expect(rows(desk, lookAt(desk, { source }))).toEqual([]);
  });

  it('before it was seen to follow, after the proof, and on a 2.4, which has no read-only flag', () => {
    const desk = new Desk(plan, toSyncing(plan));
    expect(rows(desk, lookAt(desk, { destination: { role: 'master' } }))).toEqual([]);
    const promoted = begun();
    promoted.journal.append({ kind: 'promoted', shard: 0, pauseMs: 7, detail: 'is the master.' });
    expect(rows(promoted, lookAt(promoted, { destination: { role: 'master' } }))).toEqual([]);
    expect(rows(begun(), lookAt(begun(), { link: { readOnly: null } }))).toEqual([]);
  });

  it('no secret is compared, kept or shown', () => {
    const desk = begun();
    tuned(desk, 'masterauth', null);
    const look = lookAt(desk, { settings: { masterauth: 'hunter2' } });
    expect(rows(desk, look)).toEqual([]);
    expect(JSON.stringify(decided(desk.state, [look]))).not.toContain('hunter2');
  });
});

describe('is free again', () => {
  it('by itself when role, master and setting are as they were', () => {
    const desk = begun();
    tuned(desk);
    const wrong = { settings: { 'repl-timeout': '61' }, link: { master: { host: 'evil', port: 7 } } };
    tick(desk, lookAt(desk, wrong));
    expect(tick(desk, lookAt(desk))).toEqual(['released master', 'released setting']);
    expect(heldText(desk.state)).toBeNull();
    expect(desk.state.ledger[0]?.closed).toBe(false);
  });

  it('by a restart, where it was a setting', () => {
    const desk = begun();
    tuned(desk);
    tick(desk, lookAt(desk, { settings: { 'repl-timeout': '61' } }));
    const text = 'it was restarted.';
    desk.journal.append({ kind: 'drift', shard: 0, side: 'source', runId: 'the next process', text });
    const restarted = { source: { runId: 'the next process' }, settings: { 'repl-timeout': '60' } };
    expect(tick(desk, lookAt(desk, restarted))).toEqual(['released setting']);
  });

  it('never because nobody could look: a server that is away, a setting that is not read any more', () => {
    const desk = begun();
    tuned(desk);
    tick(desk, lookAt(desk, { settings: { 'repl-timeout': '61' } }));
    const hidden = lookAt(desk);
    if (!hidden.source.ok) throw new Error('unreachable');
    const { source } = hidden;
    const none = { at: desk.journal.now + 5_000, values: new Map<string, string | null>() };
    for (const blind of [
      unseen('It hangs.'),
      { ...source, settings: none },
      { ...source, settings: null },
    ] as ServerLook[])
      expect(tick(desk, { ...hidden, source: blind })).toEqual([]);
    expect(tick(desk, lookAt(desk, { readAfterMs: -10_000 }))).toEqual([]);
    expect(tick(desk, lookAt(desk))).toEqual(['released setting']);
  });

  it('when the setting has been put back by us in the meantime', () => {
    const desk = begun();
    const ledger = tuned(desk);
    tick(desk, lookAt(desk, { settings: { 'repl-timeout': '61' } }));
    desk.journal.append({ kind: 'given_up', what: 'setting', ledger, shard: 0, detail: 'is theirs.' });
    expect(tick(desk, lookAt(desk, { settings: { 'repl-timeout': '61' } }))).toEqual(['released setting']);
  });

  it('a copy that took writes not by itself: they are on it whatever the flag says later', () => {
    const desk = begun();
    tick(desk, lookAt(desk, { link: { readOnly: false } }));
    expect(tick(desk, lookAt(desk))).toEqual([]);
    expect(desk.state.shards[0]?.held).toHaveLength(1);
  });
});

describe('“go on”', () => {
  it('leaves somebody’s value where it is, at the end too, and watches it no more', () => {
    const desk = begun();
    tuned(desk);
    const theirs = { settings: { 'repl-timeout': '61' } };
    tick(desk, lookAt(desk, theirs));
    expect(desk.click('migration:resume', BEN)).toMatchObject({ accepted: true });
    expect(desk.state.ledger[0]?.closed).toBe(true);
    expect(tick(desk, lookAt(desk, theirs))).toEqual([]);
    expect(desk.journal.rows.at(-1)?.text).toMatch(/is "61" now\. It is left so at the end, too\./);
    desk.journal.append(enter('aborting'));
    expect(decided(desk.state, [lookAt(desk, theirs)]).effects.map((one) => one.kind)).toEqual(['detach']);
  });

  it('with a copy that still takes writes is refused; once it refuses them again, it is accepted', () => {
    const desk = begun();
    tick(desk, lookAt(desk, { link: { readOnly: false } }));
    const refused = desk.click('migration:resume', BEN);
    expect(refused.accepted).toBe(false);
    expect(refused.text).toMatch(/takes them now .* Set it to yes again/);
    expect(canResume(desk.state, desk.sight)).toBe(false);
    tick(desk, lookAt(desk));
    expect(desk.click('migration:resume', BEN)).toMatchObject({ accepted: true });
    expect(tick(desk, lookAt(desk))).toEqual([]);
    expect(heldText(desk.state)).toBeNull();
  });

  it('is not to be had for roles and masters: they are mended at the server, or the migration is aborted', () => {
    const desk = begun();
    tick(desk, lookAt(desk, { destination: { role: 'master', replication: replication() } }));
    expect(desk.click('migration:resume', BEN).accepted).toBe(false);
    expect(heldText(desk.state)).toMatch(/Put it back as it was, or abort\.$/);
    expect(releaseRows(desk.state, desk.sight, BEN)).toEqual([]);
  });

  it('is for approvers, on what they see now, while shards follow', () => {
    const held = () => {
      const desk = begun();
      tuned(desk);
      tick(desk, lookAt(desk, { settings: { 'repl-timeout': '61' } }));
      return desk;
    };
    const noRight = held().click('migration:resume', BEN, { rights: { request: { ok: true }, approve: NO } });
    expect(noRight).toMatchObject({ accepted: false, text: NO.why });
    const old = held();
    expect(old.click('migration:resume', BEN, { entry: old.state.entry - 1 })).toMatchObject({ accepted: false });
    expect(held().click('migration:resume', BEN, { entry: null })).toMatchObject({ accepted: true });
    // What was told after the button was drawn nobody has agreed to with it.
    const more = held();
    const drawn = agreedFrom(more.state);
    tuned(more, 'repl-backlog-size', '2097152');
    tick(more, lookAt(more, { settings: { 'repl-timeout': '61', 'repl-backlog-size': '1' } }));
    expect(more.click('migration:resume', BEN, { entry: drawn })).toMatchObject({ accepted: false });
    expect(more.click('migration:resume', BEN)).toMatchObject({ accepted: true });
    expect(heldText(more.state)).toBeNull();
    const aborting = held();
    aborting.journal.append(enter('aborting'));
    expect(aborting.click('migration:resume', BEN).accepted).toBe(false);
    const twice = held();
    twice.click('migration:resume', BEN);
    expect(twice.click('migration:resume', BEN)).toMatchObject({ accepted: false });
  });
});
