/** Two shards under writes of every kind, moved by an engine without Slack, with something that happens at a named place. */
import type { ActionId, MigrationView } from '../../src/domain/view.ts';
import type { CrashPoint } from '../../src/engine/cutover/crash-points.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { type Proxy, startProxy } from '../../src/sandbox/redis/proxy.ts';
import type { RedisServerHandle } from '../../src/sandbox/redis/server.ts';
import { startTraffic, type Traffic, type TrafficOptions } from '../../src/sandbox/redis/traffic.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { createHarness, type Harness, type HarnessOptions } from './engine.ts';
import { inventoryOf } from './inventory.ts';
import { type Pairs, settingsOf, startPairs } from './servers.ts';

export interface MoveStage extends Pairs {
  readonly fleet: Fleet;
  readonly harness: Harness;
  readonly traffic: Traffic;
  readonly id: string;
  /** Between each destination and its source: the bot itself connects directly. */
  readonly links: readonly Proxy[];
  /** Settings of all sources, then of all destinations, as they were before. */
  readonly before: readonly Record<string, unknown>[];
  view(): MigrationView;
  /** Clicks when the button is there. */
  press(action: ActionId, typedName?: string): Promise<void>;
  /** From now on `what` happens once, when the cut-over comes to that place. */
  once(place: CrashPoint, what: () => void | Promise<void>): void;
  /** What was planned by `once` and has not happened is planned no more. */
  planNothing(): void;
  /** Points the application there. */
  pointAt(targets: readonly RedisServerHandle[]): void;
  settings(): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

export interface MoveOptions extends Omit<HarnessOptions, 'at' | 'inventory'> {
  readonly shards?: number;
  /** Of all servers; the machine's own redis-server when left out. */
  readonly binary?: string;
  /** For all servers. */
  readonly config?: Readonly<Record<string, string>>;
  readonly traffic?: Omit<TrafficOptions, 'shards'>;
  readonly keys?: number;
}

/** Up to *streaming*, with gate switch open. */
export async function toStreaming(options: MoveOptions = {}): Promise<MoveStage> {
  const { shards = 2, config = {}, keys = 500, binary } = options;
  const fleet = await startFleet(binary === undefined ? {} : { binary });
  const pairs = await startPairs(fleet, shards, config);
  const { sources, destinations } = pairs;
  await Promise.all(sources.map((source) => fill(source, { keys })));
  const settings = () => Promise.all([...sources, ...destinations].map(settingsOf));
  const before = await settings();
  const links = await Promise.all(sources.map((target) => startProxy({ target })));
  const local = (server: { readonly port: number }) => `127.0.0.1:${server.port}`;
  const inventory = inventoryOf({
    old: sources.map((one, index) => ({
      url: `redis://${local(one)}`,
      'replicate-from': local(links[index] ?? one),
    })),
    new: destinations.map((one) => ({ url: `redis://${local(one)}` })),
  });
  const planned = new Map<CrashPoint, () => void | Promise<void>>();
  const harness = createHarness({
    ...options,
    inventory,
    at(place) {
      const what = planned.get(place);
      planned.delete(place);
      void what?.();
    },
  });
  const traffic = startTraffic({ shards: sources, ratePerSecond: 300, ...options.traffic });
  const id = await harness.start({ sources: ['old'], destinations: ['new'], name: 'orders' });
  const stage: MoveStage = {
    ...pairs,
    fleet,
    harness,
    traffic,
    id,
    links,
    before,
    settings,
    view: () => harness.view(id),
    async press(action, typedName) {
      const isThere = () => harness.view(id).actions.some((one) => one.action === action);
      await until(isThere, { within: 40_000 }).catch(() => {
        const { phase, waitingFor, wayBack, journal } = harness.view(id);
        const last = journal.slice(-30).map((row) => `${row.at} ${row.text}`);
        throw new Error([`waited in vain for ${action}: ${phase}, ${waitingFor} ${wayBack?.text}`, ...last].join('\n'));
      });
      const answer = await harness.click(id, action, typedName === undefined ? {} : { typedName });
      if (!answer.accepted) throw new Error(answer.text);
    },
    once: (place, what) => planned.set(place, what),
    planNothing: () => planned.clear(),
    pointAt(targets) {
      for (const [index, target] of targets.entries()) traffic.pointAt(index, target);
    },
    async close() {
      await traffic.stop();
      await harness.close();
      await Promise.all(links.map((one) => one.close()));
      await fleet.close();
    },
  };
  try {
    await stage.press('gate:continue');
    await harness.open(id, 'switch');
  } catch (error) {
    await stage.close();
    throw error;
  }
  return stage;
}

/** A storm may make a shard late: it is let go then, and approved again. */
export async function pass(
  stage: MoveStage,
  action: 'gate:switch' | 'migration:rollback',
  wanted: 'switched' | 'rolled_back',
): Promise<void> {
  for (let tries = 1; tries <= 8; tries++) {
    await stage.press(action);
    const view = await stage.harness.phase(stage.id, wanted, wanted === 'switched' ? 'streaming' : 'switched');
    if (view.phase === wanted) return;
  }
  throw new Error(`let go too often: ${stage.view().waitingFor}`);
}
