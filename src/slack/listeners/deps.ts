/** What every listener is handed, and the shell in which each of them runs. */
import type { Clock } from '../../clock.ts';
import type { Config } from '../../config.ts';
import type { Authorizer, MigrationService } from '../../engine/service.ts';
import type { Log, SecretRegistry } from '../../log.ts';
import type { Answerer, Asker } from '../answerer.ts';
import type { SlackApi } from '../api.ts';
import { type Answer, say } from '../blocks/answers.ts';
import type { ShownSettings } from '../blocks/settings.ts';
import type { Drafts } from '../drafts.ts';
import type { Handouts } from '../files/handouts.ts';
import type { HomeDesk } from '../home-desk.ts';
import type { Links } from '../links.ts';
import type { Publisher } from '../publisher.ts';
import type { StartDesk } from '../start-desk.ts';

export interface ListenerDeps {
  readonly config: Pick<Config, 'defaultCutover'>;
  readonly service: MigrationService;
  /** The names of the inventory's groups; left out: not known here, so none is called unknown. */
  readonly groups?: (() => readonly string[]) | undefined;
  readonly authorizer: Authorizer;
  readonly api: SlackApi;
  readonly answerer: Answerer;
  readonly desk: StartDesk;
  readonly drafts: Drafts;
  readonly publisher: Pick<Publisher, 'refresh'>;
  readonly home: Pick<HomeDesk, 'opened' | 'clicked'>;
  readonly links: Links;
  /** Left out: not known here, so nobody is shown them. */
  readonly settings?: ShownSettings | undefined;
  readonly handouts: Pick<Handouts, 'onRequest'>;
  readonly registry: SecretRegistry;
  readonly clock: Clock;
  readonly log: Log;
}

/** One acknowledgement, once. It never throws: what was journalled is acted upon, whether Slack hears of it or not. */
export interface Acknowledge {
  (payload?: object): Promise<void>;
  readonly done: () => boolean;
}

// Bolt types the argument of ack by request; the shapes are checked where they are made.
// oxlint-disable-next-line typescript/no-explicit-any
type BoltAck = (payload?: any) => Promise<void>;

const SLOW_ACK_MS = 1_000;

export function acknowledgeOnce(
  ack: BoltAck,
  deps: Pick<ListenerDeps, 'clock' | 'log' | 'registry'>,
  what: string,
): Acknowledge {
  const startedAt = deps.clock.monotonicMs();
  let called = false;
  async function acknowledge(payload?: object): Promise<void> {
    if (called) return;
    called = true;
    try {
      await ack(payload === undefined ? undefined : deps.registry.scrubData(payload));
    } catch (error) {
      deps.log.warn(
        { err: error, what },
        'Slack could not be told that a request arrived; it is carried out all the same',
      );
    }
    const tookMs = Math.round(deps.clock.monotonicMs() - startedAt);
    if (tookMs > SLOW_ACK_MS) deps.log.warn({ what, tookMs }, 'a request was acknowledged late');
  }
  return Object.assign(acknowledge, { done: () => called });
}

const OUR_FAULT =
  '✖️ Something went wrong inside the bot, so this was not carried out. The log of the bot says what. Please try again.';

/** Runs a listener: whatever happens in it, the request is acknowledged and the person gets an answer. */
export async function guarded(
  deps: ListenerDeps,
  request: { readonly what: string; readonly acknowledge: Acknowledge; readonly asker: Asker },
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    deps.log.error({ err: error, what: request.what }, 'a request from Slack failed');
    await request.acknowledge();
    await deps.answerer.tell(request.asker, say(OUR_FAULT));
  }
}

export function ephemeral(answer: Answer): object {
  return { response_type: 'ephemeral', ...answer };
}
