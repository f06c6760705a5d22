/**
 * The wire into an old server. Clients, the bot and the new server come in by the same address; only who asks to
 * replicate can be cut off, as when the network between two machines fails and everybody else still gets through. While
 * the server is down this port is closed, as its own is: whoever knows it by this address must see that it is gone. Owns
 * its listening socket and both ends of every link. It reads no more than the first words of a link, and sets nothing
 * on a server.
 */
import { connect, createServer, type Socket } from 'node:net';
import { systemClock } from '../../clock.ts';
import type { RedisAddress } from '../redis/address.ts';
import { listenOnFreePort } from '../redis/ports.ts';

export interface Wire extends RedisAddress {
  readonly host: '127.0.0.1';
  readonly isCut: boolean;
  /** Ends the replication that passes here, and any that is begun until `mend`. */
  cut(): void;
  mend(): void;
  /** May be called twice. */
  close(): Promise<void>;
}

interface Link {
  readonly client: Socket;
  readonly target: Socket;
  replicates: boolean;
}

/** A replica says PING, perhaps AUTH, and then what only replicas say. */
const REPLICA_WORDS = /\bREPLCONF\b|\bP?SYNC\r\n/i;
const FIRST_WORDS_BYTES = 1_024;
const LOOK_AGAIN_MS = 200;

export async function startWire(target: RedisAddress): Promise<Wire> {
  const links = new Set<Link>();
  let isCut = false;
  let isOpen = true;
  let returning: Promise<void> = Promise.resolve();
  const ending = new AbortController();

  const server = createServer({ noDelay: true }, (client) => {
    const link: Link = { client, target: connect({ ...target, noDelay: true }), replicates: false };
    links.add(link);
    for (const [end, other] of [
      [client, link.target],
      [link.target, client],
    ] as const) {
      end.on('error', (error: NodeJS.ErrnoException) => {
        if (end === link.target && error.code === 'ECONNREFUSED') shut();
        end.destroy();
      });
      end.on('close', () => {
        links.delete(link);
        other.destroy();
      });
    }
    // Before the pipe: the word that gives it away must not pass.
    listenIn(link);
    client.pipe(link.target);
    link.target.pipe(client);
  });

  /** Until the server is there again. */
  function shut(): void {
    if (!isOpen || ending.signal.aborted) return;
    isOpen = false;
    server.close();
    returning = comeBack();
  }

  async function comeBack(): Promise<void> {
    while (!isOpen && !ending.signal.aborted) {
      await systemClock.sleep(LOOK_AGAIN_MS, ending.signal);
      if (ending.signal.aborted || !(await isListening(target))) continue;
      // Somebody else may have taken the port for a moment.
      isOpen = await listenOnFreePort(server, port).then(
        () => true,
        () => false,
      );
    }
  }

  function listenIn(link: Link): void {
    let words = '';
    const onData = (chunk: Buffer) => {
      words += chunk.toString('latin1', 0, FIRST_WORDS_BYTES);
      link.replicates = REPLICA_WORDS.test(words);
      if (link.replicates && isCut) release(link);
      if (link.replicates || words.length >= FIRST_WORDS_BYTES) link.client.off('data', onData);
    };
    link.client.on('data', onData);
  }

  function release(link: Link): void {
    link.client.destroy();
    link.target.destroy();
  }

  const port = await listenOnFreePort(server);
  let closing: Promise<void> | undefined;

  async function finish(): Promise<void> {
    ending.abort();
    await returning;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const link of links) release(link);
    });
  }

  return {
    host: '127.0.0.1',
    port,
    get isCut() {
      return isCut;
    },
    cut() {
      isCut = true;
      for (const link of links) if (link.replicates) release(link);
    },
    mend() {
      isCut = false;
    },
    close() {
      closing ??= finish();
      return closing;
    },
  };
}

function isListening(target: RedisAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ ...target, noDelay: true });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
