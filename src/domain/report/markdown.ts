/** The closing report as Markdown for a change ticket. Whatever servers and people call themselves formats nothing. Pure. */
import { bytesText, capital, countText, plural, secondsText } from '../words.ts';
import { byId, type NameOf, oneLine, plainText, utc } from './plain-text.ts';
import type { Report, ReportSetting, ReportShard, SettingOutcome } from './report.ts';

const UNKNOWN = '–';
/** Of each kind of thing that is left, as many are named; all of them are in the JSON. */
const NAMED = 50;
/** In a longer timeline the rows about single shards are left out: nobody reads ten thousand of them, no ticket takes them. */
const TIMELINE_ROWS = 1_000;

export function reportMarkdown(report: Report, nameOf: NameOf = byId): string {
  const person = (user: string) => escapeMarkdown(user === 'bot' ? 'the bot' : nameOf(user));
  const told = (text: string) => escapeMarkdown(plainText(text, nameOf));
  const parts: string[] = [
    `# Redis migration ${escapeMarkdown(report.name)} (${report.id}): ${report.phase.replaceAll('_', ' ')}`,
    facts(report, person),
  ];
  if (report.summary.length > 0) parts.push('## In short', list(report.summary.map(told)));
  parts.push(
    '## Who approved',
    table(
      ['Gate', 'Passed', 'Approved by'],
      report.gates.map(({ gate, passedAt, approvals, passedAloneBy }) => [
        gate,
        passedAt === null ? 'no' : utc(passedAt),
        [
          ...approvals.map(
            (one) => `${person(one.user)}, ${utc(one.at)}${one.wipe ? ', with the wipe of destinations' : ''}`,
          ),
          ...(passedAloneBy === null ? [] : [`passed alone by ${person(passedAloneBy)}`]),
        ].join('; ') || UNKNOWN,
      ]),
    ),
  );
  if (report.overrides.length > 0)
    parts.push(
      '## Rules that somebody answered for',
      list(report.overrides.map((one) => `${one.what}: ${person(one.user)}, ${utc(one.at)}: ${told(one.reason)}`)),
    );
  parts.push(
    '## Shards',
    table(
      ['Shard', 'From', 'To', 'Outcome', 'Keys', 'Size', 'Full sync', 'Pause', 'Verified'],
      report.shards.map(shardRow),
      ['-:', '-', '-', '-', '-:', '-:', '-:', '-:', '-'],
    ),
    '## Settings changed on the way',
    settings(report),
    '## What is left',
    leftovers(report, told),
    '## Timeline',
    ...timeline(report, person, told),
  );
  return `${parts.join('\n\n')}\n`;
}

type Words = (text: string) => string;

function timeline({ timeline: all }: Report, person: Words, told: Words): string[] {
  const whole = all.length <= TIMELINE_ROWS;
  const shown = whole ? all : all.filter((row) => row.shard === null).slice(-TIMELINE_ROWS);
  const left = all.length - shown.length;
  const rows = shown.map((row) => [utc(row.at).replace(' UTC', ''), person(row.actor), told(row.text)]);
  return [
    ...(whole ? [] : [`${plural(left, 'row')}, most of them about single shards, stand in the JSON only.`]),
    table(['When (UTC)', 'Who', 'What'], rows),
  ];
}

function facts(report: Report, person: (user: string) => string): string {
  const { totals, endedAt, seconds } = report;
  const rows: [string, string][] = [
    ['Asked for by', person(report.requestedBy)],
    ...(report.reason === null ? [] : [['Reason', escapeMarkdown(report.reason)] as [string, string]]),
    ['Started', utc(report.startedAt)],
    ['Ended', endedAt === null ? 'it is still running' : utc(endedAt)],
    ['Took', seconds === null ? UNKNOWN : secondsText(seconds)],
    ['Cut-over', report.cutover],
    ['Shards', countText(totals.shards)],
    ['Keys when it began', totals.keys === null ? UNKNOWN : countText(totals.keys)],
    ['Size when it began', totals.bytes === null ? UNKNOWN : bytesText(totals.bytes)],
    ['Writes stood still', report.longestPauseMs === null ? UNKNOWN : `${report.longestPauseMs} ms at most`],
    ['Slack channel', report.channel],
    ['Plan', report.planHash],
  ];
  return table(['', ''], rows);
}

function shardRow(shard: ReportShard): string[] {
  const { verified } = shard;
  const server = (address: string, version: string | null) =>
    `${escapeMarkdown(address)}${version === null ? '' : ` (${escapeMarkdown(version)})`}`;
  return [
    String(shard.index + 1),
    server(shard.source, shard.sourceVersion),
    server(shard.destination, shard.destinationVersion),
    shard.outcome,
    shard.keys === null ? UNKNOWN : countText(shard.keys),
    shard.bytes === null ? UNKNOWN : bytesText(shard.bytes),
    shard.fullSyncSeconds === null ? UNKNOWN : secondsText(shard.fullSyncSeconds),
    shard.pauseMs === null ? UNKNOWN : `${shard.pauseMs} ms`,
    verified === null ? UNKNOWN : `${countText(verified.keys)} keys, ${countText(verified.mismatches)} differ`,
  ];
}

const DURING = {
  trial: 'trying the link',
  cutover: 'the cut-over',
  end: 'the migration',
} satisfies Record<ReportSetting['until'], string>;

/** One line for each setting, side and outcome: a thousand shards change the same few. */
function settings({ settings: all }: Report): string {
  if (all.length === 0) return 'None had to be changed.';
  const groups = new Map<string, { cells: [string, string, string, string, SettingOutcome]; servers: string[] }>();
  for (const one of all) {
    const value = (text: string | null) => (text === null ? '(a secret)' : text === '' ? '(empty)' : text);
    const cells: [string, string, string, string, SettingOutcome] = [
      one.name,
      value(one.old),
      value(one.value),
      DURING[one.until],
      one.outcome,
    ];
    const key = JSON.stringify(cells);
    const group = groups.get(key) ?? { cells, servers: [] };
    group.servers.push(one.server);
    groups.set(key, group);
  }
  return table(
    ['Setting', 'Was', 'Set to', 'For', 'Now', 'On'],
    [...groups.values()].map(({ cells, servers }) => [
      ...cells.map(escapeMarkdown),
      servers.length > 6
        ? `${escapeMarkdown(servers.slice(0, 5).join(', '))} and ${plural(servers.length - 5, 'more server')}`
        : escapeMarkdown(servers.join(', ')),
    ]),
  );
}

function leftovers({ left }: Report, told: (text: string) => string): string {
  if (left.length === 0) return 'Nothing that the bot knows of.';
  const kinds = [...new Set(left.map((one) => one.kind))];
  return list(
    kinds.flatMap((kind) => {
      const all = left.filter((one) => one.kind === kind);
      const named = all.slice(0, NAMED).map((one) => `${capital(kind)}: ${told(one.text)}`);
      return all.length > NAMED ? [...named, `${capital(kind)}: … and ${all.length - NAMED} more`] : named;
    }),
  );
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}

function table(heads: readonly string[], rows: readonly (readonly string[])[], align = heads.map(() => '-')): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const marks = align.map((one) => (one === '-:' ? '---:' : '---'));
  return [line(heads), line(marks), ...rows.map(line)].join('\n');
}

/** On one line, every mark of Markdown and HTML taken for what it is. */
export function escapeMarkdown(text: string): string {
  return oneLine(text)
    .replace(/[\\`*_{}[\]()#+!|~^$=-]/g, (mark, place: number, whole: string) =>
      mark === '-' || mark === '(' || mark === ')' || mark === '+' || mark === '='
        ? escapeAtStart(mark, place)
        : mark === '_' && isInWord(place, whole)
          ? mark
          : `\\${mark}`,
    )
    .replace(/^(\d{1,9})([.)])(?=\s|$)/, '$1\\$2')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/** These mean something at the beginning of a line only. */
function escapeAtStart(mark: string, place: number): string {
  return place === 0 && mark !== '(' && mark !== ')' ? `\\${mark}` : mark;
}

function isInWord(place: number, whole: string): boolean {
  return /[\p{L}\p{N}]/u.test(whole[place - 1] ?? '') && /[\p{L}\p{N}]/u.test(whole[place + 1] ?? '');
}
