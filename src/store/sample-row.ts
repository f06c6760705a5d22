/** A sample as a row: the percents as one byte a shard, so that a thousand shards take a kilobyte. */
import type { Sample } from '../domain/sample.ts';

const UNKNOWN = 255;

export function toSampleRow(sample: Sample): readonly (number | null | Uint8Array)[] {
  const percents = Buffer.from(sample.percents.map((one) => one ?? UNKNOWN));
  const lagBytes = sample.lagBytes === null ? null : Math.round(sample.lagBytes);
  return [sample.place, Math.round(sample.at), percents, lagBytes, sample.writesPerSecond, sample.worst];
}

export function fromSampleRow(row: Record<string, unknown>): Sample {
  const number = (name: string) => (row[name] === null ? null : Number(row[name]));
  const bytes = row['percents'];
  const percents = bytes instanceof Uint8Array || bytes instanceof ArrayBuffer ? [...new Uint8Array(bytes)] : [];
  return {
    place: Number(row['place']),
    at: Number(row['at']),
    percents: percents.map((one) => (one > 100 ? null : one)),
    lagBytes: number('lag_bytes'),
    writesPerSecond: number('writes'),
    worst: number('worst'),
  };
}
