import { describe, expect, it } from 'vitest';
import { noLog } from '../../src/log.ts';
import { SlackProblem } from '../../src/slack/api.ts';
import { createAuthorizer } from '../../src/slack/authorize.ts';
import { ANA, BEN, EVE, FakeApi, ManualClock, type RecordedCall } from './support.ts';

function setUp(config: { requesters: string[] | null; approvers: string[] | null }) {
  const clock = new ManualClock();
  const api = new FakeApi(clock);
  const authorizer = createAuthorizer({ config, api, clock, log: noLog });
  return { clock, api, authorizer };
}

/** As `users.info` and `usergroups.users.list` answer. `global`: other ids of people, on Enterprise Grid. */
function answering(told: { members?: string[]; global?: Record<string, string>; deactivated?: string[] }) {
  return ({ method, args }: RecordedCall) => {
    if (method === 'usergroups.users.list') return { ok: true, users: told.members ?? [] };
    const id = String(args['user']);
    const global = told.global?.[id] ?? (Object.values(told.global ?? {}).includes(id) ? id : undefined);
    const enterprise = global === undefined ? {} : { enterprise_user: { id: global, enterprise_id: 'E0SAND' } };
    return { ok: true, user: { id, deleted: told.deactivated?.includes(id) ?? false, ...enterprise } };
  };
}

describe('who may', () => {
  it('everybody, where nothing is set', async () => {
    const { authorizer } = setUp({ requesters: null, approvers: null });
    expect(await authorizer.mayRequest(EVE)).toEqual({ ok: true });
  });

  it('those who are named, Enterprise Grid ids too, whether Slack tells who they are or not', async () => {
    const { authorizer, api } = setUp({ requesters: [ANA], approvers: ['W0BEN', 'S0OPS'] });
    api.script = ({ method }) => new SlackProblem('unreachable', method, 'timeout');
    expect(await authorizer.mayRequest(ANA)).toEqual({ ok: true });
    expect(await authorizer.mayApprove('W0BEN')).toEqual({ ok: true });
  });

  it('the members of a group; everybody else is told who may', async () => {
    const { authorizer, api, clock } = setUp({ requesters: null, approvers: [ANA, 'S0OPS'] });
    api.script = answering({ members: [BEN] });
    expect(await authorizer.mayApprove(BEN)).toEqual({ ok: true });
    expect(await authorizer.mayApprove(EVE)).toEqual({
      ok: false,
      why: `You may not approve. Those who may: <@${ANA}>, <!subteam^S0OPS>.`,
    });
    expect(api.of('usergroups.users.list')).toHaveLength(1);
    await clock.advance(61_000);
    api.script = answering({ members: [EVE] });
    expect(await authorizer.mayApprove(EVE)).toEqual({ ok: true });
    expect(await authorizer.mayApprove(BEN)).toMatchObject({ ok: false });
  });

  it('asks once for questions that come together', async () => {
    const { authorizer, api } = setUp({ requesters: ['S0OPS'], approvers: null });
    api.script = answering({ members: [BEN] });
    await Promise.all([authorizer.mayRequest(BEN), authorizer.mayRequest(EVE), authorizer.mayRequest(BEN)]);
    expect(api.of('usergroups.users.list')).toHaveLength(1);
    expect(api.of('users.info').map((call) => call.args['user'])).toEqual([BEN, EVE]);
  });

  it('when Slack is away: the last list for ten minutes, then nobody, and the answer says why', async () => {
    const { authorizer, api, clock } = setUp({ requesters: null, approvers: ['S0OPS'] });
    api.script = answering({ members: [BEN] });
    await authorizer.mayApprove(BEN);
    api.script = ({ method }) => new SlackProblem('unreachable', method, 'timeout');
    await clock.advance(9 * 60_000);
    expect(await authorizer.mayApprove(BEN)).toEqual({ ok: true });
    await clock.advance(2 * 60_000);
    const answer = await authorizer.mayApprove(BEN);
    expect(answer).toMatchObject({ ok: false });
    expect(answer.ok ? '' : answer.why).toContain('Slack did not tell who is in <!subteam^S0OPS>');
  });

  it('an empty list is nobody', async () => {
    const { authorizer } = setUp({ requesters: [], approvers: [] });
    expect(await authorizer.mayRequest(ANA)).toMatchObject({ ok: false });
  });
});

describe('on Enterprise Grid', () => {
  const global = { [BEN]: 'W0BEN', [EVE]: 'U0GLOBALEVE' };

  it('one person is one, under the local id and under the global one', async () => {
    const { authorizer, api } = setUp({ requesters: null, approvers: null });
    api.script = answering({ global });
    expect(await authorizer.mayApprove(BEN)).toEqual({ ok: true, person: 'W0BEN' });
    expect(await authorizer.mayApprove('W0BEN')).toEqual({ ok: true });
    expect(await authorizer.mayApprove(EVE)).toEqual({ ok: true, person: 'U0GLOBALEVE' });
  });

  it('the list may have either id, whichever Slack sends', async () => {
    const { authorizer, api } = setUp({ requesters: [BEN], approvers: ['W0BEN', 'S0OPS'] });
    api.script = answering({ global, members: ['U0GLOBALEVE'] });
    expect(await authorizer.mayApprove(BEN)).toMatchObject({ ok: true });
    expect(await authorizer.mayRequest('W0BEN')).toMatchObject({ ok: true });
    expect(await authorizer.mayApprove(EVE), 'in the group under the other id').toMatchObject({ ok: true });
    expect(await authorizer.mayApprove(ANA)).toMatchObject({ ok: false });
    expect(await authorizer.mayRequest(EVE)).toMatchObject({ ok: false });
  });

  it('when Slack does not tell who somebody is, the answer says so, and is no', async () => {
    const { authorizer, api } = setUp({ requesters: null, approvers: ['W0BEN'] });
    api.script = ({ method }) => new SlackProblem('unreachable', method, 'timeout');
    const answer = await authorizer.mayApprove(BEN);
    expect(answer).toMatchObject({ ok: false, unsure: true });
    expect(answer.ok ? '' : answer.why).toContain('Slack did not tell who you are');
  });
});

describe('a deactivated account', () => {
  it('may nothing, named or in a group or where everybody may', async () => {
    for (const approvers of [null, [BEN], ['S0OPS']]) {
      const { authorizer, api } = setUp({ requesters: [BEN], approvers });
      api.script = answering({ deactivated: [BEN], members: [BEN, EVE] });
      const no = { ok: false, why: expect.stringContaining('deactivated') };
      expect(await authorizer.mayApprove(BEN)).toMatchObject(no);
      expect(await authorizer.mayRequest(BEN)).toMatchObject(no);
      if (approvers?.[0] !== BEN) expect(await authorizer.mayApprove(EVE)).toMatchObject({ ok: true });
    }
  });

  it('is noticed within a minute', async () => {
    const { authorizer, api, clock } = setUp({ requesters: null, approvers: [BEN] });
    api.script = answering({});
    expect(await authorizer.mayApprove(BEN)).toEqual({ ok: true });
    api.script = answering({ deactivated: [BEN] });
    expect(await authorizer.mayApprove(BEN)).toEqual({ ok: true });
    await clock.advance(61_000);
    expect(await authorizer.mayApprove(BEN)).toMatchObject({ ok: false });
  });
});

it('a Slack that is slow to say who somebody is holds up nobody who is named', async () => {
  const { authorizer, api, clock } = setUp({ requesters: null, approvers: [BEN] });
  api.script = () => new Promise(() => {});
  const answer = authorizer.mayApprove(BEN);
  await clock.advance(3_100);
  expect(await answer).toEqual({ ok: true });
});
