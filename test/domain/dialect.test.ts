/** The table of what a server can do, held against what thirteen real ones answered. */
import { describe, expect, it } from 'vitest';
import { can, type Feature, type Server, serverName } from '../../src/domain/dialect.ts';
import { infoOf, momentsOf, NAMES, recordsOf } from '../redis/support/recordings.ts';

function serverOf(name: string): Server {
  return { kind: name.startsWith('v') ? 'valkey' : 'redis', version: name.slice(1) };
}

function reply(name: string, command: string): string {
  const found = recordsOf(name).find((one) => one.command === command);
  if (!found) throw new Error(`${name} has no ${command}.`);
  return JSON.stringify(found.reply ?? found.error);
}

/** INFO of a destination in any moment of a full sync that is no load. */
function infoOfSync(name: string): string {
  const moment = momentsOf(name).find(({ said }) => said['in_progress'] === '1' && said['loading'] === '0');
  return moment?.destination ?? infoOf(name, 'destination', 'link down');
}

/** How each feature shows in the recordings. */
const SHOWN: readonly (readonly [Feature, (name: string) => boolean])[] = [
  ['offsets', (name) => infoOf(name, 'source', 'standalone').includes('master_repl_offset:')],
  ['replid', (name) => infoOf(name, 'source', 'standalone').includes('master_replid:')],
  ['read_only_replicas', (name) => reply(name, 'SET (read-only replica)').includes('READONLY')],
  ['idempotent_follow', (name) => reply(name, 'SLAVEOF same master again').includes('Already connected')],
  ['output_limits', (name) => reply(name, 'CONFIG GET client-output-buffer-limit').includes('slave')],
  ['backlog', (name) => reply(name, 'CONFIG GET *repl*').includes('repl-backlog-size')],
  ['live_settings', (name) => reply(name, 'CONFIG GET *repl*').includes('repl-timeout')],
  ['diskless', (name) => reply(name, 'CONFIG GET *repl*').includes('repl-diskless-sync')],
  ['diskless_max', (name) => reply(name, 'CONFIG GET *repl*').includes('repl-diskless-sync-max-replicas')],
  ['net_counters', (name) => infoOf(name, 'source', 'standalone').includes('total_net_input_bytes:')],
  ['error_stats', (name) => infoOf(name, 'source', 'standalone').includes('total_error_replies:')],
  ['sync_totals', (name) => infoOfSync(name).includes('master_sync_total_bytes:')],
  ['pause_writes', (name) => reply(name, 'CLIENT PAUSE 1500 WRITE') === '"OK"'],
  ['pause_all', (name) => reply(name, 'CLIENT PAUSE 0').includes('OK')],
  ['acl', (name) => reply(name, 'CONFIG GET masteruser').includes('masteruser')],
  ['ignores_maxmemory', (name) => reply(name, 'CONFIG GET *slave*').includes('slave-ignore-maxmemory')],
];

describe.each(SHOWN)('%s', (feature, shows) => {
  it.each(NAMES)('%s', (name) => {
    expect(can(serverOf(name), feature)).toBe(shows(name));
  });
});

it('a version is read number by number; Valkey has everything whatever it calls itself', () => {
  const redis = (version: string) => can({ kind: 'redis', version }, 'diskless');
  expect(['2.8.17', '2.8.18', '2.10.0', '3.0.0', '10.0.0'].map(redis)).toEqual([false, true, true, true, true]);
  expect(can({ kind: 'redis', version: '' }, 'info_sections')).toBe(false);
  expect(can({ kind: 'valkey', version: '7.2.4' }, 'diskless_max')).toBe(true);
  expect(serverName({ kind: 'valkey', version: '9.1.2' })).toBe('Valkey 9.1.2');
});
