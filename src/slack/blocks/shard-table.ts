/**
 * The shards of one migration as blocks, on the rung of the ladder that the workspace and the number allow:
 *
 * | rung       | how                                               | for           |
 * | ---------- | ------------------------------------------------- | ------------- |
 * | table      | a `table` with every column                       | up to 20      |
 * | data_table | a `data_table`, worst first                       | up to 200     |
 * | text       | totals by state and the worst 15 as plain text    | any           |
 * | bare       | totals by state                                   | any           |
 *
 * Above 200 shards `table` and `data_table` show the totals and a `table` of the worst 15.
 */
import type { KnownBlock } from '@slack/types';
import type { ShardState, ShardView } from '../../domain/view.ts';
import { address, sentence } from '../text.ts';
import { commonSuffix } from './common-suffix.ts';
import { lines, plain, section } from './elements.ts';
import { bytes, count, duration, milliseconds, percent, perSecond, plural, rate, UNKNOWN } from './format.ts';
import { STATE_WORDS } from './words.ts';

export const RUNGS = ['table', 'data_table', 'text', 'bare'] as const;
export type Rung = (typeof RUNGS)[number];

const TABLE_SHARDS = 20;
const DATA_TABLE_SHARDS = 200;
const WORST = 15;
const REASONS = 5;
const SHORTEST_ADDRESS = 22;
/** From worst to best. */
const SEVERITY: readonly ShardState[] = [
  'unreachable',
  'link_down',
  'detached',
  'catching_up',
  'waiting',
  'queued',
  'snapshot',
  'transfer',
  'loading',
  'in_step',
  'promoted',
];

interface Column {
  readonly title: string;
  readonly cell: (shard: ShardView, addressLimit: number) => string;
  readonly align: 'left' | 'right';
  /** 0 is never left out; the highest goes first when room is short. */
  readonly rank: number;
  /** Of a column of addresses, whose. */
  readonly side?: 'source' | 'destination';
}

const COLUMNS: readonly Column[] = [
  { title: 'Shard', cell: (shard) => String(shard.index + 1), align: 'right', rank: 0 },
  { title: 'Source', cell: (shard, limit) => address(shard.source, limit), align: 'left', rank: 0, side: 'source' },
  {
    title: 'Destination',
    cell: (shard, limit) => address(shard.destination, limit),
    align: 'left',
    rank: 0,
    side: 'destination',
  },
  {
    title: 'State',
    cell: (shard) => `${STATE_WORDS[shard.state].sign} ${STATE_WORDS[shard.state].word}`,
    align: 'left',
    rank: 0,
  },
  { title: 'Done', cell: (shard) => percent(shard.percent), align: 'right', rank: 1 },
  { title: 'Speed', cell: (shard) => speed(shard.bytesPerSecond), align: 'right', rank: 3 },
  { title: 'Left', cell: (shard) => duration(shard.etaSeconds), align: 'right', rank: 3 },
  { title: 'Lag', cell: (shard) => bytes(shard.lagBytes), align: 'right', rank: 2 },
  { title: 'Buffer', cell: (shard) => bytes(shard.bufferBytes), align: 'right', rank: 5 },
  { title: 'Writes', cell: (shard) => perSecond(shard.sourceWritesPerSecond), align: 'right', rank: 4 },
  { title: 'Clients', cell: (shard) => count(shard.sourceClients), align: 'right', rank: 6 },
  { title: 'Full syncs', cell: (shard) => count(shard.fullSyncs), align: 'right', rank: 6 },
];
/** Pings between two servers are no data: a figure that comes and goes with them says nothing. */
const PINGS_BYTES_PER_SECOND = 50;

function speed(bytesPerSecond: number | null): string {
  return rate(bytesPerSecond !== null && bytesPerSecond < PINGS_BYTES_PER_SECOND ? 0 : bytesPerSecond);
}

const PAUSE: Column = { title: 'Pause', cell: (shard) => milliseconds(shard.pauseMs), align: 'right', rank: 2 };

/** `room`: characters of text that the blocks may hold at most; at least 1,500. */
export function shardBlocks(shards: readonly ShardView[], rung: Rung, room: number): KnownBlock[] {
  if (shards.length === 0) return [];
  if (rung === 'bare') return [section(statesLine(shards))];
  if (rung === 'text') return textRung(shards, room);
  if (shards.length > DATA_TABLE_SHARDS) return topOfMany(shards, room);
  if (rung === 'table' && shards.length <= TABLE_SHARDS) return tableRung(shards, room);
  return dataTableRung(shards, room);
}

/** "3 in step, 1 loading", worst first. */
export function statesLine(shards: readonly ShardView[]): string {
  const parts = SEVERITY.flatMap((state) => {
    const many = shards.filter((shard) => shard.state === state).length;
    return many === 0 ? [] : [`${STATE_WORDS[state].sign} ${count(many)} ${STATE_WORDS[state].word}`];
  });
  return `*${plural(shards.length, 'shard')}*: ${parts.join(' · ')}`;
}

export function worstFirst(shards: readonly ShardView[]): ShardView[] {
  const rank = (shard: ShardView) => SEVERITY.indexOf(shard.state);
  return shards.toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      Number(b.reason !== null) - Number(a.reason !== null) ||
      (a.percent ?? -1) - (b.percent ?? -1) ||
      (b.lagBytes ?? 0) - (a.lagBytes ?? 0) ||
      a.index - b.index,
  );
}

function tableRung(shards: readonly ShardView[], room: number): KnownBlock[] {
  const reasons = reasonBlocks(shards, Math.min(1200, Math.floor(room / 4)));
  const fitted = fitTable(shards, Math.min(9_500, room - 1300));
  return [tableOf(fitted), ...leftOut(shards, fitted), ...reasons];
}

function dataTableRung(shards: readonly ShardView[], room: number): KnownBlock[] {
  const reasons = reasonBlocks(shards, Math.min(1000, Math.floor(room / 5)));
  const fitted = fitTable(worstFirst(shards), Math.min(19_000, room - 1500));
  return [
    section(statesLine(shards)),
    { type: 'data_table', caption: 'Shards, worst first', page_size: 20, rows: cells(fitted) },
    ...leftOut(shards, fitted),
    ...reasons,
  ];
}

function topOfMany(shards: readonly ShardView[], room: number): KnownBlock[] {
  const fitted = fitTable(worstFirst(shards).slice(0, WORST), Math.min(9_500, room - 1500));
  const reasons = reasonBlocks(shards, Math.min(1000, Math.floor(room / 5)));
  return [section(statesLine(shards)), tableOf(fitted), ...leftOut(shards, fitted), ...reasons];
}

function textRung(shards: readonly ShardView[], room: number): KnownBlock[] {
  const worst = worstFirst(shards).slice(0, WORST);
  const told = worst.map((shard) => {
    const figures = [
      percent(shard.percent),
      shard.bytesPerSecond === null ? '' : speed(shard.bytesPerSecond),
      shard.etaSeconds === null || shard.etaSeconds < 1 ? '' : `${duration(shard.etaSeconds)} left`,
      shard.lagBytes === null ? '' : `lag ${bytes(shard.lagBytes)}`,
      shard.sourceWritesPerSecond === null ? '' : `${perSecond(shard.sourceWritesPerSecond)} writes`,
      shard.pauseMs === null ? '' : `pause ${milliseconds(shard.pauseMs)}`,
    ].filter((figure) => figure !== '' && figure !== UNKNOWN);
    const { sign, word } = STATE_WORDS[shard.state];
    const where = `${address(shard.source, 40)} → ${address(shard.destination, 40)}`;
    return `${sign} *${shard.index + 1}* ${word}: ${unmarked(where)}${figures.length > 0 ? ` · ${figures.join(' · ')}` : ''}`;
  });
  const rest = shards.length - worst.length;
  return [
    section(statesLine(shards)),
    section(lines(rest > 0 ? [...told, `and ${count(rest)} more that do better`] : told, Math.min(2800, room - 1400))),
    ...reasonBlocks(shards, Math.min(1000, Math.floor(room / 5))),
  ];
}

function reasonBlocks(shards: readonly ShardView[], room: number): KnownBlock[] {
  const held = worstFirst(shards).filter((shard) => shard.reason !== null);
  if (held.length === 0) return [];
  const told = held
    .slice(0, REASONS)
    .map((shard) => `• Shard ${shard.index + 1}: ${sentence(shard.reason ?? '', 220)}`);
  if (held.length > REASONS) told.push(`… and ${count(held.length - REASONS)} more`);
  return [section(lines(told, Math.max(room, 300)))];
}

interface Fitted {
  readonly columns: readonly Column[];
  readonly shards: readonly ShardView[];
  readonly addressLimit: number;
}

/**
 * Cuts addresses, then says once what all of them end with, then leaves columns out, then the best shards, until the text
 * fits into `room`.
 */
function fitTable(shards: readonly ShardView[], room: number): Fitted {
  const all = columnsFor(shards);
  const whole = fitting(all, shards, room);
  for (const addressLimit of [48, 30, SHORTEST_ADDRESS]) {
    if (whole(all, addressLimit)) return { columns: all, shards, addressLimit };
  }
  const [columns, short] = withoutSuffixes(all, shards);
  const fits = fitting(columns, short, room);
  let kept = columns;
  for (let rank = 7; rank >= 1; rank--) {
    kept = kept.filter((column) => column.rank < rank);
    if (fits(kept, SHORTEST_ADDRESS)) return { columns: kept, shards: short, addressLimit: SHORTEST_ADDRESS };
  }
  const shown = short.slice(0, Math.max(1, howMany(short, kept, room)));
  return { columns: kept, shards: shown, addressLimit: SHORTEST_ADDRESS };
}

/** Whether some of the columns fit into the room. Each is measured once; only addresses depend on the limit. */
function fitting(all: readonly Column[], shards: readonly ShardView[], room: number) {
  const widths = new Map<string, number>();
  const width = (column: Column, addressLimit: number): number => {
    const key = `${all.indexOf(column)} ${column.side === undefined ? '' : addressLimit}`;
    const known = widths.get(key);
    if (known !== undefined) return known;
    const measured = shards.reduce((sum, shard) => sum + column.cell(shard, addressLimit).length, column.title.length);
    widths.set(key, measured);
    return measured;
  };
  return (columns: readonly Column[], addressLimit: number) =>
    columns.reduce((sum, column) => sum + width(column, addressLimit), 0) <= room;
}

function withoutSuffixes(
  columns: readonly Column[],
  shards: readonly ShardView[],
): readonly [readonly Column[], readonly ShardView[]] {
  const ends = {
    source: commonSuffix(shards.map((shard) => shard.source)),
    destination: commonSuffix(shards.map((shard) => shard.destination)),
  };
  const without = (text: string, end: string) => text.slice(0, text.length - end.length);
  return [
    columns.map((column) => {
      const end = column.side === undefined ? '' : ends[column.side];
      return end === '' ? column : { ...column, title: `${column.title} …${address(end, 40)}` };
    }),
    shards.map((shard) => {
      const { source, destination } = shard;
      return { ...shard, source: without(source, ends.source), destination: without(destination, ends.destination) };
    }),
  ];
}

function howMany(shards: readonly ShardView[], columns: readonly Column[], room: number): number {
  let used = columns.reduce((sum, column) => sum + column.title.length, 0);
  const first = shards.findIndex((shard) => {
    used += columns.reduce((sum, column) => sum + column.cell(shard, SHORTEST_ADDRESS).length, 0);
    return used > room;
  });
  return first < 0 ? shards.length : first;
}

/** Once shards have gone over, some figures are nobody's any more: a column of dashes would hide the others. */
function columnsFor(shards: readonly ShardView[]): readonly Column[] {
  if (shards.every((shard) => shard.pauseMs === null)) return COLUMNS;
  const known = COLUMNS.filter(
    (column) => column.rank < 2 || shards.some((shard) => column.cell(shard, 9) !== UNKNOWN),
  );
  return [...known, PAUSE];
}

function cells(fitted: Fitted): { type: 'raw_text'; text: string }[][] {
  const raw = (text: string) => ({ type: 'raw_text' as const, text });
  return [
    fitted.columns.map((column) => raw(column.title)),
    ...fitted.shards.map((shard) => fitted.columns.map((column) => raw(column.cell(shard, fitted.addressLimit)))),
  ];
}

function tableOf(fitted: Fitted): KnownBlock {
  return {
    type: 'table',
    rows: cells(fitted),
    column_settings: fitted.columns.map((column) => ({ align: column.align, is_wrapped: false })),
  };
}

function leftOut(shards: readonly ShardView[], fitted: Fitted): KnownBlock[] {
  const rest = shards.length - fitted.shards.length;
  return rest > 0 ? [{ type: 'context', elements: [plain(`and ${count(rest)} more shards that do better`, 200)] }] : [];
}

/** Addresses hold no spaces, but what is hostile in them must not format the line. */
function unmarked(text: string): string {
  return text.replace(/[*~`]/g, '∗');
}
