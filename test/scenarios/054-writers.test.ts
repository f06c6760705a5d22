/**
 * Writers of every kind, as many as the machine takes: long pipelines, scripts, transactions held open, queues with
 * consumers that wait, keys that expire, publishers. Over to the new servers and back again, several times. Plain SETs
 * alone would hide the holes of a sequence that only looks safe.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { connectRaw } from '../../src/sandbox/redis/raw-connection.ts';
import type { RedisServerHandle } from '../../src/sandbox/redis/server.ts';
import { pass, toStreaming } from '../support/move-stage.ts';

const STORM = {
  ratePerSecond: 0,
  writersPerShard: 2,
  pipelineLength: 1_000,
  holdMultiMs: 3,
} as const;

describe('under a write storm', () => {
  test('over and back: no acknowledged write is missing', { timeout: 180_000 }, async () => {
    const stage = await toStreaming({ traffic: STORM, policy: { maxLagBytes: 4_194_304 } });
    onTestFinished(() => stage.close());
    const { sources, destinations, traffic, harness, id } = stage;
    const noise = startNoise(sources);
    onTestFinished(() => noise.stop());
    await pass(stage, 'gate:switch', 'switched');
    stage.pointAt(destinations);
    await pass(stage, 'migration:rollback', 'rolled_back');
    stage.pointAt(sources);
    await harness.phase(id, 'rolled_back');
    await noise.stop();
    const verified = await traffic.verify(sources);
    expect(verified).toMatchObject({ missing: 0, examples: [] });
    expect(verified.acknowledged).toBeGreaterThan(1_000);
    expect(await stage.settings()).toEqual(stage.before);
  });
});

/** Publishers, and keys that expire within a second: both move the offset and leave nothing behind to look up. */
function startNoise(servers: readonly RedisServerHandle[]) {
  const stop = new AbortController();
  const running = servers.map(async (server) => {
    while (!stop.signal.aborted) {
      try {
        const connection = await connectRaw(server, { timeoutMs: 5_000 });
        try {
          for (let number = 0; !stop.signal.aborted; number++) {
            await connection.send('PUBLISH', 'noise', `message ${number}`);
            await connection.send('SET', `noise:${number % 500}`, 'x', 'PX', String(50 + (number % 400)));
          }
        } finally {
          connection.close();
        }
      } catch {
        // Refused or cut off, like any application: it tries again.
        await systemClock.sleep(20);
      }
    }
  });
  return {
    async stop(): Promise<void> {
      stop.abort();
      await Promise.all(running);
    },
  };
}
