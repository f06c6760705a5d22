/** The journal and its fold → the closing report. Rows of a kind that it does not know are lines of the timeline. Pure. */
import { addressOf } from '../endpoint.ts';
import type { JournalRow, StoredValue } from '../event.ts';
import { passedWith } from '../gate.ts';
import { GATES, type Gate, hasEnded, type Phase } from '../phase.ts';
import { fenceAddress, planHash } from '../plan.ts';
import type { LedgerEntry, MigrationState } from '../state.ts';
import { capital, shardText } from '../words.ts';
import { milestonesOf } from './milestones.ts';
import type {
  Leftover,
  Report,
  ReportGate,
  ReportOverride,
  ReportSetting,
  ReportShard,
  SettingOutcome,
} from './report.ts';

/** What is in the tables of the report, or only says how something came about. Everything else is the timeline. */
const NOT_TOLD: ReadonlySet<string> = new Set([
  'message_posted',
  'clicked',
  'click_refused',
  'hook_due',
  'intent',
  'answered',
  'seen',
  'shard_in_step',
  'summary',
  'progress',
  'way_back',
]);

/** The phase that follows a gate. */
const BEHIND = { continue: 'syncing', switch: 'switching', finish: 'finishing' } satisfies Record<Gate, Phase>;

/** `rows`: the whole journal; `state`: its fold. */
export function makeReport(state: MigrationState, rows: readonly JournalRow[]): Report {
  const { plan } = state;
  const ended = hasEnded(state.phase);
  const shards = shardsOf(state, rows);
  const pauses = shards.flatMap(({ pauseMs }) => (pauseMs === null ? [] : [pauseMs]));
  const summary = rows.findLast(({ event }) => event.kind === 'summary')?.event;
  return {
    id: plan.id,
    name: plan.name,
    phase: state.phase,
    cutover: plan.cutover,
    requestedBy: plan.requestedBy,
    channel: plan.channel,
    planHash: planHash(plan),
    reason: plan.reason ?? null,
    startedAt: iso(plan.createdAt),
    endedAt: ended ? iso(state.phaseSince) : null,
    seconds: ended ? Math.max(0, Math.round((state.phaseSince - plan.createdAt) / 1000)) : null,
    totals: {
      shards: plan.shards.length,
      keys: state.preflight?.totals.keys ?? null,
      bytes: state.preflight?.totals.bytes ?? null,
    },
    longestPauseMs: pauses.length === 0 ? null : Math.max(...pauses),
    shards,
    gates: GATES.map((gate) => gateOf(gate, state, rows)),
    overrides: rows.flatMap(overridesIn),
    settings: state.ledger.map((entry) => settingOf(entry, state)),
    left: leftOf(state, rows),
    summary: summary?.kind === 'summary' ? summary.lines : [],
    milestones: milestonesOf(rows),
    timeline: rows
      .filter(({ event, text }) => !NOT_TOLD.has(event.kind) && text !== '')
      .map(({ seq, at, actor, event, text, shard }) => ({ seq, at: iso(at), actor, kind: event.kind, text, shard })),
  };
}

function shardsOf(state: MigrationState, rows: readonly JournalRow[]): ReportShard[] {
  const inStep = new Map<number, number>();
  for (const { event } of rows)
    if (event.kind === 'shard_in_step' && !inStep.has(event.shard)) inStep.set(event.shard, event.seconds);
  return state.plan.shards.map(({ index, source, destination }): ReportShard => {
    const record = state.shards[index];
    const seen = state.preflight?.shards[index];
    const moved = record?.promoted ? 'moved' : 'stayed';
    return {
      index,
      source: addressOf(source),
      destination: addressOf(destination),
      sourceVersion: versionOf(seen?.source),
      destinationVersion: versionOf(seen?.destination),
      outcome: record?.returned ? 'returned' : moved,
      keys: seen?.source?.keys ?? null,
      bytes: seen?.source?.bytes ?? null,
      fullSyncSeconds: inStep.get(index) ?? null,
      pauseMs: record?.pauseMs ?? null,
      promotedAt: record?.promotedAt == null ? null : iso(record.promotedAt),
      verified: null,
    };
  });
}

function versionOf(server: { readonly kind: string; readonly version: string } | null | undefined): string | null {
  return server ? `${server.kind} ${server.version}` : null;
}

function gateOf(gate: Gate, state: MigrationState, rows: readonly JournalRow[]): ReportGate {
  const approvals = passedWith(gate, state);
  const alone = state.glass.find((one) => one.gate === gate) ?? null;
  const since = alone?.at ?? approvals.at(-1)?.at ?? null;
  const passed =
    since === null
      ? undefined
      : rows.find(({ at, event }) => event.kind === 'phase_entered' && event.phase === BEHIND[gate] && at >= since);
  return {
    gate,
    passedAt: passed ? iso(passed.at) : null,
    approvals: approvals.map(({ user, at, wipe }) => ({ user, at: iso(at), wipe })),
    passedAloneBy: alone?.user ?? null,
  };
}

function overridesIn({ at, event }: JournalRow): ReportOverride[] {
  if (event.kind === 'override_asked')
    return [{ what: 'finish without the quiet period', user: event.user, at: iso(at), reason: event.reason }];
  if (event.kind !== 'glass_broken') return [];
  const what = `${event.gate} alone, with ${event.given} of ${event.needed} approvals`;
  return [{ what, user: event.user, at: iso(at), reason: event.reason }];
}

function settingOf(entry: LedgerEntry, { plan }: MigrationState): ReportSetting {
  const shard = plan.shards[entry.shard];
  return {
    shard: entry.shard,
    server: shard ? addressOf(shard[entry.side]) : entry.side,
    name: entry.name,
    old: plain(entry.old),
    value: entry.value,
    why: entry.why,
    until: entry.until,
    outcome: outcomeOf(entry),
  };
}

function plain(value: StoredValue): string | null {
  return value.kind === 'plain' ? value.value : null;
}

function outcomeOf(entry: LedgerEntry): SettingOutcome {
  if (entry.restore?.seen) return 'put back';
  if (entry.outlived) return 'ended with the process';
  if (entry.closed) return 'not put back';
  return entry.set ? 'still changed' : 'not seen';
}

/** What somebody may have to see to after the end. */
function leftOf(state: MigrationState, rows: readonly JournalRow[]): Leftover[] {
  const { host, port } = fenceAddress(state.plan.id);
  const fences = state.shards.flatMap((record): Leftover[] => {
    const shard = state.plan.shards[record.index];
    const side = record.returned ? 'destination' : record.promoted ? 'source' : null;
    // One that was given up is told by itself.
    if (!shard || side === null || record.axed?.gone || record.detach?.givenUp || !hasEnded(state.phase)) return [];
    const text = `${addressOf(shard[side])} was left behind its fence, as a replica of ${host}:${port}. REPLICAOF NO ONE lets it take writes again.`;
    return [{ kind: 'fence', shard: record.index, text }];
  });
  const settings = state.ledger.flatMap((entry): Leftover[] => {
    const { server, name, old, outcome } = settingOf(entry, state);
    if (outcome !== 'not put back' && outcome !== 'still changed') return [];
    const was = old === null ? 'its old value, which is a secret' : `"${old}"`;
    return [{ kind: 'setting', shard: entry.shard, text: `${name} on ${server} was ${was} before.` }];
  });
  const told = rows.flatMap(({ event }): Leftover[] => {
    if (event.kind === 'drift') return [{ kind: 'drift', shard: event.shard, text: about(event.shard, event.text) }];
    if (event.kind !== 'given_up') return [];
    return [{ kind: 'given up', shard: event.shard, text: about(event.shard, event.detail) }];
  });
  return [...fences, ...settings, ...told];
}

function about(shard: number, text: string): string {
  return `${capital(shardText(shard))}: ${text}`;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
