/** What changes a server is sent once, and what came of it is told as it is. */
import { inspect as show } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import type { Operator, Outcome } from '../../src/redis/operator.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { freePort } from '../../src/sandbox/redis/ports.ts';
import { error, type Handler, OK, type ScriptedServer, startScripted } from '../../src/sandbox/redis/scripted.ts';
import { closing, except, hanging, noPerm, slowly } from '../../src/sandbox/redis/scripted-ready.ts';
import type { RedisServerHandle } from '../../src/sandbox/redis/server.ts';
import { until, within } from '../../src/sandbox/redis/wait.ts';
import { closeAll, endpointOf, inspect, operate } from './support/connect.ts';

const scripted: ScriptedServer[] = [];

async function serve(handler: Handler): Promise<ScriptedServer> {
  const server = await startScripted({ handler });
  scripted.push(server);
  return server;
}

afterEach(async () => {
  closeAll();
  await Promise.all(scripted.splice(0).map((server) => server.close()));
});

function commands(server: ScriptedServer): string[] {
  return server.received.map((command) => command.join(' ')).filter((text) => !/^client setname/i.test(text));
}

const ORDERS: readonly [string, (operator: Operator) => Promise<Outcome>, string][] = [
  ['follow', (operator) => operator.follow('10.0.0.1', 6380), 'SLAVEOF 10.0.0.1 6380'],
  ['followNobody', (operator) => operator.followNobody(), 'SLAVEOF NO ONE'],
  ['pauseWrites', (operator) => operator.pauseWrites(3_000), 'CLIENT PAUSE 3000 WRITE'],
  ['unpause', (operator) => operator.unpause(), 'CLIENT UNPAUSE'],
  ['setConfig', (operator) => operator.setConfig('masteruser', 'ana'), 'CONFIG SET masteruser ana'],
  [
    'setConfig of a secret',
    (operator) => operator.setConfig('masterauth', new Secret('hunter2-hunter2')),
    'CONFIG SET masterauth hunter2-hunter2',
  ],
];

describe.each(ORDERS)('%s', (_, order, wire) => {
  const first = wire.split(' ')[0] ?? '';
  const isOrder: (handler: Handler) => Handler = (handler) => (command, connection) =>
    command.join(' ') === wire ? handler(command, connection) : OK;

  it('is sent as it has to be', async () => {
    const server = await serve(() => OK);
    const outcome = await order(operate(endpointOf(server)));
    expect(outcome).toEqual({ kind: 'ok', detail: `127.0.0.1:${server.port} answered OK.` });
    expect(commands(server)).toEqual([wire]);
  });

  it('is sent once though the connection dies, and its outcome is unknown', async () => {
    const server = await serve(isOrder(closing));
    const outcome = await order(operate(endpointOf(server)));
    expect(outcome.kind).toBe('unknown');
    expect(show(outcome)).not.toContain('hunter2');
    await until(() => server.connections === 0, { what: 'the dead connection to be gone' });
    expect(commands(server)).toEqual([wire]);
  });

  it('is refused where the server says no', async () => {
    const server = await serve(isOrder(noPerm));
    const outcome = await order(operate(endpointOf(server)));
    expect(outcome.kind).toBe('refused');
    expect(outcome.detail).toContain(`does not let our user run ${first}`);
    expect(commands(server)).toEqual([wire]);
  });

  it('is refused, and not sent later, where nobody listens', async () => {
    const port = await freePort();
    const operator = operate({ host: '127.0.0.1', port, tls: false });
    expect(await order(operator)).toMatchObject({ kind: 'refused' });
    const late = await startScripted({ handler: () => OK, port });
    scripted.push(late);
    // The next order opens a connection; whatever had been kept back would come before it.
    expect(await operator.unpause()).toMatchObject({ kind: 'ok' });
    expect(commands(late)).toEqual(['CLIENT UNPAUSE']);
  });
});

describe('an order', () => {
  it('that is not answered ends after about five seconds with an unknown outcome', async () => {
    const server = await serve(except({ SLAVEOF: hanging }, () => OK));
    const began = performance.now();
    const outcome = await operate(endpointOf(server)).followNobody();
    expect(outcome.kind).toBe('unknown');
    expect(outcome.detail).toContain('does not answer in time');
    expect(performance.now() - began).toBeLessThan(7_000);
    expect(commands(server)).toEqual(['SLAVEOF NO ONE']);
  });

  it('after one of unknown outcome goes over a new connection', async () => {
    const server = await serve(except({ CONFIG: closing }, () => OK));
    const operator = operate(endpointOf(server));
    expect(await operator.setConfig('a', 'b')).toMatchObject({ kind: 'unknown' });
    expect(await operator.followNobody()).toMatchObject({ kind: 'ok' });
    expect(commands(server)).toEqual(['CONFIG SET a b', 'SLAVEOF NO ONE']);
  });

  it('given while the connection is being opened comes behind those given before it', async () => {
    const server = await serve(slowly(60, () => OK));
    const operator = operate(endpointOf(server));
    const fence = operator.follow('127.64.0.1', 1);
    const undo = operator.followNobody();
    await Promise.all([fence, undo]);
    expect(commands(server)).toEqual(['SLAVEOF 127.64.0.1 1', 'SLAVEOF NO ONE']);
    expect(server.connections).toBe(1);
  });

  it('that still waits for its connection is not sent after close', async () => {
    const server = await serve(slowly(120, () => OK));
    const operator = operate(endpointOf(server));
    const outcome = operator.follow('127.64.0.1', 1);
    await until(() => server.received.length > 0, { what: 'the connection to be under way' });
    operator.close();
    expect(await outcome).toMatchObject({ kind: 'refused' });
    await until(() => server.connections === 0, { what: 'the connection to be closed' });
    expect(commands(server)).toEqual([]);
    expect(await operator.followNobody()).toMatchObject({ kind: 'refused' });
  });

  it('whose arguments the server repeats in its refusal does not pass them on', async () => {
    const repeat: Handler = (command) =>
      error(`ERR unknown command 'CONFIG', with args beginning with: '${command.slice(1).join("' '")}' `);
    const server = await serve(except({ CONFIG: repeat }, () => OK));
    const outcome = await operate(endpointOf(server)).setConfig('masterauth', new Secret('pw123'));
    expect(outcome.kind).toBe('refused');
    expect(show(outcome)).not.toContain('pw123');
  });

  it('to a warm connection needs no other', async () => {
    const server = await serve(() => OK);
    const operator = operate(endpointOf(server));
    await operator.warm();
    await operator.warm();
    expect(commands(server)).toEqual([]);
    await operator.unpause();
    expect(server.connections).toBe(1);
    await expect(operate({ host: '127.0.0.1', port: await freePort(), tls: false }).warm()).rejects.toThrow(
      /refuses connections/,
    );
  });
});

describe('a real server', () => {
  let fleet: Fleet;
  let source: RedisServerHandle;
  let destination: RedisServerHandle;

  beforeAll(async () => {
    fleet = await startFleet();
    const config = { 'repl-diskless-sync-delay': '0' };
    [source, destination] = await Promise.all([
      fleet.server({ requirepass: 'hunter2-hunter2', config }),
      fleet.server({ config }),
    ]);
  });

  afterAll(() => fleet.close());

  it('follows, is a master again, and keeps what it got', async () => {
    await source.call('SET', 'a', '1');
    const operator = operate(endpointOf(destination));
    const inspector = inspect(endpointOf(destination));
    expect(await operator.setConfig('masterauth', new Secret('hunter2-hunter2'))).toMatchObject({ kind: 'ok' });
    expect(await inspector.setting('masterauth')).toBe('hunter2-hunter2');
    expect(await operator.follow(source.host, source.port)).toMatchObject({ kind: 'ok' });
    await until(async () => (await inspector.replication()).replication.linkUp, { what: 'the link to be up' });
    // The same order again changes nothing: it may be sent again after an unknown outcome.
    expect(await operator.follow(source.host, source.port)).toMatchObject({ kind: 'ok' });
    expect(await operator.followNobody()).toMatchObject({ kind: 'ok' });
    expect((await inspector.replication()).role).toBe('master');
    expect(await destination.call('GET', 'a')).toBe('1');
  });

  it('pauses writes and lets them go', async () => {
    const operator = operate(endpointOf(source));
    expect(await operator.pauseWrites(20_000)).toMatchObject({ kind: 'ok' });
    const write = source.call('SET', 'b', '2');
    expect(await within(write, 200)).toBe(false);
    expect(await operator.unpause()).toMatchObject({ kind: 'ok' });
    expect(await write).toBe('OK');
  });

  it('refuses a setting that it does not have', async () => {
    const outcome = await operate(endpointOf(source)).setConfig('no-such-setting', 'x');
    expect(outcome.kind).toBe('refused');
    expect(outcome.detail).toContain('answered CONFIG SET with an error');
  });
});
