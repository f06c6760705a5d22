/** What keyboards and Slack do to typed text, undone. Pure. */

/** Slack's link marks and entities, as they arrive in a slash command's text. Not for the text of form inputs. */
export function undoSlackMarks(text: string): string {
  return text
    .replace(
      /<(mailto:|https?:\/\/)([^<>|]*)\|([^<>]*)>/gi,
      (_, _scheme: string, _target: string, label: string) => label,
    )
    .replace(/<mailto:([^<>|]*)>/gi, (_, target: string) => target)
    .replace(/<((?:https?|rediss?):\/\/[^<>|]*)(?:\|[^<>]*)?>/gi, (_, target: string) => target)
    .replace(/&(lt|gt|amp);/g, (_, entity: string) => (entity === 'lt' ? '<' : entity === 'gt' ? '>' : '&'));
}

/** The id of whoever is named, in place of Slack's mark for them. */
export function undoPeople(text: string): string {
  return text.replace(/<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>/g, (_, id: string) => id);
}

/** Smart quotes, dashes, and spaces that are none, made plain. */
export function plainTyping(text: string): string {
  return text
    .replace(/[\u200b-\u200d\u2060\ufeff]/g, '')
    .replace(/[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\t\r\n]/g, ' ')
    .replace(/[“”„‟«»]/g, '"')
    .replace(/[‘’‚‛]/g, "'")
    .replace(/[‐‑−]/g, '-')
    .replace(/(^|\s)[—–]+-*(?=[A-Za-z])/g, '$1--');
}

export type Tokens =
  | { readonly ok: true; readonly tokens: readonly string[] }
  | { readonly ok: false; readonly problem: string };

/** Splits at spaces. Quotes hold together what stands between them when they begin a word or follow a `=`. */
export function tokens(text: string): Tokens {
  const found: string[] = [];
  let current: string | null = null;
  let quote: string | null = null;
  for (const character of text) {
    if (quote !== null) {
      if (character === quote) quote = null;
      else current = (current ?? '') + character;
    } else if (character === ' ') {
      if (current !== null) found.push(current);
      current = null;
    } else if ((character === '"' || character === "'") && (current === null || current.endsWith('='))) {
      quote = character;
      current ??= '';
    } else current = (current ?? '') + character;
  }
  if (quote !== null) return { ok: false, problem: `A quote (${quote}) is opened and not closed.` };
  if (current !== null) found.push(current);
  return { ok: true, tokens: found };
}

/**
 * Commas and semicolons between servers, undone. One inside a token with an `@` is left alone unless another address
 * follows it: it may belong to a password, and half a password must not become a server's name.
 */
export function splitServers(typed: readonly string[]): string[] {
  return typed
    .flatMap((token) => (token.includes('@') ? token.split(/[,;](?=rediss?:\/\/)/i) : token.split(/[,;]/)))
    .map((server) => server.replace(/^[,;]+|[,;]+$/g, ''))
    .filter((server) => server !== '');
}
