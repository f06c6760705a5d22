/** The turning points that a chart marks. Kinds of rows that it does not know are none. Pure. */
import type { JournalRow } from '../event.ts';
import type { Phase } from '../phase.ts';
import type { Milestone } from './report.ts';

type Point = Pick<Milestone, 'kind' | 'text'> & { readonly user?: string };

export function milestonesOf(rows: readonly JournalRow[]): Milestone[] {
  const seen = new Set<Phase>();
  return rows.flatMap((row) => {
    const point = pointOf(row, seen);
    const user = point?.user ?? null;
    return point === null ? [] : [{ at: new Date(row.at).toISOString(), kind: point.kind, text: point.text, user }];
  });
}

function pointOf({ event }: JournalRow, seen: Set<Phase>): Point | null {
  // Most rows are none, those of later versions among them.
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check
  switch (event.kind) {
    case 'approved': {
      const of = event.count === undefined ? '' : ` (${event.count.given} of ${event.count.needed})`;
      return { kind: 'approved', text: `${event.gate} approved${of}`, user: event.user };
    }
    case 'glass_broken':
      return { kind: 'approved', text: `${event.gate} passed alone`, user: event.user };
    case 'gate_denied':
      return { kind: 'asked', text: `${event.gate} denied`, user: event.user };
    case 'approval_revoked':
      return { kind: 'asked', text: `approval of ${event.gate} taken back`, user: event.user };
    case 'override_asked':
      return { kind: 'asked', text: 'finish opened without the quiet period', user: event.user };
    case 'abort_asked':
      return { kind: 'asked', text: event.giveUp ? 'the rest given up' : 'abort', user: event.user };
    case 'rollback_asked':
      return { kind: 'asked', text: 'roll back', user: event.user };
    case 'cutover_started':
      return { kind: 'cut-over', text: event.way === 'back' ? 'the way back begins' : 'cut-over' };
    case 'cutover_let_go':
      return { kind: 'let go', text: 'cut-over let go' };
    case 'resumed':
      return { kind: 'restarted', text: 'the bot was restarted' };
    case 'phase_entered': {
      const again = seen.has(event.phase);
      seen.add(event.phase);
      if (event.phase === 'streaming' && !again) return { kind: 'in step', text: 'every shard in step' };
      if (event.phase === 'finished' || event.phase === 'aborted' || event.phase === 'rolled_back')
        return { kind: 'ended', text: event.phase.replaceAll('_', ' ') };
      return null;
    }
    default:
      return null;
  }
}
