/** A server's or a socket's words → a kind that code can act on and a sentence that people can. */
import type { Problem, ProblemKind } from '../domain/observation.ts';
import { callingNobody } from '../domain/words.ts';
import { tlsAdvice } from './tls-words.ts';

/**
 * Something went wrong while talking to one server. `outcomeUnknown`: the command was sent and no answer came, so
 * only a look at the server tells whether it took effect. The message is a sentence without secrets.
 */
export class RedisError extends Error {
  readonly kind: ProblemKind;
  readonly address: string;
  /** The command's name without its arguments. */
  readonly command: string;
  readonly outcomeUnknown: boolean;
  /** Not a field: what is logged of an error must not repeat a server. */
  readonly #said: string;

  constructor(problem: {
    kind: ProblemKind;
    address: string;
    command: string;
    detail: string;
    outcomeUnknown: boolean;
  }) {
    super(sentence(problem.kind, problem.address, problem.command, problem.detail));
    this.name = 'RedisError';
    this.kind = problem.kind;
    this.address = problem.address;
    this.command = problem.command;
    this.outcomeUnknown = problem.outcomeUnknown;
    this.#said = withoutArguments(problem.detail);
  }

  /** The words of the server or the socket, without arguments and secrets; for code, not for people. */
  get said(): string {
    return this.#said;
  }

  get problem(): Problem {
    return { kind: this.kind, text: this.message };
  }
}

/** Before the words of a socket that should have spoken TLS: they alone do not tell. */
export const OVER_TLS = 'over TLS: ';

/** In order: the first that matches wins. Texts of Redis 2.4 to 8.0, Valkey, node:net, node:tls and ioredis 6. */
const PATTERNS: readonly (readonly [RegExp, ProblemKind])[] = [
  // Its text speaks of passwords, but it is about where we come from.
  [/^DENIED/, 'other'],
  [/^NOAUTH|operation not permitted/i, 'auth_required'],
  [
    /^WRONGPASS|invalid password|wrong number of arguments for 'auth'|no password is set|without any password configured/i,
    'auth_failed',
  ],
  [/^NOPERM/i, 'no_permission'],
  [/^LOADING/i, 'loading'],
  [/^READONLY/i, 'readonly'],
  [/not allowed in cluster mode|^CLUSTERDOWN|^MOVED/i, 'cluster_mode'],
  // A setting that this server doesn't have, before and from 7.0.
  [/unsupported config parameter|unknown option or number of arguments for config/i, 'other'],
  [/unknown (sub)?command|^ERR unknown|wrong number of arguments/i, 'unknown_command'],
  [/^BUSY/i, 'busy'],
  [/max number of clients/i, 'max_clients'],
  [/ECONNREFUSED/i, 'refused'],
  // Before TLS: the text has the host's name in it, which may be anything.
  [/ENOTFOUND|EAI_AGAIN/, 'unreachable'],
  [/certificate|self.signed|ssl|tls|wrong version number|ERR_TLS/i, 'tls'],
  [/timed? ?out|ETIMEDOUT/i, 'timeout'],
  [/EHOSTUNREACH|ENETUNREACH|ECONNRESET|EPIPE|closed|isn't writeable/i, 'unreachable'],
];

export function classify(text: string): ProblemKind {
  const said = withoutArguments(text);
  for (const [pattern, kind] of PATTERNS) if (pattern.test(said)) return kind;
  return 'other';
}

function sentence(kind: ProblemKind, address: string, command: string, detail: string): string {
  switch (kind) {
    case 'refused':
      return `${address} refuses connections: is the server running, and is the port right?`;
    case 'unreachable':
      if (/ENOTFOUND|EAI_AGAIN/.test(detail)) return `${address} cannot be found: no name server knows this host.`;
      // Redis ends a connection that does not begin with TLS where it should.
      return command === 'AUTH' && /ECONNRESET/.test(detail) && !detail.startsWith(OVER_TLS)
        ? `${address} ends the connection at once (ECONNRESET): is the port right, and does it want TLS (rediss://)?`
        : `${address} cannot be reached (${shortened(detail)}).`;
    case 'timeout':
      return detail.startsWith(OVER_TLS)
        ? `${address} does not answer in time over TLS: it hangs, a firewall drops the packets, or this port has no TLS (redis://).`
        : `${address} does not answer in time: it hangs, is overloaded, or a firewall drops the packets.`;
    case 'auth_required':
      return `${address} asks for a password: give one in the inventory.`;
    case 'auth_failed':
      return `${address} refuses the user or the password that the inventory gives.`;
    case 'no_permission':
      return `${address} does not let our user run ${command}: give it the right (ACL SETUSER … +${command.toLowerCase().replace(' ', '|')}).`;
    case 'loading':
      return `${address} is still loading its data set.`;
    case 'readonly':
      return `${address} is a read-only replica.`;
    case 'cluster_mode':
      return `${address} runs in cluster mode, which is not supported.`;
    case 'unknown_command':
      return `${address} does not know ${command}: a managed service hides it, or it is renamed and the inventory does not say so (rename-command).`;
    case 'busy':
      return `${address} is busy with a script or a function.`;
    case 'max_clients':
      return `${address} has no free connection: its maxclients is reached.`;
    case 'tls':
      return `${address} and we could not agree on TLS: ${tlsAdvice(detail) ?? shortened(detail)}.`;
    case 'secret_missing':
      return `${address}: ${detail}`;
    case 'other':
      // ioredis' words for bytes that are no answer of Redis, such as a web server's or a TLS alert.
      return /unknown RESP type/i.test(detail)
        ? `${address} does not talk as Redis does: is the port right, and does it want TLS (rediss://)?`
        : `${address} answered ${command} with an error: ${shortened(detail)}`;
  }
}

function shortened(detail: string): string {
  const clean = callingNobody(withoutArguments(detail).replace(/\s+/g, ' ').trim());
  return clean.length > 160 ? `${clean.slice(0, 160)}…` : clean;
}

/** Redis 4.0 and later repeat arguments in "unknown command" messages: everything behind that is cut off. */
function withoutArguments(text: string): string {
  return text.replace(/,? with args beginning with:.*$/is, '');
}
