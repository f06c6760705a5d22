/** What to do once writes have gone over: watch, finish, or bring them back. Part of decide.ts; pure. */
import { goneRows } from './axe.ts';
import { type Decision, NOTHING } from './decision.ts';
import { fenceEffects, switchedRows } from './drift.ts';
import { isDue } from './due.ts';
import { addressOf } from './endpoint.ts';
import type { Effect, Event } from './event.ts';
import { keepFenced, keepOldFenced, keepStaying } from './fenced.ts';
import { overrideOf } from './finish-gate.ts';
import { conflictRows, guardRemoval, isOverlap, shutEffects, wipeRows } from './overlap.ts';
import { recordOf, type Sight } from './sight.ts';
import type { MigrationState } from './state.ts';
import { troubleRows } from './story.ts';
import { finishSummary, rollbackSummary } from './summary.ts';
import { detaching, restoreAll } from './undo.ts';
import type { GateView } from './view.ts';
import { followsBack, wayBackSteps } from './way-back.ts';
import { capital, listText, shardText } from './words.ts';

/** `waitingFor`: what gate finish says. */
export function switched(
  state: MigrationState,
  sight: Sight,
  gates: readonly GateView[],
  waitingFor: string,
): Decision {
  const gate = gates.find((one) => one.gate === 'finish');
  const wayBack = wayBackSteps(state, sight);
  const rows: Event[] = (sight.shards ?? []).flatMap((one) => [
    ...troubleRows(recordOf(state, one), one),
    ...switchedRows(state, one),
    ...conflictRows(state, one),
    ...wipeRows(state, one),
  ]);
  rows.push(...wayBack.rows);
  if (gate?.open && !state.quietTold && overrideOf(state) === null)
    rows.push({ kind: 'quiet', seconds: Math.floor((sight.quietMs ?? 0) / 1000) });
  const effects = [
    ...restoreAll(state, sight, 'cutover').effects,
    ...fenceEffects(state, sight),
    ...wayBack.effects,
    ...shutEffects(state, sight),
  ];
  const letGo = state.letGo === null ? '' : ` The last attempt was let go: ${state.letGo}`;
  return { ...NOTHING, effects, rows, waitingFor: waitingFor + letGo };
}

/** An overlap is proven first. The old servers go behind their fence for good, then guards and settings go. */
export function finishing(state: MigrationState, sight: Sight): Decision {
  if (isOverlap(state) && (state.cutover !== null || state.shards.some((one) => !one.promoted)))
    return { ...NOTHING, run: 'cut_over', waitingFor: 'The cut-over is running.' };
  const fences = fencing(state, sight);
  if (fences !== null) return fences;
  const kept = keepOldFenced(state, sight);
  const guard = guardRemoval(state, sight);
  const restore = restoreAll(state, sight, 'all');
  const waits = [...kept.waits, ...guard.waits];
  const told = [...kept.rows, ...guard.rows];
  const waitingFor = waits[0] ?? restore.waitingFor ?? 'Puts the settings back.';
  const effects = [...kept.effects, ...guard.effects, ...restore.effects];
  if (restore.left > 0 || waits.length > 0 || told.length > 0)
    return { ...NOTHING, effects, rows: [...told, ...restore.rows], waitingFor };
  const rows = [...restore.rows, ...goneRows(state, sight), finishSummary(state, sight)];
  return { ...NOTHING, rows, enter: { phase: 'finished', reason: 'Settings are put back.' }, waitingFor };
}

/** Old servers that follow their new ones stop doing so. One that does not answer keeps what it has: it refuses writes. */
function fencing(state: MigrationState, sight: Sight): Decision | null {
  const effects: Effect[] = [];
  let waitingFor: string | null = null;
  for (const one of sight.shards ?? []) {
    const record = recordOf(state, one);
    if (!followsBack(state, one)) continue;
    const plan = state.plan.shards[record.index];
    waitingFor ??= `${capital(shardText(record.index))}: ${plan ? addressOf(plan.source) : 'its old server'} goes behind its fence.`;
    if (isDue(record.fence, sight.wallNow)) effects.push({ kind: 'fence', shard: record.index, up: true });
  }
  return waitingFor === null ? null : { ...NOTHING, effects, waitingFor };
}

/** The proof in the other direction, then what an abort does for shards that had not gone over, then the settings. */
export function rollingBack(state: MigrationState, sight: Sight): Decision {
  if (state.cutover !== null || state.shards.some((one) => one.promoted && !one.stays))
    return { ...NOTHING, run: 'cut_over', waitingFor: 'The old servers are about to take the writes again.' };
  const rest = detaching(state, sight);
  const kept = keepFenced(state, sight);
  const staying = keepStaying(state, sight);
  const restore = restoreAll(state, sight, 'all');
  const effects = [...rest.effects, ...kept.effects, ...staying.effects];
  const rows = [...rest.rows, ...kept.rows, ...staying.rows];
  const waits = [...kept.waits, ...staying.waits, ...rest.waits];
  const done = effects.length === 0 && rows.length === 0 && waits.length === 0 && restore.left === 0;
  return {
    ...NOTHING,
    effects: [...effects, ...restore.effects],
    rows: [...rows, ...restore.rows, ...(done ? [rollbackSummary(state, sight)] : [])],
    enter: done ? { phase: 'rolled_back', reason: rolledBackText(state) } : null,
    waitingFor: waits[0] ?? restore.waitingFor ?? 'Puts the settings back.',
  };
}

function rolledBackText({ shards }: MigrationState): string {
  const stays = shards.filter((one) => one.stays).map((one) => shardText(one.index));
  if (stays.length === 0) return 'The old servers take the writes; the new ones stay fenced.';
  const their = stays.length === 1 ? 'its new server' : 'their new servers';
  return `The old servers take the writes of all that is back; ${listText(stays)} ${stays.length === 1 ? 'stays' : 'stay'} on ${their}.`;
}
