/** The journal's sentences: one for each kind of event. Written when the row is written, never made up afterwards. */
import { canaryText } from './canary.ts';
import { describeApproval } from './describe-approvals.ts';
import { addressOf } from './endpoint.ts';
import type { Effect, Event, Side } from './event.ts';
import { overrideText } from './finish-gate.ts';
import { sentText } from './hook-words.ts';
import { assertNever } from './phase.ts';
import { fenceAddress, type Plan } from './plan.ts';
import { preflightText } from './preflight/judge.ts';
import { scheduleText } from './schedule-words.ts';
import { tuneText } from './sync-alarm.ts';
import { callingNobody, capital, countText, listText, plural, secondsText, shardText } from './words.ts';

function reasonText({ reason }: Plan): string {
  return reason === undefined ? '' : ` Why: “${callingNobody(reason)}”.`;
}

export function describe(event: Event, plan: Plan): string {
  switch (event.kind) {
    case 'requested':
      return `<@${event.plan.requestedBy}> asked for “${callingNobody(event.plan.name)}”: ${plural(event.plan.shards.length, 'shard')}, cut-over ${event.plan.cutover}${canaryText(event.plan.canary)}${scheduleText(event.plan.schedule)}.${reasonText(event.plan)}`;
    case 'message_posted':
      return event.why;
    case 'preflight_done':
      return preflightText(event.report);
    case 'clicked':
      return `Pressed ${event.action}.`;
    case 'click_refused':
      return `Refused: ${event.reason}`;
    case 'approved':
    case 'approval_revoked':
    case 'approvals_void':
    case 'approval_needed':
    case 'reminded':
    case 'gate_denied':
    case 'denial_revoked':
    case 'asked_again':
    case 'glass_broken':
      return describeApproval(event, plan);
    case 'recheck_asked':
      return `<@${event.user}> asked to check all servers again.`;
    case 'abort_asked':
      return `<@${event.user}> asked to ${event.giveUp ? 'leave what cannot be reached as it is' : 'abort'}.`;
    case 'override_asked':
      return `Gate *finish* was ${overrideText(event)}`;
    case 'rollback_asked':
      return `<@${event.user}> asked to roll back: the old servers are to take the writes again.`;
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
    case 'trial_over':
      return `${capital(shardText(event.shard))}: ${event.text}`;
    case 'sync_alarm':
      return `${capital(shardText(event.shard))}: ${event.text}${event.tune.length === 0 ? '' : ` What would mend it: ${tuneText([event])}.`}`;
    case 'sync_alarm_over':
      return `${capital(shardText(event.shard))}: ${event.text}`;
    case 'tune_asked':
      return `<@${event.user}> let the bot change the settings that the alarm named.`;
    case 'tuned':
      return `${capital(shardText(event.shard))}: ${event.text}`;
    case 'held':
      return `${capital(shardText(event.shard))} is held, nothing is done to it: ${event.text}`;
    case 'resume_asked':
      return `<@${event.user}> said to go on with the servers as they are now.`;
    case 'released':
      return `${capital(shardText(event.shard))} is not held any more: ${event.text}`;
    case 'cutover_started':
      return startText(event, plan);
    case 'cutover_step':
      return `${stepText(event, plan)}${event.reason === '' ? '' : ` ${event.reason}`}`;
    case 'promoted':
      return `${capital(shardText(event.shard))}: ${event.detail}`;
    case 'way_back':
      return `${capital(shardText(event.shard))}: the way back is ${event.open ? 'open' : 'closed'}. ${event.text}`;
    case 'soak':
      return `${capital(shardText(event.shard))} ${event.text}`;
    case 'stuck':
      return event.text;
    case 'serve_old_asked': {
      const [back, given] = event.way === 'back' ? ['new', 'old'] : ['old', 'new'];
      const [take, ones] = event.shards.length === 1 ? ['server takes', 'one'] : ['servers take', 'ones'];
      return `<@${event.user}> decided: the ${back} ${take} the writes of ${listText(event.shards.map(shardText))} again. What was written to the ${given} ${ones} since is given up.`;
    }
    case 'cutover_let_go':
      return event.partly
        ? `The cut-over was let go for the shards that had not been promoted: ${event.reason}`
        : `The cut-over was let go, nothing has changed: ${event.reason}`;
    case 'axe_asked':
      return `<@${event.user}> asked to shut down the old servers.`;
    case 'overlap_opened':
      return `The new servers of ${plural(event.shards.length, 'shard')} take writes beside the old ones.`;
    case 'axed':
    case 'conflict':
      return `${capital(shardText(event.shard))}: ${event.text}`;
    case 'hook_due':
      return `About to send the webhook *${event.hook}*: ${event.text}`;
    case 'hook_sent':
      return sentText(event);
    case 'schedule_cancelled':
      return `<@${event.user}> cancelled the schedule: nothing happens by itself any more.${event.approvals ? ' Approvals that were given beforehand are void.' : ''}`;
    case 'start_late':
    case 'window':
      return event.text;
    case 'quiet':
      return `Nobody has tried to write to an old master for ${secondsText(event.seconds)}.`;
    case 'slack_away':
      return `Slack did not take updates from ${utcText(event.from)} to ${utcText(event.to)} UTC; the migration went on.`;
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
  const fence = addressOf(fenceAddress(plan.id));
  const server = (side: Side) => (side === 'source' ? source : destination);
  switch (effect.kind) {
    case 'replicate':
      return `make ${destination} a replica of ${source}`;
    case 'fence':
      return effect.up
        ? `put the fence up again at ${server(effect.side ?? 'source')}`
        : `take the fence at ${source} down, which came too late`;
    case 'try_link':
      return `try whether ${destination} can reach ${source}: nothing is copied, ${source} serves no full sync meanwhile`;
    case 'end_trial':
      return `make ${destination} follow nobody again`;
    case 'park':
      return `take ${destination} from ${source} for a while. ${effect.why} It waits as a replica of ${fence}`;
    case 'tune':
      return `change ${plural(effect.changes.length, 'setting')} for the full sync`;
    case 'follow_back':
      return `make ${source}, the old master, a replica of ${destination}`;
    case 'acl_lock':
      return `take the right to write from ${plural(effect.users.length, 'user')} of ${server(effect.side)} for a moment`;
    case 'resync':
      return `make the copy on ${server(effect.side)} anew, so that nothing is missing in it`;
    case 'shutdown':
      return `shut down ${source}, the old master`;
    case 'guard_user':
      return effect.up
        ? `make a user ${effect.user} in the memory of ${source}, as which ${destination} may resume where it stopped`
        : `remove the user ${effect.user} from ${source}`;
    case 'close_replica':
      return `let ${destination} refuse writes again`;
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

function startText(event: Extract<Event, { kind: 'cutover_started' }>, plan: Plan): string {
  const { attempt, way = 'over', shards } = event;
  const some =
    shards === undefined || shards.length === plan.shards.length ? '' : ` of ${listText(shards.map(shardText))}`;
  return way === 'back'
    ? `The way back begins${some} (attempt ${attempt}).`
    : `The cut-over begins${some} (attempt ${attempt}).`;
}

/** Says no side: on the way back the writes leave the new servers. */
function stepText({ step, frozen }: Extract<Event, { kind: 'cutover_step' }>, plan: Plan): string {
  const many = plural(frozen.length, 'shard');
  const fence = fenceAddress(plan.id);
  switch (step) {
    case 'pause':
      return 'Pauses the writes.';
    case 'fence':
      return `Writes have stopped on ${many}: fences the servers that they leave, behind ${fence.host}:${fence.port}.`;
    case 'promote':
      return `Every write of ${many} has arrived: promotes the servers that take them from now on. From here there is only forward.`;
    case 'guard':
      return 'Puts up the resync guard: from now on no new server may make a full sync, which would wipe what is written to it.';
    case 'open':
      return 'Every guard stands: lets the new servers take writes beside the old ones.';
    case 'unpause':
      return 'Lets the parked writers go on: they are told READONLY.';
    default:
      return assertNever(step);
  }
}

/** Which shard a row concerns; null for all. */
export function shardOf(event: Event): number | null {
  if (event.kind === 'intent') return event.effect.shard;
  return 'shard' in event ? event.shard : null;
}

/** `14:02:10`. The day is that of the row. */
function utcText(at: number): string {
  return new Date(at).toISOString().slice(11, 19);
}
