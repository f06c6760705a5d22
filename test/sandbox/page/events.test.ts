/** Server-sent events when the listener is slow, silent or gone. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Events } from '../../../src/sandbox/page/events.ts';
import { until } from '../../../src/sandbox/redis/wait.ts';

let text = 'a';
let rendered = 0;
let events: Events;
let server: Server;
let port: number;

beforeEach(async () => {
  text = 'a';
  rendered = 0;
  const render = (version: number) => {
    rendered += 1;
    return JSON.stringify({ version, text });
  };
  events = new Events({ render, everyMs: 20, heartbeatMs: 50 });
  server = createServer((_, response) => events.join(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterEach(async () => {
  events.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function dial(): { read: () => string; pause: () => void; resume: () => void; end: () => void } {
  const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
  let all = '';
  socket.on('data', (chunk) => {
    all += chunk.toString();
  });
  socket.on('error', () => {});
  return { read: () => all, pause: () => socket.pause(), resume: () => socket.resume(), end: () => socket.destroy() };
}

test('what changed last is seen even when everything ends right behind it', async () => {
  const reader = dial();
  await until(() => reader.read().includes('"text":"a"'), { what: 'the first state' });
  text = 'b';
  events.touch();
  text = 'the end';
  events.touch();
  events.close();
  await until(() => reader.read().includes('the end'), { what: 'the last state' });
});

test('a silent stream says now and then that it is there', async () => {
  const reader = dial();
  await until(() => reader.read().split(': here').length > 2, { what: 'two signs of life' });
  reader.end();
});

test('who reads slowly misses states, not the newest one', async () => {
  const reader = dial();
  await until(() => reader.read().includes('"text":"a"'), { what: 'the first state' });
  reader.pause();
  for (let round = 0; round < 100; round += 1) {
    text = String(round).padEnd(500_000, '.');
    events.touch();
    const before = rendered;
    await until(() => rendered > before || round === 0, { what: 'the next state' });
  }
  text = 'the newest';
  events.touch();
  await until(() => rendered > 100, { what: 'the newest to be rendered' });
  reader.resume();
  await until(() => reader.read().includes('"text":"the newest"'), { what: 'the newest state' });
  const states = reader.read().split('event: state').length - 1;
  expect(states).toBeLessThan(60);
  reader.end();
});

test('nothing is rendered for nobody', async () => {
  const reader = dial();
  await until(() => reader.read().includes('"text":"a"'), { what: 'the first state' });
  reader.end();
  await until(() => new Promise<boolean>((resolve) => server.getConnections((_, count) => resolve(count === 0))), {
    what: 'the reader to be gone',
  });
  const before = rendered;
  for (let round = 0; round < 10; round += 1) events.touch();
  expect(rendered).toBe(before);
  text = 'later';
  const late = dial();
  await until(() => late.read().includes('"text":"later"'), { what: 'the state of now' });
  late.end();
});
