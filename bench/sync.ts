/**
 * What a full sync gains from repl-diskless-sync-delay 0, and what TLS costs it and our looks: the same data copied
 * from one real server to another, the ways in turn, a few rounds. Prints tables and JSON; on a shared machine the ratio
 * of two medians of one run is the figure to trust.
 */

import { readFileSync } from 'node:fs';
import { systemClock } from '../src/clock.ts';
import type { Endpoint } from '../src/domain/endpoint.ts';
import { Secret } from '../src/domain/secret.ts';
import { SecretRegistry } from '../src/log.ts';
import { createPasswordVault } from '../src/passwords.ts';
import { createInspector } from '../src/redis/inspector.ts';
import { createAuthority } from '../src/sandbox/redis/certificates.ts';
import { fill } from '../src/sandbox/redis/fill.ts';
import { type Fleet, startFleet } from '../src/sandbox/redis/fleet.ts';
import type { RedisServerHandle } from '../src/sandbox/redis/server.ts';
import { until } from '../src/sandbox/redis/wait.ts';

const ROUNDS = 3;
const KEYS = 200_000;
const VALUE_BYTES = 400;
const LOOKS = 300;

interface Way {
  readonly name: string;
  readonly delay: string;
  readonly source: RedisServerHandle;
  readonly destination: RedisServerHandle;
}

/** Seconds from REPLICAOF until the destination's link is up. */
async function sync({ delay, source, destination }: Way): Promise<number> {
  await source.config('repl-diskless-sync-delay', delay);
  await destination.flush();
  const began = systemClock.monotonicMs();
  await destination.call('REPLICAOF', '127.0.0.1', String(source.port));
  await until(async () => (await destination.info('replication'))['master_link_status'] === 'up', {
    within: 120_000,
    what: 'the link to be up',
  });
  const tookMs = systemClock.monotonicMs() - began;
  await destination.call('REPLICAOF', 'NO', 'ONE');
  // A server that was made a master writes a history of its own: the next round is a full sync again.
  return tookMs / 1000;
}

/** Milliseconds that a look takes, the median of many. */
async function look(endpoint: Endpoint): Promise<number> {
  const registry = new SecretRegistry();
  const passwords = createPasswordVault({
    botToken: new Secret('bench'),
    env: {},
    readFile: (path) => readFileSync(path, 'utf8'),
    secrets: registry,
    clock: systemClock,
  });
  const inspector = createInspector(endpoint, systemClock, { passwords, registry });
  const took: number[] = [];
  for (let number = 0; number < LOOKS; number += 1) {
    const began = systemClock.monotonicMs();
    await inspector.look({ clients: 'replicas', commandStats: true });
    took.push(systemClock.monotonicMs() - began);
  }
  inspector.close();
  return median(took);
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}

async function measure(fleet: Fleet): Promise<void> {
  const authority = await createAuthority(fleet.dir);
  const [certificate, plain, replica] = await Promise.all([authority.issue('server'), fleet.server(), fleet.server()]);
  const tls = { ca: authority.ca, ...certificate, replication: true };
  const [secret, follower] = await Promise.all([fleet.server({ tls }), fleet.server({ tls })]);
  await Promise.all([plain, secret].map((server) => fill(server, { keys: KEYS, valueBytes: VALUE_BYTES })));
  const ways: readonly Way[] = [
    { name: 'delay 5, plain', delay: '5', source: plain, destination: replica },
    { name: 'delay 0, plain', delay: '0', source: plain, destination: replica },
    { name: 'delay 0, TLS', delay: '0', source: secret, destination: follower },
  ];
  const took = new Map(ways.map((way) => [way.name, [] as number[]]));
  for (let round = 0; round < ROUNDS; round += 1) for (const way of ways) took.get(way.name)?.push(await sync(way));
  const of = (name: string) => median(took.get(name) ?? []);
  const syncs = ways.map(({ name }) => ({ way: name, rounds: ROUNDS, medianSeconds: rounded(of(name)) }));
  console.table(syncs);
  const looks = {
    plainMs: rounded(await look({ host: '127.0.0.1', port: plain.port, tls: false })),
    tlsMs: rounded(
      await look({
        host: '127.0.0.1',
        port: secret.port,
        tls: true,
        tlsFiles: { ca: tls.ca, cert: tls.cert, key: tls.key },
      }),
    ),
  };
  const ratios = {
    'sync: delay 5 / delay 0': rounded(of('delay 5, plain') / of('delay 0, plain')),
    'sync: TLS / plain': rounded(of('delay 0, TLS') / of('delay 0, plain')),
    'look: TLS / plain': rounded(looks.tlsMs / looks.plainMs),
  };
  console.table([ratios]);
  console.log(JSON.stringify({ bench: 'sync', keys: KEYS, valueBytes: VALUE_BYTES, syncs, looks, ratios }));
}

const fleet = await startFleet();
try {
  await measure(fleet);
} finally {
  await fleet.close();
}
