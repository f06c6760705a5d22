/**
 * How long one tick takes for few and for many shards: all servers looked at, judged, decided. The servers are scripted
 * ones in a process of their own, so that only the bot's work is on this one's bill. Prints a table and JSON; the figure
 * to trust on a shared machine is the ratio between the two rows of one run.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createFakeWorld } from '../src/sandbox/redis/fake-redis.ts';
import { until } from '../src/sandbox/redis/wait.ts';
import { createBenchEngine } from './support/engine.ts';

const TICKS = 20;
const SIZES = [3, 100];

interface Row {
  readonly shards: number;
  readonly ticks: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly cpuMsPerTick: number;
}

/** The child's part: so many pairs, their ports on one line, until its input ends. */
async function world(shards: number): Promise<void> {
  const fake = createFakeWorld();
  const pairs = [];
  for (let index = 0; index < shards; index++) pairs.push(await fake.pair());
  process.stdout.write(`${JSON.stringify(pairs.map(({ source, destination }) => [source.port, destination.port]))}\n`);
  process.stdin.resume();
  await once(process.stdin, 'end');
  await fake.close();
}

async function startWorld(
  shards: number,
): Promise<{ readonly child: ChildProcess; readonly ports: readonly (readonly number[])[] }> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), 'world', String(shards)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  return { child, ports: JSON.parse(line) as number[][] };
}

async function measure(shards: number): Promise<Row> {
  const { child, ports } = await startWorld(shards);
  const ticks: number[] = [];
  const bench = createBenchEngine(':memory:', { tickSeconds: (seconds) => ticks.push(seconds * 1000) });
  const { engine } = bench;
  const sources = ports.map(([source]) => `127.0.0.1:${source}`);
  const destinations = ports.map(([, destination]) => `127.0.0.1:${destination}`);
  const drafted = engine.draft(
    { sources, destinations, yesWipe: false, name: 'bench' },
    { user: 'UBENCH', channel: 'CBENCH' },
  );
  if (!drafted.ok) throw new Error(drafted.problems.map((one) => one.text).join('\n'));
  const { id } = drafted.plan;
  engine.open(drafted.plan, '1.1');
  const phase = (wanted: string) =>
    until(() => engine.view(id)?.phase === wanted, { within: 60_000, what: `phase ${wanted}` });
  await phase('planned');
  const ticket = engine.click({ migration: id, action: 'gate:continue', user: 'UBENCH', value: null, typedName: null });
  if (ticket) await engine.settleClick(ticket);
  await phase('streaming');

  ticks.length = 0;
  const cpuBefore = process.cpuUsage();
  await until(() => ticks.length >= TICKS, { within: 120_000, every: 100, what: `${TICKS} ticks` });
  const cpu = process.cpuUsage(cpuBefore);
  const sorted = ticks.slice(0, TICKS).toSorted((a, b) => a - b);
  await bench.close();
  child.stdin?.end();
  await once(child, 'exit');
  const at = (share: number) =>
    Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1));
  return {
    shards,
    ticks: TICKS,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    cpuMsPerTick: Number(((cpu.user + cpu.system) / 1000 / ticks.length).toFixed(1)),
  };
}

if (process.argv[2] === 'world') await world(Number(process.argv[3]));
else {
  const rows: Row[] = [];
  for (const shards of SIZES) rows.push(await measure(shards));
  console.table(rows);
  console.log(JSON.stringify({ bench: 'tick', rows }));
}
