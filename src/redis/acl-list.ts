/**
 * ACL LIST, as Redis 6.0 answers it: `user NAME on #hash ~* +@all -@dangerous -debug`, a line a user. Words about
 * categories come first and in their own order. Those about single commands follow in the order of a hash table, which
 * may change from one answer to the next (seen on 6.0.16): each names another command, so their order says nothing.
 */
import type { AclUser } from '../domain/event.ts';
import { type Answer, answerText } from './resp.ts';

/** Each user's name, and the words about commands alone, in the order that gives the same rights again. */
export function usersFrom(list: Answer | undefined): AclUser[] {
  return linesOf(list).map((line) => {
    const [, name = '', ...words] = line.split(' ');
    return { name, words: words.filter((word) => /^[+-]/.test(word)) };
  });
}

/** Whether the words of two answers give the same rights. */
export function isSameRights(one: readonly string[], other: readonly string[]): boolean {
  return inOrder(one) === inOrder(other);
}

/** Whether two answers tell of the same users with the same rights, passwords and keys. */
export function isSameList(one: Answer | undefined, other: Answer | undefined): boolean {
  const all = (list: Answer | undefined) =>
    linesOf(list).map((line) => {
      // A name may begin like a word about a command.
      const [, name, ...words] = line.split(' ');
      return [name, inOrder(words)];
    });
  return JSON.stringify(all(one)) === JSON.stringify(all(other));
}

/** Words about single commands last, and sorted. */
function inOrder(words: readonly string[]): string {
  const isSingle = (word: string) => /^[+-][^@]/.test(word);
  return [...words.filter((word) => !isSingle(word)), ...words.filter(isSingle).toSorted()].join(' ');
}

function linesOf(list: Answer | undefined): string[] {
  return list?.kind === 'list' ? list.items.map(answerText) : [];
}
