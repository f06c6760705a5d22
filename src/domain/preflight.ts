/** What preflight found. The judging itself (facts in, findings out) is pure and lives here too. */

export const FINDING_LEVELS = ['error', 'warning', 'note'] as const;
export type FindingLevel = (typeof FINDING_LEVELS)[number];

export interface Finding {
  readonly level: FindingLevel;
  /** Index of the shard; null when it concerns the whole plan. */
  readonly shard: number | null;
  /** A stable name such as `destination_not_empty`; approvals are bound to level, code and shard. */
  readonly code: string;
  /** What is the matter, in a sentence. */
  readonly text: string;
  /** What mends it, a command where there is one; null when nothing has to be done. */
  readonly fix: string | null;
}

export interface Totals {
  /** Sources. */
  readonly servers: number;
  readonly keys: number | null;
  /** [used_memory] of the sources. */
  readonly bytes: number | null;
}

/** What was seen of one shard's two servers; null where a server could not be asked. */
export interface ShardReport {
  readonly index: number;
  readonly source: ServerReport | null;
  readonly destination: ServerReport | null;
}

export interface ServerReport {
  readonly kind: string;
  readonly version: string;
  readonly runId: string | null;
  readonly keys: number;
  readonly bytes: number | null;
}

export interface PreflightReport {
  readonly totals: Totals;
  readonly findings: readonly Finding[];
  readonly shards: readonly ShardReport[];
}

/** What findings an approval was given for: level, code and shard, not the figures in their text. */
export function findingsMark(findings: readonly Finding[]): string {
  return findings
    .map((one) => `${one.level}:${one.code}:${one.shard ?? '-'}`)
    .toSorted()
    .join(' ');
}
