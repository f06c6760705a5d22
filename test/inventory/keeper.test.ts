import { expect, it } from 'vitest';
import { parseAllowedHosts } from '../../src/domain/allowed-hosts.ts';
import { Secret } from '../../src/domain/secret.ts';
import { openInventory } from '../../src/inventory/keeper.ts';
import { type Log, noLog } from '../../src/log.ts';

/** A keeper on a file that the test writes, and what it logged. */
function keep(path: string | null, text: string) {
  const file = { text };
  const logged: unknown[][] = [];
  const log: Log = {
    ...noLog,
    info: (fields, message) => void logged.push(['info', message, fields]),
    warn: (fields, message) => void logged.push(['warn', message, fields]),
  };
  const allowed = parseAllowedHosts('*');
  if (!allowed.ok) throw new Error('bad list');
  const opened = openInventory({
    path,
    log,
    allowed: allowed.allowed,
    vault: { resolve: () => new Secret('a-planted-password'), readPem: () => '' },
    readFile() {
      if (file.text === 'gone') throw Object.assign(new Error('x'), { code: 'ENOENT' });
      return file.text;
    },
  });
  if (!opened.ok) throw new Error(opened.problems.join('\n'));
  return { keeper: opened.keeper, file, logged };
}

it('a good file takes the place of the old one', () => {
  const { keeper, file, logged } = keep('/inventory.yml', 'groups: {a: [{url: "h"}]}');
  expect([keeper.current.names(), logged]).toEqual([['a'], []]);
  file.text = 'groups: {b: [{url: "h"}, {url: "i", user: ana}], c: [{url: "H:6379"}]}';
  keeper.reload();
  expect(keeper.current.names()).toEqual(['b', 'c']);
  expect(keeper.current.find('i', 6379)?.user).toBe('ana');
  expect(logged).toEqual([['info', 'The inventory was read again', { groups: 2, servers: 2 }]]);
});

it('a wrong file is told by one warning a sentence, and the old one stays', () => {
  const { keeper, file, logged } = keep('/inventory.yml', 'groups: {a: [{url: "h"}]}');
  const first = keeper.current;
  file.text = 'groups: {a: [{url: "h", password: hunter2-planted}, {url: "i", passwort: x}]}';
  keeper.reload();
  file.text = 'gone';
  keeper.reload();
  expect(keeper.current).toBe(first);
  const mistake = 'The new inventory has a mistake; the old one stays';
  expect(logged).toEqual([
    ['warn', mistake, { problem: expect.stringMatching(/^Group a, server 1 \(h:6379\): password must be env:NAME/) }],
    ['warn', mistake, { problem: expect.stringMatching(/^Group a, server 2: unknown key "passwort"/) }],
    ['warn', mistake, { problem: expect.stringMatching(/^The inventory \/inventory\.yml cannot be read \(ENOENT\)/) }],
  ]);
  expect(JSON.stringify(logged)).not.toContain('hunter2');
});

it('without a file there is nothing to read, and nothing is wrong', () => {
  const { keeper, logged } = keep(null, 'gone');
  keeper.reload();
  expect(keeper.current.names()).toEqual([]);
  expect(logged).toEqual([['info', 'There is no inventory to read again: INVENTORY_FILE is not set', {}]]);
});
