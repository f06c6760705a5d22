/** What the two versions mean for each other, and for the switch. */
import { canLoad } from '../compatibility.ts';
import { can, serverName } from '../dialect.ts';
import { isProven, refusalOf } from '../pairing.ts';
import { type Add, bothOf, factsOf, type Subject } from './rule.ts';

export function judgeVersions(subject: Subject, add: Add): void {
  const both = bothOf(subject);
  if (!both) return;
  const { from, to } = both;
  const source = `${subject.source.name} (${serverName(from)})`;
  const destination = subject.destination.name;
  const refusal = refusalOf(from, to);
  switch (refusal) {
    case 'inline_protocol': {
      const text = `${destination} (${serverName(to)}) would look as if it followed ${source}, and would not: it drops the link at the first command that comes without RESP, again and again, and later writes are missing.`;
      const fix =
        'Migrate to Redis 5.0 first, and from there on with a second migration: 5.0 takes what 2.4 and 2.6 send.';
      add('error', refusal, text, fix);
      return;
    }
    case 'formats_differ': {
      const text = `${destination} runs ${serverName(to)} and cannot load the snapshot of ${source}: the formats of Redis from 7.4 and Valkey from 9.0 have gone apart. It would be emptied and stay empty.`;
      add('error', refusal, text, `Use a destination that runs ${serverName(from)} or later.`);
      return;
    }
    case 'newer_to_older': {
      const text = canLoad(from, to)
        ? `${destination} runs ${serverName(to)}, older than ${source}. It does not know every command that will reach it, and would drift away from its source unseen.`
        : `${destination} runs ${serverName(to)} and cannot load what ${source} sends. It would be emptied and stay empty.`;
      const other = from.kind === 'valkey' && to.kind === 'redis' ? ', or Redis 7.2 or later' : '';
      add('error', refusal, text, `Use a destination that runs ${serverName(from)} or later${other}.`);
      return;
    }
    case null:
  }
}

export function judgeProof({ source }: Subject, add: Add): void {
  const facts = factsOf(source);
  if (!facts || isProven(facts)) return;
  const text = `${source.name} runs ${serverName(facts)}. Everything up to streaming works; the cut-over without loss is so far built for sources from Redis 6.2 on, so the gate switch stays closed for now.`;
  add('warning', 'source_too_old', text, 'Wait for the release that supports older sources before the switch.');
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
