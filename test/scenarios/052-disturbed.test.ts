/**
 * Something happens in the middle of a cut-over: a server dies, a link is cut or hangs, a person changes a role by hand,
 * a shard is late. Whatever it is and wherever it happens, it ends with no acknowledged write missing, one server a shard
 * that takes writes, and settings as before; and a let-go says which shard it was.
 */
import { describe, test } from 'vitest';
import type { CrashPoint } from '../../src/engine/cutover/crash-points.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { type MoveStage, toStreaming } from '../support/move-stage.ts';

/** A server that was killed has every acknowledged write when it comes back. */
const DURABLE = { appendonly: 'yes', appendfsync: 'always' };

interface Disturbance {
  readonly what: string;
  readonly places: readonly CrashPoint[];
  readonly config?: Readonly<Record<string, string>>;
  disturb(stage: MoveStage): void | Promise<void>;
  /** What has to be done before the migration can go on. */
  mend?(stage: MoveStage): void | Promise<void>;
  /** What the reason for letting go has to name. */
  readonly reason: RegExp;
}

const DISTURBANCES: readonly Disturbance[] = [
  {
    what: 'the link of a shard is cut',
    places: ['after:prepared', 'after:pause', 'after:frozen'],
    disturb: ({ links }) => links[1]?.block(),
    mend: ({ links }) => links[1]?.resume(),
    reason: /[Ss]hard 2/,
  },
  {
    what: 'the link of a shard hangs',
    places: ['after:prepared', 'after:pause'],
    disturb: ({ links }) => links[1]?.stall(),
    mend: ({ links }) => links[1]?.resume(),
    reason: /2000 ms were over before .*[Ss]hard 2/,
  },
  {
    what: 'the link of a shard is half open',
    places: ['after:prepared'],
    disturb: ({ links }) => links[1]?.halfOpen(),
    mend({ links }) {
      links[1]?.resume();
      links[1]?.cut();
    },
    reason: /2000 ms were over before .*[Ss]hard 2/,
  },
  {
    what: 'a source is killed and started again',
    places: ['after:pause', 'after:applied', 'after:fence', 'after:proven'],
    config: DURABLE,
    disturb: ({ sources }) => sources[1]?.kill(),
    mend: ({ sources }) => sources[1]?.start(),
    reason: /[Ss]hard 2/,
  },
  {
    what: 'a destination is killed and started again',
    places: ['after:pause', 'after:applied', 'after:fence'],
    config: DURABLE,
    disturb: ({ destinations }) => destinations[1]?.kill(),
    async mend({ destinations, sources, links }) {
      await destinations[1]?.start();
      // It comes back as a master of its own: a person makes it follow again.
      await destinations[1]?.call('REPLICAOF', '127.0.0.1', String(links[1]?.port ?? sources[1]?.port));
    },
    reason: /[Ss]hard 2/,
  },
  {
    what: 'a person makes a destination a master by hand',
    places: ['after:pause', 'after:frozen'],
    async disturb({ destinations }) {
      await destinations[1]?.call('REPLICAOF', 'NO', 'ONE');
    },
    async mend({ destinations, links }) {
      await destinations[1]?.call('REPLICAOF', '127.0.0.1', String(links[1]?.port));
    },
    reason: /[Ss]hard 2/,
  },
  {
    what: 'a person takes down a fence by hand',
    places: ['after:fence'],
    async disturb({ sources }) {
      await sources[1]?.call('REPLICAOF', 'NO', 'ONE');
    },
    reason: /[Ss]hard 2/,
  },
  {
    what: 'a person ends the pause by hand',
    places: ['after:frozen', 'after:applied'],
    async disturb({ sources }) {
      await sources[1]?.call('CLIENT', 'UNPAUSE');
    },
    reason: /Shard 2.*written to/,
  },
];

const CASES = DISTURBANCES.flatMap((one) => one.places.map((place) => ({ ...one, place })));

describe.concurrent('in the middle of a cut-over', () => {
  test.for(CASES)('$what, $place', { timeout: 120_000 }, async (disturbance, { expect, onTestFinished }) => {
    const { place, config = {} } = disturbance;
    const stage = await toStreaming({ config });
    onTestFinished(() => stage.close());
    const { sources, destinations, traffic, harness, id } = stage;
    const disturbed: Promise<void>[] = [];
    stage.once(place, () => {
      disturbed.push(Promise.resolve(disturbance.disturb(stage)));
    });
    await stage.press('gate:switch');
    await until(() => disturbed.length > 0, { within: 20_000, what: `the cut-over to come to ${place}` });
    await Promise.all(disturbed);
    // It is let go, unless the disturbance came too late to matter.
    const view = await harness.phase(id, 'streaming', 'syncing', 'switched');
    const letGo = view.journal.find((row) => row.kind === 'cutover_let_go');
    if (letGo) expect(letGo.text).toMatch(disturbance.reason);
    // What came too late for the proof is nothing to mend, except that a server has to run.
    if (view.phase !== 'switched' || disturbance.config) await disturbance.mend?.(stage);
    if (view.phase !== 'switched') {
      expect(letGo, 'a word about why').toBeDefined();
      // Whoever clicks before the bot has seen the change is told so; a person clicks again.
      for (let tries = 1; harness.view(id).phase !== 'switched'; tries++) {
        expect(tries, harness.view(id).waitingFor ?? '').toBeLessThan(5);
        await stage.press('gate:switch');
        await harness.phase(id, 'switched', 'streaming', 'syncing');
      }
    }
    stage.pointAt(destinations);
    await stage.press('gate:finish', 'orders');
    await harness.phase(id, 'finished');
    expect(await traffic.verify(destinations)).toMatchObject({ missing: 0, examples: [] });
    for (const one of sources) expect(await one.info('replication')).toMatchObject({ role: 'slave' });
    for (const one of destinations) expect(await one.info('replication')).toMatchObject({ role: 'master' });
    expect(await stage.settings()).toEqual(stage.before);
  });
});
