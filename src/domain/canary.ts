/**
 * The canary: one shard goes over first, soaks, and the rest follows. Who goes next, how long it still takes, and how
 * that is said. Pure.
 */
import type { Event, Way } from './event.ts';
import type { Canary, Cutover } from './plan.ts';
import type { MigrationState, ShardRecord } from './state.ts';
import { countText, plural, shardText } from './words.ts';

/** Why such a canary cannot be had, as a sentence; null when it can. */
export function canaryProblem({ shard }: Canary, shards: number, cutover: Cutover): string | null {
  if (cutover === 'overlap')
    return 'A canary goes with the fenced cut-over only: in an overlap both sides take writes anyway, and instances move one by one.';
  if (shards === 1) return 'With one shard there is nothing to be the canary for: leave it out.';
  if (shard >= 0 && shard < shards) return null;
  return `There is no ${shardText(shard)} to go first: the migration has ${plural(shards, 'shard')}, counted from 1.`;
}

/** `, shard 2 first and the others 10 min later`; nothing where all go together. */
export function canaryText(canary: Canary | undefined | null): string {
  if (!canary) return '';
  const later = canary.soakMs === 0 ? 'right after it' : `${soakText(canary.soakMs)} later`;
  return `, ${shardText(canary.shard)} first and the others ${later}`;
}

/** `7 min`, `6 s`, `2 h 30 min`. Never less than is left. */
export function soakText(ms: number): string {
  if (ms <= 90_000) return `${Math.ceil(ms / 1000)} s`;
  const minutes = Math.ceil(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Whose turn it is to go over: the canary alone, then all that have not gone. Indices from 0. */
export function nextToGo({ plan, shards }: MigrationState): readonly number[] {
  const left = shards.filter((one) => !one.promoted).map((one) => one.index);
  const first = plan.canary?.shard;
  return first !== undefined && left.includes(first) ? [first] : left;
}

/** Which way writes go when a cut-over begins in this phase, and of which shards. */
export function groupOf(state: MigrationState): readonly [Way, readonly number[]] {
  if (state.phase !== 'rolling_back') return ['over', nextToGo(state)];
  return ['back', state.shards.filter((one) => one.promoted && !one.stays).map((one) => one.index)];
}

/** Whether a shard's promotion in that direction was seen. */
export function hasGone({ shards }: MigrationState, way: Way, shard: number): boolean {
  return (way === 'over' ? shards[shard]?.promoted : shards[shard]?.returned) === true;
}

/**
 * The shard that went first while others have not gone over: the canary, or one of a switch that a person has ended for
 * some of its shards; else null.
 */
export function goneOver({ plan, shards }: MigrationState): ShardRecord | null {
  const record = plan.canary ? shards[plan.canary.shard] : shards.find((one) => one.promoted);
  return record?.promoted && shards.some((one) => !one.promoted) ? record : null;
}

/** How long the others still wait, milliseconds; 0 when they wait no longer. `soakedMs`: see Sight. */
export function soakLeftMs({ plan, soaked }: MigrationState, soakedMs: number | null): number {
  return soaked || !plan.canary ? 0 : Math.max(0, plan.canary.soakMs - (soakedMs ?? 0));
}

/**
 * How long a canary has soaked when a bot looks for the first time. A clock that stands before the promotion was set
 * back: nobody knows how long it was then, and the soak begins with this look.
 */
export function soakedAtFirst(promotedAt: number, wallNow: number): number {
  return Math.max(0, wallNow - promotedAt);
}

/** `the other 5 shards are`, `shard 1 is`: those that have not gone over. */
export function behindCanary(state: MigrationState): string {
  const [one, ...more] = nextToGo(state);
  if (one === undefined) return 'no other shard is';
  return more.length === 0 ? `${shardText(one)} is` : `the other ${plural(more.length + 1, 'shard')} are`;
}

/** `the other 5 follow`, `shard 1 follows`. */
export function thenFollow(state: MigrationState): string {
  const [one, ...more] = nextToGo(state);
  return one !== undefined && more.length === 0
    ? `${shardText(one)} follows`
    : `the other ${countText(more.length + 1)} follow`;
}

/** What is told when the canary was seen promoted. */
export function soakBegins(state: MigrationState): Event[] {
  const record = goneOver(state);
  const { canary } = state.plan;
  if (record === null || !canary || state.soaked) return [];
  const soak = canary.soakMs === 0 ? 'At once' : `In ${soakText(canary.soakMs)}`;
  const text = `is on its new server: point the application at it. ${soak} ${thenFollow(state)}.`;
  return [{ kind: 'soak', shard: record.index, over: false, text }];
}
