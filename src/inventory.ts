/**
 * The inventory: groups of servers, each with its user and a reference to its password, from a YAML file. Holds
 * references only. A file with any mistake in it is refused as a whole, with one sentence per mistake that names group
 * and server and repeats nothing that could be a password.
 */
import { isIP } from 'node:net';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { type AllowedHosts, canonicalHost } from './domain/allowed-hosts.ts';
import { addressOf, type Endpoint, nameWithoutSecrets, parseEndpoint } from './domain/endpoint.ts';
import type { PasswordRef } from './domain/secret.ts';
import type { PasswordVault } from './passwords.ts';

export interface Inventory {
  /** The servers of a group in the order of the file; null where there is no such group. */
  group(name: string): readonly Endpoint[] | null;
  /** In the order of the file. */
  names(): string[];
  /** A server of any group by its address, so that a typed address gets its user and password. */
  find(host: string, port: number): Endpoint | null;
}

export type ParsedInventory =
  | { readonly ok: true; readonly inventory: Inventory }
  | { readonly ok: false; readonly problems: readonly string[] };

export interface InventoryRooms {
  readonly allowed: AllowedHosts;
  /** Every password is looked up once here, so that a missing one stops the start and not a migration. */
  readonly vault: Pick<PasswordVault, 'resolve'>;
}

/** What the bot knows without INVENTORY_FILE. */
export const emptyInventory: Inventory = { group: () => null, names: () => [], find: () => null };

const GROUP_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const SHAPE = z.object({ groups: z.record(z.string(), z.unknown()) });
const SERVER_KEYS = ['url', 'user', 'password'];
const SERVER = z.strictObject({
  url: z.string('url must be text such as redis://10.0.0.1:6379'),
  user: z.string('user must be text').min(1, 'user is empty; leave it out instead').optional(),
  password: z.string('password must be env:NAME or file:/path').optional(),
});

/** Reads and parses the file. `readFile` throws when it can't read. */
export function loadInventory(
  path: string,
  readFile: (path: string) => string,
  rooms: InventoryRooms,
): ParsedInventory {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    return { ok: false, problems: [`The inventory ${path} cannot be read${code}; check INVENTORY_FILE.`] };
  }
  return parseInventory(text, rooms);
}

export function parseInventory(text: string, rooms: InventoryRooms): ParsedInventory {
  // Plain errors: the pretty ones quote the lines of the file.
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent' });
  const broken = document.errors.map(
    (error) => `The inventory is not valid YAML near line ${lineOf(text, error.pos[0])} (${error.code}).`,
  );
  if (broken.length > 0) return { ok: false, problems: [...new Set(broken)] };

  const content = toPlain(document);
  const shape = SHAPE.safeParse(content);
  if (!shape.success)
    return {
      ok: false,
      problems: ['The inventory must have groups: at its top, and below it a list of servers for each name.'],
    };

  const problems: string[] = [];
  for (const key of Object.keys(content as object)) {
    if (key !== 'groups')
      problems.push(`The inventory has an unknown key ${quoteKey(key)} at its top; only groups is known.`);
  }
  const groups = new Map<string, readonly Endpoint[]>();
  const known = new Map<string, { readonly endpoint: Endpoint; readonly group: string }>();
  for (const [name, list] of Object.entries(shape.data.groups)) {
    groups.set(name, readGroup(name, list, rooms, known, problems));
  }
  if (groups.size === 0) problems.push('The inventory has no group.');
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    inventory: {
      group: (name) => groups.get(name) ?? null,
      names: () => [...groups.keys()],
      find: (host, port) => known.get(keyOf({ host, port }))?.endpoint ?? null,
    },
  };
}

function readGroup(
  name: string,
  list: unknown,
  rooms: InventoryRooms,
  known: Map<string, { readonly endpoint: Endpoint; readonly group: string }>,
  problems: string[],
): readonly Endpoint[] {
  if (!GROUP_NAME.test(name)) {
    problems.push(
      'A group has a name that cannot be typed in Slack; use up to 64 letters, digits, dots, dashes and underscores.',
    );
    return [];
  }
  if (!Array.isArray(list) || list.length === 0) {
    problems.push(`Group ${name} must be a list with at least one server.`);
    return [];
  }
  const endpoints: Endpoint[] = [];
  const here = new Set<string>();
  for (const [index, item] of list.entries()) {
    const where = `Group ${name}, server ${index + 1}`;
    const endpoint = readServer(where, item, rooms, problems);
    if (endpoint === null) continue;
    const key = keyOf(endpoint);
    const other = known.get(key);
    if (here.has(key)) problems.push(`${where}: ${addressOf(endpoint)} is already in this group.`);
    else if (other && !sameAccess(other.endpoint, endpoint)) {
      problems.push(
        `${where}: ${addressOf(endpoint)} is also in group ${other.group}, with another user, password or TLS; give it the same in both.`,
      );
    }
    here.add(key);
    if (!other) known.set(key, { endpoint, group: name });
    endpoints.push(endpoint);
  }
  return endpoints;
}

function readServer(where: string, item: unknown, rooms: InventoryRooms, problems: string[]): Endpoint | null {
  const server = SERVER.safeParse(item);
  if (!server.success) {
    problems.push(...server.error.issues.map((issue) => `${where}: ${shapeProblem(issue)}.`));
    return null;
  }
  const { url, user, password } = server.data;
  if (/\s/.test(url)) {
    problems.push(
      `${where}: the url has a space or a line break in it; perhaps the line below it lacks a space behind its colon.`,
    );
    return null;
  }
  const parsed = parseEndpoint(url);
  if (!parsed.ok) {
    // Without the address that the problem starts with: `redis://:hunter2` is a password that lost its host.
    problems.push(`${where}: the url is wrong: ${parsed.problem.slice(nameWithoutSecrets(url).length + 2)}.`);
    return null;
  }
  const at = `${where} (${addressOf(parsed.endpoint)})`;
  const before = problems.length;
  if (parsed.typedPassword !== undefined) {
    problems.push(`${at}: the url holds a password; write password: env:NAME or password: file:/path instead.`);
  }
  if (user !== undefined && parsed.endpoint.user !== undefined && user !== parsed.endpoint.user) {
    problems.push(`${at}: the url and the key user name two different users.`);
  }
  const hostProblem = hostRefusal(parsed.endpoint.host, rooms.allowed);
  if (hostProblem) problems.push(`${at}: ${hostProblem}`);
  const ref = password === undefined ? undefined : parsePasswordRef(password);
  if (ref === null) {
    problems.push(`${at}: password must be env:NAME or file:/path; a password itself does not belong into this file.`);
  } else if (ref) {
    const problem = resolveProblem(ref, rooms);
    if (problem) problems.push(`${at}: ${problem}`);
  }
  if (problems.length > before) return null;
  const name = user ?? parsed.endpoint.user;
  return { ...parsed.endpoint, ...(name === undefined ? {} : { user: name }), ...(ref ? { password: ref } : {}) };
}

function shapeProblem(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') {
    return `unknown key ${issue.keys.map(quoteKey).join(', ')}; known are ${SERVER_KEYS.join(', ')}`;
  }
  if (issue.path.length === 0) return `must have the keys ${SERVER_KEYS.join(', ')}, of which only url is required`;
  return issue.message;
}

function parsePasswordRef(text: string): PasswordRef | null {
  const name = /^env:([A-Za-z_][A-Za-z0-9_]*)$/.exec(text)?.[1];
  if (name !== undefined) return { kind: 'env', name };
  const path = /^file:(\/[^\0\n]+)$/.exec(text)?.[1];
  return path === undefined ? null : { kind: 'file', path };
}

function resolveProblem(ref: PasswordRef, rooms: InventoryRooms): string | null {
  try {
    rooms.vault.resolve(ref);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : 'the password cannot be read.';
  }
}

/** Only what is certain without a name server: a name may still be allowed by its addresses where there is a CIDR. */
function hostRefusal(host: string, allowed: AllowedHosts): string | null {
  if (allowed.allowsName(host)) return null;
  const certain = isIP(host) !== 0 ? !allowed.allowsAddresses([host]) : allowed.hasNetworks === false;
  return certain ? `${host} is not in ALLOWED_HOSTS; add it there or take it out of the inventory.` : null;
}

function sameAccess(a: Endpoint, b: Endpoint): boolean {
  return a.tls === b.tls && a.user === b.user && JSON.stringify(a.password) === JSON.stringify(b.password);
}

function keyOf(server: Pick<Endpoint, 'host' | 'port'>): string {
  return addressOf({ host: canonicalHost(server.host), port: server.port });
}

/** A key may be a password that lacks its space behind the colon, so only what looks like a key is repeated. */
function quoteKey(key: string): string {
  return /^[a-z][a-z_-]{0,30}$/i.test(key) ? `"${key}"` : '(not shown)';
}

function toPlain(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    return null;
  }
}

function lineOf(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}
