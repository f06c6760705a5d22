/** JSON as it comes over the wire: checked before it is believed. */

export interface JsonObject {
  readonly [key: string]: unknown;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The string at `key`, or null when it is missing, empty or something else. Numbers count: forms send them as text. */
export function stringAt(object: JsonObject, key: string): string | null {
  const value = object[key];
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** `true`, `'true'`, `1` and `'1'` are true: JSON bodies and forms say it differently. */
export function flagAt(object: JsonObject, key: string): boolean {
  const value = object[key];
  return value === true || value === 'true' || value === 1 || value === '1';
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
