/**
 * What looks like servers in a message, for the form that is opened from it. Only a proposal: the form shows it, the
 * person changes it. Pure. A password that stands in the message is left where it is.
 */
import { addressOf, parseEndpoint } from '../domain/endpoint.ts';
import { plainTyping, undoSlackMarks } from './typed-text.ts';

export interface FoundServers {
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
}

type Side = keyof FoundServers;

/** In this order: a word that turns the side, an arrow, a URL, an address with a port, a bare IPv4 address. */
const PIECES =
  /(?<old>--src\b|(?<![\w.-])(?:old|from|sources?)(?![\w.-]|:\d))|(?<new>--dst\b|(?<![\w.-])(?:new|to|destinations?|targets?)(?![\w.-]|:\d))|(?<arrow>(?<![-=])[-=]+>|→|⇒|➡)|(?<url>rediss?:\/\/[^\s,;|"'`)]+)|(?<host>\[[\da-f:.]+\]:\d{1,5}\b|(?<![\w.@:/-])[a-z\d](?:[\w.-]*[\w])?:\d{2,5}\b(?![:\w]|\.\w)|(?<![\w.@:/-])\d{1,3}(?:\.\d{1,3}){3}\b(?![:\w/-]|\.\w))/giu;
/** Of each side; a form's field has room for 3000 characters. */
const MOST = 200;

export function findServers(message: string): FoundServers {
  const found = { sources: new Set<string>(), destinations: new Set<string>() };
  let side: Side = 'sources';
  for (const line of undoSlackMarks(message).split('\n')) {
    // An arrow turns the side until the line ends; a word turns it until the next word.
    let here: Side | null = null;
    for (const { groups } of plainTyping(line).matchAll(PIECES)) {
      if (groups?.['old'] !== undefined) {
        side = 'sources';
        here = null;
      } else if (groups?.['new'] !== undefined) {
        side = 'destinations';
        here = null;
      } else if (groups?.['arrow'] !== undefined) here = 'destinations';
      else {
        const server = cleaned(groups?.['url'] ?? groups?.['host'] ?? '');
        const other = (here ?? side) === 'sources' ? found.destinations : found.sources;
        if (server !== null && !other.has(server)) found[here ?? side].add(server);
      }
    }
  }
  return { sources: [...found.sources].slice(0, MOST), destinations: [...found.destinations].slice(0, MOST) };
}

/** Without a password; null where it is no address after all. */
function cleaned(text: string): string | null {
  const parsed = parseEndpoint(text.replace(/[.,:/]+$/, ''));
  if (!parsed.ok) return null;
  const { endpoint } = parsed;
  const user = endpoint.user === undefined ? '' : `${encodeURIComponent(endpoint.user)}@`;
  if (user === '' && !endpoint.tls) return addressOf(endpoint);
  return `${endpoint.tls ? 'rediss' : 'redis'}://${user}${addressOf(endpoint)}`;
}
