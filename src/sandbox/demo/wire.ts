/**
 * The wire into an old server. Clients, the bot and the new server come in by the same address; only who asks to
 * replicate can be cut off, as when the network between two machines fails and everybody else still gets through. Owns
 * its listening socket and both ends of every link. It reads no more than the first words of a link, and sets nothing
 * on a server.
 */
import { connect, createServer, type Socket } from 'node:net';
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

export async function startWire(target: RedisAddress): Promise<Wire> {
  const links = new Set<Link>();
  let isCut = false;

  const server = createServer({ noDelay: true }, (client) => {
    const link: Link = { client, target: connect({ ...target, noDelay: true }), replicates: false };
    links.add(link);
    for (const [end, other] of [
      [client, link.target],
      [link.target, client],
    ] as const) {
      end.on('error', () => end.destroy());
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
      closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const link of links) release(link);
      });
      return closing;
    },
  };
}
