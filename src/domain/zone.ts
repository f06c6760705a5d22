/** Wall clocks of time zones: which moment a date and a time of day mean there. Pure. */

/** A date and a time of day, as a clock on the wall shows them. */
export interface WallTime {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const DAY_MS = 86_400_000;

/** The zone's own spelling, such as `Europe/Berlin`; null when there is no such zone. */
export function zoneNamed(typed: string): string | null {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{1,60}$/.test(typed)) return null;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: typed }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
}

/** What a clock on the wall of this zone shows at a moment. */
export function wallTimeAt(ms: number, zone: string): WallTime {
  const parts = formatFor(zone).formatToParts(ms);
  const of = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((one) => one.type === type)?.value ?? 0);
  return {
    year: of('year'),
    month: of('month'),
    day: of('day'),
    hour: of('hour'),
    minute: of('minute'),
    second: of('second'),
  };
}

/**
 * The moment that a wall clock means: the first of the two where clocks are set back, null where they are set forward
 * past it and where there is no such day or time.
 */
export function momentOf(wall: WallTime, zone: string): number | null {
  const asUtc = utcOf(wall);
  const offsets = [asUtc - DAY_MS, asUtc + DAY_MS].map((ms) => utcOf(wallTimeAt(ms, zone)) - ms);
  const found = offsets.map((offset) => asUtc - offset).filter((ms) => sameTime(wallTimeAt(ms, zone), wall));
  return found.length === 0 ? null : Math.min(...found);
}

const FORMATS = new Map<string, Intl.DateTimeFormat>();

/** Making one takes longer than using it a hundred times. */
function formatFor(zone: string): Intl.DateTimeFormat {
  const known = FORMATS.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  FORMATS.set(zone, made);
  return made;
}

function utcOf({ year, month, day, hour, minute, second }: WallTime): number {
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function sameTime(one: WallTime, other: WallTime): boolean {
  const keys = ['year', 'month', 'day', 'hour', 'minute', 'second'] as const;
  return keys.every((key) => one[key] === other[key]);
}
