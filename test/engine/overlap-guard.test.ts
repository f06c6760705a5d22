/** The resync guard: whatever happens to the link or the source, what was written on the new side is never wiped. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { redisServerBinary } from '../../src/sandbox/redis/binary.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { otherServers } from '../support/other-servers.ts';
import { follows, keepsItsOwn, type OpenOptions, type OpenShard, openShard } from '../support/overlap.ts';
import { settingsOf } from '../support/servers.ts';

async function opened(options: OpenOptions): Promise<OpenShard> {
  const shard = await openShard(options);
  onTestFinished(() => shard.close());
  return shard;
}

const stats = async ({ source }: OpenShard) => {
  const { sync_full: full, sync_partial_ok: partial } = await source.info('stats');
  return { full: Number(full), partial: Number(partial) };
};

const link = async ({ destination }: OpenShard) => (await destination.info('replication'))['master_link_status'];

/** Waits until the destination has come twice more and was refused its login. */
async function isRefused({ destination }: OpenShard): Promise<void> {
  const refusals = async () => (await destination.log(500)).split(/Unable to AUTH/i).length;
  const before = await refusals();
  await until(async () => (await refusals()) >= before + 2, { within: 15_000, what: 'two refused logins' });
}

const OTHERS = ['redis 6.0', 'valkey 9'];
const SERVERS = [
  { name: 'this machine’s Redis', binary: await redisServerBinary() },
  ...otherServers().filter(({ name }) => OTHERS.includes(name)),
];

describe.each(SERVERS)('the guard on $name', { timeout: 60_000 }, ({ binary }) => {
  it('a cut link heals by itself without a full copy; a restarted source is not followed, nor an empty one', async () => {
    const shard = await opened({ binary });
    const { source, destination, harness, id } = shard;
    const before = await stats(shard);
    await source.call('CLIENT', 'KILL', 'TYPE', 'replica');
    await follows(shard);
    shard.link.cut();
    await follows(shard);
    expect(await stats(shard)).toEqual({ full: before.full, partial: before.partial + 2 });
    await keepsItsOwn(shard);
    await until(() => harness.view(id).shards[0]?.state === 'in_step');

    await source.restart();
    await source.call('SET', 'shared', 'after the restart');
    await shard.says(/was restarted: .* would wipe what was written there.*Decide for one/);
    await isRefused(shard);
    expect(await link(shard)).toBe('down');
    await keepsItsOwn(shard);
    expect(await destination.call('DBSIZE')).toBe(2);
    expect(harness.view(id)).toMatchObject({ phase: 'switched', shards: [{ state: 'link_down' }] });
    expect(harness.view(id).gates.find((one) => one.gate === 'finish')?.open).toBe(false);
    // The application is on it still: no fence for an old master that restarts in an overlap.
    expect(await source.call('SET', 'shared', 'and on')).toBe('OK');

    await source.stop();
    const replaced = await shard.server({ port: source.port, binary });
    await isRefused(shard);
    expect(await link(shard)).toBe('down');
    await keepsItsOwn(shard);
    expect(await replaced.call('DBSIZE')).toBe(0);
  });

  it('a link that stays cut for longer than the backlog lasts waits for ever, whatever snapshot is made', async () => {
    const shard = await opened({ binary, config: { 'repl-backlog-size': '16384' }, policy: { tuneSyncs: false } });
    const { source, destination, harness, id } = shard;
    const before = await stats(shard);
    shard.link.block();
    for (let more = 0; more < 20; more += 1) await source.call('SET', 'big', 'x'.repeat(100_000));
    shard.link.resume();
    await shard.says(/longer than the backlog of .* lasts.*Decide for one/);
    await source.call('BGSAVE').catch(() => null);
    await isRefused(shard);
    expect(await link(shard)).toBe('down');
    await keepsItsOwn(shard);
    expect(await destination.call('EXISTS', 'big')).toBe(0);
    expect((await stats(shard)).full).toBeGreaterThanOrEqual(before.full);
    expect(harness.view(id)).toMatchObject({ phase: 'switched', shards: [{ state: 'link_down' }] });

    expect(await harness.click(id, 'migration:abort')).toMatchObject({ accepted: false });
    expect(await harness.click(id, 'migration:abort', { typedName: 'orders' })).toMatchObject({ accepted: true });
    await harness.phase(id, 'aborted');
    await keepsItsOwn(shard);
    expect(await destination.info('replication')).toMatchObject({ role: 'master' });
    expect(await source.call('ACL', 'USERS')).toEqual(['default']);
    expect(await Promise.all([source, destination].map(settingsOf))).toEqual(shard.before);
  });
});

it('a destination that restarts is a lone master, never taken for a promoted one', { timeout: 60_000 }, async () => {
  const shard = await opened({});
  const { destination, harness, id, source } = shard;
  await destination.restart();
  await shard.says(/came back as a master of its own: it does not follow/);
  expect(harness.view(id)).toMatchObject({ phase: 'switched', shards: [{ state: 'detached' }] });
  await until(() => harness.view(id).journal.some((row) => row.kind === 'drift'));
  expect(harness.view(id).gates.find((one) => one.gate === 'finish')?.open).toBe(false);
  await harness.click(id, 'migration:abort', { typedName: 'orders' });
  await harness.phase(id, 'aborted');
  expect(await source.call('SET', 'shared', 'goes on')).toBe('OK');
});
