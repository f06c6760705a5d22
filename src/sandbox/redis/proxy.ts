/**
 * A TCP proxy that stands between two servers, or between a client and a server, and spoils the link on demand. Owns
 * its listening socket and both ends of every link; never looks into what passes.
 */
import { connect, createServer, type Socket } from 'node:net';
import type { RedisAddress } from './address.ts';
import { listenOnFreePort } from './ports.ts';

export interface ProxyOptions {
  readonly target: RedisAddress;
  /** A free one when left out. */
  readonly port?: number;
}

export interface Proxy extends RedisAddress {
  readonly host: '127.0.0.1';
  /** Links that are open now. */
  readonly links: number;
  /** Bytes that were passed on, over all links. */
  readonly passed: { readonly toTarget: number; readonly fromTarget: number };
  /** Ends every link, both ways. New ones are welcome. */
  cut(): void;
  /** Ends every link and turns new ones away, until `resume`. */
  block(): void;
  /** Passes nothing on, until `resume`; links stay open, bytes wait. */
  stall(): void;
  /** Lets go of the target without telling the client, which goes on to wait; the same for new links, until `resume`. */
  halfOpen(): void;
  /** Back to normal. Links whose target was let go of stay mute until they are cut. */
  resume(): void;
  /** At most so many bytes a second on each link, each way; null for no limit. */
  limit(bytesPerSecond: number | null): void;
  /** New links go there. */
  pointAt(target: RedisAddress): void;
  /** May be called twice. */
  close(): Promise<void>;
}

const TICK_MS = 20;
const MOST_QUEUED_BYTES = 1 << 16;

interface Link {
  readonly client: Socket;
  target: Socket | undefined;
  readonly pumps: Pump[];
}

interface Pump {
  drain(): void;
  tick(): void;
}

export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const links = new Set<Link>();
  const orphans = new Set<Socket>();
  const passed = { toTarget: 0, fromTarget: 0 };
  let target = options.target;
  let mode: 'flow' | 'stall' | 'block' | 'half_open' = 'flow';
  let bytesPerTick = Number.POSITIVE_INFINITY;

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    if (mode === 'block') {
      client.destroy();
      return;
    }
    const link: Link = { client, target: undefined, pumps: [] };
    links.add(link);
    client.on('error', () => client.destroy());
    client.on('close', () => {
      links.delete(link);
      if (link.target) passClosing(link.target);
    });
    if (mode !== 'half_open') join(link);
  });

  function join(link: Link): void {
    const socket = connect({ host: target.host, port: target.port, noDelay: true, allowHalfOpen: true });
    link.target = socket;
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      // Let go of by halfOpen(): the client is not told.
      if (link.target === socket) passClosing(link.client);
    });
    link.pumps.push(createPump(link.client, socket, 'toTarget'), createPump(socket, link.client, 'fromTarget'));
  }

  /** A stalled link does not tell that its other end has gone, either. */
  function passClosing(socket: Socket): void {
    if (mode === 'stall') orphans.add(socket);
    else socket.destroy();
  }

  function destroyOrphans(): void {
    for (const socket of orphans) socket.destroy();
    orphans.clear();
  }

  function createPump(from: Socket, to: Socket, direction: 'toTarget' | 'fromTarget'): Pump {
    const queue: Buffer[] = [];
    let queued = 0;
    let allowance = bytesPerTick;
    let ended = false;

    const flows = () => mode === 'flow';

    function drain(): void {
      while (flows() && queue.length > 0 && allowance >= 1 && !to.writableNeedDrain && to.writable) {
        const first = queue.shift() ?? Buffer.alloc(0);
        const part = first.subarray(0, Math.floor(Math.min(allowance, first.length)));
        if (part.length < first.length) queue.unshift(first.subarray(part.length));
        allowance -= part.length;
        queued -= part.length;
        passed[direction] += part.length;
        to.write(part);
      }
      if (queued < MOST_QUEUED_BYTES) from.resume();
      if (flows() && ended && queue.length === 0) to.end();
    }

    from.on('data', (chunk) => {
      queue.push(chunk);
      queued += chunk.length;
      if (queued >= MOST_QUEUED_BYTES) from.pause();
      drain();
    });
    from.on('end', () => {
      ended = true;
      drain();
    });
    to.on('drain', drain);
    return {
      drain,
      tick() {
        allowance = Math.min(allowance + bytesPerTick, Math.max(bytesPerTick, 1));
        drain();
      },
    };
  }

  function eachPump(act: (pump: Pump) => void): void {
    for (const link of links) for (const pump of link.pumps) act(pump);
  }

  function cut(): void {
    for (const link of links) {
      link.client.destroy();
      link.target?.destroy();
    }
    destroyOrphans();
  }

  const ticking = setInterval(() => {
    if (Number.isFinite(bytesPerTick)) eachPump((pump) => pump.tick());
  }, TICK_MS);
  const port = await listenOnFreePort(server, options.port);
  let closing: Promise<void> | undefined;

  return {
    host: '127.0.0.1',
    port,
    get links() {
      return links.size;
    },
    passed,
    cut,
    block() {
      mode = 'block';
      cut();
    },
    stall() {
      mode = 'stall';
    },
    halfOpen() {
      mode = 'half_open';
      for (const link of links) {
        const socket = link.target;
        link.target = undefined;
        socket?.destroy();
      }
    },
    resume() {
      mode = 'flow';
      destroyOrphans();
      eachPump((pump) => pump.drain());
    },
    limit(bytesPerSecond) {
      bytesPerTick = bytesPerSecond === null ? Number.POSITIVE_INFINITY : (bytesPerSecond * TICK_MS) / 1_000;
      eachPump((pump) => pump.tick());
    },
    pointAt(next) {
      target = next;
    },
    close() {
      closing ??= new Promise((resolve) => {
        clearInterval(ticking);
        mode = 'block';
        server.close(() => resolve());
        cut();
      });
      return closing;
    },
  };
}
