import {
  type RecordedPair,
  type RecordedPairOptions,
  startRecordedPair,
} from '../../src/sandbox/redis/recorded-pair.ts';
import { NAMES, recordsOf } from '../redis/support/recordings.ts';

/**
 * A source and a destination of a version that test/fixtures/servers has, such as `2.8.24` or `v9.1.2` for Valkey, that
 * go through the recorded states as the commands that they get make them.
 */
export function recordedPair(version: string, options: RecordedPairOptions = {}): Promise<RecordedPair> {
  const name = [version, `r${version}`, `v${version}`].find((one) => NAMES.includes(one));
  if (name === undefined) throw new RangeError(`${version} was not recorded; these were: ${NAMES.join(', ')}.`);
  return startRecordedPair(recordsOf(name), options);
}
