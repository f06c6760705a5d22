/** The journal's sentences: one for each kind of event. Written when the row is written, never made up afterwards. */
import { addressOf } from './endpoint.ts';
import type { CutoverStep, Effect, Event, Side } from './event.ts';
import { assertNever } from './phase.ts';
import { fenceAddress, type Plan } from './plan.ts';
import { preflightText } from './preflight/judge.ts';
import { capital, countText, plural, secondsText, shardText } from './words.ts';

export function describe(event: Event, plan: Plan): string {
  switch (event.kind) {
    case 'requested':
      return `<@${event.plan.requestedBy}> asked for “${event.plan.name}”: ${plural(event.plan.shards.length, 'shard')}, cut-over ${event.plan.cutover}.`;
    case 'message_posted':
      return event.why;
    case 'preflight_done':
      return preflightText(event.report);
    case 'clicked':
      return `Pressed ${event.action}.`;
    case 'click_refused':
      return `Refused: ${event.reason}`;
    case 'approved':
      return `<@${event.user}> approved *${event.gate}*${event.wipe ? ', and typed the name: destinations that hold keys may be wiped' : ''}.`;
    case 'recheck_asked':
      return `<@${event.user}> asked to check all servers again.`;
    case 'abort_asked':
      return `<@${event.user}> asked to abort${event.giveUp ? ' once more: what cannot be reached is left as it is' : ''}.`;
    case 'phase_entered':
      return `Now ${event.phase.replaceAll('_', ' ')}. ${event.reason}`;
    case 'intent':
      return `About to ${effectText(event.effect, plan)}.`;
    case 'answered':
      return event.outcome === 'ok'
        ? event.detail
        : `${event.outcome === 'refused' ? 'Not done' : 'Outcome unknown'}: ${event.detail}`;
    case 'seen':
      return `Seen: ${event.detail}`;
    case 'given_up':
      return `Left as it is: ${event.detail}`;
    case 'progress':
      return event.percent >= 100
        ? 'All of the data is on the new servers; they follow the old ones.'
        : `${event.percent} % of the way to in step.`;
    case 'shard_in_step':
      return `${capital(shardText(event.shard))} is in step after ${secondsText(event.seconds)} (${countText(event.keys)} keys).`;
    case 'trouble':
      return `${capital(shardText(event.shard))}: ${event.text}`;
    case 'trouble_over':
      return `${capital(shardText(event.shard))} is well again: ${event.text}`;
    case 'drift':
      return `${capital(shardText(event.shard))}: ${event.text}`;
    case 'cutover_started':
      return `The cut-over begins (attempt ${event.attempt}).`;
    case 'cutover_step':
      return `${stepText(event.step, plan)}${event.reason === '' ? '' : ` ${event.reason}`}`;
    case 'promoted':
      return `${capital(shardText(event.shard))}: ${event.detail}`;
    case 'cutover_let_go':
      return `The cut-over was let go, nothing has changed: ${event.reason}`;
    case 'quiet':
      return `Nobody has tried to write to an old master for ${secondsText(event.seconds)}.`;
    case 'resumed':
      return event.detail;
    case 'summary':
      return event.lines.join('\n');
    default:
      return assertNever(event);
  }
}

function effectText(effect: Effect, plan: Plan): string {
  const shard = plan.shards[effect.shard];
  const source = shard ? addressOf(shard.source) : '?';
  const destination = shard ? addressOf(shard.destination) : '?';
  const server = (side: Side) => (side === 'source' ? source : destination);
  switch (effect.kind) {
    case 'replicate':
      return `make ${destination} a replica of ${source}`;
    case 'fence':
      return effect.up
        ? `put the fence up again at ${source}`
        : `take the fence at ${source} down, which came too late`;
    case 'detach':
      return `make ${destination} a master of its own`;
    case 'set_config':
      return `set ${effect.name} on ${server(effect.side)}: ${effect.why}`;
    case 'restore_config':
      return `put ${effect.name} back on ${server(effect.side)}`;
    default:
      return assertNever(effect);
  }
}

function stepText(step: CutoverStep, plan: Plan): string {
  const all = plan.shards.length === 1 ? 'the source' : `all ${plan.shards.length} sources`;
  const fence = fenceAddress(plan.id);
  switch (step) {
    case 'pause':
      return `Pauses the writes on ${all}.`;
    case 'fence':
      return `Fences ${all} behind ${fence.host}:${fence.port}.`;
    case 'promote':
      return `Every write is on the new servers: promotes ${plural(plan.shards.length, 'destination')}. From here there is only forward.`;
    case 'unpause':
      return `Lets the parked writers go on ${all}: they are told READONLY.`;
    default:
      return assertNever(step);
  }
}

/** Which shard a row concerns; null for all. */
export function shardOf(event: Event): number | null {
  if (event.kind === 'intent') return event.effect.shard;
  return 'shard' in event ? event.shard : null;
}
