/** What is around the two servers: Sentinels that would interfere, and clocks that differ. */
import { countText, listText, secondsText } from '../words.ts';
import type { Add, Seen, Subject } from './rule.ts';

export function judgeSentinels({ source, destination }: Subject, add: Add): void {
  for (const seen of [source, destination]) {
    const { sentinels } = seen.probe;
    if (sentinels.length === 0) continue;
    const named = sentinels.filter((one) => one !== '');
    const who = named.length === 0 ? 'A Sentinel watches' : `Sentinel at ${listText(named)} watches`;
    const text = `${who} ${seen.name}: it would undo the switch, make the new master a replica again, and wipe what was written to it.`;
    const fix = `SENTINEL REMOVE NAME on every Sentinel that watches ${seen.name} (SENTINEL MASTERS shows the name), then check again; SENTINEL MONITOR the new master after the switch.`;
    add('error', `${seen.side}_sentinel`, text, fix);
  }
}

const SKEW_MS = 500;
/** From here on keys with a time to live vanish early in a number that people notice. */
const WIDE_SKEW_MS = 10_000;

/**
 * Times to live travel as points in time: after the switch keys expire by the new server's clock. A clock that is ahead
 * deletes what should still be there, which no proof by offsets sees; one that is behind only keeps it for longer.
 */
export function judgeClocks({ source, destination }: Subject, add: Add): void {
  const [old, fresh] = [source.probe.clock, destination.probe.clock];
  if (!old || !fresh) return;
  const ahead = fresh.aheadMs - old.aheadMs;
  const sure = Math.abs(ahead) - old.errorMs - fresh.errorMs;
  if (sure <= SKEW_MS) return;
  const by = Math.abs(ahead) < WIDE_SKEW_MS ? `${countText(Math.abs(ahead))} ms` : secondsText(Math.abs(ahead) / 1000);
  const what =
    ahead > 0
      ? `ahead of the one of ${source.name}: after the switch keys with a time to live expire that much too early`
      : `behind the one of ${source.name}: after the switch keys with a time to live expire that much too late`;
  const text = `The clock of ${destination.name} is ${by} ${what}.`;
  const level = ahead > 0 && sure > WIDE_SKEW_MS ? 'error' : 'warning';
  add(level, 'clock_skew', text, fixOf(destination));
}

function fixOf(destination: Seen): string {
  return `Let both machines take their time from the same NTP servers (chronyc makestep on ${destination.endpoint.host}), then check again.`;
}
