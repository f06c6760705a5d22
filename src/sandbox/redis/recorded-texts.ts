/** Recorded INFO texts, taken apart and put together again. Pure. Lines end with \r\n; 2.4 has no sections. */

/** What 2.4 says of replication, among everything else. `connected_slaves` stands elsewhere. */
const OLD_REPLICATION = /^(role|master_\w+|slave\w*):/;

export function fieldOf(info: string, name: string): string | undefined {
  return info
    .split('\r\n')
    .find((line) => line.startsWith(`${name}:`))
    ?.slice(name.length + 1);
}

/** Other values for fields that are there; the others are left out. */
export function withFields(info: string, values: Readonly<Record<string, string | number>>): string {
  const lines = info.split('\r\n').map((line) => {
    const name = line.slice(0, Math.max(0, line.indexOf(':')));
    const value = values[name];
    return value === undefined ? line : `${name}:${value}`;
  });
  return lines.join('\r\n');
}

/** One server's INFO with the replication of another's. */
export function withReplication(info: string, donor: string): string {
  if (!info.includes('# Replication\r\n')) return withOldReplication(info, donor);
  const isReplication = (section: string) => section.startsWith('# Replication\r\n');
  const given = sectionsOf(donor).find(isReplication) ?? '';
  return sectionsOf(info)
    .map((section) => (isReplication(section) ? given : section))
    .join('\r\n');
}

function withOldReplication(info: string, donor: string): string {
  const lines = info.split('\r\n');
  const place = lines.findIndex((line) => OLD_REPLICATION.test(line));
  const others = lines.filter((line) => !OLD_REPLICATION.test(line));
  const given = donor.split('\r\n').filter((line) => OLD_REPLICATION.test(line));
  const text = [...others.slice(0, place), ...given, ...others.slice(place)].join('\r\n');
  return withFields(text, { connected_slaves: fieldOf(donor, 'connected_slaves') ?? '0' });
}

/** A master's INFO after its last replica has gone. */
export function withoutReplicas(info: string): string {
  const lines = info.split('\r\n').filter((line) => !/^slave\d+:/.test(line));
  return withFields(lines.join('\r\n'), { connected_slaves: '0' });
}

/** The replicas of a master listen on another port than when they were recorded. */
export function withReplicaPort(info: string, port: number): string {
  return info.replaceAll(/^(slave\d+:)(.*)$/gm, (_, name: string, value: string) =>
    // 2.8 and later name what 2.4 and 2.6 only list.
    value.includes('port=')
      ? `${name}${value.replace(/port=\d+/, `port=${port}`)}`
      : `${name}${value.replace(/,\d+,/, `,${port},`)}`,
  );
}

/** With their headings; what the server says for a section that it doesn't know is nothing. */
export function pickSections(info: string, names: readonly string[]): string {
  const wanted = names.map((name) => name.toLowerCase());
  return sectionsOf(info)
    .filter((section) => wanted.includes(/^# (\w+)/.exec(section)?.[1]?.toLowerCase() ?? ''))
    .join('\r\n');
}

function sectionsOf(info: string): string[] {
  return info.split(/\r\n(?=# )/);
}

/**
 * An unknown command in the words that a version has for it, made from what it said of `nosuchcommand secret-argument`:
 * later versions repeat the arguments, each in its own way.
 */
export function unknownCommand(recorded: string, command: readonly string[]): string {
  const [name = '', ...args] = command;
  return recorded
    .replace('nosuchcommand', name)
    .replace(/(['`])secret-argument\1(, | )/, (_, quote: string, between: string) =>
      args.map((word) => `${quote}${word}${quote}${between}`).join(''),
    );
}
