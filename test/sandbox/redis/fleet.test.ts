import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { redisServerBinary } from '../../../src/sandbox/redis/binary.ts';
import { type Fleet, startFleet } from '../../../src/sandbox/redis/fleet.ts';
import { until } from '../../../src/sandbox/redis/wait.ts';

let fleet: Fleet | undefined;

afterEach(async () => {
  await fleet?.close();
  fleet = undefined;
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a Redis fleet', () => {
  it('starts servers that answer, and leaves no process and no folder when closed', async () => {
    fleet = await startFleet();
    const servers = await Promise.all([fleet.server(), fleet.server(), fleet.server({ name: 'third' })]);
    const pids = servers.map((server) => server.pid ?? 0);

    expect(new Set(servers.map((server) => server.port)).size).toBe(3);
    for (const server of servers) expect(await server.client().ping()).toBe('PONG');
    expect((await servers[0]?.info('server'))?.['redis_mode']).toBe('standalone');
    expect(pids.every(isAlive)).toBe(true);

    await fleet.close();
    expect(pids.filter(isAlive)).toEqual([]);
    expect(existsSync(fleet.dir)).toBe(false);
    await fleet.close();
  });

  it('kills, restarts, freezes and thaws a server', async () => {
    fleet = await startFleet();
    const server = await fleet.server();
    const firstPid = server.pid;
    const firstRun = (await server.info())['run_id'];
    await server.call('SET', 'kept', 'no');

    await server.kill();
    expect(server.running).toBe(false);
    expect(server.pid).toBeUndefined();
    await expect(server.call('PING')).rejects.toThrow('ECONNREFUSED');

    await server.start();
    expect(server.pid).not.toBe(firstPid);
    expect((await server.info())['run_id']).not.toBe(firstRun);
    expect(await server.call('GET', 'kept')).toBeNull();

    server.freeze();
    await expect(server.client({ commandTimeout: 200 }).ping()).rejects.toThrow('timed out');
    server.thaw();
    expect(await server.call('PING')).toBe('PONG');

    await server.restart({ maxmemory: '123mb' });
    expect(await server.call('CONFIG', 'GET', 'maxmemory')).toEqual(['maxmemory', String(123 * 1024 * 1024)]);
  });

  it('stops even a frozen server', async () => {
    fleet = await startFleet();
    const server = await fleet.server();
    const pid = server.pid ?? 0;
    server.freeze();
    await server.stop();
    expect(isAlive(pid)).toBe(false);
  });

  it('sets passwords and settings, keeps following them, and can rewrite its config', async () => {
    fleet = await startFleet();
    const server = await fleet.server({
      requirepass: 'a "quoted" one',
      config: { maxmemory: '50mb', save: '3600 1 60 10' },
    });
    expect(await server.call('CONFIG', 'GET', 'save')).toEqual(['save', '3600 1 60 10']);
    expect(await server.client().ping()).toBe('PONG');
    await expect(server.client({ password: '' }).ping()).rejects.toThrow('NOAUTH');

    await server.config('requirepass', 'another');
    await server.config('maxmemory', '60mb');
    expect(await server.call('CONFIG', 'REWRITE')).toBe('OK');
    await server.restart();
    expect(await server.call('CONFIG', 'GET', 'maxmemory')).toEqual(['maxmemory', String(60 * 1024 * 1024)]);
  });

  it('says why a server did not start', async () => {
    fleet = await startFleet();
    await expect(fleet.server({ name: 'odd', config: { maxmemory: 'plenty' } })).rejects.toThrow(
      /odd ended while starting.*maxmemory/s,
    );
    const taken = await fleet.server();
    await expect(fleet.server({ port: taken.port })).rejects.toThrow('Address already in use');
    const broken = await startFleet({ binary: '/no/such/redis-server' });
    await expect(broken.server()).rejects.toThrow('ENOENT');
    await broken.close();
  });

  it('takes its servers along when its process is killed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fleet-owner-'));
    try {
      const owner = spawn(process.execPath, [await compileOwner(folder)], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, REDIS_SERVER: await redisServerBinary() },
      });
      const [said] = (await once(owner.stdout, 'data')) as [Buffer];
      const { pid, dir } = JSON.parse(said.toString()) as { pid: number; dir: string };
      expect(isAlive(pid)).toBe(true);

      owner.kill('SIGKILL');
      await until(() => !isAlive(pid) && !existsSync(dir), { what: 'the guard to end the server' });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** A program that starts a fleet and stays. Compiled, because it has to be a process of its own. */
async function compileOwner(folder: string): Promise<string> {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const flags =
    '--ignoreConfig --module nodenext --target es2023 --skipLibCheck --types node --rewriteRelativeImportExtensions';
  const output = ['--rootDir', join(root, 'src'), '--outDir', folder];
  await promisify(execFile)(
    join(root, 'node_modules/.bin/tsc'),
    [join(root, 'src/sandbox/redis/fleet.ts'), ...flags.split(' '), ...output],
    { cwd: root },
  );
  const program = join(folder, 'owner.js');
  await writeFile(
    program,
    `import { startFleet } from './sandbox/redis/fleet.js';
     const fleet = await startFleet();
     const server = await fleet.server();
     console.log(JSON.stringify({ pid: server.pid, dir: fleet.dir }));
     setInterval(() => {}, 1000);`,
  );
  return program;
}
