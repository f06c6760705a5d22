/** What the loop alarm says of a source that counts its full syncs and tells little else. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import { alarmRows } from '../../src/domain/sync-alarm.ts';
import { aPlan, beforeOf, facts, replication, START, seen, sightOf, stateOf, toSyncing } from './support/build.ts';

const plan = aPlan(1);
const source = { runId: 'run-old-0', version: '2.6.17', keys: 20_000, netInputBytes: null };
const begun: Event[] = [
  {
    kind: 'intent',
    effect: { kind: 'replicate', shard: 0, before: beforeOf(0), writeBytesPerSecond: null },
  },
];

function alarmOf(events: readonly Event[], fullSyncs: number, limit: string) {
  const state = stateOf(plan, [...toSyncing(plan), ...begun, ...events]);
  const { host, port } = plan.shards[0]?.source ?? { host: '', port: 0 };
  const values = new Map([['client-output-buffer-limit', `normal 0 0 0 slave ${limit} 60`]]);
  const looked = seen({ ...source, fullSyncs, replication: replication({ masterOffset: null, replid: null }) });
  if (!looked.ok) throw new Error('unreachable');
  const destination = seen({
    ...facts(),
    runId: 'run-new-0',
    version: '2.6.17',
    role: 'replica',
    replication: replication({ master: { host, port }, replid: null, masterOffset: null }),
  });
  const wallNow = START + 60_000;
  const sight = sightOf(state, [{ source: { ...looked, settings: { at: wallNow, values } }, destination }], {
    wallNow,
  });
  return (sight.shards ?? []).flatMap((one) => alarmRows(state, one, wallNow));
}

describe('a source of 2.6', () => {
  it('that copies again and again is told, with its limit and what is only guessed', () => {
    const [alarm] = alarmOf([], 3, '1048576 1048576');
    expect(alarm).toMatchObject({ kind: 'sync_alarm', cause: 'output_buffer' });
    expect(alarm).toMatchObject({
      text: expect.stringMatching(
        /begun 3 full syncs .* never ends: .* hold 1\.0 MiB.* 5\.0 MiB\/s .* a guess/,
      ) as unknown,
      tune: [{ name: 'client-output-buffer-limit', side: 'source' }],
    });
  });

  it('that copies for the first time is not', () => {
    expect(alarmOf([], 1, '1048576 1048576')).toEqual([]);
  });

  it('whose link broke has to copy all anew, which is told as that', () => {
    const inStep: Event = { kind: 'shard_in_step', shard: 0, keys: 20_000, seconds: 4 };
    const [alarm] = alarmOf([inStep], 2, '0 0');
    expect(alarm).toMatchObject({ cause: 'backlog', tune: [] });
    expect(alarm).toMatchObject({
      text: expect.stringMatching(/begun 2 full syncs for \S+: the link broke/) as unknown,
    });
  });
});
