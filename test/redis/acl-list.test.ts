import { expect, test } from 'vitest';
import { isSameList, isSameRights, usersFrom } from '../../src/redis/acl-list.ts';
import type { Answer } from '../../src/redis/resp.ts';

const listOf = (...lines: readonly string[]): Answer => ({
  kind: 'list',
  items: lines.map((text) => ({ kind: 'text', text })),
});

test('users, with the words about commands as they came', () => {
  const list = listOf('user default on nopass ~* +@all', 'user few on #ab12 ~a:* -@all +@read -config +config|get');
  expect(usersFrom(list)).toEqual([
    { name: 'default', words: ['+@all'] },
    { name: 'few', words: ['-@all', '+@read', '-config', '+config|get'] },
  ]);
  expect(usersFrom(undefined)).toEqual([]);
});

/** Two answers of one 6.0.16 about one user that nobody had changed: the table of commands had grown in between. */
const BEFORE = '+@all -@admin -swapdb -role -migrate -restore-asking -restore -flushdb -info -sort -flushall';
const AFTER = '+@all -@admin -role -migrate -swapdb -restore-asking -restore -flushdb -info -sort -flushall';

test('single commands in another order are the same rights', () => {
  expect(isSameRights(BEFORE.split(' '), AFTER.split(' '))).toBe(true);
  expect(isSameList(listOf(`user app on #ab12 ~* ${BEFORE}`), listOf(`user app on #ab12 ~* ${AFTER}`))).toBe(true);
});

test.for([
  ['+@all -@admin -role', '+@all -@admin'],
  ['+@all -@admin -role', '+@all -@admin +role'],
  ['+@all -@admin -role', '-@all -@admin -role'],
  ['-@all +@read -@dangerous', '-@all -@dangerous +@read'],
] as const)('%s is not %s', ([one, other]) => {
  expect(isSameRights(one.split(' '), other.split(' '))).toBe(false);
});

test.for([
  'user app off #ab12 ~* +@all',
  'user app on #ab13 ~* +@all',
  'user app on #ab12 ~a +@all',
  'user other on #ab12 ~* +@all',
  'user app on #ab12 ~* +@all -info',
])('a list that says something else: %s', (line) => {
  expect(isSameList(listOf('user app on #ab12 ~* +@all'), listOf(line))).toBe(false);
});

test('names are no words about commands', () => {
  const one = listOf('user +set on nopass ~* -@all +get');
  expect(isSameList(one, listOf('user +get on nopass ~* -@all +set'))).toBe(false);
});

test('a list with one user more is another list', () => {
  const one = 'user app on #ab12 ~* +@all';
  expect(isSameList(listOf(one), listOf(one, 'user more on nopass ~* +@all'))).toBe(false);
});
