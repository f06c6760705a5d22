/** The turning points: numbered flags above the panels, a line through all of them, and below who decided what and when. Pure. */
import type { Chart, Mark } from './chart.ts';
import type { Panel } from './panel.ts';
import { CARD, LEFT, MARK, PAD, RIGHT, type ToX, WIDTH } from './plot.ts';
import { element, FAINT, INK, MUTED, rounded, text } from './svg.ts';
import { clockOf, dayOf } from './time-axis.ts';

export const FLAGS_HEIGHT = 30;
const FLAG = 21;
const LINE = 27;
const COLUMNS = 2;

/** Solid: a person decided. Dashed: it came about. */
function isDecision({ kind }: Mark): boolean {
  return kind === 'approved' || kind === 'asked';
}

/** `top`: where the flags stand; `bottom`: how far down their lines go. */
export function flags(chart: Chart, top: number, bottom: number, x: ToX): string {
  const places = apart(chart.marks.map((mark) => x(mark.at)));
  return chart.marks
    .map((mark, index) => {
      const place = x(mark.at);
      const shown = places[index] ?? place;
      const cutover = mark.kind === 'cut-over';
      const line = {
        d: `M${rounded(shown)} ${top + FLAG - 1}L${rounded(place)} ${top + FLAGS_HEIGHT}L${rounded(place)} ${bottom}`,
        fill: 'none',
      };
      return [
        // A light edge, so that the line is seen on the dark of a strip too.
        element('path', { ...line, stroke: CARD, 'stroke-width': cutover ? 4 : 2.5, 'stroke-opacity': 0.45 }),
        element('path', {
          ...line,
          stroke: MARK,
          'stroke-width': cutover ? 2 : 1,
          'stroke-opacity': cutover ? 0.8 : 0.5,
          'stroke-dasharray': isDecision(mark) || cutover ? undefined : '3 4',
        }),
        flag(mark, index, shown, top),
      ].join('');
    })
    .join('');
}

/** Round: a person decided it. Square: it came about. */
function flag(mark: Mark, index: number, x: number, top: number): string {
  const round = isDecision(mark);
  const size = FLAG - 1;
  return (
    element('rect', {
      x: x - size / 2,
      y: top,
      width: size,
      height: size,
      rx: round ? size / 2 : 4,
      fill: round ? MARK : CARD,
      stroke: MARK,
      'stroke-width': 1.5,
    }) + text(x, top + 14.5, String(index + 1), { size: 11.5, weight: 600, anchor: 'middle', fill: round ? CARD : INK })
  );
}

/** Moves flags that would cover each other aside, in order, within the panels. */
function apart(wanted: readonly number[]): number[] {
  const places: number[] = [];
  for (const place of wanted) places.push(Math.max(place, (places.at(-1) ?? Number.NEGATIVE_INFINITY) + FLAG + 2));
  let most = RIGHT + FLAG / 2;
  for (let index = places.length - 1; index >= 0; index--) {
    places[index] = Math.min(places[index] ?? most, most);
    most = (places[index] ?? most) - FLAG - 2;
  }
  return places;
}

export function legend(chart: Chart, top: number): Panel {
  const each = Math.ceil(chart.marks.length / COLUMNS);
  const width = (WIDTH - 2 * PAD) / COLUMNS;
  const parts = chart.marks.map((mark, index) => {
    const left = PAD + Math.floor(index / each) * width;
    const y = top + (index % each) * LINE;
    const outside = mark.at < chart.span.from || mark.at > chart.span.to;
    const when = `${outside || chart.span.to - chart.span.from > 20 * 3_600_000 ? `${dayOf(mark.at)} ` : ''}${clockOf(mark.at)}`;
    const what = mark.who === null ? mark.text : `${mark.text} by ${mark.who}`;
    const stood = mark.kind === 'cut-over' && chart.longestPauseMs !== null && isLastCutover(chart, index);
    const more = stood ? `, writes stood still for ${Math.round(chart.longestPauseMs ?? 0)} ms at most` : '';
    return (
      flag(mark, index, left + 10, y) +
      text(left + 32, y + 15, when, { size: 13, fill: MUTED }) +
      text(left + (when.length > 8 ? 148 : 100), y + 15, `${what}${more}`, {
        size: 13,
        width: width - (when.length > 8 ? 160 : 112),
      })
    );
  });
  return { svg: parts.join(''), height: each * LINE };
}

function isLastCutover(chart: Chart, index: number): boolean {
  return chart.marks.findLastIndex((one) => one.kind === 'cut-over') === index;
}

export function timeLabels(
  ticks: readonly { readonly at: number; readonly label: string }[],
  y: number,
  x: ToX,
): string {
  return ticks
    .map(({ at, label }) => {
      const place = x(at);
      const anchor = place < LEFT + 20 ? 'start' : place > RIGHT - 20 ? 'end' : 'middle';
      return (
        element('line', { x1: place, x2: place, y1: y - 6, y2: y, stroke: FAINT, 'stroke-width': 1 }) +
        text(place, y + 14, label, { size: 11.5, fill: MUTED, anchor })
      );
    })
    .join('');
}
