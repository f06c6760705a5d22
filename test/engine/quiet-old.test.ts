/** Old masters that count no refused writes: what a list of their clients tells, and what it does not. */
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { ClientFacts, ServerLook } from '../../src/domain/observation.ts';
import { fenceAddress } from '../../src/domain/plan.ts';
import { QuietWatch } from '../../src/engine/quiet.ts';
import type { Inspector } from '../../src/redis/inspector.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import type { RedisServerHandle } from '../../src/sandbox/redis/server.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { aPlan, facts, replication, seen, sightOf, stateOf, toSwitched } from '../domain/support/build.ts';
import { closeAll, endpointOf, inspect } from '../redis/support/connect.ts';
import { otherServers } from '../support/other-servers.ts';

const plan = aPlan(1);
const state = stateOf(plan, toSwitched(plan));
const OLD = otherServers().find((one) => one.name === 'redis 6.0');
const VALKEY = otherServers().find((one) => one.kind === 'valkey');

function take(watch: QuietWatch, source: ServerLook, now: number) {
  return watch.look(state, sightOf(state, [{ source, destination: seen() }]).shards ?? [], now);
}

describe.each([OLD, VALKEY].flatMap((one) => one ?? []))('a fenced $name', (other) => {
  let fleet: Fleet;
  let server: RedisServerHandle;
  let inspector: Inspector;

  beforeEach(async () => {
    fleet = await startFleet();
    server = await fleet.server({ binary: other.binary });
    const { host, port } = fenceAddress(plan.id);
    await server.call('REPLICAOF', host, port);
    inspector = inspect(endpointOf(server));
  });

  afterEach(async () => {
    closeAll();
    await fleet.close();
  });

  const look = () => inspector.look({ clients: 'all', commandStats: true });
  const now = () => systemClock.monotonicMs();

  it('shows who tried to write since the list before, and who only read', async () => {
    const watch = new QuietWatch();
    const [reader, writer] = [server.client(), server.client()];
    await Promise.all([reader.get('a'), writer.get('a')]);
    take(watch, await look(), now());
    await expect(writer.set('a', '1')).rejects.toThrow(/READONLY/);
    const first = await until(async () => {
      const sight = take(watch, await look(), now());
      return sight.stirred ? sight : null;
    });
    expect(first).toMatchObject({ unquiet: null, unwatched: null });
    expect(first.quietMs).toBeLessThan(1_000);
    const [trier, other1] = watch.clients(state, now());
    expect([trier?.lastCommand, trier?.triedSecondsAgo !== null]).toEqual(['set', true]);
    expect([other1?.lastCommand, other1?.triedSecondsAgo]).toEqual(['get', null]);
    expect(watch.text(state, now())).toContain(`Most often seen trying: ${trier?.address} (SET).`);

    // It says nothing more: the time since then is quiet, although its last command is still a write.
    await until(async () => take(watch, await look(), now()).quietMs > 2_500, { every: 300 });
    await expect(writer.set('a', '1')).rejects.toThrow(/READONLY/);
    await until(async () => take(watch, await look(), now()).quietMs < 1_500);
  });

  it('takes no command of ours for one of somebody else', async () => {
    const differences: number[] = [];
    const count = async (one: Inspector) => {
      const seenNow = await one.look({ clients: 'all', commandStats: true, settings: ['maxmemory'] });
      if (!seenNow.ok) throw new Error(seenNow.problem.text);
      differences.push((seenNow.facts.commandsProcessed ?? 0) - seenNow.ownCommands);
    };
    await count(inspector);
    await count(inspector);
    await server.restart();
    differences.length = 0;
    // The connection is lost with the server, and a look with it; the next one logs in again.
    await until(async () => (await look()).ok);
    await count(inspector);
    await count(inspector);
    expect(new Set(differences).size).toBe(1);
  });
});

const client = (lastCommand: string, more: Partial<ClientFacts> = {}): ClientFacts => ({
  address: '10.0.0.7:5000',
  name: '',
  user: '',
  library: '',
  lastCommand,
  idleSeconds: 0,
  ageSeconds: 60,
  receivedBytes: null,
  isReplica: false,
  isMaster: false,
  outputBufferBytes: 0,
  ...more,
});

function old(at: number, version: string, clients: readonly ClientFacts[] | null, more = {}): ServerLook {
  const fenced = { master: fenceAddress(plan.id), masterOffset: null };
  const source = facts({
    version,
    runId: 'run-old-0',
    role: 'replica',
    replication: replication(fenced),
    writeCalls: null,
    readonlyRefusals: null,
    rejectedWrites: null,
  });
  const base = seen({}, at);
  if (!base.ok) throw new Error('unreachable');
  return { ...base, facts: { ...source, ...more }, clients };
}

test('a server that gives up its error statistics still counts by command, and each refused write once', () => {
  const watch = new QuietWatch();
  const at = (ms: number, readonlyRefusals: number, rejectedWrites: number) =>
    take(watch, old(ms, '7.0.15', [], { writeCalls: 5, readonlyRefusals, rejectedWrites }), ms);
  at(1_000, 40, 40);
  expect(at(2_000, 43, 43)).toMatchObject({ quietMs: 0, stirred: true });
  expect(watch.text(state, 2_000)).toContain('3 writes refused by old masters, the last one a few seconds ago');
  // More than 128 kinds of errors: the server forgets all of them and counts no more.
  at(3_000, 0, 43);
  expect(at(5_000, 0, 43).quietMs).toBe(2_000);
  expect(at(6_000, 0, 45).quietMs).toBe(0);
  expect(watch.text(state, 6_000)).toContain('5 writes refused');
});

describe('a server that counts nothing', () => {
  test('2.4: whatever others run may be a write; our own commands are not', () => {
    const watch = new QuietWatch();
    const at = (ms: number, commandsProcessed: number, ownCommands: number) => {
      const look = old(ms, '2.4.18', [], { commandsProcessed });
      return take(watch, look.ok ? { ...look, ownCommands } : look, ms);
    };
    at(1_000, 100, 4);
    expect(at(2_000, 103, 7)).toMatchObject({ quietMs: 1_000, stirred: false });
    expect(at(3_000, 107, 10)).toMatchObject({ quietMs: 0, stirred: true });
    expect(at(4_000, 110, 13)).toMatchObject({ quietMs: 1_000, stirred: true });
  });

  test('2.4 behind its fence lists nobody: it is quiet when nobody but us is connected', () => {
    const watch = new QuietWatch();
    const at = (ms: number, connectedClients: number) =>
      take(watch, old(ms, '2.4.18', null, { connectedClients, commandsProcessed: null }), ms);
    at(1_000, 1);
    expect(at(60_000, 1)).toMatchObject({ quietMs: 59_000, stirred: false, unwatched: null });
    expect(at(61_000, 3).unwatched).toContain('2 connections left');
    expect(at(62_000, 1).unwatched).toBe(null);
  });

  test('5.0: a transaction may hide a write; a reader is none; a new connection that writes is one', () => {
    const watch = new QuietWatch();
    take(watch, old(1_000, '5.0.14', [client('get')]), 1_000);
    expect(take(watch, old(4_000, '5.0.14', [client('get', { ageSeconds: 63 })]), 4_000).stirred).toBe(false);
    expect(take(watch, old(7_000, '5.0.14', [client('exec', { ageSeconds: 66 })]), 7_000)).toMatchObject({
      quietMs: 0,
      stirred: true,
    });
    const fresh = client('hset', { ageSeconds: 1, idleSeconds: 1, address: '10.0.0.8:1' });
    expect(take(watch, old(10_000, '5.0.14', [fresh]), 10_000).quietMs).toBe(0);
    expect(watch.text(state, 10_000)).toContain('Most often seen trying: 10.0.0.8:1 (HSET).');
    // The same port again, but somebody new behind it.
    const again = client('hset', { ageSeconds: 0, address: '10.0.0.8:1' });
    expect(take(watch, old(30_000, '5.0.14', [again]), 30_000).quietMs).toBe(0);
  });

  test('without a list of its clients nobody can tell, and time without one is not quiet', () => {
    const watch = new QuietWatch();
    take(watch, old(1_000, '6.0.16', [client('get')]), 1_000);
    expect(take(watch, old(10_000, '6.0.16', null), 10_000)).toMatchObject({ quietMs: 9_000, unwatched: null });
    expect(take(watch, old(12_000, '6.0.16', null), 12_000).unwatched).toMatch(
      /^The old master of shard 1 \(old-1:6379\) does not count refused writes and does not list its clients/,
    );
    const back = take(watch, old(20_000, '6.0.16', [client('get', { ageSeconds: 79 })]), 20_000);
    expect(back).toMatchObject({ quietMs: 0, unwatched: null });
  });
});
