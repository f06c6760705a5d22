/**
 * Whether one version can replicate from another, by version alone. Pure. What stands in the way for other reasons
 * (modules, memory, permissions) is for the rules in preflight/. Facts: redis.md 3.3 and the pairs that were tried.
 */
import { canLoad, hasFormatOfItsOwn, isOlderRelease } from './compatibility.ts';
import { can, type Server } from './dialect.ts';

/**
 * `inline_protocol`: the link looks up and drops at the first inline command (2.4 and 2.6 → 6.0.4 and later).
 * `formats_differ`: the snapshots of the two families have nothing in common that the destination could load.
 * `newer_to_older`: the destination is the older one: it lacks the format, or commands.
 */
export type Refusal = 'inline_protocol' | 'formats_differ' | 'newer_to_older';

export function refusalOf(source: Server, destination: Server): Refusal | null {
  if (!can(source, 'stream_is_resp') && can(destination, 'refuses_inline')) return 'inline_protocol';
  if (!canLoad(source, destination)) {
    // Valkey 8 and older write the format of Redis 7.2: to an older Redis it is a step back, not another family.
    const apart =
      source.kind === 'redis'
        ? destination.kind === 'valkey'
        : destination.kind === 'redis' && hasFormatOfItsOwn(source);
    return apart ? 'formats_differ' : 'newer_to_older';
  }
  return isOlderRelease(destination, source) ? 'newer_to_older' : null;
}

/** Whether an old server can follow its new one after the switch: the newer of two sends commands that the older lacks. */
export function canFollowBack(old: Server, fresh: Server): boolean {
  return can(old, 'replid') && can(fresh, 'replid') && old.kind === fresh.kind && refusalOf(fresh, old) === null;
}

/**
 * Whether the cut-over from this source is proven to lose nothing, whether or not it asks for a password. Below 2.8 it is
 * for sources without one only: who has logged in cannot be stopped there without cutting him off in the middle.
 */
export function isProven(source: Server): boolean {
  return can(source, 'offsets');
}

export interface Pairing {
  readonly refused: Refusal | null;
  /** Whether the switch is proven from any source of that version; false: only from one without a password. */
  readonly proven: boolean;
}

/** For every source (rows) and every destination (columns). */
export function pairMatrix(servers: readonly Server[]): readonly (readonly Pairing[])[] {
  return servers.map((source) =>
    servers.map((destination) => {
      const refused = refusalOf(source, destination);
      return { refused, proven: refused === null && isProven(source) };
    }),
  );
}
