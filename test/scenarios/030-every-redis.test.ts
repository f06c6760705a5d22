/**
 * Every server that this machine has, to every other: a pair is refused in preflight, or it streams, and what is written
 * later on db 0 and on db 3 arrives, at once and 15 s later too. "Up" alone is no proof: a link can drop and come back.
 * OTHER_SERVERS may name servers made by hand as well, down to 2.4 (see scripts/lib/other-servers.mjs).
 */
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { can, type Server } from '../../src/domain/dialect.ts';
import { pairMatrix } from '../../src/domain/pairing.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { startFleet } from '../../src/sandbox/redis/fleet.ts';
import type { RedisServerHandle } from '../../src/sandbox/redis/server.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { cellOf, tableOf } from '../domain/support/versions-page.ts';
import { createHarness, type Harness } from '../support/engine.ts';
import { missingServers, otherServers } from '../support/other-servers.ts';
import { urls } from '../support/servers.ts';

const LATER_MS = 15_000;
const KEYS = 200;
/** A few migrations at a time, as many people would run them. */
const SHARDS_A_MIGRATION = 8;

interface Pair {
  readonly name: string;
  readonly row: number;
  readonly column: number;
  readonly source: RedisServerHandle;
  readonly destination: RedisServerHandle;
}

test.for(missingServers())('$name is skipped: $reason', (_, { skip }) => skip());

describe('every pair', () => {
  test('is refused, or streams and goes on streaming', { timeout: 240_000 }, async ({ onTestFinished }) => {
    const kinds = otherServers();
    expect(kinds.length, 'at least one server to test with').toBeGreaterThan(0);
    const fleet = await startFleet();
    onTestFinished(() => fleet.close());
    const configOf = (server: Server) => (can(server, 'diskless') ? { 'repl-diskless-sync-delay': '0' } : {});
    const pairs: Pair[] = [];
    for (const [row, from] of kinds.entries()) {
      const started = kinds.map(async (to, column) => {
        const source = await fleet.server({ binary: from.binary, config: configOf(from) });
        const destination = await fleet.server({ binary: to.binary, config: configOf(to) });
        return { name: `${from.name} → ${to.name}`, row, column, source, destination };
      });
      pairs.push(...(await Promise.all(started)));
    }
    await Promise.all(pairs.map(({ source }, seed) => fill(source, { keys: KEYS, seed })));
    await writeTo(pairs, 'before');
    const harness = createHarness();
    onTestFinished(() => harness.close());

    const refused = await refusedOf(harness, pairs);
    const matrix = pairMatrix(kinds);
    for (const { name, row, column } of pairs) {
      const expected = matrix[row]?.[column]?.refused ?? null;
      expect(refused.get(name) ?? [], name).toEqual(expected === null ? [] : [expected]);
    }

    const allowed = pairs.filter(({ name }) => !refused.has(name));
    const groups = Array.from({ length: Math.ceil(allowed.length / SHARDS_A_MIGRATION) }, (_, place) =>
      allowed.slice(place * SHARDS_A_MIGRATION, (place + 1) * SHARDS_A_MIGRATION),
    );
    const planned = await Promise.all(groups.map((group) => plan(harness, group)));
    // The trials of the links count for Redis; what counts here is what comes after them.
    const tried = await Promise.all(allowed.map(({ source }) => fullSyncsOf(source)));
    const ids = await Promise.all(planned.map((id) => stream(harness, id)));
    const syncs = await Promise.all(allowed.map(({ source }) => fullSyncsOf(source)));
    // Servers before 2.8, which somebody may have made by hand, do not count them: not a number stays none.
    expect(syncs, 'one full sync each').toEqual(tried.map((count) => count + 1));
    await arrives(allowed, 'before');
    await writeTo(allowed, 'at once');
    await arrives(allowed, 'at once');
    await systemClock.sleep(LATER_MS);
    await writeTo(allowed, 'later');
    await arrives(allowed, 'later');

    expect(await Promise.all(allowed.map(({ source }) => fullSyncsOf(source))), 'no further full sync').toEqual(syncs);
    for (const id of ids) {
      expect(harness.view(id)).toMatchObject({ phase: 'streaming' });
      for (const shard of harness.view(id).shards) expect(shard).toMatchObject({ state: 'in_step' });
    }
    const cells = pairs.map(
      ({ name, row, column }) =>
        cellOf({ refused: null, proven: false, ...matrix[row]?.[column] }) +
        (refused.has(name) ? ' (refused)' : ' (seen)'),
    );
    const head = ['old \\ new', ...kinds.map((one) => `${one.kind} ${one.version}`)];
    const rows = kinds.map((one, row) => [
      `${one.kind} ${one.version}`,
      ...cells.slice(row * kinds.length, (row + 1) * kinds.length),
    ]);
    process.stdout.write(`${tableOf([head, ...rows]).join('\n')}\n`);
  });
});

/** Codes of the errors by pair, as preflight found them; nothing was done to the servers. */
async function refusedOf(harness: Harness, pairs: readonly Pair[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const id = await harness.start(requestOf(pairs, 'all of them'));
  const { findings } = await harness.phase(id, 'planned');
  await harness.click(id, 'migration:abort');
  await harness.phase(id, 'aborted');
  const refused = new Map<string, readonly string[]>();
  for (const [index, { name }] of pairs.entries()) {
    const errors = findings.filter((one) => one.level === 'error' && one.shard === index).map((one) => one.code);
    if (errors.length > 0) refused.set(name, errors);
  }
  expect(findings.filter((one) => one.shard === null)).toEqual([]);
  return refused;
}

async function plan(harness: Harness, pairs: readonly Pair[]): Promise<string> {
  const id = await harness.start(requestOf(pairs, `the one with ${pairs[0]?.name}`));
  await harness.open(id, 'continue');
  return id;
}

async function stream(harness: Harness, id: string): Promise<string> {
  await harness.click(id, 'gate:continue');
  await harness.phase(id, 'streaming');
  return id;
}

function requestOf(pairs: readonly Pair[], name: string) {
  return {
    sources: urls(pairs.map((one) => one.source)),
    destinations: urls(pairs.map((one) => one.destination)),
    name,
  };
}

async function fullSyncsOf(server: RedisServerHandle): Promise<number> {
  return Number((await server.info('stats'))['sync_full']);
}

/** The same key on db 0 and on db 3 of every source. */
async function writeTo(pairs: readonly Pair[], key: string): Promise<void> {
  await Promise.all(
    pairs.flatMap(({ source }) =>
      [0, 3].map(async (db) => {
        const client = source.client({ db });
        await client.set(`written ${key}`, `${key} on ${db}`);
        client.disconnect();
      }),
    ),
  );
}

async function arrives(pairs: readonly Pair[], key: string): Promise<void> {
  await Promise.all(
    pairs.flatMap(({ destination, name }) =>
      [0, 3].map(async (db) => {
        const client = destination.client({ db });
        const what = `${name}: what was written ${key} on db ${db}`;
        await until(async () => (await client.get(`written ${key}`)) === `${key} on ${db}`, { what });
        client.disconnect();
      }),
    ),
  );
}
