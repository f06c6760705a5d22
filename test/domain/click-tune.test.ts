/** The button of the loop alarm: who may press it, when, and what it does. */
import { describe, expect, it } from 'vitest';
import type { Event, Tune } from '../../src/domain/event.ts';
import { foldJournal } from '../../src/domain/migration.ts';
import { aPlan, BEN, EVE, enter, toStreaming } from './support/build.ts';
import { Desk, NO } from './support/desk.ts';

const change: Tune = { side: 'source', name: 'repl-timeout', value: '120', why: 'too short.' };

function alarmed(shard = 0, tune: readonly Tune[] = [change]): Event {
  return { kind: 'sync_alarm', shard, cause: 'timeout', text: 'it never ends.', tune };
}

function desk(...events: readonly Event[]): Desk {
  const plan = aPlan(2);
  return new Desk(plan, [...toStreaming(plan), enter('syncing'), ...events]);
}

function offered(one: Desk): string[] {
  return one
    .view()
    .actions.filter((action) => action.action === 'migration:tune')
    .map((action) => action.consequence);
}

describe('“set it”', () => {
  it('is offered with the exact settings, and what was agreed to is what was offered', () => {
    const one = desk(alarmed());
    expect(offered(one)).toEqual([
      'Shard 1, source: CONFIG SET repl-timeout "120". They are put back when the migration ends.',
    ]);
    expect(one.click('migration:tune', BEN)).toMatchObject({ accepted: true });
    expect(one.state.shards.map((shard) => shard.tune)).toEqual([[change], []]);
    expect(offered(one)).toEqual([]);
    expect(one.click('migration:tune', EVE)).toMatchObject({
      accepted: false,
      text: 'There is no alarm any more that a setting would mend.',
    });
    one.journal.append({ kind: 'tuned', shard: 0, fullSyncs: 2, text: 'repl-timeout is set on the source.' });
    expect(one.state.shards[0]).toMatchObject({ tune: [], alarm: null });
  });

  it('goes for every shard with an alarm at once, and for none without a setting', () => {
    const both = desk(alarmed(0), alarmed(1, [{ ...change, value: '240' }]));
    both.click('migration:tune', BEN);
    expect(both.state.shards.map((shard) => shard.tune[0]?.value)).toEqual(['120', '240']);
    const nothing = desk(alarmed(0, []));
    expect(offered(nothing)).toEqual([]);
    expect(nothing.click('migration:tune', BEN).accepted).toBe(false);
  });

  it('is for approvers, not for requesters', () => {
    const rights = { request: { ok: true }, approve: NO } as const;
    expect(desk(alarmed()).click('migration:tune', BEN, { rights })).toMatchObject({ accepted: false, text: NO.why });
    const approver = { request: NO, approve: { ok: true } } as const;
    expect(desk(alarmed()).click('migration:tune', BEN, { rights: approver }).accepted).toBe(true);
  });

  it('on an old copy changes nothing; by command it is what is true now', () => {
    const one = desk(alarmed());
    expect(one.click('migration:tune', BEN, { entry: one.state.entry - 1 }).text).toMatch(/from an earlier state/);
    expect(one.state.shards[0]?.tune).toEqual([]);
    expect(one.click('migration:tune', BEN, { entry: null }).accepted).toBe(true);
  });

  it('is gone when the alarm is over, in an abort, and after the end', () => {
    const over = desk(alarmed(), { kind: 'sync_alarm_over', shard: 0, fullSyncs: 2, text: 'in step.' });
    expect(offered(over)).toEqual([]);
    expect(over.click('migration:tune', BEN).accepted).toBe(false);
    const aborting = desk(alarmed(), enter('aborting'));
    expect(offered(aborting)).toEqual([]);
    expect(aborting.click('migration:tune', BEN).accepted).toBe(false);
    aborting.journal.append(enter('aborted'));
    expect(aborting.click('migration:tune', BEN).text).toMatch(/is aborted/);
  });

  it('agreed to and not done yet is given up when the alarm is over by itself', () => {
    const one = desk(alarmed());
    one.click('migration:tune', BEN);
    one.journal.append({ kind: 'sync_alarm_over', shard: 0, fullSyncs: 2, text: 'in step.' });
    expect(one.state.shards[0]?.tune).toEqual([]);
  });
});

it('every row about alarms, settings and what is held comes back from the store as it went in', () => {
  const one = desk(
    alarmed(),
    { kind: 'tune_asked', user: BEN, click: 1 },
    { kind: 'tuned', shard: 0, fullSyncs: 2, text: 'set.' },
    {
      kind: 'held',
      shard: 1,
      side: 'destination',
      what: 'read_only',
      ledger: null,
      text: '<!channel> *takes* writes.',
    },
    { kind: 'resume_asked', user: BEN, click: 2 },
    { kind: 'released', shard: 1, side: 'destination', what: 'read_only', ledger: null, by: BEN, text: 'goes on.' },
    { kind: 'intent', effect: { kind: 'park', shard: 0, why: 'it suffers.' } },
    alarmed(1),
    { kind: 'sync_alarm_over', shard: 1, fullSyncs: 7, text: 'in step.' },
  );
  const rows = JSON.parse(JSON.stringify(one.journal.rows)) as typeof one.journal.rows;
  expect(foldJournal(rows)).toEqual(one.state);
  for (const row of one.journal.rows) expect(row.text, row.event.kind).toMatch(/\S/);
});
