/** `--canary` and `--soak`, as they were typed → which shard goes first and for how long the others wait. Pure. */
import type { Canary } from '../domain/plan.ts';

/** Minutes, as they would be typed. */
export const DEFAULT_SOAK = '10';
/** A day: whoever wants to wait longer should look again before the rest goes. */
const MOST_MINUTES = 1440;
/** Short enough for a demonstration, long enough for two looks at the servers. */
const LEAST_MINUTES = 0.1;

/** Each list holds the values of one option, an empty one where none was typed. */
export function readCanary(
  canary: readonly string[],
  soak: readonly string[],
): { readonly canary: Canary | null; readonly problems: readonly string[] } {
  const problems: string[] = [];
  if (canary.length > 1) problems.push('`--canary` is there twice.');
  if (soak.length > 1) problems.push('`--soak` is there twice.');
  const [typedShard] = canary;
  const [typedMinutes] = soak;
  if (typedShard === undefined && typedMinutes !== undefined)
    problems.push('`--soak` goes with `--canary`: it says how long the others wait behind the shard that goes first.');
  const number = /^\d{1,6}$/.test(typedShard ?? '') ? Number(typedShard) : 0;
  if (typedShard !== undefined && number < 1)
    problems.push('`--canary` needs the number of the shard that goes first, counted from 1.');
  const soakMs = soakMsOf(typedMinutes ?? DEFAULT_SOAK);
  if (soakMs === null)
    problems.push(
      `\`--soak\` needs minutes: 0 to ${MOST_MINUTES}, with a point for parts of one, and no less than ${LEAST_MINUTES} unless it is 0.`,
    );
  if (typedShard === undefined || soakMs === null || problems.length > 0) return { canary: null, problems };
  return { canary: { shard: number - 1, soakMs }, problems };
}

/** Minutes as they were typed → milliseconds; null when they are none, too few or too many. */
export function soakMsOf(typed: string): number | null {
  if (!/^\d{1,4}(\.\d{1,4})?$/.test(typed)) return null;
  const minutes = Number(typed);
  const good = minutes === 0 || (minutes >= LEAST_MINUTES && minutes <= MOST_MINUTES);
  return good ? Math.round(minutes * 60_000) : null;
}
