/** What an overlap may lose on these two servers, and what is promised on their versions. */
import { can, firstRelease, serverName } from '../dialect.ts';
import { countText, plural } from '../words.ts';
import { type Add, bothOf, type Subject } from './rule.ts';

export function judgeOverlap(subject: Subject, add: Add): void {
  const both = bothOf(subject);
  if (subject.plan.cutover !== 'overlap' || !both) return;
  const { source, destination } = subject;
  const { from, to } = both;
  if (!can(from, 'offsets') || !can(to, 'offsets')) {
    const old = can(from, 'offsets') ? destination : source;
    const text = `${old.name} is older than Redis ${firstRelease('offsets')}: nobody can tell there whether the two sides are in step while both take writes.`;
    add('error', 'overlap_without_offsets', text, 'Start again with --cutover fenced.');
  }
  if (from.expiringKeys > 0) {
    const text = `${countText(from.expiringKeys)} of ${plural(from.keys, 'key')} on ${source.name} have a TTL: one that is created again on ${destination.name} is deleted there when its old copy expires on ${source.name}. Nothing prevents it.`;
    add('warning', 'overlap_keys_expire', text, 'Move whoever writes such keys last, or use --cutover fenced.');
  }
  if (!can(from, 'acl') || !can(to, 'acl')) {
    const old = can(from, 'acl') ? serverName(to) : serverName(from);
    const text = `${old} has no users, so ${destination.name} cannot be kept to resuming: while both take writes, a link that is cut is not healed by itself. The bot stops and asks; nothing is wiped, and the two sides stay apart from then on.`;
    add('warning', 'overlap_link_not_healed', text, 'Have a network without interruptions, or use --cutover fenced.');
  } else if (!can(from, 'trap_holds')) {
    const text = `${serverName(from)} as the source: a cut link heals by itself, unless it stays cut for longer than the backlog lasts. From then on ${destination.name} is safe only once the bot has seen it: a snapshot that ${source.name} ends in that second wipes what was written there.`;
    add('warning', 'overlap_guard_may_leak', text, 'Raise repl-backlog-size on the source, or use --cutover fenced.');
  }
}
