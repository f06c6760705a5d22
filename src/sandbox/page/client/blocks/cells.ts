/** Cells of `table` and `data_table`: what they say, and how they sort. Pure. */
import { isObject, type JsonObject, objectsAt, textAt, wordsAt } from '../json.ts';

export type Row = readonly JsonObject[];

export function rowsOf(block: JsonObject): readonly Row[] {
  const rows = block['rows'];
  return Array.isArray(rows) ? rows.filter(Array.isArray).map((row: unknown[]) => row.filter(isObject)) : [];
}

/** All the text of a cell; of rich text too. */
export function cellText(cell: JsonObject | undefined): string {
  if (cell === undefined) return '';
  if (textAt(cell, 'type') !== 'rich_text') return wordsAt(cell, 'text');
  return textIn(cell);
}

function textIn(part: JsonObject): string {
  const own = textAt(part, 'text') || textAt(part, 'user_id');
  return own + objectsAt(part, 'elements').map(textIn).join('');
}

const UNITS: Readonly<Record<string, number>> = {
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  ms: 0.001,
  min: 60,
  h: 3600,
  d: 86_400,
};

/** "1.5 MiB/s", "43 %", "2 min 03 s", "20,000" as numbers that can be compared; null for what is no figure. */
export function quantity(text: string): number | null {
  const parts = [...text.matchAll(/(\d[\d,]*(?:\.\d+)?)\s*([a-z%]*)(?:\/s)?/gi)];
  const rest = parts.reduce((left, [part]) => left.replace(part, ''), text).trim();
  if (parts.length === 0 || rest !== '') return null;
  return parts.reduce((sum, [, figure = '', unit = '']) => {
    return sum + Number(figure.replaceAll(',', '')) * (UNITS[unit.toLowerCase()] ?? 1);
  }, 0);
}

/** Figures by size, words by alphabet, what nobody knows last in either direction. */
export function compareCells(a: JsonObject | undefined, b: JsonObject | undefined, direction: 1 | -1): number {
  const [textA, textB] = [cellText(a), cellText(b)];
  const unknown = (text: string) => text === '–' || text === '';
  if (unknown(textA) || unknown(textB)) return Number(unknown(textA)) - Number(unknown(textB));
  const [numberA, numberB] = [numberOf(a, textA), numberOf(b, textB)];
  if (numberA !== null && numberB !== null) return (numberA - numberB) * direction;
  return textA.localeCompare(textB, undefined, { numeric: true }) * direction;
}

function numberOf(cell: JsonObject | undefined, text: string): number | null {
  const value = cell?.['value'];
  return typeof value === 'number' ? value : quantity(text);
}
