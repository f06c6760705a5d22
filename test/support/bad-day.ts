/**
 * A day on which many things go wrong at once: servers die and freeze, links are cut and hang, in the middle of one
 * cut-over after the other, there and back, while an application writes. People mend what is broken, do what the message
 * says, and press again. At the end no acknowledged write is missing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { CRASH_POINTS, type CrashPoint } from '../../src/engine/cutover/crash-points.ts';
import type { RedisServerHandle } from '../../src/sandbox/redis/server.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { type MoveStage, toStreaming } from './move-stage.ts';

/** A server that was killed has every acknowledged write when it comes back. */
const DURABLE = { appendonly: 'yes', appendfsync: 'always' };
/** How long a migration may stand still before a person reads the message and does what it says. */
const PATIENCE_MS = 8_000;
const SETTLED_MS = 60_000;

const TROUBLES = [
  'link cut',
  'link hangs',
  'link half open',
  'source killed',
  'destination killed',
  'source frozen',
  'destination frozen',
  'pause ended',
] as const;

export interface Trouble {
  readonly what: (typeof TROUBLES)[number];
  readonly place: CrashPoint;
  readonly shard: number;
  /** Until it is mended. What was killed is started again only when nobody writes to it any more. */
  readonly lastsMs: number;
}

/** One list a cut-over. */
export type BadDay = readonly (readonly Trouble[])[];

const trouble = fc.record({
  what: fc.constantFrom(...TROUBLES),
  place: fc.constantFrom(...CRASH_POINTS),
  shard: fc.nat(1),
  lastsMs: fc.integer({ min: 0, max: 3_000 }),
});

/** `count` of them, the same ones for the same seed. */
export function badDays(count: number, seed: number): BadDay[] {
  const day = fc.array(fc.array(trouble, { minLength: 1, maxLength: 3 }), { minLength: 3, maxLength: 3 });
  return fc.sample(day, { seed, numRuns: count });
}

export interface Ending {
  readonly phase: string;
  readonly acknowledged: number;
  readonly missing: number;
  /** What happened, in order, for whoever has to find out. */
  readonly story: readonly string[];
}

export async function liveThrough(day: BadDay, binary?: string): Promise<Ending> {
  const stage = await toStreaming({ config: DURABLE, ...(binary === undefined ? {} : { binary }) });
  try {
    return await new Day(stage).live(day);
  } finally {
    await stage.close();
  }
}

class Day {
  readonly #stage: MoveStage;
  readonly #story: string[] = [];
  #running: Promise<void>[] = [];
  readonly #dead = new Set<RedisServerHandle>();

  constructor(stage: MoveStage) {
    this.#stage = stage;
  }

  async live(day: BadDay): Promise<Ending> {
    const { traffic } = this.#stage;
    for (const troubles of day) {
      for (const one of troubles) this.#plan(one);
      if (!(await this.#move())) break;
    }
    if (this.#phase === 'switched') {
      await this.#press('gate:finish');
      await this.#settle(['finished', 'switched']);
    }
    const { acknowledged, missing, examples } = await traffic.verify(this.#serving());
    this.#say(`verified: ${missing} of ${acknowledged} missing ${JSON.stringify(examples.slice(0, 3))}`);
    return { phase: this.#phase, acknowledged, missing, story: this.#all() };
  }

  get #phase() {
    return this.#stage.view().phase;
  }

  #say(text: string): void {
    this.#story.push(`${new Date().toISOString()} ${text}`);
  }

  #all(): readonly string[] {
    const rows = this.#stage.view().journal.map(({ at, text }) => `${at}   ${text}`);
    return [...rows, ...this.#story].toSorted();
  }

  #plan({ what, place, shard, lastsMs }: Trouble): void {
    const { links, sources, destinations } = this.#stage;
    const [link, source, destination] = [links[shard], sources[shard], destinations[shard]];
    if (!link || !source || !destination) throw new Error('unreachable');
    const server = what.startsWith('source') ? source : destination;
    this.#stage.once(place, () => {
      this.#say(`${place}: ${what}, shard ${shard + 1}, for ${lastsMs} ms`);
      this.#running.push(
        (async () => {
          switch (what) {
            case 'link cut':
              link.block();
              break;
            case 'link hangs':
              link.stall();
              break;
            case 'link half open':
              link.halfOpen();
              break;
            case 'source frozen':
            case 'destination frozen':
              if (server.running) server.freeze();
              break;
            case 'source killed':
            case 'destination killed':
              this.#dead.add(server);
              await server.kill();
              return;
            case 'pause ended':
              await source.call('CLIENT', 'UNPAUSE').catch(() => {});
              return;
          }
          await sleep(lastsMs);
          if (what.startsWith('link')) {
            link.resume();
            if (what === 'link half open') link.cut();
          } else if (server.running) server.thaw();
          this.#say(`mended: ${what}, shard ${shard + 1}`);
        })(),
      );
    });
  }

  /** One cut-over, there or back, until it is over. False when the migration has ended. */
  async #move(): Promise<boolean> {
    const back = this.#phase === 'switched';
    if (!(await this.#press(back ? 'migration:rollback' : 'gate:switch'))) return true;
    await this.#settle(back ? ['rolled_back', 'switched'] : ['switched', 'streaming', 'syncing']);
    return this.#phase !== 'rolled_back' && !this.#isHalfBack;
  }

  /** Nothing that the bot could go on with: an old server died with its promotion, while others were back already. */
  get #isHalfBack(): boolean {
    return this.#phase === 'rolling_back' && /so the migration stays here/.test(this.#stage.view().waitingFor ?? '');
  }

  /** Mends, and presses when the button is there. False when it does not come. */
  async #press(action: 'gate:switch' | 'gate:finish' | 'migration:rollback'): Promise<boolean> {
    const { harness, id } = this.#stage;
    const isThere = async () => {
      await this.#mend();
      return this.#stage.view().actions.some((one) => one.action === action);
    };
    const within = action === 'migration:rollback' ? 10_000 : SETTLED_MS;
    if (!(await until(isThere, { within, every: 200 }).catch(() => false))) {
      this.#say(`no ${action}: ${this.#phase}, ${this.#stage.view().waitingFor}, ${this.#stage.view().wayBack?.text}`);
      if (action === 'migration:rollback') return false;
      throw new Error([`${action} did not come`, ...this.#all()].join('\n'));
    }
    const { accepted, text } = await harness.click(id, action, { typedName: 'orders' });
    this.#say(`pressed ${action}: ${text}`);
    return accepted;
  }

  /** Waits until the cut-over is over; meanwhile a person mends, and does what the message says. */
  async #settle(phases: readonly string[]): Promise<void> {
    let since = Date.now();
    let last = '';
    const isOver = async () => {
      const { phase, waitingFor } = this.#stage.view();
      if (phases.includes(phase) || this.#isHalfBack) return true;
      if (waitingFor !== last) {
        last = waitingFor ?? '';
        since = Date.now();
        this.#say(`says: ${last}`);
      } else if (Date.now() - since > PATIENCE_MS) {
        await this.#mend();
        await this.#obey(last);
        since = Date.now();
      }
      return false;
    };
    await until(isOver, { within: SETTLED_MS, every: 100 }).catch(() => {
      throw new Error([`still ${this.#phase}: ${this.#stage.view().waitingFor}`, ...this.#all()].join('\n'));
    });
    this.#say(`now ${this.#phase}: ${this.#stage.view().waitingFor}`);
    await this.#mend();
  }

  async #obey(waitingFor: string): Promise<void> {
    const { harness, id } = this.#stage;
    if (this.#stage.view().actions.some((one) => one.action === 'migration:serve_old')) {
      const { text } = await harness.click(id, 'migration:serve_old', { typedName: 'orders' });
      this.#say(`pressed migration:serve_old: ${text}`);
      return;
    }
    const address = /REPLICAOF NO ONE on 127\.0\.0\.1:(\d+)/.exec(waitingFor)?.[1];
    const server = [...this.#stage.sources, ...this.#stage.destinations].find((one) => String(one.port) === address);
    if (!server) return;
    this.#say(`by hand: REPLICAOF NO ONE on ${address}`);
    await server.call('REPLICAOF', 'NO', 'ONE').catch(() => {});
  }

  /** All troubles are over: the application is where it is served, dead servers run, lost copies follow again. */
  async #mend(): Promise<void> {
    const { sources, destinations, links, traffic } = this.#stage;
    await Promise.all(this.#running.splice(0));
    for (const [shard, target] of this.#serving().entries()) traffic.pointAt(shard, target);
    for (const server of this.#dead) {
      this.#dead.delete(server);
      this.#say(`started again: ${server.port}`);
      await server.start();
    }
    const { phase, shards } = this.#stage.view();
    if (phase !== 'streaming' && phase !== 'syncing') return;
    for (const [index, { state }] of shards.entries()) {
      if (state !== 'detached') continue;
      this.#say(`by hand: ${destinations[index]?.port} follows ${sources[index]?.port} again`);
      await destinations[index]?.call('REPLICAOF', '127.0.0.1', String(links[index]?.port));
    }
  }

  /** Where the writes of each shard belong: with each promotion that was seen they go to the other side. */
  #serving(): RedisServerHandle[] {
    const { sources, destinations } = this.#stage;
    const promoted = this.#stage.view().journal.filter((row) => row.kind === 'promoted');
    return sources.map((source, index) => {
      const times = promoted.filter((row) => row.shard === index).length;
      return times % 2 === 1 ? (destinations[index] ?? source) : source;
    });
  }
}
