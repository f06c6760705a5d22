/**
 * Makes a destination the replica of its source: what the link needs, what the full sync needs, one more look, and then
 * the one command. Every setting goes through the ledger; a full sync that could not be prepared is tried all the same,
 * a link that could not is not.
 */
import { isParked, mustKeep } from '../domain/begin.ts';
import { type Endpoint, followAddress } from '../domain/endpoint.ts';
import type { Effect, Side } from '../domain/event.ts';
import type { Policy } from '../domain/gate.ts';
import type { ServerFacts, ServerLook } from '../domain/observation.ts';
import type { ShardPlan } from '../domain/plan.ts';
import { rates } from '../domain/rates.ts';
import { Secret } from '../domain/secret.ts';
import { DESTINATION_SYNC_SETTINGS, SOURCE_SYNC_SETTINGS, tuning } from '../domain/tuning.ts';
import { BRIEF } from '../redis/inspector.ts';
import type { Hands, HandsDeps } from './hands.ts';
import type { Journal } from './journal.ts';
import { type Change, changeSetting } from './ledger.ts';
import { send } from './send.ts';

/** How long writes are measured when there was no time to watch them. */
const MEASURE_MS = 500;

export interface SyncDeps extends HandsDeps {
  readonly policy: Pick<Policy, 'tuneSyncs'>;
}

interface Work {
  readonly journal: Journal;
  readonly hands: Hands;
  readonly deps: SyncDeps;
  /** Whether what was decided still holds. */
  readonly still: () => boolean;
}

type Replicate = Extract<Effect, { kind: 'replicate' }>;

export async function replicate(effect: Replicate, work: Work): Promise<void> {
  const { journal, hands, still } = work;
  const { shard } = effect;
  const plan = journal.state.plan.shards[shard];
  if (!plan) return;
  const problem = await prepareLink(plan, work);
  if (problem !== null) {
    if (still()) await send(effect, journal, async () => ({ kind: 'refused', detail: problem }));
    return;
  }
  if (work.deps.policy.tuneSyncs) await prepareSync(effect, work);
  await hands.operator(shard, 'destination').warm();
  // The last look before data is given away: the one that decided may be some seconds old. What it shows is told by the
  // next tick, which sees the same.
  const look = await lookAt(hands, shard, 'destination', []);
  if (!look.ok || !mayBeWiped(journal, shard, look.facts) || !still()) return;
  const leader = followAddress(plan.source);
  await send(effect, journal, () => hands.operator(shard, 'destination').follow(leader.host, leader.port));
}

function mayBeWiped({ state }: Journal, shard: number, destination: ServerFacts): boolean {
  const record = state.shards[shard];
  if (record && isParked(state, record, destination)) return true;
  return destination.role === 'master' && mustKeep(state, shard, destination) === null;
}

/** What the destination needs to follow its source. Null when it is set, or a sentence about why not. */
export function prepareLink(
  { source, index }: ShardPlan,
  work: LinkWork,
  until: Change['until'] = 'end',
): Promise<string | null> {
  const readOnly = {
    name: 'slave-read-only',
    value: 'yes',
    why: 'so that nobody but its source writes to the copy',
    without: 'yes',
  };
  return changeAll(index, 'destination', [...loginTo(source, work.deps), readOnly], work, until);
}

/** What the old server needs to follow the new one. Null when it is set, or a sentence about why not. */
export function prepareLinkBack({ destination, index }: ShardPlan, work: LinkWork): Promise<string | null> {
  return changeAll(index, 'source', loginTo(destination, work.deps), work, 'end');
}

type LinkWork = Pick<Work, 'journal' | 'hands' | 'still'> & { readonly deps: HandsDeps };

/** `without`: what a server that lacks the setting does anyway. */
interface Wanted {
  readonly name: string;
  readonly value: string | Secret;
  readonly why: string;
  readonly without: string | null;
}

/** What a replica needs to log in to its master. */
function loginTo(master: Endpoint, { passwords }: HandsDeps): Wanted[] {
  const password = master.password ? passwords.resolve(master.password) : new Secret('');
  const why =
    password.reveal() === ''
      ? 'its master needs no password, and would refuse one'
      : 'so that it can log in to its master';
  const { tls } = followAddress(master);
  const overTls = tls ? 'so that the link to its master is encrypted' : 'its master takes replicas without TLS only';
  return [
    { name: 'masterauth', value: password, why, without: null },
    { name: 'masteruser', value: master.user ?? '', why, without: '' },
    { name: 'tls-replication', value: tls ? 'yes' : 'no', why: overTls, without: 'no' },
  ];
}

async function changeAll(
  shard: number,
  side: Side,
  changes: readonly Wanted[],
  { journal, hands, deps, still }: LinkWork,
  until: Change['until'],
): Promise<string | null> {
  for (const { without, ...wanted } of changes) {
    const change = { shard, side, until, ...wanted };
    const problem = await changeSetting(change, journal, hands, deps, still);
    if (problem !== null && wanted.value !== without) return problem;
  }
  return null;
}

/** Widens what would break the full sync off. What a server refuses is in the journal; the loop alarm tells the rest. */
async function prepareSync(effect: Replicate, { journal, hands, deps, still }: Work): Promise<void> {
  const { shard } = effect;
  const [source, destination] = await Promise.all([
    lookAt(hands, shard, 'source', SOURCE_SYNC_SETTINGS),
    lookAt(hands, shard, 'destination', DESTINATION_SYNC_SETTINGS),
  ]);
  if (!source.ok || !destination.ok) return;
  const tunes = tuning({
    source: source.facts,
    destination: destination.facts,
    writeBytesPerSecond: effect.writeBytesPerSecond ?? (await measured(source, shard, hands, deps)),
    tookSeconds: null,
    settings: {
      source: source.settings?.values ?? new Map(),
      destination: destination.settings?.values ?? new Map(),
    },
  });
  for (const tune of tunes) await changeSetting({ shard, until: 'end', ...tune }, journal, hands, deps, still);
}

/** Nobody has watched yet: what the network brings in a moment. Null where the server does not count it. */
async function measured(first: ServerLook, shard: number, hands: Hands, deps: HandsDeps): Promise<number | null> {
  if (!first.ok || first.facts.netInputBytes === null) return null;
  await deps.clock.sleep(MEASURE_MS);
  const second = await lookAt(hands, shard, 'source', []);
  return rates(second, first)((facts) => facts.netInputBytes);
}

function lookAt(hands: Hands, shard: number, side: Side, settings: readonly string[]): Promise<ServerLook> {
  return hands.inspector(shard, side).look({ ...BRIEF, settings });
}
