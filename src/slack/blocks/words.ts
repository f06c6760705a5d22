/** The words and signs for what people see: phases, shard states, gates, buttons. A sign never stands alone. */
import type { Gate, Phase } from '../../domain/phase.ts';
import type { ActionId, ShardState } from '../../domain/view.ts';

export const COMMAND = '/redis-migrate';

export interface Word {
  readonly sign: string;
  readonly word: string;
}

export const PHASE_WORDS = {
  checking: { sign: '🔎', word: 'checking' },
  planned: { sign: '📋', word: 'planned' },
  syncing: { sign: '🔄', word: 'syncing' },
  streaming: { sign: '🟢', word: 'streaming' },
  switching: { sign: '🔀', word: 'switching' },
  switched: { sign: '👑', word: 'switched' },
  finishing: { sign: '🧹', word: 'finishing' },
  finished: { sign: '✅', word: 'finished' },
  aborting: { sign: '🛑', word: 'aborting' },
  aborted: { sign: '🛑', word: 'aborted' },
  rolling_back: { sign: '↩️', word: 'rolling back' },
  rolled_back: { sign: '↩️', word: 'rolled back' },
} satisfies Record<Phase, Word>;

export const STATE_WORDS = {
  waiting: { sign: '⚪', word: 'waiting' },
  queued: { sign: '🕓', word: 'queued' },
  snapshot: { sign: '📷', word: 'snapshot' },
  transfer: { sign: '🚚', word: 'transfer' },
  loading: { sign: '📥', word: 'loading' },
  catching_up: { sign: '🏃', word: 'catching up' },
  in_step: { sign: '🟢', word: 'in step' },
  link_down: { sign: '🔴', word: 'link down' },
  unreachable: { sign: '⛔', word: 'unreachable' },
  promoted: { sign: '👑', word: 'promoted' },
  detached: { sign: '⚫', word: 'detached' },
} satisfies Record<ShardState, Word>;

/** The phases in which the servers are watched and figures grow old. */
const LIVE: readonly Phase[] = [
  'syncing',
  'streaming',
  'switching',
  'switched',
  'finishing',
  'aborting',
  'rolling_back',
];

export function isLive(phase: Phase): boolean {
  return LIVE.includes(phase);
}

/** The gate that people will be asked for next; null when there is none left. */
export function nextGate(phase: Phase): Gate | null {
  if (phase === 'checking' || phase === 'planned') return 'continue';
  if (phase === 'syncing' || phase === 'streaming') return 'switch';
  if (phase === 'switching' || phase === 'switched') return 'finish';
  return null;
}

export interface ButtonWords {
  readonly label: string;
  readonly title: string;
  readonly yes: string;
  readonly style: 'primary' | 'danger' | null;
}

export const BUTTON_WORDS = {
  'gate:continue': { label: 'Continue', title: 'Start replication?', yes: 'Continue', style: 'primary' },
  'gate:switch': { label: 'Switch', title: 'Switch to the new servers?', yes: 'Switch', style: 'primary' },
  'gate:finish': { label: 'Finish', title: 'Finish the migration?', yes: 'Finish', style: 'primary' },
  'migration:deny': { label: 'Deny', title: 'Say no to this step?', yes: 'Deny', style: null },
  'migration:break_glass': {
    label: 'Break glass',
    title: 'Pass this gate alone?',
    yes: 'Pass it alone',
    style: 'danger',
  },
  'migration:revoke': { label: 'Take back', title: 'Take it back?', yes: 'Take it back', style: null },
  'migration:ask_again': { label: 'Ask again', title: 'Ask again?', yes: 'Ask again', style: 'primary' },
  'migration:recheck': { label: 'Check again', title: 'Check again?', yes: 'Check again', style: null },
  'migration:tune': { label: 'Set it', title: 'Change these settings?', yes: 'Set them', style: 'primary' },
  'migration:resume': { label: 'Go on as it is', title: 'Go on with what changed?', yes: 'Go on', style: 'danger' },
  'migration:override': {
    label: 'Finish anyway',
    title: 'Finish without the quiet period?',
    yes: 'Finish anyway',
    style: 'danger',
  },
  'migration:rollback': { label: 'Roll back', title: 'Go back to the old servers?', yes: 'Roll back', style: 'danger' },
  'migration:serve_old': {
    label: 'Serve from the old server',
    title: 'Give the writes back?',
    yes: 'Give the writes back',
    style: 'danger',
  },
  'migration:axe': {
    label: 'Shut down the old servers',
    title: 'Shut down the old servers?',
    yes: 'Shut them down',
    style: 'danger',
  },
  'migration:cancel_schedule': {
    label: 'Cancel the schedule',
    title: 'Cancel the schedule?',
    yes: 'Cancel it',
    style: null,
  },
  'migration:abort': { label: 'Abort', title: 'Abort the migration?', yes: 'Abort it', style: 'danger' },
} satisfies Record<ActionId, ButtonWords>;
