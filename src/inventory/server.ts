/**
 * One server of the inventory: its keys → an Endpoint. Every mistake becomes a sentence that names group and server and
 * repeats nothing that could be a password, a key or the other name of a command.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import type { AllowedHosts } from '../domain/allowed-hosts.ts';
import { addressOf, type Endpoint, type FollowAddress, nameWithoutSecrets, parseEndpoint } from '../domain/endpoint.ts';
import type { PasswordRef } from '../domain/secret.ts';
import type { PasswordVault } from '../passwords.ts';
import { readRenames } from './renames.ts';
import { readTls, TLS_KEYS, TLS_SHAPE } from './tls.ts';

export interface InventoryRooms {
  readonly allowed: AllowedHosts;
  /** Every password and every file is looked up once here, so that a missing one stops the start and not a migration. */
  readonly vault: Pick<PasswordVault, 'resolve' | 'readPem'>;
}

const SERVER_KEYS = ['url', 'user', 'password', 'tls', 'replicate-from', 'rename-command'];
const SERVER = z.strictObject({
  url: z.string('url must be text such as redis://10.0.0.1:6379'),
  user: z.string('user must be text').min(1, 'user is empty; leave it out instead').optional(),
  password: z.string('password must be env:NAME or file:/path').optional(),
  tls: TLS_SHAPE.optional(),
  'replicate-from': z.string('replicate-from must be text such as 10.0.0.1:6379').optional(),
  'rename-command': z
    .record(z.string(), z.unknown(), 'rename-command must be a list such as { CONFIG: other-name }')
    .optional(),
});

/** Null when there is a mistake, which is among `problems` then. */
export function readServer(where: string, item: unknown, rooms: InventoryRooms, problems: string[]): Endpoint | null {
  const server = SERVER.safeParse(item);
  if (!server.success) {
    problems.push(...server.error.issues.map((issue) => `${where}: ${shapeProblem(issue)}.`));
    return null;
  }
  const { url, user, password, tls, 'replicate-from': from, 'rename-command': renames } = server.data;
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
  const { endpoint } = parsed;
  const found: string[] = [];
  if (parsed.typedPassword !== undefined) {
    found.push('the url holds a password; write password: env:NAME or password: file:/path instead.');
  }
  if (user !== undefined && endpoint.user !== undefined && user !== endpoint.user) {
    found.push('the url and the key user name two different users.');
  }
  const hostProblem = hostRefusal(endpoint.host, rooms.allowed);
  if (hostProblem) found.push(hostProblem);
  const ref = password === undefined ? undefined : readPassword(password, rooms, found);
  if (tls && !endpoint.tls) found.push('tls is for urls that begin with rediss://; this one speaks without TLS.');
  const tlsFiles = tls ? readTls(tls, rooms.vault, found) : undefined;
  const replicateFrom = from === undefined ? undefined : readReplicateFrom(from, endpoint, found);
  const renamed = renames ? readRenames(renames, password !== undefined, found) : {};
  if (found.length > 0) {
    problems.push(...found.map((one) => `${where} (${addressOf(endpoint)}): ${one}`));
    return null;
  }
  const name = user ?? endpoint.user;
  return {
    ...endpoint,
    ...(tlsFiles ? { tlsFiles } : {}),
    ...(name === undefined ? {} : { user: name }),
    ...(ref ? { password: ref } : {}),
    ...(replicateFrom ? { replicateFrom } : {}),
    ...(Object.keys(renamed).length > 0 ? { renamed } : {}),
  };
}

/** A key may be a password that lacks its space behind the colon, so only what looks like a key is repeated. */
export function quoteKey(key: string): string {
  return /^[a-z][a-z_-]{0,30}$/i.test(key) ? `"${key}"` : '(not shown)';
}

function shapeProblem(issue: z.core.$ZodIssue): string {
  const inTls = issue.path[0] === 'tls';
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.map(quoteKey).join(', ');
    return `unknown key ${keys}${inTls ? ' in tls' : ''}; known are ${(inTls ? TLS_KEYS : SERVER_KEYS).join(', ')}`;
  }
  if (issue.path.length === 0) return `must have the keys ${SERVER_KEYS.join(', ')}, of which only url is required`;
  return issue.message;
}

function readPassword(text: string, rooms: InventoryRooms, problems: string[]): PasswordRef | undefined {
  const ref = parsePasswordRef(text);
  if (ref === null) {
    problems.push('password must be env:NAME or file:/path; a password itself does not belong into this file.');
    return undefined;
  }
  try {
    rooms.vault.resolve(ref);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : 'the password cannot be read.');
  }
  return ref;
}

function parsePasswordRef(text: string): PasswordRef | null {
  const name = /^env:([A-Za-z_][A-Za-z0-9_]*)$/.exec(text)?.[1];
  if (name !== undefined) return { kind: 'env', name };
  const path = /^file:(\/[^\0\n]+)$/.exec(text)?.[1];
  return path === undefined ? null : { kind: 'file', path };
}

/** Only what is certain without a name server: a name may still be allowed by its addresses where there is a CIDR. */
function hostRefusal(host: string, allowed: AllowedHosts): string | null {
  if (allowed.allowsName(host)) return null;
  const certain = isIP(host) !== 0 ? !allowed.allowsAddresses([host]) : allowed.hasNetworks === false;
  return certain ? `${host} is not in ALLOWED_HOSTS; add it there or take it out of the inventory.` : null;
}

/**
 * Not held against ALLOWED_HOSTS, which says where this process may connect to: it never connects there, and the address
 * is often one that only the other servers know. Only whoever writes the inventory can give one.
 */
function readReplicateFrom(text: string, own: Endpoint, problems: string[]): FollowAddress | undefined {
  const parsed = parseEndpoint(text);
  if (!parsed.ok || /\s/.test(text)) {
    problems.push('replicate-from must be host, host:port, redis://host:port or rediss://host:port.');
    return undefined;
  }
  const { endpoint } = parsed;
  if (parsed.typedPassword !== undefined || endpoint.user !== undefined || text.includes('@')) {
    problems.push('replicate-from is an address alone: user and password are those of the server.');
    return undefined;
  }
  return {
    host: endpoint.host,
    port: /:\d+\/?$/.test(text) ? endpoint.port : own.port,
    tls: text.includes('://') ? endpoint.tls : own.tls,
  };
}
