import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deb822Of, sourcesOfDeb822, sourcesOfList } from '../../../scripts/lib/debian-sources.mjs';
import type { OtherServers } from '../../../scripts/lib/other-servers.mjs';
import { until } from '../../../src/sandbox/redis/wait.ts';
import { type Archive, type FakeApt, makeFakeApt } from './fake-apt.ts';

const script = fileURLToPath(new URL('../../../scripts/lib/other-servers.mjs', import.meta.url));
const LIBC = { libc6: '2' };
const REDIS = (version: string) => ({ 'redis-server': version, 'redis-tools': version, ...LIBC });
const VALKEY = (version: string) => ({ 'valkey-server': version, 'valkey-tools': version, ...LIBC });
const ALL: Archive = {
  bullseye: REDIS('6.0.16'),
  bookworm: REDIS('7.0.15'),
  trixie: { ...REDIS('8.0.2'), ...VALKEY('8.1.1') },
  sid: VALKEY('9.1.2'),
};

let folder: string;
let apt: FakeApt;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'other-servers-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Found extends OtherServers {
  readonly lines: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
}

function environment(path: string): Record<string, string> {
  return { PATH: path, HOME: folder, XDG_CACHE_HOME: join(folder, 'cache') };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function find(path = apt.path): Promise<Found> {
  const env = environment(path);
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [script], { env }, (error, stdout, stderr) => {
      if (error) {
        reject(new Error(stderr, { cause: error }));
        return;
      }
      const servers = JSON.parse(stdout) as OtherServers;
      const versions = Object.fromEntries(servers.found.map(({ name, version }) => [name, version]));
      resolve({ ...servers, versions, lines: stderr.split('\n').filter((line) => line.includes('is skipped')) });
    });
  });
}

/** What is in the cache, without the machine's name. */
async function cache(): Promise<string[]> {
  const names = await readdir(join(folder, 'cache/redis-migrate'));
  return names.map((name) => name.replace(`-${process.platform}-${process.arch}`, '')).toSorted();
}

describe.skipIf(process.platform !== 'linux')('fetching the other servers', () => {
  beforeEach(async () => {
    apt = await makeFakeApt(folder);
    await apt.publish(ALL);
  });

  it('takes each from its suite, downloads the lists of a suite once, and keeps what it got', async () => {
    const first = await find();
    expect(first.versions).toEqual({
      'redis 6.0': '6.0.16',
      'redis 7.0': '7.0.15',
      'redis 8.0': '8.0.2',
      'valkey 8': '8.1.1',
      'valkey 9': '9.1.2',
    });
    const calls = await apt.calls();
    expect(calls.filter((call) => call.startsWith('update')).toSorted()).toEqual([
      'update bookworm',
      'update bullseye',
      'update sid',
      'update trixie',
    ]);
    const kept = ['redis-server-6.0', 'redis-server-7.0', 'redis-server-8.0', 'valkey-server-8', 'valkey-server-9'];
    expect(await cache()).toEqual(kept);
    expect((await find()).found).toEqual(first.found);
    expect(await apt.calls()).toEqual(calls);
  });

  it('says of each that can not be had why, takes another place where there is one, and tries again next time', async () => {
    await apt.publish({
      bookworm: REDIS('7.0.15'),
      'bookworm-backports': VALKEY('8.0.1'),
      trixie: REDIS('broken'),
      sid: VALKEY('10.0.0'),
    });
    const found = await find();
    expect(found.versions).toEqual({ 'redis 7.0': '7.0.15', 'valkey 8': '8.0.1' });
    expect(found.lines).toEqual([
      "redis 6.0 is skipped: this machine's Debian source has no suite bullseye (bullseye).",
      'redis 8.0 is skipped: the unpacked redis-server does not start (trixie).',
      'valkey 9 is skipped: valkey 10.0.0 was found in its place (sid).',
    ]);
    expect(await cache()).toEqual(['redis-server-7.0', 'valkey-server-8']);

    await apt.publish(ALL);
    expect((await find()).lines).toEqual([]);
  });

  it('fetches one again that does not run any more', async () => {
    const before = await find();
    await writeFile(before.found[0]?.binary ?? '', '#!/bin/sh\nexit 127\n');
    expect((await find()).versions).toEqual(before.versions);
    expect((await apt.calls()).filter((call) => call === 'update bullseye').length).toBe(2);
  });

  it('does not mind another run at the same time', async () => {
    const [one, other] = await Promise.all([find(), find()]);
    expect(one.found).toEqual(other.found);
    expect(one.found.length).toBe(5);
    expect((await cache()).length).toBe(5);
  });

  it('goes on without a network, and leaves nothing behind', async () => {
    await apt.publish('offline');
    const found = await find();
    expect(found.found).toEqual([]);
    expect(found.lines[0]).toBe('redis 6.0 is skipped: the lists of bullseye could not be downloaded (bullseye).');
    expect(await cache()).toEqual([]);
  });

  it('leaves nothing behind, no process and no folder, when it is told to end', async () => {
    await apt.publish('silent');
    const running = spawn(process.execPath, [script], { env: environment(apt.path), stdio: 'ignore' });
    await until(async () => (await apt.calls()).some((call) => call.startsWith('pid ')), { what: 'apt to be called' });
    const pids = (await apt.calls()).flatMap((call) => (call.startsWith('pid ') ? [Number(call.slice(4))] : []));
    running.kill('SIGTERM');
    expect(await once(running, 'exit')).toEqual([143, null]);
    await until(() => !pids.some(isAlive), { what: 'the end of apt' });
    expect(await cache()).toEqual([]);
  });

  it('does not ask a source that is not Debian', async () => {
    const elsewhere = await makeFakeApt(
      join(folder, 'ubuntu'),
      'Types: deb\nURIs: http://mirror.test/ubuntu\nSuites: noble\nComponents: main\n',
    );
    expect((await find(elsewhere.path)).lines[0]).toContain("this machine's packages don't come from Debian");
    expect(await elsewhere.calls()).toEqual([]);
    expect((await find('/no/such/folder')).lines[0]).toContain('there is no apt-get here to fetch it with');
  });
});

describe("the machine's own sources", () => {
  it('are read in both forms, with the keys that they are checked with', () => {
    const deb822 = `# comment
Types: deb deb-src
# http://old.test/debian
URIs: http://a.test/debian http://b.test/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: http://security.test/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.test/debian
Suites: trixie
Components: main

Types: deb
URIs: http://vendor.test/node
Suites: nodistro
Components: main
`;
    const key = '\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n -----END PGP PUBLIC KEY BLOCK-----';
    const both = ['http://a.test/debian', 'http://b.test/debian'];
    expect(sourcesOfDeb822(deb822)).toEqual(both.map((uri) => ({ uri, signedBy: key, trusted: false })));

    const list = `# deb http://off.test/debian bookworm main
deb-src http://off.test/debian bookworm main
deb http://c.test/debian bookworm main contrib # ours
deb [ arch=amd64 signed-by=/keys.gpg trusted=yes ] http://d.test/debian/ stable main
deb http://docker.test/linux/debian bookworm stable
deb http://flat.test/debian ./
`;
    expect(sourcesOfList(list)).toEqual([
      { uri: 'http://c.test/debian', signedBy: undefined, trusted: false },
      { uri: 'http://d.test/debian/', signedBy: '/keys.gpg', trusted: true },
    ]);
  });

  it('become the list of another suite, with the same keys', () => {
    expect(deb822Of({ uri: 'http://a.test/debian', signedBy: '/keys.gpg', trusted: false }, ['sid'])).toBe(
      'Types: deb\nURIs: http://a.test/debian\nSuites: sid\nComponents: main\nSigned-By: /keys.gpg\n',
    );
    expect(deb822Of({ uri: 'http://a.test/debian', signedBy: undefined, trusted: true }, ['sid'])).toContain(
      'Trusted: yes\n',
    );
  });
});
