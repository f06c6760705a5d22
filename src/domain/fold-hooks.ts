/** How the rows of webhooks fold: what is due and not delivered yet, in order. Part of migration.ts; pure. */
import type { Event, JournalRow } from './event.ts';
import type { MigrationState } from './state.ts';

type HookEvent = Extract<Event, { kind: 'hook_due' | 'hook_sent' }>;

export function foldHooks(state: MigrationState, event: HookEvent, row: JournalRow): MigrationState {
  if (event.kind === 'hook_sent') return { ...state, hooks: state.hooks.filter((one) => one.id !== event.id) };
  const { hook, id, shards, text, reason } = event;
  return { ...state, hooks: [...state.hooks, { hook, id, shards, text, reason, at: row.at }] };
}

/** A question that was left open is of no use in another phase. */
export function withoutQuestions(hooks: MigrationState['hooks']): MigrationState['hooks'] {
  return hooks.filter((one) => one.hook !== 'before_switch');
}
