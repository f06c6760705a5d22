/** Migrations as no test would write them: every phase, 1 to 1,000 shards, hostile names everywhere. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { PHASES } from '../../../src/domain/phase.ts';
import { CUTOVERS } from '../../../src/domain/plan.ts';
import { ACTION_IDS, type MigrationView, SHARD_STATES, type ShardView } from '../../../src/domain/view.ts';
import { ANA, BEN, gateView, shardView, view } from '../support.ts';

/** What nobody should be called, and some are. */
export const HOSTILE = [
  '<!channel>',
  '*x*',
  '`y`',
  '<@U123|z>',
  'a&b',
  '_',
  '😀'.repeat(40),
  'x'.repeat(300),
  '\u202e\n\n',
  '',
  '-',
  '<',
  '>>>',
];

export const text = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: 'grapheme', maxLength: 400 }),
  fc.lorem({ maxCount: 60 }),
);
export const figure = fc.oneof(fc.constant(null), fc.double({ min: 0, max: 1e15, noNaN: true }));
export const moment = fc.constantFrom('2024-05-01T10:00:00.000Z', '2031-12-31T23:59:59.999Z');

const shard: fc.Arbitrary<Omit<ShardView, 'index'>> = fc.record({
  source: fc.oneof(text, fc.constant(`${'h'.repeat(250)}:65535`)),
  destination: fc.oneof(text, fc.constant('[fe80::1234:5678:9abc:def0]:65535')),
  state: fc.constantFrom(...SHARD_STATES),
  percent: fc.oneof(fc.constant(null), fc.double({ min: 0, max: 100, noNaN: true })),
  bytesPerSecond: figure,
  etaSeconds: figure,
  lagBytes: figure,
  bufferBytes: figure,
  sourceWritesPerSecond: figure,
  sourceClients: figure,
  fullSyncs: figure,
  pauseMs: figure,
  verified: fc.constant(null),
  reason: fc.oneof(fc.constant(null), text),
  keys: figure,
  bytes: figure,
});

export const anyView: fc.Arbitrary<MigrationView> = fc
  .record({
    phase: fc.constantFrom(...PHASES),
    name: text,
    waitingFor: fc.oneof(fc.constant(null), text),
    cutover: fc.constantFrom(...CUTOVERS),
    canary: fc.constantFrom(null, { shard: 999, soakMs: 86_340_000 }),
    reason: fc.oneof(fc.constant(null), text),
    totals: fc.record({ servers: fc.nat(1000), keys: figure, bytes: figure }),
    findings: fc.array(
      fc.record({
        level: fc.constantFrom('error' as const, 'warning' as const, 'note' as const),
        shard: fc.oneof(fc.constant(null), fc.nat(999)),
        code: fc.constant('some_code'),
        text,
        fix: fc.oneof(fc.constant(null), text),
      }),
      { maxLength: 60 },
    ),
    // A few drawn shards, repeated: drawing hundreds of records makes the run slow and finds nothing more.
    drawn: fc.array(shard, { minLength: 1, maxLength: 5 }),
    many: fc.oneof(
      fc.integer({ min: 1, max: 25 }),
      fc.constantFrom(19, 20, 21, 199, 200, 201, 1000),
      fc.integer({ min: 1, max: 1000 }),
    ),
    gates: fc.array(
      fc.record({
        open: fc.boolean(),
        reason: text,
        needed: fc.integer({ min: 1, max: 40 }),
        approvals: fc.array(fc.record({ user: fc.constantFrom(ANA, BEN, '<!here>'), at: moment }), { maxLength: 30 }),
      }),
      { minLength: 3, maxLength: 3 },
    ),
    actions: fc.uniqueArray(
      fc.record({
        action: fc.constantFrom(...ACTION_IDS),
        value: fc.constant('m-7k3q.12.0123456789abcdef'),
        ask: fc.constantFrom('form' as const, 'confirm' as const, 'none' as const),
        consequence: text,
      }),
      { selector: (one) => one.action },
    ),
    lateClients: fc.array(
      fc.record({
        shard: fc.nat(10),
        server: text,
        address: text,
        name: text,
        user: text,
        library: text,
        lastCommand: text,
        idleSeconds: fc.nat(),
        triedSecondsAgo: fc.option(fc.nat()),
      }),
      { maxLength: 50 },
    ),
    lateWriters: fc.oneof(fc.constant(null), text),
    wayBack: fc.option(fc.record({ open: fc.boolean(), text })),
    axe: fc.option(fc.record({ running: fc.boolean(), lines: fc.array(text, { minLength: 1, maxLength: 12 }) })),
    asOf: fc.oneof(fc.constant(null), moment),
  })
  .map(({ drawn, many, gates, ...rest }) =>
    view({
      ...rest,
      shards: Array.from({ length: many }, (_, index) => ({ ...(drawn[index % drawn.length] ?? shardView(0)), index })),
      gates: (['continue', 'switch', 'finish'] as const).map((gate, place) => ({
        gate,
        ...(gates[place] ?? gateView(gate)),
      })),
    }),
  );

export function allText(part: unknown): string {
  return JSON.stringify(part);
}

export function expectHarmless(part: unknown): void {
  // Marks of ours are people, channels and times; nothing else may open with `<`.
  const foreign = allText(part).match(
    /<(?!@[UW][A-Z0-9]+>|#[CGD][A-Z0-9]+>|!date\^\d+\^\{date_short_pretty\} \{time_secs\}\|[^<>]+>)/g,
  );
  expect(foreign).toBeNull();
}
