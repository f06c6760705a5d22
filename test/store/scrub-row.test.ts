/** Where a password is an ordinary word, what machines read in a row survives. */
import { expect, it } from 'vitest';
import type { Event, NewRow } from '../../src/domain/event.ts';
import { SecretRegistry } from '../../src/log.ts';
import { scrubRow } from '../../src/store/scrub-row.ts';
import { beforeOf } from '../domain/support/build.ts';

const tune = {
  side: 'source',
  name: 'client-output-buffer-limit',
  value: 'normal 0 0 0 slave 268435456 268435456 60 pubsub 33554432 8388608 60',
  why: 'the backlog of a replica is too small',
} as const;

function stored(event: Event): Event {
  const secrets = new SecretRegistry();
  for (const word of ['client', 'normal', 'pubsub', 'replica', 'backlog', '268435456', 'source', 'setting', 'run-old'])
    secrets.add(word);
  const row: NewRow = { at: 1, actor: 'bot', event, text: 'with the backlog', shard: 0 };
  const { event: scrubbed, text } = scrubRow(row, secrets);
  expect(text).toBe('with the [secret]');
  return scrubbed;
}

it('a setting that an alarm proposes, and the alarm’s cause', () => {
  const row = stored({ kind: 'sync_alarm', shard: 0, cause: 'backlog', text: 'the backlog', tune: [tune] });
  expect(row).toMatchObject({ cause: 'backlog', text: 'the [secret]' });
  expect(row).toMatchObject({ tune: [{ side: 'source', name: tune.name, value: tune.value }] });
  const effect = { kind: 'tune', shard: 0, changes: [tune] } as const;
  expect(stored({ kind: 'intent', effect })).toMatchObject({
    effect: { changes: [{ name: tune.name, value: tune.value }] },
  });
});

it('what is held, and what later looks are held against', () => {
  const held = { kind: 'held', shard: 0, side: 'source', what: 'setting', ledger: 7, text: 'backlog' } as const;
  expect(stored(held)).toEqual({ ...held, text: '[secret]' });
  const effect = {
    kind: 'replicate',
    shard: 0,
    before: beforeOf(0, { destinationReplid: 'replica'.repeat(5) }),
  } as const;
  expect(stored({ kind: 'intent', effect })).toEqual({ kind: 'intent', effect });
});
