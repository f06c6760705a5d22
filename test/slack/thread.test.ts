import { describe, expect, it, onTestFinished } from 'vitest';
import type { JournalRow } from '../../src/domain/event.ts';
import type { HookKind } from '../../src/domain/hook.ts';
import type { Gate } from '../../src/domain/phase.ts';
import { noLog } from '../../src/log.ts';
import { SlackProblem } from '../../src/slack/api.ts';
import { createPoster } from '../../src/slack/post.ts';
import { createThread } from '../../src/slack/thread.ts';
import {
  ANA,
  BEN,
  EVE,
  entered,
  FakeApi,
  FakeService,
  gateView,
  ManualClock,
  MemoryStore,
  row,
  view,
} from './support.ts';

const ID = 'm-7k3q';

function setUp(store = new MemoryStore(), rows: JournalRow[] = []) {
  const clock = new ManualClock();
  const api = new FakeApi(clock);
  const service = new FakeService();
  service.put(view());
  service.tell(ID, ...rows);
  const gone: string[] = [];
  const thread = createThread({
    poster: createPoster({ api, clock, log: noLog }),
    approving: { approvers: [ANA, BEN, 'S0OPS'], selfApproval: false },
    service,
    store,
    clock,
    log: noLog,
    gone: (id) => void gone.push(id),
  });
  service.onChange((id) => thread.changed(id));
  const told = () => api.of('chat.postMessage').map((call) => String(call.args['text']));
  return { clock, api, service, thread, store, told, gone };
}

const needed = (seq: number, gate: Gate) => row(seq, { kind: 'approval_needed', gate, missing: 1 });
const HOW = { entry: 1, reason: 'x', wipe: false, given: 0, needed: 2 };
const quiet = (seq: number) => row(seq, { kind: 'answered', intent: 1, outcome: 'ok', detail: 'OK' });

describe('the story in the thread', () => {
  it('tells turning points in order, under the status message, and nothing else', async () => {
    const { clock, service, api, told } = setUp();
    service.tell(
      ID,
      row(1, { kind: 'requested', plan: {} as never, messageTs: '1' }, { actor: ANA, text: 'Asked for it.' }),
      quiet(2),
    );
    await clock.advance(3_000);
    service.tell(ID, quiet(3), entered(4, 'planned', 'Now planned. 2 < 3 & <!channel>'), quiet(5));
    await clock.advance(3_000);
    expect(told()).toEqual([`• Asked for it. (<@${ANA}>)`, '• Now planned. 2 &lt; 3 &amp; &lt;!channel&gt;']);
    expect(api.of('chat.postMessage').every((call) => call.args['thread_ts'] === '1700000000.000100')).toBe(true);
    expect(api.of('chat.postMessage').some((call) => 'reply_broadcast' in call.args)).toBe(false);
  });

  it('joins what happened in one moment, and keeps to one message a second', async () => {
    const { clock, service, api, told } = setUp();
    service.tell(ID, entered(1, 'switching'));
    service.tell(
      ID,
      row(2, { kind: 'promoted', shard: 0, pauseMs: 12, detail: 'x' }),
      row(3, { kind: 'promoted', shard: 1, pauseMs: 12, detail: 'x' }),
    );
    await clock.advance(2_000);
    expect(told()).toEqual(['• Now switching.\n👑 Row 2.\n👑 Row 3.']);
    for (let seq = 4; seq < 10; seq++) {
      service.tell(ID, entered(seq, 'switched'));
      await clock.advance(450);
    }
    await clock.advance(10_000);
    const at = api.of('chat.postMessage').map((call) => call.at);
    expect(at.slice(1).every((time, place) => time - (at[place] ?? 0) >= 1_000)).toBe(true);
  });

  it('tells of twenty migrations at once, and Node finds nothing to warn of', async () => {
    const warnings: string[] = [];
    const hear = (warning: Error) => void warnings.push(warning.name);
    process.on('warning', hear);
    onTestFinished(() => void process.off('warning', hear));
    const { clock, service, told } = setUp();
    for (let many = 0; many < 20; many++) {
      const id = `m-00${String(many).padStart(2, '0')}`;
      service.put(view({ id, channel: `C00000000${many}` }));
      service.tell(id, entered(1, 'streaming'));
    }
    await clock.advance(5_000);
    expect(told()).toHaveLength(20);
    expect(warnings).toEqual([]);
  });

  it('is tried seldom where the channel of an ended migration is gone, and told when it is back', async () => {
    const { clock, api, service, told } = setUp();
    api.script = ({ method }) =>
      method === 'chat.postMessage' ? new SlackProblem('refused', method, 'channel_not_found') : undefined;
    service.patch(ID, { phase: 'finished' });
    service.tell(ID, entered(1, 'finished'));
    await clock.advance(6 * 3_600_000);
    expect(told().length).toBeLessThan(50);
    api.script = () => undefined;
    await clock.advance(600_000);
    const many = told().length;
    await clock.advance(3_600_000);
    expect(told()).toHaveLength(many);
  });

  it('counts what concerns many shards', async () => {
    const { clock, service, told } = setUp();
    service.tell(
      ID,
      ...Array.from({ length: 300 }, (_, shard) =>
        row(shard + 1, { kind: 'promoted', shard, pauseMs: 12, detail: 'x' }),
      ),
    );
    await clock.advance(5_000);
    expect(told()).toHaveLength(1);
    expect(told()[0]?.split('\n')).toHaveLength(6);
    expect(told()[0]).toContain('… and 295 more shards promoted.');
  });

  it('calls the channel for approval needed, let go, the end and what is loud by itself, and for nothing else', async () => {
    const { clock, service, api } = setUp();
    const click = { click: 1, user: BEN };
    const events: [JournalRow, boolean][] = [
      [entered(1, 'planned'), false],
      [needed(2, 'continue'), true],
      [row(3, { kind: 'gate_denied', gate: 'continue', ...click, entry: 1, reason: 'x', approvals: 0 }), false],
      [row(4, { kind: 'asked_again', gate: 'continue', ...click, denier: EVE }), false],
      [row(5, { kind: 'approval_revoked', gate: 'continue', ...click, approval: 4 }), false],
      [row(6, { kind: 'approvals_void', gate: 'continue', approvals: [4], users: [BEN], reason: 'x.' }), false],
      [entered(7, 'syncing'), false],
      [entered(8, 'streaming'), false],
      [row(9, { kind: 'glass_broken', gate: 'switch', ...click, ...HOW }), true],
      [row(10, { kind: 'cutover_let_go', reason: 'late' }), true],
      [row(11, { kind: 'stuck', shard: 0, text: 'x' }), true],
      [row(12, { kind: 'progress', percent: 25 }), false],
      [entered(13, 'finished'), true],
    ];
    for (const [one] of events) {
      service.tell(ID, one);
      await clock.advance(3_000);
    }
    const broadcast = api.of('chat.postMessage').map((call) => call.args['reply_broadcast'] === true);
    expect(broadcast).toEqual(events.map(([, loud]) => loud));
  });

  it('calls those who have to act, and nobody else', async () => {
    const { clock, service, told } = setUp();
    service.tell(ID, needed(1, 'continue'));
    await clock.advance(3_000);
    // Ana asked for it, and her own approval does not count.
    expect(told()).toEqual([`🙋 Row 1. <@${BEN}> <!subteam^S0OPS>`]);
  });

  it('calls nobody to a gate that was passed or denied before the story could be told', async () => {
    const { clock, service, api, told } = setUp();
    service.patch(ID, { phase: 'syncing' });
    service.tell(ID, needed(1, 'continue'));
    await clock.advance(3_000);
    const denied = { user: EVE, at: '2024-05-01T10:00:00.000Z', reason: '"x"' };
    service.patch(ID, { phase: 'planned', gates: [gateView('continue', { denied })] });
    service.tell(ID, needed(2, 'continue'));
    await clock.advance(3_000);
    expect(told()).toEqual(['🙋 Row 1.', '🙋 Row 2.']);
    expect(api.of('chat.postMessage').some((call) => 'reply_broadcast' in call.args)).toBe(false);
  });

  it('tells what came of a webhook, loudly when nobody took it; a no to the switch is told by what follows from it', async () => {
    const { clock, service, api, told } = setUp();
    const sent = (seq: number, hook: HookKind, outcome: 'ok' | 'refused' | 'unreachable') =>
      row(seq, { kind: 'hook_sent', hook, id: `${ID}:1:${hook}`, outcome, detail: '' });
    const rows = [
      sent(1, 'before_switch', 'refused'),
      sent(2, 'before_switch', 'ok'),
      row(3, { kind: 'hook_due', hook: 'switched', id: 'x', shards: [0], text: '', reason: null }),
      sent(4, 'switched', 'ok'),
      sent(5, 'rolled_back', 'unreachable'),
      sent(6, 'failed', 'refused'),
      sent(7, 'finished', 'refused'),
    ];
    for (const one of rows) {
      service.tell(ID, one);
      await clock.advance(3_000);
    }
    expect(told()).toEqual(['• Row 2.', '• Row 4.', '⚠️ Row 5.', '⚠️ Row 6.', '⚠️ Row 7.']);
    const broadcast = api.of('chat.postMessage').map((call) => call.args['reply_broadcast'] === true);
    expect(broadcast).toEqual([false, false, true, true, false]);
  });

  it('goes on after a restart where it was, and says nothing twice', async () => {
    const first = setUp();
    first.service.tell(ID, entered(1, 'planned'));
    await first.clock.advance(3_000);
    const rows = [entered(1, 'planned'), entered(2, 'syncing')];
    const second = setUp(first.store, rows);
    second.thread.changed(ID);
    await second.clock.advance(3_000);
    expect(second.told()).toEqual(['• Now syncing.']);
    expect(second.thread.isComplete(ID)).toBe(true);
  });

  it('looks at the thread first when it is not known what was posted', async () => {
    const { clock, service, api, told } = setUp();
    let lost = true;
    api.script = (call) => {
      if (call.method === 'chat.postMessage' && lost) {
        lost = false;
        return new SlackProblem('unreachable', call.method, 'timeout');
      }
      if (call.method !== 'conversations.replies' || lost) return undefined;
      const metadata = { event_type: 'redis_migrate_story', event_payload: { migration: ID, seq: 1 } };
      return { ok: true, messages: [{ ts: '5.5', metadata }] };
    };
    service.tell(ID, entered(1, 'planned'));
    await clock.advance(10_000);
    service.tell(ID, entered(2, 'syncing'));
    await clock.advance(10_000);
    expect(told()).toEqual(['• Now planned.', '• Now syncing.']);
  });

  it('does not talk to a message that is gone, but has it posted anew', async () => {
    const { clock, service, api, told, gone } = setUp();
    api.script = (call) =>
      call.args['ts'] === '1700000000.000100'
        ? new SlackProblem('refused', call.method, 'thread_not_found')
        : undefined;
    service.tell(ID, entered(1, 'planned'));
    await clock.advance(500);
    expect([told(), gone]).toEqual([[], [ID]]);
    service.patch(ID, { messageTs: '1700000099.000100' });
    await clock.advance(5_000);
    expect(api.of('chat.postMessage').map((call) => call.args['thread_ts'])).toEqual(['1700000099.000100']);
  });

  it('posts without having looked where the bot may not read', async () => {
    const { clock, service, api, told } = setUp();
    api.script = (call) =>
      call.method === 'conversations.replies' ? new SlackProblem('refused', call.method, 'not_in_channel') : undefined;
    service.tell(ID, entered(1, 'planned'));
    await clock.advance(3_000);
    expect(told()).toEqual(['• Now planned.']);
  });

  it('waits while Slack is away and loses nothing', async () => {
    const { clock, service, api, told } = setUp();
    api.script = ({ method }) => new SlackProblem('unreachable', method, 'ECONNREFUSED');
    service.tell(ID, entered(1, 'planned'));
    await clock.advance(100_000);
    service.tell(ID, entered(2, 'syncing'));
    api.script = () => undefined;
    api.calls.length = 0;
    await clock.advance(61_000);
    expect(told()).toEqual(['• Now planned.\n• Now syncing.']);
  });

  it('cuts a long backlog into messages that Slack takes', async () => {
    const { clock, service, told } = setUp();
    const text = 'x'.repeat(800);
    service.tell(
      ID,
      ...Array.from({ length: 40 }, (_, place) =>
        row(place + 1, { kind: 'resumed', detail: '' }, { text: `${place} ${text}` }),
      ),
    );
    await clock.advance(60_000);
    expect(told().every((one) => one.length < 4_000)).toBe(true);
    expect(
      told()
        .join('\n')
        .match(/^• \d+ /gm),
    ).toHaveLength(40);
  });

  it('stops in time', async () => {
    const { clock, service, api, thread, told } = setUp();
    service.tell(ID, entered(1, 'planned'));
    await clock.advance(10);
    const stopped = thread.stop(1_000);
    await clock.advance(1_500);
    await stopped;
    expect(told()).toEqual(['• Now planned.']);
    const away = setUp();
    away.api.script = () => new Promise(() => {});
    away.service.tell(ID, entered(1, 'planned'));
    await away.clock.advance(10);
    const ended = away.thread.stop(1_000);
    await away.clock.advance(1_500);
    await ended;
    expect(api.calls.length).toBeGreaterThan(0);
  });
});
