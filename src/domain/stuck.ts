/**
 * A promotion that was sent and cannot be seen any more: the new server was restarted in that very moment, or is gone.
 * There is only forward by itself; a person may decide that the old server, which is fenced and has every write that was
 * acknowledged before, takes the writes again. Pure.
 */
import { type Case, type ClickVerdict, OLD_COPY, tooOld } from './click-verdict.ts';
import { addressOf } from './endpoint.ts';
import type { MigrationState } from './state.ts';
import { capital, listText, plural, shardText } from './words.ts';

/** Shards about which a person has still to decide. Indices from 0. */
export function undecided({ phase, cutover }: MigrationState): readonly number[] {
  if (phase !== 'switching' || cutover?.step !== 'promote') return [];
  return cutover.stuck.map((one) => one.shard).filter((shard) => !cutover.givenUp.includes(shard));
}

/** What the button does, with what is given up. */
export function serveOldText(state: MigrationState): string {
  const shards = undecided(state);
  const old = shards.map((shard) => oldServer(state, shard));
  const fresh = shards.map((shard) => {
    const plan = state.plan.shards[shard];
    return plan ? addressOf(plan.destination) : '?';
  });
  const rest = (state.cutover?.shards.length ?? 0) - shards.length;
  const others =
    rest > 0 ? ` ${plural(rest, 'other shard')} of this switch ${rest === 1 ? 'stays' : 'stay'} on the new side.` : '';
  const take = shards.length === 1 ? 'takes' : 'take';
  return `${capital(listText(shards.map(shardText)))}: ${listText(old)} ${take} the writes again, with every write that was acknowledged before the switch. Whatever was written to ${listText(fresh)} since is given up: make sure that no application writes there.${others}`;
}

function oldServer(state: MigrationState, shard: number): string {
  const plan = state.plan.shards[shard];
  return plan ? addressOf(plan.source) : '?';
}

export function judgeServeOld({ click, state, sight, policy, rights, refuse }: Case): ClickVerdict {
  const { event, seq } = click;
  if (!rights.approve.ok) return refuse(rights.approve.why);
  const shards = undecided(state);
  if (shards.length === 0) return refuse('Every promotion of this switch was seen, or is still awaited.');
  if (event.entry !== null && event.entry < state.told) return refuse(OLD_COPY);
  const old = tooOld(click, sight.wallNow, policy);
  if (old !== null) return refuse(old);
  if (event.typedName?.trim() !== state.plan.name) return refuse('Use the form: it takes the name of the migration.');
  return {
    accepted: true,
    rows: [{ kind: 'serve_old_asked', user: event.user, click: seq, shards }],
    text: `The old ${shards.length === 1 ? 'server takes' : 'servers take'} the writes of ${listText(shards.map(shardText))} again.`,
  };
}
