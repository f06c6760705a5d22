/**
 * Delivers the webhooks of one migration: in order, one at a time, each at least once. Owns what is on its way; what is
 * due is in the journal. It outlives the migration's loop: what became due at the end is delivered after it, and by the
 * next process. Nothing that it meets stops a migration but the answer to a question.
 */
import type { Clock } from '../clock.ts';
import type { Event } from '../domain/event.ts';
import { glassOf, passedWith } from '../domain/gate.ts';
import { type HookAnswer, type Hooks, hookId } from '../domain/hook.ts';
import { dueOf, hookOf } from '../domain/hook-due.ts';
import { questionOf, whatNow } from '../domain/hook-words.ts';
import type { PendingHook } from '../domain/state.ts';
import { listText } from '../domain/words.ts';
import type { Log } from '../log.ts';
import type { Journal } from './journal.ts';

type HookSent = Extract<Event, { kind: 'hook_sent' }>;

export interface HookSenderDeps {
  /** Null: HOOK_URL is not set. */
  readonly hooks: Hooks | null;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
  /** Called when there is another of `troubles`. */
  readonly changed: () => void;
}

/** `sent`: to be journalled together with what follows from it. */
export type Asked =
  | { readonly kind: 'yes' }
  | { readonly kind: 'no'; readonly sent: HookSent }
  /** The bot is stopping: the next one asks again. */
  | { readonly kind: 'stopped' };

/** When the journal cannot be written. */
const RETRY_MS = 1_000;

export class HookSender {
  readonly #journal: Journal;
  readonly #deps: HookSenderDeps;
  readonly #stop = new AbortController();
  #running: Promise<void> | null = null;
  readonly #troubles = new Map<string, string>();

  constructor(journal: Journal, deps: HookSenderDeps) {
    this.#journal = journal;
    this.#deps = deps;
  }

  /** By id: why one that is due has to be tried again, without a full stop. */
  get troubles(): ReadonlyMap<string, string> {
    return this.#troubles;
  }

  /** Something may be due. Returns at once. */
  wake(): void {
    if (this.#running !== null || this.#next() === undefined || this.#stop.signal.aborted) return;
    this.#running = this.#deliver().finally(() => {
      this.#running = null;
      this.wake();
    });
  }

  /** Asks whether these shards may be switched. Waits for no other webhook. */
  async ask(shards: readonly number[]): Promise<Asked> {
    if (this.#deps.hooks === null) return { kind: 'yes' };
    const answer = await this.#send(this.#deps.hooks, this.#question(shards));
    if (answer === null) return { kind: 'stopped' };
    if (answer.outcome !== 'ok') return { kind: 'no', sent: answer };
    this.#journal.append([answer]);
    return { kind: 'yes' };
  }

  /** Leaves what was not answered to the next process. May be called twice. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** One that was left open by a process that ended is asked again under its id. */
  #question(shards: readonly number[]): PendingHook {
    const open = () => questionOf(this.#journal.state.hooks);
    const { state } = this.#journal;
    if (open() === undefined) {
      const alone = glassOf('switch', state);
      const by = listText(alone ? [alone.user] : passedWith('switch', state).map((one) => one.user));
      const id = hookId(state.plan.id, state.version + 1, 'before_switch');
      this.#journal.append([
        dueOf(
          'before_switch',
          state.plan,
          id,
          shards,
          `${alone ? 'Passed alone, with too few approvals,' : 'Approved'} by ${by}.`,
        ),
      ]);
    }
    const question = open();
    if (question === undefined) throw new Error('The question before the switch is not in the journal.');
    return question;
  }

  #next(): PendingHook | undefined {
    return this.#journal.state.hooks.find((one) => one.hook !== 'before_switch');
  }

  async #deliver(): Promise<void> {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const sent = await this.#send(this.#deps.hooks, next);
      if (sent === null || !(await this.#keep(sent))) return;
    }
  }

  /** Null: we were told to stop. */
  async #send(hooks: Hooks | null, pending: PendingHook): Promise<HookSent | null> {
    const { hook, id } = pending;
    const { signal } = this.#stop;
    const answer: HookAnswer =
      hooks === null
        ? { kind: 'unreachable', text: `HOOK_URL is not set any more. ${whatNow(hook)}` }
        : await hooks.send(hookOf(pending, this.#journal.state.plan), signal, (text) => {
            this.#troubles.set(id, text);
            this.#deps.changed();
          });
    this.#troubles.delete(id);
    if (answer.kind === 'stopped' || signal.aborted) return null;
    return { kind: 'hook_sent', hook, id, outcome: answer.kind, detail: detailOf(answer, pending) };
  }

  /** Not sent once more because the disk is full. False: we were told to stop first. */
  async #keep(sent: HookSent): Promise<boolean> {
    const { clock, log } = this.#deps;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        this.#journal.append([sent]);
        return true;
      } catch (error) {
        log.error({ err: error, hook: sent.id }, 'Could not journal what came of a hook');
        await clock.sleep(RETRY_MS, signal);
      }
    }
    return false;
  }
}

function detailOf(answer: Exclude<HookAnswer, { kind: 'stopped' }>, { hook }: PendingHook): string {
  if (answer.kind === 'ok') return '';
  if (answer.kind === 'unreachable') return answer.text;
  const said = `The answer was ${answer.status}: ${answer.text}`;
  return `${/[.!?…]$/.test(said) ? said : `${said}.`} ${whatNow(hook, true)}`;
}
