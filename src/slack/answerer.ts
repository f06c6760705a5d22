/**
 * Answers one person alone: by the request's own response_url where there is one, else by an ephemeral message, else
 * by a direct message. Never throws; an answer that cannot be given is logged.
 */
import type { RespondArguments } from '@slack/bolt';
import type { Clock } from '../clock.ts';
import type { Log, Metrics, SecretRegistry } from '../log.ts';
import { isSlackProblem, type SlackApi } from './api.ts';
import type { Answer } from './blocks/answers.ts';

/** Who asked, and how to reach them. */
export interface Asker {
  readonly user: string;
  /** Null when the request came from no channel. */
  readonly channel: string | null;
  /** Bolt's respond; absent in forms and after a restart. */
  readonly respond?: ((message: RespondArguments) => Promise<unknown>) | undefined;
}

export interface Answerer {
  /** `replace`: in place of the ephemeral message that the click was made in. */
  tell(asker: Asker, answer: Answer, replace?: boolean): Promise<void>;
}

export interface AnswererDeps {
  readonly api: SlackApi;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly registry: SecretRegistry;
}

const RESPOND_MS = 5_000;

export function createAnswerer(deps: AnswererDeps): Answerer {
  const { api, clock, log, metrics, registry } = deps;

  async function byResponseUrl(asker: Asker, answer: Answer, replace: boolean): Promise<boolean> {
    if (!asker.respond) return false;
    const over = new AbortController();
    try {
      const message = registry.scrubData({
        response_type: 'ephemeral' as const,
        replace_original: replace,
        text: answer.text,
        ...(answer.blocks === undefined ? {} : { blocks: [...answer.blocks] }),
      });
      const sent = asker.respond(message).then(() => true);
      const inTime = await Promise.race([sent, clock.sleep(RESPOND_MS, over.signal).then(() => false)]);
      metrics.slackRequest('response_url', inTime ? 'ok' : 'error');
      // An answer that is late may still arrive, and twice is better than not at all.
      sent.catch(() => {});
      return inTime;
    } catch (error) {
      metrics.slackRequest('response_url', 'error');
      log.info({ status: statusOf(error) }, 'a response_url did not take an answer');
      return false;
    } finally {
      over.abort();
    }
  }

  async function byMessage(asker: Asker, answer: Answer): Promise<void> {
    const content = { text: answer.text, ...(answer.blocks === undefined ? {} : { blocks: answer.blocks }) };
    try {
      if (asker.channel !== null) {
        await api.call('chat.postEphemeral', { channel: asker.channel, user: asker.user, ...content });
        return;
      }
    } catch (error) {
      if (!isSlackProblem(error)) throw error;
      log.info({ code: error.code }, 'an ephemeral answer was not taken');
    }
    await api.call('chat.postMessage', { channel: asker.user, ...content });
  }

  return {
    async tell(asker, answer, replace = false) {
      try {
        if (await byResponseUrl(asker, answer, replace)) return;
        await byMessage(asker, answer);
      } catch (error) {
        log.warn(
          {
            user: asker.user,
            code: isSlackProblem(error) ? error.code : undefined,
            err: isSlackProblem(error) ? undefined : error,
          },
          'an answer could not be given',
        );
      }
    },
  };
}

function statusOf(error: unknown): unknown {
  return error instanceof Error && 'statusCode' in error ? error.statusCode : 'no answer';
}
