import { describe, expect, it } from 'vitest';
import { noLog } from '../../src/log.ts';
import { SlackProblem } from '../../src/slack/api.ts';
import { createPoster } from '../../src/slack/post.ts';
import { createPublisher } from '../../src/slack/publisher.ts';
import { createRateBudget } from '../../src/slack/rate-budget.ts';
import {
  ANA,
  actionView,
  BEN,
  EVE,
  FakeApi,
  FakeService,
  gateView,
  ManualClock,
  MemoryStore,
  shardView,
  view,
} from './support.ts';

function setUp(store = new MemoryStore()) {
  const clock = new ManualClock();
  const api = new FakeApi(clock);
  const service = new FakeService();
  const poster = createPoster({ api, clock, log: noLog });
  const publisher = createPublisher({
    api,
    poster,
    service,
    store,
    budget: createRateBudget(clock),
    clock,
    log: noLog,
  });
  service.onChange((id) => publisher.changed(id));
  publisher.start();
  const updates = () => api.of('chat.update');
  return { clock, api, service, publisher, store, updates };
}

const streaming = (lagBytes: number) => view({ phase: 'streaming', actions: [], shards: [shardView(0, { lagBytes })] });
const textOf = (args: Readonly<Record<string, unknown>>) => JSON.stringify(args['blocks']);
const refused = (code: string) => (call: { method: string }) =>
  call.method === 'chat.update' ? new SlackProblem('refused', call.method, code) : undefined;

describe('the publisher', () => {
  it('sends at most every 3 seconds, and then the newest state', async () => {
    const { clock, service, updates } = setUp();
    for (let second = 0; second < 9; second++) {
      service.put(streaming(second * 1024));
      await clock.advance(1_000);
    }
    await clock.advance(3_000);
    const at = updates().map((call) => call.at);
    expect(at.slice(1).every((time, place) => time - (at[place] ?? 0) >= 3_000)).toBe(true);
    expect(at.length).toBe(4);
    expect(textOf(updates().at(-1)?.args ?? {})).toContain('8.00 KiB');
  });

  it('sends a phase, a gate or a button at once', async () => {
    const { clock, service, updates } = setUp();
    service.put(streaming(0));
    await clock.advance(100);
    service.patch('m-7k3q', { actions: [actionView({ action: 'gate:switch' })] });
    await clock.advance(100);
    service.patch('m-7k3q', { phase: 'switching', actions: [] });
    await clock.advance(100);
    expect(updates()).toHaveLength(3);
    expect(textOf(updates()[2]?.args ?? {})).not.toContain('gate:switch');
  });

  it('shows without a click that an approval has expired, and another one of as many', async () => {
    const { clock, service, updates } = setUp();
    const by = (...users: string[]) => {
      const approvals = users.map((user) => ({ user, at: '2024-05-01T10:00:00.000Z' }));
      return { gates: [gateView('continue', { open: true, needed: 2, approvals })] };
    };
    service.put(view(by(BEN)));
    await clock.advance(100);
    service.patch('m-7k3q', by());
    await clock.advance(100);
    service.patch('m-7k3q', by(BEN));
    await clock.advance(100);
    service.patch('m-7k3q', by(EVE));
    await clock.advance(100);
    expect(updates().map((call) => /(\d of 2 approvals)/.exec(textOf(call.args))?.[1])).toEqual([
      '1 of 2 approvals',
      '0 of 2 approvals',
      '1 of 2 approvals',
      '1 of 2 approvals',
    ]);
    expect(textOf(updates().at(-1)?.args ?? {})).toContain(EVE);
  });

  it('says nothing when nothing changed, but refreshes the freshness of a live phase after 20 seconds', async () => {
    const { clock, service, updates } = setUp();
    service.put(streaming(0));
    for (let second = 0; second < 19; second++) {
      await clock.advance(1_000);
      service.patch('m-7k3q', { asOf: new Date(1_714_557_600_000 + second * 1000).toISOString() });
    }
    expect(updates()).toHaveLength(1);
    await clock.advance(1_500);
    service.change('m-7k3q');
    await clock.advance(10);
    expect(updates()).toHaveLength(2);
    service.put(view({ phase: 'planned' }));
    await clock.advance(60_000);
    service.change('m-7k3q');
    await clock.advance(60_000);
    expect(updates()).toHaveLength(3);
  });

  it('has one update of a message in flight, and sends what came meanwhile afterwards', async () => {
    const { clock, api, service, updates } = setUp();
    let release: () => void = () => {};
    api.script = () => new Promise((resolve) => (release = () => resolve({ ok: true })));
    service.put(view({ phase: 'syncing' }));
    await clock.advance(100);
    service.put(view({ phase: 'streaming' }));
    await clock.advance(10_000);
    expect(updates()).toHaveLength(1);
    api.script = () => undefined;
    release();
    await clock.advance(100);
    expect(updates()).toHaveLength(2);
    expect(String(updates()[1]?.args['text'])).toContain('streaming');
  });

  it('obeys Retry-After, and the last state gets out then', async () => {
    const { clock, api, service, updates } = setUp();
    api.script = ({ method }) => new SlackProblem('rate_limited', method, 'ratelimited', 30_000);
    service.put(view({ phase: 'switching' }));
    await clock.advance(100);
    api.script = () => undefined;
    service.put(view({ phase: 'finished' }));
    await clock.advance(29_000);
    expect(updates()).toHaveLength(1);
    await clock.advance(2_000);
    expect(updates()).toHaveLength(2);
    expect(String(updates()[1]?.args['text'])).toContain('finished');
  });

  it('tries again, more and more slowly, while Slack is away; the engine is never held up', async () => {
    const { clock, api, service, updates } = setUp();
    api.script = ({ method }) => new SlackProblem('unreachable', method, 'ECONNREFUSED');
    service.put(view({ phase: 'finished' }));
    await clock.advance(120_000);
    const tried = updates().length;
    expect(tried).toBeGreaterThan(4);
    expect(tried).toBeLessThan(12);
    api.script = () => undefined;
    await clock.advance(61_000);
    expect(updates().length).toBe(tried + 1);
  });

  it('keeps twenty busy migrations within 50 updates a minute, and still sends a phase at once', async () => {
    const { clock, service, updates } = setUp();
    for (let second = 0; second < 180; second++) {
      for (let one = 0; one < 20; one++) {
        service.put({ ...streaming(second), id: `m-00${String(one).padStart(2, '0')}` });
      }
      await clock.advance(1_000);
    }
    const at = updates().map((call) => call.at);
    for (const first of at)
      expect(at.filter((other) => other >= first && other < first + 60_000).length).toBeLessThanOrEqual(50);
    const told = new Set(
      updates()
        .slice(-60)
        .map((call) => JSON.stringify(call.args['metadata'])),
    );
    expect(told.size).toBe(20);
    const before = clock.monotonicMs();
    service.patch('m-0007', { phase: 'switching' });
    await clock.advance(200);
    expect(updates().at(-1)?.at).toBeLessThanOrEqual(before + 200);
    expect(String(updates().at(-1)?.args['text'])).toContain('switching');
  });

  it.each(['message_not_found', 'cant_update_message', 'edit_window_closed', 'is_archived'])(
    'posts the message anew after %s, links the two, and goes on with the new one',
    async (code) => {
      const { clock, api, service, updates } = setUp();
      api.script = (call) => (call.args['ts'] === view().messageTs ? refused(code)(call) : undefined);
      service.put(view());
      await clock.advance(10_000);
      const [posted, ...links] = api.of('chat.postMessage');
      expect(posted?.args['thread_ts']).toBeUndefined();
      // A new message calls whoever is mentioned in it; an update does not.
      expect(JSON.stringify(posted?.args)).not.toContain('<@');
      expect(JSON.stringify(updates().at(-1)?.args)).toContain(`<@${ANA}>`);
      expect(posted?.args['metadata']).toEqual({
        event_type: 'redis_migrate_status',
        event_payload: { migration: 'm-7k3q' },
      });
      expect(links.length).toBe(code === 'message_not_found' ? 1 : 2);
      expect(service.moved).toHaveLength(1);
      const ts = service.moved[0]?.ts;
      expect(updates().at(-1)?.args['ts']).toBe(ts);
    },
  );

  it('does not fill the channel when no message of ours can be edited', async () => {
    const { clock, api, service } = setUp();
    api.script = refused('cant_update_message');
    service.put(view());
    await clock.advance(10 * 60_000);
    expect(service.moved.length).toBeLessThan(6);
    expect(service.moved.length).toBeGreaterThan(1);
    const before = service.moved.length;
    service.patch('m-7k3q', { phase: 'syncing', actions: [] });
    await clock.advance(61_000);
    expect(service.moved.length).toBe(before + 1);
    expect(JSON.stringify(api.of('chat.postMessage').at(-1)?.args)).not.toContain('gate:continue');
  });

  it('takes the message that it posted before a crash instead of posting a second one', async () => {
    const { clock, api, service } = setUp();
    api.script = (call) => {
      if (call.method === 'chat.update' && call.args['ts'] === '1700000000.000100')
        return new SlackProblem('refused', call.method, 'message_not_found');
      if (call.method !== 'conversations.history') return undefined;
      const metadata = { event_type: 'redis_migrate_status', event_payload: { migration: 'm-7k3q' } };
      return { ok: true, messages: [{ ts: '1700000050.000000', metadata }] };
    };
    service.put(view());
    await clock.advance(10_000);
    expect(service.moved.map((one) => one.ts)).toEqual(['1700000050.000000']);
    expect(api.of('chat.postMessage').filter((call) => call.args['thread_ts'] === undefined)).toEqual([]);
  });

  it('shows blocks simpler when Slack does not take them, and remembers it for the workspace', async () => {
    const store = new MemoryStore();
    const { clock, api, service, updates } = setUp(store);
    api.script = (call) =>
      textOf(call.args)?.includes('"table"') ? new SlackProblem('refused', call.method, 'invalid_blocks') : undefined;
    service.put(view());
    await clock.advance(5_000);
    expect(updates().map((call) => JSON.stringify(call.args['blocks']).match(/"(table|data_table)"/)?.[1])).toEqual([
      'table',
      'data_table',
    ]);
    const again = setUp(store);
    again.service.put(view({ id: 'm-0002' }));
    await again.clock.advance(5_000);
    expect(textOf(again.updates()[0]?.args ?? {})).toContain('data_table');
  });

  it('shows one migration simpler when only that one is too long', async () => {
    const { clock, api, service, updates } = setUp();
    api.script = (call) =>
      call.args['ts'] === '1.1' && textOf(call.args)?.includes('table"')
        ? new SlackProblem('refused', call.method, 'msg_blocks_too_long')
        : undefined;
    service.put(view({ messageTs: '1.1' }));
    service.put(view({ id: 'm-0002', messageTs: '2.2' }));
    await clock.advance(5_000);
    expect(updates().filter((call) => call.args['ts'] === '1.1')).toHaveLength(3);
    expect(updates().filter((call) => call.args['ts'] === '2.2')).toHaveLength(1);
  });

  it('knows after a restart which phase was told last', async () => {
    const { clock, service, publisher, store } = setUp();
    service.put(view({ phase: 'finished' }));
    expect(publisher.hasTold('m-7k3q', view({ phase: 'finished' }))).toBe(false);
    await clock.advance(10);
    const next = setUp(store);
    expect(next.publisher.hasTold('m-7k3q', view({ phase: 'finished' }))).toBe(true);
  });

  it('sends what is still unsaid when it stops, and ends in time when Slack is away', async () => {
    const { clock, api, service, publisher, updates } = setUp();
    service.put(streaming(0));
    await clock.advance(10);
    service.put(streaming(5 * 1024));
    await clock.advance(10);
    const stopped = publisher.stop(2_000);
    await clock.advance(500);
    await stopped;
    await publisher.stop(2_000);
    expect(textOf(updates().at(-1)?.args ?? {})).toContain('5.00 KiB');

    const away = setUp();
    away.api.script = ({ method }) => new SlackProblem('unreachable', method, 'timeout');
    away.service.put(streaming(0));
    await away.clock.advance(10);
    const begin = away.clock.monotonicMs();
    const ended = away.publisher.stop(2_000);
    await away.clock.advance(5_000);
    await ended;
    expect(away.updates().every((call) => call.at <= begin + 2_100)).toBe(true);
    expect(away.updates().length).toBeLessThan(30);
    expect(api.calls.length).toBeGreaterThan(0);
  });

  it('looks after a message that is asked for, but not for each who asks', async () => {
    const { clock, service, publisher, updates } = setUp();
    service.put(view());
    await clock.advance(60_000);
    expect(updates()).toHaveLength(1);
    for (let asked = 0; asked < 20; asked++) {
      publisher.refresh('m-7k3q');
      await clock.advance(100);
    }
    expect(updates()).toHaveLength(2);
    await clock.advance(10_000);
    expect(updates()).toHaveLength(3);
  });

  it('goes on with the others when one of them cannot be drawn', async () => {
    const { clock, service, updates } = setUp();
    const good = service.view.bind(service);
    service.view = (id) => {
      if (id === 'm-bad0') throw new Error('no');
      return good(id);
    };
    service.put(view({ id: 'm-bad0', messageTs: '1.1' }));
    service.put(view());
    await clock.advance(1_000);
    service.put(view({ phase: 'syncing' }));
    await clock.advance(1_000);
    expect(updates()).toHaveLength(2);
    service.view = good;
    await clock.advance(10_000);
    expect(updates().at(-1)?.args['ts']).toBe('1.1');
  });

  it('tries the last state of one that has ended more and more seldom, and at once when somebody asks', async () => {
    const { clock, api, service, publisher, updates } = setUp();
    api.script = ({ method }) =>
      method === 'chat.getPermalink' ? undefined : new SlackProblem('refused', method, 'is_archived');
    service.put(view({ phase: 'finished', actions: [] }));
    await clock.advance(3_600_000);
    const before = updates().length;
    await clock.advance(3_600_000);
    expect(updates().length - before).toBeLessThan(8);
    api.script = () => undefined;
    const tried = updates().length;
    publisher.refresh('m-7k3q');
    await clock.advance(100);
    expect(updates().length).toBe(tried + 1);
  });

  it('survives an engine that throws', async () => {
    const { clock, service, updates } = setUp();
    const good = service.view.bind(service);
    service.view = () => {
      throw new Error('no');
    };
    service.put(view());
    await clock.advance(1_000);
    service.view = good;
    await clock.advance(10_000);
    expect(updates()).toHaveLength(1);
  });
});
