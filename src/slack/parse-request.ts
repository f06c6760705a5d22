/** What stands behind `start` and `check`, as a request or as the sentences that say what is wrong with it. Pure. */
import { type Canary, CUTOVERS, type Cutover, type PlanRequest, type ScheduleRequest } from '../domain/plan.ts';
import { COMMAND_WORDS as WORDS } from './command-words.ts';
import { readCanary } from './parse-canary.ts';
import {
  isScheduleOption,
  nothingTyped,
  readScheduleOptions,
  SCHEDULE_OPTIONS,
  type TypedSchedule,
  wordsOf,
} from './parse-schedule.ts';
import { splitServers } from './typed-text.ts';

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

export function parseRequest(word: string, rest: readonly string[]): ParsedRequest {
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
        if (attached !== undefined) found.problems.push(WORDS.noValue(option));
        break;
      case '--auto-switch':
        found.schedule.autoSwitch = true;
        if (attached !== undefined) found.problems.push(WORDS.noValue(option));
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
        found.problems.push(WORDS.unknownOption(option, OPTIONS));
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
    found.problems.push(WORDS.needs(option, NEEDS[option]));
    return;
  }
  const before = { '--name': found.name, '--reason': found.reason, '--cutover': found.cutover };
  if (before[option] !== undefined) {
    found.problems.push(WORDS.twice(option));
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
  found.problems.push(WORDS.unknownCutover(value));
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
  // Whatever else seems wrong may be its other half.
  if (cut) return { ok: false, problems: [cut] };
  if (sources.length === 0 && destinations.length === 0 && plain.length === 2) {
    sources = plain.slice(0, 1);
    destinations = plain.slice(1);
  } else if (problems.length === 0 && everything.length === 0) {
    problems.push(WORDS.fromWhere(word));
  } else if (plain.length > 0 && sources.length + destinations.length > 0) {
    problems.push(WORDS.whereBelongs(plain[0]));
  } else if (plain.length > 0) {
    problems.push(WORDS.twoNames(word, plain.length));
  } else if (problems.length === 0 && sources.length === 0) problems.push(WORDS.noSources);
  else if (problems.length === 0 && destinations.length === 0) problems.push(WORDS.noDestinations);

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
  return half ? WORDS.halfAnAddress : null;
}
