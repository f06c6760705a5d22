/**
 * Which webhooks rows of the journal make due. Pure. They are written in the same append as those rows, so that a crash
 * never leaves one without the other.
 *
 * | hook        | row                                                                                              |
 * | ----------- | ------------------------------------------------------------------------------------------------ |
 * | switched    | shards were seen promoted; in an overlap: the new servers take writes                            |
 * | rolled_back | shards were seen promoted back; in an overlap: an abort begins to give up the new side           |
 * | finished    | the phase was entered                                                                            |
 * | failed      | a cut-over was let go, unless the answer to before_switch was the reason; an abort has ended     |
 *
 * `before_switch` follows from no row: whoever is about to switch asks; see engine/cutover/ask.ts.
 */
import { hasGone } from './canary.ts';
import type { Event, JournalRow } from './event.ts';
import { type Hook, type HookKind, hookId } from './hook.ts';
import { hookText, partlyText } from './hook-words.ts';
import { fold } from './migration.ts';
import type { Plan } from './plan.ts';
import type { MigrationState, PendingHook } from './state.ts';

type HookDue = Extract<Event, { kind: 'hook_due' }>;

/** `before`: the state without `rows`. */
export function hooksDue(before: MigrationState, rows: readonly JournalRow[]): HookDue[] {
  const { plan } = before;
  const moved = new Map<'switched' | 'rolled_back', HookDue>();
  const due: HookDue[] = [];
  let state = before;
  for (const row of rows) {
    const { event, seq } = row;
    if (event.kind === 'promoted') {
      const hook = state.cutover?.way === 'back' ? 'rolled_back' : 'switched';
      const known = moved.get(hook);
      // The proof at the end of an overlap moves no application: that went over when the overlap began.
      if (hook === 'rolled_back' || plan.cutover === 'fenced')
        moved.set(
          hook,
          dueOf(hook, plan, known?.id ?? hookId(plan.id, seq, hook), [...(known?.shards ?? []), event.shard]),
        );
    }
    if (event.kind === 'cutover_let_go' && !isRefusal(rows)) {
      const all = state.cutover?.shards ?? allOf(plan);
      // Those that were promoted by then have not failed.
      const way = state.cutover?.way ?? 'over';
      const shards = all.filter((shard) => !hasGone(state, way, shard));
      const hook = dueOf('failed', plan, hookId(plan.id, seq, 'failed'), shards, event.reason);
      due.push(event.partly ? { ...hook, text: partlyText(plan, shards) } : hook);
    }
    if (event.kind === 'phase_entered') due.push(...enteredHook(state, event, seq));
    state = fold(state, row);
  }
  return [...moved.values(), ...due];
}

/** Who has refused the switch knows that it came to nothing. */
function isRefusal(rows: readonly JournalRow[]): boolean {
  return rows.some(({ event }) => event.kind === 'hook_sent' && event.hook === 'before_switch');
}

function enteredHook(
  { phase: left, plan }: MigrationState,
  { phase, reason }: Extract<Event, { kind: 'phase_entered' }>,
  seq: number,
): HookDue[] {
  const due = (hook: HookKind, why: string | null = null) =>
    dueOf(hook, plan, hookId(plan.id, seq, hook), allOf(plan), why);
  const overlap = plan.cutover === 'overlap';
  if (phase === 'finished') return [due('finished')];
  if (phase === 'aborted') return [{ ...due('failed', reason), text: `The migration of ${plan.name} was aborted.` }];
  if (overlap && left === 'switching' && phase === 'switched') return [due('switched')];
  // Who writes to a new server by now has to leave it before its writes are given up.
  if (overlap && left === 'switched' && phase === 'aborting') return [due('rolled_back')];
  return [];
}

function allOf(plan: Plan): readonly number[] {
  return plan.shards.map((one) => one.index);
}

export function dueOf(
  hook: HookKind,
  plan: Plan,
  id: string,
  shards: readonly number[],
  reason: string | null = null,
): HookDue {
  return { kind: 'hook_due', hook, id, shards, text: hookText(hook, plan, shards), reason };
}

/** As it goes out. The same for every attempt. */
export function hookOf({ hook, id, shards, text, reason, at }: PendingHook, plan: Plan): Hook {
  const { name, cutover, requestedBy } = plan;
  const common = {
    id,
    migration: { id: plan.id, name, cutover, requestedBy },
    at: new Date(at).toISOString(),
    shards: plan.shards.filter(({ index }) => shards.includes(index)),
    text,
  };
  return hook === 'before_switch' || hook === 'failed'
    ? { ...common, kind: hook, reason: reason ?? '' }
    : { ...common, kind: hook };
}
