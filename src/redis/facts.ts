/** INFO and CLIENT LIST → the domain's words, for every version. See fixtures for what thirteen servers answer. */
import type { ClientFacts, ReplicaFacts, ReplicationFacts, ServerFacts } from '../domain/observation.ts';
import { type Info, numberOf, offsetOf, parsePairs } from './info.ts';
import { isWriteCommand } from './write-commands.ts';

/** `commandStats`: whether the text held the commandstats section; without it the sum of writes is unknown. */
export function factsFrom(info: Info, commandStats: boolean): ServerFacts {
  const valkey = info.get('valkey_version');
  const loading = info.get('loading') === '1';
  // Before 2.6 the field had no prefix.
  const saving = info.get('rdb_bgsave_in_progress') === '1' || info.get('bgsave_in_progress') === '1';
  return {
    kind: info.get('server_name') === 'valkey' || valkey !== undefined ? 'valkey' : 'redis',
    version: valkey ?? info.get('redis_version') ?? '0',
    runId: info.get('run_id') ?? null,
    role: info.get('role') === 'slave' || info.get('role') === 'replica' ? 'replica' : 'master',
    clusterEnabled: info.get('cluster_enabled') === '1',
    loading: loading ? { percent: numberOf(info.get('loading_loaded_perc')) } : null,
    loadEtaSeconds: positive(numberOf(info.get('loading_eta_seconds'))),
    keys: sumOver(info, 'keys'),
    expiringKeys: sumOver(info, 'expires'),
    usedMemoryBytes: numberOf(info.get('used_memory')),
    rssBytes: numberOf(info.get('used_memory_rss')),
    systemMemoryBytes: numberOf(info.get('total_system_memory')),
    connectedClients: numberOf(info.get('connected_clients')),
    replication: replicationFrom(info),
    snapshot: saving
      ? {
          keysSaved: numberOf(info.get('current_save_keys_processed')),
          keysTotal: numberOf(info.get('current_save_keys_total')),
        }
      : null,
    writeCalls: commandStats ? sumWrites(info, 'calls') : null,
    // From 6.2 on, as errorstats.
    rejectedWrites: commandStats && info.has('total_error_replies') ? sumWrites(info, 'rejected_calls') : null,
    commandsProcessed: numberOf(info.get('total_commands_processed')),
    readonlyRefusals: refusals(info),
    refusedCommands: numberOf(info.get('unexpected_error_replies')),
    maxmemoryBytes: numberOf(info.get('maxmemory')),
    maxmemoryPolicy: info.get('maxmemory_policy') ?? null,
    configFile: info.get('config_file') || null,
    netInputBytes: numberOf(info.get('total_net_input_bytes')),
    bufferDisconnections: numberOf(info.get('client_output_buffer_limit_disconnections')),
    highestDatabase: highestDatabase(info),
    diskFails: info.get('rdb_last_bgsave_status') === 'err' || info.get('aof_last_write_status') === 'err',
    fullSyncs: numberOf(info.get('sync_full')) ?? (commandStats ? syncCalls(info) : null),
  };
}

function sumOver(info: Info, figure: 'keys' | 'expires'): number {
  let sum = 0;
  for (const [name, value] of info) if (/^db\d+$/.test(name)) sum += numberOf(parsePairs(value).get(figure)) ?? 0;
  return sum;
}

function highestDatabase(info: Info): number | null {
  const numbers = [...info.keys()].flatMap((name) => (/^db\d+$/.test(name) ? [Number(name.slice(2))] : []));
  return numbers.length === 0 ? null : Math.max(...numbers);
}

function sumWrites(info: Info, field: 'calls' | 'rejected_calls'): number {
  let calls = 0;
  for (const [name, value] of info) {
    if (name.startsWith('cmdstat_') && isWriteCommand(name.slice('cmdstat_'.length))) {
      calls += numberOf(parsePairs(value).get(field)) ?? 0;
    }
  }
  return calls;
}

/** Before 2.8 every SYNC is a full one, and 2.6 counts them. */
function syncCalls(info: Info): number {
  return numberOf(parsePairs(info.get('cmdstat_sync') ?? '').get('calls')) ?? 0;
}

/**
 * Calls of commands that change data themselves [cmdstat_*], and so never of a script: one that was refused inside has
 * run and written nothing, and one that was not shows by what it ran.
 */
export function directWrites(info: Info): number {
  let calls = 0;
  for (const [name, value] of info) {
    if (!name.startsWith('cmdstat_')) continue;
    const command = name.slice('cmdstat_'.length);
    if (isWriteCommand(command) && !/^(eval|evalsha|fcall)$/i.test(command))
      calls += numberOf(parsePairs(value).get('calls')) ?? 0;
  }
  return calls;
}

/** errorstats came with 6.2; there, no line for an error that never happened means none. */
function refusals(info: Info): number | null {
  const line = info.get('errorstat_READONLY');
  if (line !== undefined) return numberOf(parsePairs(line).get('count'));
  return info.has('total_error_replies') ? 0 : null;
}

function replicationFrom(info: Info): ReplicationFacts {
  const host = info.get('master_host');
  const port = numberOf(info.get('master_port'));
  const total = numberOf(info.get('master_sync_total_bytes'));
  const secondReplid = info.get('master_replid2');
  return {
    master: host !== undefined && host !== '' && port !== null ? { host, port } : null,
    linkUp: info.get('master_link_status') === 'up',
    syncing: info.get('master_sync_in_progress') === '1',
    // 0 and -1 both mean: not known (yet), as in every diskless sync.
    syncTotalBytes: total !== null && total > 0 ? total : null,
    syncLeftBytes: positive(numberOf(info.get('master_sync_left_bytes'))),
    syncReadBytes: readBytes(info),
    linkDownSeconds: downSeconds(info),
    replicaOffset: offsetOf(info.get('slave_repl_offset')),
    masterOffset: offsetOf(info.get('master_repl_offset')),
    replid: info.get('master_replid') ?? null,
    replid2: secondReplid === undefined || /^0*$/.test(secondReplid) ? null : secondReplid,
    secondOffset: offsetOf(info.get('second_repl_offset')),
    readOnly: info.has('slave_read_only') ? info.get('slave_read_only') === '1' : null,
    replicas: replicasFrom(info),
  };
}

function positive(value: number | null): number | null {
  return value !== null && value >= 0 ? value : null;
}

/** A link that was never up is down since 1970 before 6.0, and since -1 later: both mean that nobody knows. */
function downSeconds(info: Info): number | null {
  const seconds = numberOf(info.get('master_link_down_since_seconds'));
  return seconds !== null && seconds >= 0 && seconds < 1_000_000_000 ? seconds : null;
}

/** master_sync_read_bytes came with 6.2. Before, a diskless sync counts the bytes left below zero. */
function readBytes(info: Info): number | null {
  const read = numberOf(info.get('master_sync_read_bytes'));
  if (read !== null) return Math.max(0, read);
  const left = numberOf(info.get('master_sync_left_bytes'));
  return left !== null && left < -1 ? -left : null;
}

/** 2.8 and later: `slave0:ip=…,port=…,state=…,offset=…`; before: `slave0:ip,port,state`. */
function replicasFrom(info: Info): ReplicaFacts[] {
  const replicas: ReplicaFacts[] = [];
  for (const [name, value] of info) {
    if (!/^slave\d+$/.test(name)) continue;
    const pairs = parsePairs(value);
    const [oldHost = '', oldPort, oldState = ''] = value.split(',');
    const named = pairs.has('ip');
    replicas.push({
      host: named ? (pairs.get('ip') ?? '') : oldHost,
      port: numberOf(named ? pairs.get('port') : oldPort) ?? 0,
      state: named ? (pairs.get('state') ?? '') : oldState,
      offset: offsetOf(pairs.get('offset')),
    });
  }
  return replicas;
}

export function clientFrom(fields: ReadonlyMap<string, string>): ClientFacts {
  const flags = fields.get('flags') ?? '';
  return {
    address: fields.get('addr') ?? '',
    name: fields.get('name') ?? '',
    user: fields.get('user') ?? '',
    library: [fields.get('lib-name'), fields.get('lib-ver')]
      .filter((part) => part !== undefined && part !== '')
      .join(' '),
    lastCommand: fields.get('cmd') ?? '',
    idleSeconds: numberOf(fields.get('idle')) ?? 0,
    ageSeconds: numberOf(fields.get('age')),
    receivedBytes: numberOf(fields.get('tot-net-in')),
    isReplica: flags.includes('S'),
    isMaster: flags.includes('M'),
    outputBufferBytes: queuedBytes(fields),
  };
}

/** What one queued reply holds in 2.4, which tells their number and not their bytes (REDIS_REPLY_CHUNK_BYTES). */
const OLD_REPLY_BYTES = 7_500;

/** What is queued for a client: the static buffer and the list behind it. */
function queuedBytes(fields: ReadonlyMap<string, string>): number {
  const list = numberOf(fields.get('omem')) ?? (numberOf(fields.get('oll')) ?? 0) * OLD_REPLY_BYTES;
  return (numberOf(fields.get('obl')) ?? 0) + list;
}
