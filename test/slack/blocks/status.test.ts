import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasEnded, PHASES } from '../../../src/domain/phase.ts';
import type { ShardView } from '../../../src/domain/view.ts';
import { ACTION_IDS } from '../../../src/domain/view.ts';
import { checkMessage, checkView } from '../../../src/sandbox/slack/block-limits.ts';
import {
  askAnswer,
  historyAnswer,
  listAnswer,
  preflightAnswer,
  refusal,
  statusAnswer,
} from '../../../src/slack/blocks/answers.ts';
import { confirmForm } from '../../../src/slack/blocks/confirm.ts';
import { readButtonValue, textLength } from '../../../src/slack/blocks/elements.ts';
import { startForm } from '../../../src/slack/blocks/form.ts';
import { RUNGS } from '../../../src/slack/blocks/shard-table.ts';
import { renderFirst, renderNotStarted, renderStatus } from '../../../src/slack/blocks/status.ts';
import { ANA, actionView, BEN, gateView, shardView, view } from '../support.ts';
import { allText, anyView, expectHarmless, text } from './any-view.ts';

describe('the status message', () => {
  it('keeps every limit of Slack, in every phase, on every rung, whatever the names', () => {
    fc.assert(
      fc.property(anyView, fc.constantFrom(...RUNGS), (drawn, rung) => {
        const { blocks, text: fallback } = renderStatus(drawn, rung);
        expect(checkMessage(blocks, fallback, { forUpdate: true })).toEqual([]);
        expect(textLength(blocks)).toBeLessThanOrEqual(12_000);
        expect(fallback.length).toBeGreaterThan(10);
        expectHarmless(blocks);
        expectHarmless(fallback);
      }),
      { numRuns: 150 },
    );
  });

  it('keeps them also when everything is told at once, at its longest', () => {
    const long = 'what <@nobody> & *nothing* knows '.repeat(100);
    const at = '2024-05-01T10:00:00.000Z';
    const everybody = Array.from({ length: 30 }, (_, index) => ({ user: `U${String(index).padStart(20, '0')}`, at }));
    const brokenGlass = { user: ANA, at, reason: long, given: 0, needed: 40 };
    const finding = { level: 'error', shard: 3, code: 'x', text: long, fix: long } as const;
    const client = { server: long, address: long, name: long, user: long, library: long, lastCommand: long };
    const loud = view({
      waitingFor: long,
      reason: long,
      schedule: {
        zone: 'UTC',
        startAt: null,
        window: null,
        autoSwitch: true,
        cancelledBy: null,
        text: long,
      },
      findings: Array.from({ length: 60 }, () => finding),
      gates: (['continue', 'switch', 'finish'] as const).map((gate) =>
        gateView(gate, { open: true, reason: long, needed: 40, approvals: everybody, brokenGlass }),
      ),
      actions: ACTION_IDS.map((action) => actionView({ action, consequence: long })),
      wayBack: { open: true, text: long },
      lateWriters: long,
      lateClients: Array.from({ length: 50 }, () => ({ ...client, shard: 0, idleSeconds: 1, triedSecondsAgo: 1 })),
      axe: { running: true, lines: Array.from({ length: 50 }, () => long) },
      shards: Array.from({ length: 201 }, (_, index) => shardView(index, { source: long, reason: long })),
    });
    for (const rung of RUNGS) {
      for (const phase of ['planned', 'switched', 'finished'] as const) {
        const { blocks, text: fallback } = renderStatus({ ...loud, phase }, rung);
        expect(checkMessage(blocks, fallback, { forUpdate: true })).toEqual([]);
        expect(textLength(blocks)).toBeLessThanOrEqual(12_000);
        expect(blocks.some((block) => block.type === 'actions')).toBe(true);
        expectHarmless(blocks);
      }
    }
  });

  it('shows up to 20 shards in a table with every column', () => {
    const shards = Array.from({ length: 20 }, (_, index) => shardView(index, { pauseMs: 12 }));
    const table = renderStatus(view({ shards })).blocks.find((block) => block.type === 'table');
    const rows = (table as unknown as { rows: { text: string }[][] }).rows.map((row) => row.map((cell) => cell.text));
    expect(rows).toHaveLength(21);
    expect(rows[0]).toEqual([
      'Shard',
      'Source',
      'Destination',
      'State',
      'Done',
      'Speed',
      'Left',
      'Lag',
      'Buffer',
      'Writes',
      'Clients',
      'Full syncs',
      'Pause',
    ]);
    expect(rows[1]).toEqual([
      '1',
      'old-1:6379',
      'new-1:6379',
      '🟢 in step',
      '100 %',
      '0 B/s',
      '0 s',
      '0 B',
      '1.00 KiB',
      '13/s',
      '3',
      '1',
      '12 ms',
    ]);
  });

  it('shows what nobody knows as a dash and nothing as 0', () => {
    const unknown = shardView(0, { state: 'unreachable', percent: null, lagBytes: null, sourceWritesPerSecond: 0 });
    const { blocks } = renderStatus(view({ shards: [unknown] }));
    expect(allText(blocks)).toContain('"⛔ unreachable"},{"type":"raw_text","text":"–"}');
    expect(allText(blocks)).toContain('"0/s"');
  });

  it('shows 200 shards, the worst first, within the limit', () => {
    const shards = Array.from({ length: 200 }, (_, index) =>
      shardView(index, index === 150 ? { state: 'link_down', reason: 'The link is down.' } : {}),
    );
    const { blocks } = renderStatus(view({ phase: 'streaming', shards }));
    const table = blocks.find((block) => block.type === 'data_table') as unknown as { rows: { text: string }[][] };
    expect(table.rows[1]?.map((cell) => cell.text).slice(0, 4)).toEqual(['151', 'old-151', 'new-151', '🔴 link down']);
    expect(table.rows).toHaveLength(201);
    expect(allText(blocks)).toContain('Shard 151: The link is down.');
    expect(checkMessage(blocks, 'x', { forUpdate: true })).toEqual([]);
  });

  it('says once what all addresses end with rather than leave out how far the shards are', () => {
    const shards = Array.from({ length: 200 }, (_, index) =>
      shardView(index, {
        source: `orders-${index}.old.internal:6379`,
        destination: `orders-${index}.new.internal:6379`,
        state: 'transfer',
        percent: 43,
        lagBytes: null,
      }),
    );
    const { blocks } = renderStatus(view({ phase: 'syncing', shards }));
    const table = blocks.find((block) => block.type === 'data_table') as unknown as { rows: { text: string }[][] };
    const [titles, first] = table.rows.map((row) => row.map((cell) => cell.text));
    expect(table.rows).toHaveLength(201);
    expect(titles?.slice(0, 3)).toEqual(['Shard', 'Source ….old.internal:6379', 'Destination ….new.internal:6379']);
    expect(titles).toEqual(expect.arrayContaining(['Done', 'Lag']));
    expect(first?.slice(0, 5)).toEqual(['1', 'orders-0', 'orders-0', '🚚 transfer', '43 %']);
  });

  it('shows totals and the worst 15 above 200, and says how many it leaves out', () => {
    const shards = Array.from({ length: 300 }, (_, index) => shardView(index));
    const { blocks } = renderStatus(view({ shards }));
    expect(allText(blocks)).toContain('🟢 300 in step');
    expect(allText(blocks)).toContain('and 285 more shards that do better');
  });

  it('says why it waits in what a phone shows', () => {
    expect(renderStatus(view()).text).toBe('📋 orders (m-7k3q) is planned – Somebody has to approve continue.');
  });

  it('shows only the buttons that can be used, and asks before what cannot be undone', () => {
    const { blocks } = renderStatus(
      view({ actions: [actionView(), actionView({ action: 'migration:abort', consequence: 'It ends.' })] }),
    );
    const buttons = blocks.find((block) => block.type === 'actions') as unknown as {
      elements: Record<string, unknown>[];
    };
    expect(buttons.elements.map((one) => one['action_id'])).toEqual([
      'gate:continue',
      'migration:abort',
      'migration:details',
    ]);
    expect(buttons.elements[1]).toMatchObject({ style: 'danger', confirm: { text: { text: 'It ends.' } } });
    expect(readButtonValue(String(buttons.elements[0]?.['value']))).toEqual({ migration: 'm-7k3q', value: 'entry-1' });
  });

  it('lists findings with errors first and what mends each', () => {
    const findings = [
      { level: 'note' as const, shard: null, code: 'n', text: 'A note.', fix: null },
      { level: 'error' as const, shard: 1, code: 'e', text: 'It is a replica.', fix: 'SLAVEOF NO ONE' },
    ];
    const shown = allText(renderStatus(view({ findings })).blocks);
    expect(shown.indexOf('It is a replica.')).toBeLessThan(shown.indexOf('A note.'));
    expect(shown).toContain('❌ error, shard 2: It is a replica.\\n      → SLAVEOF NO ONE');
    expect(shown).toContain('ℹ️ note: A note.');
  });

  it('says which shard goes first, before anybody approves', () => {
    const canary = { shard: 1, soakMs: 600_000 };
    expect(allText(renderStatus(view({ canary })).blocks)).toContain(
      'fenced cut-over, shard 2 first and the others 10 min later · asked for',
    );
    expect(allText(renderStatus(view()).blocks)).toContain('fenced cut-over · asked for');
  });

  it('says in the end whose the writes are, also after an abort', () => {
    const said = (patch: Parameters<typeof view>[0]) =>
      allText(renderStatus(view({ waitingFor: null, actions: [], ...patch })).blocks);
    const words = 'Nothing went over. The old servers go on as before.';
    const [first, second] = [shardView(0, { state: 'waiting' }), shardView(1, { state: 'promoted', pauseMs: 12 })];
    expect(said({ phase: 'aborted', shards: [first] })).toContain(words);
    expect(said({ phase: 'aborted', shards: [first, second] })).not.toContain(words);
    expect(said({ phase: 'aborted', shards: [first], cutover: 'overlap' })).not.toContain(words);
    expect(said({ phase: 'finished' })).toContain('The new servers are the masters.');
    const back = shardView(0, { state: 'detached', pauseMs: 12 });
    expect(said({ phase: 'rolled_back', shards: [back] })).toContain('The old servers are the masters again.');
    expect(said({ phase: 'rolled_back', shards: [back, second] })).toContain(
      'The old servers are the masters again, but not of shard 2: that stays on its new server.',
    );
  });

  it('counts one approval as one, and says why a gate is closed in a sentence of its own', () => {
    const given = [{ user: BEN, at: '2024-05-01T10:00:00.000Z' }];
    const gates = [gateView('continue', { approvals: given, reason: 'Opens at noon.' })];
    expect(allText(renderStatus(view({ gates })).blocks)).toContain(
      '*continue* is closed (1 of 1 approval). Opens at noon. Approved so far by',
    );
  });

  it('leaves out the time that is left where nothing is left to do', () => {
    const shards = [shardView(0), shardView(1, { state: 'transfer', percent: 50, etaSeconds: 9 })];
    const shown = allText(renderStatus(view({ phase: 'syncing', shards }), 'text').blocks);
    expect(shown).toContain('9 s left');
    expect(shown).not.toContain('0 s left');
  });

  it('tells in the history when each was asked for and when it ended', () => {
    const shown = allText(historyAnswer([view({ phase: 'aborted' })], true).blocks ?? []);
    expect(shown).toContain('*orders* is aborted, asked for <!date');
    expect(shown).toMatch(/, ended <!date/);
  });

  it('names who approved, and when', () => {
    const approvals = [{ user: BEN, at: '2024-05-01T10:00:00.000Z' }];
    const shown = allText(
      renderStatus(
        view({
          phase: 'syncing',
          gates: [gateView('continue', { approvals }), gateView('switch'), gateView('finish')],
        }),
      ).blocks,
    );
    expect(shown).toContain(`*continue* approved by <@${BEN}> <!date^1714557600`);
  });

  it('lists late clients after the switch and counts those that do not fit', () => {
    const client = {
      shard: 0,
      server: 'old-1:6379',
      address: '10.0.0.9:5555',
      name: 'cart',
      user: 'default',
      library: 'jedis',
      lastCommand: 'get',
      idleSeconds: 3,
      triedSecondsAgo: null,
    };
    const shown = allText(
      renderStatus(
        view({
          phase: 'switched',
          lateClients: Array.from({ length: 14 }, () => client),
          lateWriters: 'Two tried to write.',
        }),
      ).blocks,
    );
    expect(shown).toContain('10.0.0.9:5555 (cart, default, jedis) on old-1:6379, last `get` a moment ago');
    expect(shown).toContain('and 4 more');
    expect(shown).toContain('Two tried to write.');
  });

  it('stays the same while idle clients of old masters grow older, in whatever order they are listed', () => {
    const client = (port: number, idleSeconds: number, triedSecondsAgo: number | null) => ({
      shard: 0,
      server: 'old-1:6379',
      address: `10.0.0.9:${port}`,
      name: '',
      user: '',
      library: '',
      lastCommand: 'get',
      idleSeconds,
      triedSecondsAgo,
    });
    const at = (second: number) => {
      const clients = [client(1, 61 + second, null), client(2, 70 + second, null), client(3, 65 + second, 12 + second)];
      return renderStatus(view({ phase: 'switched', lateClients: second % 2 === 0 ? clients : clients.toReversed() }));
    };
    const keys = new Set(Array.from({ length: 60 }, (_, second) => at(second).key));
    expect(keys.size).toBe(2);
    expect(allText(at(0).blocks)).toContain(
      '✍️ 10.0.0.9:3 on old-1:6379, last `get` over a minute ago, *tried to write over 10 s ago*',
    );
  });

  it('leaves out what nobody can tell any more once shards have gone over, so that the pause is in sight', () => {
    const gone = { bytesPerSecond: null, etaSeconds: null, lagBytes: null, bufferBytes: null, pauseMs: 12 };
    const titles = (shards: readonly ShardView[]) => {
      const table = renderStatus(view({ phase: 'switched', shards })).blocks.find((block) => block.type === 'table');
      return (table as unknown as { rows: { text: string }[][] }).rows[0]?.map((cell) => cell.text);
    };
    const known = ['Shard', 'Source', 'Destination', 'State', 'Done', 'Writes', 'Clients', 'Full syncs', 'Pause'];
    expect(titles([shardView(0, gone), shardView(1, gone)])).toEqual(known);
    expect(titles([shardView(0, gone), shardView(1)])).toHaveLength(13);
  });

  it('does not call a gate passed that had not all its approvals when the migration ended', () => {
    const approvals = [{ user: BEN, at: '2024-05-01T10:00:00.000Z' }];
    const gates = [
      gateView('continue', { approvals }),
      gateView('switch'),
      gateView('finish', { approvals, needed: 2 }),
    ];
    const shown = allText(renderStatus(view({ phase: 'rolled_back', gates, waitingFor: null, actions: [] })).blocks);
    expect(shown).toContain('✅ *continue* approved by');
    expect(shown).toMatch(/▫️ \*finish\* approved by .* \(1 of 2 approvals\)/);
  });

  it('says as of when it is, in every phase that has not ended, and when it ended in those that have', () => {
    for (const phase of PHASES) {
      const shown = allText(renderStatus(view({ phase })).blocks);
      expect(shown, phase).toContain(hasEnded(phase) ? 'Ended <!date^' : 'As of <!date^1714557600^');
      expect(shown, phase).toContain('"action_id":"migration:details"');
    }
  });

  it('is the same but for the freshness when nothing but time has passed', () => {
    const before = renderStatus(view({ phase: 'streaming' }));
    const after = renderStatus(view({ phase: 'streaming', asOf: '2024-05-01T10:00:30.000Z' }));
    expect(after.key).toBe(before.key);
    expect(after.blocks).not.toEqual(before.blocks);
    expect(renderStatus(view({ phase: 'streaming', waitingFor: 'Something else.' })).key).not.toBe(before.key);
  });
});

describe('everything else the bot shows', () => {
  const plan = {
    id: 'm-7k3q',
    name: '<!channel>',
    shards: [],
    cutover: 'fenced' as const,
    yesWipe: false,
    requestedBy: ANA,
    channel: 'C1',
    createdAt: 0,
  };

  it('keeps the limits and calls nobody', () => {
    fc.assert(
      fc.property(anyView, text, (drawn, hostile) => {
        const asked = drawn.actions[0] ?? actionView({ consequence: hostile });
        const messages = [
          statusAnswer(drawn),
          askAnswer(drawn, asked),
          refusal([hostile, hostile]),
          refusal(Array.from({ length: 300 }, () => hostile)),
          listAnswer(Array.from({ length: 60 }, () => drawn)),
          historyAnswer(
            Array.from({ length: 60 }, () => drawn),
            false,
          ),
          renderFirst({ ...plan, name: hostile, reason: hostile }),
          renderNotStarted(
            { ...plan, name: hostile },
            Array.from({ length: 40 }, () => hostile),
          ),
        ];
        for (const message of messages) {
          expect(checkMessage(message.blocks, message.text)).toEqual([]);
          expectHarmless(message);
        }
        expect(checkView(confirmForm(drawn, asked, 'C1'))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('the form', () => {
    for (const channel of ['C1', null])
      for (const hasGroups of [true, false])
        expect(checkView(startForm({ channel, defaultCutover: 'fenced', hasGroups }))).toEqual([]);
  });

  it('a check names each pair, the totals and what would keep the gate closed', () => {
    const shards = [
      {
        index: 0,
        source: { host: 'old-1', port: 6379, tls: false },
        destination: { host: 'new-1', port: 6379, tls: false },
      },
    ];
    const report = {
      totals: { servers: 1, keys: 5, bytes: 1024 },
      findings: [{ level: 'error' as const, shard: 0, code: 'x', text: 'It does not answer.', fix: 'Start it.' }],
      shards: [
        {
          index: 0,
          source: { kind: 'redis', version: '7.0.15', runId: null, keys: 5, bytes: 1024 },
          destination: null,
        },
      ],
    };
    const answer = preflightAnswer({ ...plan, shards }, report);
    expect(checkMessage(answer.blocks, answer.text)).toEqual([]);
    expect(allText(answer.blocks)).toContain('1. old-1:6379 (redis 7.0.15, 5 keys) → new-1:6379 (not seen)');
    expect(answer.text).toContain('1 error would keep the gate closed');
  });
});

describe('nothing is told twice', () => {
  const words = (blocks: unknown) => JSON.stringify(blocks);
  const times = (whole: string, part: string) => whole.split(part).length - 1;

  it('a reason that stands in the headline is not told again at its gate and its shard', () => {
    const reason = 'new-1:6379 refuses connections.';
    const { blocks } = renderStatus(
      view({
        phase: 'streaming',
        waitingFor: `2 of 3 shards in step. Shard 1: ${reason}`,
        shards: [shardView(0, { state: 'unreachable', reason }), shardView(1), shardView(2)],
        gates: [
          gateView('continue'),
          gateView('switch', { reason: `2 of 3 shards in step. Shard 1: ${reason}` }),
          gateView('finish'),
        ],
      }),
    );
    expect(times(words(blocks), reason)).toBe(1);
    expect(words(blocks)).toContain('*switch* is closed.');
  });

  it('no sentence of an answer ends twice', () => {
    const asked = view({ waitingFor: 'Waits for one approval.' });
    expect(askAnswer(asked, actionView()).text).toContain('Waits for one approval. Replication of 3 shards starts.');
    expect(askAnswer(view({ waitingFor: null }), actionView()).text).toContain('is planned. Replication');
  });

  it('when all is in step nothing is left to wait for', () => {
    const progress = { percent: 100, bytesPerSecond: null, etaSeconds: 0 };
    const { blocks } = renderStatus(view({ phase: 'syncing', progress }));
    expect(words(blocks)).toContain('100 % done');
    expect(words(blocks)).not.toMatch(/about .* left/);
  });
});
