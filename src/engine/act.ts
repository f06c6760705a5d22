/**
 * Carries out one effect: intent into the journal, the command sent once, the answer into the journal. Whether it took
 * effect is for the next look to say.
 */
import type { Effect } from '../domain/event.ts';
import { assertNever } from '../domain/phase.ts';
import { fenceAddress } from '../domain/plan.ts';
import { fullSyncsSince } from '../domain/verdict.ts';
import { PasswordUnavailableError } from '../passwords.ts';
import { RedisError } from '../redis/errors.ts';
import { fenceAgain } from './cutover/fence-oldest.ts';
import { followBack } from './cutover/follow-back.ts';
import { closeReplica, removeGuardUser } from './cutover/resync-guard.ts';
import { createHands, type Hands, type HandsDeps } from './hands.ts';
import type { Journal } from './journal.ts';
import { changeSetting, restoreSetting } from './ledger.ts';
import { replicate, type SyncDeps } from './replicate.ts';
import { send } from './send.ts';

/** Never rejects for what a server does; rejects when the journal cannot be written. */
export async function act(effect: Effect, journal: Journal, deps: SyncDeps): Promise<void> {
  const { entry, cutoverAttempts } = journal.state;
  // A person may have aborted, a cut-over begun, or somebody changed the server, while we were asking it: what was decided
  // before that is not done any more.
  const sameEntry = () => journal.state.entry === entry && journal.state.cutoverAttempts === cutoverAttempts;
  const still = () => sameEntry() && journal.state.shards[effect.shard]?.held.length === 0;
  const hands = createHands(journal.state.plan, deps);
  try {
    switch (effect.kind) {
      case 'replicate':
        await replicate(effect, { journal, hands, deps, still });
        return;
      case 'follow_back':
        await followBack(effect, journal, hands, deps);
        return;
      case 'detach':
        await send(effect, journal, () => hands.operator(effect.shard, 'destination').followNobody());
        return;
      case 'park': {
        const { host, port } = fenceAddress(journal.state.plan.id);
        const operator = hands.operator(effect.shard, 'destination');
        // Opening a connection may take seconds: by then the copy may be over, or the new server a master.
        await operator.warm();
        if (!still()) return;
        await send(effect, journal, () => operator.follow(host, port));
        return;
      }
      case 'fence': {
        const side = effect.side ?? 'source';
        await hands.operator(effect.shard, side).warm();
        if (!sameEntry()) return;
        await send(effect, journal, () => fenceAgain(effect.shard, side, effect.up, journal, hands, deps));
        return;
      }
      case 'guard_user':
        // One that is to be made is made by the opening, which knows its password.
        if (!effect.up) await removeGuardUser(effect.shard, effect.user, { journal, hands, deps });
        return;
      case 'close_replica': {
        const problem = await closeReplica(effect.shard, { journal, hands, deps });
        if (problem !== null) await send(effect, journal, async () => ({ kind: 'refused', detail: problem }));
        return;
      }
      case 'tune':
        await tune(effect, journal, hands, deps, still);
        return;
      case 'restore_config': {
        const ledger = journal.state.ledger.find((one) => one.intent === effect.ledger);
        if (ledger && !ledger.closed) await restoreSetting(ledger, journal, hands, deps);
        return;
      }
      case 'try_link':
      case 'end_trial':
        throw new Error('Links are tried by preflight.');
      case 'acl_lock':
      case 'resync':
        throw new Error('Servers are locked and let go by a cut-over.');
      case 'shutdown':
        throw new Error('Old servers are shut down by the axe.');
      case 'set_config':
        throw new Error('Settings are changed by the ledger, which knows the old value.');
      default:
        assertNever(effect);
    }
  } catch (error) {
    if (!(error instanceof RedisError) && !(error instanceof PasswordUnavailableError)) throw error;
    // On the way to the command, not by the command: it was not done, and the next attempt begins from the start.
    if (sameEntry()) await send(effect, journal, () => Promise.resolve({ kind: 'refused', detail: error.message }));
  } finally {
    hands.close();
  }
}

/** The changes that an approver agreed to, each through the ledger; told with what came of them. */
async function tune(
  effect: Extract<Effect, { kind: 'tune' }>,
  journal: Journal,
  hands: Hands,
  deps: HandsDeps,
  still: () => boolean,
): Promise<void> {
  const { shard } = effect;
  const told: string[] = [];
  for (const { side, name, value, why } of effect.changes) {
    const change = { shard, side, name, value, why, until: 'end' as const };
    // Told and over, like a refusal: else it would be tried again every second, with a row each time.
    const problem = await changeSetting(change, journal, hands, deps, still).catch((error: unknown) => {
      if (error instanceof RedisError) return error.message;
      throw error;
    });
    told.push(problem === null ? `${name} is set on the ${side}.` : `${name} could not be set: ${problem}`);
  }
  const source = await hands.inspector(shard, 'source').look({ clients: 'none', commandStats: true });
  const before = journal.state.shards[shard]?.before ?? null;
  const fullSyncs = (source.ok ? fullSyncsSince(before, source.facts) : null) ?? 0;
  journal.append([{ kind: 'tuned', shard, fullSyncs, text: told.join(' ') }]);
}
