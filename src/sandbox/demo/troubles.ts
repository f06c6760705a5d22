/**
 * What can go wrong with servers and links, on demand. Owns the slow-downs under way; `close()` ends them. It changes no
 * setting of a server: the bot watches those that it changed, and would take it for somebody's meddling.
 */
import { systemClock } from '../../clock.ts';
import type { RedisServerHandle } from '../redis/server.ts';
import type { Pair } from './fleet.ts';

const SLOW_MS = 20_000;
const ASLEEP_MS = 850;
const AWAKE_MS = 150;

export class Troubles {
  readonly #pairs: readonly Pair[];
  readonly #slow = new Map<RedisServerHandle, AbortController>();

  constructor(pairs: readonly Pair[]) {
    this.#pairs = pairs;
  }

  isSlow(server: RedisServerHandle): boolean {
    return this.#slow.has(server);
  }

  async kill(id: string): Promise<void> {
    const server = this.#server(id);
    if (!server.running) throw new Error(`${id} is down already.`);
    await server.kill();
  }

  async start(id: string): Promise<void> {
    const server = this.#server(id);
    if (server.running) throw new Error(`${id} is running.`);
    await server.start();
  }

  /** Cuts the connection between the two servers of a shard, and each that the new one tries until it is mended. */
  async cut(id: string): Promise<void> {
    const { wire, new: fresh } = this.#pair(id);
    if (wire.isCut) throw new Error(`The link of ${fresh.name} is cut already.`);
    if (!fresh.running) throw new Error(`${fresh.name} is down: it has no link.`);
    const info = await fresh.info('replication');
    if (info['role'] !== 'slave') throw new Error(`${fresh.name} follows nobody: there is no link to cut.`);
    wire.cut();
  }

  mend(id: string): void {
    const { wire, new: fresh } = this.#pair(id);
    if (!wire.isCut) throw new Error(`The link of ${fresh.name} is not cut.`);
    wire.mend();
  }

  /** For 20 seconds the new server gets a fraction of the processor: its process sleeps most of each second. */
  slow(id: string): void {
    const server = this.#server(id);
    if (!this.#pairs.some((pair) => pair.new === server)) throw new Error(`${id} is no destination.`);
    if (!server.running) throw new Error(`${id} is down.`);
    if (this.#slow.has(server)) throw new Error(`${id} is slow already; it recovers after 20 seconds.`);
    const ended = new AbortController();
    this.#slow.set(server, ended);
    void this.#drag(server, ended.signal);
  }

  close(): void {
    for (const ended of this.#slow.values()) ended.abort();
  }

  async #drag(server: RedisServerHandle, signal: AbortSignal): Promise<void> {
    const until = systemClock.monotonicMs() + SLOW_MS;
    while (!signal.aborted && server.running && systemClock.monotonicMs() < until) {
      server.freeze();
      await systemClock.sleep(ASLEEP_MS, signal);
      server.thaw();
      await systemClock.sleep(AWAKE_MS, signal);
    }
    this.#slow.delete(server);
  }

  #pair(id: string): Pair {
    const pair = this.#pairs.find((one) => one.old.name === id || one.new.name === id);
    if (pair === undefined) throw new Error(`There is no server ${id}.`);
    return pair;
  }

  #server(id: string): RedisServerHandle {
    const pair = this.#pair(id);
    return pair.old.name === id ? pair.old : pair.new;
  }
}
