import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { PROBLEM_KINDS, type ProblemKind } from '../../src/domain/observation.ts';
import { classify, RedisError } from '../../src/redis/errors.ts';
import { NAMES, recordsOf } from './support/recordings.ts';

/** What each recorded refusal is, by the command that was refused. */
const BY_COMMAND: readonly (readonly [RegExp, ProblemKind])[] = [
  [/ without AUTH$/, 'auth_required'],
  [/^AUTH /, 'auth_failed'],
  [/^SET \(read-only replica\)$/, 'readonly'],
  [/^nosuchcommand /, 'unknown_command'],
];

const BY_TEXT: readonly (readonly [RegExp, ProblemKind])[] = [
  [/^ERR unknown command/i, 'unknown_command'],
  [/^ERR Unknown subcommand or wrong number of arguments/, 'unknown_command'],
  [/^ERR wrong number of arguments for '(info|hello)' command/, 'unknown_command'],
  [/^(ERR Syntax error|ERR CONFIG subcommand|ERR Unsupported CONFIG)/, 'other'],
  [/^(ERR invalid DB|ERR DB index|ERR This instance has cluster support disabled|ERR No failover|ERR DEBUG)/, 'other'],
  [/^(OOM|MASTERDOWN|NOREPLICAS|ERR command not allowed when used memory|ERR link with MASTER)/, 'other'],
];

function sentence(text: string, command = 'CONFIG SET', kind = classify(text)): string {
  return new RedisError({ kind, address: 'old-1:6379', command, detail: text, outcomeUnknown: false }).message;
}

describe.each(NAMES)('what %s refuses', (name) => {
  const refusals = recordsOf(name).flatMap(({ command, error }) => (error === undefined ? [] : [{ command, error }]));

  it('there is something', () => {
    expect(refusals.length).toBeGreaterThan(8);
  });

  it.each(refusals)('$command: $error', ({ command, error }) => {
    const expected = [...BY_COMMAND, ...BY_TEXT].find(([pattern], place) =>
      pattern.test(place < BY_COMMAND.length ? command : error),
    );
    expect(classify(error)).toBe(expected?.[1]);
    expect(sentence(error)).toMatch(/^old-1:6379 \S.*[.?!)]?$/);
    expect(sentence(error)).not.toContain('secret-argument');
  });
});

describe('other words of servers', () => {
  it.each<[string, ProblemKind]>([
    ["NOPERM this user has no permissions to run the 'config|set' command", 'no_permission'],
    ["NOPERM this user has no permissions to run the 'info' command or its subcommand", 'no_permission'],
    ['LOADING Redis is loading the dataset in memory', 'loading'],
    ['LOADING server is loading the dataset in memory', 'loading'],
    ['ERR REPLICAOF not allowed in cluster mode.', 'cluster_mode'],
    ['ERR SLAVEOF not allowed in cluster mode.', 'cluster_mode'],
    ['MOVED 3999 10.0.0.1:6381', 'cluster_mode'],
    ['BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.', 'busy'],
    ['ERR max number of clients reached', 'max_clients'],
    ['ERR max number of clients + cluster connections reached', 'max_clients'],
    ["ERR Unknown option or number of arguments for CONFIG SET - 'masteruser'", 'other'],
    ['ERR Unsupported CONFIG parameter: masteruser', 'other'],
    ["ERR Unknown client type 'replica'", 'unknown_command'],
    [
      'DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user.',
      'other',
    ],
    // The server repeats what it was sent: that says nothing about what is wrong.
    [
      "ERR unknown command 'CONFIG', with args beginning with: 'SET' 'masterauth' 'operation not permitted' ",
      'unknown_command',
    ],
  ])('%s', (text, kind) => {
    expect(classify(text)).toBe(kind);
  });
});

describe('words of Node and ioredis', () => {
  it.each<[string, ProblemKind]>([
    ['connect ECONNREFUSED 127.0.0.1:1', 'refused'],
    ['ECONNREFUSED connect ECONNREFUSED ::1:1, connect ECONNREFUSED 127.0.0.1:1', 'refused'],
    ['getaddrinfo ENOTFOUND nowhere.invalid', 'unreachable'],
    ['getaddrinfo EAI_AGAIN nowhere.invalid', 'unreachable'],
    // The name of the host is no sign of what went wrong.
    ['getaddrinfo ENOTFOUND redis-tls.timeout.invalid', 'unreachable'],
    ['connect EHOSTUNREACH 10.0.0.1:6379', 'unreachable'],
    ['connect ENETUNREACH 10.0.0.1:6379', 'unreachable'],
    ['read ECONNRESET', 'unreachable'],
    ['write EPIPE', 'unreachable'],
    ['Connection is closed.', 'unreachable'],
    ["Stream isn't writeable and enableOfflineQueue options is false", 'unreachable'],
    ['connect ETIMEDOUT', 'timeout'],
    ['Command timed out', 'timeout'],
    ['self-signed certificate', 'tls'],
    ['unable to verify the first certificate', 'tls'],
    ["Hostname/IP does not match certificate's altnames: Host: a. is not in the cert's altnames", 'tls'],
    ['write EPROTO 4057E5:error:0A00010B:SSL routines:ssl3_get_record:wrong version number', 'tls'],
    ['Something nobody has seen before', 'other'],
  ])('%s', (text, kind) => {
    expect(classify(text)).toBe(kind);
  });
});

describe('the sentence', () => {
  it('each kind has one that names the server', () => {
    for (const kind of PROBLEM_KINDS) {
      const text = sentence('connect ECONNRESET', 'CONFIG SET', kind);
      expect(text, kind).toMatch(/^old-1:6379\b.{15,}/);
      expect(text, kind).not.toMatch(/undefined|\[object/);
    }
  });

  it('never has what the server repeated of our arguments', () => {
    for (const text of [
      'ERR unknown command `CONFIG`, with args beginning with: `SET`, `masterauth`, `hunter2`, ',
      "ERR unknown command 'CONFIG', with args beginning with: 'SET' 'masterauth' 'hunter2' ",
      "ERR unknown command 'CONFIG', with args beginning with: 'SET' 'masterauth' 'hunter2\nnewline' ",
    ]) {
      for (const kind of PROBLEM_KINDS.filter((one) => one !== 'secret_missing')) {
        expect(sentence(text, 'CONFIG SET', kind)).not.toMatch(/hunter2|masterauth|newline/);
      }
    }
  });

  it('says which right is missing, as it would be given', () => {
    expect(sentence('NOPERM no', 'CONFIG SET')).toContain('+config|set');
    expect(sentence('NOPERM no', 'INFO')).toContain('+info)');
  });

  it('calls nobody in Slack, whatever the server says', () => {
    expect(sentence('ERR ask <@U0000000BEN> or <!subteam^S1>', 'ROLE', 'other')).not.toMatch(/[<>]/);
  });

  it('is short, and on one line', () => {
    const text = sentence(`ERR ${'long\r\n'.repeat(200)}`);
    expect(text.length).toBeLessThan(260);
    expect(text).not.toMatch(/[\r\n]/);
  });
});

it('an error shows its kind, server and command, and nothing else', () => {
  const text = "ERR unknown command 'CONFIG', with args beginning with: 'SET' 'masterauth' 'hunter2' ";
  const error = new RedisError({
    kind: classify(text),
    address: 'a:1',
    command: 'CONFIG SET',
    detail: text,
    outcomeUnknown: false,
  });
  expect(Object.fromEntries(Object.entries(error))).toEqual({
    name: 'RedisError',
    kind: 'unknown_command',
    address: 'a:1',
    command: 'CONFIG SET',
    outcomeUnknown: false,
  });
  expect(error.problem).toEqual({ kind: 'unknown_command', text: error.message });
  for (const shown of [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), String(error.stack)]) {
    expect(shown).not.toContain('hunter2');
  }
});
