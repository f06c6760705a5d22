/**
 * Shuts down the old masters of a finished migration, each one only while it is the known process, behind this
 * migration's fence, read-only and without anybody connected. SHUTDOWN is journalled, sent once and believed when the
 * server refuses connections. Owns its connections while it runs. After a crash it is taken up from the journal: what
 * was sent, or may have been, is looked for and never sent again.
 */
import type { Clock } from '../clock.ts';
import { axeRefusal, goneText, isAxing, leftText } from '../domain/axe.ts';
import { addressOf } from '../domain/endpoint.ts';
import type { MigrationId, ShardPlan } from '../domain/plan.ts';
import type { Log } from '../log.ts';
import { RedisError } from '../redis/errors.ts';
import { BRIEF } from '../redis/inspector.ts';
import { createHands, type Hands, type HandsDeps } from './hands.ts';
import type { Journal } from './journal.ts';
import { send } from './send.ts';

export interface AxeDeps extends HandsDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly taken: () => ReadonlyMap<string, MigrationId>;
}

const TIMEOUT_MS = 2_000;
const LOOK_EVERY_MS = 500;
/** A server that saves its data first answers nobody meanwhile. */
const SAVING_MS = 60_000;
/** One that answers as before has not got the order. */
const ANSWERING_MS = 5_000;
const AGAIN_MS = 5_000;

/** Goes on until everything is told, also when the journal cannot be written for a while; ends early by `signal`. */
export async function swingAxe(journal: Journal, deps: AxeDeps, signal: AbortSignal): Promise<void> {
  while (isAxing(journal.state) && !signal.aborted) {
    const hands = createHands(journal.state.plan, deps, TIMEOUT_MS);
    try {
      const open = journal.state.plan.shards.filter(({ index }) => journal.state.shards[index]?.axed === null);
      const done = await Promise.allSettled(open.map((plan) => new Axe(plan, journal, hands, deps, signal).swing()));
      const failed = done.find((one) => one.status === 'rejected');
      if (failed) throw failed.reason;
    } catch (error) {
      deps.log.error({ err: error }, 'Could not go on shutting down old servers');
      await deps.clock.sleep(AGAIN_MS, signal);
    } finally {
      hands.close();
    }
  }
}

/** `sent`: or may have been. `stopped`: the bot is, before anything was sent. */
type Order =
  | { readonly kind: 'sent' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'left'; readonly why: string };

class Axe {
  readonly #plan: ShardPlan;
  readonly #journal: Journal;
  readonly #hands: Hands;
  readonly #deps: AxeDeps;
  readonly #signal: AbortSignal;

  constructor(plan: ShardPlan, journal: Journal, hands: Hands, deps: AxeDeps, signal: AbortSignal) {
    this.#plan = plan;
    this.#journal = journal;
    this.#hands = hands;
    this.#deps = deps;
    this.#signal = signal;
  }

  async swing(): Promise<void> {
    const { index, source } = this.#plan;
    const before = this.#journal.state.shards[index]?.shutdown ?? null;
    if (before === null) {
      const order = await this.#order();
      if (order.kind === 'gone') return this.#tell(true, goneText(source));
      if (order.kind === 'left') return this.#tell(false, order.why);
      if (order.kind === 'stopped') return;
    }
    if (before?.outcome === 'refused') return this.#tell(false, before.detail);
    const unsure = before?.outcome === 'pending';
    await this.#believe(unsure ? 'The bot was stopped while SHUTDOWN was on its way' : 'SHUTDOWN was sent');
  }

  /** Looks, then sends. */
  async #order(): Promise<Order> {
    const { index } = this.#plan;
    const operator = this.#hands.operator(index, 'source');
    try {
      await operator.warm();
    } catch (error) {
      if (!(error instanceof RedisError)) throw error;
      return error.kind === 'refused' ? { kind: 'gone' } : { kind: 'left', why: error.message };
    }
    const look = await this.#hands.inspector(index, 'source').look({ clients: 'all', commandStats: false });
    const refusal = axeRefusal(this.#journal.state, this.#plan, look, this.#deps.taken());
    if (refusal !== null) return { kind: 'left', why: refusal };
    if (this.#signal.aborted) return { kind: 'stopped' };
    const sent = await send({ kind: 'shutdown', shard: index }, this.#journal, () => operator.shutdown());
    if (!sent) return { kind: 'stopped' };
    return sent.outcome.kind === 'refused' ? { kind: 'left', why: sent.outcome.detail } : { kind: 'sent' };
  }

  /** `what`: how the sentence about a server that goes on begins. */
  async #believe(what: string): Promise<void> {
    const { clock } = this.#deps;
    const { index, source } = this.#plan;
    const name = addressOf(source);
    const known = this.#journal.state.shards[index]?.before?.sourceRunId;
    const inspector = this.#hands.inspector(index, 'source');
    const began = clock.monotonicMs();
    // Twice: whoever starts it again at once is seen.
    let refusals = 0;
    while (!this.#signal.aborted) {
      const look = await inspector.look(BRIEF);
      const tookMs = clock.monotonicMs() - began;
      refusals = !look.ok && look.problem.kind === 'refused' ? refusals + 1 : 0;
      if (refusals > 1) return this.#tell(true, goneText(source));
      if (look.ok && look.facts.runId !== known) {
        const writes =
          look.facts.role === 'master' ? ' It is a master and takes writes that the new server never sees.' : '';
        return this.#tell(false, `${name} was shut down and somebody has started it again.${writes}`);
      }
      if (look.ok && tookMs > ANSWERING_MS) return this.#tell(false, `${what} to ${name}, and it goes on as before.`);
      if (tookMs > SAVING_MS)
        return this.#tell(
          false,
          `${what} to ${name}, and after ${SAVING_MS / 1000} s it still takes connections: it may be saving its data.`,
        );
      await clock.sleep(LOOK_EVERY_MS, this.#signal);
    }
  }

  #tell(gone: boolean, text: string): void {
    const { index, source } = this.#plan;
    this.#journal.append([{ kind: 'axed', shard: index, gone, text: gone ? text : leftText(source, text) }]);
  }
}
