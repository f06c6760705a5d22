/**
 * What a cut-over costs the application: 4 shards under load, over and back again and again. Every round a bare script
 * sends the same commands to the same servers, without a journal, looks or a deadline: the ratio of the two medians is
 * the figure to trust on a shared machine. Every acknowledged write is looked up at the end. The argument is the number
 * of cut-overs and roll backs in all.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/clock.ts';
import type { ActionId } from '../src/domain/view.ts';
import type { Engine } from '../src/engine/engine.ts';
import { fill } from '../src/sandbox/redis/fill.ts';
import { startFleet } from '../src/sandbox/redis/fleet.ts';
import type { RedisServerHandle } from '../src/sandbox/redis/server.ts';
import { startTraffic, type Traffic } from '../src/sandbox/redis/traffic.ts';
import { until } from '../src/sandbox/redis/wait.ts';
import { createBenchEngine } from './support/engine.ts';

const SHARDS = 4;
const KEYS = 5_000;
const WRITES_PER_SECOND = 1_500;
const FENCE = ['127.1.2.3', '1'] as const;

interface Pair {
  readonly from: RedisServerHandle;
  readonly to: RedisServerHandle;
}

interface Pauses {
  readonly ours: number[];
  readonly bare: number[];
  /** Predicted divided by measured. */
  readonly predicted: number[];
}

async function main(): Promise<void> {
  const wanted = Number(process.argv[2] ?? 200);
  const folder = mkdtempSync(join(tmpdir(), 'redis-migrate-bench-'));
  const fleet = await startFleet();
  const bench = createBenchEngine(join(folder, 'state.db'));
  const server = () => fleet.server({ config: { 'repl-diskless-sync-delay': '0', 'repl-backlog-size': '64mb' } });
  const sources = await Promise.all(Array.from({ length: SHARDS }, server));
  const destinations = await Promise.all(Array.from({ length: SHARDS }, server));
  await Promise.all(sources.map((source, seed) => fill(source, { keys: KEYS, seed })));
  const traffic = startTraffic({ shards: sources, ratePerSecond: WRITES_PER_SECOND, writersPerShard: 3 });
  const pauses: Pauses = { ours: [], bare: [], predicted: [] };
  try {
    for (let done = 0; done < wanted; done += 2) {
      await round(bench.engine, sources, destinations, traffic, pauses);
      await bareRound(sources, destinations, traffic, pauses);
      // The next round begins with empty destinations that follow nobody, and that nobody of the application is left on:
      // whoever was in the middle of something there would write to it as soon as its fence is gone.
      await Promise.all(destinations.map((one) => one.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')));
      await Promise.all(destinations.map((one) => one.call('REPLICAOF', 'NO', 'ONE')));
      await Promise.all(destinations.map((one) => one.flush()));
    }
    const verified = await traffic.verify(sources);
    report(pauses, verified.acknowledged, verified.missing);
    if (verified.missing > 0) process.exitCode = 1;
  } finally {
    await traffic.stop();
    await bench.close();
    await fleet.close();
    rmSync(folder, { recursive: true });
  }
}

/** One migration: over by the proof, and back by it. */
async function round(
  engine: Engine,
  sources: readonly RedisServerHandle[],
  destinations: readonly RedisServerHandle[],
  traffic: Traffic,
  pauses: Pauses,
): Promise<void> {
  const address = (one: RedisServerHandle) => `127.0.0.1:${one.port}`;
  const drafted = engine.draft(
    { sources: sources.map(address), destinations: destinations.map(address), yesWipe: false, name: 'bench' },
    { user: 'UBENCH', channel: 'CBENCH' },
  );
  if (!drafted.ok) throw new Error(drafted.problems.map((one) => one.text).join('\n'));
  const { id } = drafted.plan;
  engine.open(drafted.plan, '1.1');
  const view = () => engine.view(id);
  const press = async (action: ActionId) => {
    await until(() => view()?.actions.some((one) => one.action === action), { within: 60_000 }).catch(() => {
      throw new Error(`waited in vain for ${action}: ${view()?.waitingFor ?? ''}`);
    });
    const ticket = engine.click({ migration: id, action, user: 'UBENCH', value: null, typedName: null });
    if (ticket) await engine.settleClick(ticket);
  };
  const phase = (...wanted: readonly string[]) =>
    until(() => wanted.includes(view()?.phase ?? ''), { within: 60_000, every: 1, what: wanted.join(' or ') });
  await press('gate:continue');
  for (;;) {
    await phase('streaming');
    await until(() => view()?.actions.some((one) => one.action === 'gate:switch'), { within: 60_000 });
    const predicted = view()?.predictedPauseMs ?? null;
    await press('gate:switch');
    await phase('switched', 'streaming');
    if (view()?.phase !== 'switched') continue;
    note(engine, id, predicted, pauses);
    break;
  }
  for (const [index, to] of destinations.entries()) traffic.pointAt(index, to);
  await press('migration:rollback');
  await phase('rolled_back', 'switched');
  if (view()?.phase !== 'rolled_back') throw new Error(`not rolled back: ${view()?.waitingFor ?? ''}`);
  note(engine, id, null, pauses);
  for (const [index, to] of sources.entries()) traffic.pointAt(index, to);
}

function note(engine: Engine, id: string, predicted: number | null, pauses: Pauses): void {
  const measured = (engine.view(id)?.shards ?? []).flatMap((one) => (one.pauseMs === null ? [] : [one.pauseMs]));
  pauses.ours.push(...measured);
  if (predicted !== null) pauses.predicted.push(predicted / Math.max(...measured));
}

/** The same commands by a bare script: over and back. */
async function bareRound(
  sources: readonly RedisServerHandle[],
  destinations: readonly RedisServerHandle[],
  traffic: Traffic,
  pauses: Pauses,
): Promise<void> {
  const over = sources.flatMap((from, index): Pair[] => {
    const to = destinations[index];
    return to ? [{ from, to }] : [];
  });
  const back = over.map(({ from, to }) => ({ from: to, to: from }));
  for (const [pairs, targets] of [
    [over, destinations],
    [back, sources],
  ] as const) {
    await Promise.all(pairs.map(({ from, to }) => to.call('REPLICAOF', '127.0.0.1', String(from.port))));
    await Promise.all(pairs.map((pair) => until(async () => (await gap(pair)) < 65_536, { within: 30_000 })));
    pauses.bare.push(...(await bareCutOver(pairs)));
    for (const [index, target] of targets.entries()) traffic.pointAt(index, target);
  }
}

async function bareCutOver(pairs: readonly Pair[]): Promise<number[]> {
  const periods = await Promise.all(pairs.map(({ from }) => from.call('CONFIG', 'GET', 'repl-ping-replica-period')));
  await Promise.all(pairs.map(({ from }) => from.config('repl-ping-replica-period', '3600')));
  const began = new Map<Pair, number>();
  const each = <T>(work: (pair: Pair) => Promise<T>) => Promise.all(pairs.map(work));
  await each((pair) => {
    began.set(pair, systemClock.monotonicMs());
    return pair.from.call('CLIENT', 'PAUSE', '3000', 'WRITE');
  });
  const frozen = await each(({ from }) => offset(from, 'master_repl_offset'));
  await each(async ({ to }) => {
    const point = frozen[pairs.findIndex((one) => one.to === to)] ?? 0n;
    while ((await offset(to, 'slave_repl_offset')) < point) await systemClock.sleep(1);
  });
  await each(({ from }) => from.call('REPLICAOF', ...FENCE));
  const again = await each(({ from }) => offset(from, 'master_repl_offset'));
  if (again.some((one, index) => one !== frozen[index])) throw new Error('The offset moved.');
  const took = await each(async (pair) => {
    await pair.to.call('REPLICAOF', 'NO', 'ONE');
    while ((await pair.to.info('replication'))['role'] !== 'master') await systemClock.sleep(1);
    const ms = systemClock.monotonicMs() - (began.get(pair) ?? 0);
    await pair.from.call('CLIENT', 'UNPAUSE');
    return ms;
  });
  await each(({ from }) => {
    const period = periods[pairs.findIndex((one) => one.from === from)];
    return from.config('repl-ping-replica-period', Array.isArray(period) ? String(period[1]) : '10');
  });
  return took;
}

async function offset(server: RedisServerHandle, field: string): Promise<bigint> {
  return BigInt((await server.info('replication'))[field] ?? '0');
}

async function gap({ from, to }: Pair): Promise<number> {
  const replica = await to.info('replication');
  if (replica['master_link_status'] !== 'up') return Number.POSITIVE_INFINITY;
  return Number((await offset(from, 'master_repl_offset')) - BigInt(replica['slave_repl_offset'] ?? '0'));
}

function report({ ours, bare, predicted }: Pauses, acknowledged: number, missing: number): void {
  const at = (values: readonly number[], share: number) => {
    const sorted = values.toSorted((a, b) => a - b);
    return Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(2));
  };
  const within = predicted.filter((ratio) => ratio >= 0.5 && ratio <= 2).length;
  const result = {
    bench: 'cutover',
    shards: SHARDS,
    cutovers: ours.length / SHARDS,
    acknowledged,
    missing,
    p50Ms: at(ours, 0.5),
    p99Ms: at(ours, 0.99),
    bareP50Ms: at(bare, 0.5),
    bareP99Ms: at(bare, 0.99),
    ratioP50: Number((at(ours, 0.5) / at(bare, 0.5)).toFixed(2)),
    predictedToMeasuredP50: at(predicted, 0.5),
    predictedWithinTwo: `${within} of ${predicted.length}`,
  };
  console.table([result]);
  console.log(JSON.stringify(result));
}

await main();
