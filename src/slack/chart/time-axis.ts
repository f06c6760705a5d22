/** Where a moment stands on the chart, and the moments that are written below it, in UTC. Pure. */

export interface Span {
  /** Wall-clock milliseconds; `to` is later than `from`. */
  readonly from: number;
  readonly to: number;
}

export interface Tick {
  readonly at: number;
  readonly label: string;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((many) => many * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((many) => many * MINUTE),
  ...[1, 2, 3, 6, 12].map((many) => many * HOUR),
  ...[1, 2, 7, 14, 28].map((many) => many * DAY),
];

/** At most `most` of them, at round moments. */
export function ticksOf({ from, to }: Span, most: number): Tick[] {
  const step = STEPS.find((one) => (to - from) / one <= most) ?? (to - from) / most;
  const ticks: Tick[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push({ at, label: labelOf(at, step) });
  return ticks;
}

function labelOf(at: number, step: number): string {
  if (step >= DAY || (step >= HOUR && at % DAY === 0)) return dayOf(at);
  return clockOf(at, step < MINUTE);
}

export function clockOf(at: number, seconds = true): string {
  return new Date(at).toISOString().slice(11, seconds ? 19 : 16);
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `29 Nov` */
export function dayOf(at: number): string {
  const date = new Date(at);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
}

/** `29 Nov 2026`, or `29 Nov 2026 to 1 Dec 2026`. */
export function daysOf({ from, to }: Span): string {
  const whole = (at: number) => `${dayOf(at)} ${new Date(at).getUTCFullYear()}`;
  return whole(from) === whole(to) ? whole(from) : `${whole(from)} to ${whole(to)}`;
}
