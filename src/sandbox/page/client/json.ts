/** Reading JSON that others wrote: a block is whatever the bot sent. */
import type { JsonObject } from '../../slack/json.ts';

export type { JsonObject };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectAt(object: JsonObject | null, key: string): JsonObject | null {
  const value = object?.[key];
  return isObject(value) ? value : null;
}

export function objectsAt(object: JsonObject | null, key: string): readonly JsonObject[] {
  const value = object?.[key];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Empty when there is none. */
export function textAt(object: JsonObject | null, key: string): string {
  const value = object?.[key];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** The words of a text object, or the string itself. Slack's escapes are undone. */
export function wordsAt(object: JsonObject | null, key: string): string {
  const value = object?.[key];
  return unescape(typeof value === 'string' ? value : textAt(objectAt(object, key), 'text'));
}

function unescape(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

/** The parts of `after` that say the same as before are the same objects as before: what did not change is not drawn again. */
export function share<T>(before: unknown, after: T): T {
  if (Object.is(before, after)) return after;
  if (Array.isArray(before) && Array.isArray(after)) {
    const shared = after.map((item: unknown, place): unknown => share(before[place], item));
    const same = shared.length === before.length && shared.every((item, place) => Object.is(item, before[place]));
    return (same ? before : shared) as T;
  }
  if (!isObject(before) || !isObject(after)) return after;
  const keys = Object.keys(after);
  const shared = Object.fromEntries(keys.map((key) => [key, share(before[key], after[key])]));
  const same =
    keys.length === Object.keys(before).length &&
    keys.every((key) => key in before && Object.is(shared[key], before[key]));
  return (same ? before : shared) as T;
}
