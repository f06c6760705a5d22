/** docs/versions.md: which version can replicate from which, and what each can do. Made from the tables in the source. */
import { can, FEATURES, type Feature, firstRelease, type Server, serverName } from '../../../src/domain/dialect.ts';
import { isProven, type Pairing, pairMatrix, type Refusal } from '../../../src/domain/pairing.ts';

const redis = (version: string): Server => ({ kind: 'redis', version });
const valkey = (version: string): Server => ({ kind: 'valkey', version });

/** The thirteen that were recorded and tried (redis.md), oldest first. */
export const TRIED: readonly Server[] = [
  ...'2.4.18 2.6.17 2.8.24 3.2.13 4.0.14 5.0.14 6.0.16 6.2.16 7.0.15 7.4.1 8.0.2'.split(' ').map(redis),
  valkey('8.0.1'),
  valkey('9.1.2'),
];

const CELLS: Readonly<Record<Refusal, string>> = {
  inline_protocol: 'inline',
  newer_to_older: 'older',
  formats_differ: 'formats',
};

export function cellOf({ refused, proven }: Pairing): string {
  return refused === null ? (proven ? 'yes' : 'open') : CELLS[refused];
}

/** What a release has from its first day on, as the rest of a sentence that begins with the version. */
const WORDS: Readonly<Record<Feature, string>> = {
  info_sections: 'tells parts of INFO alone, so that looks are small',
  command_stats: 'counts calls by command, so that it is known whether anybody still writes',
  read_only_replicas: 'refuses writes as a replica: before, a fence by replication keeps nobody out',
  idempotent_follow: 'takes the same SLAVEOF twice; before, each one begins a full sync',
  forgets_login: 'forgets the password for its source again; before, it keeps an empty one until it is restarted',
  output_limits: 'limits output buffers; before, a slow copy can take all of the source’s memory',
  live_settings: 'lets repl-timeout and the ping period be changed while it runs',
  time: 'tells its clock; before, a wrong clock goes unnoticed',
  client_names: 'names connections: ours, and those of a Sentinel',
  offsets:
    'counts replication by offsets, and resumes a link that broke; before, progress is seen by buffers alone, and a broken link means a full sync',
  stream_is_resp:
    'sends replicas nothing but RESP; before, they cannot be followed by Redis 6.0.4 and later or by Valkey',
  pubsub_numsub: 'tells subscribers, and so a Sentinel without CLIENT LIST',
  config_rewrite: 'writes changed settings into its file',
  backlog: 'keeps a backlog of the stream',
  kill_types: 'cuts off clients by their kind: before, one by one',
  diskless: 'sends a snapshot without its own disk',
  net_counters: 'counts bytes on the network',
  pause_all: 'pauses clients, all of them, reads and our own connection included',
  replid: 'names its history, so that the old master can resume after the switch',
  modules: 'has modules: what the source has, the destination must have',
  survives_aof: 'goes on as a replica when its append-only file cannot be started anew; before, it ends itself',
  keeps_local_writes: 'keeps what is written to it as a replica from replicas of its own',
  client_types: 'lists connections by kind',
  ignores_maxmemory: 'evicts nothing as a replica; before, a destination with a limit drops keys while it follows',
  acl: 'has users and rights; before, a password is all, and a source with a user cannot be followed',
  tls: 'has TLS, for the link between the two as well',
  refuses_inline: 'drops a master that sends commands without RESP, as 2.4 and 2.6 do',
  sync_totals: 'tells how much of a snapshot has arrived',
  error_stats: 'counts errors by kind, refused writes among them',
  pause_writes: 'pauses writes alone: the switch without loss is built on it',
  trap_holds: 'lets a diskless sync wait whatever snapshot ends meanwhile: the resync guard of an overlap needs it',
  psync_failover: 'can be asked whether our user may replicate',
  functions: 'has functions: their engine must be on the destination',
  shared_buffers: 'shares buffers among replicas, so that none is ever empty',
  diskless_max: 'waits for a number of replicas before a diskless snapshot',
};

export function versionsPage(): string {
  return [
    '# Which Redis, which Valkey',
    '',
    'This page is made by a test from the tables in `src/domain/dialect.ts` and `src/domain/pairing.ts`, which preflight',
    'uses too. When they change: `UPDATE_DOCS=1 npx vitest run test/domain/versions-page.test.ts`.',
    '',
    '## From where to where',
    '',
    'Rows: the old server. Columns: the new one.',
    '',
    ...matrixTable(),
    '',
    '- **yes**: replication, and the switch that is proven to lose no acknowledged write. From Valkey to Redis that holds as',
    '  long as nobody uses what only Valkey has, such as `SET … IFEQ` (8.1): the new server refuses it, and then the bot does',
    '  not switch.',
    '- **open**: the same, from an old server without a password. With one, its queues may lose an item that was on its way',
    '  when its consumer is cut off: preflight says so (`switch_unproven`), and the switch asks for the name.',
    '- **inline**: preflight refuses it (`inline_protocol`). The link would look up and drop again and again, and later',
    '  writes would be missing. Migrate to Redis 5.0 first, then from there.',
    '- **older**: preflight refuses it (`newer_to_older`). The new server is the older release: it lacks the format of the',
    '  snapshot, or commands that would reach it.',
    '- **formats**: preflight refuses it (`formats_differ`). Redis from 7.4 and Valkey from 9.0 write snapshots that the other',
    '  cannot load. Valkey 9.1 sends an older format to an older replica, so that it seems to work; with hashes whose fields',
    '  expire the full sync then begins anew without end, and later commands make the copy drift away.',
    '',
    'Versions between two of the table count as the nearest one below. Cluster mode is not supported on either side.',
    'Modules, memory, users and more are looked at for each pair of servers; see the findings of `/redis-migrate check`.',
    'What was seen of the releases that CI does not have: [old-redis.md](old-redis.md).',
    '',
    '## What each can do',
    '',
    'Each has what is listed for it and for those above it, and lacks what is listed for those below. Valkey, from its first',
    'release 7.2 on, has all of it.',
    '',
    ...bands(),
  ].join('\n');
}

export function matrixTable(): string[] {
  const names = TRIED.map((one) => shortName(one));
  const rows = pairMatrix(TRIED).map((cells, place) => [`**${names[place]}**`, ...cells.map(cellOf)]);
  return tableOf([['old \\ new', ...names], ...rows]);
}

/** `6.2`, `Valkey 8.0`. */
function shortName({ kind, version }: Server): string {
  const short = version.split('.').slice(0, 2).join('.');
  return kind === 'valkey' ? `Valkey ${short}` : short;
}

/** A table in Markdown, its columns as wide as their widest cell. */
export function tableOf([head = [], ...rows]: readonly (readonly string[])[]): string[] {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)];
}

/** Servers that can do the same, and what they can do more than those before. */
function bands(): string[] {
  const lines: string[] = [];
  let known = new Set<Feature>();
  for (const server of TRIED) {
    const has = FEATURES.filter((feature) => can(server, feature));
    const fresh = has.filter((feature) => !known.has(feature));
    known = new Set(has);
    if (fresh.length === 0 && lines.length > 0) continue;
    lines.push(`### ${serverName(server).replace(/\.\d+$/, '')}`, '', rolesText(server), '');
    if (fresh.length === 0) lines.push('It has none of what follows.', '');
    for (const feature of fresh) lines.push(`- ${WORDS[feature]}${sinceText(server, feature)}`);
    if (fresh.length > 0) lines.push('');
  }
  return lines;
}

function sinceText(server: Server, feature: Feature): string {
  const first = firstRelease(feature);
  const [series, patch] = [first.replace(/\.\d+$/, ''), first.replace(/^.*\./, '')];
  if (!server.version.startsWith(`${series}.`)) return ` (from ${series} on)`;
  return patch === '0' ? '' : ` (from ${first} on)`;
}

function rolesText(server: Server): string {
  const place = TRIED.indexOf(server);
  const matrix = pairMatrix(TRIED);
  const to = TRIED.filter((_, column) => matrix[place]?.[column]?.refused === null).map(shortName);
  const from = TRIED.filter((_, row) => matrix[row]?.[place]?.refused === null).map(shortName);
  const end = isProven(server) ? 'and the switch is proven' : 'and the switch is proven if it has no password';
  return `As the old server it goes to ${to.join(', ')}, ${end}. As the new one it comes from ${from.join(', ')}.`;
}
