/** What the two versions mean for each other, and for the switch. */
import { canLoad, hasFormatOfItsOwn } from '../compatibility.ts';
import { UNPROVEN } from '../consent.ts';
import { can, serverName } from '../dialect.ts';
import { isProven, type Refusal, refusalOf } from '../pairing.ts';
import { type Add, type Both, bothOf, factsOf, type Subject } from './rule.ts';

export function judgeVersions(subject: Subject, add: Add): void {
  const both = bothOf(subject);
  if (!both) return;
  const refusal = refusalOf(both.from, both.to);
  if (refusal === null) {
    if (both.from.kind === 'valkey' && both.to.kind === 'redis') judgeOtherFamily(subject, both, add);
    return;
  }
  const source = `${subject.source.name} (${serverName(both.from)})`;
  add('error', refusal, refusalText(refusal, both, source, subject.destination.name), wayOut(refusal, both));
}

/** Tried, Valkey 8.1.1 → Redis 8.0.2: it follows, and refuses SET … IFEQ, so that the old value stays. */
function judgeOtherFamily({ source, destination }: Subject, { from, to }: Both, add: Add): void {
  const text = `${destination.name} (${serverName(to)}) can follow ${source.name} (${serverName(from)}), and does not know what only Valkey has, such as SET … IFEQ from 8.1 on: such a command changes the old server alone. The bot sees that one was refused, and does not switch then.`;
  const fix = `Make sure that no application uses what only Valkey has, or use a destination that runs ${serverName(from)} or later.`;
  add('warning', 'other_family', text, fix);
}

function refusalText(refusal: Refusal, { from, to }: Both, source: string, destination: string): string {
  const runs = `${destination} runs ${serverName(to)}`;
  if (refusal === 'inline_protocol')
    return `${runs} and would look as if it followed ${source}, and would not: it drops the link at the first command that comes without RESP, again and again, and later writes are missing.`;
  if (canLoad(from, to))
    return `${runs}, older than ${source}. It does not know every command that will reach it, and would drift away from its source unseen.`;
  // Valkey 9.1.2, tried: to an older replica it sends an older format, which holds no hashes whose fields expire.
  if (hasFormatOfItsOwn(from))
    return `${runs} and cannot take all that ${source} may send: with hashes whose fields expire the full sync begins anew without end, and commands that it does not know make it drift away unseen.`;
  if (refusal === 'formats_differ')
    return `${runs} and cannot load the snapshot of ${source}: the formats of Redis from 7.4 on and of Valkey have gone apart. It would be emptied and stay empty.`;
  return `${runs} and cannot load what ${source} sends. It would be emptied and stay empty.`;
}

function wayOut(refusal: Refusal, { from, to }: Both): string {
  if (refusal === 'inline_protocol')
    return 'Migrate to Redis 5.0 first, and from there on with a second migration: 5.0 takes what 2.4 and 2.6 send.';
  const either = from.kind === 'valkey' && to.kind === 'redis' && !hasFormatOfItsOwn(from);
  return `Use a destination that runs ${serverName(from)} or later${either ? ', or Redis 7.2 or later' : ''}.`;
}

/** Below 6.0, with a password: how writes are stopped shows to those who write. */
export function judgeProof({ source }: Subject, add: Add): void {
  const facts = factsOf(source);
  if (!facts || can(facts, 'acl') || source.probe.asksPassword !== true) return;
  const runs = `${source.name} runs ${serverName(facts)} and asks for a password`;
  if (!isProven(facts)) {
    const text = `${runs}: nothing there can make those who have logged in stop writing but cutting them off, and a command may be on its way then. So the switch is not proven: an item that was taken from a queue (LPOP, BLPOP, RPOPLPUSH, EXEC) whose answer dies with its connection may be lost. Under a flood of pops 32 and 26 such items were, in 15 switches each; no write was.`;
    const fix = `Stop the consumers before the switch, or take the password away: CONFIG SET requirepass "" on ${source.name}, where nobody else can reach it; then check again. The switch asks for the name otherwise.`;
    add('warning', UNPROVEN, text, fix);
    return;
  }
  const text = can(facts, 'pause_all')
    ? `${runs}: for the switch everybody who is connected to it is parked for up to 400 ms and cut off then. Who connects to it again waits until those are over.`
    : `${runs}: for the switch writes are refused for 40 ms (NOREPLICAS) and everybody who is connected to it is cut off then. An item that was taken from a queue whose answer dies with its connection may be lost: 5 and 8 were, in 15 switches each under a flood of pops.`;
  add('note', 'switch_cuts_clients', text, null);
}

/** What a destination's own version does to it while it follows. */
export function judgeDestinationVersion({ destination }: Subject, add: Add): void {
  const facts = factsOf(destination);
  if (!facts) return;
  if (destination.probe.settings.get('appendonly') === 'yes' && !can(facts, 'survives_aof')) {
    const text = `${destination.name} (${serverName(facts)}) writes an append-only file: it starts it anew after every full sync, and ends itself when it cannot.`;
    add('note', 'destination_append_only', text, `CONFIG SET appendonly no on ${destination.name} until the switch.`);
  }
}
