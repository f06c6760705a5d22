import { describe, expect, it } from 'vitest';
import type { Permission } from '../../src/engine/service.ts';
import { noLog } from '../../src/log.ts';
import { SlackProblem } from '../../src/slack/api.ts';
import { createHomeDesk, type HomeDesk } from '../../src/slack/home-desk.ts';
import { createLinks } from '../../src/slack/links.ts';
import { ANA, BEN, FakeApi, FakeService, ManualClock, shardView, view } from './support.ts';

function setUp() {
  const clock = new ManualClock();
  const api = new FakeApi(clock);
  const service = new FakeService();
  const permission: { approve: Permission } = { approve: { ok: true } };
  const authorizer = {
    mayApprove: () => Promise.resolve(permission.approve),
    mayRequest: () => Promise.resolve({ ok: true as const }),
  };
  const links = createLinks({ api, clock, log: noLog, found: () => home.stale() });
  const common = { api, service, authorizer, links, clock, log: noLog };
  const home: HomeDesk = createHomeDesk({ ...common, approveOwn: true, hasSettings: true });
  service.onChange((id) => home.changed(id));
  home.start();
  const drawn = (user = ANA) => api.of('views.publish').filter((call) => call.args['user_id'] === user);
  const last = (user = ANA) => JSON.stringify(drawn(user).at(-1)?.args['view']);
  const lag = (lagBytes: number) =>
    service.put(view({ waitingFor: `Lag ${lagBytes}.`, shards: [shardView(0, { lagBytes })] }));
  return { clock, api, service, home, permission, drawn, last, lag };
}

describe('the Home tab', () => {
  it('is drawn for nobody who has not opened it', async () => {
    const { clock, api, lag } = setUp();
    lag(1);
    await clock.advance(60_000);
    expect(api.calls).toEqual([]);
  });

  it('is drawn at once when it is opened, and again every 15 s at most while something changes', async () => {
    const { clock, home, drawn, last, lag } = setUp();
    lag(0);
    home.opened(ANA);
    await clock.advance(10);
    expect(drawn()).toHaveLength(1);
    for (let second = 1; second <= 60; second++) {
      lag(second);
      await clock.advance(1_000);
    }
    const at = drawn().map((call) => call.at);
    expect(at.slice(1).every((time, place) => time - (at[place] ?? 0) >= 15_000)).toBe(true);
    expect(at.length).toBe(5);
    expect(last()).toContain('Lag 60.');
  });

  it('is left alone while nothing changes, and ten minutes after it was opened', async () => {
    const { clock, service, home, drawn, lag } = setUp();
    lag(0);
    home.opened(ANA);
    // The link to the message is found, which changes it once.
    await clock.advance(40_000);
    const before = drawn().length;
    for (let second = 1; second <= 60; second++) {
      service.change('m-7k3q');
      await clock.advance(1_000);
    }
    expect(drawn()).toHaveLength(before);
    await clock.advance(600_000);
    lag(1);
    await clock.advance(60_000);
    expect(drawn()).toHaveLength(before);
  });

  it('shows each one what waits for them, and the settings to approvers only', async () => {
    const { clock, service, home, permission, last } = setUp();
    service.put(view({ gates: [{ gate: 'continue', open: true, reason: 'It starts.', approvals: [], needed: 1 }] }));
    home.opened(ANA);
    await clock.advance(10);
    expect(last(ANA)).toContain('wants your approval');
    expect(last(ANA)).toContain('home:settings');
    permission.approve = { ok: false, why: 'No.' };
    home.opened(BEN);
    await clock.advance(10);
    expect(last(BEN)).toContain('Nothing waits for you.');
    expect(last(BEN)).not.toContain('home:settings');
  });

  it('answers a click in it at once, and says it once', async () => {
    const { clock, home, drawn, last, lag } = setUp();
    lag(0);
    home.opened(ANA);
    await clock.advance(100);
    home.clicked(ANA, '✖️ Already approved by Ben.');
    await clock.advance(100);
    expect(drawn()).toHaveLength(2);
    expect(last()).toContain('Already approved by Ben.');
    lag(1);
    await clock.advance(20_000);
    expect(last()).not.toContain('Already approved');
  });

  it('links to the status message once Slack has said where it is, and asks once', async () => {
    const { clock, api, home, last, lag } = setUp();
    lag(0);
    home.opened(ANA);
    home.opened(BEN);
    await clock.advance(100);
    expect(last()).toContain('in <#C000000OPS>');
    await clock.advance(20_000);
    expect(last()).toContain('<https://sandbox.slack.com/p1700000000.000100|Open the message>');
    expect(api.of('chat.getPermalink')).toHaveLength(1);
  });

  it('moves a migration that ended to those that ended of late', async () => {
    const { clock, service, home, last, lag } = setUp();
    lag(0);
    home.opened(ANA);
    await clock.advance(100);
    expect(last()).not.toContain('Ended of late');
    service.patch('m-7k3q', { phase: 'finished', actions: [], waitingFor: null });
    await clock.advance(20_000);
    expect(last()).toContain('Ended of late');
    expect(last()).toContain('No migration is running.');
  });

  it('keeps below what Slack allows with many readers, and waits when Slack says so', async () => {
    const { clock, api, home, drawn, lag } = setUp();
    const readers = Array.from({ length: 60 }, (_, index) => `U${index}`);
    for (const reader of readers) home.opened(reader);
    for (let second = 0; second < 120; second++) {
      lag(second);
      await clock.advance(1_000);
    }
    const at = api.of('views.publish').map((call) => call.at);
    const inMinute = (from: number) => at.filter((time) => time >= from && time < from + 60_000).length;
    expect(Math.max(...at.map(inMinute))).toBeLessThanOrEqual(50);
    expect(readers.every((reader) => drawn(reader).length > 0)).toBe(true);
    api.script = ({ method }) =>
      method === 'views.publish' ? new SlackProblem('rate_limited', method, 'ratelimited', 30_000) : undefined;
    const before = at.length;
    lag(1_000);
    await clock.advance(20_000);
    // Those that were under way when Slack said so, and no more.
    expect(api.of('views.publish').length - before).toBeLessThanOrEqual(12);
  });

  it('tries again a minute after Slack has refused', async () => {
    const { clock, api, home, drawn, lag } = setUp();
    lag(0);
    api.script = ({ method }) =>
      method === 'views.publish' ? new SlackProblem('refused', method, 'fatal_error') : undefined;
    home.opened(ANA);
    await clock.advance(59_000);
    expect(drawn()).toHaveLength(1);
    api.script = () => undefined;
    await clock.advance(5_000);
    expect(drawn()).toHaveLength(2);
  });
});
