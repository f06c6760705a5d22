/**
 * What the servers said at one moment, in our words and already typed. Made by redis/facts.ts from INFO; the names in
 * brackets are INFO's. `null` means that this server does not say.
 */

export type ServerKind = 'redis' | 'valkey';

export interface ServerFacts {
  readonly kind: ServerKind;
  /** As the server names it: `redis_version`, or `valkey_version` on Valkey. */
  readonly version: string;
  /** [run_id] New with every start of the process. */
  readonly runId: string | null;
  readonly role: 'master' | 'replica';
  readonly clusterEnabled: boolean;
  /** Not null while the server loads a data set; `percent` 0 to 100 where the size is known. */
  readonly loading: { readonly percent: number | null } | null;
  /** [loading_eta_seconds] */
  readonly loadEtaSeconds: number | null;
  /** Sum over all databases [dbN:keys=]. */
  readonly keys: number;
  /** Keys with a TTL, over all databases [dbN:expires=]. */
  readonly expiringKeys: number;
  readonly usedMemoryBytes: number | null;
  /** [used_memory_rss] what the process takes of the machine. */
  readonly rssBytes: number | null;
  /** [total_system_memory] From 3.2 on. */
  readonly systemMemoryBytes: number | null;
  /** [connected_clients] without replicas, our own connections included. */
  readonly connectedClients: number | null;
  readonly replication: ReplicationFacts;
  /** A snapshot (BGSAVE) that is being made right now. */
  readonly snapshot: { readonly keysSaved: number | null; readonly keysTotal: number | null } | null;
  /** Calls of commands that write, summed over [cmdstat_*]; null where commandstats was not asked for. */
  readonly writeCalls: number | null;
  /** Refused calls of commands that write, summed over [cmdstat_*: rejected_calls]. From 6.2 on; null where not asked for. */
  readonly rejectedWrites: number | null;
  /** [total_commands_processed] every command that was carried out, our own included. */
  readonly commandsProcessed: number | null;
  /** [errorstat_READONLY] writes refused because the server is a replica. */
  readonly readonlyRefusals: number | null;
  /**
   * [unexpected_error_replies] commands of its master that this server could not carry out: each one is a place in which
   * the copy differs, while offsets agree. From 6.0 on.
   */
  readonly refusedCommands: number | null;
  /** [maxmemory] 0: no limit. From 3.2 on. */
  readonly maxmemoryBytes: number | null;
  /** [maxmemory_policy] From 3.2 on. */
  readonly maxmemoryPolicy: string | null;
  /** [config_file] null when the server was started without one, or does not say. */
  readonly configFile: string | null;
  /** [total_net_input_bytes] everything that was sent to it: never less than what was written. From 2.8.18 on. */
  readonly netInputBytes: number | null;
  /** [client_output_buffer_limit_disconnections] From Redis 7.4 and Valkey 8.0 on. */
  readonly bufferDisconnections: number | null;
  /** Highest number of a database that holds keys; null when none does. */
  readonly highestDatabase: number | null;
  /** [rdb_last_bgsave_status, aof_last_write_status] the last attempt to write to the disk failed. */
  readonly diskFails: boolean;
  /** [sync_full] full syncs served since the process started; 2.6: [cmdstat_sync], where it was asked for. 2.4 counts none. */
  readonly fullSyncs: number | null;
}

export interface ReplicationFacts {
  /** [master_host, master_port] only on a replica. */
  readonly master: { readonly host: string; readonly port: number } | null;
  /** [master_link_status] */
  readonly linkUp: boolean;
  /** [master_sync_in_progress] */
  readonly syncing: boolean;
  /** [master_sync_total_bytes] null where unknown, as in every diskless sync. */
  readonly syncTotalBytes: number | null;
  /** [master_sync_left_bytes] null where unknown, as in every diskless sync. */
  readonly syncLeftBytes: number | null;
  /** [master_sync_read_bytes] */
  readonly syncReadBytes: number | null;
  /** [master_link_down_since_seconds] */
  readonly linkDownSeconds: number | null;
  /** [slave_repl_offset] what this replica has applied (2.8 to 3.2: read). */
  readonly replicaOffset: bigint | null;
  /** [master_repl_offset] */
  readonly masterOffset: bigint | null;
  /** [master_replid] the name of the history that this server follows or writes. */
  readonly replid: string | null;
  /** [master_replid2] the history before its last promotion; null where there was none. */
  readonly replid2: string | null;
  /** [second_repl_offset] up to where `replid2` is valid, plus one. */
  readonly secondOffset: bigint | null;
  /** [slave_read_only] whether it refuses writes as a replica; only on a replica, from 2.6 on. */
  readonly readOnly: boolean | null;
  /** [slaveN:] */
  readonly replicas: readonly ReplicaFacts[];
}

export interface ReplicaFacts {
  readonly host: string;
  readonly port: number;
  /** wait_bgsave, send_bulk, online, … */
  readonly state: string;
  readonly offset: bigint | null;
}

/** One line of CLIENT LIST. */
export interface ClientFacts {
  readonly address: string;
  readonly name: string;
  readonly user: string;
  readonly library: string;
  readonly lastCommand: string;
  readonly idleSeconds: number;
  /** [age] since it connected; null before 2.6. */
  readonly ageSeconds: number | null;
  /** [tot-net-in] all that it has sent; Valkey 8.0 and later. */
  readonly receivedBytes: number | null;
  readonly isReplica: boolean;
  readonly isMaster: boolean;
  readonly outputBufferBytes: number;
}

/** Kinds of trouble with one server; redis/errors.ts turns a server's text into one of them. */
export const PROBLEM_KINDS = [
  'refused',
  'unreachable',
  'timeout',
  'auth_required',
  'auth_failed',
  'no_permission',
  'loading',
  'readonly',
  'cluster_mode',
  'unknown_command',
  'busy',
  'tls',
  'max_clients',
  'secret_missing',
  'other',
] as const;
export type ProblemKind = (typeof PROBLEM_KINDS)[number];

export interface Problem {
  readonly kind: ProblemKind;
  /** A sentence for people, without secrets. */
  readonly text: string;
}

/** `at`: wall-clock milliseconds when the reading began. A value is null where the server has no such setting. */
export interface SettingsSight {
  readonly at: number;
  readonly values: ReadonlyMap<string, string | null>;
}

/** One look at one server. `at` is monotonic milliseconds, taken when the answer was there. */
export type ServerLook =
  | {
      readonly ok: true;
      readonly at: number;
      readonly facts: ServerFacts;
      /** Everybody else's connections; null where they were not asked for. */
      readonly clients: readonly ClientFacts[] | null;
      /** Output buffer of the replica links on a source; null where not asked for. */
      readonly replicaBufferBytes: number | null;
      /** How long it took to answer, milliseconds. */
      readonly tookMs: number;
      /** Commands that this connection and those before it had sent to the server when it was asked. */
      readonly ownCommands: number;
      /** The settings as they were last read; null before that. */
      readonly settings: SettingsSight | null;
    }
  | { readonly ok: false; readonly at: number; readonly problem: Problem };

export interface PairLook {
  readonly source: ServerLook;
  readonly destination: ServerLook;
}
