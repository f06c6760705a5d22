/** Which version may go to which, and that docs/versions.md says so. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { pairMatrix } from '../../src/domain/pairing.ts';
import { matrixTable, TRIED, versionsPage } from './support/versions-page.ts';

const PAGE = new URL('../../docs/versions.md', import.meta.url);

it('docs/versions.md is what the tables say', () => {
  process.stdout.write(`${matrixTable().join('\n')}\n`);
  const page = versionsPage();
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(PAGE, page);
  const written = readFileSync(PAGE, 'utf8');
  expect(
    written === page,
    'docs/versions.md is out of date: UPDATE_DOCS=1 npx vitest run test/domain/versions-page.test.ts',
  ).toBe(true);
});

it('every server can be replaced by one of its own version', () => {
  for (const [place, row] of pairMatrix(TRIED).entries()) expect(row[place]?.refused).toBeNull();
});

// Tried on real servers (redis.md).
it.each([
  ['2.8.24', '9.1.2', null],
  ['2.6.17', '5.0.14', null],
  ['5.0.14', '8.0.2', null],
  ['7.0.15', '9.1.2', null],
  ['8.0.1', '9.1.2', null],
  ['2.4.18', '6.0.16', 'inline_protocol'],
  ['2.6.17', '9.1.2', 'inline_protocol'],
  ['7.4.1', '7.0.15', 'newer_to_older'],
  ['7.0.15', '6.0.16', 'newer_to_older'],
  ['4.0.14', '3.2.13', 'newer_to_older'],
  ['7.4.1', '8.0.1', 'formats_differ'],
  ['8.0.2', '9.1.2', 'formats_differ'],
])('%s → %s: %s', (source, destination, refused) => {
  const place = (version: string) => TRIED.findIndex((one) => one.version === version);
  expect(pairMatrix(TRIED)[place(source)]?.[place(destination)]?.refused).toBe(refused);
});

it('the switch is proven from 2.8 on, whether or not the source has a password', () => {
  const proven = TRIED.filter((_, row) => pairMatrix(TRIED)[row]?.[row]?.proven).map((one) => one.version);
  expect(proven).toEqual([
    '2.8.24',
    '3.2.13',
    '4.0.14',
    '5.0.14',
    '6.0.16',
    '6.2.16',
    '7.0.15',
    '7.4.1',
    '8.0.2',
    '8.0.1',
    '9.1.2',
  ]);
});
