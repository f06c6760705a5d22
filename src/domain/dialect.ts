/**
 * The one table of what a server can do: feature → the first release of Redis that has it. Valkey begins at 7.2 and has
 * all of them. Facts: redis.md 3.1 and 3.2, bisected over every release. Code asks `can(server, feature)` and never
 * compares a version itself; what a server hides (renamed commands, managed services) is found by probing in preflight.
 */
import { versionParts } from './compatibility.ts';
import type { ServerKind } from './observation.ts';

export interface Server {
  readonly kind: ServerKind;
  /** As the server names it; see ServerFacts. */
  readonly version: string;
}

/**
 * | feature             | where it is missing                                                                       |
 * | ------------------- | ----------------------------------------------------------------------------------------- |
 * | info_sections       | INFO takes no argument and answers with everything                                         |
 * | command_stats       | nobody tells who writes; total_commands_processed less our own has to do                   |
 * | read_only_replicas  | a replica takes writes from everybody                                                      |
 * | idempotent_follow   | SLAVEOF to the same master begins a new full sync                                          |
 * | forgets_login       | masterauth set to nothing is an empty password, which a master without one refuses         |
 * | output_limits       | client-output-buffer-limit does not exist; a source out of memory is the danger there      |
 * | live_settings       | repl-timeout and the ping period cannot be changed while it runs                           |
 * | time                | the clock cannot be asked                                                                  |
 * | client_names        | CLIENT SETNAME and CLIENT LIST's name=                                                     |
 * | offsets             | no PSYNC: being in step is seen by buffers near zero, never by an offset                   |
 * | stream_is_resp      | as a master it sends inline commands, which replicas from 6.0.4 on do not take             |
 * | pubsub_numsub       | a Sentinel is seen by its clients only                                                     |
 * | config_rewrite      | a changed role or setting cannot be written into the config file                           |
 * | backlog             | no partial resync                                                                          |
 * | kill_types          | CLIENT KILL takes one address, and no kind of clients                                       |
 * | diskless            | no diskless sync, so no trap to try the link with                                          |
 * | net_counters        | what goes over the network is not counted                                                  |
 * | pause_all           | CLIENT PAUSE                                                                               |
 * | replid              | a history has no name of its own; the run id stands for it                                 |
 * | modules             | MODULE LIST                                                                                |
 * | survives_aof        | a replica ends itself when its AOF cannot be started again after a full sync               |
 * | keeps_local_writes  | (from here on) writes made on a replica are not passed on to replicas of its own           |
 * | client_types        | CLIENT LIST TYPE replica                                                                   |
 * | ignores_maxmemory   | a replica evicts keys by itself while it follows                                           |
 * | acl                 | users, masteruser                                                                          |
 * | tls                 | tls-port, tls-replication                                                                  |
 * | refuses_inline      | (from here on) a replica drops a master that sends commands without RESP, as 2.4 and 2.6 do |
 * | sync_totals         | how much of a snapshot has arrived, and of how much                                        |
 * | error_stats         | errors are not counted by kind, so refused writes are not seen                             |
 * | pause_writes        | CLIENT PAUSE ms WRITE: the cut-over without loss                                           |
 * | trap_holds          | who waits for a diskless sync is served when any snapshot ends                             |
 * | psync_failover      | PSYNC takes no fourth word                                                                 |
 * | functions           | FUNCTION                                                                                   |
 * | shared_buffers      | (from here on) a replica's output buffer is never empty                                    |
 * | diskless_max        | repl-diskless-sync-max-replicas                                                            |
 */
const SINCE = {
  info_sections: [2, 6, 0],
  command_stats: [2, 6, 0],
  read_only_replicas: [2, 6, 0],
  idempotent_follow: [2, 6, 0],
  forgets_login: [2, 6, 0],
  output_limits: [2, 6, 0],
  live_settings: [2, 6, 0],
  time: [2, 6, 0],
  client_names: [2, 6, 9],
  offsets: [2, 8, 0],
  stream_is_resp: [2, 8, 0],
  pubsub_numsub: [2, 8, 0],
  config_rewrite: [2, 8, 0],
  backlog: [2, 8, 0],
  kill_types: [2, 8, 12],
  diskless: [2, 8, 18],
  net_counters: [2, 8, 18],
  pause_all: [3, 0, 0],
  replid: [4, 0, 0],
  modules: [4, 0, 0],
  survives_aof: [4, 0, 0],
  keeps_local_writes: [4, 0, 0],
  client_types: [5, 0, 0],
  ignores_maxmemory: [5, 0, 0],
  acl: [6, 0, 0],
  tls: [6, 0, 0],
  refuses_inline: [6, 0, 4],
  sync_totals: [6, 2, 0],
  error_stats: [6, 2, 0],
  pause_writes: [6, 2, 0],
  trap_holds: [6, 2, 0],
  psync_failover: [6, 2, 0],
  functions: [7, 0, 0],
  shared_buffers: [7, 0, 0],
  diskless_max: [7, 0, 0],
} satisfies Record<string, readonly [number, number, number]>;

export type Feature = keyof typeof SINCE;

/** All of them, in the order in which they came. */
export const FEATURES = Object.keys(SINCE) as readonly Feature[];

/** `2.8.18`: the first release of Redis that has it. */
export function firstRelease(feature: Feature): string {
  return SINCE[feature].join('.');
}

/** Whether this release has the feature. A server may still hide it. */
export function can(server: Server, feature: Feature): boolean {
  if (server.kind === 'valkey') return true;
  const have = versionParts(server.version);
  const since = SINCE[feature];
  for (const place of [0, 1, 2] as const) {
    if (have[place] !== since[place]) return have[place] > since[place];
  }
  return true;
}

/** `Redis 7.0.15`, `Valkey 8.0.1`. */
export function serverName(server: Server): string {
  return `${server.kind === 'valkey' ? 'Valkey' : 'Redis'} ${server.version}`;
}
