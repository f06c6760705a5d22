/**
 * A shard of an overlap while both of its servers take writes: what is wrong with it, and what a person can do. Pure.
 * Whatever breaks, the guard holds and nothing is wiped; but from then on the two sides may not come together any more.
 */
import { serverName } from './dialect.ts';
import { addressOf } from './endpoint.ts';
import type { ServerFacts, ServerLook } from './observation.ts';
import { NOWHERE, type Place, type VerdictInput } from './place.ts';
import type { ShardRecord } from './state.ts';
import { secondsText } from './words.ts';

/** A link heals within a second or two; one that takes longer has a reason. */
const HEALS_SECONDS = 10;

/** Null when nothing is wrong that only an overlap has, or it is not open. Asked in switched only. */
export function openPlace({ record, plan, now }: VerdictInput): Place | null {
  const { open } = record;
  if (open === null || record.promoted || !now.destination.ok) return null;
  const { facts } = now.destination;
  const [old, fresh] = [addressOf(plan.source), addressOf(plan.destination)];
  const wrong = (state: Place['state'], reason: string): Place => ({ ...NOWHERE, state, reason, alarm: true });
  const apart = adviceOf(old, fresh);
  if (facts.role === 'master') {
    const what =
      facts.runId === open.destinationRunId
        ? `${fresh} follows nobody any more, which is not our doing.`
        : `${fresh} was restarted and came back as a master of its own: it does not follow ${old} any more, and what it had not saved is gone.`;
    return wrong('detached', `${what} ${apart}`);
  }
  if (!now.source.ok)
    return wrong(
      'unreachable',
      `${now.source.problem.text} When it answers again as the same process, ${fresh} goes on where it stopped; one that was restarted is not followed.`,
    );
  const source = now.source.facts;
  if (source.runId !== open.sourceRunId)
    return wrong(
      'link_down',
      `${old} was restarted: it has what it had saved, and the guard keeps ${fresh} from following it, because that would wipe what was written there. ${apart}`,
    );
  if (!facts.replication.linkUp) return wrong('link_down', brokenText(record, source, facts, old, fresh));
  if (facts.replication.readOnly === true)
    return wrong(
      'in_step',
      `${fresh} refuses writes (replica-read-only yes): it was restarted, or somebody set it, and whoever writes there gets errors. CONFIG SET replica-read-only no on it, or abort.`,
    );
  return null;
}

function brokenText(
  { guard }: ShardRecord,
  source: ServerFacts,
  { replication }: ServerFacts,
  old: string,
  fresh: string,
): string {
  const apart = adviceOf(old, fresh);
  if (replication.syncing)
    return `${fresh} makes a full copy of ${old}, which wipes what was written to it: somebody removed the guard. REPLICAOF NO ONE on ${fresh} stops it.`;
  if (guard === null)
    return `The link between ${old} and ${fresh} broke. ${serverName(source)} has no users, so ${fresh} cannot be kept to resuming: the guard keeps it away altogether, and both keep what they have. To put its masterauth right by hand is a bet: it resumes if the backlog of ${old} still has everything, and is wiped if it has not. ${apart}`;
  if (guard.down !== null || isTrapped(source))
    return `The link broke for longer than the backlog of ${old} lasts, so ${fresh} cannot resume where it stopped. A full copy would wipe what was written to it: the guard lets none begin. ${apart}`;
  const seconds = replication.linkDownSeconds ?? 0;
  const long = `It has not for ${secondsText(seconds)}: if the network is well, the backlog of ${old} was too short for that, or ${old} has lost the user ${guard.name} (ACL LOAD). ${apart}`;
  return `${fresh} has lost ${old}, and goes on where it stopped as soon as it reaches it.${seconds > HEALS_SECONDS ? ` ${long}` : ''}`;
}

/** Where only a person can go on, and how. */
function adviceOf(old: string, fresh: string): string {
  return `Writes on the two sides do not come together any more. Decide for one: point every instance at ${old} and abort; or point every instance at ${fresh}, copy over by hand what only ${old} has, and abort, which leaves ${fresh} a master with what it has.`;
}

/** Whether a replica waits for a full sync that the source does not begin. */
export function isTrapped({ replication }: ServerFacts): boolean {
  return replication.replicas.some((one) => one.state === 'wait_bgsave');
}

/** Commands of its source that the destination could not carry out since it takes writes. 0 where it does not tell. */
export function conflictsOf({ open }: ShardRecord, destination: ServerLook): number {
  if (open === null || !destination.ok || destination.facts.refusedCommands === null) return 0;
  const { runId, refusedCommands } = destination.facts;
  return Math.max(0, refusedCommands - (runId === open.destinationRunId ? (open.refusedCommands ?? 0) : 0));
}
