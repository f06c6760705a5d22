/** Which journal rows are turning points, and how several become one message. Pure. */
import type { Event, JournalRow } from '../domain/event.ts';
import { assertNever, type Gate, type Phase } from '../domain/phase.ts';
import { plural } from '../domain/words.ts';
import { mention, sentence, stamp } from './text.ts';

export interface Chapter {
  readonly text: string;
  readonly lastSeq: number;
  /** Shown in the channel as well: approval needed, failed, finished. */
  readonly broadcast: boolean;
}

const ROWS_A_MESSAGE = 25;
const CHARACTERS = 3_000;
/** Rows of one kind about single shards, before they are only counted. */
const SHARDS_A_MESSAGE = 5;

export function isTold(row: JournalRow): boolean {
  switch (row.event.kind) {
    case 'requested':
    case 'preflight_done':
    case 'approved':
    case 'approval_revoked':
    case 'approvals_void':
    case 'approval_needed':
    case 'reminded':
    case 'gate_denied':
    case 'denial_revoked':
    case 'asked_again':
    case 'glass_broken':
    case 'recheck_asked':
    case 'abort_asked':
    case 'override_asked':
    case 'rollback_asked':
    case 'phase_entered':
    case 'given_up':
    case 'progress':
    case 'trouble':
    case 'trouble_over':
    case 'drift':
    case 'sync_alarm':
    case 'sync_alarm_over':
    case 'tune_asked':
    case 'tuned':
    case 'held':
    case 'resume_asked':
    case 'released':
    case 'cutover_started':
    case 'cutover_step':
    case 'promoted':
    case 'soak':
    case 'stuck':
    case 'serve_old_asked':
    case 'cutover_let_go':
    case 'axe_asked':
    case 'axed':
    case 'overlap_opened':
    case 'conflict':
    case 'schedule_cancelled':
    case 'start_late':
    case 'window':
    case 'quiet':
    case 'slack_away':
    case 'resumed':
    case 'summary':
      return row.text !== '';
    case 'way_back':
      // That it is open stands in the message; that it is not any more is news.
      return !row.event.open;
    case 'hook_sent':
      // The row that lets the switch go says it.
      return row.event.hook !== 'before_switch' || row.event.outcome === 'ok';
    case 'message_posted':
    case 'hook_due':
    case 'clicked':
    case 'click_refused':
    case 'intent':
    case 'answered':
    case 'seen':
    case 'shard_in_step':
    case 'trial_over':
      return false;
    default:
      return assertNever(row.event);
  }
}

/** How a gate stands now: whether it still lacks approvals, and mentions of those who may give them. */
export interface Call {
  readonly waits: boolean;
  readonly who: readonly string[];
}

/** The next message out of rows of which at least one is told. */
export function nextChapter(pending: readonly JournalRow[], callOf: (gate: Gate) => Call): Chapter {
  const told: string[] = [];
  const counts = new Map<Event['kind'], number>();
  let lastSeq = pending[0]?.seq ?? 0;
  let length = 0;
  let broadcast = false;
  for (const row of pending) {
    if (!isTold(row)) {
      lastSeq = row.seq;
      continue;
    }
    const { event } = row;
    const call = event.kind === 'approval_needed' || event.kind === 'reminded' ? callOf(event.gate) : null;
    const line = lineOf(row, call);
    if (told.length >= ROWS_A_MESSAGE || (told.length > 0 && length + line.length > CHARACTERS)) break;
    lastSeq = row.seq;
    broadcast ||= isBroadcast(row, call);
    if (isAboutOneShard(row)) {
      const many = (counts.get(row.event.kind) ?? 0) + 1;
      counts.set(row.event.kind, many);
      if (many > SHARDS_A_MESSAGE) continue;
    }
    told.push(line);
    length += line.length + 2;
  }
  for (const [kind, many] of counts) {
    if (many > SHARDS_A_MESSAGE) told.push(`… and ${plural(many - SHARDS_A_MESSAGE, 'more shard')} ${restWord(kind)}`);
  }
  return { text: told.join('\n'), lastSeq, broadcast };
}

/** Whoever was told too late, because Slack was away, is called no more. */
function lineOf(row: JournalRow, call: Call | null): string {
  const { event } = row;
  if (event.kind === 'slack_away')
    return `⌛ Slack did not take updates from ${stamp(event.from)} to ${stamp(event.to)}; the migration went on.`;
  const text = sentence(row.text, row.event.kind === 'summary' ? 2_800 : 900);
  // Who approved stands in the row before; a phase is nobody's.
  const silent = row.actor === 'bot' || row.event.kind === 'phase_entered' || row.text.includes(row.actor);
  const by = silent ? '' : ` (${mention(row.actor)})`;
  const who = call?.waits && call.who.length > 0 ? ` ${call.who.join(' ')}` : '';
  return `${signOf(row.event)} ${text}${by}${who}`.trim();
}

function isAboutOneShard(row: JournalRow): boolean {
  return (
    row.event.kind === 'promoted' ||
    row.event.kind === 'way_back' ||
    row.event.kind === 'trouble' ||
    row.event.kind === 'trouble_over' ||
    row.event.kind === 'given_up' ||
    row.event.kind === 'drift' ||
    row.event.kind === 'conflict' ||
    row.event.kind === 'axed' ||
    row.event.kind === 'sync_alarm' ||
    row.event.kind === 'sync_alarm_over' ||
    row.event.kind === 'tuned' ||
    row.event.kind === 'held' ||
    row.event.kind === 'released'
  );
}

function restWord(kind: Event['kind']): string {
  if (kind === 'promoted') return 'promoted.';
  if (kind === 'way_back') return 'without a way back.';
  if (kind === 'axed') return 'whose old server is gone or was left; the status message has those that were left.';
  if (kind === 'drift') return 'that somebody or something has changed.';
  if (kind === 'conflict') return 'with writes of the old side that could not be carried out.';
  if (kind === 'given_up') return 'left as they are.';
  if (kind === 'sync_alarm') return 'whose full syncs do not end; the status message has the cause.';
  if (kind === 'sync_alarm_over') return 'whose alarm is over.';
  if (kind === 'tuned') return 'whose settings were changed.';
  if (kind === 'held') return 'held, because somebody changed a server.';
  if (kind === 'released') return 'not held any more.';
  if (kind === 'trouble_over') return 'are well again.';
  return 'with trouble; the status message shows them.';
}

const SIGNS: Readonly<Partial<Record<Event['kind'], string>>> = {
  approved: '👍',
  approval_revoked: '↩️',
  approvals_void: '▫️',
  approval_needed: '🙋',
  reminded: '⏰',
  gate_denied: '⛔',
  denial_revoked: '↩️',
  asked_again: '🙋',
  glass_broken: '🚨',
  abort_asked: '🛑',
  override_asked: '📢',
  rollback_asked: '↩️',
  trouble: '⚠️',
  drift: '⚠️',
  given_up: '⚠️',
  conflict: '⚠️',
  trouble_over: '🩹',
  promoted: '👑',
  soak: '🐤',
  schedule_cancelled: '🛑',
  start_late: '⏰',
  window: '🗓️',
  cutover_let_go: '↩️',
  axe_asked: '🪓',
  summary: '🏁',
};

function signOf(event: Event): string {
  if (event.kind === 'hook_sent' && event.outcome !== 'ok') return '⚠️';
  return SIGNS[event.kind] ?? '•';
}

const LOUD: readonly Event['kind'][] = ['stuck', 'cutover_let_go', 'override_asked', 'glass_broken', 'start_late'];
const ENDS: readonly Phase[] = ['finished', 'aborted', 'rolled_back'];

/** Approval needed, failed, ended; and what somebody did against the rules of this place. */
function isBroadcast(row: JournalRow, call: Call | null): boolean {
  const { event } = row;
  if (event.kind === 'approval_needed') return call?.waits === true;
  if (event.kind === 'reminded') return event.where === 'channel' && call?.waits === true;
  if (event.kind === 'window') return event.expected && event.what !== 'opened';
  if (event.kind === 'hook_sent') return event.outcome !== 'ok' && event.hook !== 'finished' && isTold(row);
  return event.kind === 'phase_entered' ? ENDS.includes(event.phase) : LOUD.includes(event.kind);
}
