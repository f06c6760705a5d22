/** Putting back: settings of the ledger, and destinations that stop following when a migration is aborted. Pure. */
import { type Decision, NOTHING } from './decision.ts';
import { fenceEffects, isBehindFence } from './drift.ts';
import { isDue } from './due.ts';
import { addressOf, followAddress, isAt } from './endpoint.ts';
import type { Effect, Event } from './event.ts';
import { closeFirst, guardRemoval, isGuarding } from './overlap.ts';
import type { Sight } from './sight.ts';
import type { LedgerEntry, MigrationState } from './state.ts';
import { abortSummary } from './summary.ts';
import { capital, shardText } from './words.ts';

/** A look that began before the answer may end after it: what it shows counts only this long after. */
const SETTLE_MS = 1_000;
/** How often a server may refuse to take a setting back before it is left as it is, with a word. */
const MOST_ATTEMPTS = 4;
/** How long an old server that does not answer is waited for before its settings are left as they are. */
const SOURCE_PATIENCE_MS = 30_000;

interface Detaching {
  readonly effects: Effect[];
  readonly rows: Event[];
  readonly waits: string[];
}

/**
 * Destinations that follow stop following, and sources that never stopped being masters stay so. Destinations that
 * writes had gone over to, and have left again, stay fenced.
 */
export function detaching(state: MigrationState, sight: Sight): Detaching {
  const effects: Effect[] = [];
  const rows: Event[] = [];
  const waits: string[] = [];
  const late = lateFences(state, sight);
  for (const record of state.shards) {
    const begun = record.replicate !== null || record.trial !== null;
    if (!begun || record.returned || record.stays || record.detach?.seen || record.detach?.givenUp) continue;
    const look = sight.shards?.[record.index]?.look.destination;
    const plan = state.plan.shards[record.index];
    if (!plan) continue;
    const name = addressOf(plan.destination);
    if (!look?.ok) {
      const why = look ? look.problem.text : `${name} has not been looked at yet.`;
      if (look && state.giveUp) {
        const detail = `${why} It may still be a replica: run REPLICAOF NO ONE on it when it is back.`;
        rows.push({ kind: 'given_up', what: 'detach', ledger: null, shard: record.index, detail });
      } else {
        const once = state.phase === 'aborting' ? 'Abort once more' : 'Abort';
        waits.push(`${capital(shardText(record.index))}: ${why} ${once} to leave it as it is.`);
      }
      continue;
    }
    const close = closeFirst(state, record, sight);
    if (typeof close === 'string') waits.push(close);
    else if (close !== null) effects.push(close);
    if (close !== null) continue;
    const { detach } = record;
    const { master } = look.facts.replication;
    if (master !== null && !isAt(master, followAddress(plan.source)) && !isBehindFence(state, look)) {
      const detail = `${name} follows ${addressOf(master)} by now, which is not our doing. It is left so.`;
      rows.push({ kind: 'given_up', what: 'detach', ledger: null, shard: record.index, detail });
      continue;
    }
    // Sent even to a master: an order to follow may be on its way still. Believed a moment after it was answered.
    if (
      detach !== null &&
      detach.outcome !== 'pending' &&
      look.facts.role === 'master' &&
      Math.abs(sight.wallNow - detach.at) >= SETTLE_MS
    ) {
      rows.push({ kind: 'seen', intent: detach.intent, detail: `${name} follows nobody.` });
    } else if (isDue(detach, sight.wallNow)) effects.push({ kind: 'detach', shard: record.index });
    else
      waits.push(
        `${capital(shardText(record.index))}: ${detach?.outcome === 'refused' ? detach.detail : `waits to see ${name} as a master.`}`,
      );
  }
  return { effects: [...effects, ...late.effects], rows, waits: [...waits, ...late.waits] };
}

/** Sources whose writes have not gone over go on as masters: a fence that arrived too late must not outlive the migration. */
function lateFences(state: MigrationState, sight: Sight): { readonly effects: Effect[]; readonly waits: string[] } {
  const stays = (shard: number) => {
    const record = state.shards[shard];
    return record != null && record.replicate !== null && !record.promoted && !record.returned;
  };
  const waits = (sight.shards ?? []).flatMap(({ look, verdict }) =>
    stays(verdict.shard) && !state.giveUp && isBehindFence(state, look.source)
      ? [`${capital(shardText(verdict.shard))}: the fence at its source came too late and is being taken down.`]
      : [],
  );
  return { effects: fenceEffects(state, sight).filter((one) => stays(one.shard)), waits };
}

export function aborting(state: MigrationState, sight: Sight): Decision {
  const { effects, rows, waits } = detaching(state, sight);
  const guard = guardRemoval(state, sight);
  effects.push(...guard.effects);
  rows.push(...guard.rows);
  waits.push(...guard.waits);
  const restore = restoreAll(state, sight, 'all');
  const done = effects.length === 0 && rows.length === 0 && waits.length === 0 && restore.left === 0;
  return {
    ...NOTHING,
    effects: [...effects, ...restore.effects],
    rows: [...rows, ...restore.rows, ...(done ? [abortSummary(state, sight)] : [])],
    enter: done ? { phase: 'aborted', reason: 'Every destination follows nobody, settings are put back.' } : null,
    waitingFor: waits[0] ?? restore.waitingFor ?? 'Puts everything back.',
  };
}

/** Puts settings back, where their server answers. An old server that stays away is left as it is, with a word. */
export function restoreAll(state: MigrationState, sight: Sight, which: 'cutover' | 'all') {
  const effects: Effect[] = [];
  const rows: Event[] = [];
  let waitingFor: string | null = null;
  let left = 0;
  for (const entry of state.ledger) {
    if (entry.closed || (which === 'cutover' && entry.until === 'end')) continue;
    left += 1;
    if (which === 'all' && isGuarding(state, entry)) {
      waitingFor = `${entry.name} is put back once the destination of ${shardText(entry.shard)} follows nobody.`;
      continue;
    }
    const record = state.shards[entry.shard];
    const trapped = entry.until === 'trial' && record?.trial != null && !record.detach?.seen && !record.detach?.givenUp;
    if (trapped) {
      // Who still waits in the trap would be served as soon as it is open.
      waitingFor = `${entry.name} is put back once the destination of ${shardText(entry.shard)} follows nobody.`;
      continue;
    }
    const kept = which === 'all' ? keptAtFence(state, entry) : null;
    if (kept !== null) {
      rows.push({ kind: 'given_up', what: 'setting', ledger: entry.intent, shard: entry.shard, detail: kept });
      continue;
    }
    const look = sight.shards?.[entry.shard]?.look[entry.side];
    if (look?.ok) {
      const { restore } = entry;
      const often = restore !== null && restore.attempts >= MOST_ATTEMPTS;
      const refused = restore?.outcome === 'refused' && (state.giveUp || often);
      // Sent four times, and time enough to see it.
      const hopeless = refused || (often && isDue(restore, sight.wallNow));
      if (hopeless && which === 'all') {
        const why = restore?.outcome === 'ok' ? 'it is taken and does not show.' : (restore?.detail ?? '');
        const detail = `${entry.name} could not be put back on the ${entry.side} of ${shardText(entry.shard)}: ${why}`;
        rows.push({ kind: 'given_up', what: 'setting', ledger: entry.intent, shard: entry.shard, detail });
      } else if (isDue(restore, sight.wallNow)) effects.push(restoreEffect(entry));
      else if (restore?.outcome === 'refused') waitingFor = `${entry.name} cannot be put back: ${restore.detail}`;
      continue;
    }
    if (!look || which === 'cutover') continue;
    // Looks from before a turn are forgotten: one that comes late behind it is not a server that stays away.
    const patience = sight.wallNow - Math.max(state.phaseSince, state.turnedAt) > SOURCE_PATIENCE_MS;
    if (state.giveUp || (entry.side === 'source' && patience)) {
      const detail = `${entry.name} was not put back on the ${entry.side}: ${look.problem.text}`;
      rows.push({ kind: 'given_up', what: 'setting', ledger: entry.intent, shard: entry.shard, detail });
    } else
      waitingFor = `${entry.name} has to be put back on the ${entry.side} of ${shardText(entry.shard)}: ${look.problem.text}`;
  }
  return { effects, rows, waitingFor, left };
}

/** A new server that writes have left again stays behind its fence, which keeps nobody out of a replica that takes writes. */
function keptAtFence(state: MigrationState, { shard, side, name, value }: LedgerEntry): string | null {
  const plan = state.plan.shards[shard];
  const fenced = side === 'destination' && state.shards[shard]?.returned === true;
  if (!plan || !fenced || name !== 'slave-read-only' || value !== 'yes') return null;
  const address = addressOf(plan.destination);
  return `${name} stays yes on ${address}, for its fence would let writes in without it. CONFIG SET ${name} no on it once it is released.`;
}

function restoreEffect(entry: LedgerEntry): Effect {
  return { kind: 'restore_config', shard: entry.shard, side: entry.side, name: entry.name, ledger: entry.intent };
}
