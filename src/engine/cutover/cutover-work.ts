/**
 * One cut-over after the other of one migration: asks whether it may begin, begins it, or takes it up from where the
 * journal says it stands. Owns what this process knows of it beside the journal: whether it began it itself, and why it
 * is to be let go.
 */
import { groupOf } from '../../domain/canary.ts';
import { switchTooLate } from '../../domain/timed.ts';
import type { Log } from '../../log.ts';
import type { HookSender } from '../hook-sender.ts';
import type { Journal } from '../journal.ts';
import { askBefore } from './ask.ts';
import { letGoRows } from './end.ts';
import type { CutoverDeps } from './ground.ts';
import { isOpening, openOverlap } from './overlap.ts';
import { type CutoverAnswer, cutOver, OVER } from './run.ts';
import { settle } from './settle.ts';

const RESTARTED = 'the bot was restarted in the middle of it.';

export class CutoverWork {
  readonly #journal: Journal;
  readonly #deps: CutoverDeps;
  readonly #hooks: HookSender;
  readonly #log: Log;
  /** Why a cut-over that was taken up has to be let go; a restart unless we know better. */
  #why = RESTARTED;
  /** Whether this process began the cut-over that the journal shows. */
  #own = false;

  constructor(journal: Journal, deps: CutoverDeps, hooks: HookSender, log: Log) {
    this.#journal = journal;
    this.#deps = deps;
    this.#hooks = hooks;
    this.#log = log;
  }

  /** Null when it is over, one way or the other; else what it waits for. Called again then. */
  async goOn(): Promise<string | null> {
    const { cutover } = this.#journal.state;
    if (cutover === null) this.#own = true;
    else if (!this.#own) this.#log.warn({ step: cutover.step ?? 'none' }, 'Takes up a cut-over that was interrupted');
    const answer = await this.#next();
    if (answer.why !== null) this.#why = answer.why;
    if (answer.waitsFor === null) {
      this.#own = false;
      this.#why = RESTARTED;
    }
    return answer.waitsFor;
  }

  /** It broke off with an error of ours: it is let go with that reason if it has to be. */
  brokeOff(why: string): void {
    this.#why = why;
  }

  /** A bot that was away, or whoever was asked, may have let the time pass for which people approved it. */
  #letGoLate(): boolean {
    const { clock, policy } = this.#deps;
    const reason = switchTooLate(this.#journal.state, clock.now(), policy);
    if (reason === null) return false;
    this.#journal.append(letGoRows(this.#journal.state, reason));
    return true;
  }

  async #next(): Promise<CutoverAnswer> {
    const { state } = this.#journal;
    const [way, shards] = groupOf(state);
    if (state.cutover === null && state.phase === 'switching' && way === 'over') {
      if (this.#letGoLate()) return OVER;
      const stopped = await askBefore(this.#journal, this.#hooks, shards);
      if (stopped !== null) return stopped;
      if (this.#letGoLate()) return OVER;
    }
    if (isOpening(this.#journal.state)) return openOverlap(this.#journal, this.#deps, this.#why);
    if (state.cutover === null) return cutOver(this.#journal, this.#deps, way, shards);
    return { waitsFor: await settle(this.#journal, this.#deps, this.#why), why: null };
  }
}
