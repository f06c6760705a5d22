/** What every rule is given, and how it tells what it found. */
import type { Endpoint } from '../endpoint.ts';
import type { Side } from '../event.ts';
import type { ServerFacts, ServerLook } from '../observation.ts';
import type { Plan, ShardPlan } from '../plan.ts';
import type { Finding } from '../preflight.ts';
import type { ServerProbe } from './sight.ts';

/** One server of a shard. */
export interface Seen {
  readonly side: Side;
  /** `host:port`, as people are told. */
  readonly name: string;
  readonly endpoint: Endpoint;
  readonly look: ServerLook;
  readonly probe: ServerProbe;
}

export interface Subject {
  readonly plan: Plan;
  readonly shard: ShardPlan;
  readonly source: Seen;
  readonly destination: Seen;
}

/** Both servers of a shard that could be looked at. */
export interface Both {
  readonly from: ServerFacts;
  readonly to: ServerFacts;
}

/** `text`: a sentence about what is the matter. `fix`: what mends it, a command where there is one. */
export type Add = (level: Finding['level'], code: string, text: string, fix: string | null) => void;

/** Adds what it found about one shard. */
export type Rule = (subject: Subject, add: Add) => void;

export function factsOf(seen: Seen): ServerFacts | null {
  return seen.look.ok ? seen.look.facts : null;
}

/** Null unless both could be looked at. */
export function bothOf({ source, destination }: Subject): Both | null {
  const from = factsOf(source);
  const to = factsOf(destination);
  return from && to ? { from, to } : null;
}

/** `CONFIG SET maxmemory 0 on new-1:6379`, as a sentence to be carried out. */
export function on(seen: Seen, command: string): string {
  return `${command} on ${seen.name}, then check again.`;
}
