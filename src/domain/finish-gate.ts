/** When finish is open: every new server a master, and nobody writes to the old ones, or a person answers for it. Pure. */
import { finishRefusal, isOverlap } from './overlap.ts';
import { type Sight, STEADY_TICKS } from './sight.ts';
import type { MigrationState, Override } from './state.ts';
import { capital, roughText, saidText, secondsText, shardText } from './words.ts';

export interface FinishStatus {
  readonly open: boolean;
  readonly reason: string;
  /** Closed for want of quiet alone, which an approver may answer for. */
  readonly wantsQuiet: boolean;
}

/** A shorter quiet is no quiet: servers are looked at once a second. */
const NOISY_MS = 2_000;

/** `quietMs`: for how long nobody may have written. */
export function finishStatus(state: MigrationState, sight: Sight, quietMs: number): FinishStatus {
  const closed = (reason: string): FinishStatus => ({ open: false, reason, wantsQuiet: false });
  const apart = isOverlap(state) ? finishRefusal(sight, STEADY_TICKS) : null;
  if (apart !== null) return closed(apart);
  const wrong = isOverlap(state)
    ? undefined
    : sight.shards?.find((one) => one.verdict.state !== 'promoted' && sight.quietMs !== null);
  if (wrong) {
    const why = wrong.verdict.reason ?? 'the new server is not seen as a master.';
    return closed(`${capital(shardText(wrong.verdict.shard))}: ${why}`);
  }
  if (sight.unquiet !== null) return closed(sight.unquiet);
  const override = overrideOf(state);
  // It answers for want of quiet alone, not for what nobody has seen.
  if (override !== null && sight.shards === null) return closed('The servers have not been looked at yet.');
  if (override !== null) return { open: true, reason: capital(overrideText(override)), wantsQuiet: false };
  const quiet = Math.floor(sight.quietMs ?? 0);
  if (sight.unwatched === null && quiet >= quietMs)
    return {
      open: true,
      reason: `Nobody has written to an old master for ${roughText(quiet / 1000)}.`,
      wantsQuiet: false,
    };
  return {
    open: false,
    reason: sight.unwatched ?? noiseText(state, sight, quiet, quietMs),
    // Before the first look nobody knows what else is wrong.
    wantsQuiet: sight.shards !== null && sight.quietMs !== null,
  };
}

function noiseText(state: MigrationState, sight: Sight, quiet: number, quietMs: number): string {
  const seconds = roughText(quiet / 1000);
  const since = !sight.stirred
    ? `Watched for ${seconds} so far, and nobody has tried to write to an old master`
    : quiet < NOISY_MS
      ? `Somebody still ${isOverlap(state) ? 'writes' : 'tries to write'} to an old master`
      : `Nobody has tried to write to an old master for ${seconds}`;
  return `${since}; it takes ${secondsText(quietMs / 1000)} of quiet.`;
}

/** Who answers for finish without the quiet period, in this very phase entry; null when nobody does. */
export function overrideOf({ phase, entry, override }: MigrationState): Override | null {
  return phase === 'switched' && override?.entry === entry ? override : null;
}

/** The one with which finish was passed; null when it was passed after the quiet period, or not yet. */
export function overridePassed({ approvals, glass, override }: MigrationState): Override | null {
  const alone = glass.find((one) => one.gate === 'finish');
  const passed = alone ?? approvals.findLast((one) => one.gate === 'finish' && one.void === null);
  return override && override.entry === passed?.entry ? override : null;
}

export function overrideText({ user, reason }: Pick<Override, 'user' | 'reason'>): string {
  return `opened by <@${user}> without the quiet period: ${saidText(reason)}.`;
}

/** The number of the buttons that answer for it: older ones did not show all that others changed. */
export function overrideFrom({ entry, drifts }: MigrationState): number {
  return Math.max(entry, drifts.at(-1)?.row ?? 0);
}
