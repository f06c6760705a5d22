/**
 * A day on which many things go wrong at once: servers die and freeze, links are cut and hang, in the middle of one
 * cut-over after the other, over and back, while an application writes. People mend what is broken, do what the message
 * says, and press again, until it is finished or rolled back. At the end no acknowledged write is missing.
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
/** So many writes of each shard are acknowledged between two cut-overs, and behind the last one. */
const WRITES_BETWEEN = 20;

/** `from`: the server that writes leave; `to`: the one that they go to. Of the cut-over, whichever way it goes. */
const TROUBLES = [
  'link cut',
  'link hangs',
  'link half open',
  'from killed',
  'to killed',
  'from frozen',
  'to frozen',
  'pause ended',
] as const;

interface Trouble {
  readonly what: (typeof TROUBLES)[number];
  readonly place: CrashPoint;
  readonly shard: number;
  /** Until it is mended. What was killed is started again when the cut-over is over, or a person has waited for long. */
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
  const troubles = fc.uniqueArray(trouble, { selector: (one) => one.place, minLength: 1, maxLength: 3 });
  const day = fc.array(troubles, { minLength: 3, maxLength: 3 });
  return fc.sample(day, { seed, numRuns: count });
}

export interface Ending {
  readonly phase: string;
  readonly acknowledged: number;
  readonly missing: number;
  /** What happened, in order, for whoever has to find out. */
  readonly story: readonly string[];
}

/** Rejects with the story when it comes to no end. */
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
  readonly #running: Promise<void>[] = [];
  readonly #dead = new Set<RedisServerHandle>();

  constructor(stage: MoveStage) {
    this.#stage = stage;
  }

  async live(day: BadDay): Promise<Ending> {
    try {
      for (const troubles of day) {
        await this.#move(troubles);
        if (this.#hasEnded) break;
      }
      // What was let go on this day is done on a quiet one.
      for (let tries = 1; this.#phase === 'streaming' || this.#phase === 'syncing'; tries++) {
        if (tries > 5) throw new Error('let go too often');
        await this.#move([]);
      }
      if (this.#phase === 'switched') await this.#finish();
      await this.#write();
      const { acknowledged, missing, examples } = await this.#stage.traffic.verify(this.#serving());
      this.#say(`verified: ${missing} of ${acknowledged} missing ${JSON.stringify(examples.slice(0, 3))}`);
      return { phase: this.#phase, acknowledged, missing, story: this.#all() };
    } catch (error) {
      throw new Error([`It came to no end: ${this.#phase}.`, ...this.#all()].join('\n'), { cause: error });
    }
  }

  get #phase() {
    return this.#stage.view().phase;
  }

  get #hasEnded(): boolean {
    return this.#phase === 'rolled_back';
  }

  #say(text: string): void {
    this.#story.push(`${new Date().toISOString()} ${text}`);
  }

  #all(): readonly string[] {
    const rows = this.#stage.view().journal.map(({ at, text }) => `${at}   ${text}`);
    return [...rows, ...this.#story].toSorted();
  }

  /** One cut-over, over or back, until it is over. Where the way back is closed there is none. */
  async #move(troubles: readonly Trouble[]): Promise<void> {
    await this.#mend();
    await this.#write();
    const back = this.#phase === 'switched';
    if (back && !(await this.#isBackOpen())) return;
    this.#stage.planNothing();
    for (const one of troubles) this.#plan(one, back);
    await this.#press(back ? 'migration:rollback' : 'gate:switch');
    await this.#settle(back ? ['rolled_back', 'switched'] : ['switched', 'streaming', 'syncing']);
  }

  async #finish(): Promise<void> {
    await this.#press('gate:finish');
    await this.#settle(['finished']);
  }

  /** Waits until the way back is open and offered, or closed for good. */
  async #isBackOpen(): Promise<boolean> {
    const isOffered = () => this.#stage.view().actions.some((one) => one.action === 'migration:rollback');
    const isClosed = () => this.#stage.view().wayBack?.open === false;
    const seen = await until(() => (isOffered() ? 'open' : isClosed() ? 'closed' : null), { within: SETTLED_MS });
    if (seen === 'open') return true;
    // It may be closed for a moment only, until the old server follows.
    await until(isOffered, { within: 5_000 }).catch(() => {});
    if (!isOffered() && !isClosed()) throw new Error('The way back is open, and nobody can roll back.');
    if (!isOffered()) this.#say(`way back closed: ${this.#stage.view().wayBack?.text}`);
    return isOffered();
  }

  #plan({ what, place, shard, lastsMs }: Trouble, back: boolean): void {
    const { links, sources, destinations } = this.#stage;
    const [link, source, destination] = [links[shard], sources[shard], destinations[shard]];
    if (!link || !source || !destination) throw new Error('unreachable');
    const [from, to] = back ? [destination, source] : [source, destination];
    // On the way back the two are connected directly: what follows is frozen instead.
    const isLink = what.startsWith('link') && !back;
    const server = what.startsWith('from') ? from : to;
    this.#stage.once(place, () => {
      this.#say(`${place}: ${what}, shard ${shard + 1}, for ${lastsMs} ms`);
      const happens = async (): Promise<void> => {
        if (what === 'pause ended') {
          // Below 6.2 there is no such command.
          await from.call('CLIENT', 'UNPAUSE').catch((error: unknown) => this.#say(String(error)));
          return;
        }
        if (what.endsWith('killed')) {
          this.#dead.add(server);
          await server.kill();
          return;
        }
        if (!isLink) {
          if (server.running) server.freeze();
        } else if (what === 'link cut') link.block();
        else if (what === 'link hangs') link.stall();
        else link.halfOpen();
        await sleep(lastsMs);
        if (!isLink) {
          if (server.running) server.thaw();
        } else {
          link.resume();
          if (what === 'link half open') link.cut();
        }
        this.#say(`mended: ${what}, shard ${shard + 1}`);
      };
      this.#running.push(happens());
    });
  }

  /** Presses until it counts. */
  async #press(action: 'gate:switch' | 'gate:finish' | 'migration:rollback'): Promise<void> {
    const { harness, id } = this.#stage;
    const isPressed = async () => {
      if (!this.#stage.view().actions.some((one) => one.action === action)) {
        await this.#mend();
        return false;
      }
      const { accepted, text } = await harness.click(id, action, { typedName: 'orders' });
      this.#say(`pressed ${action}: ${text}`);
      return accepted;
    };
    await until(isPressed, { within: SETTLED_MS, every: 200, what: action });
  }

  /** Waits until the cut-over is over; meanwhile a person mends, and does what the message says. */
  async #settle(phases: readonly string[]): Promise<void> {
    let since = Date.now();
    let last = '';
    const isOver = async () => {
      const { phase, waitingFor } = this.#stage.view();
      if (phases.includes(phase)) return true;
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
    await until(isOver, { within: SETTLED_MS, every: 100, what: phases.join(' or ') });
    this.#say(`now ${this.#phase}: ${this.#stage.view().waitingFor}`);
    await this.#mend();
  }

  async #obey(waitingFor: string): Promise<void> {
    const { harness, id, sources, destinations } = this.#stage;
    if (this.#stage.view().actions.some((one) => one.action === 'migration:serve_old')) {
      const { text } = await harness.click(id, 'migration:serve_old', { typedName: 'orders' });
      this.#say(`pressed migration:serve_old: ${text}`);
      return;
    }
    const address = /REPLICAOF NO ONE on 127\.0\.0\.1:(\d+)/.exec(waitingFor)?.[1];
    const server = [...sources, ...destinations].find((one) => String(one.port) === address);
    if (!server) return;
    this.#say(`by hand: REPLICAOF NO ONE on ${address}`);
    await server.call('REPLICAOF', 'NO', 'ONE');
  }

  /** All troubles are over: the application is where it is served, dead servers run, lost copies follow again. */
  async #mend(): Promise<void> {
    const { sources, destinations, links } = this.#stage;
    this.#point();
    await Promise.all(this.#running.splice(0));
    this.#point();
    for (const server of this.#dead) {
      await server.start();
      this.#dead.delete(server);
      this.#say(`started again: ${server.port}`);
    }
    const { phase, shards } = this.#stage.view();
    if (phase !== 'streaming' && phase !== 'syncing') return;
    for (const [index, { state }] of shards.entries()) {
      if (state !== 'detached') continue;
      this.#say(`by hand: ${destinations[index]?.port} follows ${sources[index]?.port} again`);
      await destinations[index]?.call('REPLICAOF', '127.0.0.1', String(links[index]?.port));
    }
  }

  #point(): void {
    for (const [shard, target] of this.#serving().entries()) this.#stage.traffic.pointAt(shard, target);
  }

  /** The application goes on for a while where it is served. */
  async #write(): Promise<void> {
    const { traffic } = this.#stage;
    const before = traffic.counts().map((one) => one.acknowledged);
    const isWritten = () =>
      traffic.counts().every((one, shard) => one.acknowledged >= (before[shard] ?? 0) + WRITES_BETWEEN);
    await until(isWritten, { within: SETTLED_MS, what: 'writes of every shard' });
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
