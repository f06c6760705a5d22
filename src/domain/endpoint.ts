/**
 * One Redis server as a person names it. Text from people is parsed here and only here, by a grammar that knows
 * nothing of query parameters, databases or socket paths: ioredis' own URL parser does, and is never given text.
 */
import type { PasswordRef } from './secret.ts';

export interface Endpoint {
  /** Lower case; an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** What TLS needs beside `tls`: from the inventory only. */
  readonly tlsFiles?: TlsFiles;
  readonly user?: string;
  readonly password?: PasswordRef;
  /** Where a replica finds this server, when that is another address than ours (NAT, containers, a TLS port). */
  readonly replicateFrom?: FollowAddress;
  /** Commands that go by another name on this server (rename-command), in lower case. */
  readonly renamed?: Readonly<Record<string, string>>;
}

/** Paths of PEM files, read when a connection is opened; `servername`: the name that the certificate has to carry. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
}

export interface FollowAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

export type ParsedEndpoint =
  | { readonly ok: true; readonly endpoint: Endpoint; readonly typedPassword?: string }
  /** `problem` is a sentence without a full stop; it never repeats what stood before an `@`, nor half an address. */
  | { readonly ok: false; readonly problem: string };

const DEFAULT_PORT = 6379;
const HOST_LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/** Parses `redis://[user[:password]@]host[:port]`, `rediss://…` and `host[:port]`. */
export function parseEndpoint(text: string): ParsedEndpoint {
  const shown = withoutHalves(nameWithoutSecrets(text));
  const fail = (why: string): ParsedEndpoint => ({ ok: false, problem: `${shown}: ${why}` });
  if (text.length > 512) return fail('an address may have at most 512 characters');

  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text);
  const tls = scheme?.[1]?.toLowerCase() === 'rediss';
  if (scheme && !tls && scheme[1]?.toLowerCase() !== 'redis') {
    return fail('only redis:// and rediss:// addresses, or host:port, are understood');
  }
  let rest = scheme ? text.slice(scheme[0].length) : text;

  let user: string | undefined;
  let typedPassword: string | undefined;
  const at = rest.lastIndexOf('@');
  if (at >= 0) {
    const credentials = rest.slice(0, at);
    rest = rest.slice(at + 1);
    const colon = credentials.indexOf(':');
    const userPart = decode(colon < 0 ? credentials : credentials.slice(0, colon));
    const passwordPart = colon < 0 ? '' : decode(credentials.slice(colon + 1));
    if (userPart === undefined || passwordPart === undefined)
      return fail('the part before the @ is not encoded as in a URL');
    if (userPart !== '') user = userPart;
    if (passwordPart !== '') typedPassword = passwordPart;
  }

  if (rest.includes('?') || rest.includes('#')) return fail('options behind ? or # are not allowed');
  const slash = rest.indexOf('/');
  if (slash >= 0) {
    const path = rest.slice(slash);
    if (path !== '/') return fail('a database or path cannot be chosen: all databases of a server move together');
    rest = rest.slice(0, slash);
  }

  const split = splitHostPort(rest);
  if (typeof split === 'string') return fail(split);
  return {
    ok: true,
    endpoint: { host: split.host, port: split.port, tls, ...(user === undefined ? {} : { user }) },
    ...(typedPassword === undefined ? {} : { typedPassword }),
  };
}

/** `host:port`, with brackets around an IPv6 address: how a server is named to people and compared with others. */
export function addressOf(endpoint: Pick<Endpoint, 'host' | 'port'>): string {
  return endpoint.host.includes(':') ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`;
}

/** Where a destination has to look for this source: REPLICAOF takes the address as the replica sees it. */
export function followAddress(source: Endpoint): FollowAddress {
  return source.replicateFrom ?? { host: source.host, port: source.port, tls: source.tls };
}

/** Whether a replica's master, as it names it, is this server. Servers repeat the host as it was given to them. */
export function isAt(master: Pick<Endpoint, 'host' | 'port'> | null, server: Pick<Endpoint, 'host' | 'port'>): boolean {
  return master !== null && master.host.toLowerCase() === server.host && master.port === server.port;
}

function splitHostPort(text: string): { host: string; port: number } | string {
  let host: string;
  let portText: string | undefined;
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    if (close < 0) return 'the [ of an IPv6 address is not closed';
    host = text.slice(1, close).toLowerCase();
    const after = text.slice(close + 1);
    if (after !== '' && !after.startsWith(':')) return 'behind an IPv6 address only :port may follow';
    portText = after === '' ? undefined : after.slice(1);
    if (!isIpv6(host)) return 'not an IPv6 address';
  } else {
    const colons = text.split(':').length - 1;
    if (colons > 1) return 'more than one colon; write an IPv6 address in brackets, like [::1]:6379';
    const colon = text.indexOf(':');
    host = (colon < 0 ? text : text.slice(0, colon)).toLowerCase();
    portText = colon < 0 ? undefined : text.slice(colon + 1);
    const problem = hostProblem(host);
    if (problem) return problem;
  }
  if (portText === undefined) return { host, port: DEFAULT_PORT };
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : 0;
  if (port < 1 || port > 65_535) return 'the port must be a number from 1 to 65535';
  return { host, port };
}

function hostProblem(host: string): string | undefined {
  if (host === '') return 'the host is missing';
  if (host.length > 253) return 'the host name is longer than 253 characters';
  if (/^[\d.]+$/.test(host)) {
    const parts = host.split('.');
    const good = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
    return good ? undefined : 'not an IPv4 address';
  }
  const labels = host.replace(/\.$/, '').split('.');
  return labels.every((label) => HOST_LABEL.test(label)) ? undefined : 'not a host name';
}

/** Accepts what `inet_pton` accepts, without zones. */
function isIpv6(text: string): boolean {
  if (!/^[0-9a-f:.]+$/.test(text)) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  let groups = 0;
  for (const [index, half] of halves.entries()) {
    if (half === '') continue;
    const parts = half.split(':');
    for (const [place, part] of parts.entries()) {
      const last = index === halves.length - 1 && place === parts.length - 1;
      if (last && part.includes('.')) {
        if (hostProblem(part) || !/^[\d.]+$/.test(part)) return false;
        groups += 2;
      } else if (/^[0-9a-f]{1,4}$/.test(part)) groups += 1;
      else return false;
    }
  }
  return halves.length === 2 ? groups < 8 : groups === 8;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The text as it may be repeated to people: everything up to the last @ is left out, and it is cut to 80 characters. */
export function nameWithoutSecrets(text: string): string {
  const at = text.lastIndexOf('@');
  const tail = at < 0 ? text : text.slice(at + 1);
  const clean = tail.replace(/[?#].*$/s, '');
  return clean.length > 80 ? `${clean.slice(0, 80)}…` : clean === '' ? '(empty)' : clean;
}

/** Behind a colon where no port stands may be a password whose `@host` was forgotten: it is left out as well. */
function withoutHalves(shown: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(shown)?.[0] ?? '';
  const rest = shown.slice(scheme.length);
  const colon = rest.indexOf(':');
  const isPort = /^:\d{1,6}(\/.*)?$/s.test(rest.slice(colon));
  const isIpv6Like = rest.startsWith('[') || /^[0-9a-f:.]*:[0-9a-f]*:[0-9a-f:.]*$/i.test(rest);
  return colon < 0 || isPort || isIpv6Like ? shown : `${scheme}${rest.slice(0, colon)}:…`;
}
