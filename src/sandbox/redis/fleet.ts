/**
 * A Redis fleet on loopback for the demo and the tests. Owns a folder under the system's temporary folder and every
 * process that it started; `close()` ends them all and removes the folder. If this process dies instead, even by
 * SIGKILL, a guard does the same.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binaryVersion, redisServerBinary } from './binary.ts';
import { startGuard } from './guard.ts';
import { freePort } from './ports.ts';
import { createServerHandle, type RedisServerHandle } from './server.ts';

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
        port: serverOptions.port ?? (await freePort()),
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
        if (!taken || serverOptions.port !== undefined || attempt >= PORT_TRIES) throw error;
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
