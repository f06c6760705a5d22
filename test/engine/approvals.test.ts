/** Approvals on a migration at work: taken back, denied, expired, void, and a glass that is broken; across restarts. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { Authorizer } from '../../src/engine/service.ts';
import { SecretRegistry } from '../../src/log.ts';
import { migrationJson } from '../../src/observability/migration-json.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { ANA, createHarness, type Harness, POLICY } from '../support/engine.ts';
import { startPairs, urls } from '../support/servers.ts';

const BEN = 'U00000BEN';
const EVE = 'U00000EVE';
const TTL = 3_600_000;
const TWO = { continue: 2, switch: 2, finish: 2 };

let fleet: Fleet;
let store: Store;
let made: Harness;
let aheadMs: number;
const gone = new Set<string>();
/** Of whom Slack tells later. */
let slow: { readonly user: string; readonly told: Promise<void> } | null = null;
const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
const authorizer: Authorizer = {
  mayRequest: async () => ({ ok: true }),
  mayApprove: async (user) => {
    if (user === slow?.user) await slow.told;
    return gone.has(user) ? { ok: false, why: 'Your account is deactivated.' } : { ok: true };
  },
};

beforeEach(async () => {
  aheadMs = 0;
  gone.clear();
  slow = null;
  fleet = await startFleet();
  store = openSqliteStore({ file: ':memory:', secrets: new SecretRegistry(), clock: systemClock });
  made = harness();
});

afterEach(async () => {
  await made.close();
  store.close();
  await fleet.close();
});

function harness(): Harness {
  return createHarness({ store, clock, authorizer, policy: { ...POLICY, approvals: TWO, approvalTtlMs: TTL } });
}

async function restart(): Promise<void> {
  await made.close();
  made = harness();
}

async function planned(): Promise<string> {
  const { sources, destinations } = await startPairs(fleet, 1);
  const id = await made.start({ sources: urls(sources), destinations: urls(destinations), name: 'orders' });
  await made.open(id, 'continue');
  return id;
}

function gate(id: string) {
  const found = made.view(id).gates.find((one) => one.gate === 'continue');
  if (!found) throw new Error('There is a gate continue.');
  return found;
}

function told(id: string, kind: string): string[] {
  return made
    .view(id)
    .journal.filter((row) => row.kind === kind)
    .map((row) => row.text);
}

test('a word can be taken back or denied, across restarts, and the gate is passed by two others', async () => {
  const id = await planned();
  const called = (times: number) => until(() => told(id, 'approval_needed').length === times);
  await called(1);
  await made.click(id, 'gate:continue', { user: BEN });
  await restart();
  expect(gate(id).approvals.map((one) => one.user)).toEqual([BEN]);
  expect(await made.click(id, 'migration:revoke', { user: EVE })).toMatchObject({ accepted: false });
  expect(await made.click(id, 'migration:revoke', { user: BEN })).toMatchObject({ accepted: true });
  await made.click(id, 'gate:continue', { user: BEN });
  expect(await made.click(id, 'migration:deny', { user: EVE, reason: 'Not today.' })).toMatchObject({ accepted: true });
  await restart();
  expect(gate(id)).toMatchObject({ open: false, denied: { user: EVE }, approvals: [] });
  expect(made.view(id).waitingFor).toMatch(/^Denied by <@U00000EVE> <!date.*: "Not today"\.$/);
  expect(migrationJson(made.view(id), new SecretRegistry())['gates']).toMatchObject([
    { gate: 'continue', open: false, approvals: [], denied: { user: EVE, reason: '"Not today"' }, brokenGlass: null },
    { denied: null },
    { denied: null },
  ]);
  expect(await made.click(id, 'migration:ask_again', { user: ANA })).toMatchObject({ accepted: true });
  await called(2);
  await made.click(id, 'gate:continue', { user: BEN });
  await made.click(id, 'gate:continue', { user: EVE });
  await made.phase(id, 'syncing', 'streaming');
  expect(gate(id).approvals.map((one) => one.user)).toEqual([BEN, EVE]);
  // Called once, and once more after it was asked again; restarts call nobody.
  expect(told(id, 'approval_needed').filter((text) => text.includes('*continue*'))).toHaveLength(2);
});

test('approvals that expire, or are void by another check or a deactivated account, are told in the journal', async () => {
  const id = await planned();
  await made.click(id, 'gate:continue', { user: BEN });
  aheadMs += TTL + 1_000;
  await until(() => told(id, 'approvals_void').length === 1);
  expect(gate(id).approvals).toEqual([]);
  await made.click(id, 'gate:continue', { user: BEN });
  await made.click(id, 'migration:recheck');
  // In one append with what voids them: no crash can come between.
  const kinds = made.view(id).journal.map((row) => row.kind);
  const at = kinds.lastIndexOf('recheck_asked');
  expect(kinds.slice(at, at + 3)).toEqual(['recheck_asked', 'phase_entered', 'approvals_void']);
  await made.open(id, 'continue');
  await made.click(id, 'gate:continue', { user: BEN });
  gone.add(BEN);
  expect(await made.click(id, 'gate:continue', { user: EVE })).toMatchObject({
    text: 'Approved. 1 more approval needed.',
  });
  expect(told(id, 'approvals_void')).toEqual([
    `1 approval is void (*continue*, by <@${BEN}>): not used within 1 h 0 min.`,
    `1 approval is void (*continue*, by <@${BEN}>): Every server is looked at again.`,
    `1 approval is void (*continue*, by <@${BEN}>): they may not approve any more.`,
  ]);
});

test('a broken glass passes the gate, and stands in the view, the JSON and the report', async () => {
  const id = await planned();
  const alone = { user: BEN, typedName: 'orders', reason: 'Nobody else is awake.' };
  expect(await made.click(id, 'migration:break_glass', alone)).toMatchObject({ accepted: true });
  await made.phase(id, 'syncing', 'streaming');
  await restart();
  const glass = { user: BEN, reason: '"Nobody else is awake"' };
  expect(gate(id)).toMatchObject({ approvals: [], brokenGlass: { ...glass, given: 0, needed: 2 } });
  expect(migrationJson(made.view(id), new SecretRegistry())['gates']).toMatchObject([{ brokenGlass: glass }, {}, {}]);
  await made.click(id, 'migration:abort');
  await made.phase(id, 'aborted');
  expect(told(id, 'summary').join('\n')).toContain(
    `Gate *continue* was passed by <@${BEN}> alone, with 0 of 2 approvals`,
  );
});

test('a no that came first counts, although Slack takes longer to say who gave it than who approves behind it', async () => {
  const id = await planned();
  await made.click(id, 'gate:continue', { user: BEN });
  let tell = () => {};
  slow = { user: EVE, told: new Promise((resolve) => (tell = resolve)) };
  const denied = made.click(id, 'migration:deny', { user: EVE, reason: 'The backup is not done.' });
  const approved = made.click(id, 'gate:continue', { user: ANA });
  const first = await Promise.race([approved.then(() => 'approved'), clock.sleep(100).then(() => 'nobody')]);
  tell();
  expect(first).toBe('nobody');
  expect(await denied).toMatchObject({ accepted: true });
  expect(await approved).toMatchObject({ accepted: false, text: expect.stringContaining('The backup is not done') });
  expect(made.view(id).phase).toBe('planned');
});
