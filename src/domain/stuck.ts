/**
 * A promotion that was sent and cannot be seen any more: the server that was to take the writes was restarted in that very
 * moment, or is gone. There is only forward by itself; a person may decide that the one that they were leaving, which is
 * fenced and has every write that was acknowledged before, takes them again: the old server in a switch, the new one in a
 * roll back. A roll back that is ended so for some of its shards ends there. Pure.
 */
import { hasGone } from './canary.ts';
import { type Case, type ClickVerdict, OLD_COPY, tooOld } from './click-verdict.ts';
import { addressOf } from './endpoint.ts';
import type { Side } from './event.ts';
import type { Phase } from './phase.ts';
import type { MigrationState } from './state.ts';
import { capital, listText, plural, shardText } from './words.ts';

/** Shards about which a person has still to decide. Indices from 0. */
export function undecided(state: MigrationState): readonly number[] {
  const { phase, cutover } = state;
  if (!canDecide(phase) || cutover?.step !== 'promote') return [];
  // One whose promotion was seen after all has every write, and takes them: nobody may give it up.
  return cutover.stuck
    .map((one) => one.shard)
    .filter((shard) => !cutover.givenUp.includes(shard) && !hasGone(state, cutover.way, shard));
}

/** Whether a person may be asked in this phase. At the end of an overlap both sides have taken writes: that is done by hand. */
export function canDecide(phase: Phase): boolean {
  return phase === 'switching' || phase === 'rolling_back';
}

/** What the button says: which server takes the writes again. */
export function serveLabel({ phase }: MigrationState): string | undefined {
  return phase === 'rolling_back' ? 'Serve from the new server' : undefined;
}

/** What the button does, with what is given up. */
export function serveOldText(state: MigrationState): string {
  const shards = undecided(state);
  const isBack = state.phase === 'rolling_back';
  const left = addresses(state, shards, isBack ? 'destination' : 'source');
  const lost = addresses(state, shards, isBack ? 'source' : 'destination');
  const { cutover } = state;
  const rest = (cutover?.shards ?? []).filter((shard) => cutover && hasGone(state, cutover.way, shard)).length;
  const stays = rest === 1 ? 'stays' : 'stay';
  const where = isBack
    ? `of this roll back ${stays} on the old side, and the migration ends so`
    : `of this switch ${stays} on the new side`;
  const others = rest > 0 ? ` ${plural(rest, 'other shard')} ${where}.` : '';
  const take = shards.length === 1 ? 'takes' : 'take';
  const before = isBack ? 'the roll back' : 'the switch';
  return `${capital(listText(shards.map(shardText)))}: ${left} ${take} the writes again, with every write that was acknowledged before ${before}. Whatever was written to ${lost} since is given up: make sure that no application writes there.${others}`;
}

function addresses({ plan }: MigrationState, shards: readonly number[], side: Side): string {
  return listText(
    shards.map((shard) => {
      const one = plan.shards[shard];
      return one ? addressOf(one[side]) : '?';
    }),
  );
}

/** `the old server takes the writes of shard 2`. */
function serving(phase: Phase, shards: readonly number[]): string {
  const which = phase === 'rolling_back' ? 'new' : 'old';
  return `the ${which} ${shards.length === 1 ? 'server takes' : 'servers take'} the writes of ${listText(shards.map(shardText))}`;
}

export function judgeServeOld({ click, state, sight, policy, rights, refuse }: Case): ClickVerdict {
  const { event, seq } = click;
  if (!rights.approve.ok) return refuse(rights.approve.why);
  const shards = undecided(state);
  if (shards.length === 0) return refuse('Every promotion was seen, or is still awaited.');
  if (event.entry !== null && event.entry < state.told) return refuse(OLD_COPY);
  const old = tooOld(click, sight.wallNow, policy);
  if (old !== null) return refuse(old);
  if (event.typedName?.trim() !== state.plan.name) return refuse('Use the form: it takes the name of the migration.');
  return {
    accepted: true,
    rows: [{ kind: 'serve_old_asked', user: event.user, click: seq, shards, way: state.cutover?.way ?? 'over' }],
    text: `${capital(serving(state.phase, shards))} again.`,
  };
}
