/** Twenty migrations of fifty shards that change every second: who is told when, in a fast-running time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MigrationView } from '../../src/domain/view.ts';
import { noLog } from '../../src/log.ts';
import { SlackProblem } from '../../src/slack/api.ts';
import { createPoster } from '../../src/slack/post.ts';
import { createPublisher } from '../../src/slack/publisher.ts';
import { createRateBudget } from '../../src/slack/rate-budget.ts';
import { actionView, FakeApi, FakeService, gateView, ManualClock, MemoryStore, shardView, view } from './support.ts';

const SHARDS = 50;
const MIGRATIONS = 20;
const idOf = (place: number) => `m-00${String(place).padStart(2, '0')}`;

type Kind = 'copying' | 'at_gate' | 'cutting_over' | 'idle';

/** What a message says; the figure that changes every second stands in its first shard. */
function scripted(place: number, kind: Kind, second: number): MigrationView {
  const figure = kind === 'idle' ? 0 : second;
  const gates = [gateView('continue'), gateView('switch', { open: kind === 'at_gate' }), gateView('finish')];
  const phase = kind === 'cutting_over' ? 'switching' : kind === 'at_gate' ? 'streaming' : 'syncing';
  return view({
    id: idOf(place),
    messageTs: `${1_700_000_000 + place}.000100`,
    phase,
    gates,
    actions: kind === 'at_gate' ? [actionView({ action: 'gate:switch' })] : [],
    shards: Array.from({ length: SHARDS }, (_, index) =>
      shardView(index, { lagBytes: index === 0 ? figure * 1024 : 0 }),
    ),
    progress: { percent: 50, bytesPerSecond: 1, etaSeconds: 3_000 },
    waitingFor: `Second ${figure}.`,
    asOf: new Date(1_700_000_000_000 + second * 1_000).toISOString(),
  });
}

interface Seen {
  /** Of each message, when which second was shown. */
  readonly shown: ReadonlyMap<string, readonly { readonly at: number; readonly second: number }[]>;
  readonly calls: readonly number[];
  readonly startedAt: number;
}

function secondOf(args: Readonly<Record<string, unknown>>): number {
  return Number(/Second (\d+)\./.exec(String(args['text']))?.[1]);
}

async function run(
  seconds: number,
  kindOf: (place: number, second: number) => Kind,
  limitedAt: ReadonlySet<number> = new Set(),
): Promise<Seen> {
  const clock = new ManualClock();
  const api = new FakeApi(clock);
  const service = new FakeService();
  const publisher = createPublisher({
    api,
    poster: createPoster({ api, clock, log: noLog }),
    service,
    store: new MemoryStore(),
    budget: createRateBudget(clock),
    clock,
    log: noLog,
  });
  service.onChange((id) => publisher.changed(id));
  publisher.start();
  const startedAt = clock.monotonicMs();
  let limit = false;
  const taken: { readonly ts: string; readonly at: number; readonly second: number }[] = [];
  api.script = (call) => {
    if (limit) {
      limit = false;
      return new SlackProblem('rate_limited', call.method, 'ratelimited', 3_000);
    }
    taken.push({ ts: String(call.args['ts']), at: call.at, second: secondOf(call.args) });
    return undefined;
  };
  for (let second = 0; second < seconds; second++) {
    limit ||= limitedAt.has(second);
    for (let place = 0; place < MIGRATIONS; place++) service.put(scripted(place, kindOf(place, second), second));
    await clock.advance(1_000);
  }
  for (let place = 0; place < MIGRATIONS; place++)
    service.put({ ...scripted(place, 'idle', 0), phase: 'finished', actions: [], waitingFor: `Second ${seconds}.` });
  await clock.advance(60_000);
  const shown = new Map(
    Array.from({ length: MIGRATIONS }, (_, place) => [
      idOf(place),
      taken.filter(({ ts }) => ts === scripted(place, 'idle', 0).messageTs),
    ]),
  );
  return { shown, calls: api.of('chat.update').map((call) => call.at), startedAt };
}

/** The greatest age of a message in `[from, to)` seconds: how long ago what it shows was so. */
function oldest({ shown, startedAt }: Seen, place: number, from: number, to: number): number {
  const all = shown.get(idOf(place)) ?? [];
  let worst = 0;
  for (let second = from; second < to; second++) {
    const at = startedAt + second * 1_000 + 999;
    const last = all.findLast((one) => one.at <= at);
    worst = Math.max(worst, at - startedAt - (last?.second ?? 0) * 1_000);
  }
  return worst / 1_000;
}

function mostInAMinute(calls: readonly number[]): number {
  return Math.max(...calls.map((first) => calls.filter((at) => at >= first && at < first + 60_000).length));
}

describe('twenty migrations of fifty shards', { timeout: 60_000 }, () => {
  it('stay below 50 updates a minute, none older than 45 s, the one at its gate never older than 6 s', async () => {
    const seen = await run(150, (place, second) =>
      place === 7 && second >= 60 && second < 120 ? 'cutting_over' : 'copying',
    );
    expect(mostInAMinute(seen.calls)).toBeLessThan(50);
    // The first minute begins with twenty messages that were never sent.
    for (let place = 0; place < MIGRATIONS; place++) expect(oldest(seen, place, 45, 150)).toBeLessThanOrEqual(45);
    expect(oldest(seen, 7, 62, 118)).toBeLessThanOrEqual(6);
  });

  it('whatever they do: the rules hold, and the last state of each gets out', async () => {
    const spell = fc.record({
      place: fc.nat(MIGRATIONS - 1),
      from: fc.integer({ min: 50, max: 90 }),
      kind: fc.constantFrom<Kind>('at_gate', 'cutting_over', 'idle'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(spell, { maxLength: 4 }),
        fc.array(fc.nat(120), { maxLength: 2 }),
        async (spells, limits) => {
          const limited = new Set(limits);
          const seen = await run(
            120,
            (place, second) =>
              spells.findLast((one) => one.place === place && second >= one.from && second < one.from + 30)?.kind ??
              'copying',
            limited,
          );
          expect(mostInAMinute(seen.calls)).toBeLessThan(50);
          for (let place = 0; place < MIGRATIONS; place++) {
            expect(seen.shown.get(idOf(place))?.at(-1)?.second).toBe(120);
            const isIdle = spells.some((one) => one.place === place && one.kind === 'idle');
            // A rate limit that is obeyed holds everybody up.
            if (!isIdle) expect(oldest(seen, place, 45, 120)).toBeLessThanOrEqual(45 + 3 * limited.size);
          }
          const [near, ...others] = spells.filter(({ kind }) => kind === 'cutting_over');
          if (near && others.length === 0 && limited.size === 0 && spells.at(-1) === near)
            expect(oldest(seen, near.place, near.from + 2, near.from + 30)).toBeLessThanOrEqual(6);
        },
      ),
      { numRuns: 3 },
    );
  });
});
