/**
 * The application: instances that write to each shard, and now and then a flood. Owns its traffic. It counts every
 * acknowledged write, floods included, and can look each one up at the end; then it writes no more.
 */
import type { WorldApplication } from '../page/state.ts';
import type { RedisServerHandle } from '../redis/server.ts';
import { startTraffic, type Traffic } from '../redis/traffic.ts';
import { WRITE_KINDS, type WriteKind } from '../redis/traffic-book.ts';
import type { Verification } from '../redis/traffic-verify.ts';
import { addressIn, type Pair } from './fleet.ts';

const FLOOD_MS = 10_000;
/** Over all shards: more, and the machine would be busy with the flood alone. */
const FLOOD_PER_SECOND = 15_000;
const FLOOD_VALUE_BYTES = 256;

export class Application {
  readonly #pairs: readonly Pair[];
  readonly #targets: RedisServerHandle[];
  readonly #traffics: Traffic[];
  readonly #flooding = new Set<Traffic>();
  #floodEnds: NodeJS.Timeout | null = null;
  #ended = false;

  /** `perSecond`: writes over all shards. */
  constructor(pairs: readonly Pair[], perSecond: number, kinds: readonly WriteKind[] = WRITE_KINDS) {
    this.#pairs = pairs;
    this.#targets = pairs.map((pair) => pair.old);
    const ratePerSecond = Math.max(1, perSecond / pairs.length);
    this.#traffics = [startTraffic({ shards: this.#targets, ratePerSecond, kinds })];
  }

  figures(): WorldApplication[] {
    const counts = this.#traffics.map((traffic) => traffic.counts());
    return this.#pairs.map(({ shard, new: fresh }) => {
      const sum = (figure: 'acknowledged' | 'refused' | 'perSecond') =>
        counts.reduce((total, shards) => total + (shards[shard]?.[figure] ?? 0), 0);
      return {
        shard,
        pointsAt: this.#targets[shard] === fresh ? 'new' : 'old',
        acknowledgedPerSecond: sum('perSecond'),
        acknowledged: sum('acknowledged'),
        refused: sum('refused'),
      };
    });
  }

  /** One instance, or with null all of them. Throws a sentence when there is no such instance. */
  pointAtNew(which: number | null): void {
    const moving = this.#pairs.filter(({ shard }) => which === null || shard === which);
    if (moving.length === 0) throw new Error(`There is no instance ${(which ?? 0) + 1}.`);
    for (const pair of moving) this.#move(pair, 'new');
  }

  /** The instance whose old or new server has this address goes there. Throws a sentence when there is none. */
  pointAt({ host, port }: { readonly host: string; readonly port: number }): void {
    for (const pair of this.#pairs) {
      const side = (['old', 'new'] as const).find((one) => addressIn(pair, one) === `${host}:${port}`);
      if (side !== undefined) return this.#move(pair, side);
    }
    throw new Error(`No instance has a server at ${host}:${port}.`);
  }

  #move(pair: Pair, side: 'old' | 'new'): void {
    const target = pair[side];
    // Who is there already is not disturbed.
    if (this.#targets[pair.shard] === target) return;
    this.#targets[pair.shard] = target;
    for (const traffic of this.#traffics) traffic.pointAt(pair.shard, target);
  }

  /** Ten seconds of many more writes. Throws a sentence when there is one, or when the application has ended. */
  flood(): void {
    if (this.#ended) throw new Error('The application has ended: its writes were looked up.');
    if (this.#flooding.size > 0) throw new Error('A flood is under way; it ends after 10 seconds.');
    const flood = startTraffic({
      shards: this.#targets,
      ratePerSecond: Math.round(FLOOD_PER_SECOND / this.#pairs.length),
      kinds: ['pipeline'],
      valueBytes: FLOOD_VALUE_BYTES,
    });
    this.#traffics.push(flood);
    this.#flooding.add(flood);
    this.#floodEnds = setTimeout(() => void this.#endFlood(flood), FLOOD_MS);
  }

  async stop(): Promise<void> {
    this.#ended = true;
    if (this.#floodEnds !== null) clearTimeout(this.#floodEnds);
    await Promise.all(this.#traffics.map((traffic) => traffic.stop()));
    this.#flooding.clear();
  }

  /** Stops, and looks up every acknowledged write on the servers that the instances ended on. */
  async verify(): Promise<Verification> {
    await this.stop();
    const found = { acknowledged: 0, missing: 0, examples: [] as string[] };
    for (const traffic of this.#traffics) {
      const one = await traffic.verify(this.#targets);
      found.acknowledged += one.acknowledged;
      found.missing += one.missing;
      found.examples.push(...one.examples);
    }
    return found;
  }

  async #endFlood(flood: Traffic): Promise<void> {
    await flood.stop();
    this.#flooding.delete(flood);
  }
}
