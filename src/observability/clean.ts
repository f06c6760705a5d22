/**
 * Makes anything fit for a log line: JSON-like, of bounded size, and without what could hold a password by its place.
 * An error keeps its name, text, code and stack; of a Redis command that failed only its name and the number of its
 * arguments are kept, because ioredis puts AUTH's and CONFIG SET's arguments there.
 */
import { Secret } from '../domain/secret.ts';
import { MASK } from '../log.ts';

const MAX_DEPTH = 6;
const MAX_ITEMS = 100;
const MAX_TEXT = 8000;
/** By name at any depth; pino's own `redact` knows fixed depths only. */
const SECRET_KEY =
  /^(pass|passwd|password|requirepass|masterauth|auth|secret|token|cookie|authorization)$|(password|secret|token)$/i;

export function cleanFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return cleanEntries(fields, 0, new Set());
}

export function clean(value: unknown): unknown {
  return cleanValue(value, 0, new Set());
}

function cleanValue(value: unknown, depth: number, above: Set<object>): unknown {
  if (typeof value === 'string') return value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  return typeof value === 'object' && value !== null ? cleanObject(value, depth, above) : value;
}

function cleanObject(value: object, depth: number, above: Set<object>): unknown {
  if (above.has(value)) return '[circular]';
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  above.add(value);
  try {
    if (value instanceof Error) return cleanError(value, depth, above);
    if (Array.isArray(value)) return cleanList(value, depth, above);
    if (value instanceof Map) return cleanEntries(Object.fromEntries(value as Map<string, unknown>), depth, above);
    if (value instanceof Set) return cleanList([...value], depth, above);
    if (value instanceof Secret) return MASK;
    return cleanEntries(value as Record<string, unknown>, depth, above);
  } finally {
    above.delete(value);
  }
}

function cleanList(list: readonly unknown[], depth: number, above: Set<object>): unknown[] {
  const items = list.slice(0, MAX_ITEMS).map((item) => cleanValue(item, depth + 1, above));
  if (list.length > MAX_ITEMS) items.push(`[${list.length - MAX_ITEMS} more]`);
  return items;
}

function cleanEntries(
  fields: Readonly<Record<string, unknown>>,
  depth: number,
  above: Set<object>,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    const hidden = SECRET_KEY.test(key) && value !== null && value !== undefined && typeof value !== 'boolean';
    result[key] = hidden ? MASK : cleanValue(value, depth + 1, above);
  }
  return result;
}

function cleanError(error: Error, depth: number, above: Set<object>): Record<string, unknown> {
  const result: Record<string, unknown> = { type: error.name, message: cleanValue(error.message, depth, above) };
  if ('code' in error && error.code !== undefined) result['code'] = cleanValue(error.code, depth + 1, above);
  if ('command' in error) result['command'] = commandOf(error.command);
  if (error.stack !== undefined) result['stack'] = cleanValue(error.stack, depth, above);
  if (error.cause !== undefined) result['cause'] = cleanValue(error.cause, depth + 1, above);
  if (error instanceof AggregateError) result['errors'] = cleanList(error.errors, depth + 1, above);
  return result;
}

function commandOf(command: unknown): unknown {
  if (typeof command !== 'object' || command === null) return undefined;
  const name = 'name' in command && typeof command.name === 'string' ? command.name : 'unknown';
  const argc = 'args' in command && Array.isArray(command.args) ? command.args.length : 0;
  return { name, argc };
}
