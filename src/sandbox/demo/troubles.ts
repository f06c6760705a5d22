/**
 * What can go wrong with servers and links, on demand. Owns the slow-downs under way and what it changed for a cut; each
 * is undone by its counterpart or by `close()`. It never touches what the bot is told: addresses stay what they are.
 */
import { systemClock } from '../../clock.ts';
import type { RedisServerHandle } from '../redis/server.ts';
import type { Pair } from './fleet.ts';

const SLOW_MS = 20_000;
const ASLEEP_MS = 850;
const AWAKE_MS = 150;
/** Refused by a server without a password, so that the link can't come back. */
const WRONG_PASSWORD = 'the-cable-is-cut';

export class Troubles {
  readonly #pairs: readonly Pair[];
  readonly #slow = new Map<RedisServerHandle, AbortController>();
  /** The setting as it was before the cut. */
  readonly #cut = new Map<RedisServerHandle, string>();

  constructor(pairs: readonly Pair[]) {
    this.#pairs = pairs;
  }

  async kill(id: string): Promise<void> {
    const server = this.#server(id);
    if (!server.running) throw new Error(`${id} is down already.`);
    // What the cut had changed is gone with the process.
    this.#cut.delete(server);
    await server.kill();
  }

  async start(id: string): Promise<void> {
    const server = this.#server(id);
    if (server.running) throw new Error(`${id} is running.`);
    await server.start();
  }

  /**
   * Ends the replication between the two servers of a shard and keeps it down until it is mended. There is no wire to
   * cut on one machine: the new server's next log-ins are refused instead, which looks the same and heals by itself.
   */
  async cut(id: string): Promise<void> {
    const { old, new: fresh } = this.#pair(id);
    if (this.#cut.has(fresh)) throw new Error(`The link of ${fresh.name} is cut already.`);
    if (!fresh.running) throw new Error(`${fresh.name} is down: it has no link.`);
    const info = await fresh.info('replication');
    if (info['role'] !== 'slave') throw new Error(`${fresh.name} follows nobody: there is no link to cut.`);
    this.#cut.set(fresh, await setting(fresh, 'masterauth'));
    await fresh.config('masterauth', WRONG_PASSWORD);
    if (old.running) await old.call('CLIENT', 'KILL', 'TYPE', 'replica');
  }

  async mend(id: string): Promise<void> {
    const { new: fresh } = this.#pair(id);
    const before = this.#cut.get(fresh);
    if (before === undefined) throw new Error(`The link of ${fresh.name} is not cut.`);
    // Somebody else may have set it meanwhile; then it is theirs.
    if ((await setting(fresh, 'masterauth')) === WRONG_PASSWORD) await fresh.config('masterauth', before);
    this.#cut.delete(fresh);
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

async function setting(server: RedisServerHandle, name: string): Promise<string> {
  const answer = await server.call('CONFIG', 'GET', name);
  return Array.isArray(answer) ? String(answer[1] ?? '') : '';
}
