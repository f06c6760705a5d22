/**
 * A plan's schedule: when it starts, in which windows it may switch, and how what was typed becomes that. Pure; what a
 * cron expression means is asked of a Calendar.
 */
import type { Schedule, ScheduleRequest, SwitchWindow } from './plan.ts';
import { dateMark } from './time-mark.ts';
import { momentOf, type WallTime, wallTimeAt, zoneNamed } from './zone.ts';

/** What cron expressions mean. The same question has the same answer at any time: it reads no clock. */
export interface Calendar {
  /** What is wrong with an expression, as a sentence; null when nothing is. */
  problem(cron: string): string | null;
  /** The first moment after `afterMs` that an expression names, to the minute; null when a year has none. */
  next(cron: string, zone: string, afterMs: number): number | null;
}

/** A window as it falls in time. */
export interface Opening {
  readonly opensAt: number;
  /** The first moment outside. */
  readonly closesAt: number;
}

export type ScheduleField = 'at' | 'window' | 'window_minutes' | 'zone' | 'auto_switch';

export interface ScheduleProblem {
  readonly field: ScheduleField;
  readonly text: string;
}

export const DEFAULT_WINDOW_MINUTES = 60;
const MOST_WINDOW_MINUTES = 1_440;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A start in the past by no more than this is one that is due. */
const JUST_NOW_MS = MINUTE_MS;
const FURTHEST_MS = 60 * DAY_MS;
/** A window that stays open for so long keeps nobody from anything. */
const LONGEST_WINDOW_MS = 7 * DAY_MS;
/** So many openings that touch each other are taken for one that never ends: to count them all would hold up everybody. */
const MOST_OPENINGS = 1_500;

/** What was typed → a schedule, or everything that is wrong with it. Null: nothing was asked for. */
export function readSchedule(
  asked: ScheduleRequest,
  now: number,
  calendar: Calendar,
): { readonly schedule: Schedule | null; readonly problems: readonly ScheduleProblem[] } {
  const problems: ScheduleProblem[] = [];
  const zone = zoneNamed(asked.zone ?? 'UTC');
  if (zone === null)
    problems.push({
      field: 'zone',
      text: 'There is no time zone of that name. Zones look like `Europe/Berlin`, `America/New_York` or `UTC`.',
    });
  const startAt = zone === null || asked.at === undefined ? undefined : readStart(asked.at, zone, now, problems);
  const window = zone === null ? undefined : readWindow(asked, zone, now, calendar, problems);
  if (asked.window === undefined && asked.windowMinutes !== undefined)
    problems.push({
      field: 'window_minutes',
      text: 'The length of a window goes with a window: say when it opens, too.',
    });
  if (asked.autoSwitch === true && asked.window === undefined)
    problems.push({
      field: 'auto_switch',
      text: 'To switch by itself goes with a window: say when that may happen. With the command: `--window`.',
    });
  if (asked.zone !== undefined && asked.at === undefined && asked.window === undefined)
    problems.push({ field: 'zone', text: 'A time zone goes with a start time or a window: there is neither.' });
  if (problems.length > 0 || zone === null || (startAt === undefined && window === undefined))
    return { schedule: null, problems };
  const schedule = {
    zone,
    ...(startAt === undefined ? {} : { startAt }),
    ...(window === undefined ? {} : { window }),
    ...(asked.autoSwitch === true ? { autoSwitch: true as const } : {}),
  };
  return { schedule, problems };
}

const TIME = /^(?:(\d{4})-(\d\d)-(\d\d)[T ])?(\d\d?):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/i;

function readStart(typed: string, zone: string, now: number, problems: ScheduleProblem[]): number | undefined {
  const parts = TIME.exec(typed.trim());
  const refuse = (text: string) => {
    problems.push({ field: 'at', text });
    return undefined;
  };
  if (parts === null || (parts[1] === undefined && parts[7] !== undefined))
    return refuse(
      'This start time is not understood. Write `02:00` or `2026-12-05 02:00`, which is taken in the time zone that is given (UTC if none is), or a time with its offset such as `2026-12-05T02:00+01:00`.',
    );
  const at = parts[1] === undefined ? nextTimeOfDay(parts, zone, now) : momentTyped(parts, zone);
  if (at === null)
    return refuse(
      'There is no such time: the date does not exist, or clocks are set forward past that time on that day. Choose another.',
    );
  if (at < now - JUST_NOW_MS)
    return refuse(`The start time ${dateMark(at)} is in the past. Leave it out to start as soon as it is approved.`);
  if (at > now + FURTHEST_MS)
    return refuse(
      `The start time ${dateMark(at)} is more than 60 days ahead. Servers change in that time: ask again nearer to it.`,
    );
  return at;
}

type Parts = RegExpExecArray;

function wallOf(parts: Parts, day: Pick<WallTime, 'year' | 'month' | 'day'>): WallTime {
  const { year, month } = day;
  return {
    year,
    month,
    day: day.day,
    hour: Number(parts[4]),
    minute: Number(parts[5]),
    second: Number(parts[6] ?? 0),
  };
}

function momentTyped(parts: Parts, zone: string): number | null {
  const wall = wallOf(parts, { year: Number(parts[1]), month: Number(parts[2]), day: Number(parts[3]) });
  const offset = parts[7];
  if (offset === undefined) return momentOf(wall, zone);
  const asUtc = momentOf(wall, 'UTC');
  if (asUtc === null || /^z$/i.test(offset)) return asUtc;
  const [hours, minutes] = [Number(offset.slice(1, 3)), Number(offset.slice(-2))];
  if (hours > 14 || minutes > 59) return null;
  const ahead = (hours * 60 + minutes) * MINUTE_MS;
  return offset.startsWith('-') ? asUtc + ahead : asUtc - ahead;
}

/** Today's, or tomorrow's when today's is over. */
function nextTimeOfDay(parts: Parts, zone: string, now: number): number | null {
  const today = momentOf(wallOf(parts, wallTimeAt(now, zone)), zone);
  if (today !== null && today >= now - JUST_NOW_MS) return today;
  const tomorrow = new Date(Date.UTC(...ymd(wallTimeAt(now, zone))) + DAY_MS);
  return momentOf(
    wallOf(parts, { year: tomorrow.getUTCFullYear(), month: tomorrow.getUTCMonth() + 1, day: tomorrow.getUTCDate() }),
    zone,
  );
}

function ymd({ year, month, day }: WallTime): [number, number, number] {
  return [year, month - 1, day];
}

function readWindow(
  asked: ScheduleRequest,
  zone: string,
  now: number,
  calendar: Calendar,
  problems: ScheduleProblem[],
): SwitchWindow | undefined {
  if (asked.window === undefined) return undefined;
  const cron = asked.window.trim().replace(/\s+/g, ' ');
  const minutes =
    asked.windowMinutes === undefined ? DEFAULT_WINDOW_MINUTES : Number(asked.windowMinutes.trim() || NaN);
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > MOST_WINDOW_MINUTES) {
    problems.push({
      field: 'window_minutes',
      text: `A window's length is a whole number of minutes, 1 to ${MOST_WINDOW_MINUTES}.`,
    });
    return undefined;
  }
  const window = { cron, minutes };
  const problem = calendar.problem(cron) ?? neverOrAlways(window, zone, now, calendar);
  if (problem === null) return window;
  problems.push({ field: 'window', text: problem });
  return undefined;
}

function neverOrAlways(window: SwitchWindow, zone: string, now: number, calendar: Calendar): string | null {
  const opening = nextOpening(window, zone, now, calendar);
  if (opening === null) return 'This window does not open within a year: no day and time are like that.';
  return opening.closesAt - Math.max(opening.opensAt, now) < LONGEST_WINDOW_MS
    ? null
    : 'This window is open for days without a break. Leave it out, or give it fewer hours.';
}

/** True of every moment from `at` to just before `until`. */
interface Answer {
  readonly at: number;
  readonly until: number;
  readonly opening: Opening | null;
}

/** Every tick asks several times, and a week has one answer. */
const ANSWERS = new WeakMap<Calendar, Map<string, readonly Answer[]>>();
const KEPT_WINDOWS = 200;
const KEPT_ANSWERS = 4;

/**
 * The window that is open at a moment, or else the next one; null when a year has none. Openings that touch or overlap
 * are one window.
 */
export function nextOpening(window: SwitchWindow, zone: string, at: number, calendar: Calendar): Opening | null {
  const kept = ANSWERS.get(calendar) ?? new Map<string, readonly Answer[]>();
  ANSWERS.set(calendar, kept);
  const key = `${window.cron} ${window.minutes} ${zone}`;
  const answers = kept.get(key) ?? [];
  const known = answers.find((one) => one.at <= at && at < one.until);
  if (known) return known.opening;
  const opening = findOpening(window, zone, at, calendar);
  if (kept.size >= KEPT_WINDOWS) kept.clear();
  // That a year has none may be different an hour later.
  const until = opening?.closesAt ?? at + 60 * MINUTE_MS;
  kept.set(key, [{ at, until, opening }, ...answers].slice(0, KEPT_ANSWERS));
  return opening;
}

function findOpening(window: SwitchWindow, zone: string, at: number, calendar: Calendar): Opening | null {
  const lengthMs = window.minutes * MINUTE_MS;
  let opensAt = calendar.next(window.cron, zone, at - lengthMs);
  if (opensAt === null) return null;
  const earliest = opensAt - LONGEST_WINDOW_MS;
  let openings = 0;
  while (opensAt > earliest) {
    openings += 1;
    if (openings > MOST_OPENINGS) return { opensAt, closesAt: Math.max(at, opensAt) + LONGEST_WINDOW_MS };
    const before = calendar.next(window.cron, zone, opensAt - lengthMs - 1);
    if (before === null || before >= opensAt) break;
    opensAt = before;
  }
  let closesAt = opensAt + lengthMs;
  while (closesAt - Math.max(at, opensAt) < LONGEST_WINDOW_MS) {
    openings += 1;
    if (openings > MOST_OPENINGS) return { opensAt, closesAt: Math.max(at, opensAt) + LONGEST_WINDOW_MS };
    // The last opening that can prolong it is asked for first: one that opens every minute would be walked through.
    const late = calendar.next(window.cron, zone, closesAt - MINUTE_MS - 1);
    const prolongs = late !== null && late <= closesAt && late + lengthMs > closesAt;
    const again = prolongs ? late : calendar.next(window.cron, zone, closesAt - lengthMs);
    if (again === null || again > closesAt) break;
    closesAt = again + lengthMs;
  }
  return { opensAt, closesAt };
}

export function isOpen(opening: Opening | null, at: number): boolean {
  return opening !== null && opening.opensAt <= at && at < opening.closesAt;
}
