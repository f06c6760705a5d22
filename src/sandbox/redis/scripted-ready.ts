/** Handlers for scripted servers that misbehave in the ways that servers do, and one that repeats what a real one said. */
import { setTimeout as sleep } from 'node:timers/promises';
import { array, bulk, error, type Handler, int, status, type WireReply } from './scripted.ts';

/** Takes every command and answers none: a frozen machine, a firewall that swallows packets. */
export const hanging: Handler = () => 'hang';

/** Closes the connection at the first command. */
export const closing: Handler = () => 'close';

/** Loads its data set for ever: answers INFO as a server that does, and LOADING to the rest. */
export const loading: Handler = (command) => {
  if (command[0]?.toUpperCase() !== 'INFO') return error('LOADING Redis is loading the dataset in memory');
  const info = [
    '# Server',
    'redis_version:7.0.15',
    'redis_mode:standalone',
    'run_id:00000000000000000000000000000000000010ad',
    '# Persistence',
    'loading:1',
    'async_loading:0',
    'loading_start_time:1700000000',
    'loading_total_bytes:1000000',
    'loading_loaded_bytes:420000',
    'loading_loaded_perc:42.00',
    'loading_eta_seconds:5',
    '# Replication',
    'role:master',
    'connected_slaves:0',
    '# Keyspace',
    '',
  ];
  return bulk(info.join('\r\n'));
};

/** Wants a password that nobody has. */
export const noAuth: Handler = (command) =>
  command[0]?.toUpperCase() === 'AUTH'
    ? error('WRONGPASS invalid username-password pair or user is disabled.')
    : error('NOAUTH Authentication required.');

/** Has a user that may do nothing. */
export const noPerm: Handler = (command) => {
  const name = command[0]?.toLowerCase() ?? '';
  return error(`NOPERM this user has no permissions to run the '${name}' command`);
};

/** Waits before each answer of another handler. */
export function slowly(delayMs: number, handler: Handler): Handler {
  return async (command, connection) => {
    await sleep(delayMs);
    return handler(command, connection);
  };
}

/** Another handler for some commands, by their first word, in capitals. */
export function except(answers: Readonly<Record<string, Handler>>, handler: Handler): Handler {
  return (command, connection) => (answers[command[0]?.toUpperCase() ?? ''] ?? handler)(command, connection);
}

/** One entry of test/fixtures/servers: what a real server answered in a named state. */
export interface Recorded {
  readonly state: string;
  readonly side: 'source' | 'destination';
  readonly command: string;
  readonly reply?: unknown;
  readonly error?: string;
}

export interface Recording {
  readonly handler: Handler;
  /** The states that were recorded of this side. */
  readonly states: readonly string[];
  /** Answers as in this state from now on. */
  enter(state: string): void;
}

/**
 * Repeats what one side of a recording said. What wasn't asked in a state is answered as it was last answered before;
 * INFO with a section out of the whole INFO; what was never asked, as an unknown command.
 */
export function recorded(records: readonly Recorded[], side: 'source' | 'destination', state: string): Recording {
  const mine = records.filter((record) => record.side === side);
  // Only the source was asked everything while it stood alone, and there the two differ in their INFO only.
  const shared = records.filter(
    (record) => record.state === 'standalone' && !/^(info|client list)/i.test(record.command),
  );
  let current = state;

  function find(command: string): Recorded | undefined {
    const same = (record: Recorded) => record.command.toLowerCase() === command.toLowerCase();
    const exact = mine.find((record) => record.state === current && same(record));
    const until = mine.findLastIndex((record) => record.state === current);
    return exact ?? mine.slice(0, until + 1).findLast(same) ?? shared.find(same);
  }

  function answer(command: readonly string[]): WireReply {
    const asked = command.join(' ');
    if (/^ping$/i.test(asked)) return { wire: '+PONG\r\n' };
    if (!/^info /i.test(asked)) return replayed(find(asked)) ?? error(`ERR unknown command '${command[0] ?? ''}'`);
    const exact = mine.find(
      (record) => record.state === current && record.command.toLowerCase() === asked.toLowerCase(),
    );
    return replayed(exact) ?? sectionOf(find('INFO'), command[1] ?? '');
  }

  return {
    states: [...new Set(mine.map((record) => record.state))],
    enter(next) {
      if (!mine.some((record) => record.state === next))
        throw new RangeError(`The ${side} has no state "${next}" in this recording.`);
      current = next;
    },
    handler: answer,
  };
}

function sectionOf(whole: Recorded | undefined, section: string): WireReply {
  if (!whole) return error('ERR no INFO was recorded up to this state');
  if (typeof whole.reply !== 'string') return replay(whole);
  if (/^(all|default|everything)$/i.test(section)) return replay(whole);
  const parts = whole.reply.split(/^(?=# )/m);
  const part = parts.find((text) => text.toLowerCase().startsWith(`# ${section.toLowerCase()}\r\n`));
  return bulk(part ?? '');
}

function replayed(record: Recorded | undefined): WireReply | undefined {
  return record && replay(record);
}

/** As it was recorded: which kind a text was is not known, except that OK and PONG are statuses. */
export function replay(record: Recorded): WireReply {
  if (record.error !== undefined) return error(record.error);
  const { reply } = record;
  return typeof reply === 'string' && /^(OK|PONG)( |$)/.test(reply) ? status(reply) : encodeJson(reply);
}

function encodeJson(value: unknown): WireReply {
  if (value === null || value === undefined) return bulk(null);
  if (typeof value === 'number') return int(value);
  if (Array.isArray(value)) return array(value.map(encodeJson));
  return bulk(typeof value === 'string' ? value : JSON.stringify(value));
}
