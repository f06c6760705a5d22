/**
 * Can the destination reach its source, at that address, with that user? It is tried before anybody approves, by a trap:
 * while the source's diskless syncs wait for a day, a destination that is told to follow it shows up there and gets
 * nothing. What is known of the trap, and where it would not hold: redis.md, "Can the destination reach the source?".
 * Pure.
 */
import { can } from '../dialect.ts';
import { addressOf, followAddress } from '../endpoint.ts';
import { type Add, bothOf, type Subject } from './rule.ts';
import { numberIn, type PreflightSight } from './sight.ts';

/** Why the trap must not be set, as a sentence; null when it holds. */
export function whyNotTried(subject: Subject): string | null {
  const both = bothOf(subject);
  if (!both) return 'One of the two could not be looked at.';
  const { from, to } = both;
  const { source, destination } = subject;
  if (!can(from, 'diskless') || !can(to, 'diskless'))
    return 'It takes diskless syncs, which came with Redis 2.8.18, on both sides.';
  // It would refuse its clients' writes for a moment, and nobody has agreed to give away what it holds.
  if (to.keys > 0) return `${destination.name} holds keys: it is left alone until somebody agrees to wipe it.`;
  if (source.probe.settings.get('repl-diskless-sync') == null)
    return `${source.name} does not let us set repl-diskless-sync.`;
  // A replica that waits for a snapshot under way would be served with others.
  if (from.snapshot !== null) return `${source.name} is making a snapshot right now.`;
  if (from.replication.replicas.some((replica) => replica.state !== 'online'))
    return `Another replica of ${source.name} is making a full sync right now.`;
  if (can(from, 'diskless_max') && numberIn(source.probe, 'repl-diskless-sync-max-replicas') !== 0)
    return `${source.name} does not wait with its syncs (repl-diskless-sync-max-replicas).`;
  if (destination.probe.settings.get('dual-channel-replication-enabled') === 'yes')
    return `${destination.name} replicates over two channels.`;
  return null;
}

export function judgeLink(subject: Subject, { trial, left }: Pick<PreflightSight, 'trial' | 'left'>, add: Add): void {
  const { source, destination } = subject;
  if (left !== null) {
    const fix = 'Check again when it answers: the bot puts it back before anything else.';
    add('error', 'trial_left', left, fix);
  }
  const leader = addressOf(followAddress(source.endpoint));
  if (trial === null || trial.kind === 'reached') return;
  if (trial.kind === 'not_tried') {
    const text = `Whether ${destination.name} can reach its source at ${leader} could not be tried. ${trial.why}`;
    add('note', 'link_not_tried', text, null);
    return;
  }
  const text = `${destination.name} cannot reach its source at ${leader}: ${trial.text}`;
  const fix = `See the log of ${destination.name}. Check that address as it sees it (replicate-from in the inventory gives another), firewalls, protected-mode, TLS, and what it logs in with; then check again.`;
  add('error', 'source_not_reached', text, fix);
}
