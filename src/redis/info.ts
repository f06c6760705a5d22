/** The one tolerant reader of INFO and CLIENT LIST, for every version. It never throws: what it can't read is absent. */

export type Info = ReadonlyMap<string, string>;

/** `name:value` lines; section headers and anything else are passed over. Later sections do not overwrite earlier ones. */
export function parseInfo(text: string): Info {
  const info = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon);
    if (!info.has(name)) info.set(name, line.slice(colon + 1).replace(/\r$/, ''));
  }
  return info;
}

/** `a=1,b=2` as in `db0:keys=1,expires=0` and `slave0:ip=…,port=…`. A value may hold `=` but no comma. */
export function parsePairs(text: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    if (equals > 0) pairs.set(part.slice(0, equals), part.slice(equals + 1));
  }
  return pairs;
}

/** Fields of CLIENT LIST that some version prints, in the order of their first appearance. */
const CLIENT_FIELDS =
  'id addr laddr fd name age idle flags capa db sub psub ssub multi watch qbuf qbuf-free argv-mem multi-mem rbs rbp obl oll omem tot-mem events cmd user redir resp lib-name lib-ver io-thread tot-net-in tot-net-out tot-cmds'.split(
    ' ',
  );
const CLIENT_FIELD = new RegExp(`(?:^| )(${CLIENT_FIELDS.join('|')})=`, 'g');

/** One map a client. A client's name may hold anything but spaces and newlines: only known fields split a line. */
export function parseClientList(text: string): ReadonlyMap<string, string>[] {
  const clients: ReadonlyMap<string, string>[] = [];
  for (const line of text.split('\n')) {
    const fields = new Map<string, string>();
    const marks = [...line.matchAll(CLIENT_FIELD)];
    for (const [place, mark] of marks.entries()) {
      const name = mark[1] ?? '';
      const from = mark.index + mark[0].length;
      const to = marks[place + 1]?.index ?? line.length;
      if (!fields.has(name)) fields.set(name, line.slice(from, to).trim());
    }
    if (fields.has('addr')) clients.push(fields);
  }
  return clients;
}

/** A finite number, or null for anything else (`-nan`, empty, absent). */
export function numberOf(text: string | undefined): number | null {
  if (text === undefined || text.trim() === '') return null;
  const value = Number(text.replace(/%$/, ''));
  return Number.isFinite(value) ? value : null;
}

/** An offset, or null for -1 (a replica of a server before 2.8) and anything that is no whole number. */
export function offsetOf(text: string | undefined): bigint | null {
  return text !== undefined && /^\d+$/.test(text) ? BigInt(text) : null;
}
