import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { Redis, type RedisOptions } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { connectRaw } from '../../../src/sandbox/redis/raw-connection.ts';
import { RespError } from '../../../src/sandbox/redis/resp.ts';
import {
  array,
  bulk,
  bulks,
  error,
  type Handler,
  int,
  OK,
  type ScriptedServer,
  startScripted,
  status,
} from '../../../src/sandbox/redis/scripted.ts';
import {
  closing,
  except,
  hanging,
  loading,
  noAuth,
  noPerm,
  type Recorded,
  recorded,
  slowly,
} from '../../../src/sandbox/redis/scripted-ready.ts';
import { until } from '../../../src/sandbox/redis/wait.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function scripted(handler: Handler, password?: string): Promise<ScriptedServer> {
  const server = await startScripted({ handler, ...(password === undefined ? {} : { password }) });
  closers.push(server.close);
  return server;
}

function client(server: ScriptedServer, options: Omit<RedisOptions, 'protocol' | 'replyMapping'> = {}): Redis {
  const connection = new Redis({
    host: server.host,
    port: server.port,
    disableClientInfo: true,
    enableReadyCheck: false,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    commandTimeout: 300,
    ...options,
    protocol: 2,
  });
  connection.on('error', () => {});
  closers.push(() => connection.disconnect());
  return connection;
}

describe('a scripted server', () => {
  it('answers every kind of reply to a real client, in the order of the questions', async () => {
    const server = await scripted(async ([name = '', ...args]) => {
      switch (name.toUpperCase()) {
        case 'LATE':
          await new Promise((resolve) => setTimeout(resolve, 50));
          return status('LATER');
        case 'NUMBER':
          return int(2n ** 52n);
        case 'NOTHING':
          return bulk(null);
        case 'LIST':
          return array([bulk('ä'), int(-1), array(null), bulks(args)]);
        default:
          return error(`ERR no ${name}`);
      }
    });
    const redis = client(server);
    const order: string[] = [];
    const late = redis.call('LATE').finally(() => order.push('late'));
    const number = redis.call('NUMBER').finally(() => order.push('number'));
    expect(await Promise.all([late, number])).toEqual(['LATER', 2 ** 52]);
    expect(order).toEqual(['late', 'number']);
    expect(await redis.call('NOTHING')).toBeNull();
    expect(await redis.call('LIST', 'a', '')).toEqual(['ä', -1, null, ['a', '']]);
    await expect(redis.call('ODD')).rejects.toThrow('ERR no ODD');
    expect(server.received).toContainEqual(['LIST', 'a', '']);
  });

  it('takes commands in pieces, several at once, and as plain lines', async () => {
    const server = await scripted((command) => bulk(command.join(' ')));
    const socket = connect(server.port, server.host);
    closers.push(() => socket.destroy());
    let seen = '';
    socket.on('data', (chunk) => {
      seen += chunk.toString();
    });
    for (const byte of '*2\r\n$4\r\nECHO\r\n$2\r\nä\r\n*1\r\n$4\r\nPING\r\nselect 3\r\n') {
      socket.write(byte);
      await new Promise(setImmediate);
    }
    await until(() => seen === '$7\r\nECHO ä\r\n$4\r\nPING\r\n$8\r\nselect 3\r\n', { what: 'three answers' });
  });

  it('asks for its password, and does not remember it', async () => {
    const server = await scripted(() => OK, 'open sesame');
    await expect(client(server).call('INFO')).rejects.toThrow('NOAUTH');
    expect(await client(server, { password: 'open sesame' }).call('INFO')).toBe('OK');
    await expect(connectRaw({ ...server, password: 'wrong word' })).rejects.toThrow('WRONGPASS');
    expect(JSON.stringify(server.received)).not.toMatch(/sesame|wrong word/);
  });

  it('hangs, closes, drops and changes its script', async () => {
    const server = await scripted(hanging);
    await expect(client(server).ping()).rejects.toThrow('Command timed out');
    server.use(closing);
    await expect(client(server).ping()).rejects.toThrow();
    server.use(() => status('PONG'));
    const redis = client(server);
    expect(await redis.ping()).toBe('PONG');
    server.drop();
    await until(() => redis.status === 'end', { what: 'the connection to end' });
    expect(await client(server).ping()).toBe('PONG');
  });

  it.each([
    ['loading', loading, 'LOADING Redis is loading'],
    ['no password', noAuth, 'NOAUTH Authentication required'],
    ['no rights', noPerm, "NOPERM this user has no permissions to run the 'ping' command"],
  ] as const)('is ready-made: %s', async (_, handler, text) => {
    await expect(client(await scripted(handler)).ping()).rejects.toThrow(text);
  });

  it('loading still answers INFO; slowly is slow; except makes exceptions', async () => {
    expect(await client(await scripted(loading)).info()).toContain('loading_loaded_perc:42.00');
    const server = await scripted(except({ PING: slowly(100, () => status('PONG')) }, noPerm));
    const before = performance.now();
    expect(await client(server).ping()).toBe('PONG');
    expect(performance.now() - before).toBeGreaterThanOrEqual(99);
    await expect(client(server).info()).rejects.toThrow('NOPERM');
  });

  it('repeats what a real server said, state by state', async () => {
    const text = readFileSync(new URL('../../fixtures/servers/r7.0.15.json', import.meta.url), 'utf8');
    const records = JSON.parse(text) as Recorded[];
    const recording = recorded(
      records,
      'destination',
      'link=up in_progress=0 loading=0 async=0 bgsave=0 slave=online left=- err=',
    );
    const redis = client(await scripted(recording.handler));

    expect(recording.states).toContain('promoted');
    expect(await redis.ping()).toBe('PONG');
    expect(await redis.info()).toMatch(/redis_version:7\.0\.15\r\n[^]*role:slave\r\n[^]*master_link_status:up/);
    const replication = await redis.info('replication');
    expect(replication).toMatch(/^# Replication\r\nrole:slave\r\n/);
    expect(replication).not.toContain('redis_version');
    expect(await redis.config('GET', 'masterauth')).toEqual(['masterauth', '']);
    await expect(redis.call('SENTINEL', 'MASTERS')).rejects.toThrow('ERR unknown command');
    recording.enter('promoted');
    expect(await redis.info('replication')).toContain('role:master');
    expect(() => recording.enter('no such state')).toThrow('no such state');
  });
});

describe('a raw connection', () => {
  it('never says that a write happened when the connection ended first', async () => {
    const server = await scripted(([name]) => (name === 'GET' ? OK : 'close'));
    const connection = await connectRaw(server);
    const replies = connection.sendEach([
      ['GET', 'a'],
      ['SET', 'a', 'b'],
      ['GET', 'a'],
    ]);
    const outcomes = await Promise.allSettled(replies);
    expect(outcomes.map(({ status: outcome }) => outcome)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(connection.open).toBe(false);
    await expect(connection.send('GET', 'a')).rejects.toThrow('closed');
    expect(server.received.length).toBe(2);
  });

  it('gives an error reply as a value and a mute server as a lost connection', async () => {
    const server = await scripted(([name]) => (name === 'BAD' ? error('ERR bad') : 'hang'));
    const connection = await connectRaw(server, { timeoutMs: 100 });
    const reply = await connection.send('BAD');
    expect(reply).toBeInstanceOf(RespError);
    await expect(connection.send('MUTE')).rejects.toThrow('no answer within 100 ms');
  });
});
