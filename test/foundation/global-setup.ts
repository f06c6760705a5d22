/** Runs once before all tests: makes REDIS_SERVER the path of a server that can be started. Fetches one if need be. */
import { findRedisServer } from '../../scripts/lib/redis-server.mjs';

export default async function findRedis(): Promise<void> {
  process.env['REDIS_SERVER'] = await findRedisServer({ progress: (line) => process.stderr.write(`${line}\n`) });
}
