/** `--at`, `--window` and what goes with them, as they were typed → a request for a schedule. Pure. */
import type { ScheduleRequest } from '../domain/plan.ts';

export const SCHEDULE_OPTIONS = ['--at', '--window', '--window-minutes', '--zone'] as const;
export type ScheduleOption = (typeof SCHEDULE_OPTIONS)[number];

export function isScheduleOption(option: string): option is ScheduleOption {
  return (SCHEDULE_OPTIONS as readonly string[]).includes(option);
}

/** What was typed behind each option, once for each time that it was there. */
export type TypedSchedule = Record<ScheduleOption, string[]> & { autoSwitch: boolean };

export function nothingTyped(): TypedSchedule {
  return { '--at': [], '--window': [], '--window-minutes': [], '--zone': [], autoSwitch: false };
}

/**
 * How many of the words behind an option are its value: a date and a time, or the five fields of a cron expression, are
 * often typed without quotes.
 */
export function wordsOf(option: ScheduleOption, behind: readonly string[]): number {
  const [first, second] = behind;
  if (first === undefined || first.startsWith('--')) return 0;
  if (option === '--at' && /^\d{4}-\d\d-\d\d$/.test(first) && /^\d\d?:\d\d/.test(second ?? '')) return 2;
  const fields = behind.slice(0, 5);
  const unquoted = option === '--window' && fields.length === 5 && fields.every((one) => CRON_FIELD.test(one));
  return unquoted ? 5 : 1;
}

const CRON_FIELD = /^(?:[\d*?,/LW#-]+|[a-z]{3}(?:[-,][a-z]{3})*)$/i;

const NEEDS: Readonly<Record<ScheduleOption, string>> = {
  '--at': '`--at` needs a time, such as `02:00` or `2026-12-05T02:00+01:00`.',
  '--window':
    '`--window` needs a cron expression in quotes, such as `"0 2 * * 6"`: minute, hour, day of the month, month, day of the week.',
  '--window-minutes': '`--window-minutes` needs how long the window is open, in minutes.',
  '--zone': '`--zone` needs the name of a time zone, such as `Europe/Berlin`.',
};

export function readScheduleOptions(typed: TypedSchedule): {
  readonly schedule: ScheduleRequest | null;
  readonly problems: readonly string[];
} {
  const problems = SCHEDULE_OPTIONS.flatMap((option) => {
    const values = typed[option];
    if (values.length > 1) return [`\`${option}\` is there twice.`];
    return values[0]?.trim() === '' ? [NEEDS[option]] : [];
  });
  const [at] = typed['--at'];
  const [window] = typed['--window'];
  const [windowMinutes] = typed['--window-minutes'];
  const [zone] = typed['--zone'];
  const nothing = SCHEDULE_OPTIONS.every((option) => typed[option].length === 0) && !typed.autoSwitch;
  if (problems.length > 0 || nothing) return { schedule: null, problems };
  const schedule = {
    ...(at === undefined ? {} : { at }),
    ...(window === undefined ? {} : { window }),
    ...(windowMinutes === undefined ? {} : { windowMinutes }),
    ...(zone === undefined ? {} : { zone }),
    ...(typed.autoSwitch ? { autoSwitch: true } : {}),
  };
  return { schedule, problems };
}
