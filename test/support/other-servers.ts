/**
 * The other Redis and Valkey servers of this machine, as scripts/lib/other-servers.mjs found them. A test of a server that
 * is missing is skipped, never passed: `describe.skipIf(server(…) === undefined)` or `it.each(otherServers())`.
 */
import type { MissingServer, OtherServer, OtherServers } from '../../scripts/lib/other-servers.mjs';

/** Oldest first, Redis before Valkey. `startFleet().server({ binary })` starts each of them. */
export function otherServers(): readonly OtherServer[] {
  return handedOn().found;
}

export function missingServers(): readonly MissingServer[] {
  return handedOn().missing;
}

/** By `npm test`, or by the global setup when vitest is started by itself. */
function handedOn(): OtherServers {
  const json = process.env['OTHER_SERVERS'];
  if (json === undefined) throw new Error('OTHER_SERVERS is not set: the global setup of vitest did not run.');
  return JSON.parse(json) as OtherServers;
}
