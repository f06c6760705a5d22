/** `npm ci` refuses a lock file that lacks a package for somebody else's platform; scripts/complete-lock.mjs mends that. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const script = join(import.meta.dirname, '../../scripts/complete-lock.mjs');
let folder = '';
const file = () => join(folder, 'package-lock.json');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'redis-migrate-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function complete(packages: object, ...args: string[]) {
  writeFileSync(file(), JSON.stringify({ lockfileVersion: 3, packages }));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, file(), ...args], { encoding: 'utf8' });
  const after = JSON.parse(readFileSync(file(), 'utf8')) as { packages: Record<string, unknown> };
  return { status, output: stdout + stderr, packages: after.packages };
}

const parent = (...names: string[]) => ({
  dev: true,
  optionalDependencies: Object.fromEntries(names.map((name) => [name, '1.2.3'])),
});

test('adds what is missing, for its platform only, so that npm does not try to install it here', () => {
  const { packages } = complete({ 'node_modules/tool': parent('@tool/linux-x64-musl', '@tool/darwin-arm64') });
  expect(packages['node_modules/@tool/linux-x64-musl']).toEqual({
    version: '1.2.3',
    cpu: ['x64'],
    dev: true,
    libc: ['musl'],
    optional: true,
    os: ['linux'],
  });
  expect(packages['node_modules/@tool/darwin-arm64']).toMatchObject({ os: ['darwin'], cpu: ['arm64'] });
});

test('leaves a complete lock file alone, also where the package lies deeper', () => {
  const complete3 = {
    'node_modules/tool': parent('@tool/linux-x64-gnu'),
    'node_modules/tool/node_modules/@tool/linux-x64-gnu': { version: '1.2.3' },
  };
  const { status, output, packages } = complete(complete3, '--check');
  expect([status, output]).toEqual([0, '0 packages missing\n']);
  expect(packages).toEqual(complete3);
});

test('--check changes nothing and says what to run', () => {
  const lacking = { 'node_modules/tool': parent('@tool/win32-x64') };
  const { status, output, packages } = complete(lacking, '--check');
  expect(status).toBe(1);
  expect(output).toContain('node scripts/complete-lock.mjs');
  expect(packages).toEqual(lacking);
});

test('does not guess a platform that the name does not tell', () => {
  const { status, output } = complete({ 'node_modules/tool': parent('fast-thing') });
  expect(status).toBe(1);
  expect(output).toContain('fast-thing@1.2.3');
});
