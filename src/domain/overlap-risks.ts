/** What people agree to in an overlap, with the numbers of that moment. Pure. */
import { conflictsOf } from './overlap-place.ts';
import { recordOf, type Sight } from './sight.ts';
import type { MigrationState } from './state.ts';
import { bytesText, countText, plural } from './words.ts';

/** Everything that may be lost, with the numbers of this moment: for the form in which *switch* is agreed to. */
export function switchRisks(state: MigrationState, { shards }: Sight): string {
  const looks = (shards ?? []).map(({ look }) => look.source);
  const ttl = sum(looks.map((look) => (look.ok ? look.facts.expiringKeys : 0)));
  const keys = sum(looks.map((look) => (look.ok ? look.facts.keys : 0)));
  const clients = sum((shards ?? []).map(({ verdict }) => verdict.sourceClients ?? 0));
  const writes = sum((shards ?? []).map(({ verdict }) => verdict.sourceWritesPerSecond ?? 0));
  return [
    `From now on the new servers of ${plural(state.plan.shards.length, 'shard')} take writes beside the old ones. What can be lost, and cannot be undone:`,
    `• A key that is written on both sides: the old side’s write replaces the new side’s, or cannot be carried out; the new side’s never reaches the old one. ${plural(clients, 'client')} with ${countText(Math.round(writes))} writes a second on the old side now: whatever they share has to move at once.`,
    `• ${countText(ttl)} of ${countText(keys)} keys have a TTL. One that is created again on the new side is deleted there when its old copy expires on the old side.`,
    '• Nothing comes back: what is written on the new side is never on the old one. The only way back is to abort, which gives up everything that was written there.',
    '• A server that restarts breaks its pair apart: nothing is wiped, but the two sides do not come together any more.',
  ].join('\n');
}

/** What an abort of an overlap gives up, with the numbers of this moment. */
export function abortRisks(state: MigrationState, { shards }: Sight): string {
  const both = (shards ?? []).map(({ look }) => look);
  const fresh = sum(both.map(({ destination }) => (destination.ok ? destination.facts.keys : 0)));
  const old = sum(both.map(({ source }) => (source.ok ? source.facts.keys : 0)));
  // One is our own.
  const clients = sum(
    both.map(({ destination }) => (destination.ok ? Math.max(0, (destination.facts.connectedClients ?? 1) - 1) : 0)),
  );
  return `Everything that was written to the new servers since the switch is given up: it is not on the old ones, and never will be. The new servers of ${plural(state.plan.shards.length, 'shard')} hold ${countText(fresh)} keys now, the old ones ${countText(old)}; ${plural(clients, 'client')} still connected to the new ones. Point all of them at the old servers first. The new servers refuse writes for a moment, then follow nobody and keep what they have.`;
}

/** When it is open, what finish does; with the conflicts that were counted. `reason`: why it is open, told last. */
export function finishConsequence(state: MigrationState, { shards }: Sight, reason: string, pause: string): string {
  const lag = sum((shards ?? []).map((one) => one.verdict.lagBytes ?? 0));
  const conflicts = sum((shards ?? []).map((one) => conflictsOf(recordOf(state, one), one.look.destination)));
  const lost =
    conflicts === 0
      ? ''
      : ` ${plural(conflicts, 'command')} of the old side could not be carried out on the new one, because keys were written on both: what the old side has of them is lost.`;
  return `Writes on the old servers stop for ${pause} (${bytesText(lag)} still on the way), then the new servers become masters with everything that the old ones have, and the old ones refuse writes for good.${lost} ${reason}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
