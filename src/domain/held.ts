/**
 * Drift watch while shards follow: somebody else changed a role, a master, the read-only flag or a setting of ours. The
 * shard is held: nothing is done to it any more and the switch stays closed, until it is as it was or a person has said
 * to go on with it as it is. What was seen before and what is seen now is told once. Pure.
 */

import { isBehindFence, restartRows } from './drift.ts';
import { addressOf, followAddress, isAt } from './endpoint.ts';
import type { Event } from './event.ts';
import type { ServerLook } from './observation.ts';
import type { ShardPlan } from './plan.ts';
import { recordOf, type ShardSight, type Sight } from './sight.ts';
import type { Held, LedgerEntry, MigrationState } from './state.ts';
import { capital, quoted, shardText } from './words.ts';

/** A reading that began so soon after our own change may show what was before it. */
const SETTLE_MS = 1_000;

/** Rows of what is held from now on, and of what is as it was again. */
export function heldRows(state: MigrationState, one: ShardSight): Event[] {
  const record = recordOf(state, one);
  const plan = state.plan.shards[one.verdict.shard];
  if (!plan || record.replicate?.seen !== true || record.promoted) return [];
  const seen = [...roles(state, plan, one), ...settings(state, one)];
  const { shard } = one.verdict;
  const known = (held: Held) => record.held.some((other) => isSame(held, other));
  const fresh = seen.filter((held) => !known(held));
  const over = record.held.filter((held) => isAsBefore(state, held, one) && !seen.some((other) => isSame(held, other)));
  return [
    ...fresh.map((held): Event => ({ kind: 'held', shard, ...held })),
    ...over.map(({ side, what, ledger }): Event => {
      const text = `the ${side} is as it was again.`;
      return { kind: 'released', shard, side, what, ledger, by: null, text };
    }),
  ];
}

/** What a click on "go on" lets go, with the words for the journal. Roles and masters are mended at the server only. */
export function releaseRows(state: MigrationState, sight: Sight, user: string): Event[] {
  return releasable(state, sight).map(({ index, held }): Event => {
    const { side, what, ledger, text } = held;
    const words = `goes on although ${text}${ledger === null ? '' : ' It is left so at the end, too.'}`;
    return { kind: 'released', shard: index, side, what, ledger, by: user, text: words };
  });
}

/** What a person may agree to now. A copy that still takes writes would be another one again by the next look. */
function releasable(state: MigrationState, { shards }: Sight) {
  return allHeld(state).filter(({ held, index }) => {
    if (held.what !== 'read_only') return held.what === 'setting';
    const look = shards?.find((one) => one.verdict.shard === index)?.look[held.side];
    return look?.ok === true && look.facts.replication.readOnly !== false;
  });
}

function allHeld(state: MigrationState): readonly { readonly held: Held; readonly index: number }[] {
  return state.shards.flatMap(({ held, index }) => held.map((one) => ({ held: one, index })));
}

/** What is held, as one sentence; null when nothing is. */
export function heldText(state: MigrationState): string | null {
  const all = allHeld(state);
  const [first] = all;
  if (!first) return null;
  const rest = all.length > 1 ? ` And ${all.length - 1} more; the thread has them.` : '';
  return `${capital(shardText(first.index))}: ${first.held.text} ${ASK[first.held.what]}${rest}`;
}

const ASK: Readonly<Record<Held['what'], string>> = {
  role: 'Put it back as it was, or abort.',
  master: 'Put it back as it was, or abort.',
  read_only: 'Set it to yes again, look for what was written there, then say to go on; or abort.',
  setting: 'Put it back, or say to go on with it as it is.',
};

export function canResume(state: MigrationState, sight: Sight): boolean {
  return releasable(state, sight).length > 0;
}

/** Seen to be as it was, not just not seen. A copy that took writes stays another one, whatever the flag says later. */
function isAsBefore(state: MigrationState, { what, side, ledger }: Held, { look }: ShardSight): boolean {
  if (what !== 'setting') return what !== 'read_only' && look[side].ok;
  const entry = state.ledger.find(
    (one) => one.intent === ledger && !one.closed && !one.outlived && one.restore === null,
  );
  return entry === undefined || readingOf(entry, look[side]) === entry.value;
}

function isSame(one: Held, other: Held): boolean {
  return one.side === other.side && one.what === other.what && one.ledger === other.ledger;
}

function roles(state: MigrationState, plan: ShardPlan, one: ShardSight): Held[] {
  const { look } = one;
  const found: Held[] = [];
  const add = (side: Held['side'], what: Held['what'], text: string) => found.push({ side, what, ledger: null, text });
  const leader = followAddress(plan.source);
  const { source, destination } = look;
  if (source.ok && source.facts.role === 'replica' && !isBehindFence(state, source)) {
    const { master } = source.facts.replication;
    const now = master ? `a replica of ${addressOf(master)}` : 'a replica';
    add('source', 'role', `${addressOf(plan.source)} was a master and is ${now} now, which is not our doing.`);
  }
  if (!destination.ok) return found;
  const name = addressOf(plan.destination);
  const { role, replication } = destination.facts;
  const before = `was a replica of ${addressOf(leader)}`;
  if (role === 'master') add('destination', 'role', `${name} ${before} and is a master now, which is not our doing.`);
  else if (!isAt(replication.master, leader) && !(recordOf(state, one).parked && isBehindFence(state, destination))) {
    const now = replication.master ? addressOf(replication.master) : 'nobody';
    add('destination', 'master', `${name} ${before} and follows ${now} now, which is not our doing.`);
  }
  if (role === 'replica' && replication.readOnly === false) {
    const text = `${name} refused writes as a replica and takes them now (replica-read-only no), which is not our doing: what is written there is not on its source.`;
    add('destination', 'read_only', text);
  }
  return found;
}

/** Settings of a process that has ended are nobody's doing: the server has those of its file again. */
function settings(state: MigrationState, one: ShardSight): Held[] {
  const { look, verdict } = one;
  const restarted = restartRows(state, recordOf(state, one), one);
  return state.ledger.flatMap((entry): Held[] => {
    if (entry.shard !== verdict.shard || entry.closed || entry.restore !== null) return [];
    if (entry.outlived || restarted.some((row) => row.kind === 'drift' && row.side === entry.side)) return [];
    const now = readingOf(entry, look[entry.side]);
    if (now === null || now === entry.value) return [];
    const plan = state.plan.shards[entry.shard];
    const name = plan ? addressOf(plan[entry.side]) : entry.side;
    const text = `${entry.name} on ${name} was set to ${quoted(entry.value ?? '')} by us and is ${quoted(now)} now.`;
    return [{ side: entry.side, what: 'setting', ledger: entry.intent, text }];
  });
}

/** The setting's value now; null when it is a secret, was not seen to be ours yet, or was not read since. */
function readingOf(entry: LedgerEntry, look: ServerLook): string | null {
  if (!entry.set || entry.value === null || !look.ok || look.settings === null) return null;
  if (look.settings.at < entry.touchedAt + SETTLE_MS) return null;
  return look.settings.values.get(entry.name) ?? null;
}
