/**
 * A block as slack-blocks-to-jsx has to be given it to say what Slack would say. The library knows escapes only in part:
 * it would make a mention of an escaped `<!channel>`. Pure.
 */
import { isObject, type JsonObject } from '../json.ts';

/** Takes no room and breaks no line; nothing that the library looks for has it inside. */
const JOINER = '\u2060';

export function prepared(part: JsonObject): JsonObject {
  const type = part['type'];
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => {
      if (key === 'text' && typeof value === 'string') return [key, words(type, value)];
      if (Array.isArray(value)) return [key, value.map((item: unknown) => (isObject(item) ? prepared(item) : item))];
      return [key, isObject(value) ? prepared(value) : value];
    }),
  );
}

function words(type: unknown, text: string): string {
  if (type === 'mrkdwn') return indented(unmarked(literal(text)));
  if (type === 'markdown') return text.replace(/!\[([^\]]*)\]\([^)]*\)/g, (_, alt: string) => `[${alt || 'picture'}]`);
  // Plain text and the leaves of rich text: nothing in them is a mention or a link.
  return indented(type === 'plain_text' ? literal(unlinked(text)) : unlinked(text));
}

/** Slack keeps the spaces that a line begins with; the library trims them, but not behind a space of no width. */
function indented(text: string): string {
  return text.replace(/^ +/gm, (spaces) => `\u200b${'\u00a0'.repeat(spaces.length)}`);
}

/** In code a star is a star, as in `0 2 * * 6`; the library makes bold text of two of them. */
function unmarked(text: string): string {
  return text.replace(/`[^`\n]+`/g, (code) => code.replaceAll('*', '∗').replaceAll('~', '∼'));
}

/** What was escaped is words, whatever it looks like. A `>` that begins a line is a quote, escaped or not. */
function literal(text: string): string {
  return text
    .replace(/&amp;(?=(?:amp|lt|gt);)/g, `&${JOINER}`)
    .replaceAll('&amp;', '&')
    .replaceAll('&lt;', `<${JOINER}`)
    .replace(/(?<!^)&gt;/gm, '>');
}

function unlinked(text: string): string {
  return text.replace(/<(?=[!@#a-z])/gi, `<${JOINER}`);
}
