/**
 * Who is still connected to one old master, and who of them tries to write. Owns what CLIENT LIST showed the last time,
 * because one list alone tells only each client's last command: what was said since the list before is what counts.
 * A client that reads after each refused write hides it: below 7.0, where refused writes are not all counted, that is
 * the most that a server tells.
 */
import type { ClientFacts } from '../domain/observation.ts';
import type { LateClient } from '../domain/view.ts';
import { isWriteCommand } from '../redis/write-commands.ts';

interface Known {
  readonly client: ClientFacts;
  /** Lists that showed a new try. */
  readonly times: number;
  /** Monotonic milliseconds; null: none seen. */
  readonly triedAt: number | null;
  readonly command: string;
}

export interface Trier {
  readonly address: string;
  readonly command: string;
  readonly times: number;
  readonly triedAt: number;
}

export class LateClients {
  #known = new Map<string, Known>();
  #listedAt: number | null = null;

  /** Monotonic milliseconds of the last list; null before the first one, and after `forget`. */
  get listedAt(): number | null {
    return this.#listedAt;
  }

  get count(): number {
    return this.#known.size;
  }

  /** What happens until the next list is nobody's: that one is a new beginning. */
  forget(): void {
    this.#listedAt = null;
  }

  /**
   * Takes in a list; the first one shows what was before we watched. `at`: monotonic milliseconds of the list.
   * `counted`: how many refused writes the server counted since the last list, where it counts all; null where it does
   * not. Returns when somebody tried last, as far as this list tells; null when nobody did.
   */
  take(clients: readonly ClientFacts[], at: number, counted: number | null): number | null {
    const listedAt = this.#listedAt;
    const before = this.#known;
    let last: number | null = null;
    this.#known = new Map(
      clients.map((client): [string, Known] => {
        const known = before.get(client.address);
        // Another connection from the same port is somebody new.
        const same = known && (client.ageSeconds ?? 0) >= (known.client.ageSeconds ?? 0) ? known : undefined;
        const tried = listedAt !== null && counted !== 0 && mayWrite(client) && hasSpoken(client, same, at - listedAt);
        if (!tried) return [client.address, { times: 0, triedAt: null, command: '', ...same, client }];
        // Whole seconds: the true moment may be up to one later.
        const triedAt = Math.min(at, at - (client.idleSeconds - 1) * 1000);
        last = Math.max(last ?? 0, triedAt);
        const times = (same?.times ?? 0) + 1;
        return [client.address, { client, times, triedAt, command: client.lastCommand }];
      }),
    );
    this.#listedAt = at;
    return last;
  }

  /** Those that are connected now. `now`: monotonic milliseconds. */
  list(shard: number, server: string, now: number): LateClient[] {
    return [...this.#known.values()].map(({ client, triedAt }) => {
      const { address, name, user, library, lastCommand, idleSeconds } = client;
      const triedSecondsAgo = triedAt === null ? null : Math.max(0, Math.round((now - triedAt) / 1000));
      return { shard, server, address, name, user, library, lastCommand, idleSeconds, triedSecondsAgo };
    });
  }

  /** Whoever tried most often, of those that are connected now. */
  worst(): Trier | null {
    const tried = [...this.#known].flatMap(([address, { command, times, triedAt }]) =>
      triedAt === null ? [] : [{ address, command, times, triedAt }],
    );
    return tried.toSorted(worseFirst)[0] ?? null;
  }
}

export function worseFirst(a: Trier, b: Trier): number {
  return b.times - a.times || b.triedAt - a.triedAt;
}

/** Whether its last command may have been a write; a transaction hides what was in it. */
function mayWrite({ lastCommand }: ClientFacts): boolean {
  return isWriteCommand(lastCommand) || lastCommand.toLowerCase() === 'exec';
}

/** Whether a client has said something since the last list, which was `ms` ago. */
function hasSpoken(client: ClientFacts, before: Known | undefined, ms: number): boolean {
  const { ageSeconds, idleSeconds, receivedBytes } = client;
  // Refused commands are in no count of commands (tot-cmds), but their bytes are: seen on Valkey 8.0.
  if (before && receivedBytes !== null && before.client.receivedBytes !== null)
    return receivedBytes > before.client.receivedBytes;
  if (before && client.lastCommand !== before.client.lastCommand) return true;
  // Both are counted by the server's own clock: how old it was when it spoke last grows only when it speaks, by a second.
  if (before && ageSeconds !== null && before.client.ageSeconds !== null)
    return ageSeconds - idleSeconds > before.client.ageSeconds - before.client.idleSeconds;
  return (idleSeconds - 1) * 1000 < ms;
}
