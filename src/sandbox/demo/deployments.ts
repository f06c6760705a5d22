/**
 * Whoever deploys the application, played by the receiver of the bot's webhooks: it points the application where a hook
 * says, and says no to a switch while deployments are frozen. Owns the receiver.
 */
import { systemClock } from '../../clock.ts';
import { type HookReceiver, type ReceivedHook, startHookReceiver } from '../hook-receiver.ts';
import type { Application } from './application.ts';

/** Between two instances of an overlap, so that both sides are seen to take writes. */
const STEP_MS = 800;
/** For all of them: the bot waits five seconds for an answer. */
const MOST_MS = 4_000;

export class Deployments {
  readonly #receiver: HookReceiver;
  readonly secret: string;
  #frozen = false;

  private constructor(receiver: HookReceiver, secret: string) {
    this.#receiver = receiver;
    this.secret = secret;
  }

  static async start(application: Application): Promise<Deployments> {
    const secret = `whsec_${Buffer.from(systemClock.randomBytes(24)).toString('base64')}`;
    const receiver = await startHookReceiver({ secret, onHook: (hook) => follow(hook, application) });
    return new Deployments(receiver, secret);
  }

  /** For HOOK_URL. */
  get url(): string {
    return this.#receiver.url;
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /** Throws a sentence when they are as they should be already. */
  freeze(frozen: boolean): void {
    if (this.#frozen === frozen) throw new Error(`Deployments are ${frozen ? 'frozen' : 'allowed'} already.`);
    this.#frozen = frozen;
    this.#receiver.behave(
      frozen ? { kind: 'refuse', text: 'deployments are frozen', only: 'before_switch' } : { kind: 'accept' },
    );
  }

  close(): Promise<void> {
    return this.#receiver.close();
  }
}

async function follow({ kind, migration, shards }: ReceivedHook, application: Application): Promise<void> {
  if (kind !== 'switched' && kind !== 'rolled_back') return;
  const restMs = migration.cutover === 'overlap' ? Math.min(STEP_MS, MOST_MS / shards.length) : 0;
  for (const [place, { source, destination }] of shards.entries()) {
    if (place > 0 && restMs > 0) await systemClock.sleep(restMs);
    application.pointAt(kind === 'switched' ? destination : source);
  }
}
