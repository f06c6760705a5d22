/**
 * A Redis fleet on loopback for the demo and the tests. Owns a folder under the system's temporary folder and every
 * process that it started; `close()` ends them all and removes the folder. If this process dies instead, even by
 * SIGKILL, a guard does the same.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsFiles } from './address.ts';
import { binaryVersion, redisServerBinary } from './binary.ts';
import { startGuard } from './guard.ts';
import { freePort } from './ports.ts';
import { createServerHandle, type RedisServerHandle } from './server.ts';
import type { ServerTls } from './server-config.ts';

const PORT_TRIES = 5;

export interface FleetOptions {
  /** Path of redis-server; found or fetched when left out. */
  readonly binary?: string;
  /** Where the fleet's folder is made; the system's temporary folder when left out. */
  readonly dir?: string;
}

export interface ServerOptions {
  /** A free one when left out. */
  readonly port?: number;
  /** For messages and the folder; unique in the fleet. */
  readonly name?: string;
  readonly requirepass?: string;
  /** As they would stand in redis.conf. The defaults are: no persistence, 127.0.0.1 only. */
  readonly config?: Readonly<Record<string, string>>;
  /** Another redis-server or valkey-server than the fleet's. */
  readonly binary?: string;
  /** From Redis 6.0 on, where it was compiled in; see certificates.ts. */
  readonly tls?: TlsOptions;
}

export interface TlsOptions extends TlsFiles {
  /** A free one when left out. */
  readonly port?: number;
  /** Whether it listens without TLS as well. By default only if a plain port is given. */
  readonly plain?: boolean;
  /** Whether a client has to show a certificate. Default `yes`, as in Redis. */
  readonly clients?: ServerTls['clients'];
  /** Whether it speaks TLS to the server that it follows. Default false, as in Redis. */
  readonly replication?: boolean;
}

export interface Fleet {
  readonly dir: string;
  readonly binary: string;
  readonly servers: readonly RedisServerHandle[];
  /** Starts a server; resolves when it answers PING. */
  server(options?: ServerOptions): Promise<RedisServerHandle>;
  /** May be called twice. */
  close(): Promise<void>;
}

export async function startFleet(options: FleetOptions = {}): Promise<Fleet> {
  const binary = options.binary ?? (await redisServerBinary());
  const dir = await mkdtemp(join(options.dir ?? tmpdir(), 'redis-fleet-'));
  const guard = startGuard(dir);
  const servers: RedisServerHandle[] = [];
  const versions = new Map<string, Promise<readonly [number, number, number]>>();
  const starting = new Set<Promise<unknown>>();
  let count = 0;
  let closing: Promise<void> | undefined;

  function versionOf(path: string): Promise<readonly [number, number, number]> {
    const known = versions.get(path) ?? binaryVersion(path);
    versions.set(path, known);
    return known;
  }

  async function launch(serverOptions: ServerOptions): Promise<RedisServerHandle> {
    count += 1;
    const number = count;
    const name = serverOptions.name ?? `redis-${number}`;
    const path = serverOptions.binary ?? binary;
    const version = await versionOf(path);
    for (let attempt = 1; ; attempt += 1) {
      const serverDir = join(dir, attempt === 1 ? name : `${name}.${attempt}`);
      await mkdir(serverDir);
      const handle = await createServerHandle({
        name,
        ...(await portsOf(serverOptions)),
        dir: serverDir,
        binary: path,
        version,
        requirepass: serverOptions.requirepass,
        config: serverOptions.config ?? {},
        watch: guard.watch,
        forget: guard.forget,
      });
      try {
        await handle.start();
        servers.push(handle);
        return handle;
      } catch (error) {
        const taken = (error as Error).message.includes('Address already in use');
        const chosen = serverOptions.port ?? serverOptions.tls?.port;
        if (!taken || chosen !== undefined || attempt >= PORT_TRIES) throw error;
      }
    }
  }

  async function closeAll(): Promise<void> {
    await Promise.allSettled(starting);
    await Promise.allSettled(servers.map((server) => server.stop()));
    await guard.close();
    await rm(dir, { recursive: true, force: true });
  }

  return {
    dir,
    binary,
    servers,
    async server(serverOptions = {}) {
      if (closing) throw new Error('The fleet is closed.');
      const started = launch(serverOptions);
      starting.add(started);
      try {
        return await started;
      } finally {
        starting.delete(started);
      }
    },
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}

async function portsOf({ port, tls }: ServerOptions): Promise<{ port: number | undefined; tls?: ServerTls }> {
  if (!tls) return { port: port ?? (await freePort()) };
  const { ca, cert, key, plain = port !== undefined, clients = 'yes', replication = false } = tls;
  return {
    port: plain ? (port ?? (await freePort())) : undefined,
    tls: { ca, cert, key, clients, replication, port: tls.port ?? (await freePort()) },
  };
}
