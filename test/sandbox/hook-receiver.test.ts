/** The receiver of the demo and the tests, asked by the bot's own sender. */
import { expect, test } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { heldClock } from '../support/held-clock.ts';
import { hookOf, hooksTo, logged, receive, taken, textOf } from '../support/hook-stage.ts';

test('does a hook once, also when it comes again while it is done', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const receiver = await receive({
    onHook: async (hook) => {
      taken.push(hook);
      await held;
    },
  });
  const hooks = hooksTo(receiver.url);
  const both = [hooks.send(hookOf('switched')), hooks.send(hookOf('switched'))];
  await until(() => receiver.requests.length === 2);
  release();
  expect(await Promise.all(both)).toEqual([{ kind: 'ok' }, { kind: 'ok' }]);
  expect(await hooks.send(hookOf('switched'))).toEqual({ kind: 'ok' });
  expect(await hooks.send(hookOf('rolled_back'))).toEqual({ kind: 'ok' });
  expect(taken.map(({ id }) => id)).toEqual(['m-7k3q:12:switched', 'm-7k3q:12:rolled_back']);
});

test('does it again when it failed', async () => {
  const receiver = await receive({
    onHook: (hook) => {
      taken.push(hook);
      if (taken.length === 1) throw new Error('cannot now');
    },
  });
  expect(await hooksTo(receiver.url).send(hookOf('switched'))).toEqual({ kind: 'ok' });
  expect(taken).toHaveLength(2);
  expect(logged[0]).toContain('answers 500, \\"cannot now\\"');
});

test('refuses another secret and a time that is more than five minutes off', async () => {
  const receiver = await receive();
  const forger = hooksTo(receiver.url, { secret: new Secret('another secret') });
  expect(await forger.send(hookOf('switched'))).toMatchObject({ kind: 'refused', status: 401 });
  expect(await hooksTo(receiver.url, { secret: null }).send(hookOf('switched'))).toMatchObject({ status: 401 });
  for (const off of [-301_000, 302_000]) {
    const hooks = hooksTo(receiver.url, { clock: heldClock(Date.now() + off) });
    expect(textOf(await hooks.send(hookOf('switched')))).toMatch(/compare the clocks/);
  }
  expect(taken).toEqual([]);
});

test('can refuse the switch and take everything else; can be late', async () => {
  const receiver = await receive();
  const hooks = hooksTo(receiver.url);
  receiver.behave({ kind: 'refuse', text: 'not on a Friday', only: 'before_switch' });
  expect(await hooks.send(hookOf('before_switch'))).toEqual({
    kind: 'refused',
    status: 409,
    text: 'not on a Friday',
  });
  expect(await hooks.send(hookOf('rolled_back'))).toEqual({ kind: 'ok' });
  receiver.behave({ kind: 'slow', ms: 50 });
  expect(await hooks.send(hookOf('before_switch'))).toEqual({ kind: 'ok' });
  expect(taken.map(({ kind }) => kind)).toEqual(['rolled_back', 'before_switch']);
});
