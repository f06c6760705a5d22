/**
 * Ports for the sandbox's servers. They come from below the range that the system takes for outgoing connections: a
 * client that keeps dialling a closed port inside that range can end up connected to itself.
 */
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

const LOWEST = 18_000;
const HIGHEST = 31_999;
const TRIES = 100;

/** A port that was free a moment ago. Whoever binds it must be ready to ask for another. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  const port = await listenOnFreePort(probe);
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Makes `server` listen on 127.0.0.1, on `port` or on a free one; resolves to the port. */
export async function listenOnFreePort(server: Server, port?: number): Promise<number> {
  if (port !== undefined) {
    await listen(server, port);
    return port;
  }
  for (let attempt = 1; ; attempt += 1) {
    const candidate = randomInt(LOWEST, HIGHEST + 1);
    try {
      await listen(server, candidate);
      return candidate;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempt >= TRIES) throw error;
    }
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => {
      server.off('listening', listening);
      reject(error);
    };
    const listening = () => {
      server.off('error', failed);
      resolve();
    };
    server.once('error', failed);
    server.once('listening', listening);
    server.listen(port, '127.0.0.1');
  });
}
