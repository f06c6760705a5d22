/**
 * Whether there is room: databases, memory, disk. Much of it a replica passes over and a master does not, so that it
 * would show only at the promotion, when it is too late.
 */
import { can } from '../dialect.ts';
import type { ServerFacts } from '../observation.ts';
import type { Plan } from '../plan.ts';
import type { Finding } from '../preflight.ts';
import { bytesText, listText, plural, shardText } from '../words.ts';
import { type Add, bothOf, factsOf, on, type Seen, type Subject } from './rule.ts';
import { numberIn, type PreflightSight } from './sight.ts';

/** A machine that is fuller than that has no room for replication buffers and a snapshot of its own. */
const FULL = 0.8;

export function judgeRoom(subject: Subject, add: Add): void {
  const both = bothOf(subject);
  if (!both) return;
  const { from, to } = both;
  const { source, destination } = subject;
  const databases = numberIn(destination.probe, 'databases');
  if (databases !== null && from.highestDatabase !== null && from.highestDatabase >= databases) {
    const text = `${source.name} has keys in database ${from.highestDatabase}, and ${destination.name} has only ${plural(databases, 'database')}: they would overwrite keys of another one.`;
    const fix = `Restart ${destination.name} with databases ${from.highestDatabase + 1} or more.`;
    add('error', 'too_few_databases', text, fix);
  }
  const limit = limitOf(destination, to);
  // A full cache is always a little above or below its own limit: with the same one the new server is no worse off.
  const least = Math.min(from.usedMemoryBytes ?? 0, limitOf(source, from) || Number.POSITIVE_INFINITY);
  if (limit !== null && limit > 0 && from.usedMemoryBytes !== null && limit < least) {
    const text = `${destination.name} may use ${bytesText(limit)} and ${source.name} uses ${bytesText(from.usedMemoryBytes)}: as a replica it passes over that limit, as a master it evicts keys or refuses writes.`;
    add('error', 'too_little_memory', text, `CONFIG SET maxmemory on ${destination.name} to more than that, or 0.`);
  }
  const replicas = to.replication.replicas.length;
  const wanted = numberIn(destination.probe, 'min-slaves-to-write');
  if (wanted !== null && wanted > replicas) {
    const text = `${destination.name} wants ${plural(wanted, 'replica')} before it takes writes (min-replicas-to-write) and has ${replicas}: as a master it would refuse all.`;
    const fix = `CONFIG SET min-replicas-to-write 0 on ${destination.name}, or give it its replicas first.`;
    add('error', 'too_few_replicas', text, fix);
  }
  if (to.diskFails) {
    const text = `${destination.name} could not write to its disk the last time: as a master it would refuse all writes (MISCONF).`;
    const fix = 'Mend its disk and run BGSAVE, or CONFIG SET stop-writes-on-bgsave-error no and BGSAVE.';
    add('error', 'destination_disk', text, fix);
  }
}

/** Which keys the two throw away, and when. */
export function judgeEviction(subject: Subject, add: Add): void {
  const both = bothOf(subject);
  if (!both) return;
  const { source, destination } = subject;
  const old = evictionOf(source, both.from);
  const fresh = evictionOf(destination, both.to);
  if (old && fresh && old.policy !== fresh.policy && (old.limit > 0 || fresh.limit > 0)) {
    const text = `${source.name} has maxmemory-policy ${old.policy} (${limitText(old.limit)}) and ${destination.name} has ${fresh.policy} (${limitText(fresh.limit)}): when memory is short they keep different keys, or refuse writes where the other does not.`;
    const fix = on(destination, `CONFIG SET maxmemory-policy ${old.policy}`);
    add('warning', 'eviction_differs', text, `If that is not meant: ${fix}`);
  }
  if (!fresh || fresh.limit === 0 || fresh.policy === 'noeviction') return;
  const minds = !can(both.to, 'ignores_maxmemory');
  if (minds || destination.probe.settings.get('replica-ignore-maxmemory') === 'no') {
    const text = `${destination.name} evicts keys by itself when it reaches ${bytesText(fresh.limit)} (maxmemory-policy ${fresh.policy}), also while it follows ${source.name}: the copy would lack keys, and no figure shows it.`;
    const fix = minds
      ? on(destination, 'CONFIG SET maxmemory-policy noeviction')
      : on(destination, 'CONFIG SET replica-ignore-maxmemory yes');
    add('warning', 'destination_evicts', text, fix);
  }
}

/** What a full sync asks of the source: a snapshot is made beside the running server. */
export function judgeSnapshot({ source }: Subject, add: Add): void {
  const facts = factsOf(source);
  if (!facts) return;
  const { rssBytes: rss, usedMemoryBytes: used, systemMemoryBytes: machine } = facts;
  if (rss !== null && used !== null && machine !== null && machine > 0 && rss + used > machine) {
    const text = `${source.name} takes ${bytesText(rss)} of its machine's ${bytesText(machine)}, and a snapshot copies what is written meanwhile, up to ${bytesText(used)} more: together ${bytesText(rss + used)}.`;
    const fix = 'Migrate while few write, or give the machine more memory; watch it during the full sync.';
    add('warning', 'source_snapshot_memory', text, fix);
  }
  if (facts.diskFails) {
    // A warning: nothing is lost when a snapshot fails, the full sync only begins anew; and a diskless one needs no disk.
    const diskless = source.probe.settings.get('repl-diskless-sync') === 'yes';
    const text = `${source.name} could not write to its disk the last time, and a full sync begins with a snapshot${diskless ? ' (a diskless one here: it needs memory, not the disk)' : ' on its disk'}: it may fail and begin again without end.`;
    add('warning', 'source_disk', text, on(source, 'Look into its log, mend the disk and run BGSAVE'));
  }
}

/** Whether each machine can hold what comes to it, all its new servers together. */
export function judgeMachines(plan: Plan, sights: readonly PreflightSight[]): Finding[] {
  const machines = new Map<string, { readonly shards: number[]; bytes: number; memory: number }>();
  for (const { index, destination } of plan.shards) {
    const from = sights[index]?.source;
    const to = sights[index]?.destination;
    if (!from?.ok || !to?.ok || from.facts.usedMemoryBytes === null || to.facts.systemMemoryBytes === null) continue;
    const known = machines.get(destination.host);
    const machine = known ?? { shards: [], bytes: 0, memory: to.facts.systemMemoryBytes };
    machine.shards.push(index);
    machine.bytes += from.facts.usedMemoryBytes;
    machine.memory = Math.min(machine.memory, to.facts.systemMemoryBytes);
    machines.set(destination.host, machine);
  }
  return [...machines].flatMap(([host, { shards, bytes, memory }]): Finding[] => {
    if (memory <= 0 || bytes <= memory * FULL) return [];
    const whose = shards.length === 1 ? 'its source uses' : `the sources of ${listText(shards.map(shardText))} use`;
    const level = bytes > memory ? 'error' : 'warning';
    const end =
      level === 'error'
        ? 'that cannot be held.'
        : `that is more than ${FULL * 100} % of it, and replication buffers and snapshots come on top.`;
    const text = `${host} has ${bytesText(memory)} of memory, and ${whose} ${bytesText(bytes)}: ${end}`;
    const shard = shards.length === 1 ? (shards[0] ?? null) : null;
    const fix = 'Use a machine with more memory, or spread the new servers over more machines.';
    return [{ level, shard, code: 'machine_too_small', text, fix }];
  });
}

/** INFO tells it from 3.2 on, CONFIG GET everywhere. */
function limitOf(seen: Seen, facts: ServerFacts): number | null {
  return facts.maxmemoryBytes ?? numberIn(seen.probe, 'maxmemory');
}

function evictionOf(seen: Seen, facts: ServerFacts): { readonly policy: string; readonly limit: number } | null {
  const policy = facts.maxmemoryPolicy ?? seen.probe.settings.get('maxmemory-policy') ?? null;
  const limit = limitOf(seen, facts);
  return policy === null || limit === null ? null : { policy, limit };
}

function limitText(limit: number): string {
  return limit === 0 ? 'no limit' : `limit ${bytesText(limit)}`;
}
