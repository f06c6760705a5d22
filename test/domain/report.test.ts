/** The closing report, its Markdown and the CSV, against names that would like to be something else. */
import fc from 'fast-check';
import { describe as about, expect, it } from 'vitest';
import { describe } from '../../src/domain/describe.ts';
import type { Event, JournalRow } from '../../src/domain/event.ts';
import { foldJournal } from '../../src/domain/migration.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { shardsCsv } from '../../src/domain/report/csv.ts';
import { makeReport } from '../../src/domain/report/make-report.ts';
import { escapeMarkdown, reportMarkdown } from '../../src/domain/report/markdown.ts';
import { plainText } from '../../src/domain/report/plain-text.ts';
import { shardView } from '../observability/fixtures.ts';
import { ANA, aPlan, BEN, rowsOf, toSwitched } from './support/build.ts';

const HOSTILE = [
  '<!channel>',
  '"><script>alert(1)</script>',
  'a|b`c`\n# d',
  '*_~[x](y)',
  '\u202Eesrever',
  '🙂\ud800',
  'x'.repeat(200),
];

function reported(plan: Plan, more: readonly Event[] = []) {
  const rows = rowsOf(plan, [...toSwitched(plan), ...more]);
  return makeReport(foldJournal(rows), rows);
}

/** Rows of one's own, behind those of a migration that was switched, with the actors that they have in life. */
function withApprovals(): JournalRow[] {
  const plan = aPlan(2);
  const rows: JournalRow[] = [];
  const add = (event: Event, actor = 'bot') => {
    const seq = rows.length + 1;
    rows.push({ seq, at: 1_700_000_000_000 + seq * 1_000, actor, event, text: describe(event, plan), shard: null });
  };
  const approve = (gate: 'continue' | 'switch' | 'finish', user: string) =>
    add({ kind: 'approved', gate, user, click: 1, entry: foldJournal(rows).entry, findings: '', wipe: false }, user);
  add({ kind: 'requested', plan, messageTs: null }, ANA);
  for (const event of toSwitched(plan)) {
    if (event.kind === 'phase_entered' && event.phase === 'syncing') approve('continue', BEN);
    if (event.kind === 'phase_entered' && event.phase === 'switching') approve('switch', ANA);
    add(event);
  }
  add(
    { kind: 'override_asked', user: BEN, click: 3, entry: foldJournal(rows).entry, reason: 'the old app is off' },
    BEN,
  );
  approve('finish', BEN);
  add({ kind: 'phase_entered', phase: 'finishing', reason: '' });
  add({ kind: 'phase_entered', phase: 'finished', reason: '' });
  add({ kind: 'summary', lines: ['2 shards moved.', '<@U00000ANA> may rest.'] });
  return rows;
}

about('the closing report', () => {
  it('is short enough for a ticket after many troubles of a thousand shards: the JSON has them all', () => {
    const troubles = Array.from({ length: 3_000 }, (_, place): Event => {
      return { kind: 'trouble', shard: place % 1_000, text: `trouble ${place}.` };
    });
    const plan = aPlan(1_000);
    const rows = rowsOf(plan, [...toSwitched(plan), ...troubles]).map((row) => {
      return { ...row, shard: 'shard' in row.event ? row.event.shard : null };
    });
    const report = makeReport(foldJournal(rows), rows);
    const text = reportMarkdown(report);
    expect(report.timeline.length).toBeGreaterThan(3_000);
    expect(text).toMatch(/\n[\d,]+ rows, most of them about single shards, stand in the JSON only\.\n/);
    expect(text).toContain('Now switched');
    expect(text).not.toContain('trouble 17');
  });

  it('says who approved which gate and when, and what was answered for', () => {
    const rows = withApprovals();
    const report = makeReport(foldJournal(rows), rows);
    expect(report.gates.map((one) => [one.gate, one.approvals.map(({ user }) => user), one.passedAt !== null])).toEqual(
      [
        ['continue', [BEN], true],
        ['switch', [ANA], true],
        ['finish', [BEN], true],
      ],
    );
    expect(report.overrides).toMatchObject([{ user: BEN, reason: 'the old app is off' }]);
    expect(report).toMatchObject({ phase: 'finished', longestPauseMs: 7, seconds: expect.any(Number) });
    expect(report.milestones.map((one) => one.text)).toEqual([
      'continue approved',
      'every shard in step',
      'switch approved',
      'cut-over',
      'finish opened without the quiet period',
      'finish approved',
      'finished',
    ]);
    expect(report.left.filter((one) => one.kind === 'fence')).toHaveLength(2);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it('tells of each shard its size, its times and that nobody has verified it', () => {
    const plan = aPlan(2);
    const report = reported(plan, [{ kind: 'shard_in_step', shard: 1, seconds: 42, keys: 20_000 }]);
    expect(report.shards[1]).toMatchObject({
      source: 'old-2:6379',
      destinationVersion: 'redis 7.0.15',
      keys: 20_000,
      bytes: 1_000_000,
      fullSyncSeconds: 42,
      pauseMs: 7,
      outcome: 'moved',
      verified: null,
    });
    expect(report.shards[0]?.fullSyncSeconds).toBeNull();
  });

  it('names settings with what they were and what became of them, and keeps secret ones to itself', () => {
    const plan = aPlan(1);
    const set = (name: string, old: string | null, value: string | null): Event => ({
      kind: 'intent',
      effect: {
        kind: 'set_config',
        shard: 0,
        side: 'source',
        name,
        old: old === null ? { kind: 'sealed', box: 'sealed-box' } : { kind: 'plain', value: old },
        value,
        why: 'because',
      },
    });
    const report = reported(plan, [set('repl-timeout', '60', '600'), set('masterauth', null, null)]);
    expect(report.settings).toMatchObject([
      { name: 'repl-timeout', server: 'old-1:6379', old: '60', value: '600', outcome: 'not seen' },
      { name: 'masterauth', old: null, value: null },
    ]);
    expect(JSON.stringify(report)).not.toContain('sealed-box');
  });

  it('takes a row of a kind that it does not know as a line of the timeline', () => {
    const rows = withApprovals();
    const state = foldJournal(rows);
    const odd = { kind: 'denied', user: ANA, reason: 'not today' } as unknown as Event;
    const text = `<@${ANA}> denied *switch*: not today.`;
    const report = makeReport(state, [...rows, { ...rows[0]!, seq: 99, actor: ANA, event: odd, text }]);
    expect(report.timeline.at(-1)).toMatchObject({ kind: 'denied', text });
    expect(reportMarkdown(report)).toContain(`| ${ANA} denied switch: not today. |`);
  });
});

about('the report as Markdown', () => {
  it('shows people by name where it is told them, and moments as they are', () => {
    const moment = '<!date^1700000000^{date_short_pretty} {time_secs}|2023-11-14T22:13:20Z>';
    expect(plainText(`<@${ANA}> approved *switch* at ${moment}, not *2 * 3*`, () => 'Ana')).toBe(
      'Ana approved switch at 2023-11-14T22:13:20Z, not *2 * 3*',
    );
    const rows = withApprovals();
    const markdown = reportMarkdown(makeReport(foldJournal(rows), rows), (user) => (user === ANA ? 'Ana' : 'Ben'));
    expect(markdown).toContain('- Ana may rest.');
    expect(markdown).toMatch(/\| switch \| 2023-11-14 22:13:\d\d UTC \| Ana, /);
    expect(markdown).not.toMatch(/<@|<!/);
  });

  it('lets no name become a table, a heading, a link or a tag, and keeps each row one line of as many cells', () => {
    const words = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', maxLength: 60 }));
    fc.assert(
      fc.property(words, words, (name, text) => {
        const plan = aPlan(2, { name });
        const report = reported(plan, [{ kind: 'drift', shard: 0, side: 'source', runId: null, text }]);
        const lines = reportMarkdown(report).split('\n');
        for (const line of lines) {
          expect(line).not.toMatch(/<|(?<!\\)`|(?<!\\)\[|\p{Cc}|[\u202a-\u202e]/u);
          if (!line.startsWith('|')) continue;
          const cells = line.replaceAll('\\\\', '').replaceAll('\\|', '').split('|').length - 2;
          expect([2, 3, 6, 9]).toContain(cells);
        }
        expect(lines.filter((line) => line.startsWith('# '))).toHaveLength(1);
      }),
      { numRuns: 60 },
    );
  });

  it('escapes what would format, and leaves addresses and versions readable', () => {
    expect(escapeMarkdown('redis-1.new:6379 (redis 7.0.15), repl_backlog_size')).toBe(
      'redis-1.new:6379 (redis 7.0.15), repl_backlog_size',
    );
    expect(escapeMarkdown('- a')).toBe('\\- a');
    expect(escapeMarkdown('1. a')).toBe('1\\. a');
    expect(escapeMarkdown('10.0.0.1:6379')).toBe('10.0.0.1:6379');
    expect(escapeMarkdown('_a_ **b** `c` <d> [e](f) | \\ & #')).toBe(
      '\\_a\\_ \\*\\*b\\*\\* \\`c\\` &lt;d&gt; \\[e\\](f) \\| \\\\ &amp; \\#',
    );
  });

  it('stays short for a thousand shards that changed the same setting', () => {
    const plan = aPlan(300);
    const settings = plan.shards.map(
      ({ index }): Event => ({
        kind: 'intent',
        effect: {
          kind: 'set_config',
          shard: index,
          side: 'source',
          name: 'repl-timeout',
          old: { kind: 'plain', value: '60' },
          value: '600',
          why: 'x',
        },
      }),
    );
    const rows = rowsOf(plan, settings);
    const markdown = reportMarkdown(makeReport(foldJournal(rows), rows));
    expect(markdown.match(/repl-timeout/g)).toHaveLength(1);
    expect(markdown).toContain('and 295 more servers');
  });
});

about('shards as CSV', () => {
  it('has a line for each shard and an empty cell where nobody knows', () => {
    const csv = shardsCsv([shardView(), shardView({ index: 1, lagBytes: null, reason: 'a, "b"\nc' })]);
    const [head, first, ...rest] = csv.split('\r\n');
    expect(head?.split(',').slice(0, 3)).toEqual(['shard', 'source', 'destination']);
    expect(first).toMatch(/^1,old-1:6379,new-1:6379,in_step,100,12,/);
    expect(rest.join('\r\n')).toMatch(/^2,.*,"a, ""b""\nc"\r\n$/s);
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '|cmd', '＝1', '\u200B=1'])(
    'takes the formula out of %j',
    (evil) => {
      const csv = shardsCsv([shardView({ source: evil, reason: evil })]);
      const cells = csv.split('\r\n')[1] ?? '';
      expect(cells).toContain(`1,"'${evil}",new-1:6379`);
    },
  );

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (reason) => {
        const csv = shardsCsv([shardView({ reason })]);
        const body = csv.slice(csv.indexOf('\r\n') + 2, -2);
        const cell = /,("(?:[^"]|"")*"|[^",\r\n]*)$/.exec(body)?.[1] ?? 'none';
        const read = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
        expect([reason, `'${reason}`]).toContain(read);
      }),
    );
  });
});
