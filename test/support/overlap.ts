/** One shard of an overlap, brought to switched on real servers, with a proxy between the two. */
import { expect } from 'vitest';
import { type ServerOptions, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { type Proxy, startProxy } from '../../src/sandbox/redis/proxy.ts';
import type { RedisServerHandle } from '../../src/sandbox/redis/server.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { createHarness, type Harness, type HarnessOptions } from './engine.ts';
import { inventoryOf } from './inventory.ts';
import { settingsOf } from './servers.ts';

export interface OpenShard {
  readonly harness: Harness;
  readonly id: string;
  readonly source: RedisServerHandle;
  readonly destination: RedisServerHandle;
  /** Between the source and the destination. */
  readonly link: Proxy;
  /** Of both servers, before anything was done to them. */
  readonly before: readonly Record<string, unknown>[];
  server(options?: ServerOptions): Promise<RedisServerHandle>;
  /** Waits for what the migration waits for. */
  says(pattern: RegExp): Promise<string>;
  close(): Promise<void>;
}

export interface OpenOptions extends HarnessOptions {
  readonly binary?: string;
  readonly config?: Readonly<Record<string, string>>;
}

/** `precious` is written on the new side alone, `shared` on the old side. */
export async function openShard({ binary, config, ...more }: OpenOptions = {}): Promise<OpenShard> {
  const fleet = await startFleet(binary === undefined ? {} : { binary });
  const options = { config: { 'repl-diskless-sync-delay': '0', ...config } };
  const [source, destination] = await Promise.all([fleet.server(options), fleet.server(options)]);
  const link = await startProxy({ target: source });
  const inventory = inventoryOf({
    old: [{ url: `redis://127.0.0.1:${source.port}`, 'replicate-from': `127.0.0.1:${link.port}` }],
    new: [{ url: `redis://127.0.0.1:${destination.port}` }],
  });
  const before = await Promise.all([source, destination].map(settingsOf));
  const harness = createHarness({ ...more, inventory });
  const close = async () => {
    await harness.close();
    await link.close();
    await fleet.close();
  };
  try {
    const id = await harness.start({ sources: ['old'], destinations: ['new'], name: 'orders', cutover: 'overlap' });
    const planned = await harness.open(id, 'continue');
    expect(planned.findings.filter((one) => one.level === 'error')).toEqual([]);
    await harness.click(id, 'gate:continue');
    await harness.open(id, 'switch');
    await source.call('SET', 'shared', 'before');
    expect(await harness.click(id, 'gate:switch', { typedName: 'orders' })).toMatchObject({ accepted: true });
    await harness.phase(id, 'switched');
    await destination.call('SET', 'precious', 'of the new side');
    const says = async (pattern: RegExp) => {
      const text = () => harness.view(id).waitingFor ?? '';
      await until(() => pattern.test(text()), { within: 20_000 }).catch(() => {
        throw new Error(`it does not say ${String(pattern)} but: ${text()}`);
      });
      return text();
    };
    return { harness, id, source, destination, link, before, says, server: (one = {}) => fleet.server(one), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What is written on the old side has arrived on the new one. */
export async function follows({ source, destination }: OpenShard): Promise<void> {
  const mark = `mark-${Math.random()}`;
  await source.call('SET', 'shared', mark);
  await until(async () => (await destination.call('GET', 'shared')) === mark, { within: 5_000, what: 'the write' });
}

export async function keepsItsOwn({ destination }: OpenShard): Promise<void> {
  expect(await destination.call('GET', 'precious')).toBe('of the new side');
}
