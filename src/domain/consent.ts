/**
 * What a switch has to be agreed to by name: sources whose writes nothing can stop without a loss. Approvals are given
 * for findings, so that a finding of preflight is what is agreed to. Pure.
 */
import type { MigrationState } from './state.ts';
import { plural } from './words.ts';

/** Code of the finding: a source below 2.8 that asks for a password. */
export const UNPROVEN = 'switch_unproven';

/** What may be lost, for the form of gate switch; null when nothing has to be agreed to. */
export function unprovenText({ preflight }: MigrationState): string | null {
  const found = (preflight?.findings ?? []).filter((one) => one.code === UNPROVEN);
  const [first] = found;
  if (!first) return null;
  const rest = found.length > 1 ? ` The same holds for ${plural(found.length - 1, 'more shard')}.` : '';
  return `${first.text}${rest}`;
}
