/** A request → a plan, or every reason against it at once. Pure: knows neither network nor files. */
import { isIP } from 'node:net';
import type { AllowedHosts } from './allowed-hosts.ts';
import { canaryProblem } from './canary.ts';
import { addressOf, type Endpoint, nameWithoutSecrets, parseEndpoint } from './endpoint.ts';
import type { Cutover, MigrationId, Plan, PlanRequest, Schedule, ShardPlan } from './plan.ts';
import { type Calendar, readSchedule, type ScheduleField } from './schedule.ts';
import { listText, plural } from './words.ts';

/** What the inventory has to tell. */
export interface Groups {
  group(name: string): readonly Endpoint[] | null;
  names(): readonly string[];
  find(host: string, port: number): Endpoint | null;
}

export interface DraftContext {
  readonly groups: Groups;
  readonly allowedHosts: AllowedHosts;
  readonly allowTypedPasswords: boolean;
  readonly defaultCutover: Cutover;
  /** Encrypts a typed password. */
  readonly seal: (password: string) => string;
  /** Address → id of the unfinished migration that has it. */
  readonly taken: ReadonlyMap<string, MigrationId>;
  readonly calendar: Calendar;
}

/** What of a request a problem is about: the input of the form that shows it. */
export type DraftField = 'sources' | 'destinations' | 'name' | 'cutover' | 'canary' | 'reason' | ScheduleField;

export interface DraftProblem {
  readonly field: DraftField | null;
  readonly text: string;
}

export interface DraftFacts {
  readonly id: MigrationId;
  readonly requestedBy: string;
  readonly channel: string;
  readonly createdAt: number;
}

const MAX_SHARDS = 1000;
const MAX_NAME = 60;
/** Room for a sentence and the address of a ticket. */
export const MAX_REASON = 300;

export function draftPlan(
  request: PlanRequest,
  facts: DraftFacts,
  context: DraftContext,
): { readonly ok: true; readonly plan: Plan } | { readonly ok: false; readonly problems: readonly DraftProblem[] } {
  const problems: DraftProblem[] = [];
  const sources = endpointsOf('sources', request.sources, context, problems);
  const destinations = endpointsOf('destinations', request.destinations, context, problems);
  // Counting makes sense only once every address was understood.
  const counted = problems.length === 0;
  if (counted) problems.push(...pairProblems(sources, destinations));
  problems.push(...doubleProblems(sources, destinations), ...takenProblems(sources, destinations, context));

  const name = (request.name ?? defaultName(request)).replace(/\s+/g, ' ').trim();
  if (name.length > MAX_NAME)
    problems.push({ field: 'name', text: `The name may have at most ${MAX_NAME} characters.` });
  if (name === '') problems.push({ field: 'name', text: 'The name is empty.' });
  if (/\p{Cc}/u.test(name)) problems.push({ field: 'name', text: 'The name has control characters in it.' });
  const cutover = request.cutover ?? context.defaultCutover;
  const { canary } = request;
  if (canary && counted) pushIfAny(problems, 'canary', canaryProblem(canary, sources.length, cutover));
  const reason = (request.reason ?? '').replace(/[\s\p{Cc}]+/gu, ' ').trim();
  if (reason.length > MAX_REASON)
    problems.push({ field: 'reason', text: `The reason may have at most ${MAX_REASON} characters.` });
  const schedule = scheduleOf(request, facts.createdAt, cutover, context, problems);
  if (problems.length > 0) return { ok: false, problems };

  const shards: ShardPlan[] = sources.map((source, index) => ({
    index,
    source,
    destination: destinations[index] ?? source,
  }));
  return {
    ok: true,
    plan: {
      ...facts,
      name,
      shards,
      cutover,
      yesWipe: request.yesWipe,
      ...(canary ? { canary } : {}),
      ...(reason === '' ? {} : { reason }),
      ...(schedule ? { schedule } : {}),
    },
  };
}

function scheduleOf(
  { schedule: asked }: PlanRequest,
  now: number,
  cutover: Cutover,
  { calendar }: DraftContext,
  problems: DraftProblem[],
): Schedule | null {
  if (!asked) return null;
  const read = readSchedule(asked, now, calendar);
  problems.push(...read.problems);
  if (asked.autoSwitch === true && cutover === 'overlap')
    problems.push({
      field: 'auto_switch',
      text: 'An overlap does not switch by itself: somebody has to agree to what it can lose, with the numbers of that moment.',
    });
  return read.schedule;
}

function defaultName(request: PlanRequest): string {
  const first = (tokens: readonly string[]) =>
    nameWithoutSecrets(tokens[0] ?? '?')
      .replace(/^rediss?:\/\//, '')
      .replace(/\/$/, '');
  const name = `${first(request.sources)} to ${first(request.destinations)}`;
  return name.length > MAX_NAME ? `${name.slice(0, MAX_NAME - 1)}…` : name;
}

type Side = 'sources' | 'destinations';

function endpointsOf(
  field: Side,
  tokens: readonly string[],
  context: DraftContext,
  problems: DraftProblem[],
): Endpoint[] {
  const endpoints: Endpoint[] = [];
  for (const token of tokens) {
    const group = context.groups.group(token);
    if (group) {
      for (const member of group) endpoints.push(member);
      for (const member of group) pushIfAny(problems, field, hostProblem(member, context));
      continue;
    }
    const parsed = parseEndpoint(token);
    if (!parsed.ok) {
      problems.push({ field, text: `${capitalFor(field)}: ${parsed.problem}.` });
      continue;
    }
    const { endpoint, typedPassword } = parsed;
    const blocked = hostProblem(endpoint, context);
    pushIfAny(
      problems,
      field,
      blocked === null || !isBareWord(token) ? blocked : `${blocked} ${groupsText(context.groups)}`,
    );
    if (typedPassword !== undefined && !context.allowTypedPasswords) {
      problems.push({
        field,
        text: `${addressOf(endpoint)}: a password must not be typed in Slack, where it stays in everybody's history. Put the server into the inventory with its password as env: or file:, and change the one that was typed.`,
      });
      continue;
    }
    if (blocked === null) endpoints.push(withCredentials(endpoint, typedPassword, context));
  }
  return endpoints;
}

/**
 * What was typed wins; what was not typed comes from the inventory, if it knows the server. TLS is never turned off by
 * what was typed. The password of the inventory goes with its own user only.
 */
function withCredentials(endpoint: Endpoint, typedPassword: string | undefined, context: DraftContext): Endpoint {
  const known = context.groups.find(endpoint.host, endpoint.port);
  const typed = typedPassword === undefined ? null : ({ kind: 'sealed', box: context.seal(typedPassword) } as const);
  if (!known) return typed ? { ...endpoint, password: typed } : endpoint;
  const reached = { ...known, tls: endpoint.tls || known.tls };
  if (!typed && (endpoint.user === undefined || endpoint.user === known.user)) return reached;
  const { user: _user, password: _password, ...server } = reached;
  return {
    ...server,
    ...(endpoint.user === undefined ? {} : { user: endpoint.user }),
    ...(typed ? { password: typed } : {}),
  };
}

function hostProblem(endpoint: Endpoint, context: DraftContext): string | null {
  const { allowedHosts } = context;
  if (allowedHosts.allowsName(endpoint.host)) return null;
  // A name may still be allowed by the addresses that it resolves to: that is looked up later.
  if (isIP(endpoint.host) !== 0 ? allowedHosts.allowsAddresses([endpoint.host]) : allowedHosts.hasNetworks !== false)
    return null;
  return `${addressOf(endpoint)} is outside ALLOWED_HOSTS. Ask whoever runs the bot to allow this host.`;
}

function pushIfAny(problems: DraftProblem[], field: DraftProblem['field'], text: string | null): void {
  if (text !== null) problems.push({ field, text });
}

function pairProblems(sources: readonly Endpoint[], destinations: readonly Endpoint[]): DraftProblem[] {
  if (sources.length === 0 && destinations.length === 0) {
    return [{ field: 'sources', text: 'No servers are given. Name at least one source and one destination.' }];
  }
  if (sources.length === 0) return [{ field: 'sources', text: 'No source is given. Name at least one.' }];
  if (destinations.length === 0)
    return [{ field: 'destinations', text: 'No destination is given. Name at least one.' }];
  if (sources.length !== destinations.length) {
    return [
      {
        field: 'destinations',
        text: `${plural(sources.length, 'source')} and ${plural(destinations.length, 'destination')}: the N-th source goes to the N-th destination, so there must be as many of both.`,
      },
    ];
  }
  if (sources.length > MAX_SHARDS)
    return [{ field: 'sources', text: `At most ${MAX_SHARDS} shards fit into one migration.` }];
  return [];
}

function doubleProblems(sources: readonly Endpoint[], destinations: readonly Endpoint[]): DraftProblem[] {
  const problems: DraftProblem[] = [];
  const seen = new Map<string, Side>();
  for (const [field, endpoints] of [
    ['sources', sources],
    ['destinations', destinations],
  ] as const) {
    for (const endpoint of endpoints) {
      const address = addressOf(endpoint);
      const before = seen.get(address);
      if (before === field) problems.push({ field, text: `${address} is given twice.` });
      else if (before !== undefined) problems.push({ field, text: `${address} is both a source and a destination.` });
      else seen.set(address, field);
    }
  }
  return problems;
}

function takenProblems(
  sources: readonly Endpoint[],
  destinations: readonly Endpoint[],
  context: DraftContext,
): DraftProblem[] {
  const problems: DraftProblem[] = [];
  for (const [field, endpoints] of [
    ['sources', sources],
    ['destinations', destinations],
  ] as const) {
    for (const endpoint of endpoints) {
      const owner = context.taken.get(addressOf(endpoint));
      if (owner !== undefined) {
        problems.push({
          field,
          text: `${addressOf(endpoint)} belongs to migration ${owner}, which has not ended. Finish or abort that one first.`,
        });
      }
    }
  }
  return problems;
}

function capitalFor(field: Side): string {
  return field === 'sources' ? 'Source' : 'Destination';
}

/** A word that may have been meant as the name of a group. */
function isBareWord(token: string): boolean {
  return /^[\w-]+$/.test(token);
}

/** The groups that such a word may have meant. */
function groupsText(groups: Groups): string {
  const names = groups.names();
  return names.length === 0
    ? 'If a group was meant: the inventory has none.'
    : `If a group was meant: there ${names.length === 1 ? 'is' : 'are'} ${listText(names, 10)}.`;
}
