/** What a receiver gets, and what becomes of its answer: over real HTTP. */
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import type { Endpoint } from '../src/domain/endpoint.ts';
import { HOOK_KINDS, hookKey, hookSignature } from '../src/domain/hook.ts';
import { Secret } from '../src/domain/secret.ts';
import { until } from '../src/sandbox/redis/wait.ts';
import { heldClock } from './support/held-clock.ts';
import { hookOf, hooksTo, logged, receive, SECRET, saidAtTheEnd, serve, taken, textOf } from './support/hook-stage.ts';

describe('what is sent', () => {
  test.each(HOOK_KINDS)('%s arrives with everything in it', async (kind) => {
    const receiver = await receive();
    const hook = hookOf(kind);
    expect(await hooksTo(receiver.url).send(hook)).toEqual({ kind: 'ok' });
    expect(taken).toEqual([{ reason: null, ...hook }]);
    const { type, timestamp } = JSON.parse(receiver.requests[0]!.body);
    expect([type, timestamp]).toEqual([`migration.${kind}`, '2026-03-04T05:06:07.089Z']);
  });

  test('of a server its address, and neither user nor password', async () => {
    const receiver = await receive();
    const source: Endpoint = {
      host: '10.0.0.1',
      port: 6379,
      tls: true,
      user: 'planted-user',
      password: { kind: 'env', name: 'PLANTED_NAME' },
      tlsFiles: { key: '/planted/key.pem' },
    };
    const destination: Endpoint = { ...source, host: '10.1.0.1' };
    await hooksTo(receiver.url).send({ ...hookOf('switched'), shards: [{ index: 0, source, destination }] });
    const [request] = receiver.requests;
    expect(JSON.parse(request!.body).data.shards).toEqual([
      { index: 0, source: { host: '10.0.0.1', port: 6379 }, destination: { host: '10.1.0.1', port: 6379 } },
    ]);
    expect(JSON.stringify(request).toLowerCase()).not.toContain('planted');
  });

  test('a hook that failed is sent again by itself, after half a second', async () => {
    const receiver = await receive();
    receiver.behave({ kind: 'fail', times: 1 });
    expect(await hooksTo(receiver.url).send(hookOf('switched'))).toEqual({ kind: 'ok' });
    expect(receiver.requests).toHaveLength(2);
    expect(taken).toHaveLength(1);
  });
});

describe('the signature', () => {
  test('is that of the published example', () => {
    const key = hookKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    const signature = hookSignature(key, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}');
    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  const plain = 'kein-base64: Zürich ☂';
  test.each([
    ['whsec_ and base64', SECRET, () => new Webhook(SECRET)],
    ['any other secret', plain, () => new Webhook(Buffer.from(plain, 'utf8'), { format: 'raw' })],
    [
      'whsec_ and no base64',
      'whsec_not!base64',
      () => new Webhook(Buffer.from('whsec_not!base64', 'utf8'), { format: 'raw' }),
    ],
  ])('is accepted by another program: %s', async (_, secret, verifier) => {
    const receiver = await receive({ secret });
    await hooksTo(receiver.url, { secret: new Secret(secret) }).send(hookOf('finished'));
    const { body, headers } = receiver.requests[0]!;
    const webhook = verifier();
    expect(webhook.verify(body, headers as Record<string, string>)).toMatchObject({ type: 'migration.finished' });
    const forged = body.replace('10.1.0.1', '10.6.6.6');
    expect(() => webhook.verify(forged, headers as Record<string, string>)).toThrow('No matching signature');
  });

  test('is left out without a secret', async () => {
    const receiver = await receive({ secret: null });
    expect(await hooksTo(receiver.url, { secret: null }).send(hookOf('finished'))).toEqual({ kind: 'ok' });
    const { headers } = receiver.requests[0]!;
    expect(headers).toMatchObject({ 'webhook-id': 'm-7k3q:12:finished', 'content-type': 'application/json' });
    expect(headers).not.toHaveProperty('webhook-signature');
  });

  test('is new with each attempt, while id and body stay', async () => {
    const clock = heldClock();
    const receiver = await receive();
    receiver.behave({ kind: 'fail', times: 2, status: 503 });
    const sending = hooksTo(receiver.url, { clock }).send(hookOf('switched'));
    await clock.pass(500);
    await clock.pass(2_000);
    expect(await sending).toEqual({ kind: 'ok' });
    const [first, second, third] = receiver.requests;
    expect(third?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect([second?.body, third?.body]).toEqual([first?.body, first?.body]);
    const timeOf = (request = first) => Number(request?.headers['webhook-timestamp']);
    expect(timeOf(third)).toBeGreaterThanOrEqual(timeOf(first) + 2);
    expect(third?.headers['webhook-signature']).not.toBe(first?.headers['webhook-signature']);
  });
});

describe('a receiver that says no', () => {
  test.each([400, 401, 403, 404, 409, 410, 422])(
    '%i: is asked once, and its first line is the reason',
    async (status) => {
      const receiver = await receive();
      receiver.behave({ kind: 'fail', times: 9, status, text: 'deployments are frozen until Monday\nsecond line' });
      expect(await hooksTo(receiver.url).send(hookOf('before_switch'))).toEqual({
        kind: 'refused',
        status,
        text: 'deployments are frozen until Monday',
      });
      expect(receiver.requests).toHaveLength(1);
    },
  );

  test('without a word, or with a web page: its status is told', async () => {
    const receiver = await receive();
    const hooks = hooksTo(receiver.url);
    receiver.behave({ kind: 'fail', times: 1, status: 403, text: ' \t\r\n' });
    expect(textOf(await hooks.send(hookOf('before_switch')))).toBe('it answers 403 and gives no reason');
    const page = { 'content-type': 'text/html; charset=utf-8' };
    receiver.behave({ kind: 'fail', times: 1, status: 404, text: '<!DOCTYPE html>', headers: page });
    expect(textOf(await hooks.send(hookOf('before_switch')))).toBe('it answers 404 and gives no reason');
  });

  test('its reason cannot do harm: control characters, mentions, length', async () => {
    const receiver = await receive();
    const hooks = hooksTo(receiver.url);
    receiver.behave({
      kind: 'fail',
      times: 1,
      status: 409,
      text: '\u0007\r\n\u001b[31mfrozen\u0000\u202e by <@U0000000B1> <!channel>',
    });
    expect(textOf(await hooks.send(hookOf('before_switch')))).toBe('[31mfrozen by ‹@U0000000B1› ‹!channel›');
    receiver.behave({ kind: 'fail', times: 1, status: 409, text: '☂'.repeat(5_000) });
    expect(textOf(await hooks.send(hookOf('before_switch')))).toBe(`${'☂'.repeat(199)}…`);
  });

  test('its answer is read no further than 4 kB', async () => {
    const receiver = await receive();
    const hooks = hooksTo(receiver.url);
    receiver.behave({ kind: 'fail', times: 1, status: 409, text: `${'\n'.repeat(4_000)}early enough` });
    expect(textOf(await hooks.send(hookOf('before_switch')))).toBe('early enough');
    receiver.behave({ kind: 'fail', times: 1, status: 409, text: `${'\n'.repeat(4_096)}too late` });
    expect(textOf(await hooks.send(hookOf('before_switch')))).toBe('it answers 409 and gives no reason');
  });

  test('an answer without end is not waited for', async () => {
    let isClosed = false;
    const { url } = await serve((_request, response) => {
      response.on('close', () => (isClosed = true));
      response.writeHead(409, { 'content-type': 'text/plain' });
      const pour = () => void response.write('no and '.repeat(1_000));
      response.on('drain', pour);
      pour();
    });
    // Time is held: nothing but the length ends the reading.
    const answer = await hooksTo(url, { clock: heldClock() }).send(hookOf('before_switch'));
    expect(textOf(answer)).toMatch(/^(no and ){28}no …$/);
    await until(() => isClosed);
  });

  test('an answer that stops in the middle is still a no', async () => {
    const clock = heldClock();
    let hasBegun = false;
    const { url } = await serve((_request, response) => {
      response.writeHead(409, { 'content-type': 'text/plain' });
      response.write('not today, because');
    });
    const watched: typeof fetch = async (...args) => {
      const response = await fetch(...args);
      hasBegun = true;
      return response;
    };
    const sending = hooksTo(url, { clock, fetch: watched }).send(hookOf('before_switch'));
    await until(() => hasBegun);
    await clock.pass(5_000);
    expect(await sending).toMatchObject({ kind: 'refused', status: 409 });
  });

  test('so is one that breaks off', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(409, { 'content-type': 'text/plain', 'content-length': '1000' });
      response.write('not today, because', () => response.destroy());
    });
    expect(await hooksTo(url).send(hookOf('before_switch'))).toMatchObject({ kind: 'refused', status: 409 });
  });

  test('a redirect is not followed', async () => {
    const receiver = await receive();
    const { url } = await serve((_request, response) => {
      response.writeHead(307, { location: receiver.url });
      response.end();
    });
    const answer = await hooksTo(url).send(hookOf('before_switch'));
    expect(answer).toMatchObject({ kind: 'refused', status: 307 });
    expect(textOf(answer)).toContain('put the final address into HOOK_URL');
    expect(receiver.requests).toHaveLength(0);
  });
});

test('a 2xx counts though the rest of the answer never comes, and its connection is ended', async () => {
  let isClosed = false;
  const { url } = await serve((_request, response) => {
    response.on('close', () => (isClosed = true));
    response.writeHead(202);
    response.write('wait for it');
  });
  // Time is held: nothing would end the reading.
  expect(await hooksTo(url, { clock: heldClock() }).send(hookOf('before_switch'))).toEqual({ kind: 'ok' });
  await until(() => isClosed);
});

describe('secrets', () => {
  test('of the URL and of the signature are in no answer and no log line, also when the receiver repeats them', async () => {
    const token = 'planted-token';
    const pathToken = 'T0123456789PLANTEDWORD';
    const { url } = await serve(({ url: path }, response) => {
      response.writeHead(path?.includes('refuse') ? 403 : 503, { 'content-type': 'text/plain' });
      response.end(`POST ${path} with ${SECRET} is not for you`);
    });
    const refusing = hooksTo(`${url}/refuse/${pathToken}?token=${token}`);
    expect(textOf(await refusing.send(hookOf('failed')))).toMatch(
      /^POST \/hooks\/refuse\/\[secret\]\[secret\] with \[secret\] is/,
    );
    const text = await saidAtTheEnd(`${url}/${pathToken}?token=${token}`, 'before_switch');
    expect(text).toMatch(/^After 6 attempts: http:\/\/127\.0\.0\.1:\d+\/hooks\/… answers 503/);
    // config.ts refuses such a URL; fetch does so with a message that repeats it.
    const odd = await saidAtTheEnd(url.replace('//', '//user:planted-password@'), 'before_switch');
    for (const said of [text, odd, ...logged]) {
      expect(said).not.toMatch(/planted/i);
      expect(said).not.toContain(SECRET);
    }
    expect(logged.length).toBeGreaterThan(10);
  });
});
