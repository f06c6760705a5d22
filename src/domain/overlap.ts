/**
 * The overlap cut-over: when finish opens, what is watched while both sides take writes, and how it is taken back. Pure.
 * See docs/overlap.md; what people agree to is in overlap-risks.ts, what goes wrong in overlap-place.ts.
 */
import { isDue } from './due.ts';
import { addressOf } from './endpoint.ts';
import type { Effect, Event } from './event.ts';
import { conflictsOf, isTrapped } from './overlap-place.ts';
import type { Plan } from './plan.ts';
import { recordOf, type ShardSight, type Sight } from './sight.ts';
import type { LedgerEntry, MigrationState, ShardRecord } from './state.ts';
import { capital, plural, shardText } from './words.ts';

/** How long an old server that does not answer is waited for before the user in its memory is left to it. */
const SOURCE_PATIENCE_MS = 30_000;
/** Conflicts are told again when there are so many times more. */
const AGAIN = 10;

export function isOverlap({ plan }: { readonly plan: Plan }): boolean {
  return plan.cutover === 'overlap';
}

/** Whether both sides of this shard take writes. */
export function isOpen({ open, promoted, detach }: ShardRecord): boolean {
  return open !== null && !promoted && detach?.seen !== true && detach?.givenUp !== true;
}

/** When gate finish of an overlap is closed for another reason than writers on the old side; null when it is not. */
export function finishRefusal(sight: Sight, steadyTicks: number): string | null {
  if (!sight.shards) return 'The servers have not been looked at yet.';
  const wrong = sight.shards.find(({ verdict }) => verdict.state !== 'in_step' || verdict.reason !== null);
  if (wrong) {
    const { shard, state, reason } = wrong.verdict;
    return `${capital(shardText(shard))}: ${reason ?? `it is not in step (${state.replaceAll('_', ' ')}).`}`;
  }
  const late = sight.shards.find((one) => one.inStepTicks < steadyTicks);
  return late ? `${capital(shardText(late.verdict.shard))} is looked at once more.` : null;
}

/** What a look at an open shard shows for the first time. */
export function conflictRows(state: MigrationState, one: ShardSight): Event[] {
  const record = recordOf(state, one);
  const plan = state.plan.shards[record.index];
  const now = conflictsOf(record, one.look.destination);
  const told = record.open?.toldConflicts ?? 0;
  if (!plan || !isOpen(record) || now === 0 || now < told * AGAIN) return [];
  const text = `${addressOf(plan.destination)} could not carry out ${plural(now, 'command')} of its source since the switch: a key that was written on both sides is of another type there. Those writes of the old side are lost.`;
  return [{ kind: 'conflict', shard: record.index, refusedCommands: now, text }];
}

/** A full sync that was begun since, for whomever: with the guard up it can be none of ours, unless somebody took it down. */
export function wipeRows(state: MigrationState, one: ShardSight): Event[] {
  const { index, open } = recordOf(state, one);
  const { source, destination } = one.look;
  const plan = state.plan.shards[index];
  if (!plan || !source.ok || !destination.ok || open?.sourceFullSyncs == null) return [];
  const { runId, fullSyncs } = source.facts;
  const begun = runId === open.sourceRunId && fullSyncs !== null && fullSyncs > open.sourceFullSyncs;
  const told = state.drifts.some((drift) => drift.shard === index && drift.side === 'source' && drift.runId === null);
  if (!begun || told || !destination.facts.replication.linkUp) return [];
  const text = `${addressOf(plan.source)} has begun a full sync since the switch. If it was for ${addressOf(plan.destination)}, what was written there before is gone: look for it before you finish.`;
  return [{ kind: 'drift', shard: index, side: 'source', runId: null, text }];
}

/**
 * A destination that waits for a full sync can never resume any more. The door is shut for good: the trap that it waits in
 * opens by itself after a day, and up to 6.0 with any snapshot that the source makes.
 */
export function shutEffects(state: MigrationState, { shards, wallNow }: Sight): Effect[] {
  return (shards ?? []).flatMap((one): Effect[] => {
    const { index, guard, open } = recordOf(state, one);
    const { source, destination } = one.look;
    if (open === null || guard === null || !isDue(guard.down, wallNow) || !source.ok || !destination.ok) return [];
    const lost = destination.facts.role === 'replica' && !destination.facts.replication.linkUp;
    return lost && source.facts.runId === open.sourceRunId && isTrapped(source.facts)
      ? [{ kind: 'guard_user', shard: index, user: guard.name, up: false }]
      : [];
  });
}

interface Removal {
  readonly effects: Effect[];
  readonly rows: Event[];
  readonly waits: string[];
}

/** Takes the guard's users out of the sources once their destinations follow nobody. `which`: the shards that are done. */
export function guardRemoval(state: MigrationState, sight: Sight): Removal {
  const effects: Effect[] = [];
  const rows: Event[] = [];
  const waits: string[] = [];
  for (const record of state.shards) {
    const { guard, index } = record;
    if (guard === null || guard.down?.seen || guard.down?.givenUp || isOpen(record)) continue;
    const plan = state.plan.shards[index];
    const look = sight.shards?.find(({ verdict }) => verdict.shard === index)?.look.source;
    const name = plan ? addressOf(plan.source) : 'the old server';
    if (look?.ok) {
      if (isDue(guard.down, sight.wallNow))
        effects.push({ kind: 'guard_user', shard: index, user: guard.name, up: false });
      const refused = guard.down?.outcome === 'refused' ? guard.down.detail : `removes the user ${guard.name}.`;
      waits.push(`${capital(shardText(index))}: ${refused}`);
      continue;
    }
    const patience = sight.wallNow - state.phaseSince > SOURCE_PATIENCE_MS;
    const why = look ? look.problem.text : `${name} has not been looked at yet.`;
    if (look && (state.giveUp || patience)) {
      const detail = `${why} The user ${guard.name} may still be in its memory until it is restarted: ACL DELUSER ${guard.name} on ${name}.`;
      rows.push({ kind: 'given_up', what: 'guard', ledger: null, shard: index, detail });
    } else waits.push(`${capital(shardText(index))}: ${why}`);
  }
  return { effects, rows, waits };
}

/** In an abort: a destination that takes writes refuses them before it is let go. Null when it does, or need not. */
export function closeFirst(state: MigrationState, record: ShardRecord, sight: Sight): Effect | string | null {
  const { open, closing, index } = record;
  const look = sight.shards?.find(({ verdict }) => verdict.shard === index)?.look.destination;
  if (open === null || !look?.ok || look.facts.role !== 'replica' || look.facts.replication.readOnly !== false)
    return null;
  if (isDue(closing, sight.wallNow)) return { kind: 'close_replica', shard: index };
  if (closing?.outcome !== 'refused') return `${capital(shardText(index))}: the new server stops taking writes.`;
  return state.giveUp ? null : `${capital(shardText(index))}: ${closing.detail} Abort once more to go on all the same.`;
}

/** Whether a setting has to stay: as long as its destination takes writes and follows, it is part of the guard. */
export function isGuarding(state: MigrationState, { shard }: LedgerEntry): boolean {
  const record = state.shards[shard];
  return record !== undefined && isOpen(record);
}
