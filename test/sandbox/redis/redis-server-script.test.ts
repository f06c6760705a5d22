import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../../scripts/lib/redis-server.mjs', import.meta.url));
let folder: string;
let path: string;
let cached: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'find-redis-'));
  path = join(folder, 'path');
  cached = join(folder, 'cache/redis-migrate', `redis-server-${process.platform}-${process.arch}`);
  await mkdir(path);
  // The stand-ins below are shell scripts; nothing that could install anything is on this PATH.
  await symlink('/bin/sh', join(path, 'sh'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A redis-server that does nothing but say its version. */
async function standIn(file: string, version: string): Promise<string> {
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `#!/bin/sh\necho "Redis server v=${version} sha=00000000:0 malloc=libc bits=64"\n`);
  await chmod(file, 0o755);
  return file;
}

function find(extra: Record<string, string> = {}): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { PATH: path, HOME: folder, XDG_CACHE_HOME: join(folder, 'cache'), ...extra };
  return new Promise((resolve) => {
    execFile(process.execPath, [script], { env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout: stdout.trim(), stderr });
    });
  });
}

describe('finding a redis-server', () => {
  it('takes the one that REDIS_SERVER names, before all others', async () => {
    await standIn(join(path, 'redis-server'), '7.0.15');
    const named = await standIn(join(folder, 'mine'), '5.0.14');
    expect(await find({ REDIS_SERVER: named })).toMatchObject({ code: 0, stdout: named });
    expect(await find({ REDIS_SERVER: join(folder, 'nothing') })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining("can't be run"),
    });
  });

  it('takes the one on PATH, unless it is too old for the proof', async () => {
    const onPath = await standIn(join(path, 'redis-server'), '6.2.0');
    expect(await find()).toMatchObject({ code: 0, stdout: onPath, stderr: '' });
    await standIn(onPath, '6.0.16');
    const inCache = await standIn(join(cached, 'redis-server'), '7.0.15');
    expect(await find()).toMatchObject({
      code: 0,
      stdout: inCache,
      stderr: expect.stringContaining('6.0.16, older than 6.2'),
    });
  });

  it('throws away a cached one that does not run any more, and says in one sentence how to get another', async () => {
    await mkdir(cached, { recursive: true });
    await writeFile(join(cached, 'redis-server'), '#!/bin/sh\nexit 127\n', { mode: 0o755 });
    const found = await find();
    expect(found.code).toBe(1);
    expect(found.stdout).toBe('');
    expect(found.stderr).toMatch(/^No redis-server was found\. .*brew install redis.*REDIS_SERVER.*\n$/);
    expect(existsSync(cached)).toBe(false);
  });
});
