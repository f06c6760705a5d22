/** Ways in which the promise was once broken on real servers. Each test says what has to hold. */
import { expect, type TestContext, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { NewRow } from '../../src/domain/event.ts';
import { SecretRegistry } from '../../src/log.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { startFleet } from '../../src/sandbox/redis/fleet.ts';
import type { RedisServerHandle } from '../../src/sandbox/redis/server.ts';
import { startTraffic } from '../../src/sandbox/redis/traffic.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { ANA, createHarness, type Harness, type HarnessOptions } from '../support/engine.ts';
import { withHook } from '../support/store-hook.ts';

const BEN = 'U00000BEN';

async function stage({ onTestFinished }: TestContext, options: HarnessOptions = {}) {
  const fleet = await startFleet();
  const store = openSqliteStore({ file: ':memory:', secrets: new SecretRegistry(), clock: systemClock });
  const at: { row: (row: NewRow) => void } = { row: () => {} };
  const harness = createHarness({ ...options, store: withHook(store, (row) => at.row(row)) });
  onTestFinished(async () => {
    at.row = () => {};
    await harness.close();
    store.close();
    await fleet.close();
  });
  const server = (config: Readonly<Record<string, string>> = {}) =>
    fleet.server({ config: { 'repl-diskless-sync-delay': '0', ...config } });
  return { harness, store, at, server };
}

const url = ({ port }: { readonly port: number }) => `redis://127.0.0.1:${port}`;

async function planned(harness: Harness, source: RedisServerHandle, destination: RedisServerHandle, yesWipe = false) {
  const id = await harness.start({ sources: [url(source)], destinations: [url(destination)], name: 'orders', yesWipe });
  await harness.phase(id, 'planned');
  return id;
}

/** Whether every gate up to and with switch let us through. Null: preflight or the gate stood in the way, as it should. */
async function streaming(harness: Harness, source: RedisServerHandle, destination: RedisServerHandle) {
  const id = await planned(harness, source, destination);
  if (harness.view(id).findings.some((one) => one.level === 'error')) return null;
  await harness.click(id, 'gate:continue', { typedName: 'orders' });
  await harness.open(id, 'switch');
  return id;
}

async function switchOver(harness: Harness, id: string): Promise<boolean> {
  const answer = await harness.click(id, 'gate:switch');
  return answer.accepted && (await harness.phase(id, 'switched', 'streaming')).phase === 'switched';
}

const told = (harness: Harness, id: string) => harness.view(id).journal;

const A_MINUTE = { timeout: 60_000 };

test.concurrent(
  'a source with replica-read-only no: no write is acknowledged behind the fence',
  A_MINUTE,
  async (context) => {
    const { harness, server } = await stage(context);
    const [source, destination] = [await server({ 'replica-read-only': 'no' }), await server()];
    const id = await streaming(harness, source, destination);
    if (id === null || !(await switchOver(harness, id))) return;
    await expect(source.call('SET', 'late', '1')).rejects.toThrow(/READONLY/);
  },
);

test.concurrent('a destination with fewer databases: writes do not land in another one', A_MINUTE, async (context) => {
  const { harness, server } = await stage(context);
  const [source, destination] = [await server(), await server({ databases: '1' })];
  await source.call('SET', 'a', 'of db 0');
  const id = await streaming(harness, source, destination);
  if (id === null) return;
  const client = source.client();
  await client.select(3);
  await client.set('a', 'of db 3');
  if (!(await switchOver(harness, id))) return;
  expect(await destination.call('GET', 'a')).toBe('of db 0');
});

test.concurrent('a destination that lacks a command of the source: it is not promoted', A_MINUTE, async (context) => {
  const { harness, server } = await stage(context);
  const [source, destination] = [await server(), await server({ 'rename-command': 'FLUSHDB ""' })];
  await source.call('SET', 'a', '1');
  const id = await streaming(harness, source, destination);
  if (id === null) return;
  await source.call('FLUSHDB');
  if (!(await switchOver(harness, id))) return;
  expect(await destination.call('DBSIZE')).toBe(0);
});

test.concurrent(
  'a destination with a smaller maxmemory: nothing is evicted once it is the master',
  A_MINUTE,
  async (context) => {
    const { harness, server } = await stage(context);
    const [source, destination] = [
      await server(),
      await server({ maxmemory: '3mb', 'maxmemory-policy': 'allkeys-lru' }),
    ];
    await fill(source, { keys: 20_000 });
    const id = await streaming(harness, source, destination);
    if (id === null || !(await switchOver(harness, id))) return;
    await destination.call('SET', 'new', '1').catch(() => {});
    expect(await destination.info('stats')).toMatchObject({ evicted_keys: '0' });
  },
);

test.concurrent(
  'a bot that was away: a destination that was promoted by hand meanwhile is not wiped',
  A_MINUTE,
  async (context) => {
    const { harness, store, at, server } = await stage(context);
    const [source, destination] = [await server(), await server()];
    await destination.call('SET', 'stale', '1');
    const id = await planned(harness, source, destination, true);
    let away: Promise<void> | undefined;
    at.row = ({ event }) => {
      if (event.kind === 'answered') away ??= harness.engine.stop();
    };
    await harness.click(id, 'gate:continue', { typedName: 'orders' });
    await until(() => away !== undefined);
    await until(async () => (await destination.info('replication'))['master_link_status'] === 'up');
    await destination.call('REPLICAOF', 'NO', 'ONE');
    await destination.call('SET', 'precious', '1');
    const again = createHarness({ store });
    context.onTestFinished(() => again.close());
    await until(async () => (await destination.call('GET', 'precious')) === null, { within: 9_000 }).then(
      () => expect.fail('the destination was wiped'),
      () => {},
    );
  },
);

test.concurrent(
  'two migrations asked for at once, one server by two names: one of them is refused',
  A_MINUTE,
  async (context) => {
    const { harness, server } = await stage(context);
    const [first, second, destination] = [await server(), await server(), await server()];
    const names = [url(destination), `redis://localhost:${destination.port}`];
    const ids = await Promise.all(
      [first, second].map((source, place) =>
        harness.start({ sources: [url(source)], destinations: [names[place] ?? ''] }),
      ),
    );
    for (const id of ids) await harness.phase(id, 'planned');
    for (const id of ids) {
      const other = ids.find((one) => one !== id) ?? '';
      await until(() => harness.view(id).gates[0]?.reason.includes(other), {
        what: `${id} to be stopped because of ${other}`,
      });
      expect(harness.view(id).gates[0]?.open).toBe(false);
    }
  },
);

test.concurrent(
  'a source that becomes a replica while streaming: the gate closes, and a switch is no dead end',
  A_MINUTE,
  async (context) => {
    const { harness, server } = await stage(context);
    const [source, destination, other] = [await server(), await server(), await server()];
    const id = await streaming(harness, source, destination);
    if (id === null) return;
    await source.call('REPLICAOF', '127.0.0.1', other.port);
    await until(() => !harness.view(id).gates.find((gate) => gate.gate === 'switch')?.open, {
      within: 6_000,
      what: 'the gate to close',
    });
  },
);

test.concurrent(
  'a source without CLIENT: the cut-over that cannot begin ends in streaming',
  A_MINUTE,
  async (context) => {
    const { harness, server } = await stage(context);
    const [source, destination] = [await server({ 'rename-command': 'CLIENT ""' }), await server()];
    const id = await streaming(harness, source, destination);
    if (id === null) return;
    await harness.click(id, 'gate:switch');
    await until(() => harness.view(id).phase === 'streaming', { within: 6_000, what: 'the cut-over to be let go' });
  },
);

test.concurrent('letting go leaves a source alone that somebody else has made a replica', A_MINUTE, async (context) => {
  const { harness, at, server } = await stage(context);
  const [source, destination, elected] = [await server(), await server(), await server()];
  const id = await streaming(harness, source, destination);
  if (id === null) return;
  let demoted: Promise<unknown> | undefined;
  at.row = ({ event }) => {
    if (event.kind !== 'cutover_step' || event.step !== 'promote') return;
    demoted ??= source.call('REPLICAOF', '127.0.0.1', elected.port);
    throw new Error('the disk is full');
  };
  await harness.click(id, 'gate:switch');
  await until(() => demoted);
  await demoted;
  await until(async () => (await source.info('replication'))['role'] === 'master', { within: 5_000 }).then(
    () => expect.fail('the source was promoted beside the elected master'),
    () => {},
  );
});

test.concurrent('a click that nobody judged for hours has expired', A_MINUTE, async (context) => {
  const { harness, store, server } = await stage(context);
  const [source, destination] = [await server(), await server()];
  const id = await streaming(harness, source, destination);
  if (id === null) return;
  harness.engine.click({ migration: id, action: 'gate:switch', user: BEN, value: null, typedName: null });
  await harness.engine.stop();
  const again = createHarness({ store, clock: { ...systemClock, now: () => systemClock.now() + 9 * 3_600_000 } });
  context.onTestFinished(() => again.close());
  await again.open(id, 'switch');
  await again.engine.settleOldClicks();
  expect(again.view(id).phase).toBe('streaming');
});

test.concurrent(
  'a source that restarts empty: approvals of before do not count, and it is in the journal',
  A_MINUTE,
  async (context) => {
    const { harness, server } = await stage(context, { policy: { approvals: { continue: 1, switch: 2, finish: 1 } } });
    const [source, destination] = [await server(), await server()];
    await fill(source, { keys: 1_000 });
    const id = await streaming(harness, source, destination);
    if (id === null) return;
    await harness.click(id, 'gate:switch');
    await source.kill();
    await source.start();
    await until(async () => (await destination.call('DBSIZE')) === 0, { what: 'the destination to follow it' });
    await harness.open(id, 'switch');
    // Either the restart was seen before the click, which is the first of two then, or the cut-over sees it.
    const { text } = await harness.click(id, 'gate:switch', { user: BEN });
    if (text === 'Approved: *switch*.')
      await until(() => told(harness, id).some((row) => row.kind === 'cutover_let_go'));
    await until(() => told(harness, id).some((row) => row.kind === 'drift' && row.text.includes('was restarted')));
    expect(harness.view(id).phase).not.toMatch(/switch/);
    const approvals = harness.view(id).gates.find((gate) => gate.gate === 'switch')?.approvals ?? [];
    expect(approvals.map((one) => one.user)).not.toContain(ANA);
  },
);

test.concurrent(
  'a new master that restarts after the switch is in the journal, and finish asks for the name',
  A_MINUTE,
  async (context) => {
    const { harness, server } = await stage(context);
    const [source, destination] = [await server(), await server()];
    const id = await streaming(harness, source, destination);
    if (id === null || !(await switchOver(harness, id))) return;
    await destination.call('SET', 'new', '1');
    await destination.kill();
    await destination.start();
    await harness.open(id, 'finish');
    expect(told(harness, id).find((row) => row.kind === 'drift')?.text).toContain(`127.0.0.1:${destination.port}`);
    expect(harness.view(id).actions.find((one) => one.action === 'gate:finish')?.ask).toBe('form');
    expect(await harness.click(id, 'gate:finish')).toMatchObject({ accepted: false });
    expect(await harness.click(id, 'gate:finish', { typedName: 'orders' })).toMatchObject({ accepted: true });
  },
);

test.concurrent(
  'keys that come to a destination after consent was asked for are not wiped',
  A_MINUTE,
  async (context) => {
    const { harness, server } = await stage(context);
    const [source, destination] = [await server(), await server()];
    await destination.call('SET', 'stale', '1');
    const id = await planned(harness, source, destination, true);
    await fill(destination, { keys: 1_000 });
    await harness.click(id, 'gate:continue', { typedName: 'orders' });
    await until(async () => (await destination.call('DBSIZE')) === 0, { within: 5_000 }).then(
      () => expect.fail('1,000 keys were wiped with consent for one'),
      () => {},
    );
  },
);

test.concurrent(
  'a shard whose promotion was seen is shown as promoted while another one waits',
  A_MINUTE,
  async (context) => {
    const { harness, at, server } = await stage(context);
    const sources = [await server(), await server()];
    const destinations = [await server(), await server()];
    const traffic = startTraffic({ shards: sources, ratePerSecond: 50 });
    context.onTestFinished(() => traffic.stop());
    const id = await harness.start({ sources: sources.map(url), destinations: destinations.map(url), name: 'orders' });
    await harness.open(id, 'continue');
    await harness.click(id, 'gate:continue');
    await harness.open(id, 'switch');
    at.row = ({ event }) => {
      if (event.kind === 'cutover_step' && event.step === 'promote') destinations[1]?.freeze();
    };
    await harness.click(id, 'gate:switch');
    await until(async () => (await destinations[0]?.info('replication'))?.['role'] === 'master');
    await until(() => harness.view(id).shards[0]?.state === 'promoted', {
      within: 6_000,
      what: 'shard 1 to be promoted',
    });
  },
);

test.concurrent(
  'an old master that restarts after the switch is fenced again; one released by hand is left alone and told',
  A_MINUTE,
  async (context) => {
    const { harness, server } = await stage(context);
    const [source, destination] = [await server(), await server()];
    const id = await streaming(harness, source, destination);
    if (id === null || !(await switchOver(harness, id))) return;
    await source.kill();
    await source.start();
    await until(async () => (await source.info('replication'))['role'] === 'slave', {
      what: 'the fence to be up again',
    });
    await expect(source.call('SET', 'late', '1')).rejects.toThrow(/READONLY/);
    await source.call('REPLICAOF', 'NO', 'ONE');
    await until(() => /is a master again/.test(harness.view(id).waitingFor ?? ''), { what: 'a word about it' });
    await until(() => harness.view(id).gates.find((gate) => gate.gate === 'finish')?.open === false);
    expect(await source.info('replication')).toMatchObject({ role: 'master' });
  },
);
