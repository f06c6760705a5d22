/** The demo's address of an old server: as good as the server's own, also when that is down. */
import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { startWire } from '../../../src/sandbox/demo/wire.ts';
import { startFleet } from '../../../src/sandbox/redis/fleet.ts';
import { connectRaw } from '../../../src/sandbox/redis/raw-connection.ts';
import { textOf } from '../../../src/sandbox/redis/resp.ts';
import { until } from '../../../src/sandbox/redis/wait.ts';

function dial(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
    socket.once('connect', () => {
      socket.destroy();
      resolve('connected');
    });
  });
}

it('refuses connections while its server is down, so that it is seen to be gone, and takes them again after', async () => {
  const fleet = await startFleet();
  onTestFinished(() => fleet.close());
  const server = await fleet.server();
  const wire = await startWire(server);
  onTestFinished(() => wire.close());
  const ping = async () => {
    const connection = await connectRaw({ ...server, port: wire.port, host: wire.host }, { timeoutMs: 1_000 });
    try {
      return textOf(await connection.send('PING'));
    } finally {
      connection.close();
    }
  };
  expect(await ping()).toContain('PONG');
  await server.stop();
  await until(async () => (await dial(wire.port)) === 'ECONNREFUSED', { what: 'the closed port' });
  expect(await dial(wire.port)).toBe('ECONNREFUSED');
  await server.start();
  await until(
    () =>
      ping().then(
        (said) => said.includes('PONG'),
        () => false,
      ),
    { what: 'the open port' },
  );
  await server.stop();
  await until(async () => (await dial(wire.port)) === 'ECONNREFUSED', { what: 'the closed port again' });
});
