/** What judging a click gives, and what every judge needs. Part of click.ts; pure. */
import type { Event } from './event.ts';
import { type Policy, validApprovals } from './gate.ts';
import { findingsMark } from './migration.ts';
import { isOverlap } from './overlap.ts';
import type { Gate, Phase } from './phase.ts';
import type { MigrationState, PendingClick } from './state.ts';
import { plural, secondsText } from './words.ts';

export type MayDo = { readonly ok: true } | { readonly ok: false; readonly why: string };

export interface Rights {
  readonly request: MayDo;
  readonly approve: MayDo;
}

/** `rows`: what to journal, the refusal included. `text`: what the person is told. */
export interface ClickVerdict {
  readonly accepted: boolean;
  readonly rows: readonly Event[];
  readonly text: string;
}

export type Refuse = (reason: string) => ClickVerdict;

export const OLD_COPY =
  'This button is from an earlier state of the migration. Use the one in the status message as it is now.';

/** The phase behind each gate, and what begins there. */
const BEHIND: Readonly<Record<Gate, { readonly phase: Phase; readonly reason: string }>> = {
  continue: { phase: 'syncing', reason: 'Replication starts; the sources go on serving.' },
  switch: { phase: 'switching', reason: 'The new servers are about to take the writes.' },
  finish: { phase: 'finishing', reason: 'What was changed on the way is put back.' },
};

/** One more approval, which may be the last one that was needed. `wipe`: given with the name typed, for a wipe. `early`: only the schedule keeps the gate closed. */
export function approval(
  gate: Gate,
  { event, seq }: PendingClick,
  state: MigrationState,
  wallNow: number,
  policy: Policy,
  wipe: boolean,
  early = false,
): ClickVerdict {
  const valid = validApprovals(gate, state, wallNow, policy);
  const again = valid.some((one) => one.user === event.user);
  const approved: Event = {
    kind: 'approved',
    gate,
    user: event.user,
    click: seq,
    entry: state.entry,
    findings: findingsMark(state.preflight?.findings ?? []),
    wipe,
  };
  const rows = again ? [] : [approved];
  const missing = policy.approvals[gate] - valid.length - rows.length;
  if (missing > 0) return { accepted: true, rows, text: `Approved. ${plural(missing, 'more approval')} needed.` };
  // It goes on by itself when its time has come.
  if (early) return { accepted: true, rows, text: `Approved: *${gate}*, for the time that is set.` };
  const { phase } = BEHIND[gate];
  const reason = reasonBehind(gate, state);
  return {
    accepted: true,
    rows: [...rows, { kind: 'phase_entered', phase, reason }],
    text: `Approved: *${gate}*.`,
  };
}

function reasonBehind(gate: Gate, state: MigrationState): string {
  if (!isOverlap(state) || gate === 'continue') return BEHIND[gate].reason;
  return gate === 'switch'
    ? 'The new servers are about to take writes beside the old ones.'
    : 'The new servers are about to become masters.';
}

/** Why a click is too old to be acted upon, because the bot was away; null when it is not. */
export function tooOld({ at }: PendingClick, wallNow: number, { approvalTtlMs }: Policy): string | null {
  if (wallNow - at <= approvalTtlMs) return null;
  return `This click is older than ${secondsText(approvalTtlMs / 1000)}: the bot was away. Look again, and click again.`;
}
