/**
 * The resync guard of an overlap: a replica that takes writes of its own loses them with any full sync, so from here on its
 * source may let it resume and nothing else (redis.md, "Resync guard, attacked"). Every change is in the journal before it
 * is sent; settings go through the ledger.
 *
 * | source | guard                                                                                                    |
 * | ------ | -------------------------------------------------------------------------------------------------------- |
 * | 6.0+   | a random user in the source's memory: a cut link heals, a restarted or replaced source does not know it; and the trap, in which a full sync waits instead of beginning (up to 6.0 until the next snapshot: overlap.ts shuts the door before) |
 * | below  | a random masterauth, which the source refuses: nothing heals, and a person decides                         |
 */

import { can, type Server } from '../../domain/dialect.ts';
import { addressOf, type Endpoint } from '../../domain/endpoint.ts';
import type { ShardPlan } from '../../domain/plan.ts';
import { Secret } from '../../domain/secret.ts';
import type { LedgerEntry, MigrationState } from '../../domain/state.ts';
import { connect } from '../../redis/connection.ts';
import { RedisError } from '../../redis/errors.ts';
import type { Hands, HandsDeps } from '../hands.ts';
import type { Journal } from '../journal.ts';
import { changeSetting, restoreSetting } from '../ledger.ts';
import { prepareLink } from '../replicate.ts';
import { send } from '../send.ts';

export interface GuardWork {
  readonly journal: Journal;
  readonly hands: Hands;
  readonly deps: HandsDeps;
}

const TIMEOUT_MS = 2_500;
/** A full sync waits for so many seconds, or for so many replicas: 0 is for no number. */
const TRAP = [
  { name: 'repl-diskless-sync', value: 'yes', needs: 'diskless' },
  { name: 'repl-diskless-sync-delay', value: '86400', needs: 'diskless' },
  { name: 'repl-diskless-sync-max-replicas', value: '0', needs: 'diskless_max' },
] as const;
const WHY = 'so that a replica that takes writes is never wiped by a full sync';

/** Null when the guard stands, or a sentence about why not. Rejects with RedisError. */
export async function putUpGuard(
  shard: ShardPlan,
  servers: { readonly source: Server; readonly destination: Server },
  work: GuardWork,
): Promise<string | null> {
  const { index } = shard;
  const { journal, hands, deps } = work;
  const set = (side: 'source' | 'destination', name: string, value: string | Secret) =>
    changeSetting({ shard: index, side, name, value, why: WHY, until: 'end' }, journal, hands, deps, () => true);
  const secret = new Secret(Buffer.from(deps.clock.randomBytes(24)).toString('hex'));
  deps.registry.add(secret.reveal());
  // A replica that knows no users cannot log in as one.
  if (!can(servers.source, 'acl') || !can(servers.destination, 'acl')) return set('destination', 'masterauth', secret);
  for (const { name, value, needs } of TRAP) {
    const problem = can(servers.source, needs) ? await set('source', name, value) : null;
    if (problem !== null) return problem;
  }
  const user = journal.state.shards[index]?.guard?.name ?? nameFrom(deps);
  const problem = await makeUser(shard, user, secret, work);
  if (problem !== null) return problem;
  return (await set('destination', 'masteruser', user)) ?? (await set('destination', 'masterauth', secret));
}

function nameFrom({ clock }: HandsDeps): string {
  return `redis-migrate-${Buffer.from(clock.randomBytes(6)).toString('hex')}`;
}

/** Makes the user, and believes it when it can log in. */
async function makeUser(shard: ShardPlan, user: string, secret: Secret, work: GuardWork): Promise<string | null> {
  const { journal, hands, deps } = work;
  const { index, source } = shard;
  const sent = await send({ kind: 'guard_user', shard: index, user, up: true }, journal, () =>
    hands.operator(index, 'source').makeReplicationUser(user, secret),
  );
  if (sent === null) return 'The journal took no row.';
  if (sent.outcome.kind === 'refused') return sent.outcome.detail;
  const as: Endpoint = { ...source, user, password: { kind: 'sealed', box: deps.passwords.seal(secret) } };
  const connection = await connect(as, TIMEOUT_MS, deps);
  try {
    await connection.call('PING');
  } finally {
    connection.close();
  }
  journal.append([{ kind: 'seen', intent: sent.intent, detail: `${user} can log in at ${addressOf(source)}.` }]);
  return null;
}

/** Removes the guard's user and believes it when it is gone. Null, or a sentence. Rejects with RedisError. */
export async function removeGuardUser(index: number, user: string, work: GuardWork): Promise<string | null> {
  const { journal, hands } = work;
  const sent = await send({ kind: 'guard_user', shard: index, user, up: false }, journal, () =>
    hands.operator(index, 'source').removeUser(user),
  );
  if (sent === null) return 'The journal took no row.';
  if (sent.outcome.kind === 'refused') return sent.outcome.detail;
  if (await hands.inspector(index, 'source').hasUser(user)) return `The user ${user} was removed and is still there.`;
  journal.append([{ kind: 'seen', intent: sent.intent, detail: `the user ${user} is gone.` }]);
  return null;
}

/** Its name in every version from 2.6 on. */
const READ_ONLY = 'slave-read-only';

/** Lets a destination take writes beside its source. Null when CONFIG GET shows it, or a sentence. Rejects with RedisError. */
export function openReplica(index: number, work: GuardWork): Promise<string | null> {
  return setReadOnly(index, 'no', 'so that it takes writes beside its source', work);
}

/** Lets it refuse writes again. Null when CONFIG GET shows it, or a sentence. Rejects with RedisError. */
export function closeReplica(index: number, work: GuardWork): Promise<string | null> {
  return setReadOnly(index, 'yes', 'so that nobody writes to it any more', work);
}

function setReadOnly(index: number, value: string, why: string, work: GuardWork): Promise<string | null> {
  const change = { shard: index, side: 'destination' as const, name: READ_ONLY, value, why, until: 'end' as const };
  return changeSetting(change, work.journal, work.hands, work.deps, () => true);
}

/** Whether it was told to take writes since the row with this number. */
export function wasOpened({ ledger }: MigrationState, shard: number, since: number): boolean {
  return ledger.some(
    (one) => one.shard === shard && one.side === 'destination' && one.name === READ_ONLY && one.lastSet > since,
  );
}

/**
 * Back to an ordinary replica of its source: read-only, with the login that it had, and then without the guard. May be
 * called again. Null when everything is seen, or what it waits for. A process that is gone took it all along.
 */
export async function takeDownGuard(shard: ShardPlan, work: GuardWork): Promise<string | null> {
  const { index } = shard;
  const linked = await unlessGone(() => prepareLink(shard, { ...work, still: () => true }));
  if (linked !== null) return linked;
  const guard = work.journal.state.shards[index]?.guard;
  const removed = guard && !guard.down?.seen ? await unlessGone(() => removeGuardUser(index, guard.name, work)) : null;
  if (removed !== null) return removed;
  for (const entry of trapEntries(work.journal.state, index)) {
    const problem = await unlessGone(() => restoreSetting(entry, work.journal, work.hands, work.deps));
    if (problem !== null) return problem;
  }
  return null;
}

async function unlessGone(work: () => Promise<string | null>): Promise<string | null> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    return error.kind === 'refused' ? null : error.message;
  }
}

function trapEntries({ ledger }: MigrationState, shard: number): readonly LedgerEntry[] {
  return ledger.filter(
    (one) =>
      one.shard === shard &&
      one.side === 'source' &&
      !one.closed &&
      TRAP.some(({ name, value }) => one.name === name && one.value === value),
  );
}
