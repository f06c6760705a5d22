/**
 * How long writes will stand still in a cut-over, as far as that can be known before it: what is still on the way,
 * divided by how fast it arrives, and the round trips and journal rows that lie between stop and promotion. Pure.
 */

/**
 * What a cut-over does one after the other while writes stand still (engine/cutover/run.ts, from stop to promoted), in
 * whole looks: its own are of a part of INFO and take half as long (bench/cutover.ts).
 */
const ROUND_TRIPS = 3;
const ROWS = 2;
/** Where a replica was never seen to catch up: the slowest that was measured under load (redis.md, 26 to 39 MB/s). */
const DRAIN_BYTES_PER_SECOND = 26_000_000;

export interface PredictionInput {
  readonly lagBytes: number | null;
  /** How long the slower of its two servers takes to answer; null when nobody knows. */
  readonly roundTripMs: number | null;
  /** The fastest that the destination was seen to apply the stream; null when it never had to catch up. */
  readonly drainBytesPerSecond: number | null;
}

/** Milliseconds for the slowest of the shards; null when one of them has not been measured. `rowMs`: one journal row. */
export function predictPauseMs(shards: readonly PredictionInput[], rowMs: number): number | null {
  const each = shards.map(({ lagBytes, roundTripMs, drainBytesPerSecond }) => {
    if (roundTripMs === null) return null;
    const drain = Math.max(drainBytesPerSecond ?? 0, DRAIN_BYTES_PER_SECOND);
    return ROUND_TRIPS * roundTripMs + ((lagBytes ?? 0) / drain) * 1_000;
  });
  if (each.length === 0 || each.some((one) => one === null)) return null;
  return Math.round((Math.max(...each.filter((one) => one !== null)) + ROWS * rowMs) * 10) / 10;
}
