/** State and sight → the read model. Pure. */

import { approvalActions } from './approval-actions.ts';
import { axeable, axeView } from './axe.ts';
import { goneOver, nextToGo, soakText } from './canary.ts';
import { unprovenText } from './consent.ts';
import { decide } from './decide.ts';
import { driftText } from './drift.ts';
import { addressOf } from './endpoint.ts';
import type { JournalRow } from './event.ts';
import { finishStatus, overrideFrom } from './finish-gate.ts';
import { denialOf, gatesOf, type Policy } from './gate.ts';
import { heldText } from './held.ts';
import { pendingText, questionOf } from './hook-words.ts';
import { agreedFrom, gateFrom, isPuttingBack, mayAsk } from './may-ask.ts';
import { isOverlap } from './overlap.ts';
import { abortRisks, finishConsequence, switchRisks } from './overlap-risks.ts';
import { hasEnded } from './phase.ts';
import { planHash } from './plan.ts';
import type { Finding } from './preflight.ts';
import { progressOf } from './progress.ts';
import type { Sight } from './sight.ts';
import type { MigrationState } from './state.ts';
import { serveLabel, serveOldText, undecided } from './stuck.ts';
import { tuneText } from './sync-alarm.ts';
import { cancelText, scheduleView } from './timed.ts';
import type { ActionId, ActionView, GateView, JournalView, LateClient, MigrationView, ShardView } from './view.ts';
import { wayBackOf } from './way-back.ts';
import { bytesText, countText, listText, plural, shardText } from './words.ts';

export interface ViewInput {
  readonly state: MigrationState;
  /** The last rows, in order. */
  readonly rows: readonly JournalRow[];
  readonly sight: Sight;
  readonly policy: Policy;
  /** When the servers were last looked at, wall-clock milliseconds. */
  readonly asOf: number | null;
  readonly lateClients: readonly LateClient[];
  readonly lateWriters: string | null;
  /** Why the engine itself waits (a cut-over that recovers, a store that is full), before anything else. */
  readonly engineReason: string | null;
  /** By id: why a webhook that is due has to be tried again. */
  readonly hookTroubles: ReadonlyMap<string, string>;
}

export function viewOf(input: ViewInput): MigrationView {
  const { state, sight, policy } = input;
  const gates = gatesOf(state, sight, policy);
  return {
    id: state.plan.id,
    name: state.plan.name,
    phase: state.phase,
    waitingFor: waitingFor(input),
    cutover: state.plan.cutover,
    canary: state.plan.canary ?? null,
    reason: state.plan.reason ?? null,
    schedule: scheduleView(state, sight.wallNow, policy),
    requestedBy: state.plan.requestedBy,
    channel: state.plan.channel,
    messageTs: state.messageTs,
    totals: state.preflight?.totals ?? { servers: state.plan.shards.length, keys: null, bytes: null },
    findings: state.preflight?.findings ?? [],
    shards: state.plan.shards.map(({ index }) => shardView(input, index)),
    gates,
    journal: input.rows.map(journalView),
    progress: progressOf(state, sight),
    createdAt: iso(state.plan.createdAt),
    phaseSince: iso(state.phaseSince),
    asOf: input.asOf === null ? null : iso(input.asOf),
    actions: actionsOf(state, gates, sight, policy),
    predictedPauseMs: sight.predictedPauseMs,
    wayBack: wayBackOf(state, sight),
    lateClients: input.lateClients,
    lateWriters: input.lateWriters,
    axe: axeView(state),
  };
}

function waitingFor({ state, sight, policy, engineReason, hookTroubles }: ViewInput): string | null {
  const decided = hasEnded(state.phase) ? null : (engineReason ?? decide(state, sight, policy).waitingFor);
  const told = pendingText(state.hooks, hookTroubles, sight.wallNow);
  if (told === null || decided === null) return told ?? decided;
  // Before the answer no cut-over is running.
  return questionOf(state.hooks) ? told : `${told} ${decided}`;
}

function shardView({ state, sight, asOf }: ViewInput, index: number): ShardView {
  const plan = state.plan.shards[index];
  const record = state.shards[index];
  // The cut-over looked itself: what the last tick saw before it is not how things stand.
  const since = Math.max(state.phaseSince, record?.promotedAt ?? 0);
  const outdated = record?.promoted === true && (asOf === null || asOf < since);
  const verdict = outdated ? undefined : sight.shards?.[index]?.verdict;
  const report = state.preflight?.shards[index];
  return {
    index,
    source: plan ? addressOf(plan.source) : '',
    destination: plan ? addressOf(plan.destination) : '',
    state: verdict?.state ?? (record?.promoted ? 'promoted' : 'waiting'),
    percent: outdated ? 100 : verdict?.percent == null ? null : Math.round(verdict.percent * 10) / 10,
    bytesPerSecond: verdict?.bytesPerSecond ?? null,
    etaSeconds: verdict?.etaSeconds ?? null,
    lagBytes: verdict?.lagBytes ?? null,
    bufferBytes: verdict?.bufferBytes ?? null,
    sourceWritesPerSecond: verdict?.sourceWritesPerSecond ?? null,
    sourceClients: verdict?.sourceClients ?? null,
    fullSyncs: verdict?.fullSyncs ?? null,
    pauseMs: record?.pauseMs ?? null,
    verified: null,
    reason: verdict?.reason ?? null,
    keys: verdict?.keys ?? report?.source?.keys ?? null,
    bytes: verdict?.bytes ?? report?.source?.bytes ?? null,
  };
}

export function journalView(row: JournalRow): JournalView {
  return { seq: row.seq, at: iso(row.at), actor: row.actor, kind: row.event.kind, text: row.text, shard: row.shard };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

/** The opaque value of a button: which migration, drawn in which phase entry or after which row, for which plan. */
export function actionValue(state: MigrationState, drawnAt = state.entry): string {
  return `${state.plan.id}.${drawnAt}.${planHash(state.plan)}`;
}

/** The phase entry that a button was drawn for; null when the value is not of this plan. */
export function entryOf(value: string, state: MigrationState): number | null {
  const [id, entry, hash] = value.split('.');
  return id === state.plan.id && hash === planHash(state.plan) && /^\d+$/.test(entry ?? '') ? Number(entry) : null;
}

/** Beside the gates' own: what passes one, or lifts a no. */
const PASSING: readonly ActionId[] = ['migration:break_glass', 'migration:ask_again'];

function actionsOf(state: MigrationState, gates: readonly GateView[], sight: Sight, policy: Policy): ActionView[] {
  const value = actionValue(state);
  const agrees = actionValue(state, agreedFrom(state));
  const passes = actionValue(state, gateFrom(state));
  const actions: ActionView[] = [];
  const add = (action: ActionId, ask: ActionView['ask'], consequence: string) =>
    actions.push({ action, value, ask, consequence });
  for (const gate of gates) {
    if (!gate.open && gate.early !== true) continue;
    const wipes = gate.gate === 'continue' ? wipedBy(state) : [];
    const drifted = gate.gate === 'finish' && state.drifts.length > 0;
    const unproven = gate.gate === 'switch' && (isOverlap(state) || unprovenText(state) !== null);
    const ask = wipes.length > 0 || drifted || unproven ? 'form' : 'confirm';
    const consequence = consequenceOf(gate, state, sight, wipes);
    if (gate.early === true) {
      // The moment comes first: a dialog holds 300 characters.
      const then = gate.gate === 'continue' ? 'At the start time' : 'In the next window';
      const label = gate.gate === 'continue' ? 'Approve the start' : 'Approve the switch';
      actions.push({ action: `gate:${gate.gate}`, value: passes, ask, consequence: `${then}: ${consequence}`, label });
    } else actions.push({ action: `gate:${gate.gate}`, value: passes, ask, consequence });
  }
  if (mayAsk(state, sight, 'cancel_schedule')) add('migration:cancel_schedule', 'confirm', cancelText(state));
  for (const one of approvalActions(state, gates, sight, policy, (gate) =>
    consequenceOf(gate, state, sight, wipedBy(state)),
  ))
    actions.push({ ...one, value: PASSING.includes(one.action) ? passes : value });
  if (mayAsk(state, sight, 'recheck'))
    add('migration:recheck', 'none', 'Every server is looked at again. Nothing is changed.');
  if (mayAsk(state, sight, 'tune')) {
    const loud = state.shards.flatMap(({ index, alarm }) => (alarm ? [{ shard: index, tune: alarm.tune }] : []));
    const text = `${tuneText(loud)}. They are put back when the migration ends.`;
    const names = [...new Set(loud.flatMap(({ tune }) => tune.map((one) => one.name)))];
    const label = names.length === 1 ? `Set ${names[0]}` : `Set ${plural(names.length, 'setting')}`;
    actions.push({ action: 'migration:tune', value: agrees, ask: 'confirm', consequence: text, label });
  }
  if (mayAsk(state, sight, 'resume'))
    actions.push({ action: 'migration:resume', value: agrees, ask: 'confirm', consequence: heldText(state) ?? '' });
  const denied = denialOf('finish', state) !== null;
  if (state.phase === 'switched' && !denied && finishStatus(state, sight, policy.quietMs).wantsQuiet) {
    const answersFor = actionValue(state, overrideFrom(state));
    const consequence = overrideConsequence(state, gates, policy);
    actions.push({ action: 'migration:override', value: answersFor, ask: 'form', consequence });
  }
  if (undecided(state).length > 0) {
    const label = serveLabel(state);
    const consequence = serveOldText(state);
    actions.push({ action: 'migration:serve_old', value: agrees, ask: 'form', consequence, ...(label && { label }) });
  }
  if (mayAsk(state, sight, 'rollback')) add('migration:rollback', 'confirm', rollbackText(state));
  const old = axeable(state, sight);
  if (old.length > 0) {
    const names = listText(
      old.map(({ source }) => addressOf(source)),
      10,
    );
    const consequence = `SHUTDOWN is sent to ${plural(old.length, 'old server')}: ${names}. Each one only if it stands behind the fence of this migration and nobody but the bot is connected to it; the others are left, and told. There is no button that starts them again.`;
    add('migration:axe', 'form', consequence);
  }
  if (mayAsk(state, sight, 'abort')) {
    const label = isPuttingBack(state) ? { label: 'Leave the rest' } : {};
    const gives = state.phase === 'switched';
    const consequence = gives ? abortRisks(state, sight) : abortText(state);
    actions.push({ action: 'migration:abort', value, ask: gives ? 'form' : 'confirm', consequence, ...label });
  }
  return actions;
}

function wipedBy(state: MigrationState): readonly Finding[] {
  return (state.preflight?.findings ?? []).filter((one) => one.code === 'destination_not_empty');
}

function consequenceOf(gate: GateView, state: MigrationState, sight: Sight, wipes: readonly Finding[]): string {
  const shards = plural(state.plan.shards.length, 'shard');
  switch (gate.gate) {
    case 'continue': {
      const { keys, bytes } = state.preflight?.totals ?? { keys: null, bytes: null };
      const size = `${keys === null ? 'an unknown number of' : countText(keys)} keys${bytes === null ? '' : `, ${bytesText(bytes)}`}`;
      const lost = sum(wipes.map((one) => state.preflight?.shards[one.shard ?? -1]?.destination?.keys ?? 0));
      const wipe = lost > 0 ? ` ${plural(lost, 'key')} on ${plural(wipes.length, 'destination')} will be wiped.` : '';
      return `Replication of ${shards} starts: ${size}. The sources go on serving.${wipe}`;
    }
    case 'switch': {
      if (isOverlap(state)) return switchRisks(state, sight);
      return `${switchText(state, sight)} ${unprovenText(state) ?? ''}`.trim();
    }
    case 'finish':
      if (isOverlap(state))
        return `${driftText(state) ?? ''} ${finishConsequence(state, sight, gate.reason, pauseText(sight.predictedPauseMs))}`.trim();
      return `${driftText(state) ?? ''} ${finishText(state, gate.reason)}`.trim();
  }
}

/** What it does comes first: a dialog holds 300 characters, and a reason that somebody typed may be as long. */
function finishText(state: MigrationState, reason: string): string {
  const back = state.shards.some((one) => one.wayBack?.open === true) ? ' The way back closes.' : '';
  return `Settings are put back and the migration ends. The old masters stay fenced.${back} ${reason}`;
}

function switchText(state: MigrationState, sight: Sight): string {
  const group = nextToGo(state);
  const lag = sum(group.map((index) => sight.shards?.[index]?.verdict.lagBytes ?? 0));
  const first = goneOver(state) === null ? state.plan.canary : undefined;
  if (first === undefined)
    return `Writes on ${plural(group.length, 'shard')} stop for ${pauseText(sight.predictedPauseMs)} (${bytesText(lag)} still on the way), then the new servers take them and the old ones refuse them. Point the application at the new servers right after.`;
  const [other, ...more] = state.plan.shards.filter((one) => one.index !== first.shard);
  const rest =
    other && more.length === 0 ? `${shardText(other.index)} goes` : `the ${plural(more.length + 1, 'other shard')} go`;
  const soak = first.soakMs === 0 ? 'At once' : `After ${soakText(first.soakMs)}`;
  return `Writes on ${shardText(first.shard)} stop for ${pauseText(sight.predictedPauseMs)} (${bytesText(lag)} still on the way), then its new server takes them and the old one refuses them. Point the application at that server right after. ${soak} ${rest} the same way, without another click.`;
}

function overrideConsequence(state: MigrationState, gates: readonly GateView[], policy: Policy): string {
  const why = gates.find((one) => one.gate === 'finish')?.reason ?? '';
  const then =
    policy.approvals.finish > 1 ? 'It counts as your approval of finish.' : 'The migration finishes at once.';
  const means = isOverlap(state)
    ? 'whoever still writes to an old master is refused from then on, with every write up to then on the new servers, and nothing can be aborted any more.'
    : 'whoever still tries to write to an old master goes on being refused, and the way back closes.';
  return `${driftText(state) ?? ''} ${why} Finish can be opened all the same: ${means} ${then} The channel is told who said so, and why.`.trim();
}

/** In coarse steps: a figure that changes every second would be sent to Slack every second. */
const PAUSE_STEPS_MS = [5, 10, 20, 50, 100, 200, 500, 1_000, 2_000];

function pauseText(predictedMs: number | null): string {
  if (predictedMs === null) return 'a moment';
  const step = PAUSE_STEPS_MS.find((ms) => predictedMs <= ms * 1.2);
  return step === undefined ? 'more than 2 s' : `about ${step} ms`;
}

function rollbackText(state: MigrationState): string {
  const moved = plural(state.shards.filter((one) => one.promoted).length, 'shard');
  const stay = state.shards.filter((one) => !one.promoted && one.replicate !== null).length;
  const rest = stay === 0 ? '' : ` The new servers of ${plural(stay, 'other shard')} stop following.`;
  return `Writes on ${moved} stop for a moment, then the old servers take them again, with everything that was written to the new ones. The new servers refuse writes from then on. Point the application at the old servers right after.${rest}`;
}

function abortText(state: MigrationState): string {
  if (isPuttingBack(state)) return 'Servers that cannot be reached are left as they are, and named.';
  const begun = state.shards.filter((one) => one.replicate !== null).length;
  if (begun === 0) {
    const left = state.shards.some((one) => one.trial !== null) || state.ledger.some((one) => !one.closed);
    const done = left ? 'What a trial of a link has changed is put back.' : 'Nothing has been changed yet.';
    return `${done} The migration ends.`;
  }
  return `${plural(begun, 'destination')} will stop following and keep what was copied so far. The sources go on as masters, their settings as they were.`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
