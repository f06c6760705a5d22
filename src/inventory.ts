/**
 * The inventory: groups of servers, each with its user, a reference to its password and what else it takes to reach it,
 * from a YAML file (docs/inventory.md). Holds references only. A file with any mistake in it is refused as a whole, with one sentence per mistake that names group
 * and server and repeats nothing that could be a password.
 */
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { canonicalHost } from './domain/allowed-hosts.ts';
import { addressOf, type Endpoint } from './domain/endpoint.ts';
import { type InventoryRooms, quoteKey, readServer } from './inventory/server.ts';

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

/** What the bot knows without INVENTORY_FILE. */
export const emptyInventory: Inventory = { group: () => null, names: () => [], find: () => null };

const GROUP_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const SHAPE = z.object({ groups: z.record(z.string(), z.unknown()) });

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
        `${where}: ${addressOf(endpoint)} is also in group ${other.group}, with another user, password, TLS, replicate-from or rename-command; give it the same in both.`,
      );
    }
    here.add(key);
    if (!other) known.set(key, { endpoint, group: name });
    endpoints.push(endpoint);
  }
  return endpoints;
}

function sameAccess(a: Endpoint, b: Endpoint): boolean {
  // The host may be spelled in two ways; everything else has to be the same, the order of keys included.
  return JSON.stringify({ ...a, host: b.host }) === JSON.stringify(b);
}

function keyOf(server: Pick<Endpoint, 'host' | 'port'>): string {
  return addressOf({ host: canonicalHost(server.host), port: server.port });
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
