/**
 * ALLOWED_HOSTS: which servers the bot may talk to. Pure: whoever needs a host's addresses looks them up and asks here.
 * A list with a mistake in it is refused as a whole; nothing is allowed by accident.
 */
import { BlockList, isIP } from 'node:net';
import { parseEndpoint } from './endpoint.ts';

export interface AllowedHosts {
  /** Whether the host as typed is allowed by name (`*`, the host itself, `*.suffix`). */
  allowsName(host: string): boolean;
  /** Whether every one of these addresses (of one host) is inside an allowed CIDR. False for none. */
  allowsAddresses(addresses: readonly string[]): boolean;
  /**
   * Whether there is a CIDR, so that a name may still be allowed by the addresses that it resolves to. False: what
   * `allowsName` refuses is refused for good. Absent counts as true.
   */
  readonly hasNetworks?: boolean;
  /** The entries as they were written; absent where there was no list. */
  readonly written?: readonly string[];
}

export type ParsedAllowedHosts =
  | { readonly ok: true; readonly allowed: AllowedHosts }
  /** One sentence per wrong entry, with the entry and without the variable's name. */
  | { readonly ok: false; readonly problems: readonly string[] };

type Entry =
  | { readonly kind: 'all' }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'suffix'; readonly suffix: string }
  | { readonly kind: 'network'; readonly family: 'ipv4' | 'ipv6'; readonly base: string; readonly bits: number };

/** Parses a comma-separated list of hosts, `*.suffix`, CIDRs and `*`. */
export function parseAllowedHosts(text: string): ParsedAllowedHosts {
  const problems: string[] = [];
  const entries: Entry[] = [];
  const kept: string[] = [];
  for (const part of text.split(',')) {
    const written = part.trim();
    if (written === '') continue;
    const entry = parseEntry(written);
    if (typeof entry === 'string') problems.push(`"${shorten(written)}" ${entry}`);
    else {
      entries.push(entry);
      kept.push(written);
    }
  }
  if (problems.length > 0) return { ok: false, problems };
  if (entries.length === 0) return { ok: false, problems: ['the list names no host; * allows every host'] };
  return { ok: true, allowed: new HostList(entries, kept) };
}

class HostList implements AllowedHosts {
  readonly hasNetworks: boolean;
  readonly written: readonly string[];
  readonly #all: boolean;
  readonly #names: ReadonlySet<string>;
  readonly #suffixes: readonly string[];
  // One list a family: a BlockList that holds ::/0 would say yes to every IPv4 address as well.
  readonly #networks = { ipv4: new BlockList(), ipv6: new BlockList() };

  constructor(entries: readonly Entry[], written: readonly string[]) {
    this.written = written;
    this.#all = entries.some((entry) => entry.kind === 'all');
    this.#names = new Set(entries.flatMap((entry) => (entry.kind === 'name' ? [entry.name] : [])));
    this.#suffixes = entries.flatMap((entry) => (entry.kind === 'suffix' ? [entry.suffix] : []));
    this.hasNetworks = entries.some((entry) => entry.kind === 'network');
    for (const entry of entries) {
      if (entry.kind === 'network') this.#networks[entry.family].addSubnet(entry.base, entry.bits, entry.family);
    }
  }

  allowsName(host: string): boolean {
    if (this.#all) return true;
    const name = canonicalHost(host);
    return this.#names.has(name) || this.#suffixes.some((suffix) => name.endsWith(suffix));
  }

  allowsAddresses(addresses: readonly string[]): boolean {
    return addresses.length > 0 && addresses.every((address) => this.#all || this.#isInside(address));
  }

  #isInside(address: string): boolean {
    const plain = canonicalHost(address);
    const version = isIP(plain);
    // An address with a zone (fe80::1%eth0) means another server on every machine.
    if (version === 0 || plain.includes('%')) return false;
    const family = version === 4 ? 'ipv4' : 'ipv6';
    return this.#networks[family].check(plain, family);
  }
}

/**
 * One spelling for each host: lower case, no trailing dot, IPv6 in its short form, IPv4-mapped IPv6 (`::ffff:10.0.0.1`)
 * as IPv4, because a connection to it ends on that IPv4 address.
 */
export function canonicalHost(host: string): string {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (isIP(name) !== 6 || name.includes('%')) return name;
  const short = new URL(`http://[${name}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short);
  if (!mapped) return short;
  const high = Number.parseInt(mapped[1] ?? '', 16);
  const low = Number.parseInt(mapped[2] ?? '', 16);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** An entry, or why it is none: the second half of a sentence that starts with the entry. */
function parseEntry(written: string): Entry | string {
  if (written === '*') return { kind: 'all' };
  if (written.includes('://')) return 'is a URL; write the host alone';
  if (written.includes('/')) return parseNetwork(written);
  if (written.startsWith('*.')) {
    const suffix = canonicalHost(written.slice(2));
    if (suffix.includes('*')) return 'may have one * only, at its start';
    if (!isHost(suffix) || isIP(suffix) !== 0) return 'is not *. and the end of a host name';
    return { kind: 'suffix', suffix: `.${suffix}` };
  }
  if (written.includes('*'))
    return 'has a * in another place than *.suffix; for addresses write a CIDR such as 10.0.0.0/8';
  const bare = /^\[([^\]]*:[^\]]*)\]$/.exec(written)?.[1] ?? written;
  if (isIP(bare) === 0 && bare.includes(':'))
    return 'has a port or is not an IPv6 address; write the host alone, every port of it is allowed';
  if (!isHost(bare)) return 'is neither a host nor *.suffix nor a CIDR nor *';
  return { kind: 'name', name: canonicalHost(bare) };
}

function parseNetwork(written: string): Entry | string {
  const [base = '', bitsText = '', ...more] = written.split('/');
  const version = isIP(base);
  if (more.length > 0 || version === 0 || base.includes('%')) return 'is not a CIDR such as 10.0.0.0/8 or fd00::/8';
  const most = version === 4 ? 32 : 128;
  const bits = /^\d{1,3}$/.test(bitsText) ? Number(bitsText) : most + 1;
  if (bits > most) return `needs a number from 0 to ${most} behind the /`;
  const plain = canonicalHost(base);
  const isMapped = version === 6 && isIP(plain) === 4;
  if (!isMapped) return { kind: 'network', family: version === 4 ? 'ipv4' : 'ipv6', base: plain, bits };
  return bits >= 96
    ? { kind: 'network', family: 'ipv4', base: plain, bits: bits - 96 }
    : 'mixes IPv4 and IPv6; write the two as CIDRs of their own';
}

/** By the same grammar as an address that is typed, so that every entry can match one. */
function isHost(text: string): boolean {
  return text !== '' && parseEndpoint(isIP(text) === 6 ? `[${text}]:1` : `${text}:1`).ok && !text.includes('@');
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
