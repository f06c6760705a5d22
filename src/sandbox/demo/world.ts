/**
 * The world outside Slack: servers, application, bot. Looks at all of them once a second, and again when something was
 * done; carries out what the page asks for. Owns the look-out and the application; servers and bot belong to whoever
 * started them. When every shard's migration is finished it has each acknowledged write looked up, once.
 */
import { systemClock } from '../../clock.ts';
import type { WorldAct, WorldSource } from '../page/acts.ts';
import type { World, WorldServer } from '../page/state.ts';
import type { RedisServerHandle } from '../redis/server.ts';
import type { Verification } from '../redis/traffic-verify.ts';
import type { Application } from './application.ts';
import type { DemoBot, Migration } from './bot.ts';
import type { Deployments } from './deployments.ts';
import { addressIn, keyDelayUs, type Pair } from './fleet.ts';
import { lookAt, type Sight } from './look.ts';
import { Troubles } from './troubles.ts';

const LOOK_MS = 1_000;
/** A change smaller than this share is not worth a command. */
const PACE_STEP = 0.1;
const UNSEEN: Sight = { role: null, link: null, keys: null, opsPerSecond: null };

export interface WorldParts {
  readonly pairs: readonly Pair[];
  readonly application: Application;
  readonly bot: DemoBot;
  readonly deployments: Deployments;
}

export class DemoWorld implements WorldSource {
  readonly #parts: WorldParts;
  readonly #troubles: Troubles;
  readonly #sights = new Map<RedisServerHandle, Sight>();
  /** What each old server rests behind a key of a snapshot. */
  readonly #delays = new Map<Pair, number>();
  readonly #listeners = new Set<() => void>();
  readonly #stopping = new AbortController();
  readonly #verified: PromiseWithResolvers<Verification>;
  readonly #lookOut: Promise<void>;
  #verifying = false;
  #verification: Verification | null = null;

  constructor(parts: WorldParts) {
    this.#parts = parts;
    this.#troubles = new Troubles(parts.pairs);
    this.#verified = withResolvers();
    this.#verified.promise.catch(() => {});
    parts.bot.onChange(() => this.#tell());
    this.#lookOut = this.#keepLooking();
  }

  /** Resolves when the story is over and each acknowledged write was looked up. */
  get verified(): Promise<Verification> {
    return this.#verified.promise;
  }

  state(): World {
    const { pairs, application, bot, deployments } = this.#parts;
    const found = this.#verification;
    return {
      botRunning: bot.running,
      deploymentsFrozen: deployments.frozen,
      servers: [...pairs.map((pair) => this.#server(pair, 'old')), ...pairs.map((pair) => this.#server(pair, 'new'))],
      application: application.figures(),
      verified: found && { acknowledged: found.acknowledged, missing: found.missing },
    };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async act(act: WorldAct): Promise<void> {
    try {
      await this.#carryOut(act);
    } finally {
      this.#tell();
      void this.#look();
    }
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.#troubles.close();
    this.#verified.reject(new Error('The demo has ended.'));
    await this.#parts.application.stop();
    await this.#lookOut;
  }

  async #carryOut(act: WorldAct): Promise<void> {
    const { application, bot, deployments } = this.#parts;
    switch (act.kind) {
      case 'point_application':
        return application.pointAtNew(act.shard);
      case 'flood_writes':
        return application.flood();
      case 'freeze_deployments':
        return deployments.freeze(true);
      case 'allow_deployments':
        return deployments.freeze(false);
      case 'stop_bot':
        if (!bot.running) throw new Error('The bot is down already.');
        return bot.kill();
      case 'start_bot':
        if (bot.running) throw new Error('The bot is running.');
        return bot.start();
      case 'kill_server':
        return this.#troubles.kill(act.server);
      case 'start_server':
        return this.#troubles.start(act.server);
      case 'cut_link':
        return this.#troubles.cut(act.server);
      case 'mend_link':
        return this.#troubles.mend(act.server);
      case 'slow_destination':
        return this.#troubles.slow(act.server);
    }
  }

  #server(pair: Pair, side: 'old' | 'new'): WorldServer {
    const server = pair[side];
    const { running } = server;
    const sight = running ? (this.#sights.get(server) ?? UNSEEN) : UNSEEN;
    const isCut = side === 'new' && pair.wire.isCut;
    const isSlow = running && this.#troubles.isSlow(server);
    return {
      id: server.name,
      side,
      shard: pair.shard,
      address: addressIn(pair, side),
      running,
      ...sight,
      isCut,
      isSlow,
    };
  }

  async #keepLooking(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await Promise.all([this.#look(), this.#lookForTheEnd()]);
      await systemClock.sleep(LOOK_MS, signal);
    }
  }

  async #look(): Promise<void> {
    const { pairs } = this.#parts;
    await Promise.all(pairs.flatMap((pair) => [this.#lookAt(pair.old), this.#lookAt(pair.new)]));
    await Promise.all(pairs.map((pair) => this.#pace(pair)));
    this.#tell();
  }

  async #lookAt(server: RedisServerHandle): Promise<void> {
    const sight = await lookAt(server);
    // Who does not answer for a moment keeps what was last seen, all but the speed.
    if (sight !== null) this.#sights.set(server, sight);
    else if (!server.running) this.#sights.delete(server);
    else this.#sights.set(server, { ...(this.#sights.get(server) ?? UNSEEN), opsPerSecond: null });
  }

  /** Keeps the time of a full sync the same while the application adds keys. */
  async #pace(pair: Pair): Promise<void> {
    const keys = this.#sights.get(pair.old)?.keys ?? null;
    if (keys === null) {
      // It may come back as another process, which has the setting of its file.
      this.#delays.delete(pair);
      return;
    }
    const wanted = keyDelayUs(pair.syncMs, keys);
    const now = this.#delays.get(pair) ?? 0;
    if (Math.abs(wanted - now) <= now * PACE_STEP) return;
    this.#delays.set(pair, wanted);
    await pair.old.config('rdb-key-save-delay', String(wanted)).catch(() => this.#delays.delete(pair));
  }

  async #lookForTheEnd(): Promise<void> {
    if (this.#verifying) return;
    const migrations = await this.#parts.bot.migrations();
    if (migrations === null || !allFinished(this.#parts.pairs, migrations) || this.#stopping.signal.aborted) return;
    this.#verifying = true;
    // Not awaited: the look-out goes on meanwhile.
    void this.#verify();
  }

  /** A new server that is down can't be asked: it is tried again. */
  async #verify(): Promise<void> {
    try {
      this.#verification = await this.#parts.application.verify();
      this.#verified.resolve(this.#verification);
      this.#tell();
    } catch {
      this.#verifying = false;
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Whether each old server went to its own new one. */
function allFinished(pairs: readonly Pair[], migrations: readonly Migration[]): boolean {
  const moved = new Set(
    migrations
      .filter((one) => one.phase === 'finished')
      .flatMap((one) => one.shards.map((shard) => `${shard.source} ${shard.destination}`)),
  );
  return pairs.every((pair) => moved.has(`${addressIn(pair, 'old')} ${addressIn(pair, 'new')}`));
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (why: Error) => void;
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (why: Error) => void = () => {};
  const promise = new Promise<T>((one, other) => {
    resolve = one;
    reject = other;
  });
  return { promise, resolve, reject };
}
