/**
 * Where a migration stands.
 *
 * | phase        | how it is entered                                                            |
 * | ------------ | ---------------------------------------------------------------------------- |
 * | checking     | the plan was accepted, or somebody asked for another check                    |
 * | planned      | preflight has looked at every server                                          |
 * | syncing      | gate continue was passed, or a shard fell out of step, behind a canary too     |
 * | streaming    | every shard was in step on two ticks running, or a cut-over was let go        |
 * | switching    | gate switch was passed                                                        |
 * | switched     | every destination was seen as a master by the proof; overlap: takes writes     |
 * | finishing    | gate finish was passed                                                        |
 * | finished     | settings are back, the old masters stay fenced                                |
 * | aborting     | somebody aborted before the switch, or an overlap that was switched           |
 * | aborted      | every destination follows nobody, settings are back                           |
 * | rolling_back | somebody rolled back from switched, or a canary before that                   |
 * | rolled_back  | the old sources are masters again                                             |
 */
export const PHASES = [
  'checking',
  'planned',
  'syncing',
  'streaming',
  'switching',
  'switched',
  'finishing',
  'finished',
  'aborting',
  'aborted',
  'rolling_back',
  'rolled_back',
] as const;
export type Phase = (typeof PHASES)[number];

/** Which phase may follow which. Anything else is a programming error and throws. */
export const NEXT = {
  checking: ['planned', 'aborting'],
  planned: ['checking', 'syncing', 'aborting'],
  syncing: ['streaming', 'aborting', 'rolling_back'],
  streaming: ['syncing', 'switching', 'aborting', 'rolling_back'],
  switching: ['switched', 'streaming', 'syncing', 'rolling_back'],
  switched: ['finishing', 'rolling_back', 'aborting'],
  finishing: ['finished', 'switched'],
  finished: [],
  aborting: ['aborted'],
  aborted: [],
  rolling_back: ['rolled_back', 'switched', 'syncing', 'streaming', 'switching'],
  rolled_back: [],
} satisfies Record<Phase, readonly Phase[]>;

const ENDED: readonly Phase[] = ['finished', 'aborted', 'rolled_back'];

export function hasEnded(phase: Phase): boolean {
  return ENDED.includes(phase);
}

export function mayFollow(from: Phase, to: Phase): boolean {
  return (NEXT[from] as readonly Phase[]).includes(to);
}

/** Thrown when code tries a step that the table forbids. Names both phases. */
export class WrongPhaseError extends Error {
  readonly from: Phase;
  readonly to: Phase;

  constructor(from: Phase, to: Phase) {
    super(`A migration in phase ${from} cannot go to ${to}.`);
    this.name = 'WrongPhaseError';
    this.from = from;
    this.to = to;
  }
}

export const GATES = ['continue', 'switch', 'finish'] as const;
export type Gate = (typeof GATES)[number];

/** The phases in which a gate's button can exist at all. */
export const GATE_PHASES = {
  continue: ['planned'],
  switch: ['streaming'],
  finish: ['switched'],
} satisfies Record<Gate, readonly Phase[]>;

const BEFORE: Readonly<Record<Gate, readonly Phase[]>> = {
  continue: ['checking'],
  switch: ['checking', 'planned', 'syncing'],
  finish: ['checking', 'planned', 'syncing', 'streaming', 'switching'],
};

/** Whether a gate was passed, so that the migration is in a phase behind it. */
export function isBehind(gate: Gate, phase: Phase): boolean {
  return !isAbort(phase) && !BEFORE[gate].includes(phase) && !isAt(gate, phase);
}

/** Whether a gate is still to be passed: this phase is its own, or one before. */
export function isAhead(gate: Gate, phase: Phase): boolean {
  return BEFORE[gate].includes(phase) || isAt(gate, phase);
}

export function isAbort(phase: Phase): boolean {
  return phase === 'aborting' || phase === 'aborted';
}

/** The gate whose approvals are given in this phase; null where there is none. */
export function gateAt(phase: Phase): Gate | null {
  return GATES.find((gate) => isAt(gate, phase)) ?? null;
}

function isAt(gate: Gate, phase: Phase): boolean {
  return (GATE_PHASES[gate] as readonly Phase[]).includes(phase);
}

export function assertNever(value: never): never {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`);
}
