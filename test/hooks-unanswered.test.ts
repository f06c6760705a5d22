/** Hooks that nobody takes: how long they are tried, what is said in the end. Time is held. */
import { describe, expect, test } from 'vitest';
import { HOOK_KINDS } from '../src/domain/hook.ts';
import { freePort } from '../src/sandbox/redis/ports.ts';
import { until } from '../src/sandbox/redis/wait.ts';
import { heldClock } from './support/held-clock.ts';
import { BRIEFLY, hookOf, hooksTo, LONG, logged, receive, saidAtTheEnd, serve, textOf } from './support/hook-stage.ts';

describe('a receiver that cannot be had', () => {
  test('is asked for ten seconds at most before the switch, and then nothing is switched', async () => {
    const clock = heldClock();
    const receiver = await receive();
    receiver.behave({ kind: 'fail', times: 99, status: 500, text: 'database is down' });
    const sending = hooksTo(receiver.url, { clock }).send(hookOf('before_switch'));
    for (const ms of BRIEFLY) await clock.pass(ms);
    expect(await sending).toEqual({
      kind: 'unreachable',
      text:
        `After 6 attempts: ${receiver.url} answers 500, "database is down". Nothing is switched without its yes: ` +
        'see that it runs and that HOOK_URL is right, then approve again.',
    });
    expect(clock.monotonicMs()).toBe(8_500);
  });

  test('does not answer: an attempt ends after five seconds, all of them after ten', async () => {
    const clock = heldClock();
    const receiver = await receive();
    receiver.behave({ kind: 'hang' });
    const sending = hooksTo(receiver.url, { clock }).send(hookOf('before_switch'));
    await until(() => receiver.requests.length === 1);
    await clock.pass(5_000);
    await clock.pass(500);
    await until(() => receiver.requests.length === 2);
    await clock.pass(4_500);
    expect(textOf(await sending)).toContain(`After 2 attempts: ${receiver.url} does not answer in time. Nothing is sw`);
  });

  test('is asked for ten minutes after the switch, and then somebody has to do it by hand', async () => {
    const clock = heldClock();
    const receiver = await receive();
    receiver.behave({ kind: 'fail', times: 99, status: 502 });
    const sending = hooksTo(receiver.url, { clock }).send(hookOf('switched'));
    for (const ms of LONG) await clock.pass(ms);
    const answer = await sending;
    expect(answer.kind).toBe('unreachable');
    expect(textOf(answer)).toMatch(/^After 23 attempts: .* answers 502, .*point the application at them by hand\.$/);
  });

  test('is not asked once more by a bot that was suspended meanwhile', async () => {
    const held = heldClock();
    let suspendedMs = 0;
    const clock = { ...held, monotonicMs: () => held.monotonicMs() + suspendedMs };
    const receiver = await receive();
    receiver.behave({ kind: 'fail', times: 1 });
    const sending = hooksTo(receiver.url, { clock }).send(hookOf('before_switch'));
    await until(() => logged.length === 1);
    suspendedMs = 20_000;
    await held.pass(500);
    expect(textOf(await sending)).toMatch(/^After 1 attempt: .*Nothing is switched/);
    expect(receiver.requests).toHaveLength(1);
  });

  test.each(HOOK_KINDS)('nothing listens there: %s ends in a sentence that says what to do', async (kind) => {
    const url = `http://127.0.0.1:${await freePort()}/hooks`;
    const text = await saidAtTheEnd(url, kind);
    expect(text).toMatch(
      /^After \d+ attempts: http:\/\/127\.0\.0\.1:\d+\/hooks refuses connections \(ECONNREFUSED\)\. \w/,
    );
    expect(text).toMatch(/by hand|approve again|yourselves/);
  });

  test.each([
    ['no such host', 'http://receiver.invalid/hooks', /cannot be found, no name server knows this host/],
    ['a port that fetch refuses', 'http://127.0.0.1:6666/hooks', /has a port that Node never sends HTTP to/],
  ])('%s', async (_, url, says) => {
    expect(await saidAtTheEnd(url, 'before_switch')).toMatch(says);
  });

  test('one that speaks no HTTP, or no TLS', async () => {
    const { url, server } = await serve(() => {});
    server.on('connection', (socket) => socket.end('+PONG\r\n'));
    expect(await saidAtTheEnd(url, 'before_switch')).toMatch(/does not speak HTTP/);
    expect(await saidAtTheEnd(url.replace('http:', 'https:'), 'before_switch')).toMatch(/could not agree on TLS/);
  });

  test('one that hangs up once is asked again', async () => {
    const clock = heldClock();
    const receiver = await receive();
    receiver.behave({ kind: 'close', times: 1 });
    const sending = hooksTo(receiver.url, { clock }).send(hookOf('switched'));
    await clock.pass(500);
    expect(await sending).toEqual({ kind: 'ok' });
    expect(logged[0]).toMatch(/"why":"ends the connection without an answer \(\w+\)"/);
  });

  test.each([
    ['seconds', () => '7', 7_000],
    ['more seconds than we have patience for', () => '3600', 30_000],
    ['a date', (now: number) => new Date(now + 12_000).toUTCString(), 12_000],
    ['no time at all', () => 'soon', 500],
    ['a time that has passed', () => 'Fri, 01 Jan 2021 00:00:00 GMT', 500],
  ])('says when to come again: %s', async (_, after, waitMs) => {
    const clock = heldClock(1_800_000_000_000);
    const receiver = await receive({ now: () => clock.now() });
    receiver.behave({ kind: 'fail', times: 1, status: 429, headers: { 'retry-after': after(clock.now()) } });
    const sending = hooksTo(receiver.url, { clock }).send(hookOf('switched'));
    await clock.pass(waitMs);
    expect(await sending).toEqual({ kind: 'ok' });
  });

  test('wants to be asked later than the switch can wait: that is a no at once', async () => {
    const receiver = await receive();
    receiver.behave({ kind: 'fail', times: 1, status: 503, headers: { 'retry-after': '30' } });
    const answer = await hooksTo(receiver.url).send(hookOf('before_switch'));
    expect(textOf(answer)).toMatch(/^After 1 attempt: .* answers 503, "out of order"\. Nothing is switched/);
  });
});

describe('when the bot ends', () => {
  test('a wait ends with it', async () => {
    const clock = heldClock();
    const receiver = await receive();
    receiver.behave({ kind: 'fail', times: 99 });
    const ending = new AbortController();
    const sending = hooksTo(receiver.url, { clock }).send(hookOf('switched'), ending.signal);
    await clock.pass(500);
    await until(() => logged.length === 2);
    ending.abort();
    expect(await sending).toEqual({ kind: 'stopped' });
    expect(receiver.requests).toHaveLength(2);
  });

  test('so does an attempt', async () => {
    const receiver = await receive();
    receiver.behave({ kind: 'hang' });
    const ending = new AbortController();
    const sending = hooksTo(receiver.url, { clock: heldClock() }).send(hookOf('before_switch'), ending.signal);
    await until(() => receiver.requests.length === 1);
    ending.abort();
    expect(await sending).toEqual({ kind: 'stopped' });
    expect(logged).toEqual([expect.stringContaining('"answer":"stopped"')]);
  });

  test('nothing is begun any more', async () => {
    const receiver = await receive();
    expect(await hooksTo(receiver.url).send(hookOf('switched'), AbortSignal.abort())).toEqual({ kind: 'stopped' });
    expect(receiver.requests).toHaveLength(0);
  });
});
