/** How intents, answers and what was seen of them fold into steps and the ledger. Part of migration.ts; pure. */
import type { Effect, JournalRow, Until } from './event.ts';
import { assertNever } from './phase.ts';
import type { LedgerEntry, MigrationState, ShardRecord, Step } from './state.ts';

export function withShard(
  state: MigrationState,
  index: number,
  change: (shard: ShardRecord) => ShardRecord,
): MigrationState {
  return { ...state, shards: state.shards.map((shard) => (shard.index === index ? change(shard) : shard)) };
}

export function stepFrom(before: Step | null, row: JournalRow): Step {
  return {
    intent: row.seq,
    at: row.at,
    attempts: (before?.attempts ?? 0) + 1,
    outcome: 'pending',
    detail: '',
    seen: false,
    givenUp: false,
  };
}

export function intended(state: MigrationState, effect: Effect, row: JournalRow): MigrationState {
  switch (effect.kind) {
    case 'replicate':
      return withShard(state, effect.shard, (shard) => ({
        ...shard,
        replicate: stepFrom(shard.replicate, row),
        // The first attempt's look is the base: later ones may be of a server that has followed already.
        before: shard.before ?? effect.before,
        toldSyncs: Math.max(shard.toldSyncs, syncsBefore(shard, effect)),
      }));
    case 'try_link':
    case 'end_trial':
      return withShard(state, effect.shard, (shard) => ({ ...shard, trial: stepFrom(shard.trial, row) }));
    case 'park':
      return withShard(state, effect.shard, (shard) => ({
        ...shard,
        parked: stepFrom(shard.parked, row),
        parkedWhy: effect.why,
        timesParked: shard.timesParked + (shard.parked === null ? 1 : 0),
      }));
    case 'fence':
      return withShard(state, effect.shard, (shard) => ({ ...shard, fence: stepFrom(shard.fence, row) }));
    case 'follow_back': {
      const { fullSyncs, refusedCommands } = effect;
      return withShard(state, effect.shard, (shard) => ({
        ...shard,
        // What was counted before the first order is what a later one is held against.
        followBack: { fullSyncs, refusedCommands, ...shard.followBack, ...stepFrom(shard.followBack, row) },
      }));
    }
    case 'acl_lock': {
      const { cutover } = state;
      if (cutover === null) return state;
      return { ...state, cutover: { ...cutover, users: new Map([...cutover.users, [effect.shard, effect.users]]) } };
    }
    case 'resync':
      // The full sync that comes is our own doing: no alarm.
      return withShard(state, effect.shard, (shard) => ({ ...shard, toldSyncs: shard.toldSyncs + 1 }));
    case 'detach':
      return withShard(state, effect.shard, (shard) => ({ ...shard, detach: stepFrom(shard.detach, row) }));
    case 'shutdown':
      return withShard(state, effect.shard, (shard) => ({ ...shard, shutdown: stepFrom(shard.shutdown, row) }));
    case 'guard_user': {
      const { user: name, up } = effect;
      return withShard(state, effect.shard, (shard) => {
        const before = shard.guard?.name === name ? shard.guard : null;
        const fresh = { name, up: stepFrom(before?.up ?? null, row), down: null };
        return { ...shard, guard: up || !before ? fresh : { ...before, down: stepFrom(before.down, row) } };
      });
    }
    case 'close_replica':
      return withShard(state, effect.shard, (shard) => ({ ...shard, closing: stepFrom(shard.closing, row) }));
    case 'set_config':
      return { ...state, ledger: changed(state.ledger, effect, row) };
    case 'restore_config':
      return {
        ...state,
        ledger: state.ledger.map((one) =>
          one.intent === effect.ledger ? { ...one, touchedAt: row.at, restore: stepFrom(one.restore, row) } : one,
        ),
      };
    case 'tune':
      // In the journal only when it could not even be begun; each change has a row of its own.
      return withShard(state, effect.shard, (shard) => ({ ...shard, tuneFailedAt: row.at }));
    default:
      return assertNever(effect);
  }
}

/** Full syncs that had begun when we sent it after its source once more: the next one is our own doing. */
function syncsBefore({ before }: ShardRecord, { before: now }: Extract<Effect, { kind: 'replicate' }>): number {
  if (before === null || before.sourceRunId !== now.sourceRunId) return 0;
  return (now.sourceFullSyncs ?? 0) - (before.sourceFullSyncs ?? 0);
}

type SetConfig = Extract<Effect, { kind: 'set_config' }>;

/** A second change of the same setting keeps the first old value: that is the one to put back. */
function changed(ledger: readonly LedgerEntry[], effect: SetConfig, row: JournalRow): readonly LedgerEntry[] {
  const { shard, side, name, old, value, why } = effect;
  const until = untilOf(effect);
  const open = ledger.find((one) => !one.closed && sameSetting(one, effect));
  const fresh = { value, why, touchedAt: row.at, set: false, outlived: false, lastSet: row.seq };
  if (!open) {
    return [...ledger, { intent: row.seq, shard, side, name, old, until, restore: null, closed: false, ...fresh }];
  }
  return ledger.map((one) => (one === open ? { ...one, ...fresh, until: later(one.until, until) } : one));
}

/** Rows of before there was a choice: the ping period alone was changed for a cut-over. */
function untilOf(effect: SetConfig): Until {
  return effect.until ?? (effect.name === 'repl-ping-slave-period' ? 'cutover' : 'end');
}

function later(one: Until, other: Until): Until {
  const order: readonly Until[] = ['trial', 'cutover', 'end'];
  return order.indexOf(one) > order.indexOf(other) ? one : other;
}

function sameSetting(
  one: Pick<LedgerEntry, 'shard' | 'side' | 'name'>,
  other: Pick<LedgerEntry, 'shard' | 'side' | 'name'>,
) {
  return one.shard === other.shard && one.side === other.side && one.name === other.name;
}

function stepsOf(shard: ShardRecord): readonly (Step | null)[] {
  const { replicate, trial, detach, fence, parked, followBack, shutdown, closing, guard } = shard;
  const guards = [guard?.up ?? null, guard?.down ?? null];
  return [replicate, trial, detach, fence, parked, followBack, shutdown, closing, ...guards];
}

const UNSEEN: Step = { intent: 0, at: 0, attempts: 1, outcome: 'pending', detail: '', seen: false, givenUp: false };

/** Changes the step that the intent with this number began, wherever it is kept. `at`: when the row was written. */
export function withStep(
  state: MigrationState,
  intent: number,
  at: number,
  change: (step: Step) => Step,
): MigrationState {
  const hit = (step: Step | null) => (step?.intent === intent ? change(step) : step);
  const stepped = (shard: ShardRecord): ShardRecord => {
    const replicate = hit(shard.replicate);
    // Aside until it is seen to follow again: the order to do so may never have arrived.
    const follows = replicate !== shard.replicate && replicate?.seen === true;
    const parked = follows ? null : hit(shard.parked);
    return {
      ...shard,
      replicate,
      parked,
      trial: hit(shard.trial),
      detach: hit(shard.detach),
      fence: hit(shard.fence),
      shutdown: hit(shard.shutdown),
      closing: hit(shard.closing),
      guard: shard.guard && { ...shard.guard, up: hit(shard.guard.up) ?? shard.guard.up, down: hit(shard.guard.down) },
      followBack: shard.followBack && { ...shard.followBack, ...hit(shard.followBack) },
    };
  };
  return {
    ...state,
    shards: state.shards.map((shard) =>
      stepsOf(shard).some((step) => step?.intent === intent) ? stepped(shard) : shard,
    ),
    ledger: state.ledger.map((one) => {
      if (one.lastSet === intent) {
        return { ...one, touchedAt: at, set: one.set || change(UNSEEN).seen };
      }
      if (one.restore?.intent !== intent) return one;
      const restore = change(one.restore);
      return { ...one, touchedAt: at, restore, closed: one.closed || restore.seen };
    }),
  };
}
