/** Files in the thread: once, in order, over crashes and refusals, and on request; in the sandbox and with a scripted Slack. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { MigrationView } from '../../src/domain/view.ts';
import { noLog, noMetrics, SecretRegistry } from '../../src/log.ts';
import { ANA, MIGRATIONS } from '../../src/sandbox/slack/index.ts';
import { SlackProblem } from '../../src/slack/api.ts';
import { createHandouts } from '../../src/slack/files/handouts.ts';
import { createPeople } from '../../src/slack/files/people.ts';
import { createUploader } from '../../src/slack/files/uploader.ts';
import { createPoster } from '../../src/slack/post.ts';
import { type Bot, startBot } from './bot.ts';
import { history } from './chart/history.ts';
import { FakeApi, FakeService, ManualClock, MemoryStore, shardView, view } from './support.ts';

const ID = 'm-7k3q';
const PNG = Buffer.from('a picture');
const now = () => new Date().toISOString();

function ended(clock: ManualClock, more: Partial<MigrationView> = {}): MigrationView {
  return view({ phase: 'finished', phaseSince: new Date(clock.now()).toISOString(), ...more });
}

function setUp(store = new MemoryStore(), clock = new ManualClock()) {
  const api = new FakeApi(clock);
  const answers = (call: { method: string }) => {
    if (call.method === 'files.getUploadURLExternal') return { ok: true, upload_url: 'https://up', file_id: 'F1' };
    if (call.method === 'users.info') return { ok: true, user: { profile: { display_name: 'Ana <b>' } } };
    return undefined;
  };
  api.script = answers;
  const sent: string[] = [];
  const service = new FakeService();
  const registry = new SecretRegistry();
  const draw = vi.fn((_svg: string) => Promise.resolve(PNG));
  const gone: string[] = [];
  const handouts = createHandouts({
    service,
    uploader: createUploader({
      api,
      clock,
      metrics: noMetrics,
      send: async (_url, init) => {
        sent.push(Buffer.from(init?.body as Uint8Array).toString());
        return new Response('OK');
      },
    }),
    people: createPeople({ api }),
    poster: createPoster({ api, clock, log: noLog }),
    draw,
    registry,
    store,
    clock,
    log: noLog,
    gone: (id) => void gone.push(id),
  });
  service.onChange((id) => handouts.changed(id));
  const { report, samples } = history(2, { seconds: 120, spacing: 4 });
  service.reports.set(ID, report);
  service.series.set(ID, samples);
  const names = () => api.of('files.getUploadURLExternal').map((call) => String(call.args['filename']));
  const shares = () => api.of('files.completeUploadExternal');
  return { api, answers, clock, service, store, handouts, registry, draw, sent, gone, names, shares };
}

describe('what is handed out', () => {
  it('is the chart and then the report when a migration has ended, each once', async () => {
    const { clock, service, names, shares, sent, api } = setUp();
    service.put(view({ phase: 'switched' }));
    await clock.advance(20_000);
    expect(names()).toEqual([]);
    service.put(ended(clock));
    await clock.advance(20_000);
    service.change(ID);
    await clock.advance(20_000);
    expect(names()).toEqual(['m-7k3q-chart.png', 'm-7k3q-report.md', 'm-7k3q-report.json']);
    expect(shares().map((call) => [call.args['channel_id'], call.args['thread_ts']])).toEqual([
      ['C000000OPS', '1700000000.000100'],
      ['C000000OPS', '1700000000.000100'],
    ]);
    expect(sent[0]).toBe('a picture');
    expect(sent[1]).toMatch(/^# Redis migration orders/);
    expect(sent[1]).toContain('| Asked for by | Ana &lt;b&gt; |');
    expect(JSON.parse(sent[2] ?? '')).toMatchObject({ id: ID, shards: [{ index: 0 }, { index: 1 }] });
    const alt = String(api.of('files.getUploadURLExternal')[0]?.args['alt_txt']);
    expect(alt).toContain('progress of 2 shards');
    expect(alt).toContain('switch approved by Ana <b>');
  });

  it('has the list of all shards where the message cannot show them, when they are in step and at the end', async () => {
    const { clock, service, names, sent } = setUp();
    const shards = Array.from({ length: 201 }, (_, index) => shardView(index, { reason: '=1+1' }));
    service.put(view({ phase: 'syncing', shards }));
    await clock.advance(5_000);
    expect(names()).toEqual([]);
    service.put(view({ phase: 'streaming', shards }));
    await clock.advance(5_000);
    service.put(view({ phase: 'syncing', shards }));
    service.put(view({ phase: 'streaming', shards }));
    await clock.advance(5_000);
    expect(names()).toEqual(['m-7k3q-shards-in-step.csv']);
    expect(sent[0]?.split('\r\n')).toHaveLength(203);
    expect(sent[0]).toContain(`"'=1+1"`);
    service.put(ended(clock, { shards }));
    await clock.advance(20_000);
    expect(names().slice(1)).toEqual([
      'm-7k3q-chart.png',
      'm-7k3q-report.md',
      'm-7k3q-report.json',
      'm-7k3q-shards.csv',
    ]);
  });

  it('has no picture where nothing was seen, and a report all the same', async () => {
    const { clock, service, names } = setUp();
    service.series.clear();
    service.put(ended(clock, { phase: 'aborted' }));
    await clock.advance(20_000);
    expect(names()).toEqual(['m-7k3q-report.md', 'm-7k3q-report.json']);
  });

  it('has no secret in it', async () => {
    const { clock, service, registry, sent, draw } = setUp();
    registry.add('hunter2-planted');
    service.reports.set(ID, { ...history(2, { name: 'hunter2-planted' }).report, reason: 'hunter2-planted' });
    service.put(ended(clock));
    await clock.advance(20_000);
    expect(sent.length).toBe(3);
    expect(sent.join('') + draw.mock.calls.join('')).not.toContain('hunter2');
  });

  it('is a picture also where a password is a word that pictures are made of', async () => {
    const { clock, service, registry, draw } = setUp();
    for (const word of ['stroke', 'viewBox', 'middle']) registry.add(word);
    service.reports.set(ID, { ...history(2, { name: 'the stroke of noon' }).report });
    service.put(ended(clock));
    await clock.advance(20_000);
    const svg = draw.mock.calls[0]?.[0] ?? '';
    expect(svg).toContain('viewBox="0 0 ');
    expect(svg).toContain('stroke="#');
    expect(svg).toContain('the [secret] of noon');
  });

  it('is not that of a migration which ended long ago, under an earlier version say', async () => {
    const { clock, service, names } = setUp();
    service.put(view({ phase: 'finished', phaseSince: '2023-10-01T00:00:00.000Z' }));
    await clock.advance(20_000);
    expect(names()).toEqual([]);
  });
});

describe('each file once', () => {
  it('also when the bot dies after it was shared and before that was noted', async () => {
    const first = setUp();
    first.service.put(ended(first.clock));
    await first.clock.advance(20_000);
    const second = setUp();
    second.api.script = (call) =>
      call.method === 'conversations.replies'
        ? { ok: true, messages: [{ ts: '1' }, { ts: '2', files: [{ name: 'm-7k3q-chart.png' }] }] }
        : second.answers(call);
    second.service.put(ended(second.clock));
    await second.clock.advance(20_000);
    expect(second.names()).toEqual(['m-7k3q-report.md', 'm-7k3q-report.json']);
  });

  it('also over a restart that comes later', async () => {
    const first = setUp();
    first.service.put(ended(first.clock));
    await first.clock.advance(20_000);
    const second = setUp(first.store, first.clock);
    second.service.put(ended(first.clock));
    await first.clock.advance(20_000);
    expect([first.names().length, second.names()]).toEqual([3, []]);
    expect(second.handouts.isComplete(ID)).toBe(true);
  });

  it('looks again when nobody knows whether it was shared', async () => {
    const { clock, service, api, answers, shares, names } = setUp();
    let there = false;
    api.script = (call) => {
      if (call.method === 'files.completeUploadExternal' && !there) {
        there = true;
        return new SlackProblem('unreachable', call.method, 'timeout');
      }
      if (call.method === 'conversations.replies' && there)
        return { ok: true, messages: [{ ts: '2', files: [{ name: 'm-7k3q-chart.png' }] }] };
      return answers(call);
    };
    service.put(ended(clock));
    await clock.advance(30_000);
    expect([shares().length, names()[0], names().length]).toEqual([2, 'm-7k3q-chart.png', 3]);
  });

  it('is tried again when Slack was away, and not for ever', async () => {
    const { clock, service, api, answers, shares } = setUp();
    api.script = ({ method }) => new SlackProblem('unreachable', method, 'ECONNREFUSED');
    service.put(ended(clock));
    await clock.advance(5_000);
    api.script = answers;
    await clock.advance(30_000);
    expect(shares()).toHaveLength(2);
    const away = setUp();
    away.api.script = ({ method }) => new SlackProblem('unreachable', method, 'ECONNREFUSED');
    away.service.put(ended(away.clock));
    await away.clock.advance(3_600_000);
    expect(away.api.of('conversations.replies').length).toBeLessThan(20);
  });

  it('comes once the end of a long outage is told', async () => {
    const { clock, service, api, answers, shares } = setUp();
    api.script = ({ method }) => new SlackProblem('unreachable', method, 'ECONNREFUSED');
    service.put(ended(clock));
    await clock.advance(1_800_000);
    expect(shares()).toHaveLength(0);
    api.script = answers;
    service.change(ID);
    await clock.advance(30_000);
    expect(shares()).toHaveLength(2);
    service.change(ID);
    await clock.advance(30_000);
    expect(shares()).toHaveLength(2);
  });

  it('also when it was shared by a phase before, or by a clock that is ahead of Slack', async () => {
    const { clock, service, api, answers, names } = setUp();
    const shared = clock.now() / 1_000 - 3_600;
    api.script = (call) =>
      call.method === 'conversations.replies' && Number(call.args['oldest'] ?? 0) < shared
        ? { ok: true, messages: [{ ts: `${shared}.000100`, files: [{ name: 'm-7k3q-chart.png' }] }] }
        : answers(call);
    service.put(ended(clock));
    await clock.advance(20_000);
    expect(names()).not.toContain('m-7k3q-chart.png');
  });

  it('also when a disk is full', async () => {
    const { clock, service, store, names } = setUp();
    store.setNote = () => {
      throw new Error('The disk is full.');
    };
    service.put(ended(clock));
    await clock.advance(20_000);
    service.change(ID);
    await clock.advance(20_000);
    expect(names()).toHaveLength(3);
  });
});

describe('when it does not work', () => {
  it('a picture that cannot be drawn does not keep the report away', async () => {
    const { clock, service, draw, names } = setUp();
    draw.mockRejectedValue(new Error('No thread.'));
    service.put(ended(clock));
    await clock.advance(20_000);
    expect(names()).toEqual(['m-7k3q-report.md', 'm-7k3q-report.json']);
  });

  it('people hear once that files are not taken, and what to do', async () => {
    const { clock, service, api, answers } = setUp();
    api.script = (call) =>
      call.method === 'files.completeUploadExternal'
        ? new SlackProblem('refused', call.method, 'not_in_channel')
        : answers(call);
    service.put(ended(clock));
    await clock.advance(20_000);
    const told = api.of('chat.postMessage').map((call) => String(call.args['text']));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/not_in_channel.*invite it.*status m-7k3q --chart.*report\.md/);
  });

  it('a thread that is gone is made anew first', async () => {
    const { clock, service, api, answers, gone, shares } = setUp();
    api.script = (call) =>
      call.args['ts'] === '1700000000.000100'
        ? new SlackProblem('refused', call.method, 'thread_not_found')
        : answers(call);
    service.put(ended(clock));
    await clock.advance(2_500);
    expect(gone).toEqual([ID]);
    service.patch(ID, { messageTs: '1700000099.000100' });
    await clock.advance(20_000);
    expect(shares().map((call) => call.args['thread_ts'])).toEqual(['1700000099.000100', '1700000099.000100']);
  });

  it('keeps below a hundred calls a minute, whatever is handed out', async () => {
    const { clock, service, api } = setUp();
    const { report, samples } = history(2, { seconds: 60, spacing: 4 });
    for (let many = 0; many < 60; many++) {
      const id = `m-00${String(many).padStart(2, '0')}`;
      service.reports.set(id, { ...report, id });
      service.series.set(id, samples);
      service.put(ended(clock, { id }));
    }
    await clock.advance(300_000);
    const at = api.calls.filter((call) => call.method.startsWith('files.')).map((call) => call.at);
    expect(at).toHaveLength(300);
    expect(at.every((time, place) => (at[place + 100] ?? Number.POSITIVE_INFINITY) - time >= 60_000)).toBe(true);
  });
});

describe('in a workspace', () => {
  const bots: Bot[] = [];
  afterEach(async () => {
    await Promise.all(bots.splice(0).map((one) => one.close()));
  });

  async function posted() {
    const made = await startBot('socket');
    bots.push(made);
    await made.slack.command({
      user: ANA,
      channel: MIGRATIONS,
      text: 'start --src old-1:1 --dst new-1:1 --name orders',
    });
    await vi.waitUntil(() => made.service.opened.length > 0, { timeout: 10_000 });
    const { ts, plan } = made.service.opened[0]!;
    const { report, samples } = history(1, { seconds: 60 });
    made.service.reports.set(plan.id, { ...report, id: plan.id });
    return { made, ts, id: plan.id, samples };
  }

  it('a chart is drawn and shared on request, and who asked is told where', async () => {
    const { made, id, samples, ts } = await posted();
    const early = await made.slack.command({ user: ANA, channel: MIGRATIONS, text: `status ${id} --chart` });
    expect(early.trouble).toBeNull();
    await made.slack.waitFor(() => made.slack.ephemerals(ANA).some((one) => one.text.includes('nothing to draw')), {
      what: 'that there is nothing yet',
    });
    made.service.series.set(id, samples);
    await made.slack.command({ user: ANA, channel: MIGRATIONS, text: 'status --chart' });
    await made.slack.waitFor(
      () => made.slack.ephemerals(ANA).some((one) => /The chart is in the <https.*thread>/.test(one.text)),
      {
        what: 'where the chart is',
        timeoutMs: 15_000,
      },
    );
    const [file] = made.slack.files();
    expect(file).toMatchObject({ channel: MIGRATIONS, thread_ts: ts, mimetype: 'image/png' });
    expect(file?.name).toMatch(new RegExp(`^${id}-chart-\\d{8}T\\d{6}Z\\.png$`));
    expect(file?.content.subarray(1, 4).toString()).toBe('PNG');
    expect(file?.alt).toContain('progress of 1 shard');
    await made.slack.command({ user: ANA, channel: MIGRATIONS, text: `status ${id} --csv` });
    await made.slack.waitFor(() => made.slack.files().some((one) => one.mimetype === 'text/csv'), { what: 'the CSV' });
  });

  it('chart and report come by themselves at the end, as Slack takes them', async () => {
    const { made, id, samples, ts } = await posted();
    made.service.series.set(id, samples);
    made.service.patch(id, { phase: 'finished', phaseSince: now(), actions: [] });
    await made.slack.waitFor(() => made.slack.files().length === 3, { what: 'three files', timeoutMs: 20_000 });
    const kinds = made.slack.files().map((one) => one.mimetype);
    expect(kinds).toEqual(['image/png', 'text/markdown', 'application/json']);
    expect(made.slack.files().every((one) => one.thread_ts === ts)).toBe(true);
    await vi.waitUntil(() => made.store.note(`files-report:${id}`) === 'done', { timeout: 10_000 });
  });
});
