/** What people read of webhooks. Pure. */
import type { Event } from './event.ts';
import type { HookKind } from './hook.ts';
import { assertNever } from './phase.ts';
import type { Plan } from './plan.ts';
import type { PendingHook } from './state.ts';
import { listText, shardText } from './words.ts';

/** What is to be done when nobody has taken it. `answered`: it was there, and would not have it. */
export function whatNow(kind: HookKind, answered = false): string {
  switch (kind) {
    case 'before_switch':
      if (answered) return 'Nothing is switched without its yes: approve again when it would say yes.';
      return 'Nothing is switched without its yes: see that it runs and that HOOK_URL is right, then approve again.';
    case 'switched':
      return 'It may not know that the new servers are the masters: point the application at them by hand.';
    case 'rolled_back':
      return 'It may not know that the old servers are the masters again: point the application back at them by hand.';
    case 'finished':
      return 'It may not know that the migration has finished: tell it by hand where that matters.';
    case 'failed':
      return 'It may not know that the migration needs somebody: look at it yourselves.';
    default:
      return assertNever(kind);
  }
}

/** What the receiver is told, as a sentence. `shards`: those that it is about. */
export function hookText(kind: HookKind, plan: Plan, shards: readonly number[]): string {
  const whose = whoseText(plan, shards);
  switch (kind) {
    case 'before_switch':
      return `The switch of ${whose} is about to begin.`;
    case 'switched':
      return plan.cutover === 'overlap'
        ? `The new servers of ${whose} take writes; so do the old ones until the migration is finished.`
        : `The new servers of ${whose} are masters.`;
    case 'rolled_back':
      return plan.cutover === 'overlap'
        ? `The migration of ${whose} is being aborted: the old servers are the only masters from now on.`
        : `The old servers of ${whose} are masters again.`;
    case 'finished':
      return `The migration of ${whose} has finished.`;
    case 'failed':
      return `The cut-over of ${whose} was let go, nothing has changed.`;
    default:
      return assertNever(kind);
  }
}

/** A cut-over that was let go for these shards alone, as a sentence. */
export function partlyText(plan: Plan, shards: readonly number[]): string {
  return `The cut-over of ${whoseText(plan, shards)} was let go. The other shards of it were promoted.`;
}

function whoseText(plan: Plan, shards: readonly number[]): string {
  return shards.length === plan.shards.length ? plan.name : `${listText(shards.map(shardText))} of ${plan.name}`;
}

/** The journal's sentence about what came of one. */
export function sentText({ hook, outcome, detail }: Extract<Event, { kind: 'hook_sent' }>): string {
  if (outcome === 'ok') return `The webhook *${hook}* was accepted.`;
  return `The webhook *${hook}* was ${outcome === 'refused' ? 'refused' : 'not accepted'}. ${detail}`;
}

const WHICH = {
  before_switch: 'The webhook that is asked before a switch has not said yes',
  switched: 'The webhook that points the application at the new servers has not been accepted',
  rolled_back: 'The webhook that points the application back at the old servers has not been accepted',
  finished: 'The webhook that tells of the end has not been accepted',
  failed: 'The webhook that tells of the trouble has not been accepted',
} satisfies Record<HookKind, string>;

/** One that is on its way is no news for a moment. */
const MOMENT_MS = 1_000;

/**
 * What the status says of a webhook that is not delivered yet; null when there is nothing to say. `troubles`: what came of
 * the last attempt, by id; only of those that failed.
 */
export function pendingText(
  hooks: readonly PendingHook[],
  troubles: ReadonlyMap<string, string>,
  wallNow: number,
): string | null {
  const first = questionOf(hooks) ?? hooks[0];
  if (!first) return null;
  const trouble = troubles.get(first.id);
  if (trouble === undefined && wallNow - first.at < MOMENT_MS) return null;
  return `${WHICH[first.hook]}${trouble === undefined ? ' yet.' : `: ${trouble}. It is sent again.`}`;
}

/** The one that a switch waits for. */
export function questionOf(hooks: readonly PendingHook[]): PendingHook | undefined {
  return hooks.find((one) => one.hook === 'before_switch');
}
