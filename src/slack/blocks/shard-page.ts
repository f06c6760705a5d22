/** One shard's own page: its two servers side by side, what was changed on them, its last events. Pure. */
import type { KnownBlock, ModalView, MrkdwnElement } from '@slack/types';
import { isMigrationId, type MigrationId } from '../../domain/plan.ts';
import type { ServerView, SettingState, SettingView, ShardDetail } from '../../domain/shard-detail.ts';
import type { JournalView } from '../../domain/view.ts';
import { name, sentence, stamp } from '../text.ts';
import { shardFigures } from './details.ts';
import { context, lines, plain, section } from './elements.ts';
import { bytes, count, plural, UNKNOWN } from './format.ts';
import { numberIn, plainButton, readCarried, TITLE_CHARACTERS, textIn } from './looking.ts';
import { PHASE_WORDS, STATE_WORDS } from './words.ts';

const SHARD_FORM = 'shard';
export const TURN_SHARD = ['shard:refresh', 'shard:older', 'shard:newest'] as const;
const EVENTS_A_BLOCK = 5;

/** Whose page it is, and which of its events are shown. */
export interface ShardPlace {
  readonly migration: MigrationId;
  readonly shard: number;
  /** Events with lower numbers; null: the newest. */
  readonly before: number | null;
}

export function readShardPlace(privateMetadata: string): ShardPlace | null {
  const carried = readCarried(privateMetadata);
  const migration = textIn(carried, 'migration');
  const shard = numberIn(carried, 'shard');
  if (migration === null || shard === null || !isMigrationId(migration)) return null;
  return { migration, shard, before: numberIn(carried, 'before') };
}

export function shardTitle(migration: MigrationId, shard: number): string {
  return `Shard ${shard + 1} of ${migration}`;
}

export function shardPage(detail: ShardDetail, before: number | null): ModalView {
  const { migration, shard } = detail;
  const carried: ShardPlace = { migration: migration.id, shard: shard.index, before };
  const { sign, word } = STATE_WORDS[shard.state];
  const phase = PHASE_WORDS[migration.phase].word;
  const reason = shard.reason === null ? '' : `\n⏳ ${sentence(shard.reason, 900)}`;
  return {
    type: 'modal',
    callback_id: SHARD_FORM,
    title: plain(shardTitle(migration.id, shard.index), TITLE_CHARACTERS),
    close: plain('Back', 24),
    private_metadata: JSON.stringify(carried),
    blocks: [
      section(`${sign} *Shard ${shard.index + 1}* is ${[word, ...shardFigures(shard)].join(' · ')}${reason}`),
      context(
        `One of ${plural(detail.of, 'shard')} of ${name(migration.name, 60)}, which is ${phase}. ${freshness(detail)}`,
      ),
      ...serverBlocks(detail.servers),
      { type: 'divider' },
      ...settingBlocks(detail.settings),
      { type: 'divider' },
      ...eventBlocks(detail.events, before !== null),
      { type: 'actions', block_id: 'turn', elements: turns(detail, before) },
    ],
  };
}

function freshness({ migration }: ShardDetail): string {
  return migration.asOf === null ? 'Its servers have not been looked at yet.' : `As of ${stamp(migration.asOf)}.`;
}

function turns({ events, hasOlder }: ShardDetail, before: number | null) {
  const last = events.at(-1);
  return [
    plainButton('shard:refresh', 'Refresh', 'refresh'),
    ...(hasOlder && last ? [plainButton('shard:older', 'Older events', String(last.seq))] : []),
    ...(before === null ? [] : [plainButton('shard:newest', 'Newest events', 'newest')]),
  ];
}

interface Row {
  readonly title: string;
  readonly cell: (server: ServerView) => string;
}

const ROWS: readonly Row[] = [
  { title: 'server', cell: (server) => name(server.address, 300) },
  { title: 'version', cell: versionText },
  { title: 'role', cell: roleText },
  { title: 'keys', cell: keysText },
  { title: 'memory', cell: memoryText },
  { title: 'clients', cell: (server) => count(server.clients) },
  { title: 'stream offset', cell: (server) => code(server.stream?.offset ?? null) },
  { title: 'replication id', cell: (server) => code(server.stream?.replid ?? null) },
  { title: 'replication id before', cell: beforeText },
  { title: 'run id', cell: (server) => code(server.runId) },
];
/** Slack's limit for the fields of one block is ten: five rows of two. */
const ROWS_A_BLOCK = 5;
const SIDES = { source: 'Old', destination: 'New' } satisfies Record<ServerView['side'], string>;

function serverBlocks(servers: readonly ServerView[]): KnownBlock[] {
  const blocks: KnownBlock[] = [];
  for (let place = 0; place < ROWS.length; place += ROWS_A_BLOCK) {
    const fields = ROWS.slice(place, place + ROWS_A_BLOCK).flatMap((row) =>
      servers.map((server): MrkdwnElement => {
        return { type: 'mrkdwn', text: `*${SIDES[server.side]} ${row.title}*\n${row.cell(server)}` };
      }),
    );
    blocks.push({ type: 'section', fields });
  }
  const told = servers.flatMap((server) => {
    const which = `${SIDES[server.side]} server`;
    const problem = server.problem === null ? [] : [`⛔ ${which}: ${sentence(server.problem, 400)}`];
    const old = server.from === 'check' ? [`ℹ️ ${which}: what is shown is from the last check of the servers.`] : [];
    return [...problem, ...old];
  });
  if (told.length > 0) blocks.push(section(lines(told, 2_000)));
  return blocks;
}

function versionText({ kind, version }: ServerView): string {
  return kind === null || version === null ? UNKNOWN : `${name(kind, 20)} ${name(version, 40)}`;
}

function roleText({ role, follows }: ServerView): string {
  if (role === null) return UNKNOWN;
  if (follows === null) return role;
  if (follows.fence) return 'replica behind the fence: takes no writes';
  return `replica of ${name(follows.address, 200)}, link ${follows.linkUp ? 'up' : 'down'}`;
}

function keysText({ keys, expiringKeys }: ServerView): string {
  return `${count(keys)}${expiringKeys === null || expiringKeys === 0 ? '' : `, ${count(expiringKeys)} with a TTL`}`;
}

function memoryText({ bytes: used, maxmemoryBytes }: ServerView): string {
  const most = maxmemoryBytes === null || maxmemoryBytes === 0 ? '' : ` of ${bytes(maxmemoryBytes)}`;
  return `${bytes(used)}${most}`;
}

function beforeText({ stream }: ServerView): string {
  const before = stream?.before ?? null;
  if (before === null) return UNKNOWN;
  return `${code(before.replid)}${before.offset === null ? '' : ` up to ${code(before.offset)}`}`;
}

function code(text: string | null): string {
  return text === null || text === '' ? UNKNOWN : `\`${name(text, 80)}\``;
}

const SETTING_WORDS = {
  asked: '🕓 being set',
  set: '🔧 set now',
  going_back: '🕓 being put back',
  put_back: '✅ put back',
  left: '▫️ left as it is',
} satisfies Record<SettingState, string>;

function settingBlocks(settings: readonly SettingView[]): KnownBlock[] {
  if (settings.length === 0) return [section('*Settings*: the bot has changed none on these two servers.')];
  const told = settings.map((one) => {
    const side = one.side === 'source' ? 'old' : 'new';
    return `${SETTING_WORDS[one.state]}: \`${name(one.name, 60)}\` on the ${side} server, ${value(one.old)} → ${value(one.value)}, ${sentence(one.why, 200)}`;
  });
  return [section(`*Settings that the bot changed*\n${lines(told, 2_700, 'more settings')}`)];
}

function value(text: string | null): string {
  if (text === null) return 'a secret';
  return text === '' ? 'nothing' : `\`${name(text, 120)}\``;
}

function eventBlocks(events: readonly JournalView[], older: boolean): KnownBlock[] {
  if (events.length === 0) return [section('*Events*: nothing has happened to this shard yet.')];
  const told = events.map((row) => `${stamp(row.at)} ${sentence(row.text, 420)}`);
  const blocks: KnownBlock[] = [section(`*${older ? 'Older events' : 'Last events'}*, newest first`)];
  for (let place = 0; place < told.length; place += EVENTS_A_BLOCK)
    blocks.push(context(told.slice(place, place + EVENTS_A_BLOCK).join('\n')));
  return blocks;
}
