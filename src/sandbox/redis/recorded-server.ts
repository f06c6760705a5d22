/**
 * One server of a recorded pair: answers each command as its version does, out of the recording where that has the
 * answer. Owns its settings and its clients; what it says of replication is the pair's to tell. Holds no data: keys are a
 * number in INFO.
 */

import { recordedClients } from './recorded-clients.ts';
import type { RecordedRole, RecordedSession } from './recorded-role.ts';
import { type RecordedSettings, recordedSettings } from './recorded-settings.ts';
import { fieldOf, pickSections, unknownCommand } from './recorded-texts.ts';
import {
  array,
  bulk,
  bulks,
  error,
  type Handler,
  int,
  OK,
  type ScriptedConnection,
  status,
  type WireReply,
} from './scripted.ts';
import { type Recorded, replay } from './scripted-ready.ts';

export interface RecordedServer {
  readonly handler: Handler;
  readonly settings: RecordedSettings;
  readonly onClose: (connection: ScriptedConnection) => void;
}

/** Answered while the data set is loaded. CONFIG came to them with 3.2. */
const WHILE_LOADING = ['INFO', 'AUTH', 'SELECT', 'ROLE', 'QUIT'];

export function recordedServer(records: readonly Recorded[], role: RecordedRole): RecordedServer {
  const sessions = new Map<ScriptedConnection, RecordedSession>();
  const calls = new Map<string, number>();
  const isAtLeast = versionOf(records);
  const settings = recordedSettings(records, isAtLeast);
  const clientCommand = recordedClients(records, isAtLeast, role, () => [...sessions.values()]);
  const unknown = (command: readonly string[]) =>
    error(unknownCommand(find('standalone', 'nosuchcommand secret-argument')?.error ?? 'ERR unknown command', command));

  function find(state: string, command: string): Recorded | undefined {
    return records.find((one) => one.state === state && one.command.toLowerCase() === command.toLowerCase());
  }

  /** What the recording has for it, or the words for a command that isn't there. */
  function recordedOr(state: string, command: string, otherwise: WireReply): WireReply {
    const found = find(state, command);
    return found ? replay(found) : otherwise;
  }

  function sessionOf(connection: ScriptedConnection): RecordedSession {
    const known = sessions.get(connection);
    if (known) return known;
    // From 6.0 on who came in without a password stays in when there is one.
    const authenticated = isAtLeast(6, 0) && !settings.value('requirepass');
    const session = { connection, authenticated, name: '', lastCommand: 'NULL', queue: null };
    sessions.set(connection, session);
    return session;
  }

  function handler(command: readonly string[], connection: ScriptedConnection): WireReply {
    const session = sessionOf(connection);
    const name = command[0]?.toUpperCase() ?? '';
    calls.set(name.toLowerCase(), (calls.get(name.toLowerCase()) ?? 0) + 1);
    session.lastCommand = name.toLowerCase();
    if (name === 'AUTH') return auth(command.slice(1), session);
    if (settings.value('requirepass') && !session.authenticated)
      return recordedOr('password set', 'GET without AUTH', error('NOAUTH Authentication required.'));
    if (name === 'MULTI') {
      session.queue = [];
      return OK;
    }
    const { queue } = session;
    if (name === 'EXEC' || name === 'DISCARD') {
      session.queue = null;
      if (!queue) return error(`ERR ${name} without MULTI`);
      return name === 'EXEC' ? array(queue.map((one) => answer(one, session))) : OK;
    }
    if (queue) {
      queue.push(command);
      return status('QUEUED');
    }
    return answer(command, session);
  }

  function answer(command: readonly string[], session: RecordedSession): WireReply {
    const [word = '', ...args] = command;
    const name = word.toUpperCase();
    const isLoading = fieldOf(role.info(), 'loading') === '1';
    if (isLoading && !WHILE_LOADING.includes(name) && !(name === 'CONFIG' && isAtLeast(3, 2)))
      return error('LOADING Redis is loading the dataset in memory');
    switch (name) {
      case 'MONITOR':
        return OK;
      case 'PING':
        return isStale() ? recordedOr('link down, no stale data', 'PING', status('PONG')) : status('PONG');
      case 'ECHO':
        return bulk(args[0] ?? '');
      case 'SELECT':
        return Number(args[0]) < 16 ? OK : recordedOr('standalone', 'SELECT 99', error('ERR invalid DB index'));
      case 'INFO':
        return info(args);
      case 'ROLE':
        return find('standalone', 'ROLE')?.error === undefined ? roleReply() : unknown(command);
      case 'TIME':
        return find('standalone', 'TIME')?.error === undefined ? timeReply() : unknown(command);
      case 'ACL':
        return isAtLeast(6, 0) ? acl(args) : unknown(command);
      case 'CLIENT':
        return clientCommand(args, session);
      case 'CONFIG':
        return config(args);
      case 'REPLICAOF':
        return isAtLeast(5, 0) ? slaveOf(args) : unknown(command);
      case 'SLAVEOF':
        return slaveOf(args);
      case 'SYNC':
        return error("ERR wrong number of arguments for 'sync' command");
      case 'PSYNC':
        return isAtLeast(2, 8) ? psync(args) : unknown(command);
      case 'REPLCONF':
        return isAtLeast(2, 6) ? error('ERR syntax error') : unknown(command);
      case 'GET':
        return isStale() ? recordedOr('link down, no stale data', 'GET', bulk(null)) : bulk(null);
      case 'SET':
      case 'SETEX':
        return write(OK);
      case 'DEL':
        return write(int(0));
      default:
        return recordedOr('standalone', command.join(' '), unknown(command));
    }
  }

  function auth(args: readonly string[], session: RecordedSession): WireReply {
    const password = settings.value('requirepass');
    if (args.length > 1 && !isAtLeast(6, 0))
      return recordedOr('password set', 'AUTH user wrong', error("ERR wrong number of arguments for 'auth' command"));
    if (!password && args.length < 2)
      return recordedOr('no password', 'AUTH anything', error('ERR Client sent AUTH, but no password is set'));
    // The default user without a password takes any.
    const isRight = !password || args.at(-1) === password;
    session.authenticated = isRight && (args.length < 2 || args[0] === 'default');
    return session.authenticated ? OK : recordedOr('password set', 'AUTH wrong', error('ERR invalid password'));
  }

  function info(sections: readonly string[]): WireReply {
    const whole = role.info();
    const refusal = find('standalone', 'INFO replication');
    if (sections.length === 0) return bulk(whole);
    // 2.4 takes no section.
    if (refusal?.error !== undefined) return replay(refusal);
    const stats = `# Commandstats\r\n${[...calls].map(([name, count]) => `cmdstat_${name}:calls=${count},usec=${count},usec_per_call=1.00\r\n`).join('')}`;
    const names = sections.map((section) => section.toLowerCase());
    if (names.includes('all') || names.includes('everything')) return bulk(`${whole}\r\n${stats}`);
    if (names.includes('default')) return bulk(whole);
    return bulk(pickSections(`${whole}\r\n${stats}`, names));
  }

  function roleReply(): WireReply {
    const text = role.info();
    const offset = (name: string) => int(Number(fieldOf(text, name) ?? -1));
    const master = role.master();
    if (master === null) {
      const replicas = [...text.matchAll(/^slave\d+:ip=([^,]*),port=(\d+),state=online,offset=(\d+)/gm)];
      return array([
        bulk('master'),
        offset('master_repl_offset'),
        array(replicas.map(([, host = '', port = '', at = '']) => bulks([host, port, at]))),
      ]);
    }
    const syncing = fieldOf(text, 'master_sync_in_progress') === '1';
    const link = fieldOf(text, 'master_link_status') === 'up' ? 'connected' : syncing ? 'sync' : 'connect';
    return array([bulk('slave'), bulk(master.host), int(master.port), bulk(link), offset('slave_repl_offset')]);
  }

  function timeReply(): WireReply {
    const now = Date.now();
    return bulks([String(Math.floor(now / 1_000)), String((now % 1_000) * 1_000)]);
  }

  /** One user, who may do everything. */
  function acl([sub = '']: readonly string[]): WireReply {
    if (sub.toUpperCase() === 'LIST') return bulks(['user default on nopass ~* +@all']);
    return error(`ERR Unknown subcommand or wrong number of arguments for '${sub}'. Try ACL HELP.`);
  }

  function config([sub = '', ...args]: readonly string[]): WireReply {
    const master = role.master();
    for (const name of ['slaveof', 'replicaof']) settings.put(name, master ? `${master.host} ${master.port}` : '');
    switch (sub.toUpperCase()) {
      case 'GET':
        return settings.get(args);
      case 'SET':
        return settings.set(args);
      case 'RESETSTAT':
        calls.clear();
        return OK;
      default:
        return recordedOr('standalone', `CONFIG ${sub}`, settings.noSuchSub(sub));
    }
  }

  /** Nobody is served: from these servers no stream comes. */
  function psync(args: readonly string[]): WireReply {
    return isAtLeast(6, 2) && args[2]?.toUpperCase() === 'FAILOVER'
      ? error("ERR PSYNC FAILOVER can't be sent to a master.")
      : error("ERR wrong number of arguments for 'psync' command");
  }

  function slaveOf([host = '', port = '']: readonly string[]): WireReply {
    if (/^no$/i.test(host) && /^one$/i.test(port)) {
      role.follow(null);
      return OK;
    }
    if (!/^\d+$/.test(port))
      return error(isAtLeast(7, 0) ? 'ERR Invalid master port' : 'ERR value is not an integer or out of range');
    const master = role.master();
    const again = find('in step', 'SLAVEOF same master again');
    const isSame = master !== null && master.host === host && master.port === Number(port);
    // 2.4 says OK to the same master, and begins anew.
    const stays = isSame && typeof again?.reply === 'string' && again.reply !== 'OK';
    if (!stays) role.follow({ host, port: Number(port) });
    return stays && again ? replay(again) : OK;
  }

  function write(done: WireReply): WireReply {
    if (role.master() !== null && settings.value('slave-read-only') === 'yes')
      return recordedOr('in step', 'SET (read-only replica)', done);
    const wanted = Number(settings.value('min-slaves-to-write') ?? 0);
    const online = [...role.info().matchAll(/^slave\d+:.*\bonline\b/gm)].length;
    return role.master() === null && wanted > online ? recordedOr('fenced', 'SET', done) : done;
  }

  /** Whether it has lost its master and may not answer with old data. */
  function isStale(): boolean {
    const mayAnswer = settings.value('slave-serve-stale-data') !== 'no';
    return !mayAnswer && fieldOf(role.info(), 'master_link_status') === 'down';
  }

  return { handler, settings, onClose: (connection) => sessions.delete(connection) };
}

/** Whether the recorded server is of this version of Redis or a later one; each Valkey is. */
function versionOf(records: readonly Recorded[]): (major: number, minor: number) => boolean {
  const text = String(records.find((one) => one.command === 'INFO')?.reply);
  const isValkey = fieldOf(text, 'valkey_version') !== undefined;
  const [major = 0, minor = 0] = (fieldOf(text, 'redis_version') ?? '').split('.').map(Number);
  return (wantedMajor, wantedMinor) =>
    isValkey || major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
