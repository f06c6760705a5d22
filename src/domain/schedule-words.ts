/** A schedule as a part of a sentence, for the request. Pure. */
import type { Schedule } from './plan.ts';
import { dateMark } from './time-mark.ts';
import { plural } from './words.ts';

/** `, starts …, switches in a window only (…)`; nothing where there is no schedule. */
export function scheduleText(schedule: Schedule | undefined): string {
  if (!schedule) return '';
  const { startAt, window, zone, autoSwitch } = schedule;
  const start = startAt === undefined ? '' : `, starts ${dateMark(startAt)}`;
  if (!window) return start;
  const how = autoSwitch ? 'switches by itself' : 'switches';
  return `${start}, ${how} in a window only (\`${window.cron}\` for ${plural(window.minutes, 'minute')}, ${zone})`;
}
