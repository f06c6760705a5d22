/**
 * What stands behind `/redis-migrate`, as a request or as the sentences that say what is wrong with it. Pure. Never
 * repeats what could be a password: what stood before an `@` stays unsaid, and so does half an address.
 */
import { nameWithoutSecrets } from '../domain/endpoint.ts';
import { GATES, type Gate } from '../domain/phase.ts';
import {
  type Canary,
  CUTOVERS,
  type Cutover,
  isMigrationId,
  type MigrationId,
  type PlanRequest,
  type ScheduleRequest,
} from '../domain/plan.ts';
import { COMMAND } from './blocks/words.ts';
import { nearest } from './did-you-mean.ts';
import { readCanary } from './parse-canary.ts';
import {
  isScheduleOption,
  nothingTyped,
  readScheduleOptions,
  SCHEDULE_OPTIONS,
  type TypedSchedule,
  wordsOf,
} from './parse-schedule.ts';
import { plainTyping, splitServers, tokens, undoSlackMarks } from './typed-text.ts';

export type Command =
  | { readonly kind: 'form' }
  /** `byGroups`: two words without `--src` and `--dst`, which is how groups of the inventory are named. */
  | { readonly kind: 'start' | 'check'; readonly request: PlanRequest; readonly byGroups: boolean }
  | { readonly kind: 'status'; readonly migration: MigrationId | null }
  /** A file into the thread. */
  | { readonly kind: 'chart' | 'csv'; readonly migration: MigrationId | null }
  | { readonly kind: 'list' | 'history' }
  | { readonly kind: 'abort' | 'rollback'; readonly migration: MigrationId }
  | { readonly kind: 'approve'; readonly migration: MigrationId; readonly gate: Gate }
  | { readonly kind: 'help'; readonly topic: string | null }
  | Refused;

export interface Refused {
  readonly kind: 'refused';
  readonly problems: readonly string[];
}

const LATER = ['verify'];
const WORDS = ['start', 'check', 'status', 'list', 'history', 'abort', 'rollback', 'approve', 'help', ...LATER];
const STATUS_OPTIONS: Readonly<Record<string, 'chart' | 'csv'>> = { '--chart': 'chart', '--csv': 'csv' };
const OPTIONS = [
  '--src',
  '--dst',
  '--name',
  '--cutover',
  '--canary',
  '--soak',
  '--reason',
  '--yes-wipe',
  ...SCHEDULE_OPTIONS,
  '--auto-switch',
];
const EXAMPLE = `\`${COMMAND} start --src old-1:6379 old-2:6379 --dst new-1:6379 new-2:6379\``;

export function parseCommand(text: string): Command {
  const split = tokens(plainTyping(undoSlackMarks(text)));
  if (!split.ok) return refused(split.problem);
  const [word, ...rest] = split.tokens;
  if (word === undefined) return { kind: 'form' };

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
      if (more.length > 0) return refused('`status` takes one of `--chart` and `--csv` at a time.');
      const ids = rest.filter((one) => STATUS_OPTIONS[one.toLowerCase()] === undefined);
      if (ids.length === 0) return { kind, migration: null };
      const odd = ids.find((one) => one.startsWith('-'));
      if (odd !== undefined) return refused(unknownOption(odd, Object.keys(STATUS_OPTIONS)));
      return withMigration(word, ids, (migration) => ({ kind, migration }));
    }
    case 'list':
    case 'history':
      return rest.length === 0
        ? { kind: word.toLowerCase() as 'list' | 'history' }
        : refused(`\`${word.toLowerCase()}\` takes nothing behind it.`);
    case 'abort':
      return withMigration(word, rest, (migration) => ({ kind: 'abort', migration }));
    case 'rollback':
      return withMigration(word, rest, (migration) => ({ kind: 'rollback', migration }));
    case 'approve':
      return parseApprove(rest);
    case 'help':
      return { kind: 'help', topic: rest[0]?.toLowerCase() ?? null };
    default:
      return LATER.includes(word.toLowerCase())
        ? refused(`\`${word.toLowerCase()}\` comes in a later version of this bot. Nothing was done.`)
        : unknownWord(word);
  }
}

function parseApprove(rest: readonly string[]): Command {
  const [id, gateWord, ...more] = rest;
  const usage = `Say which migration and which gate: \`${COMMAND} approve m-7k3q switch\`. The gates are ${GATES.join(', ')}.`;
  if (id === undefined || gateWord === undefined || more.length > 0) return refused(usage);
  const gate = GATES.find((known) => known === gateWord.toLowerCase());
  if (gate === undefined) {
    const near = nearest(gateWord, GATES);
    return refused(
      `There is no gate ${named(gateWord, 'of that name')}.${near ? ` Did you mean \`${near}\`?` : ''} The gates are ${GATES.join(', ')}.`,
    );
  }
  return withMigration('approve', [id], (migration) => ({ kind: 'approve', migration, gate }));
}

function withMigration(word: string, rest: readonly string[], make: (id: MigrationId) => Command): Command {
  const [typed, ...more] = rest;
  const hint = `An id looks like \`m-7k3q\`; \`${COMMAND} list\` shows those that are running.`;
  if (typed === undefined) return refused(`Say which migration: \`${COMMAND} ${word.toLowerCase()} m-7k3q\`. ${hint}`);
  if (more.length > 0) return refused(`\`${word.toLowerCase()}\` takes one migration at a time. ${hint}`);
  const id = typed.toLowerCase();
  if (isMigrationId(id)) return make(id);
  if (isMigrationId(`m-${id}`)) return make(`m-${id}`);
  return refused(`${named(typed, 'That')} is not the id of a migration. ${hint}`);
}

type ParsedRequest =
  | { readonly ok: true; readonly request: PlanRequest; readonly byGroups: boolean }
  | { readonly ok: false; readonly problems: readonly string[] };

interface Collected {
  readonly plain: string[];
  readonly sources: string[];
  readonly destinations: string[];
  readonly problems: string[];
  name?: string;
  cutover?: Cutover;
  reason?: string;
  /** As they were typed. */
  readonly canary: string[];
  readonly soak: string[];
  readonly schedule: TypedSchedule;
  yesWipe: boolean;
}

function parseRequest(word: string, rest: readonly string[]): ParsedRequest {
  const found: Collected = {
    plain: [],
    sources: [],
    destinations: [],
    problems: [],
    canary: [],
    soak: [],
    schedule: nothingTyped(),
    yesWipe: false,
  };
  let target = found.plain;
  for (let place = 0; place < rest.length; place++) {
    const token = rest[place] ?? '';
    if (!/^-+[A-Za-z]/.test(token)) {
      target.push(token);
      continue;
    }
    const equals = token.indexOf('=');
    const option = (equals < 0 ? token : token.slice(0, equals)).toLowerCase();
    const attached = equals < 0 ? undefined : token.slice(equals + 1);
    target = found.plain;
    if (isScheduleOption(option)) {
      const behind = rest.slice(place + 1);
      const words = attached === undefined ? wordsOf(option, behind) : 0;
      found.schedule[option].push(attached ?? behind.slice(0, words).join(' '));
      place += words;
      continue;
    }
    switch (option) {
      case '--src':
      case '--dst':
        target = option === '--src' ? found.sources : found.destinations;
        if (attached !== undefined) target.push(attached);
        break;
      case '--yes-wipe':
        found.yesWipe = true;
        if (attached !== undefined) found.problems.push('`--yes-wipe` takes no value.');
        break;
      case '--auto-switch':
        found.schedule.autoSwitch = true;
        if (attached !== undefined) found.problems.push('`--auto-switch` takes no value.');
        break;
      case '--name':
      case '--cutover':
      case '--reason':
      case '--canary':
      case '--soak': {
        const value = attached ?? ((rest[place + 1] ?? '--').startsWith('--') ? undefined : rest[++place]);
        if (option === '--canary') found.canary.push(value ?? '');
        else if (option === '--soak') found.soak.push(value ?? '');
        else takeValue(found, option, value);
        break;
      }
      default:
        found.problems.push(unknownOption(option));
        // Its values belong to nobody; they may be anything, so they are not talked about.
        target = [];
    }
  }
  const asked = readCanary(found.canary, found.soak);
  const timed = readScheduleOptions(found.schedule);
  found.problems.push(...asked.problems, ...timed.problems);
  return judgeRequest(word, found, { canary: asked.canary, schedule: timed.schedule });
}

type TextOption = '--name' | '--cutover' | '--reason';

const NEEDS = {
  '--name': 'a text, in quotes when it has spaces',
  '--reason': 'a few words in quotes, or the address of a ticket',
  '--cutover': CUTOVERS.join(' or '),
} satisfies Record<TextOption, string>;

function takeValue(found: Collected, option: TextOption, value: string | undefined): void {
  if (value === undefined || value === '') {
    found.problems.push(`\`${option}\` needs ${NEEDS[option]}.`);
    return;
  }
  const before = { '--name': found.name, '--reason': found.reason, '--cutover': found.cutover };
  if (before[option] !== undefined) {
    found.problems.push(`\`${option}\` is there twice.`);
    return;
  }
  if (option === '--name') {
    found.name = value;
    return;
  }
  if (option === '--reason') {
    found.reason = value;
    return;
  }
  const cutover = CUTOVERS.find((known) => known === value.toLowerCase());
  if (cutover !== undefined) {
    found.cutover = cutover;
    return;
  }
  const near = nearest(value, CUTOVERS);
  found.problems.push(
    `\`--cutover\` is ${CUTOVERS.join(' or ')}, not ${named(value, 'that')}.${near ? ` Did you mean \`${near}\`?` : ''}`,
  );
}

interface Extras {
  readonly canary: Canary | null;
  readonly schedule: ScheduleRequest | null;
}

function judgeRequest(word: string, found: Collected, { canary, schedule }: Extras): ParsedRequest {
  const problems = [...found.problems];
  let sources = splitServers(found.sources);
  let destinations = splitServers(found.destinations);
  const plain = splitServers(found.plain);
  const everything = [...sources, ...destinations, ...plain];
  const cut = halfAnAddress(everything);

  if (cut) problems.push(cut);
  else if (sources.length === 0 && destinations.length === 0 && plain.length === 2) {
    sources = plain.slice(0, 1);
    destinations = plain.slice(1);
  } else if (problems.length === 0 && everything.length === 0) {
    problems.push(
      `\`${word}\` needs to know from where to where: ${EXAMPLE.replace(' start ', ` ${word} `)}, or two groups of the inventory: \`${COMMAND} ${word} orders-old orders-new\`.`,
    );
  } else if (plain.length > 0 && sources.length + destinations.length > 0) {
    problems.push(
      `It is not clear where ${quoted(plain[0])} belongs. Put \`--src\` before the old servers, \`--dst\` before the new ones, and quotes around a name with spaces.`,
    );
  } else if (plain.length > 0) {
    problems.push(
      `Without \`--src\` and \`--dst\` there must be exactly two names, the old group and the new one; there ${plain.length === 1 ? 'is 1' : `are ${plain.length}`}. For single servers write ${EXAMPLE.replace(' start ', ` ${word} `)}.`,
    );
  } else if (problems.length === 0 && sources.length === 0)
    problems.push('The old servers are missing: put them behind `--src`.');
  else if (problems.length === 0 && destinations.length === 0)
    problems.push('The new servers are missing: put them behind `--dst`.');

  if (problems.length > 0) return { ok: false, problems };
  const request: PlanRequest = {
    sources,
    destinations,
    yesWipe: found.yesWipe,
    ...(found.name === undefined ? {} : { name: found.name }),
    ...(found.cutover === undefined ? {} : { cutover: found.cutover }),
    ...(canary === null ? {} : { canary }),
    ...(found.reason === undefined ? {} : { reason: found.reason }),
    ...(schedule === null ? {} : { schedule }),
  };
  return { ok: true, request, byGroups: plain.length > 0 };
}

/**
 * Whether an address was cut in two by a space, or ends before its `@host`: the half that is left would be a password
 * or a part of one, and must not be repeated by anybody who complains about it.
 */
export function halfAnAddress(servers: readonly string[]): string | null {
  const half = servers.some((server, place) => {
    if (!/^rediss?:\/\//i.test(server) || server.includes('@')) return false;
    const next = servers[place + 1];
    if (next?.includes('@') && !/^rediss?:\/\//i.test(next)) return true;
    return /^rediss?:\/\/(?!\[)[^/]*:(?!\d*(?:[/?#].*)?$)/i.test(server);
  });
  if (!half) return null;
  return 'One address seems to be cut in two, or has something behind its last colon that is not a port. It is not repeated here because it may be a password. Keep passwords out of Slack: name them in the inventory as `env:NAME` or `file:PATH`.';
}

/** The word as it was typed, where it looks like one of ours or like an id; anything else may be half a password. */
function named(word: string, otherwise: string): string {
  return /^([a-z-]{1,20}|m-[a-z0-9]{1,8})$/i.test(word) ? `\`${word}\`` : otherwise;
}

function unknownOption(option: string, options: readonly string[] = OPTIONS): string {
  const near = nearest(option.replace(/^-+/, '--'), options);
  return `There is no option \`${nameWithoutSecrets(option).replaceAll('`', '').slice(0, 30)}\`.${near ? ` Did you mean \`${near}\`?` : ` There are ${options.map((known) => `\`${known}\``).join(', ')}.`}`;
}

function unknownWord(word: string): Refused {
  const near = nearest(word, WORDS);
  const said = /^[a-z-]{1,20}$/i.test(word)
    ? `\`${word}\` is not one of this bot's words.`
    : 'This bot does not know that word.';
  return refused(`${said}${near ? ` Did you mean \`${COMMAND} ${near}\`?` : ` \`${COMMAND} help\` shows them.`}`);
}

export function quoted(token: string | undefined): string {
  return `"${nameWithoutSecrets(token ?? '').replaceAll('`', '')}"`;
}

function refused(...problems: string[]): Refused {
  return { kind: 'refused', problems };
}
