/**
 * Takes a start from the inbox to an open migration: who may, where the hosts are, the status message, the engine.
 * Owns the starts that are under way. Each is settled in the inbox when it came to an end, whatever the end; one that
 * a crash or a stop cut off is done again from the beginning, and the channel is looked through before anything is
 * posted twice. It never changes a Redis server: opening a migration only begins to look.
 */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../clock.ts';
import type { Plan } from '../domain/plan.ts';
import type { Authorizer, MigrationService } from '../engine/service.ts';
import type { Log } from '../log.ts';
import type { InboxItem, Store } from '../store/store.ts';
import { backoffMs } from './alarm.ts';
import type { Answerer, Asker } from './answerer.ts';
import { isSlackProblem, type SlackApi } from './api.ts';
import { inviteFirst, refusal, say, told } from './blocks/answers.ts';
import { renderFirst, renderNotStarted } from './blocks/status.ts';
import { type Poster, STATUS_EVENT } from './post.ts';
import { sentence } from './text.ts';

export interface StartDeskDeps {
  readonly service: Pick<MigrationService, 'checkHosts' | 'open' | 'view'>;
  readonly store: Pick<Store, 'putInbox' | 'settleInbox'>;
  readonly authorizer: Authorizer;
  readonly api: SlackApi;
  readonly poster: Poster;
  readonly answerer: Answerer;
  readonly clock: Clock;
  readonly log: Log;
}

export interface StartDesk {
  /** Writes the request down. Synchronous; false when its id is taken. */
  keep(plan: Plan): boolean;
  /** Carries out a request that was kept. Rejects only on our own mistakes. */
  carryOut(plan: Plan, asker: Asker): Promise<void>;
  /** Carries out again what a crash left in the inbox; false for an item that is no start. */
  replay(item: InboxItem): Promise<boolean>;
  /** Gives up waiting for Slack; what is under way stays in the inbox. */
  stop(): void;
}

/** For so long a start is tried again while Slack gives no answer. */
const TRY_MS = 600_000;
const NOT_WELCOME = [
  'not_in_channel',
  'channel_not_found',
  'is_archived',
  'restricted_action',
  'user_not_in_channel',
  'cannot_reply_to_message',
];

export function createStartDesk(deps: StartDeskDeps): StartDesk {
  const { service, store, authorizer, api, poster, answerer, clock, log } = deps;
  const stopped = new AbortController();
  // One for each request that waits for Slack.
  setMaxListeners(Number.POSITIVE_INFINITY, stopped.signal);

  async function carryOut(plan: Plan, asker: Asker, isReplay: boolean): Promise<void> {
    if (service.view(plan.id) !== null) {
      store.settleInbox(plan.id);
      return;
    }
    const permission = await authorizer.mayRequest(plan.requestedBy);
    if (!permission.ok) return refuse(plan, asker, () => answerer.tell(asker, told(permission.why)));
    const hosts = await service.checkHosts(plan);
    if (hosts !== null)
      return refuse(plan, asker, () => answerer.tell(asker, refusal(hosts.problems.map((problem) => problem.text))));

    const ts = await announce(plan, asker, isReplay);
    if (ts === null) return;
    const opened = service.open(plan, ts);
    store.settleInbox(plan.id);
    if (opened.ok) {
      log.info({ migration: plan.id, user: plan.requestedBy, shards: plan.shards.length }, 'a migration was opened');
      return;
    }
    const problems = opened.problems.map((problem) => problem.text);
    await withdraw(plan, ts, problems);
    await answerer.tell(asker, refusal(problems));
  }

  /** The status message's `ts`; null when there is none, and the person knows why, or when we are stopping. */
  async function announce(plan: Plan, asker: Asker, isReplay: boolean): Promise<string | null> {
    const giveUpAt = clock.monotonicMs() + TRY_MS;
    let look = isReplay;
    for (let attempt = 1; ; attempt++) {
      try {
        const already = look ? await findPosted(plan) : null;
        return already ?? (await postFirst(plan));
      } catch (error) {
        if (!isSlackProblem(error)) throw error;
        log.warn(
          { migration: plan.id, code: error.code, attempt },
          'the status message of a new migration is not posted yet',
        );
        if (error.kind === 'refused') {
          await refuse(plan, asker, () =>
            answerer.tell(asker, NOT_WELCOME.includes(error.code) ? inviteFirst(plan.channel) : slackSays(error.code)),
          );
          return null;
        }
        if (clock.monotonicMs() >= giveUpAt) {
          await refuse(plan, asker, () =>
            answerer.tell(
              asker,
              say('✖️ Slack did not take the status message for ten minutes, so nothing was started. Please ask again.'),
            ),
          );
          return null;
        }
        look = true;
        await clock.sleep(Math.max(error.retryAfterMs, backoffMs(attempt, 15_000)), stopped.signal);
        if (stopped.signal.aborted) return null;
      }
    }
  }

  async function findPosted(plan: Plan): Promise<string | null> {
    const oldest = String(Math.floor(plan.createdAt / 1000) - 60);
    const [found] = await poster.find({ channel: plan.channel, oldest }, STATUS_EVENT, plan.id);
    return found?.ts ?? null;
  }

  function postFirst(plan: Plan): Promise<string> {
    return poster.post({
      channel: plan.channel,
      ...renderFirst(plan),
      metadata: { event_type: STATUS_EVENT, event_payload: { migration: plan.id } },
    });
  }

  async function refuse(plan: Plan, asker: Asker, tell: () => Promise<void>): Promise<void> {
    log.info({ migration: plan.id, user: asker.user }, 'a start was refused');
    await tell();
    store.settleInbox(plan.id);
  }

  async function withdraw(plan: Plan, ts: string, problems: readonly string[]): Promise<void> {
    try {
      await api.call('chat.update', { channel: plan.channel, ts, ...renderNotStarted(plan, problems) });
    } catch (error) {
      if (!isSlackProblem(error)) throw error;
      log.warn({ migration: plan.id, code: error.code }, 'the status message of a refused start stays as it was');
    }
  }

  return {
    keep: (plan) => store.putInbox({ id: plan.id, kind: 'start', payload: plan, receivedAt: clock.now() }),
    carryOut: (plan, asker) => carryOut(plan, asker, false),
    async replay(item) {
      if (item.kind !== 'start') return false;
      // Written by `keep`, by this version or an older one of the same shape.
      const plan = item.payload as Plan;
      await carryOut(plan, { user: plan.requestedBy, channel: plan.channel }, true);
      return true;
    },
    stop() {
      stopped.abort();
    },
  };
}

function slackSays(code: string): ReturnType<typeof say> {
  return say(`✖️ Slack does not let the bot post here (\`${sentence(code, 60)}\`), so nothing was started.`);
}
