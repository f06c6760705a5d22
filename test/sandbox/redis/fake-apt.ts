/**
 * apt-get, apt-cache, apt-config and dpkg on a PATH of their own, for a Debian that a test makes up. Its packages hold
 * shell scripts that say a version, and a loader that starts them.
 */
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Suite → package → version. `broken` is a version that doesn't start. */
export type Archive = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface FakeApt {
  readonly path: string;
  /** Changes what the mirror has. `silent`: it takes the request and never answers. */
  readonly publish: (archive: Archive | 'offline' | 'silent') => Promise<void>;
  /** Each call of apt-get so far: its command and the suites. */
  readonly calls: () => Promise<readonly string[]>;
}

export const URI = 'http://mirror.test/debian';
const SOURCES = `Types: deb\nURIs: ${URI}\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: /keys.gpg\n`;

export async function makeFakeApt(folder: string, sources = SOURCES): Promise<FakeApt> {
  const path = join(folder, 'path');
  const archiveFile = join(folder, 'archive.json');
  const callsFile = join(folder, 'calls');
  await mkdir(path, { recursive: true });
  await mkdir(join(folder, 'parts'));
  await writeFile(join(folder, 'parts/debian.sources'), sources);
  await writeFile(callsFile, '');
  for (const name of ['sh', 'dirname']) {
    await symlink(name === 'sh' ? '/bin/sh' : '/usr/bin/dirname', join(path, name));
  }
  const tools = {
    'apt-config': `console.log("list='${join(folder, 'none')}'\\nparts='${join(folder, 'parts')}/'");`,
    'apt-cache': '',
    'apt-get': aptGet(archiveFile, callsFile),
    dpkg: DPKG,
  };
  for (const [name, program] of Object.entries(tools)) {
    const file = join(path, name);
    await writeFile(file, `#!${process.execPath}\n${program}`);
    await chmod(file, 0o755);
  }
  return {
    path,
    publish: (archive) => writeFile(archiveFile, JSON.stringify(archive)),
    calls: async () => (await readFile(callsFile, 'utf8')).split('\n').filter(Boolean),
  };
}

function aptGet(archiveFile: string, callsFile: string): string {
  return `
const fs = require('node:fs');
const option = (name) => process.argv.find((word) => word.startsWith(name + '='))?.slice(name.length + 1);
const archive = JSON.parse(fs.readFileSync(${JSON.stringify(archiveFile)}, 'utf8'));
const list = fs.readFileSync(option('Dir::Etc::sourcelist'), 'utf8');
const suites = /^Suites: (.*)$/m.exec(list)[1].split(' ');
const command = process.argv.includes('update') ? 'update' : 'download';
fs.appendFileSync(${JSON.stringify(callsFile)}, command + ' ' + suites.join(' ') + '\\n');
function refuse(text) {
  console.error(text);
  process.exit(100);
}
if (archive === 'silent') {
  fs.appendFileSync(${JSON.stringify(callsFile)}, 'pid ' + process.pid + '\\n');
  setInterval(() => {}, 1_000);
} else if (command === 'update') {
  if (archive === 'offline') {
    console.error('W: Failed to fetch ${URI}/dists/' + suites[0] + '/InRelease  Could not connect');
    process.exit(0);
  }
  for (const suite of suites) {
    if (!archive[suite]) refuse("E: The repository '${URI} " + suite + " Release' does not have a Release file.");
    const start = option('Dir::State::Lists') + '/mirror.test_debian_dists_' + suite + '_';
    fs.writeFileSync(start + 'InRelease', 'Origin: Debian\\n');
    fs.writeFileSync(start + 'main_binary-amd64_Packages', '');
  }
} else {
  for (const name of process.argv.slice(process.argv.indexOf('download') + 1)) {
    const held = suites.map((suite) => archive[suite][name]).find((version) => version !== undefined);
    if (held === undefined) refuse('E: Unable to locate package ' + name);
    fs.writeFileSync(name + '.deb', JSON.stringify({ name, version: held }));
  }
}
`;
}

const DPKG = `
const fs = require('node:fs');
const path = require('node:path');
const [, deb, root] = process.argv.slice(2);
const { name, version } = JSON.parse(fs.readFileSync(deb, 'utf8'));
function write(file, text) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, '#!/bin/sh\\n' + text + '\\n', { mode: 0o755 });
}
const kind = name.startsWith('valkey') ? 'Valkey' : 'Redis';
if (name === 'libc6') write(root + '/lib/any/ld-linux-fake.so.2', '[ "$3" = --list ] && exit 0\\nshift 2\\nexec "$@"');
else if (name.endsWith('-server'))
  write(root + '/usr/bin/' + name, version === 'broken' ? 'exit 127' : 'echo "' + kind + ' server v=' + version + ' sha=0:0"');
`;
