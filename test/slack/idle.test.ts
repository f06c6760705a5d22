/** What people read while nothing happens: it may be sent to Slack again whenever it changes, so it hardly does. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import { finishStatus } from '../../src/domain/finish-gate.ts';
import type { MigrationView } from '../../src/domain/view.ts';
import { viewOf } from '../../src/domain/view-of.ts';
import { roughText } from '../../src/domain/words.ts';
import { renderStatus } from '../../src/slack/blocks/status.ts';
import { aPlan, POLICY, sightOf, stateOf, switchedPair, toSwitched } from '../domain/support/build.ts';
import { actionView, shardView, view } from './support.ts';

const PLAN = aPlan(2);

function keyAt(quietSeconds: number, more: readonly Event[] = []): string {
  const state = stateOf(PLAN, [...toSwitched(PLAN), ...more]);
  const looks = PLAN.shards.map(({ index }) => switchedPair(PLAN, index));
  const sight = sightOf(state, looks, { quietMs: quietSeconds * 1_000 });
  const rest = { lateClients: [], lateWriters: null, engineReason: null, hookTroubles: new Map<string, string>() };
  return renderStatus(viewOf({ state, rows: [], sight, policy: POLICY, asOf: 0, ...rest })).key;
}

const changes = (from: number, to: number) =>
  new Set(Array.from({ length: to - from }, (_, second) => keyAt(from + second))).size - 1;

describe('the message of a switched migration that nobody writes to any more', () => {
  it('changes a few times until finish opens, then about once a minute, then every five', () => {
    expect(changes(0, 30)).toBeLessThan(6);
    expect(changes(60, 600)).toBeLessThan(10);
    expect(changes(600, 3_600)).toBeLessThan(11);
  });
});

it('the prediction of a pause swings, and pings come and go: the message is not sent again for them', () => {
  const streaming = (pause: number, bytesPerSecond: number, phase: MigrationView['phase'] = 'streaming') =>
    renderStatus(
      view({
        phase,
        shards: [shardView(0, { bytesPerSecond })],
        actions: [actionView({ action: 'gate:switch', consequence: `Writes stop for about ${pause} ms.` })],
      }),
    );
  expect(streaming(20, 4).key).toBe(streaming(50, 0).key);
  expect(JSON.stringify(streaming(20, 4).blocks)).toContain('about 20 ms');
  expect(streaming(20, 4).key).not.toBe(streaming(20, 4_000).key);
  // Before the start nothing is sent again by itself: what a dialog says is what it was drawn for.
  expect(streaming(20, 4, 'planned').key).not.toBe(streaming(50, 4, 'planned').key);
});

it('says for how long it is quiet, and never more than it was', () => {
  expect([0, 4.9, 5, 9, 10, 59, 60, 599, 600, 3_599, 3_600, 86_400, 172_800].map(roughText)).toEqual([
    'a few seconds',
    'a few seconds',
    '5 s',
    '5 s',
    '10 s',
    '50 s',
    '1 min',
    '9 min',
    '10 min',
    '55 min',
    '1 h',
    '24 h',
    '2 days',
  ]);
  const state = stateOf(PLAN, toSwitched(PLAN));
  const looks = PLAN.shards.map(({ index }) => switchedPair(PLAN, index));
  expect(finishStatus(state, sightOf(state, looks, { quietMs: 59_000 }), POLICY.quietMs).reason).toBe(
    'Nobody has written to an old master for 50 s.',
  );
});
