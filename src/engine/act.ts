/**
 * Carries out one effect: intent into the journal, the command sent once, the answer into the journal. Whether it took
 * effect is for the next look to say.
 */
import { mustKeep } from '../domain/begin.ts';
import { followAddress } from '../domain/endpoint.ts';
import type { Effect } from '../domain/event.ts';
import { assertNever } from '../domain/phase.ts';
import { fenceAddress } from '../domain/plan.ts';
import { Secret } from '../domain/secret.ts';
import { PasswordUnavailableError } from '../passwords.ts';
import { RedisError } from '../redis/errors.ts';
import type { Outcome } from '../redis/operator.ts';
import { createHands, type Hands, type HandsDeps } from './hands.ts';
import type { Journal } from './journal.ts';
import { changeSetting, restoreSetting } from './ledger.ts';

/** Never rejects for what a server does; rejects when the journal cannot be written. */
export async function act(effect: Effect, journal: Journal, deps: HandsDeps): Promise<void> {
  const entry = journal.state.entry;
  // A person may have aborted while we were asking a server: what was decided before that is not done any more.
  const still = () => journal.state.entry === entry;
  const hands = createHands(journal.state.plan, deps);
  try {
    switch (effect.kind) {
      case 'replicate':
        await replicate(effect, journal, hands, deps, still);
        return;
      case 'detach':
        await send(effect, journal, () => hands.operator(effect.shard, 'destination').followNobody());
        return;
      case 'fence': {
        const { host, port } = fenceAddress(journal.state.plan.id);
        const operator = hands.operator(effect.shard, 'source');
        await send(effect, journal, () => (effect.up ? operator.follow(host, port) : operator.followNobody()));
        return;
      }
      case 'restore_config': {
        const ledger = journal.state.ledger.find((one) => one.intent === effect.ledger);
        if (ledger && !ledger.closed) await restoreSetting(ledger, journal, hands, deps);
        return;
      }
      case 'set_config':
        throw new Error('Settings are changed by the ledger, which knows the old value.');
      default:
        assertNever(effect);
    }
  } catch (error) {
    if (!(error instanceof RedisError) && !(error instanceof PasswordUnavailableError)) throw error;
    // On the way to the command, not by the command: it was not done, and the next attempt begins from the start.
    if (still()) await send(effect, journal, () => Promise.resolve({ kind: 'refused', detail: error.message }));
  } finally {
    hands.close();
  }
}

async function replicate(
  effect: Extract<Effect, { kind: 'replicate' }>,
  journal: Journal,
  hands: Hands,
  deps: HandsDeps,
  still: () => boolean,
): Promise<void> {
  const { shard } = effect;
  const source = journal.state.plan.shards[shard]?.source;
  if (!source) return;
  const password = source.password ? deps.passwords.resolve(source.password) : new Secret('');
  const why =
    password.reveal() === ''
      ? 'its source needs no password, and would refuse one'
      : 'so that it can log in to its source';
  const leader = followAddress(source);
  const overTls = leader.tls
    ? 'so that the link to its source is encrypted'
    : 'its source takes replicas without TLS only';
  // `without`: what a server that lacks the setting does anyway.
  const changes = [
    { name: 'masterauth', value: password, why, without: null },
    { name: 'masteruser', value: source.user ?? '', why, without: '' },
    { name: 'tls-replication', value: leader.tls ? 'yes' : 'no', why: overTls, without: 'no' },
  ];
  for (const change of changes) {
    const { without, ...wanted } = change;
    const problem = await changeSetting({ shard, side: 'destination', ...wanted }, journal, hands, deps, still);
    if (problem !== null && wanted.value !== without) {
      if (still()) await send(effect, journal, async () => ({ kind: 'refused', detail: problem }));
      return;
    }
  }
  await hands.operator(shard, 'destination').warm();
  // The last look before data is given away: the one that decided may be some seconds old. What it shows is told by the
  // next tick, which sees the same.
  const look = await hands.inspector(shard, 'destination').look({ clients: 'none', commandStats: false });
  if (!look.ok || look.facts.role !== 'master' || mustKeep(journal.state, shard, look.facts) !== null) return;
  if (!still()) return;
  await send(effect, journal, () => hands.operator(shard, 'destination').follow(leader.host, leader.port));
}

async function send(effect: Effect, journal: Journal, command: () => Promise<Outcome>): Promise<void> {
  const [intent] = journal.append([{ kind: 'intent', effect }]);
  if (!intent) return;
  const outcome = await command();
  journal.append([{ kind: 'answered', intent: intent.seq, outcome: outcome.kind, detail: outcome.detail }]);
}
