/**
 * What stands behind `/redis-migrate`, as a request or as the sentences that say what is wrong with it. Pure. Never
 * repeats what could be a password: what stood before an `@` stays unsaid, and so does half an address.
 */
import { GATES, type Gate } from '../domain/phase.ts';
import { isMigrationId, type MigrationId, type PlanRequest } from '../domain/plan.ts';
import { FIND_CHARACTERS } from './blocks/looking.ts';
import { nearestId, COMMAND_WORDS as SAY } from './command-words.ts';
import { parseRequest } from './parse-request.ts';
import { plainTyping, tokens, undoPeople, undoSlackMarks } from './typed-text.ts';

export type Command =
  | { readonly kind: 'form' }
  /** `byGroups`: two words without `--src` and `--dst`, which is how groups of the inventory are named. */
  | { readonly kind: 'start' | 'check'; readonly request: PlanRequest; readonly byGroups: boolean }
  | { readonly kind: 'status'; readonly migration: MigrationId | null }
  /** How they are doing, in a line each; null: all that run. */
  | { readonly kind: 'sup'; readonly migration: MigrationId | null }
  /** A file into the thread. */
  | { readonly kind: 'chart' | 'csv'; readonly migration: MigrationId | null }
  | { readonly kind: 'list' }
  | { readonly kind: 'history'; readonly words: string }
  | { readonly kind: 'abort' | 'rollback'; readonly migration: MigrationId }
  | { readonly kind: 'approve'; readonly migration: MigrationId; readonly gate: Gate }
  | { readonly kind: 'help'; readonly topic: string | null }
  | Refused;

export interface Refused {
  readonly kind: 'refused';
  readonly problems: readonly string[];
}

const LATER = ['verify'];
const HELP = ['help', '--help', '-h', '?'];
const WORDS = ['start', 'check', 'status', 'sup', 'list', 'history', 'abort', 'rollback', 'approve', 'help', ...LATER];
const STATUS_OPTIONS: Readonly<Record<string, 'chart' | 'csv'>> = { '--chart': 'chart', '--csv': 'csv' };
/** Asked only when an id is mistyped: which of those that run it may have meant. */
type Running = () => readonly MigrationId[];

export function parseCommand(text: string, running: Running = () => []): Command {
  const split = tokens(plainTyping(undoSlackMarks(text)));
  if (!split.ok) return refused(split.problem);
  const [word, ...rest] = split.tokens;
  if (word === undefined) return { kind: 'form' };
  if (HELP.includes(word.toLowerCase())) return { kind: 'help', topic: rest[0]?.toLowerCase() ?? null };
  // `abort --help` must never be taken for anything else.
  if (WORDS.includes(word.toLowerCase()) && rest.some((one) => HELP.includes(one)))
    return { kind: 'help', topic: word.toLowerCase() };

  switch (word.toLowerCase()) {
    case 'start':
    case 'check': {
      const request = parseRequest(word.toLowerCase(), rest);
      return request.ok
        ? { kind: word.toLowerCase() as 'start' | 'check', request: request.request, byGroups: request.byGroups }
        : refused(...request.problems);
    }
    case 'status': {
      const kinds = rest.flatMap((one) => STATUS_OPTIONS[one.toLowerCase()] ?? []);
      const [kind = 'status', ...more] = kinds;
      if (more.length > 0) return refused(SAY.oneFile);
      const ids = rest.filter((one) => STATUS_OPTIONS[one.toLowerCase()] === undefined);
      if (ids.length === 0) return { kind, migration: null };
      const odd = ids.find((one) => one.startsWith('-'));
      if (odd !== undefined) return refused(SAY.unknownOption(odd, Object.keys(STATUS_OPTIONS)));
      return withMigration(word, ids, running, (migration) => ({ kind, migration }));
    }
    case 'sup': {
      if (rest.length === 0) return { kind: 'sup', migration: null };
      return withMigration(word, rest, running, (migration) => ({ kind: 'sup', migration }));
    }
    case 'list':
      return rest.length === 0 ? { kind: 'list' } : refused(SAY.nothingBehind('list'));
    case 'history':
      return { kind: 'history', words: undoPeople(rest.join(' ')).slice(0, FIND_CHARACTERS) };
    case 'abort':
      return withMigration(word, rest, running, (migration) => ({ kind: 'abort', migration }));
    case 'rollback':
      return withMigration(word, rest, running, (migration) => ({ kind: 'rollback', migration }));
    case 'approve':
      return parseApprove(rest, running);
    default:
      return refused(LATER.includes(word.toLowerCase()) ? SAY.later(word.toLowerCase()) : SAY.unknownWord(word, WORDS));
  }
}

function parseApprove(rest: readonly string[], running: Running): Command {
  const [id, gateWord, ...more] = rest;
  if (id === undefined || gateWord === undefined || more.length > 0) return refused(SAY.approveHow);
  const gate = GATES.find((known) => known === gateWord.toLowerCase());
  if (gate === undefined) return refused(SAY.unknownGate(gateWord));
  return withMigration('approve', [id], running, (migration) => ({ kind: 'approve', migration, gate }));
}

function withMigration(
  word: string,
  rest: readonly string[],
  running: Running,
  make: (id: MigrationId) => Command,
): Command {
  const [typed, ...more] = rest;
  if (typed === undefined) return refused(SAY.whichMigration(word.toLowerCase()));
  if (more.length > 0) return refused(SAY.oneMigration(word.toLowerCase()));
  const id = typed.toLowerCase();
  if (isMigrationId(id)) return make(id);
  if (isMigrationId(`m-${id}`)) return make(`m-${id}`);
  return refused(SAY.noId(typed, nearestId(typed, running())));
}

function refused(...problems: string[]): Refused {
  return { kind: 'refused', problems };
}
