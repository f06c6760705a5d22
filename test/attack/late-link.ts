/** Links that lose an answer or deliver a command late, as networks and proxies do. Each watches for one command. */
import { connect, createServer, type Socket } from 'node:net';
import { listenOnFreePort } from '../../src/sandbox/redis/ports.ts';

export interface SpoiledLink {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** How often the watched command came by. */
  readonly hits: number;
  /** The next command that matches is passed on, and then the link ends before its answer comes. */
  cutAfter(match: RegExp): void;
  /** The next packet that matches arrives so much later, even when its sender has gone by then. */
  delay(match: RegExp, ms: number): void;
  close(): Promise<void>;
}

export async function startSpoiledLink(target: { readonly port: number }): Promise<SpoiledLink> {
  const sockets = new Set<Socket>();
  let watched: { readonly match: RegExp; readonly delayMs: number | null } | null = null;
  let hits = 0;

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    const upward = connect({ host: '127.0.0.1', port: target.port, noDelay: true, allowHalfOpen: true });
    let passed: Promise<void> = Promise.resolve();
    let mute = false;
    for (const socket of [client, upward]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk) => {
      const hit = watched?.match.test(chunk.toString('latin1')) === true ? watched : null;
      if (hit) {
        watched = null;
        hits += 1;
      }
      const cut = hit !== null && hit.delayMs === null;
      if (cut) mute = true;
      passed = passed.then(async () => {
        if (hit?.delayMs != null) await new Promise((resolve) => setTimeout(resolve, hit.delayMs ?? 0));
        upward.write(chunk, () => {
          if (cut) client.destroy();
        });
      });
    });
    const goneByUs = () => {
      passed = passed.then(() => void upward.end());
    };
    client.on('end', goneByUs);
    client.on('close', goneByUs);
    upward.on('data', (chunk) => {
      if (!mute && client.writable) client.write(chunk);
    });
    upward.on('close', () => client.destroy());
  });

  const port = await listenOnFreePort(server);
  return {
    host: '127.0.0.1',
    port,
    get hits() {
      return hits;
    },
    cutAfter(match) {
      watched = { match, delayMs: null };
    },
    delay(match, delayMs) {
      watched = { match, delayMs };
    },
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
    },
  };
}
