/**
 * Which server can load which server's snapshot. Facts: redis.md 3.3, from rdb.h of every release and from pairs that
 * were tried. Versions that are not in the list count as the newest one below them.
 */
import type { ServerKind } from './observation.ts';

/** [major, minor, patch]; anything that is no number counts as 0, so `6.0-rc1` is 6.0.0. */
export function versionParts(version: string): readonly [number, number, number] {
  const parts = version.split(/[.-]/).map((part) => (/^\d+$/.test(part) ? Number(part) : 0));
  return [parts[0] ?? 0, parts[1] ?? 0, parts[2] ?? 0];
}

export function isAtLeast(version: string, major: number, minor: number): boolean {
  const [a, b] = versionParts(version);
  return a > major || (a === major && b >= minor);
}

const REDIS_RDB: readonly (readonly [number, number, number])[] = [
  [8, 6, 13],
  [7, 4, 12],
  [7, 2, 11],
  [7, 0, 10],
  [5, 0, 9],
  [4, 0, 8],
  [3, 2, 7],
  [2, 6, 6],
  [2, 4, 2],
];

/** From here on the formats are those of Valkey alone. */
const VALKEY_FORMATS = 80;

/**
 * The version of the snapshot format that a server writes. Valkey 9 has a family of its own, from 80 on. To a replica
 * that does not announce Valkey 9, 9.1.2 sends format 11 (tried), unless a hash has fields that expire: then it fails,
 * and begins again. So it counts as 80, whoever follows.
 */
export function rdbVersion(kind: ServerKind, version: string): number {
  if (kind === 'valkey') return isAtLeast(version, 9, 2) ? 81 : isAtLeast(version, 9, 0) ? 80 : 11;
  return REDIS_RDB.find(([major, minor]) => isAtLeast(version, major, minor))?.[2] ?? 1;
}

/** Whether it writes a format that no server of the other family has ever read. */
export function hasFormatOfItsOwn({ kind, version }: { readonly kind: ServerKind; readonly version: string }): boolean {
  return rdbVersion(kind, version) >= VALKEY_FORMATS;
}

/** Whether the destination can load what the source sends. */
export function canLoad(
  source: { readonly kind: ServerKind; readonly version: string },
  destination: { readonly kind: ServerKind; readonly version: string },
): boolean {
  const from = rdbVersion(source.kind, source.version);
  const to = rdbVersion(destination.kind, destination.version);
  if (destination.kind === 'valkey') return from <= 11 || (from >= VALKEY_FORMATS && from <= to);
  return from < VALKEY_FORMATS && from <= to;
}

/**
 * Whether `one` is of an older release of the same family. The formats of two releases may be the same (6.2 and 6.0,
 * 8.0 and 7.4) and their commands are not: a replica that meets one that it lacks goes on without it.
 */
export function isOlderRelease(
  one: { readonly kind: ServerKind; readonly version: string },
  other: { readonly kind: ServerKind; readonly version: string },
): boolean {
  const [major, minor] = versionParts(other.version);
  return one.kind === other.kind && !isAtLeast(one.version, major, minor);
}
