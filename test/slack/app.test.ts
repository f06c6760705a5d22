import { afterEach, describe, expect, it, vi } from 'vitest';
import { ANA, BEN, EVE, MIGRATIONS } from '../../src/sandbox/slack/index.ts';
import { type Bot, type BotOptions, MODES, type Mode, startBot } from './bot.ts';
import { actionView, entered, gateView, view } from './support.ts';

const bots: Bot[] = [];
afterEach(async () => {
  await Promise.all(bots.splice(0).map((one) => one.close()));
});

async function bot(mode: Mode, options: BotOptions = {}): Promise<Bot> {
  const started = await startBot(mode, options);
  bots.push(started);
  return started;
}

/** For what is not seen in the workspace, so that no change of it would tell. */
function until(condition: () => boolean): Promise<unknown> {
  return vi.waitUntil(condition, { timeout: 10_000, interval: 10 });
}

const START = 'start --src old-1:6379 old-2:6379 --dst new-1:6379 new-2:6379 --name orders';
const ID = 'm-0000';

async function opened(made: Bot): Promise<string> {
  await made.slack.command({ user: ANA, channel: MIGRATIONS, text: START });
  await until(() => made.service.opened.length > 0);
  return made.service.opened.at(-1)?.ts ?? '';
}

/** The status message once its text contains this. */
function shows(made: Bot, ts: string, text: string) {
  return made.slack.waitFor(
    () => {
      const message = made.slack.message(MIGRATIONS, ts);
      return message && `${message.text}${JSON.stringify(message.blocks)}`.includes(text) && message;
    },
    { what: `the status message with ${text}`, timeoutMs: 15_000 },
  );
}

describe.each(MODES)('the bot over %s', (mode) => {
  it('starts a migration from a command: one status message, its story in the thread, the newest state in it', async () => {
    const made = await bot(mode);
    const command = await made.slack.command({ user: ANA, channel: MIGRATIONS, text: START, linkify: true });
    expect(command.trouble).toBeNull();
    expect(command.ackMs).toBeLessThan(1_000);
    await until(() => made.service.opened.length > 0);
    const { ts, plan } = made.service.opened[0]!;
    expect(plan.shards.map((shard) => shard.source.host)).toEqual(['old-1', 'old-2']);
    expect(made.slack.message(MIGRATIONS, ts)?.metadata).toEqual({
      event_type: 'redis_migrate_status',
      event_payload: { migration: ID },
    });
    expect(made.store.inbox()).toEqual([]);

    made.service.patch(ID, {
      phase: 'planned',
      actions: [actionView({ value: 'e1' })],
      waitingFor: 'Somebody has to approve.',
    });
    const message = await shows(made, ts, 'is planned – Somebody has to approve.');
    expect(made.slack.buttons(message).map((one) => one.element.action_id)).toEqual([
      'gate:continue',
      'migration:details',
    ]);
    const thread = await made.slack.waitFor(
      () => {
        const told = made.slack.thread(MIGRATIONS, ts);
        return told.length > 1 && told;
      },
      { what: 'the story' },
    );
    expect(thread[1]?.text).toContain(`Asked for “orders”: 1 shard, cut-over fenced. (<@${ANA}>)`);
    expect(made.counted).toContainEqual({ method: 'chat.postMessage', outcome: 'ok' });
  });

  it('acknowledges before anything that waits for a name server, Redis or Slack', async () => {
    const made = await bot(mode);
    made.service.slow = new Promise(() => {});
    made.slack.setLatency(2_500, 'views.open');
    made.slack.setLatency(2_500, 'usergroups.users.list');
    for (const text of [START, START.replace('start', 'check'), '', 'status', 'list', 'help']) {
      const command = await made.slack.command({ user: ANA, channel: MIGRATIONS, text });
      expect([text, command.trouble]).toEqual([text, null]);
      expect(command.ackMs).toBeLessThan(1_000);
    }
    expect(made.store.inbox()).toHaveLength(1);
    made.store.settleInbox(ID);
  });

  it('answers wrong requests to the person alone, all problems at once, and starts nothing', async () => {
    const made = await bot(mode);
    const wrong = await made.slack.command({ user: ANA, channel: MIGRATIONS, text: 'start --src bad --dst new' });
    await wrong.ephemeral('bad: not a host name.');
    const typo = await made.slack.command({ user: ANA, channel: MIGRATIONS, text: 'strat a b' });
    await typo.ephemeral('Did you mean `/redis-migrate start`?');
    expect(made.slack.messages(MIGRATIONS)).toEqual([]);
    expect(made.service.opened).toEqual([]);
  });

  it('judges a click after it was journalled, and tells a refused person why', async () => {
    const made = await bot(mode);
    const ts = await opened(made);
    made.service.patch(ID, { phase: 'planned', actions: [actionView({ value: 'e1' })] });
    await shows(made, ts, 'gate:continue');
    made.service.answer = { accepted: false, text: `You may not approve. Those who may: <@${BEN}>, <!subteam^S0OPS>.` };
    const refused = await made.slack.click({ user: EVE, channel: MIGRATIONS, ts, actionId: 'gate:continue' });
    expect(refused.ackMs).toBeLessThan(1_000);
    await refused.ephemeral(`Those who may: <@${BEN}>, <!subteam^S0OPS>.`);
    expect(made.service.clicks).toEqual([
      { migration: ID, action: 'gate:continue', user: EVE, value: 'e1', typedName: null },
    ]);

    made.service.answer = { accepted: true, text: 'Approved.' };
    await made.slack.click({ user: BEN, channel: MIGRATIONS, ts, actionId: 'gate:continue' });
    made.service.patch(ID, { phase: 'syncing', actions: [] });
    const message = await shows(made, ts, 'is syncing');
    expect(made.slack.buttons(message).map((one) => one.element.action_id)).toEqual(['migration:details']);
    expect(made.slack.ephemerals(BEN)).toEqual([]);
  });

  it('asks for the name in a form; a wrong one is told at its field', async () => {
    const made = await bot(mode);
    const ts = await opened(made);
    made.service.patch(ID, {
      phase: 'planned',
      actions: [actionView({ value: 'e1', ask: 'form', consequence: '5 keys on 1 destination will be wiped.' })],
    });
    await shows(made, ts, 'gate:continue');
    await made.slack.click({ user: BEN, channel: MIGRATIONS, ts, actionId: 'gate:continue' });
    const form = await made.slack.waitFor(() => made.slack.openViews(BEN).at(-1), { what: 'the form' });
    expect(form.callback_id).toBe('confirm:continue');
    expect(JSON.stringify(form.blocks)).toContain('5 keys on 1 destination will be wiped.');
    expect(made.service.clicks).toEqual([]);
    const wrong = await made.slack.submit({ user: BEN, viewId: form.id, values: { name: { name: 'ordrs' } } });
    expect(wrong.ackBody).toMatchObject({
      response_action: 'errors',
      errors: { name: expect.stringContaining('not the name') },
    });
    expect(made.service.clicks).toEqual([]);
    const right = await made.slack.submit({ user: BEN, viewId: form.id, values: { name: { name: ' orders ' } } });
    expect(right.trouble).toBeNull();
    expect(made.service.clicks).toEqual([
      { migration: ID, action: 'gate:continue', user: BEN, value: 'e1', typedName: 'orders' },
    ]);
  });

  it('approve and abort answer to the person alone with the same button, which goes when it was used', async () => {
    const made = await bot(mode);
    await opened(made);
    made.service.patch(ID, {
      phase: 'streaming',
      actions: [
        actionView({ action: 'gate:switch', value: 'e2', consequence: 'Writes stop for a moment.' }),
        actionView({ action: 'migration:abort', value: 'e2', consequence: '2 destinations stop following.' }),
      ],
    });
    const abort = await made.slack.command({ user: ANA, channel: MIGRATIONS, text: `abort ${ID}` });
    const asked = await abort.ephemeral('2 destinations stop following.');
    expect(made.slack.buttons(asked).map((one) => one.element)).toMatchObject([
      { action_id: 'migration:abort', style: 'danger', confirm: {} },
    ]);
    expect(made.service.clicks).toEqual([]);
    const approve = await made.slack.command({ user: BEN, channel: MIGRATIONS, text: `approve ${ID} switch` });
    const ask = await approve.ephemeral('Writes stop for a moment.');
    await made.slack.click({ user: BEN, channel: MIGRATIONS, ts: ask.ts, actionId: 'gate:switch' });
    await made.slack.waitFor(
      () =>
        made.slack.ephemerals(BEN).some((one) => one.text === '✅ Approved.' && made.slack.buttons(one).length === 0),
      { what: 'the answer in place of the button' },
    );
    expect(made.service.clicks).toMatchObject([{ action: 'gate:switch', user: BEN, value: 'e2' }]);
    const closed = await made.slack.command({ user: BEN, channel: MIGRATIONS, text: `approve ${ID} finish` });
    await closed.ephemeral('cannot be approved now: Opens later.');
  });

  it('check, status, list, history and help answer to the person alone', async () => {
    const made = await bot(mode);
    const nothing = await made.slack.command({ user: EVE, channel: MIGRATIONS, text: 'list' });
    await nothing.ephemeral('No migration is running.');
    const check = await made.slack.command({ user: ANA, channel: MIGRATIONS, text: START.replace('start', 'check') });
    await check.ephemeral('new-1:6379 does not answer.');
    expect(made.slack.messages(MIGRATIONS)).toEqual([]);
    await opened(made);
    await (await made.slack.command({ user: EVE, channel: MIGRATIONS, text: 'list' })).ephemeral('orders');
    await (await made.slack.command({ user: EVE, channel: MIGRATIONS, text: 'status' })).ephemeral('60,000');
    await (await made.slack.command({ user: EVE, channel: MIGRATIONS, text: 'status m-zzzz' })).ephemeral(
      'There is no migration `m-zzzz`',
    );
    await (await made.slack.command({ user: EVE, channel: MIGRATIONS, text: 'status m-0002' })).ephemeral(
      'Did you mean `m-0001`?',
    );
    await (await made.slack.command({ user: EVE, channel: MIGRATIONS, text: 'history' })).ephemeral('newest first');
    await (await made.slack.command({ user: EVE, channel: MIGRATIONS, text: 'help gates' })).ephemeral(
      '*switch* makes the new servers the masters',
    );
  });

  it('tells who asks for a button again that others have to press it now', async () => {
    const made = await bot(mode);
    await opened(made);
    const { gates, actions } = made.service.view(ID) ?? view();
    const [gate] = gates;
    const approvals = [{ user: BEN, at: '2024-05-01T10:00:00.000Z' }];
    made.service.patch(ID, {
      actions: actions.length > 0 ? actions : [actionView()],
      gates: gates.map((one) => (one === gate ? { ...one, open: true, needed: 2, approvals } : one)),
    });
    const text = `approve ${ID} continue`;
    await (await made.slack.command({ user: BEN, channel: MIGRATIONS, text })).ephemeral(
      'it has 1 of 2 approvals, and waits for somebody else’s',
    );
    await (await made.slack.command({ user: EVE, channel: MIGRATIONS, text })).ephemeral('Only you can see this');
  });

  it('draws the Home tab', async () => {
    const made = await bot(mode);
    await opened(made);
    await made.slack.openHome(EVE);
    const home = await made.slack.waitFor(() => made.slack.homeView(EVE), { what: 'the Home tab' });
    expect(JSON.stringify(home.blocks)).toContain('*orders*');
  });

  it('answers clicks on old copies and on buttons of other versions', async () => {
    const made = await bot(mode);
    const ts = await opened(made);
    const click = (actionId: string, value: string) =>
      made.slack.click({ user: BEN, channel: MIGRATIONS, ts, stale: { blockId: 'actions', actionId, value } });
    made.service.answer = { accepted: false, text: 'This button is from an earlier state.' };
    await (await click('gate:continue', `${ID} old`)).ephemeral('from an earlier state');
    await (await click('gate:continue', 'm-zzzz x')).ephemeral('There is no migration');
    await (await click('migration:verify', `${ID} x`)).ephemeral('of another version');
    await (await click('gate:continue', 'nonsense')).ephemeral('of another version');
  });

  it('refuses a start of somebody who may not, and posts nothing', async () => {
    const made = await bot(mode, { requesters: [ANA] });
    const command = await made.slack.command({ user: EVE, channel: MIGRATIONS, text: START });
    await command.ephemeral(`You may not ask for migrations. Those who may: <@${ANA}>.`);
    const check = await made.slack.command({ user: EVE, channel: MIGRATIONS, text: START.replace('start', 'check') });
    await check.ephemeral('You may not ask for migrations.');
    await until(() => made.store.inbox().length === 0);
    expect(made.slack.messages(MIGRATIONS)).toEqual([]);
  });

  it('finishes requests in flight when it stops, tells new ones to come back, and stops once', async () => {
    const made = await bot(mode);
    let release = () => {};
    made.service.slow = new Promise((resolve) => (release = resolve));
    await made.slack.command({ user: ANA, channel: MIGRATIONS, text: START });
    const stopping = made.app.stop();
    expect(made.app.stop()).toBe(stopping);
    expect(made.app.ready().ok).toBe(false);
    const late = await made.slack.command({ user: BEN, channel: MIGRATIONS, text: START });
    await late.ephemeral('being restarted, so nothing was done');
    release();
    await stopping;
    expect(made.service.opened.map((one) => one.plan.requestedBy)).toEqual([ANA]);
    expect(made.store.inbox()).toEqual([]);
  });

  it('publishes the last state when it stops', async () => {
    const made = await bot(mode);
    const ts = await opened(made);
    await shows(made, ts, 'is checking');
    made.service.patch(ID, { waitingFor: 'One.' });
    made.service.patch(ID, { waitingFor: 'The very last word.' });
    await made.app.stop();
    expect(made.slack.message(MIGRATIONS, ts)?.text).toContain('The very last word.');
  });

  it('is ready when it is connected, and not before or after', async () => {
    const made = await bot(mode, { start: false });
    expect(made.app.ready()).toMatchObject({ ok: false });
    await made.app.start();
    expect(made.app.ready()).toEqual({ ok: true, why: null });
    await made.app.stop();
    expect(made.app.ready()).toMatchObject({ ok: false });
  });
});

describe('trouble with Slack', () => {
  it('says how to invite the bot where it cannot post, and starts nothing', async () => {
    const made = await bot('socket');
    made.slack.addChannel({ id: 'C0000SECR1', name: 'secret', private: true, botIsMember: false });
    const command = await made.slack.command({ user: ANA, channel: 'secret', text: START });
    await command.ephemeral('Invite it with');
    await until(() => made.store.inbox().length === 0);
    expect(made.service.opened).toEqual([]);
  });

  it('starts in a public channel where it is no member', async () => {
    const made = await bot('socket');
    made.slack.setBotMembership(MIGRATIONS, false);
    const ts = await opened(made);
    made.service.tell(ID, entered(2, 'planned', 'Now planned.'));
    await made.slack.waitFor(() => made.slack.thread(MIGRATIONS, ts).some((one) => one.text.includes('Now planned.')), {
      what: 'the story',
    });
  });

  it('does not post twice when no answer to the first message comes', async () => {
    const made = await bot('socket');
    made.slack.fault('chat.postMessage', { kind: 'answer_lost' });
    const ts = await opened(made);
    expect(made.slack.messages(MIGRATIONS).map((one) => one.ts)).toEqual([ts]);
  });

  it('carries out after a restart what a crash cut off, with the message that was posted already', async () => {
    const first = await bot('socket');
    first.service.open = () => {
      throw new Error('crash');
    };
    await first.slack.command({ user: ANA, channel: MIGRATIONS, text: START });
    await first.slack.waitFor(() => first.slack.messages(MIGRATIONS).length > 0, { what: 'the status message' });
    expect(first.store.inbox()).toHaveLength(1);
    await first.app.stop();
    const second = await bot('socket', { slack: first.slack, store: first.store });
    await until(() => second.service.opened.length > 0);
    expect(second.slack.messages(MIGRATIONS).map((one) => one.ts)).toEqual([second.service.opened[0]?.ts]);
    expect(second.store.inbox()).toEqual([]);
  });

  it('brings messages up to date after a restart, those of ended migrations too', async () => {
    const first = await bot('socket');
    const ts = await opened(first);
    await shows(first, ts, 'is checking');
    await first.app.stop();
    first.service.patch(ID, { phase: 'finished', waitingFor: null });
    first.service.tell(ID, entered(2, 'finished', 'Now finished.'));
    const second = await bot('socket', { slack: first.slack, store: first.store, service: first.service });
    await shows(second, ts, 'is finished');
    const told = await second.slack.waitFor(
      () => {
        const thread = second.slack.thread(MIGRATIONS, ts);
        return thread.length === 3 && thread;
      },
      { what: 'the whole story' },
    );
    expect(told[2]).toMatchObject({ reply_broadcast: true, text: '• Now finished.' });
  });

  it('posts the status again when somebody deleted it and somebody asks', async () => {
    const made = await bot('socket');
    const ts = await opened(made);
    await shows(made, ts, 'is checking');
    made.slack.deleteMessage(MIGRATIONS, ts);
    const status = await made.slack.command({ user: EVE, channel: MIGRATIONS, text: `status ${ID}` });
    await status.ephemeral('orders');
    await until(() => made.service.moved.length > 0);
    await shows(made, made.service.moved[0]!.ts, 'is checking');
  });

  it('says in the message that a start came to nothing after all', async () => {
    const made = await bot('socket');
    made.service.openRefusal = {
      ok: false,
      problems: [{ field: null, text: 'old-1:6379 belongs to m-7k3q, which is not finished.' }],
    };
    const command = await made.slack.command({ user: ANA, channel: MIGRATIONS, text: START });
    await command.ephemeral('belongs to m-7k3q');
    await made.slack.waitFor(() => made.slack.messages(MIGRATIONS)[0]?.text.includes('was not started'), {
      what: 'the withdrawn message',
    });
  });

  it('keeps updating through 429s, and answers people meanwhile', async () => {
    const made = await bot('socket');
    const ts = await opened(made);
    await shows(made, ts, 'is checking');
    made.slack.rateLimit({ method: 'chat.update', times: 1, retryAfterSeconds: 2 });
    made.service.patch(ID, { phase: 'planned' });
    const list = await made.slack.command({ user: EVE, channel: MIGRATIONS, text: 'list' });
    await list.ephemeral('is planned', { timeoutMs: 1_500 });
    await shows(made, ts, 'is planned');
    expect(made.counted).toContainEqual({ method: 'chat.update', outcome: 'rate_limited' });
  });

  it('opens the socket again at once when it is lost, and carries on', async () => {
    const made = await bot('socket');
    const lost: boolean[] = [];
    made.slack.on('change', () => void lost.push(made.app.ready().ok));
    made.slack.disconnectSockets('drop');
    await made.slack.waitFor(() => made.slack.connectedSockets === 0 || lost.includes(false), {
      what: 'a lost socket',
    });
    await vi.waitUntil(() => made.slack.connectedSockets === 1 && made.app.ready().ok, {
      timeout: 10_000,
      interval: 20,
    });
    const list = await made.slack.command({ user: EVE, channel: MIGRATIONS, text: 'list' });
    await list.ephemeral('No migration is running.');
  });

  it('waits for Slack at the start, and says what it waits for', async () => {
    const made = await bot('socket', { start: false });
    made.slack.fault('auth.test', { kind: 'status', status: 503 });
    made.slack.refuseSockets(true);
    const started = made.app.start();
    await until(() => made.app.ready().why?.includes('auth.test') ?? false);
    await until(() => made.app.ready().why?.includes('socket to Slack cannot be opened') ?? false);
    made.slack.refuseSockets(false);
    await started;
    expect(made.app.ready()).toEqual({ ok: true, why: null });
  });

  it('can be stopped while it waits for Slack', async () => {
    const made = await bot('socket', { start: false });
    made.slack.refuseSockets(true);
    const started = made.app.start();
    await until(() => made.app.ready().why?.includes('socket to Slack cannot be opened') ?? false);
    await made.app.stop();
    await started;
    expect(made.slack.connectedSockets).toBe(0);
  });

  it('carries out a request whose acknowledgement could not be sent', async () => {
    const made = await bot('socket');
    made.slack.loseAcks(1);
    const command = await made.slack.command({ user: ANA, channel: MIGRATIONS, text: START });
    expect(command.ackMs).toBeNull();
    await until(() => made.service.opened.length > 0);
  });

  it('answers by another way when the response_url is gone', async () => {
    const made = await bot('socket', { requesters: ['S0OPS'] });
    made.slack.addUserGroup({ id: 'S0OPS', handle: 'ops', users: [ANA] });
    let release = () => {};
    made.service.slow = new Promise((resolve) => (release = resolve));
    made.service.hosts = { ok: false, problems: [{ field: null, text: 'old-1 is outside.' }] };
    const command = await made.slack.command({ user: ANA, channel: MIGRATIONS, text: START });
    made.slack.expireResponseUrls();
    release();
    const answer = await command.ephemeral('old-1 is outside.');
    expect(answer.via).toBe('postEphemeral');
  });

  it('rejects the start with a sentence when Slack does not know the token', async () => {
    const made = await bot('socket', { botToken: 'xoxb-wrong-token', start: false });
    await expect(made.app.start()).rejects.toThrow(
      'Slack refuses the bot’s credentials (invalid_auth)'.replace('’', "'"),
    );
  });

  it('gives an answer when something of ours breaks', async () => {
    const made = await bot('socket');
    made.service.draft = () => {
      throw new Error('broken');
    };
    const command = await made.slack.command({ user: ANA, channel: MIGRATIONS, text: START });
    expect(command.trouble).toBeNull();
    await command.ephemeral('Something went wrong inside the bot');
  });

  it('lets no secret out, wherever it stands', async () => {
    const made = await bot('socket');
    const secret = 'Xq9zLw4rT7';
    made.registry.add(secret);
    const ts = await opened(made);
    made.service.put(
      view({
        id: ID,
        name: `n ${secret}`,
        channel: MIGRATIONS,
        messageTs: ts,
        waitingFor: `why ${secret}`,
        gates: [gateView('continue', { reason: secret })],
        actions: [actionView({ consequence: secret })],
      }),
    );
    made.service.tell(ID, entered(2, 'planned', `Now ${secret}.`));
    await shows(made, ts, '[secret]');
    await made.slack.waitFor(
      () => made.slack.thread(MIGRATIONS, ts).some((one) => one.text.includes('Now [secret].')),
      { what: 'the story' },
    );
    for (const text of [`status ${ID}`, 'list', `approve ${ID} continue`, `status ${secret}`]) {
      const command = await made.slack.command({ user: ANA, channel: MIGRATIONS, text });
      await command.ephemeral();
    }
    const everything = JSON.stringify([
      made.slack.messages(MIGRATIONS),
      made.slack.thread(MIGRATIONS, ts),
      made.slack.ephemerals(ANA),
      made.slack.apiCalls,
    ]);
    expect(everything).not.toContain(secret);
  });
});
