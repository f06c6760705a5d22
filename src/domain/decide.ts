/**
 * What to do next: state and sight in, effects out. Pure. The engine carries the effects out and journals them; nothing
 * here knows how. Look, then act: an effect is asked for only when the last look shows that it is not done yet.
 */
import { addressOf } from './endpoint.ts';
import type { Effect, Event } from './event.ts';
import { abortSummary, finishSummary } from './summary.ts';
import { approvalsText, gatesOf, passedWith, type Policy, STEADY_TICKS } from './gate.ts';
import type { LedgerEntry, MigrationState, ShardRecord, Step } from './migration.ts';
import type { PairLook } from './observation.ts';
import { assertNever, type Phase } from './phase.ts';
import type { Verdict } from './verdict.ts';
import type { GateView } from './view.ts';
import { capital, countText, listText, plural, shardText } from './words.ts';

export interface ShardSight {
  readonly look: PairLook;
  readonly verdict: Verdict;
  /** Looks running in which it was in step. */
  readonly inStepTicks: number;
  /** Looks running in which it was in trouble. */
  readonly troubleTicks: number;
}

/** Everything that was seen of a migration at one moment. */
export interface Sight {
  /** Wall-clock milliseconds. */
  readonly wallNow: number;
  /** Null before the first look. */
  readonly shards: readonly ShardSight[] | null;
  /** In switched: for how long no old master saw a write or refused one; null before it was measured. */
  readonly quietMs: number | null;
  /** In switched: why quiet cannot be claimed at all, as a sentence. */
  readonly unquiet: string | null;
}

export interface Decision {
  /** To be carried out, in this order, each shard's apart. */
  readonly effects: readonly Effect[];
  /** Longer work with a story of its own. */
  readonly run: 'preflight' | 'cut_over' | null;
  /** Rows to journal, without effects on any server. */
  readonly rows: readonly Event[];
  readonly enter: { readonly phase: Phase; readonly reason: string } | null;
  /** Why it waits, as a sentence; null when it waits for nothing. */
  readonly waitingFor: string | null;
}

/** How long an effect that was sent may stay unseen before it is sent again. */
const RESEND_MS = 5_000;
/** A look that began before the answer may end after it: what it shows counts only this long after. */
const SETTLE_MS = 1_000;
/** How long after a refusal the same is tried again. */
const RETRY_MS = 10_000;
/** How long an old server that does not answer is waited for before its settings are left as they are. */
const SOURCE_PATIENCE_MS = 30_000;
/** Looks in a row after which trouble is told in the thread. */
const TROUBLE_TICKS = 4;

const NOTHING: Decision = { effects: [], run: null, rows: [], enter: null, waitingFor: null };

export function decide(state: MigrationState, sight: Sight, policy: Policy): Decision {
  const gates = gatesOf(state, sight, policy);
  switch (state.phase) {
    case 'checking':
      return {
        ...NOTHING,
        run: 'preflight',
        waitingFor: `Preflight is looking at ${plural(state.plan.shards.length * 2, 'server')}.`,
      };
    case 'planned':
      return { ...NOTHING, waitingFor: gateText(gates, 'continue') };
    case 'syncing':
    case 'streaming':
      return replicating(state, sight, policy, gates);
    case 'switching':
      return { ...NOTHING, run: 'cut_over', waitingFor: 'The cut-over is running.' };
    case 'switched':
      return switched(state, sight, gates);
    case 'finishing':
      return finishing(state, sight);
    case 'aborting':
      return aborting(state, sight);
    case 'rolling_back':
      return { ...NOTHING, waitingFor: 'The old masters are taken into use again.' };
    case 'finished':
    case 'aborted':
    case 'rolled_back':
      return NOTHING;
    default:
      return assertNever(state.phase);
  }
}

function gateText(gates: readonly GateView[], gate: GateView['gate']): string {
  const view = gates.find((one) => one.gate === gate);
  if (!view) return '';
  return view.open ? `Waits for ${approvalsText(view)} to ${gate}. ${view.reason}` : view.reason;
}

function replicating(state: MigrationState, sight: Sight, policy: Policy, gates: readonly GateView[]): Decision {
  const { shards } = sight;
  if (!shards) return { ...NOTHING, waitingFor: 'Looks at the servers.' };
  const begin = starts(state, shards, sight.wallNow, policy);
  // What a cut-over that was let go had changed on the sources.
  const restore = restoreAll(state, sight, 'source');
  const effects = { held: begin.held, list: [...begin.list, ...restore.effects] };
  const rows = story(state, shards, sight.wallNow);
  const steady = shards.every((shard) => shard.inStepTicks >= STEADY_TICKS);
  if (state.phase === 'syncing') {
    const enter = steady ? { phase: 'streaming' as const, reason: 'Every shard is in step.' } : null;
    return { ...NOTHING, effects: effects.list, rows, enter, waitingFor: effects.held ?? syncText(shards) };
  }
  const again = shards.find((shard) => ['snapshot', 'transfer', 'loading'].includes(shard.verdict.state));
  const enter = again
    ? { phase: 'syncing' as const, reason: `${capital(shardText(again.verdict.shard))} makes another full sync.` }
    : null;
  const letGo = state.letGo === null ? '' : ` The last cut-over was let go: ${state.letGo}`;
  return { ...NOTHING, effects: effects.list, rows, enter, waitingFor: gateText(gates, 'switch') + letGo };
}

/** Which shards may begin to replicate now, and why others are held. */
function starts(state: MigrationState, shards: readonly ShardSight[], wallNow: number, policy: Policy) {
  const list: Effect[] = [];
  let held: string | null = null;
  const busy = shards.filter((one) => isSyncing(recordOf(state, one), one.verdict));
  const perHost = new Map<string, number>();
  for (const one of busy) count(perHost, hostOf(state, one));
  let total = busy.length;
  for (const one of shards) {
    const record = recordOf(state, one);
    const { look } = one;
    if (!look.destination.ok || !look.source.ok) continue;
    const again = isDue(record.replicate, wallNow);
    if (!again || look.destination.facts.role !== 'master' || record.promoted) continue;
    const held1 = heldBack(state, one);
    if (held1 !== null) {
      held = held1;
      continue;
    }
    if (record.replicate === null) {
      const host = hostOf(state, one);
      if (total >= policy.syncsTotal || (perHost.get(host) ?? 0) >= policy.syncsPerHost) continue;
      total += 1;
      count(perHost, host);
    }
    const { fullSyncs, runId } = look.source.facts;
    list.push({ kind: 'replicate', shard: one.verdict.shard, sourceFullSyncs: fullSyncs, sourceRunId: runId });
  }
  return { list, held };
}

/** The last look before a destination is given away: is it still the server that was checked, and still as empty? */
function heldBack(state: MigrationState, one: ShardSight): string | null {
  const plan = state.plan.shards[one.verdict.shard];
  const report = state.preflight?.shards[one.verdict.shard];
  const { source, destination } = one.look;
  if (!plan || !source.ok || !destination.ok) return null;
  const where = capital(shardText(plan.index));
  if (source.facts.role !== 'master')
    return `${where}: ${addressOf(plan.source)} is not a master any more. Nothing was done to it. Abort, or make it one.`;
  if (destination.facts.loading)
    return `${where}: ${addressOf(plan.destination)} was restarted and loads its own data. Nothing was done to it.`;
  // What was consented to is to wipe the server that was checked, not whatever answers at its address now.
  if (report?.destination && destination.facts.runId !== report.destination.runId && destination.facts.keys > 0) {
    return `${where}: ${addressOf(plan.destination)} is another server process than the one that was checked, and holds ${plural(destination.facts.keys, 'key')}. Nothing was done to it. Abort and start again.`;
  }
  if (destination.facts.keys > 0 && !mayWipe(state, plan.index)) {
    return `${where}: ${addressOf(plan.destination)} has got ${plural(destination.facts.keys, 'key')} since it was checked. Nothing was done to it. Empty it (FLUSHALL) or abort.`;
  }
  return null;
}

/** Consent counts for the destinations that were found to hold keys, and only if it was given when the gate was passed. */
export function mayWipe(state: MigrationState, shard: number): boolean {
  const found = state.preflight?.findings.some((one) => one.code === 'destination_not_empty' && one.shard === shard);
  return state.plan.yesWipe && found === true && passedWith('continue', state).some((one) => one.wipe);
}

/** Whether a step has still to be sent: never sent, refused some time ago, or sent and unseen for too long. */
function isDue(step: Step | null, wallNow: number): boolean {
  if (step === null) return true;
  if (step.seen || step.givenUp) return false;
  return Math.abs(wallNow - step.at) >= (step.outcome === 'refused' ? RETRY_MS : RESEND_MS);
}

function isSyncing(record: ShardRecord, verdict: Verdict): boolean {
  return record.replicate !== null && ['queued', 'snapshot', 'transfer', 'loading'].includes(verdict.state);
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function hostOf(state: MigrationState, one: ShardSight): string {
  return state.plan.shards[one.verdict.shard]?.source.host ?? '';
}

function recordOf(state: MigrationState, one: ShardSight): ShardRecord {
  const record = state.shards[one.verdict.shard];
  if (!record) throw new Error(`The plan has no shard ${one.verdict.shard}.`);
  return record;
}

/** What is worth a row: what was seen of our own effects, first times in step, quarters of the way, trouble. */
function story(state: MigrationState, shards: readonly ShardSight[], wallNow: number): Event[] {
  const rows: Event[] = [];
  for (const one of shards) {
    const record = recordOf(state, one);
    const { verdict } = one;
    const { replicate } = record;
    if (replicate && !replicate.seen && followsItsSource(state, one)) {
      rows.push({
        kind: 'seen',
        intent: replicate.intent,
        detail: `${capital(shardText(verdict.shard))}: the destination follows its source.`,
      });
    }
    if (!record.wasInStep && one.inStepTicks >= STEADY_TICKS) {
      const seconds = record.replicate ? Math.max(0, Math.round((wallNow - record.replicate.at) / 1000)) : 0;
      rows.push({ kind: 'shard_in_step', shard: verdict.shard, seconds, keys: verdict.keys ?? 0 });
    }
    rows.push(...troubleRows(record, one));
  }
  const percents = shards.map((one) => (one.verdict.state === 'in_step' ? 100 : (one.verdict.percent ?? 0)));
  const overall = percents.reduce((sum, percent) => sum + percent, 0) / Math.max(1, percents.length);
  const quarter = Math.floor(overall / 25) * 25;
  if (quarter > state.progress && state.phase === 'syncing') rows.push({ kind: 'progress', percent: quarter });
  return rows;
}

function followsItsSource(state: MigrationState, { look, verdict }: ShardSight): boolean {
  const source = state.plan.shards[verdict.shard]?.source;
  if (!look.destination.ok || !source) return false;
  const { master } = look.destination.facts.replication;
  return master !== null && master.host.toLowerCase() === source.host && master.port === source.port;
}

export function troubleRows(record: ShardRecord, one: ShardSight): Event[] {
  const { verdict } = one;
  if (isTrouble(verdict)) {
    const told = record.trouble !== null;
    if (one.troubleTicks < TROUBLE_TICKS || told) return [];
    return [{ kind: 'trouble', shard: verdict.shard, text: verdict.reason ?? `State ${verdict.state}.` }];
  }
  if (record.trouble === null) return [];
  return [{ kind: 'trouble_over', shard: verdict.shard, text: `State ${verdict.state.replaceAll('_', ' ')}.` }];
}

export function isTrouble(verdict: Verdict): boolean {
  return ['link_down', 'unreachable', 'detached'].includes(verdict.state) && verdict.reason !== null;
}

function syncText(shards: readonly ShardSight[]): string {
  const trouble = shards.filter((one) => one.verdict.reason !== null && one.verdict.state !== 'in_step');
  const inStep = shards.filter((one) => one.verdict.state === 'in_step').length;
  const head = `${countText(inStep)} of ${plural(shards.length, 'shard')} in step.`;
  const [first] = trouble;
  if (first) return `${head} ${capital(shardText(first.verdict.shard))}: ${first.verdict.reason}`;
  const rest = shards.filter((one) => one.verdict.state !== 'in_step');
  if (rest.length === 0) return `${head} Looks once more to be sure.`;
  return `${head} ${capital(listText(rest.map(progressText), 3))}.`;
}

function progressText(one: ShardSight): string {
  const { verdict } = one;
  const percent = verdict.percent === null ? '' : ` ${Math.floor(verdict.percent)} %`;
  return `${shardText(verdict.shard)}: ${verdict.state.replaceAll('_', ' ')}${percent}`;
}

function switched(state: MigrationState, sight: Sight, gates: readonly GateView[]): Decision {
  const gate = gates.find((one) => one.gate === 'finish');
  const rows: Event[] = (sight.shards ?? []).flatMap((one) => troubleRows(recordOf(state, one), one));
  if (gate?.open && !state.quietTold) rows.push({ kind: 'quiet', seconds: Math.floor((sight.quietMs ?? 0) / 1000) });
  return { ...NOTHING, ...restoreAll(state, sight, 'source'), rows, waitingFor: gateText(gates, 'finish') };
}

function finishing(state: MigrationState, sight: Sight): Decision {
  const restore = restoreAll(state, sight, 'both');
  const waitingFor = restore.waitingFor ?? 'Puts the settings back.';
  if (restore.left > 0) return { ...NOTHING, effects: restore.effects, rows: restore.rows, waitingFor };
  const rows = [...restore.rows, finishSummary(state, sight)];
  return { ...NOTHING, rows, enter: { phase: 'finished', reason: 'Settings are put back.' }, waitingFor };
}

function aborting(state: MigrationState, sight: Sight): Decision {
  const effects: Effect[] = [];
  const rows: Event[] = [];
  const waits: string[] = [];
  for (const record of state.shards) {
    if (record.replicate === null || record.detach?.seen || record.detach?.givenUp) continue;
    const look = sight.shards?.[record.index]?.look.destination;
    const plan = state.plan.shards[record.index];
    if (!plan) continue;
    const name = addressOf(plan.destination);
    if (!look?.ok) {
      const why = look ? look.problem.text : `${name} has not been looked at yet.`;
      if (look && state.giveUp) {
        const detail = `${why} It may still be a replica: run REPLICAOF NO ONE on it when it is back.`;
        rows.push({ kind: 'given_up', what: 'detach', ledger: null, shard: record.index, detail });
      } else waits.push(`${capital(shardText(record.index))}: ${why} Abort once more to leave it as it is.`);
      continue;
    }
    const { detach } = record;
    // Sent even to a master: an order to follow may be on its way still. Believed a moment after it was answered.
    if (
      detach !== null &&
      detach.outcome !== 'pending' &&
      look.facts.role === 'master' &&
      sight.wallNow - detach.at >= SETTLE_MS
    ) {
      rows.push({ kind: 'seen', intent: detach.intent, detail: `${name} follows nobody.` });
    } else if (isDue(detach, sight.wallNow)) effects.push({ kind: 'detach', shard: record.index });
    else
      waits.push(
        `${capital(shardText(record.index))}: ${detach?.outcome === 'refused' ? detach.detail : `waits to see ${name} as a master.`}`,
      );
  }
  const restore = restoreAll(state, sight, 'both');
  const done = effects.length === 0 && rows.length === 0 && waits.length === 0 && restore.left === 0;
  return {
    ...NOTHING,
    effects: [...effects, ...restore.effects],
    rows: [...rows, ...restore.rows, ...(done ? [abortSummary(state, sight)] : [])],
    enter: done ? { phase: 'aborted', reason: 'Every destination follows nobody, settings are put back.' } : null,
    waitingFor: waits[0] ?? restore.waitingFor ?? 'Puts everything back.',
  };
}

/** Puts settings back, where their server answers. An old server that stays away is left as it is, with a word. */
function restoreAll(state: MigrationState, sight: Sight, which: 'source' | 'both') {
  const effects: Effect[] = [];
  const rows: Event[] = [];
  let waitingFor: string | null = null;
  let left = 0;
  for (const entry of state.ledger) {
    if (entry.closed || (which === 'source' && entry.side !== 'source')) continue;
    left += 1;
    const look = sight.shards?.[entry.shard]?.look[entry.side];
    if (look?.ok) {
      if (isDue(entry.restore, sight.wallNow)) effects.push(restoreEffect(entry));
      else if (entry.restore?.outcome === 'refused')
        waitingFor = `${entry.name} cannot be put back: ${entry.restore.detail}`;
      continue;
    }
    if (!look || which === 'source') continue;
    const patience = sight.wallNow - state.phaseSince > SOURCE_PATIENCE_MS;
    if (state.giveUp || (entry.side === 'source' && patience)) {
      const detail = `${entry.name} was not put back on the ${entry.side}: ${look.problem.text}`;
      rows.push({ kind: 'given_up', what: 'setting', ledger: entry.intent, shard: entry.shard, detail });
    } else
      waitingFor = `${entry.name} has to be put back on the ${entry.side} of ${shardText(entry.shard)}: ${look.problem.text}`;
  }
  return { effects, rows, waitingFor, left };
}

function restoreEffect(entry: LedgerEntry): Effect {
  return { kind: 'restore_config', shard: entry.shard, side: entry.side, name: entry.name, ledger: entry.intent };
}
