import { inspect } from 'node:util';
import { LogLevel } from '@slack/bolt';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config.ts';
import { Secret } from '../../src/domain/secret.ts';
import { type Log, SecretRegistry } from '../../src/log.ts';
import { toBoltLogger } from '../../src/observability/bolt-logger.ts';
import { createLogger, routeConsoleTo } from '../../src/observability/logger.ts';

interface Room {
  readonly log: Log;
  readonly secrets: SecretRegistry;
  readonly raw: string[];
  /** The lines, parsed: each must be one valid line of JSON. */
  readonly lines: () => Record<string, unknown>[];
}

function room(level: Config['logLevel'] = 'debug'): Room {
  const raw: string[] = [];
  const secrets = new SecretRegistry();
  const log = createLogger(level, secrets, { write: (line) => raw.push(line) });
  return {
    log,
    secrets,
    raw,
    lines: () =>
      raw.map((line) => {
        expect(line).toMatch(/^[^\n]*\n$/);
        return JSON.parse(line) as Record<string, unknown>;
      }),
  };
}

/** What ioredis throws: the arguments of the command hang on the error. */
function redisError(): Error {
  return Object.assign(new Error('WRONGPASS invalid username-password pair'), {
    command: { name: 'AUTH', args: ['migrator', 'hunter2-unregistered'] },
  });
}

describe('a log line', () => {
  it('is JSON with time, level, message and fields', () => {
    const { log, lines } = room();
    log.child({ migration: 'm-7k3q' }).info({ shard: 2, offset: 12345678901234567890n, list: [1n] }, 'in step');
    const [line] = lines();
    expect(line).toMatchObject({
      level: 'info',
      msg: 'in step',
      migration: 'm-7k3q',
      shard: 2,
      offset: '12345678901234567890',
      list: ['1'],
    });
    expect(line?.['time']).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(line).not.toHaveProperty('hostname');
  });

  it('is left out below the level', () => {
    const { log, lines } = room('warn');
    log.debug({}, 'a');
    log.info({}, 'b');
    log.warn({}, 'c');
    log.error({}, 'd');
    expect(lines().map((line) => line['msg'])).toEqual(['c', 'd']);
    const silent = room('silent');
    silent.log.error({}, 'x');
    expect(silent.raw).toEqual([]);
  });

  it('tells an error with its causes, but not the arguments of a Redis command', () => {
    const { log, lines, raw } = room();
    const error = new Error('shard 2 did not answer', { cause: redisError() });
    log.error({ err: error, list: [redisError()], deep: { other: redisError() } }, 'tick failed');
    expect(lines()[0]).toMatchObject({
      err: {
        type: 'Error',
        message: 'shard 2 did not answer',
        cause: { message: /./, command: { name: 'AUTH', argc: 2 } },
      },
      list: [{ command: { name: 'AUTH', argc: 2 } }],
    });
    expect(raw.join('')).not.toContain('hunter2');
  });

  it('hides fields that are called like secrets, at any depth', () => {
    const { log, raw } = room();
    log.info(
      { password: 'hunter2', a: { b: { c: { masterauth: 'hunter2', botToken: 'hunter2', hookSecret: ['hunter2'] } } } },
      'x',
    );
    log.child({ token: 'hunter2' }).info({ headers: { Authorization: 'hunter2' }, value: new Secret('hunter2') }, 'y');
    expect(raw.join('')).not.toContain('hunter2');
  });

  it('takes out known secrets wherever they stand, and stays valid JSON', () => {
    const { log, secrets, raw, lines } = room();
    const planted = ['hunter2-"quoted"\n', 'pässwörd 1/2', '12345678'];
    for (const secret of planted) secrets.add(secret);
    for (const secret of planted) {
      log.error({ err: new Error(`AUTH ${secret}`), [secret]: 1, deep: [{ text: secret }] }, `message ${secret}`);
      log.info(
        { url: `redis://:${encodeURIComponent(secret)}@a`, box: Buffer.from(secret).toString('base64') },
        'forms',
      );
    }
    log.info({ number: 12345678, other: 1 }, 'a secret that is a number');
    for (const line of lines()) {
      for (const secret of planted) expect(JSON.stringify(line)).not.toContain(JSON.stringify(secret).slice(1, -1));
    }
    expect(raw.join('')).not.toContain('12345678');
    expect(lines().at(-1)).toMatchObject({ number: '[secret]', other: 1 });
  });

  it('never throws and is always one valid line, whatever is logged', () => {
    const { log, secrets, lines } = room();
    for (const secret of ['"level"', '{"time', '":{"', 'secret', '000000']) secrets.add(secret);
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const trap = {
      get boom(): string {
        throw new Error('getter');
      },
    };
    let deep: unknown = 'end';
    for (let level = 0; level < 500; level++) deep = { deep };
    const odd = [
      circular,
      trap,
      deep,
      new Map([['a', 1n]]),
      new Set([1]),
      Buffer.from('hunter2'),
      () => 1,
      Symbol('x'),
      new Date(Number.NaN),
      undefined,
    ];
    for (const value of odd) log.warn({ value }, 'odd');
    log.warn(trap, 'odd');
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything()), fc.string(), (fields, message) =>
        log.info(fields, message),
      ),
      { numRuns: 100 },
    );
    expect(lines().length).toBe(odd.length + 101);
    expect(JSON.stringify(lines())).not.toContain('hunter2');
  });
});

describe('what libraries write to the console', () => {
  it('ends in the log, without what hangs on their errors', () => {
    const { log, lines, raw } = room();
    const said: unknown[][] = [];
    const target = { ...console, warn: (...parts: unknown[]) => void said.push(parts) } as Console;
    const undo = routeConsoleTo(log, target);
    target.warn('[WARN] this server does not require a password', redisError());
    target.log('hello %s', 'you');
    target.error({ command: redisError() });
    expect(lines()).toMatchObject([
      { level: 'warn' },
      { level: 'info', said: ['hello %s', 'you'] },
      { level: 'error' },
    ]);
    expect(raw.join('')).toContain('does not require a password');
    expect(raw.join('')).not.toContain('hunter2');
    undo();
    target.warn('back again');
    expect([said, raw.length]).toEqual([[['back again']], 3]);
  });
});

describe('Bolt', () => {
  it('logs through us, but never a payload', () => {
    const { log, lines, raw } = room('debug');
    const bolt = toBoltLogger(log);
    bolt.setName('socket-mode');
    bolt.setLevel(LogLevel.DEBUG);
    bolt.debug('Received: {"payload":"planted"}', { text: 'planted' });
    bolt.info('connected', { text: 'planted' });
    bolt.warn('slow', 'down');
    bolt.error(
      'failed',
      Object.assign(new Error('not_authed'), { data: { text: 'planted' }, code: 'slack_webapi_platform_error' }),
    );
    expect(bolt.getLevel()).toBe(LogLevel.INFO);
    expect(lines()).toMatchObject([
      { level: 'info', logger: 'socket-mode', said: 'connected' },
      { level: 'warn', said: 'slow down' },
      { level: 'error', err: { message: 'not_authed', code: 'slack_webapi_platform_error' } },
    ]);
    expect(raw.join('') + inspect(lines(), { depth: 9 })).not.toContain('planted');
  });
});
