#!/usr/bin/env node
/**
 * Adds to package-lock.json the optional packages for other platforms that npm left out, because the registry in use did
 * not serve them: `npm ci` refuses a lock file in which one is missing, on every platform. Run it after `npm install`;
 * where nothing is missing it changes nothing. The version is the exact one that the parent asks for; there is no
 * checksum, as nobody has seen the package. With `--check` it only says what is missing, with exit code 1.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const check = process.argv.includes('--check');
const file =
  process.argv.find((arg) => arg.endsWith('.json')) ?? fileURLToPath(new URL('../package-lock.json', import.meta.url));
const OS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const CPU = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

/** What a package for one platform says of itself, read from its name; null when the name does not tell. */
function platformOf(name) {
  const words = name.split(/[-/]/);
  const os = OS.find((one) => words.includes(one));
  const cpu = CPU.find((one) => words.includes(one));
  if (os === undefined || cpu === undefined) return null;
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc';
  return { os: [os], cpu: [cpu], libc: os === 'linux' ? [libc] : null };
}

function isLocked(packages, parent, name) {
  for (
    let folder = parent;
    folder !== '';
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))
  ) {
    if (packages[join(folder, 'node_modules', name)]) return true;
  }
  return packages[join('node_modules', name)] !== undefined;
}

const lock = JSON.parse(await readFile(file, 'utf8'));
const added = [];
for (const [parent, info] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(info.optionalDependencies ?? {})) {
    if (isLocked(lock.packages, parent, name)) continue;
    const platform = platformOf(name);
    if (platform === null || !/^\d+\.\d+\.\d+[\w.-]*$/.test(version)) {
      process.stderr.write(`${name}@${version} is missing and its name does not tell its platform.\n`);
      process.exitCode = 1;
      continue;
    }
    // In npm's own order, so that the next npm install leaves it as it is.
    const { os, cpu, libc } = platform;
    lock.packages[join('node_modules', name)] = {
      version,
      cpu,
      ...(info.dev ? { dev: true } : {}),
      ...(libc ? { libc } : {}),
      optional: true,
      os,
    };
    added.push(`${name}@${version}`);
  }
}

if (added.length > 0 && check) {
  process.stderr.write(
    `package-lock.json lacks ${added.length} packages for other platforms: run node scripts/complete-lock.mjs\n`,
  );
  process.exitCode = 1;
} else if (added.length > 0) {
  const packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  await writeFile(file, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`);
}
process.stdout.write(`${added.length} packages ${check ? 'missing' : 'added'}\n`);
