/** Slack does not take updates for a while, or the disk is full: what is known of it, and what is told afterwards. */
import { describe, expect, it } from 'vitest';
import type { JournalRow } from '../../src/domain/event.ts';
import { noLog } from '../../src/log.ts';
import { SlackProblem } from '../../src/slack/api.ts';
import { createPoster } from '../../src/slack/post.ts';
import { createPublisher } from '../../src/slack/publisher.ts';
import { createRateBudget } from '../../src/slack/rate-budget.ts';
import { createThread } from '../../src/slack/thread.ts';
import { entered, FakeApi, FakeService, ManualClock, MemoryStore, shardView, view } from './support.ts';

const ID = 'm-7k3q';

class FullDisk extends MemoryStore {
  full = true;

  override setNote(key: string, value: string): void {
    if (this.full) throw new Error('database or disk is full');
    super.setNote(key, value);
  }
}

const approving = { approvers: null, selfApproval: true } as const;

function setUp(store = new MemoryStore(), clock = new ManualClock()) {
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
  const away = (id = ID) =>
    service
      .rows(id, 0)
      .map(({ event }) => event)
      .filter((event) => event.kind === 'slack_away');
  return { clock, api, service, publisher, poster, store, away, updates: () => api.of('chat.update') };
}

const streaming = (lagBytes: number) => view({ phase: 'streaming', actions: [], shards: [shardView(0, { lagBytes })] });
const unreachable = ({ method }: { method: string }) => new SlackProblem('unreachable', method, 'ECONNREFUSED');

describe('a message that Slack does not take', () => {
  it('is seen as stale, and when it comes back the journal tells once from when to when', async () => {
    const { clock, api, service, publisher, away } = setUp();
    service.put(streaming(0));
    await clock.advance(10_000);
    expect(publisher.staleSeconds().size).toBe(0);
    const from = clock.now();
    api.script = unreachable;
    for (let second = 0; second < 420; second++) {
      service.put(streaming(second * 1024));
      await clock.advance(1_000);
    }
    expect(publisher.staleSeconds().get(ID)).toBeGreaterThan(410);
    expect(away()).toEqual([]);
    api.script = () => undefined;
    await clock.advance(120_000);
    expect(publisher.staleSeconds().size).toBe(0);
    expect(away()).toHaveLength(1);
    const [row] = away();
    expect(row?.from).toBeLessThan(from + 5_000);
    expect(row?.to).toBeGreaterThan(from + 420_000);
    for (let second = 0; second < 60; second++) {
      service.put(streaming(second * 4096));
      await clock.advance(1_000);
    }
    expect(away()).toHaveLength(1);
  });

  it('is no news when it was only a moment: a rate limit, a few lost calls', async () => {
    const { clock, api, service, publisher, away } = setUp();
    service.put(streaming(0));
    await clock.advance(5_000);
    for (let round = 1; round < 6; round++) {
      api.script = ({ method }) => new SlackProblem('rate_limited', method, 'ratelimited', 20_000);
      service.put(streaming(round * 1024));
      await clock.advance(5_000);
      api.script = () => undefined;
      await clock.advance(20_000);
    }
    expect(away()).toEqual([]);
    expect(publisher.staleSeconds().size).toBe(0);
  });

  it('counts as well for those who were held up by the rate limit of another', async () => {
    const { clock, api, service, away } = setUp();
    service.put(streaming(0));
    service.put({ ...streaming(0), id: 'm-0002', messageTs: '2.2' });
    await clock.advance(5_000);
    api.script = ({ method }) => new SlackProblem('rate_limited', method, 'ratelimited', 50_000);
    service.patch(ID, { phase: 'switching' });
    await clock.advance(1_000);
    service.patch('m-0002', { phase: 'switching' });
    api.script = () => undefined;
    await clock.advance(60_000);
    expect([away().length, away('m-0002').length]).toEqual([1, 1]);
  });

  it('is told after a restart too: until when it was seen, or until it was really over', async () => {
    const store = new MemoryStore();
    const before = setUp(store);
    before.api.script = unreachable;
    before.service.put(streaming(0));
    await before.clock.advance(200_000);
    const killedAt = before.clock.now();

    // Slack is back when the bot is, an hour later.
    const notes = new Map(store.notes);
    const later = new ManualClock();
    later.skip(3_600_000);
    const back = setUp(store, later);
    expect(back.publisher.hasTold(ID, view({ phase: 'streaming' }))).toBe(false);
    back.service.put(streaming(0));
    await later.advance(5_000);
    expect(back.away()).toHaveLength(1);
    expect(back.away()[0]?.to).toBeLessThanOrEqual(killedAt);
    expect(back.away()[0]?.to).toBeGreaterThan(killedAt - 130_000);

    // It is told once.
    const again = setUp(store, later);
    again.service.put(streaming(1024));
    await later.advance(60_000);
    expect(again.away()).toEqual([]);

    // Slack is still away when the bot is back.
    const other = new MemoryStore();
    for (const [key, value] of notes) other.setNote(key, value);
    const still = setUp(other, later);
    still.api.script = unreachable;
    still.service.put(streaming(0));
    await later.advance(10_000);
    still.api.script = () => undefined;
    await later.advance(60_000);
    expect(still.away()).toHaveLength(1);
    expect(still.away()[0]?.to).toBeGreaterThan(killedAt + 3_000_000);
  });
});

describe('a disk that is full', () => {
  it('does not stop the messages, and what was to be written down is written when there is room', async () => {
    const store = new FullDisk();
    const { clock, api, service, away, updates } = setUp(store);
    const good = service.slackWasAway.bind(service);
    service.slackWasAway = () => {
      throw new Error('database or disk is full');
    };
    api.script = unreachable;
    service.put(streaming(0));
    await clock.advance(100_000);
    api.script = () => undefined;
    await clock.advance(61_000);
    const sent = updates().length;
    for (let second = 1; second < 10; second++) {
      service.put(streaming(second * 1024));
      await clock.advance(1_000);
    }
    expect(updates().length).toBeGreaterThan(sent + 1);
    expect(away()).toEqual([]);
    store.full = false;
    service.slackWasAway = good;
    await clock.advance(61_000);
    expect(away()).toHaveLength(1);
  });

  it('shows blocks simpler all the same', async () => {
    const { clock, api, service, updates } = setUp(new FullDisk());
    api.script = (call) =>
      JSON.stringify(call.args['blocks']).includes('table"')
        ? new SlackProblem('refused', call.method, 'invalid_blocks')
        : undefined;
    service.put(view());
    await clock.advance(10_000);
    expect(updates()).toHaveLength(3);
  });

  it('posts a message that was deleted once, and goes on with the new one before the journal has it', async () => {
    const { clock, api, service, updates } = setUp();
    const good = service.messagePosted.bind(service);
    service.messagePosted = () => {
      throw new Error('database or disk is full');
    };
    const old = view().messageTs;
    api.script = (call) =>
      call.method === 'chat.update' && call.args['ts'] === old
        ? new SlackProblem('refused', call.method, 'message_not_found')
        : undefined;
    service.put(streaming(0));
    for (let second = 1; second < 300; second++) {
      service.put(streaming(second * 1024));
      await clock.advance(1_000);
    }
    const posted = api.of('chat.postMessage').filter((call) => call.args['thread_ts'] === undefined);
    expect(posted).toHaveLength(1);
    expect(updates().filter((call) => call.args['ts'] === old)).toHaveLength(1);
    service.messagePosted = good;
    service.patch(ID, { shards: [shardView(0, { lagBytes: 7 })] });
    await clock.advance(10_000);
    expect(service.moved).toHaveLength(1);
    expect(updates().filter((call) => call.args['ts'] === old)).toHaveLength(1);
    expect(updates().at(-1)?.args['ts']).toBe(service.moved[0]?.ts);
  });

  it('does not stop the story', async () => {
    const { clock, api, service, poster } = setUp(new FullDisk());
    const thread = createThread({
      poster,
      approving,
      service,
      store: new FullDisk(),
      clock,
      log: noLog,
      gone: () => {},
    });
    service.onChange((id) => thread.changed(id));
    service.put(view());
    service.tell(ID, entered(1, 'planned'));
    await clock.advance(3_000);
    service.tell(ID, entered(2, 'syncing'));
    await clock.advance(3_000);
    const told = api.of('chat.postMessage').map((call) => call.args['text']);
    expect(told).toEqual(['• Now planned.', '• Now syncing.']);
  });
});

it('the thread tells from when to when, in the time of whoever reads it', async () => {
  const { clock, api, service, poster, store } = setUp();
  const thread = createThread({ poster, approving, service, store, clock, log: noLog, gone: () => {} });
  service.onChange((id) => thread.changed(id));
  service.put(view());
  const rows: JournalRow[] = [entered(1, 'planned')];
  service.tell(ID, ...rows);
  await clock.advance(3_000);
  service.slackWasAway(ID, Date.UTC(2024, 4, 1, 14, 2), Date.UTC(2024, 4, 1, 14, 9));
  await clock.advance(3_000);
  expect(String(api.of('chat.postMessage').at(-1)?.args['text'])).toMatch(
    /^⌛ Slack did not take updates from <!date\^1714572120\^.*14:02.*> to <!date\^1714572540\^.*14:09.*>; the migration went on\.$/,
  );
});
