import { describe, expect, it } from 'vitest';
import { noLog } from '../../src/log.ts';
import { SlackProblem } from '../../src/slack/api.ts';
import { createAuthorizer } from '../../src/slack/authorize.ts';
import { ANA, BEN, EVE, FakeApi, ManualClock } from './support.ts';

function setUp(config: { requesters: string[] | null; approvers: string[] | null }) {
  const clock = new ManualClock();
  const api = new FakeApi(clock);
  const authorizer = createAuthorizer({ config, api, clock, log: noLog });
  return { clock, api, authorizer };
}

describe('who may', () => {
  it('everybody, where nothing is set', async () => {
    const { authorizer } = setUp({ requesters: null, approvers: null });
    expect(await authorizer.mayRequest(EVE)).toEqual({ ok: true });
  });

  it('those who are named, Enterprise Grid ids too, without asking Slack', async () => {
    const { authorizer, api } = setUp({ requesters: [ANA], approvers: ['W0BEN', 'S0OPS'] });
    expect(await authorizer.mayRequest(ANA)).toEqual({ ok: true });
    expect(await authorizer.mayApprove('W0BEN')).toEqual({ ok: true });
    expect(api.calls).toEqual([]);
  });

  it('the members of a group; everybody else is told who may', async () => {
    const { authorizer, api, clock } = setUp({ requesters: null, approvers: [ANA, 'S0OPS'] });
    api.script = () => ({ ok: true, users: [BEN] });
    expect(await authorizer.mayApprove(BEN)).toEqual({ ok: true });
    expect(await authorizer.mayApprove(EVE)).toEqual({
      ok: false,
      why: `You may not approve. Those who may: <@${ANA}>, <!subteam^S0OPS>.`,
    });
    expect(api.of('usergroups.users.list')).toHaveLength(1);
    await clock.advance(61_000);
    api.script = () => ({ ok: true, users: [EVE] });
    expect(await authorizer.mayApprove(EVE)).toEqual({ ok: true });
    expect(await authorizer.mayApprove(BEN)).toMatchObject({ ok: false });
  });

  it('asks once for questions that come together', async () => {
    const { authorizer, api } = setUp({ requesters: ['S0OPS'], approvers: null });
    api.script = () => ({ ok: true, users: [BEN] });
    await Promise.all([authorizer.mayRequest(BEN), authorizer.mayRequest(EVE), authorizer.mayRequest(BEN)]);
    expect(api.calls).toHaveLength(1);
  });

  it('when Slack is away: the last list for ten minutes, then nobody, and the answer says why', async () => {
    const { authorizer, api, clock } = setUp({ requesters: null, approvers: ['S0OPS'] });
    api.script = () => ({ ok: true, users: [BEN] });
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
