/**
 * What cron expressions mean, by node-cron's own matcher, also where clocks are set forward or back. It only answers
 * questions: it starts no timer, reads no clock and changes nothing but its memory of earlier answers.
 */
import { createTask, type ScheduledTask, validateDetailed } from 'node-cron';
import type { Calendar } from '../domain/schedule.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** No zone is off by less, so that an hour begins at the edge of such a block everywhere. */
const BLOCK_MS = 15 * MINUTE_MS;
/** Shorter than the shortest day, so that no day is stepped over. */
const DAY_STEP_MS = 20 * HOUR_MS;
const YEAR_MS = 366 * 24 * HOUR_MS;
/** Expressions kept, and answers kept of each: a window that opens every minute asks several times a tick. */
const KEPT_EXPRESSIONS = 200;
const KEPT_ANSWERS = 16;

/** The same expression with fewer fields: whether the day, and the hour, are right at all. */
interface Matchers {
  readonly day: ScheduledTask;
  readonly hour: ScheduledTask;
  readonly minute: ScheduledTask;
}

interface Answer {
  readonly after: number;
  readonly next: number | null;
}

interface Kept {
  readonly matchers: Matchers;
  answers: readonly Answer[];
}

export function createCalendar(): Calendar {
  const kept = new Map<string, Kept>();

  function keptFor(cron: string, zone: string): Kept {
    const key = `${zone} ${cron}`;
    const known = kept.get(key);
    if (known) return known;
    if (kept.size >= KEPT_EXPRESSIONS) kept.clear();
    const made = { matchers: matchersOf(cron, zone), answers: [] };
    kept.set(key, made);
    return made;
  }

  return {
    problem: problemOf,
    next(cron, zone, afterMs) {
      const known = keptFor(cron, zone);
      const before = known.answers.find(({ after, next }) => after <= afterMs && next !== null && afterMs < next);
      if (before) return before.next;
      const next = search(known.matchers, afterMs);
      known.answers = [{ after: afterMs, next }, ...known.answers].slice(0, KEPT_ANSWERS);
      return next;
    },
  };
}

const FIELD_WORDS: Readonly<Record<string, string>> = {
  minute: 'minute',
  hour: 'hour',
  dayOfMonth: 'day of the month',
  month: 'month',
  dayOfWeek: 'day of the week',
};

const EXAMPLE = 'Saturdays at 02:00 are `0 2 * * 6`: minute, hour, day of the month, month, day of the week.';

function problemOf(cron: string): string | null {
  if (cron.split(' ').length !== 5) return `A window is said in five fields. ${EXAMPLE}`;
  const { valid, errors } = validateDetailed(cron);
  if (valid) return null;
  const fields = new Set(errors.map((one) => FIELD_WORDS[one.field] ?? 'expression'));
  return `The ${[...fields].join(' and the ')} of this window is not right. ${EXAMPLE}`;
}

function matchersOf(cron: string, zone: string): Matchers {
  const [, hour, ...days] = cron.split(' ');
  return {
    day: matcher(['*', '*', ...days].join(' '), zone),
    hour: matcher(['*', hour, ...days].join(' '), zone),
    minute: matcher(cron, zone),
  };
}

/** Taken out of node-cron's list of tasks at once: it is never started, and matches all the same. */
function matcher(cron: string, zone: string): ScheduledTask {
  const task = createTask(cron, () => undefined, { timezone: zone });
  void task.destroy();
  return task;
}

function search({ day, hour, minute }: Matchers, afterMs: number): number | null {
  let at = Math.floor(afterMs / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
  const end = at + YEAR_MS;
  while (at < end) {
    const now = new Date(at);
    if (!day.match(now) && !day.match(new Date(at + DAY_STEP_MS))) {
      at += DAY_STEP_MS;
      continue;
    }
    const blockEnd = at - (at % BLOCK_MS) + BLOCK_MS;
    if (hour.match(now)) {
      for (; at < blockEnd; at += MINUTE_MS) if (minute.match(new Date(at))) return at;
    }
    at = blockEnd;
  }
  return null;
}
