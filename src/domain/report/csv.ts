/** Shards as CSV (RFC 4180) for spreadsheets: quoted where it has to be, and nothing in it is taken for a formula. Pure. */
import type { ShardView } from '../view.ts';

/** More shards than this, and the message cannot show all of them. */
export const CSV_ABOVE_SHARDS = 200;

type Cell = string | number | null;

const COLUMNS: readonly (readonly [string, (shard: ShardView) => Cell])[] = [
  ['shard', (one) => one.index + 1],
  ['source', (one) => one.source],
  ['destination', (one) => one.destination],
  ['state', (one) => one.state],
  ['percent', (one) => one.percent],
  ['lag_bytes', (one) => one.lagBytes],
  ['bytes_per_second', (one) => one.bytesPerSecond],
  ['eta_seconds', (one) => one.etaSeconds],
  ['source_writes_per_second', (one) => one.sourceWritesPerSecond],
  ['source_clients', (one) => one.sourceClients],
  ['full_syncs', (one) => one.fullSyncs],
  ['pause_ms', (one) => one.pauseMs],
  ['keys', (one) => one.keys],
  ['bytes', (one) => one.bytes],
  ['verified_keys', (one) => one.verified?.keys ?? null],
  ['verified_mismatches', (one) => one.verified?.mismatches ?? null],
  ['reason', (one) => one.reason],
];

export function shardsCsv(shards: readonly ShardView[]): string {
  const rows = [COLUMNS.map(([title]) => title), ...shards.map((shard) => COLUMNS.map(([, of]) => of(shard)))];
  return rows.map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');
}

function cell(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  // A spreadsheet takes a cell that begins like this for a formula, in quotes too; behind an apostrophe it is text.
  const text = /^[\s\p{C}]*[=+\-@|%＝＋－＠]/u.test(value) || /^[\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n']|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
