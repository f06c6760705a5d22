/** INFO and CLIENT LIST of a FakeState, field for field as Redis 7.0 names them. Pure. */
import type { FakeState } from './fake-state.ts';

const DEFAULT_SECTIONS = [
  'server',
  'clients',
  'memory',
  'persistence',
  'stats',
  'replication',
  'cpu',
  'modules',
  'errorstats',
  'cluster',
  'keyspace',
];
const ALL_SECTIONS = [...DEFAULT_SECTIONS.slice(0, 7), 'commandstats', ...DEFAULT_SECTIONS.slice(7)];

export function infoText(state: FakeState, followers: readonly FakeState[], asked: readonly string[]): string {
  const wanted = asked.flatMap((name) => {
    const section = name.toLowerCase();
    if (section === 'all' || section === 'everything') return ALL_SECTIONS;
    return section === 'default' ? DEFAULT_SECTIONS : [section];
  });
  const names = wanted.length === 0 ? DEFAULT_SECTIONS : ALL_SECTIONS.filter((name) => wanted.includes(name));
  return names.map((name) => sectionText(name, state, followers)).join('\r\n');
}

function sectionText(name: string, state: FakeState, followers: readonly FakeState[]): string {
  const heading = name === 'cpu' ? 'CPU' : `${name[0]?.toUpperCase() ?? ''}${name.slice(1)}`;
  return [`# ${heading}`, ...fieldsOf(name, state, followers).map(([field, value]) => `${field}:${value}`), ''].join(
    '\r\n',
  );
}

type Fields = readonly (readonly [string, string | number])[];

function fieldsOf(name: string, state: FakeState, followers: readonly FakeState[]): Fields {
  switch (name) {
    case 'server':
      return [
        ['redis_version', state.version],
        ['redis_mode', 'standalone'],
        ['os', 'Linux x86_64'],
        ['arch_bits', 64],
        ['run_id', state.runId],
        ['tcp_port', state.port],
        ['uptime_in_seconds', state.uptimeSeconds],
        ['hz', 10],
        ['executable', '/usr/bin/redis-server'],
        ['config_file', '/data/redis.conf'],
        ['io_threads_active', 0],
      ];
    case 'clients':
      return [
        ['connected_clients', state.clients + 1],
        ['cluster_connections', 0],
        ['maxclients', state.settings.get('maxclients') ?? '10000'],
        ['blocked_clients', state.paused ? state.clients : 0],
      ];
    case 'memory':
      return [
        ['used_memory', usedMemory(state)],
        ['used_memory_rss', usedMemory(state)],
        ['used_memory_dataset', state.keys * 100],
        ['total_system_memory', 16 * 2 ** 30],
        ['maxmemory', state.settings.get('maxmemory') ?? '0'],
        ['maxmemory_policy', state.settings.get('maxmemory-policy') ?? 'noeviction'],
        ['mem_fragmentation_ratio', '1.10'],
        ['mem_clients_slaves', 0],
        ['mem_total_replication_buffers', followers.length * 20_504],
      ];
    case 'persistence':
      return [
        ['loading', 0],
        ['async_loading', 0],
        ['rdb_changes_since_last_save', 0],
        ['rdb_bgsave_in_progress', followers.some((follower) => follower.syncing) ? 1 : 0],
        ['rdb_last_save_time', 1_700_000_000],
        ['rdb_last_bgsave_status', 'ok'],
        ['rdb_current_bgsave_time_sec', -1],
        ['current_save_keys_processed', 0],
        ['current_save_keys_total', 0],
        ['aof_enabled', 0],
      ];
    case 'stats':
      return [
        ['total_connections_received', state.clients + 1],
        ['total_commands_processed', Math.floor(state.writes) + state.commands],
        ['instantaneous_ops_per_sec', state.master === null ? state.writesPerSecond : 0],
        ['rejected_connections', 0],
        ['sync_full', state.fullSyncs],
        ['sync_partial_ok', state.partialSyncs],
        ['sync_partial_err', 0],
        ['expired_keys', 0],
        ['evicted_keys', 0],
        ['total_error_replies', Math.floor(state.refusals)],
      ];
    case 'replication':
      return replicationFields(state, followers);
    case 'cpu':
      return [
        ['used_cpu_sys', '1.000000'],
        ['used_cpu_user', '1.000000'],
      ];
    case 'commandstats':
      return [
        [
          'cmdstat_info',
          `calls=${state.commands},usec=${state.commands * 40},usec_per_call=40.00,rejected_calls=0,failed_calls=0`,
        ],
        [
          'cmdstat_set',
          `calls=${Math.floor(state.writes)},usec=${Math.floor(state.writes)},usec_per_call=1.00,rejected_calls=${Math.floor(state.refusals)},failed_calls=0`,
        ],
      ];
    case 'errorstats':
      return state.refusals >= 1 ? [['errorstat_READONLY', `count=${Math.floor(state.refusals)}`]] : [];
    case 'cluster':
      return [['cluster_enabled', 0]];
    case 'keyspace':
      return state.keys > 0 ? [['db0', `keys=${state.keys},expires=0,avg_ttl=0`]] : [];
    default:
      return [];
  }
}

function replicationFields(state: FakeState, followers: readonly FakeState[]): Fields {
  const masterFields: Fields =
    state.master === null
      ? [['role', 'master']]
      : [
          ['role', 'slave'],
          ['master_host', state.master.host],
          ['master_port', state.master.port],
          ['master_link_status', state.linkUp ? 'up' : 'down'],
          ['master_last_io_seconds_ago', state.linkUp ? 0 : -1],
          ['master_sync_in_progress', state.syncing ? 1 : 0],
          ['slave_read_repl_offset', state.offset],
          ['slave_repl_offset', state.offset],
          ...(state.syncing
            ? ([
                ['master_sync_total_bytes', 0],
                ['master_sync_read_bytes', 1_000],
                ['master_sync_left_bytes', -1_000],
                ['master_sync_perc', '0.00'],
                ['master_sync_last_io_seconds_ago', 0],
              ] as const)
            : []),
          ...(state.linkUp ? [] : ([['master_link_down_since_seconds', 1]] as const)),
          ['slave_priority', 100],
          ['slave_read_only', state.settings.get('replica-read-only') === 'yes' ? 1 : 0],
          ['replica_announced', 1],
        ];
  return [
    ...masterFields,
    ['connected_slaves', followers.length],
    ...followers.map((follower, index) => {
      const where = follower.syncing ? 'state=wait_bgsave,offset=0' : `state=online,offset=${follower.offset}`;
      return [`slave${index}`, `ip=127.0.0.1,port=${follower.port},${where},lag=0`] as const;
    }),
    ['master_failover_state', 'no-failover'],
    ['master_replid', state.replid],
    ['master_replid2', state.replid2],
    ['master_repl_offset', state.offset],
    ['second_repl_offset', state.secondOffset],
    ['repl_backlog_active', 1],
    ['repl_backlog_size', state.settings.get('repl-backlog-size') ?? '1048576'],
    ['repl_backlog_first_byte_offset', 1],
    ['repl_backlog_histlen', state.offset],
  ];
}

export interface FakeClient {
  readonly id: number;
  readonly port: number;
  readonly name: string;
  readonly flags: string;
  readonly lastCommand: string;
  readonly replica: boolean;
}

export function clientListText(clients: readonly FakeClient[], serverPort: number): string {
  return clients
    .map(
      ({ id, port, name, flags, lastCommand, replica }) =>
        `id=${id} addr=127.0.0.1:${port} laddr=127.0.0.1:${serverPort} fd=${id + 5} name=${name} age=10 idle=0 flags=${flags} db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf=26 qbuf-free=20448 argv-mem=10 multi-mem=0 rbs=1024 rbp=0 obl=0 oll=${replica ? 1 : 0} omem=${replica ? 20_504 : 0} tot-mem=22298 events=r cmd=${lastCommand} user=default redir=-1 resp=2\n`,
    )
    .join('');
}

function usedMemory(state: FakeState): number {
  return 1_000_000 + state.keys * 120;
}
