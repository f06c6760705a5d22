/** The commands that a fake Redis knows: what a control plane asks and tells, and just enough for an application. */

import { clientListText, type FakeClient, infoText } from './fake-info.ts';
import { DEFAULT_SETTINGS, type FakeState } from './fake-state.ts';
import { type Answer, array, bulk, bulks, error, int, OK, type ScriptedConnection, status } from './scripted.ts';

export interface FakeContext {
  readonly state: FakeState;
  /** Servers that follow this one. */
  readonly followers: () => readonly FakeState[];
  /** One for each connection that is open to it. */
  readonly sessions: () => readonly FakeSession[];
}

/** What a server knows of one connection. */
export interface FakeSession {
  readonly connection: ScriptedConnection;
  name: string;
  lastCommand: string;
  /** Not null between MULTI and EXEC. */
  queue: (readonly string[])[] | null;
}

type Command = (args: readonly string[], context: FakeContext, session: FakeSession) => Answer;

/** Old names of settings are the same settings. */
const ALIASES: Readonly<Record<string, string>> = {
  'slave-read-only': 'replica-read-only',
  'slave-serve-stale-data': 'replica-serve-stale-data',
  'slave-ignore-maxmemory': 'replica-ignore-maxmemory',
  'repl-ping-slave-period': 'repl-ping-replica-period',
  'min-slaves-to-write': 'min-replicas-to-write',
  'min-slaves-max-lag': 'min-replicas-max-lag',
};

const KNOWN_WRITES = ['set', 'del', 'incr', 'rpush', 'hset', 'expire', 'setex', 'eval', 'publish'];
const KNOWN_OTHERS = [
  'get',
  'info',
  'ping',
  'replicaof',
  'slaveof',
  'config',
  'client',
  'psync',
  'command',
  'scan',
  'type',
];
const READONLY = error("READONLY You can't write against a read only replica.");

const COMMANDS: Readonly<Record<string, Command>> = {
  PING: ([text]) => (text === undefined ? status('PONG') : bulk(text)),
  ECHO: ([text]) => bulk(text ?? ''),
  SELECT: () => OK,
  AUTH: () =>
    error(
      'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
    ),
  HELLO: () => error('NOPROTO unsupported protocol version'),
  TIME: (_, { state }) => bulks([String(Math.floor(state.now() / 1_000)), '0']),
  INFO: (args, { state, followers }) => bulk(infoText(state, followers(), args)),
  ROLE: (_, { state, followers }) => roleOf(state, followers()),
  DBSIZE: (_, { state }) => int(state.keys),
  SCAN: () => array([bulk('0'), bulks([])]),
  RANDOMKEY: () => bulk(null),
  TYPE: () => status('none'),
  GET: () => bulk(null),
  EXISTS: () => int(0),
  WAIT: (_, { followers }) => int(followers().length),
  CONFIG: (args, { state }) => config(args, state),
  CLIENT: client,
  REPLICAOF: (args, { state }) => replicaOf(args, state),
  SLAVEOF: (args, { state }) => replicaOf(args, state),
  COMMAND: (args) => commandInfo(args),
  ACL: ([sub]) => (sub?.toUpperCase() === 'WHOAMI' ? bulk('default') : error('ERR unknown subcommand')),
  MODULE: () => array([]),
  PUBSUB: ([, channel]) => array([bulk(channel ?? ''), int(0)]),
  // It holds no data: a fake follows a fake by name, not by a stream.
  PSYNC: () => error("ERR PSYNC FAILOVER can't be sent to a master."),
  REPLCONF: () => error('ERR syntax error'),
  FUNCTION: () => array([]),
  LATENCY: () => array([]),
  MEMORY: () => int(0),
  SET: (_, { state }) => write(state, OK),
  DEL: (_, { state }) => write(state, int(0)),
  FLUSHALL: (_, { state }) => {
    if (state.master === null) state.keys = 0;
    return write(state, OK);
  },
};

export function answerCommand(command: readonly string[], context: FakeContext, session: FakeSession): Answer {
  const name = command[0]?.toUpperCase() ?? '';
  const { state } = context;
  state.advance();
  state.commands += 1;
  session.lastCommand = (name === 'CLIENT' || name === 'CONFIG' ? `${name}|${command[1] ?? ''}` : name).toLowerCase();

  const { queue } = session;
  if (name === 'MULTI') {
    session.queue = [];
    return OK;
  }
  if (name === 'EXEC') return queue ? exec(queue, context, session) : error('ERR EXEC without MULTI');
  if (queue && name !== 'DISCARD') {
    queue.push(command);
    return status('QUEUED');
  }
  if (name === 'DISCARD') {
    session.queue = null;
    return OK;
  }
  const known = COMMANDS[name];
  return known
    ? known(command.slice(1), context, session)
    : error(`ERR unknown command '${command[0] ?? ''}', with args beginning with: `);
}

function exec(queue: readonly (readonly string[])[], context: FakeContext, session: FakeSession): Answer {
  session.queue = null;
  return array(
    queue.map((command) => {
      const answer = answerCommand(command, context, session);
      return typeof answer === 'string' ? error('ERR not in a transaction') : answer;
    }),
  );
}

function write(state: FakeState, done: Answer): Answer {
  if (state.master !== null && state.settings.get('replica-read-only') === 'yes') {
    state.refusals += 1;
    return READONLY;
  }
  state.writes += 1;
  return done;
}

function replicaOf([host = '', port = '']: readonly string[], state: FakeState): Answer {
  if (host.toLowerCase() === 'no' && port.toLowerCase() === 'one') {
    state.promote();
    return OK;
  }
  if (!/^\d+$/.test(port)) return error('ERR Invalid master port');
  return state.follow({ host, port: Number(port) }) ? OK : status('OK Already connected to specified master');
}

function roleOf(state: FakeState, followers: readonly FakeState[]): Answer {
  if (state.master === null) {
    const list = followers.map((follower) => bulks(['127.0.0.1', String(follower.port), String(follower.offset)]));
    return array([bulk('master'), int(state.offset), array(list)]);
  }
  const link = state.linkUp ? 'connected' : state.syncing ? 'sync' : 'connect';
  return array([bulk('slave'), bulk(state.master.host), int(state.master.port), bulk(link), int(state.offset)]);
}

function config([sub = '', ...args]: readonly string[], state: FakeState): Answer {
  switch (sub.toUpperCase()) {
    case 'GET': {
      const names = [...state.settings.keys(), ...Object.keys(ALIASES)].filter((name) =>
        args.some((pattern) => matches(pattern, name)),
      );
      return bulks(names.flatMap((name) => [name, state.settings.get(ALIASES[name] ?? name) ?? '']));
    }
    case 'SET': {
      for (let index = 0; index < args.length; index += 2) {
        const name = (args[index] ?? '').toLowerCase();
        const setting = ALIASES[name] ?? name;
        if (!(setting in DEFAULT_SETTINGS))
          return error(`ERR Unknown option or number of arguments for CONFIG SET - '${name}'`);
        state.settings.set(setting, args[index + 1] ?? '');
      }
      return OK;
    }
    default:
      return OK;
  }
}

function matches(pattern: string, name: string): boolean {
  const escaped = pattern.toLowerCase().replaceAll(/[.+^${}()|\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name);
}

function client([sub = '', ...args]: readonly string[], context: FakeContext, session: FakeSession): Answer {
  const { state } = context;
  switch (sub.toUpperCase()) {
    case 'LIST':
      return bulk(clientListText(clientsOf(context), state.port));
    case 'SETNAME':
      session.name = args[0] ?? '';
      return OK;
    case 'GETNAME':
      return bulk(session.name);
    case 'ID':
      return int(session.connection.id);
    case 'PAUSE':
      if (!/^\d+$/.test(args[0] ?? '')) return error('ERR timeout is not an integer or out of range');
      state.pause(Number(args[0] ?? 0));
      return OK;
    case 'UNPAUSE':
      state.unpause();
      return OK;
    case 'KILL':
      return int(0);
    default:
      return OK;
  }
}

function clientsOf({ state, followers, sessions }: FakeContext): FakeClient[] {
  const ours = sessions().map(({ connection, name, lastCommand }) => ({
    id: connection.id,
    port: connection.clientPort,
    name,
    flags: 'N',
    lastCommand,
    replica: false,
  }));
  const application = Array.from({ length: state.clients }, (_, index) => ({
    id: 1_000_000 + index,
    port: 40_000 + index,
    name: 'app',
    flags: state.paused ? 'b' : 'N',
    lastCommand: 'set',
    replica: false,
  }));
  const replicas = followers().map((_, index) => ({
    id: 2_000_000 + index,
    port: 50_000 + index,
    name: '',
    flags: 'S',
    lastCommand: 'replconf',
    replica: true,
  }));
  return [...ours, ...application, ...replicas];
}

function commandInfo([sub = '', ...names]: readonly string[]): Answer {
  const describe = (name: string) =>
    array([
      bulk(name),
      int(-1),
      array((KNOWN_WRITES.includes(name) ? ['write'] : ['readonly']).map(status)),
      int(0),
      int(0),
      int(0),
    ]);
  const known = [...KNOWN_WRITES, ...KNOWN_OTHERS];
  switch (sub.toUpperCase()) {
    case '':
      return array(known.map(describe));
    case 'COUNT':
      return int(known.length);
    case 'INFO':
      return array(
        names.map((name) => (known.includes(name.toLowerCase()) ? describe(name.toLowerCase()) : array(null))),
      );
    default:
      return array([]);
  }
}
