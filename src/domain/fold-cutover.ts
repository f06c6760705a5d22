/** How the rows of a cut-over fold. Part of migration.ts; pure. */
import type { Event, JournalRow } from './event.ts';
import { withShard } from './fold-steps.ts';
import { assertNever, type Gate, type Phase } from './phase.ts';
import type { CutoverRecord, MigrationState, ShardRecord } from './state.ts';

type LetGo = Extract<Event, { kind: 'cutover_let_go' }>;
type Started = Extract<Event, { kind: 'cutover_started' }>;
type CutoverEvent =
  | Started
  | Extract<
      Event,
      {
        kind:
          | 'cutover_step'
          | 'promoted'
          | 'way_back'
          | 'soak'
          | 'stuck'
          | 'serve_old_asked'
          | 'cutover_let_go'
          | 'overlap_opened'
          | 'conflict';
      }
    >;

export function foldCutover(state: MigrationState, event: CutoverEvent, row: JournalRow): MigrationState {
  switch (event.kind) {
    case 'cutover_started':
      return {
        ...state,
        cutover: begun(state, event),
        cutoverAttempts: event.attempt,
        letGo: null,
        // What another attempt had found is looked for anew.
        shards: state.shards.map((shard) => (shard.promoted ? shard : { ...shard, wayBack: null, followBack: null })),
      };
    case 'cutover_step': {
      // The last step: nothing is left to be done or undone.
      if (event.step === 'unpause') return { ...state, cutover: null };
      const before = state.cutover ?? begun(state, { kind: 'cutover_started', attempt: state.cutoverAttempts });
      return {
        ...state,
        cutover: {
          ...before,
          step: event.step,
          frozen: event.frozen.length > 0 ? event.frozen : before.frozen,
          pausedAt: event.step === 'pause' ? row.at : before.pausedAt,
        },
      };
    }
    case 'promoted':
      return promoted(state, event, row.at);
    case 'way_back': {
      const { open, text } = event;
      return withShard(state, event.shard, (shard) => ({ ...shard, wayBack: { open, text } }));
    }
    case 'stuck': {
      const { shard, text } = event;
      const { cutover } = state;
      const stuck = [...(cutover?.stuck ?? []), { shard, text }];
      return { ...state, told: row.seq, cutover: cutover && { ...cutover, stuck } };
    }
    case 'serve_old_asked': {
      const clicks = state.clicks.filter((one) => one.seq !== event.click);
      const { cutover } = state;
      return { ...state, clicks, cutover: cutover && { ...cutover, givenUp: [...cutover.givenUp, ...event.shards] } };
    }
    case 'soak':
      return { ...state, soaked: event.over };
    case 'cutover_let_go': {
      const gate = gateOf(state.phase);
      return {
        ...state,
        cutover: null,
        letGo: event.reason,
        shards: state.shards.map((shard) => (isLeft(state, shard) ? left(shard, event, row) : shard)),
        approvals: state.approvals.map((one) =>
          one.gate === gate && one.void === null ? { ...one, void: 'let_go' as const } : one,
        ),
        glass: state.glass.filter((one) => one.gate !== gate),
      };
    }
    case 'overlap_opened': {
      const opened = new Map(event.shards.map((one) => [one.shard, one]));
      return {
        ...state,
        cutover: null,
        shards: state.shards.map((shard) => {
          const one = opened.get(shard.index);
          return one ? { ...shard, open: { ...one, toldConflicts: 0 } } : shard;
        }),
      };
    }
    case 'conflict': {
      const { shard: index, refusedCommands, text } = event;
      const drift = { row: row.seq, shard: index, side: 'destination' as const, runId: null, text };
      return withShard({ ...state, drifts: [...state.drifts, drift] }, index, (shard) => ({
        ...shard,
        open: shard.open && { ...shard.open, toldConflicts: refusedCommands },
      }));
    }
    default:
      return assertNever(event);
  }
}

function begun(state: MigrationState, { attempt, way, shards, stops }: Started): CutoverRecord {
  const all = shards ?? state.shards.map((shard) => shard.index);
  return {
    attempt,
    way: way ?? 'over',
    shards: all,
    stops: stops ?? all.map(() => 'pause'),
    step: null,
    frozen: [],
    stuck: [],
    givenUp: [],
    leftLocked: [],
    pausedAt: null,
    users: new Map(),
  };
}

/** Whether the order to take the writes back was sent to the old server of a shard that is not back. */
function isLeft({ cutover }: MigrationState, shard: ShardRecord): boolean {
  const isSent = cutover?.way === 'back' && cutover.step === 'promote' && cutover.shards.includes(shard.index);
  return isSent && shard.promoted;
}

/** In part: the roll back goes on to its end without it. */
function left(shard: ShardRecord, { partly }: LetGo, { seq }: JournalRow): ShardRecord {
  return { ...shard, late: seq, stays: partly === true };
}

/** Whose approvals a cut-over of this phase was made with; nobody's on the way back. */
function gateOf(phase: Phase): Gate | null {
  return phase === 'switching' ? 'switch' : phase === 'finishing' ? 'finish' : null;
}

function promoted(state: MigrationState, event: Extract<Event, { kind: 'promoted' }>, at: number): MigrationState {
  const { shard: index, pauseMs } = event;
  const frozen = state.cutover?.frozen.find((one) => one.shard === index) ?? null;
  return withShard(state, index, (shard) =>
    state.cutover?.way === 'back'
      ? { ...shard, promoted: false, promotedAt: null, returned: true, pauseMs }
      : // An alarm about its full syncs is nobody's concern any more.
        { ...shard, promoted: true, promotedAt: at, frozen, pauseMs, alarm: null, tune: [] },
  );
}
