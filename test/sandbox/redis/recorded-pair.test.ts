import { afterEach, describe, expect, it } from 'vitest';
import type { RedisAddress } from '../../../src/sandbox/redis/address.ts';
import { connectRaw, type RawConnection } from '../../../src/sandbox/redis/raw-connection.ts';
import type { RecordedPair, RecordedPairOptions } from '../../../src/sandbox/redis/recorded-pair.ts';
import { type Reply, RespError, textOf } from '../../../src/sandbox/redis/resp.ts';
import { parseInfo } from '../../../src/sandbox/redis/server.ts';
import { closeAll, endpointOf, inspect, operate } from '../../redis/support/connect.ts';
import { infoOf, isAtLeast, momentsOf, NAMES } from '../../redis/support/recordings.ts';
import { createHarness } from '../../support/engine.ts';
import { recordedPair } from '../../support/recorded-pair.ts';

interface Stage extends RecordedPair {
  readonly toSource: RawConnection;
  readonly toDestination: RawConnection;
}

const closers: (() => unknown)[] = [];
afterEach(async () => {
  closeAll();
  for (const close of closers.splice(0).toReversed()) await close();
});

async function open(address: RedisAddress): Promise<RawConnection> {
  const connection = await connectRaw(address);
  closers.push(() => connection.close());
  return connection;
}

async function stage(version: string, options: RecordedPairOptions = {}): Promise<Stage> {
  const pair = await recordedPair(version, options);
  closers.push(() => pair.close());
  const [toSource, toDestination] = await Promise.all([open(pair.source), open(pair.destination)]);
  return Object.assign(Object.create(pair) as RecordedPair, { toSource, toDestination });
}

function follow({ source, toDestination }: Stage): Promise<Reply> {
  return toDestination.send('SLAVEOF', source.host, source.port);
}

async function info(connection: RawConnection): Promise<Record<string, string>> {
  return parseInfo(textOf(await connection.send('INFO')));
}

/** An error's text, or the reply. */
async function said(connection: RawConnection, ...command: string[]): Promise<Reply> {
  const reply = await connection.send(...command);
  return reply instanceof RespError ? reply.message : reply;
}

/** Without what says on which ports they were. */
function portless(text: string): string {
  return text
    .replaceAll(/^(tcp_port|master_port):\d+/gm, '$1:')
    .replaceAll(/^(slave0:127.0.0.1),\d+/gm, '$1')
    .replaceAll(/^(slave0:.*port=)\d+/gm, '$1');
}

describe.each(NAMES)('a recorded pair of %s', (name) => {
  it('goes through what was recorded, on both sides, from standalone to promoted', async () => {
    const pair = await stage(name);
    const moments = momentsOf(name);
    expect(pair.states).toEqual(['standalone', ...moments.map(({ state }) => state), 'promoted']);
    expect(textOf(await pair.toSource.send('INFO')).replace(/tcp_port:\d+/, '')).toBe(
      infoOf(name, 'source', 'standalone').replace(/tcp_port:\d+/, ''),
    );
    const alone = await info(pair.toDestination);
    expect(alone).toMatchObject({ role: 'master', connected_slaves: '0' });
    expect(Object.keys(alone).filter((field) => /^(db\d|master_host|slave0)/.test(field))).toEqual([]);
    expect(pair.advance()).toBe('standalone');

    expect(await follow(pair)).toBe('OK');
    for (const [index, moment] of moments.entries()) {
      if (index > 0) pair.advance();
      expect(pair.state).toBe(moment.state);
      expect(portless(textOf(await pair.toSource.send('INFO')))).toBe(portless(moment.source));
      expect(portless(textOf(await pair.toDestination.send('INFO')))).toBe(portless(moment.destination));
      const replica = await info(pair.toDestination);
      expect([replica['master_host'], replica['master_port']]).toEqual(['127.0.0.1', String(pair.source.port)]);
      const slave = (await info(pair.toSource))['slave0'];
      if (slave !== undefined) expect(slave).toContain(String(pair.destination.port));
      const replicaLines = textOf(await pair.toSource.send('CLIENT', 'LIST')).match(/flags=S/g)?.length ?? 0;
      expect(replicaLines).toBe(moment.clients.match(/flags=S/g)?.length ?? 0);
    }
    expect(pair.inStep).toBe(true);
    expect(pair.advance()).toBe(moments.at(-1)?.state);

    expect(await pair.toDestination.send('SLAVEOF', 'NO', 'ONE')).toBe('OK');
    expect(pair.state).toBe('promoted');
    expect(await info(pair.toDestination)).toMatchObject({ role: 'master' });
    expect(await info(pair.toSource)).toMatchObject({ role: 'master', connected_slaves: '0' });
    expect(pair.inStep).toBe(false);
  });

  it("lets the bot's own hands follow it from alone to in step, every moment seen, and none that was not", async () => {
    const pair = await stage(name, { pace: 'look' });
    const source = inspect(endpointOf(pair.source));
    const destination = inspect(endpointOf(pair.destination));
    const operator = operate(endpointOf(pair.destination));

    const seen = new Set<string>();
    expect((await operator.follow(pair.source.host, pair.source.port)).kind).toBe('ok');
    for (let round = 0; !pair.inStep && round < 30; round += 1) {
      seen.add(pair.state);
      const looks = await Promise.all(
        [source, destination].map((one) => one.look({ clients: 'all', commandStats: true })),
      );
      for (const look of looks) expect(look.ok).toBe(true);
    }
    seen.add(pair.state);
    expect([...seen]).toEqual(momentsOf(name).map(({ state }) => state));
    const look = await destination.look({ clients: 'replicas', commandStats: true });
    expect(look).toMatchObject({
      facts: { role: 'replica', replication: { linkUp: true, master: { port: pair.source.port } } },
    });
  });

  it('keeps settings, and refuses those that its version does not have', async () => {
    const { toDestination } = await stage(name);
    expect(await said(toDestination, 'CONFIG', 'SET', 'masterauth', 'a word')).toBe('OK');
    expect(await said(toDestination, 'CONFIG', 'GET', 'masterauth')).toEqual(['masterauth', 'a word']);
    expect(await said(toDestination, 'CONFIG', 'GET', 'no-such-setting')).toEqual([]);
    const refusal = isAtLeast(name, '7.0')
      ? "ERR Unknown option or number of arguments for CONFIG SET - 'no-such-setting'"
      : 'ERR Unsupported CONFIG parameter: no-such-setting';
    expect(await said(toDestination, 'CONFIG', 'SET', 'no-such-setting', '1')).toBe(refusal);
    const minSlaves = await said(toDestination, 'CONFIG', 'SET', 'min-slaves-to-write', '1');
    expect(minSlaves).toBe(isAtLeast(name, '2.8') ? 'OK' : 'ERR Unsupported CONFIG parameter: min-slaves-to-write');
    expect(await said(toDestination, 'SET', 'a', 'b')).toMatch(isAtLeast(name, '2.8') ? /^NOREPLICAS/ : /^OK$/);
    const renamed = await said(toDestination, 'CONFIG', 'GET', 'replica-read-only');
    expect(renamed).toEqual(isAtLeast(name, '5.0') ? ['replica-read-only', 'yes'] : []);
    await said(toDestination, 'CONFIG', 'SET', 'slave-read-only', 'no');
    const both = await said(toDestination, 'CONFIG', 'GET', 'replica-read-only');
    expect(both).toEqual(isAtLeast(name, '5.0') ? ['replica-read-only', 'no'] : []);
  });

  it('has no link without the right password, and asks for its own', async () => {
    const pair = await recordedPair(name, { sourcePassword: 'word' });
    closers.push(() => pair.close());
    const [toSource, toDestination] = await Promise.all([open(pair.source), open(pair.destination)]);
    const stranger = await open({ host: pair.source.host, port: pair.source.port });
    expect(await said(stranger, 'INFO')).toMatch(isAtLeast(name, '2.8') ? /^NOAUTH / : /^ERR operation not permitted/);
    expect(await said(stranger, 'AUTH', 'wrong')).toMatch(isAtLeast(name, '6.0') ? /^WRONGPASS / : /^ERR invalid/);
    expect(await said(toSource, 'PING')).toBe('PONG');

    await toDestination.send('SLAVEOF', pair.source.host, pair.source.port);
    const first = pair.state;
    expect(pair.advance()).toBe(first);
    await toDestination.send('CONFIG', 'SET', 'masterauth', 'word');
    expect(pair.advance()).not.toBe(first);
  });
});

describe('in the words of their versions, recorded servers', () => {
  it.each([
    ['2.4.18', 'OK'],
    ['2.6.17', "READONLY You can't write against a read only slave."],
    ['5.0.14', "READONLY You can't write against a read only replica."],
  ])('%s takes or refuses a write on a replica', async (version, answer) => {
    const pair = await stage(version);
    await follow(pair);
    while (!pair.inStep) pair.advance();
    expect(await said(pair.toDestination, 'SET', 'a', 'b')).toBe(answer);
  });

  it('2.4 takes no section of INFO, knows no names, and begins anew at the same master', async () => {
    const pair = await stage('2.4.18');
    expect(await said(pair.toSource, 'INFO', 'replication')).toBe("ERR wrong number of arguments for 'info' command");
    expect(await said(pair.toSource, 'CLIENT', 'SETNAME', 'x')).toMatch(/^ERR Syntax error, try CLIENT/);
    await follow(pair);
    while (!pair.inStep) pair.advance();
    expect(await follow(pair)).toBe('OK');
    expect(pair.state).toBe(pair.states[1]);
  });

  it('2.6 and later give a section, and stay with the same master', async () => {
    const pair = await stage('2.6.17');
    expect(await said(pair.toSource, 'INFO', 'replication')).toBe(
      '# Replication\r\nrole:master\r\nconnected_slaves:0\r\n',
    );
    await follow(pair);
    while (!pair.inStep) pair.advance();
    expect(await follow(pair)).toBe('OK Already connected to specified master');
    expect(pair.inStep).toBe(true);
  });

  it.each([
    ['2.8.24', "ERR unknown command 'REPLICAOF'"],
    ['4.0.14', 'ERR unknown command `REPLICAOF`, with args beginning with: `NO`, `ONE`, '],
    ['5.0.14', 'OK'],
  ])('%s knows REPLICAOF or not', async (version, answer) => {
    const { toSource } = await stage(version);
    expect(await said(toSource, 'REPLICAOF', 'NO', 'ONE')).toBe(answer);
  });

  it('list their clients by name, and by type from 5.0 on', async () => {
    for (const version of ['3.2.13', '5.0.14']) {
      const pair = await stage(version);
      await pair.toDestination.send('CLIENT', 'SETNAME', 'me');
      expect(await said(pair.toDestination, 'CLIENT', 'LIST')).toMatch(
        /^id=\d+ addr=127\.0\.0\.1:\d+ .*name=me .*cmd=client\n$/,
      );
      const byType = version === '5.0.14' ? '' : expect.stringMatching(/^ERR Syntax error, try CLIENT \(LIST/);
      expect(await said(pair.toDestination, 'CLIENT', 'LIST', 'TYPE', 'replica')).toEqual(byType);
    }
  });

  it('answer nothing but INFO while they load', async () => {
    const pair = await stage('2.8.24');
    await follow(pair);
    while (!pair.state.includes('loading=1')) pair.advance();
    expect(await said(pair.toDestination, 'GET', 'a')).toBe('LOADING Redis is loading the dataset in memory');
    expect(await said(pair.toDestination, 'CONFIG', 'GET', 'masterauth')).toMatch(/^LOADING/);
    expect((await info(pair.toDestination))['loading']).toBe('1');
  });

  it('lose their link with their master', async () => {
    const pair = await stage('5.0.14');
    await follow(pair);
    while (!pair.inStep) pair.advance();
    await pair.toSource.send('SLAVEOF', '127.0.0.1', '1');
    expect(await info(pair.toSource)).toMatchObject({ role: 'slave', master_port: '1', master_link_status: 'down' });
    expect(pair.advance()).toBe('link down');
    expect(await info(pair.toDestination)).toMatchObject({ role: 'slave', master_link_status: 'down' });
    await pair.toSource.send('SLAVEOF', 'NO', 'ONE');
    expect(pair.advance()).toBe(pair.states[1]);
  });
});

describe('the whole bot', () => {
  it('goes from checking to streaming against recorded servers of every version, as shards of one migration', async () => {
    const versions = NAMES;
    const pairs = await Promise.all(versions.map((version) => recordedPair(version, { pace: 'look' })));
    // Nobody recorded a trial of the link.
    const harness = createHarness({ policy: { tuneSyncs: false } });
    closers.push(...pairs.map((pair) => () => pair.close()), () => harness.close());
    const url = ({ port }: RedisAddress) => `redis://127.0.0.1:${port}`;
    const id = await harness.start({
      sources: pairs.map(({ source }) => url(source)),
      destinations: pairs.map(({ destination }) => url(destination)),
      name: 'orders',
    });
    await harness.open(id, 'continue');
    expect(pairs.map(({ state }) => state)).toEqual(versions.map(() => 'standalone'));
    expect(await harness.click(id, 'gate:continue')).toMatchObject({ accepted: true });
    const view = await harness.phase(id, 'streaming');
    expect(view.shards.map(({ state }) => state)).toEqual(versions.map(() => 'in_step'));
    expect(view.gates.find(({ gate }) => gate === 'switch')).toMatchObject({ open: true });
    expect(pairs.map(({ inStep }) => inStep)).toEqual(versions.map(() => true));
  });
});
