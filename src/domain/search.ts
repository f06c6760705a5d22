/** Finding migrations and shards by what people remember of them. Pure. */
import type { MigrationView, ShardView } from './view.ts';

/** Words of a search: split at spaces, in lower case. */
export function searchWords(typed: string): readonly string[] {
  return typed.toLowerCase().split(/\s+/).filter(Boolean);
}

/** Whether every word is in its id, name, phase, one of its hosts, or is somebody who asked for it or approved it. */
export function migrationMatches(view: MigrationView, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const people = [view.requestedBy, ...view.gates.flatMap((gate) => gate.approvals.map((one) => one.user))];
  const about = [view.id, view.name, view.phase.replaceAll('_', ' '), ...people].map((one) => one.toLowerCase());
  return words.every(
    (word) => about.some((one) => one.includes(word)) || view.shards.some((shard) => hostsOf(shard).includes(word)),
  );
}

/** Whether every word is in its state, one of its two addresses, or is its number. */
export function shardMatches(shard: ShardView, words: readonly string[]): boolean {
  const about = `${shard.state.replaceAll('_', ' ')} ${hostsOf(shard)}`;
  return words.every((word) => about.includes(word) || word === String(shard.index + 1));
}

function hostsOf(shard: ShardView): string {
  return `${shard.source} ${shard.destination}`.toLowerCase();
}
