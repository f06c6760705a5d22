import { expect, it } from 'vitest';
import { mustAct } from '../../src/slack/must-act.ts';
import { ANA, BEN, EVE, gateView, view } from './support.ts';

const AT = '2024-05-01T10:00:00.000Z';
const approving = { approvers: [ANA, BEN, 'W0000000EVE', 'S0OPS'], selfApproval: true };

it('those who may approve and have not', () => {
  expect(mustAct(approving, view(), 'continue')).toEqual([
    `<@${ANA}>`,
    `<@${BEN}>`,
    '<@W0000000EVE>',
    '<!subteam^S0OPS>',
  ]);
  const gates = [gateView('continue', { open: true, needed: 2, approvals: [{ user: BEN, at: AT }] })];
  expect(mustAct(approving, view({ gates }), 'continue')).not.toContain(`<@${BEN}>`);
});

it('not whoever asked, where their own approval does not count', () => {
  expect(mustAct({ ...approving, selfApproval: false }, view({ requestedBy: ANA }), 'continue')).not.toContain(
    `<@${ANA}>`,
  );
});

it('where everybody may approve: whoever asked, or nobody; never all', () => {
  const anybody = { approvers: null, selfApproval: true };
  expect(mustAct(anybody, view({ requestedBy: EVE }), 'continue')).toEqual([`<@${EVE}>`]);
  expect(mustAct({ ...anybody, selfApproval: false }, view(), 'continue')).toEqual([]);
});

it('nobody for a gate that is passed, approved, denied, or not the next one', () => {
  const approved = gateView('continue', { approvals: [{ user: BEN, at: AT }] });
  const denied = gateView('continue', { denied: { user: BEN, at: AT, reason: '"No."' } });
  expect(mustAct(approving, view({ gates: [approved] }), 'continue')).toEqual([]);
  expect(mustAct(approving, view({ gates: [denied] }), 'continue')).toEqual([]);
  expect(mustAct(approving, view({ phase: 'syncing' }), 'continue')).toEqual([]);
  expect(mustAct(approving, view(), 'switch')).toEqual([]);
  expect(mustAct(approving, view({ gates: [] }), 'continue')).toEqual([]);
});

it('twenty at most: more is no call any more', () => {
  const approvers = Array.from({ length: 50 }, (_, place) => `U000${place}`);
  expect(mustAct({ approvers, selfApproval: true }, view(), 'continue')).toHaveLength(20);
});
