/** The pages tell the truth where a machine can see it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PHASES } from '../../src/domain/phase.ts';

const root = join(import.meta.dirname, '../..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');
const pages = ['README.md', 'ARCHITECTURE.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)].filter(
  (name) => name.endsWith('.md'),
);

/** Names at the beginning of lines, commented out or not; without the NAME_FILE of a secret NAME. */
function variablesOfExample(): string[] {
  const names = [...read('.env.example').matchAll(/^(?:# ?)?([A-Z][A-Z0-9_]*)=/gm)].map((found) => found[1] ?? '');
  return names.filter((name) => !names.includes(name.replace(/_FILE$/, '')) || !name.endsWith('_FILE')).toSorted();
}

describe('README.md', () => {
  test('its configuration table names the variables of .env.example, each once', () => {
    const names = [...read('README.md').matchAll(/^\| `([A-Z][A-Z0-9_]*)` +\|/gm)].map((found) => found[1] ?? '');
    expect(names.toSorted()).toEqual(variablesOfExample());
  });

  test('gives the defaults that .env.example shows', () => {
    const shown = new Map(
      [...read('.env.example').matchAll(/^# ([A-Z_]+)=(\S+)$/gm)].map((found) => [found[1], found[2]]),
    );
    const rows = [...read('README.md').matchAll(/^\| `([A-Z_]+)` +\| `?([^`|]+?)`? +\|/gm)];
    const told = new Map(rows.map((found) => [found[1], found[2]]));
    for (const [name, value] of shown) expect(`${name}=${told.get(name)}`).toBe(`${name}=${value}`);
  });
});

test('ARCHITECTURE.md tells of every phase', () => {
  const text = read('ARCHITECTURE.md');
  expect(PHASES.filter((phase) => !text.includes(`\`${phase}\``))).toEqual([]);
});

test('ARCHITECTURE.md sends people to files that are there', () => {
  const files = [...read('ARCHITECTURE.md').matchAll(/`((?:src|scripts)\/[\w/.-]+)`/g)].map((found) => found[1] ?? '');
  expect(files.length).toBeGreaterThan(3);
  expect(files.filter((name) => !existsSync(join(root, name)))).toEqual([]);
});

describe('links between pages', () => {
  test.each(pages)('%s', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)].map((found) => found[1] ?? '');
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });
});
