/**
 * Every state that was recorded of thirteen real servers, judged. What is expected stands in a table that a person can
 * check by the state's own name: what INFO of the destination said of its link, sync and loading, and INFO of the source
 * of its snapshot and its replica.
 */
import { describe, expect, it } from 'vitest';
import type { ServerLook } from '../../src/domain/observation.ts';
import { fenceAddress } from '../../src/domain/plan.ts';
import type { ShardRecord } from '../../src/domain/state.ts';
import type { ShardState } from '../../src/domain/view.ts';
import { parseInfo } from '../../src/redis/info.ts';
import { infoOf, isAtLeast, type Moment, momentsOf, NAMES, recordsOf } from '../redis/support/recordings.ts';
import { beforeOf, shardRecord, unseen } from './support/build.ts';
import { JUST_SENT, SENT, verdict } from './support/judged.ts';
import { looked, ofMoment, planOf } from './support/recorded.ts';

const ALL = '2.4 2.6 2.8 3.2 4.0 5.0 6.0 6.2 7.0 7.4 8.0 v8.0 v9.1';

/**
 * link, in_progress, loading of the destination; bgsave, replica's state and bytes left → the verdict, and the servers
 * on which it was recorded. Before any byte has arrived it is a snapshot, from the first one on a transfer.
 */
const FULL_SYNC: readonly (readonly [string, ShardState, string])[] = [
  ['link=down in_progress=0 loading=0 bgsave=0 slave=- left=-', 'snapshot', ALL],
  ['link=down in_progress=0 loading=0 bgsave=1 slave=wait_bgsave left=-', 'snapshot', '3.2'],
  ['link=down in_progress=0 loading=0 bgsave=0 slave=wait_bgsave left=-', 'snapshot', '7.0 7.4 8.0 v8.0 v9.1'],
  ['link=down in_progress=1 loading=0 bgsave=1 slave=wait_bgsave left=0', 'snapshot', '7.0'],
  // -1: the destination waits for the size. On 7.0 and Valkey 8.0 these had begun a diskless sync, which has no size.
  [
    'link=down in_progress=1 loading=0 bgsave=1 slave=wait_bgsave left=neg',
    'snapshot',
    '2.4 2.6 2.8 3.2 4.0 5.0 6.0 6.2 7.4 v9.1',
  ],
  ['link=down in_progress=1 loading=0 bgsave=1 slave=wait_bgsave left=neg', 'transfer', '7.0 v8.0'],
  ['link=down in_progress=1 loading=0 bgsave=0 slave=send_bulk left=pos', 'transfer', '2.6 2.8'],
  ['link=down in_progress=1 loading=0 bgsave=0 slave=online left=pos', 'transfer', '4.0'],
  ['link=down in_progress=1 loading=0 bgsave=1 slave=send_bulk_and_stream left=neg', 'transfer', '8.0'],
  ['link=down in_progress=1 loading=0 bgsave=0 slave=online left=neg', 'transfer', 'v9.1'],
  ['link=down in_progress=1 loading=1 bgsave=0 slave=online left=0', 'loading', '2.4 2.6 2.8 3.2 4.0 5.0 6.0 6.2'],
  ['link=down in_progress=1 loading=1 bgsave=1 slave=wait_bgsave left=neg', 'loading', '7.0 7.4'],
  ['link=down in_progress=1 loading=1 bgsave=1 slave=send_bulk_and_stream left=neg', 'loading', '8.0'],
  ['link=down in_progress=1 loading=1 bgsave=0 slave=online left=neg', 'loading', '8.0 v8.0'],
  // The destination has loaded everything; its source hears of it a moment later.
  ['link=up in_progress=0 loading=0 bgsave=1 slave=wait_bgsave left=-', 'in_step', '7.0'],
  ['link=up in_progress=0 loading=0 bgsave=0 slave=online left=-', 'in_step', ALL],
];

/** Recorded states outside of the full sync that hold no INFO: single commands and refusals, see redis/errors.test.ts. */
const COMMANDS_ONLY = ['in step', 'fenced', 'maxmemory 1', 'link down, no stale data', 'no password'];

function expectedState(name: string, { said }: Moment): ShardState {
  const key = ['link', 'in_progress', 'loading', 'bgsave', 'slave', 'left']
    .map((one) => `${one}=${said[one]}`)
    .join(' ');
  const short = name.replace(/^r/, '').replace(/\.\d+$/, '');
  const rows = FULL_SYNC.filter(([state, , servers]) => state === key && servers.split(' ').includes(short));
  expect(rows, `${name} in ${key}: one line of the table`).toHaveLength(1);
  return rows[0]?.[1] as ShardState;
}

it('no line of the table is about nothing', () => {
  const recorded = NAMES.flatMap((name) => momentsOf(name).map((moment) => expectedState(name, moment)));
  expect(recorded).toHaveLength(FULL_SYNC.reduce((sum, [, , servers]) => sum + servers.split(' ').length, 0));
});

describe.each(NAMES)('%s', (name) => {
  const moments = momentsOf(name);
  const last = moments.at(-1) as Moment;

  it.each(moments)('$state', (moment) => {
    expect(ofMoment(moment).state).toBe(expectedState(name, moment));
  });

  it('the percentage never falls, and ends at 100', () => {
    const percents = moments.map((moment) => ofMoment(moment).percent).filter((percent) => percent !== null);
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    expect(percents.at(-1)).toBe(100);
    expect(percents.length).toBeGreaterThan(2);
  });

  it('is in step with a lag of nothing, and one full sync, as far as it can tell', () => {
    const sourceRunId = parseInfo(last.source).get('run_id') ?? null;
    const destinationRunId = parseInfo(last.destination).get('run_id') ?? null;
    expect(ofMoment(last, { ...JUST_SENT, before: beforeOf(0, { sourceRunId, destinationRunId }) })).toMatchObject({
      // 2.4 and 2.6 have no offsets: nothing left in the buffer for its replica is all that they tell.
      lagBytes: isAtLeast(name, '2.8') ? 0 : null,
      bufferBytes: name === 'v9.1.2' ? 20_504 : 0,
      fullSyncs: isAtLeast(name, '2.8') ? 1 : null,
      percent: 100,
      etaSeconds: 0,
      reason: null,
      alarm: false,
    });
  });

  it('with a hundred bytes more at its source than it may lag is not in step; without offsets the buffer says so', () => {
    if (isAtLeast(name, '2.8')) {
      const offset = Number(parseInfo(last.destination).get('slave_repl_offset'));
      const source = last.source.replace(/master_repl_offset:\d+/, `master_repl_offset:${offset + 1_048_676}`);
      expect(ofMoment({ ...last, source })).toMatchObject({ state: 'catching_up', lagBytes: 1_048_676 });
      return;
    }
    // 2.4 counts the replies that are queued and not their bytes.
    for (const full of [
      'obl=5000 oll=0 ',
      'obl=0 oll=700 omem=900000 ',
      ...(name.startsWith('r2.4') ? ['obl=0 oll=1 '] : []),
    ]) {
      const clients = last.clients.replace(/(flags=S.*)obl=0 oll=0 (omem=0 )?/g, `$1${full}`);
      expect(clients).not.toBe(last.clients);
      const judged = ofMoment({ ...last, clients });
      expect(judged.state, full).toBe('catching_up');
      expect(judged.reason).toMatch(/ has still .* to send to /);
    }
    const nobody = last.clients
      .split('\n')
      .filter((line) => !line.includes('flags=S'))
      .join('\n');
    expect(ofMoment({ ...last, clients: nobody })).toMatchObject({ state: 'catching_up', lagBytes: null });
  });

  it('a copy that follows another history is not in step, where histories have names', () => {
    const source = last.source.replace(/master_replid:\w{4}/, 'master_replid:0000');
    const named = isAtLeast(name, '4.0');
    expect(source !== last.source).toBe(named);
    expect(ofMoment({ ...last, source }).state).toBe(named ? 'catching_up' : 'in_step');
  });

  it('before it: waiting, then queued', () => {
    const standalone = infoOf(name, 'source', 'standalone');
    const both = { source: looked(standalone), destination: looked(standalone) };
    const untouched = shardRecord();
    expect(verdict(both, { record: untouched, phase: 'planned' })).toMatchObject({ state: 'waiting', percent: null });
    expect(verdict(both, { record: untouched })).toMatchObject({ state: 'queued', percent: 0 });
  });

  it('link down: says which two servers to look at, and is no full sync however new', () => {
    const standalone = infoOf(name, 'source', 'standalone');
    const down = infoOf(name, 'destination', 'link down');
    const lost = (record: ShardRecord) =>
      ofMoment({ state: '', said: {}, clients: '', source: standalone, destination: down }, record);
    for (const record of [SENT, { ...JUST_SENT, wasInStep: true }]) {
      expect(lost(record)).toMatchObject({ state: 'link_down', alarm: true, percent: null, lagBytes: null });
      expect(lost(record).reason).toMatch(/^127\.0\.0\.1:\d+ cannot reach 127\.0\.0\.1:\d+ for \d+ s: check /);
    }
  });

  it('promoted: by the proof, or by somebody else', () => {
    const standalone = looked(infoOf(name, 'source', 'standalone'));
    const promoted = { source: standalone, destination: looked(infoOf(name, 'destination', 'promoted')) };
    const done = { state: 'promoted', percent: 100, reason: null, alarm: false };
    expect(verdict(promoted, { record: { ...SENT, promoted: true } })).toMatchObject(done);
    const theirs = { state: 'detached', reason: 'new-1:6379 follows nobody.', alarm: true };
    expect(verdict(promoted)).toMatchObject(theirs);
  });

  it('parked behind our closed port: waits for its turn; behind another one: detached', () => {
    const standalone = looked(infoOf(name, 'source', 'standalone'));
    const behind = (host: string) => {
      const info = infoOf(name, 'destination', 'link down');
      return looked(info.replace(/master_host:\S+/, `master_host:${host}`).replace(/master_port:\d+/, 'master_port:1'));
    };
    const record = { ...SENT, parked: SENT.replicate, parkedWhy: 'old-1:6379 takes 1500 ms to answer.' };
    const ours = { source: standalone, destination: behind(fenceAddress('m-7k3q').host) };
    const reason = 'Waits for its turn: old-1:6379 takes 1500 ms to answer.';
    expect(verdict(ours, { record })).toMatchObject({ state: 'queued', percent: 0, reason, alarm: false });
    expect(verdict(ours)).toMatchObject({ state: 'detached', alarm: true });
    const theirs = { source: standalone, destination: behind('127.0.0.9') };
    expect(verdict(theirs, { record })).toMatchObject({ state: 'detached', alarm: true });
  });

  it('fenced by the cut-over: still in step while it switches, no master any more at any other time', () => {
    const fenced = infoOf(name, 'destination', 'link down');
    const { host } = fenceAddress('m-7k3q');
    const offset = parseInfo(last.destination).get('slave_repl_offset') ?? '0';
    const replid = parseInfo(last.destination).get('master_replid') ?? '';
    const runId = parseInfo(last.source).get('run_id') ?? '';
    const source = fenced
      .replace(/master_host:\S+/, `master_host:${host}`)
      .replace(/master_repl_offset:\d+/, `master_repl_offset:${offset}`)
      .replace(/master_replid:\w+/, `master_replid:${replid}`)
      .replace(/run_id:\w+/, `run_id:${runId}`);
    const pair = { source: looked(source, last.clients), destination: looked(last.destination) };
    const plan = planOf(last);
    expect(verdict(pair, { plan, phase: 'switching' }).state).toBe('in_step');
    expect(verdict(pair, { plan, phase: 'streaming' })).toMatchObject({ state: 'link_down', alarm: true });
  });

  it('with a password set that we do not have: unreachable, with the server’s own words', () => {
    const refusal = recordsOf(name).find((one) => one.command === 'INFO without AUTH')?.error ?? '';
    expect(refusal).not.toBe('');
    const destination: ServerLook = unseen(`new-1:6379 refused INFO: ${refusal}.`, 'auth_failed');
    const source = looked(infoOf(name, 'source', 'standalone'));
    expect(verdict({ source, destination })).toMatchObject({ state: 'unreachable', alarm: true });
    expect(verdict({ source, destination }).reason).toContain(refusal);
  });

  it('every recorded state is judged above, or has no INFO to judge', () => {
    const judged = [
      'standalone',
      'link down',
      'promoted',
      'password set',
      ...(isAtLeast(name, '6.2') ? [] : ['paused']),
    ];
    const known = [...judged, ...COMMANDS_ONLY, ...moments.map((one) => one.state)];
    const rest = recordsOf(name).filter((one) => !known.includes(one.state));
    expect([...new Set(rest.map((one) => one.state))]).toEqual(isAtLeast(name, '6.2') ? ['paused'] : []);
    for (const { state, command } of recordsOf(name))
      if (COMMANDS_ONLY.includes(state)) expect(command).not.toBe('INFO');
  });
});

it.each(NAMES.filter((name) => isAtLeast(name, '6.2')))(
  '%s, paused: stays in step, its parked writer is no replica',
  (name) => {
    const last = momentsOf(name).at(-1) as Moment;
    const clients = recordsOf(name).find((one) => one.state === 'paused' && one.command === 'CLIENT LIST')?.reply;
    expect(String(clients)).toMatch(/flags=\S*b/);
    expect(ofMoment({ ...last, clients: String(clients) })).toMatchObject({ state: 'in_step', lagBytes: 0 });
  },
);
