/**
 * Takes up a cut-over from wherever the journal says it stands: after a restart, after a step whose outcome is not
 * known, after something came in between. Looks at the servers, completes or undoes, and assumes nothing about what was
 * sent last. May be called again and again; each call does what is still to be done.
 */

import type { Journal } from '../journal.ts';
import { letGoRows } from './end.ts';
import { goForward } from './forward.ts';
import { type CutoverDeps, CutoverGround } from './ground.ts';

/** Returns null when the cut-over is over, or what it waits for. `why`: the reason if it has to be let go. */
export async function settle(journal: Journal, deps: CutoverDeps, why: string): Promise<string | null> {
  const { cutover } = journal.state;
  if (cutover === null) return null;
  const ground = new CutoverGround(journal, deps, cutover.way, cutover.shards);
  try {
    ground.stopBy(cutover.stops);
    if (cutover.step === 'promote') return await goForward(ground);
    return await letGo(ground, why, cutover.step === 'fence');
  } finally {
    ground.close();
  }
}

/**
 * Undoes fence and stop on all shards and believes it when it is seen. Needs no row before it: by the journal no
 * promotion was sent, so undoing is right however often it is done, even while the journal is full.
 * `fenceSent`: a fence may still arrive, so that one look is not enough to say there is none.
 */
export async function letGo(ground: CutoverGround, reason: string, fenceSent: boolean): Promise<string | null> {
  // Before the row that began it, nothing was sent.
  const begun = ground.journal.state.cutover !== null;
  const waits = begun ? await ground.each((move) => ground.stop(move).undo(fenceSent)) : [];
  ground.at('after:undo');
  const wait = waits.find((one) => one !== null) ?? null;
  if (wait !== null) return `${wait} The cut-over is being let go: ${reason}`;
  ground.journal.append(letGoRows(ground.journal.state, reason));
  return null;
}
