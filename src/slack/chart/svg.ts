/** SVG as text: elements whose attributes and words are escaped, and words that fit where they are put. Pure. */
import { oneLine } from '../../domain/report/plain-text.ts';

export type Attributes = Readonly<Record<string, string | number | undefined>>;

export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${typeof value === 'number' ? rounded(value) : escapeXml(value)}"`],
  );
  const open = `<${name}${written.join('')}`;
  return children.length === 0 ? `${open}/>` : `${open}>${children.join('')}</${name}>`;
}

export interface TextStyle {
  readonly size?: number;
  readonly weight?: 400 | 600;
  readonly fill?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  /** Cut to this many pixels. */
  readonly width?: number;
  /** Cut in the middle, so that the end (a port) stays readable. */
  readonly middle?: boolean;
}

export function text(x: number, y: number, words: string, style: TextStyle = {}): string {
  const { size = 13, weight = 400, fill = INK, anchor, width, middle = false } = style;
  const shown = width === undefined ? drawable(words) : fitted(words, size, width, middle);
  return element(
    'text',
    { x, y, 'font-size': size, 'font-weight': weight, fill, 'text-anchor': anchor },
    escapeXml(shown),
  );
}

export const INK = '#1c2230';
export const MUTED = '#5b6474';
export const FAINT = '#8a93a3';
export const GRID = '#e7eaf0';

/** A path through points; a null lifts the pen. */
export function pathOf(points: readonly (readonly [number, number] | null)[]): string {
  let pen = 'M';
  return points
    .map((point) => {
      if (point === null) {
        pen = 'M';
        return '';
      }
      const step = `${pen}${rounded(point[0])} ${rounded(point[1])}`;
      pen = 'L';
      return step;
    })
    .join('');
}

export function rounded(value: number): string {
  return String(Math.round(value * 100) / 100);
}

export function escapeXml(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** What the shipped font can draw: Latin, Greek, Cyrillic and common signs. Anything else is shown as a box. */
const UNDRAWABLE = /[^\u0020-\u052f\u1e00-\u1fff\u2010-\u2044\u20a0-\u20bf\u2190-\u2193\u2212\u2713\u25a1]/gu;

function drawable(words: string): string {
  return oneLine(words).replace(UNDRAWABLE, '□');
}

/** About: the widths of Inter, in parts of its size. */
export function widthOf(words: string, size: number): number {
  let parts = 0;
  for (const character of words) {
    if (/[il.,:;|!'()[\]fjtIr ]/.test(character)) parts += 0.33;
    else if (/[mwMW@%—…→]/.test(character)) parts += 0.88;
    else if (/[A-Z0-9_+=<>□]/.test(character)) parts += 0.66;
    else parts += 0.57;
  }
  return parts * size;
}

export function fitted(words: string, size: number, width: number, middle = false): string {
  const clean = drawable(words);
  if (widthOf(clean, size) <= width) return clean;
  const characters = Array.from(clean);
  const tail = middle ? Array.from(/:\d{1,5}$/.exec(clean)?.[0] ?? '') : [];
  let head = characters.slice(0, Math.max(0, characters.length - tail.length - 1));
  const shown = () => `${head.join('').trimEnd()}…${tail.join('')}`;
  while (head.length > 0 && widthOf(shown(), size) > width) head = head.slice(0, -1);
  return shown();
}
