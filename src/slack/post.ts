/**
 * Posts messages that must not appear twice. Each carries metadata that says what it is; when it is not known whether
 * one was posted (no answer, or a crash), the channel or thread is looked through for it first. Keeps to one message a
 * second a channel. Where the bot may not read (it is no member), it posts without having looked.
 */
import type { AnyBlock } from '@slack/types';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { isSlackProblem, type SlackApi } from './api.ts';

export const STATUS_EVENT = 'redis_migrate_status';
export const STORY_EVENT = 'redis_migrate_story';

export interface Metadata {
  readonly event_type: string;
  readonly event_payload: Readonly<Record<string, string | number>>;
}

export interface Post {
  readonly channel: string;
  readonly text: string;
  readonly blocks?: readonly AnyBlock[];
  readonly threadTs?: string;
  readonly broadcast?: boolean;
  readonly metadata: Metadata;
}

export interface FoundMessage {
  readonly ts: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface Poster {
  /** Returns the new message's `ts`. Rejects with a SlackProblem; `unreachable` then means: nobody knows. */
  post(post: Post): Promise<string>;
  /** Our messages of one kind about one migration, newest first. Empty when the bot may not read there; rejects when the thread is gone. */
  find(
    where: { readonly channel: string; readonly threadTs?: string; readonly oldest?: string },
    event: string,
    migration: string,
  ): Promise<readonly FoundMessage[]>;
}

const APART_MS = 1_050;
const PAGES = { 'conversations.history': 5, 'conversations.replies': 25 } as const;

export function isThreadGone(error: unknown): boolean {
  return isSlackProblem(error, 'thread_not_found', 'message_not_found');
}

export function createPoster(deps: { readonly api: SlackApi; readonly clock: Clock; readonly log: Log }): Poster {
  const { api, clock, log } = deps;
  const freeAt = new Map<string, number>();

  async function takeTurn(channel: string): Promise<void> {
    const now = clock.monotonicMs();
    const mine = Math.max(now, freeAt.get(channel) ?? 0);
    freeAt.set(channel, mine + APART_MS);
    if (mine > now) await clock.sleep(mine - now);
  }

  return {
    async post(post) {
      await takeTurn(post.channel);
      const result = await api.call('chat.postMessage', {
        channel: post.channel,
        text: post.text,
        ...(post.blocks === undefined ? {} : { blocks: post.blocks }),
        ...(post.threadTs === undefined ? {} : { thread_ts: post.threadTs }),
        ...(post.broadcast ? { reply_broadcast: true } : {}),
        metadata: post.metadata,
        unfurl_links: false,
        unfurl_media: false,
      });
      return String(result['ts']);
    },

    async find(where, event, migration) {
      const method = where.threadTs === undefined ? 'conversations.history' : 'conversations.replies';
      const found: FoundMessage[] = [];
      let cursor: string | undefined;
      try {
        for (let page = 0; page < PAGES[method]; page++) {
          const result = await api.call(method, {
            channel: where.channel,
            limit: 200,
            include_all_metadata: true,
            ...(where.threadTs === undefined ? {} : { ts: where.threadTs }),
            ...(where.oldest === undefined ? {} : { oldest: where.oldest }),
            ...(cursor === undefined ? {} : { cursor }),
          });
          for (const message of listOf(result['messages'])) {
            const metadata = recordOf(message['metadata']);
            const payload = recordOf(metadata['event_payload']);
            if (metadata['event_type'] === event && payload['migration'] === migration)
              found.push({ ts: String(message['ts']), payload });
          }
          const next = recordOf(result['response_metadata'])['next_cursor'];
          cursor = typeof next === 'string' && next !== '' ? next : undefined;
          // A thread is told oldest first, so all of it is read; in a channel the newest is what we look for.
          if (cursor === undefined || (where.threadTs === undefined && found.length > 0)) break;
        }
      } catch (error) {
        if (!isSlackProblem(error) || error.kind !== 'refused' || isThreadGone(error)) throw error;
        log.info({ channel: where.channel, code: error.code }, 'may not look through the channel before posting');
        return [];
      }
      return found.toSorted((a, b) => (a.ts < b.ts ? 1 : -1));
    },
  };
}

function listOf(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}

function recordOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}
