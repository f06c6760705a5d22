/**
 * Files into a thread, the way Slack wants it: a URL for so many bytes, the bytes, the share. One message at a time for
 * the whole workspace and never more than its 100 calls a minute. Rejects with a SlackProblem; `unreachable` then means
 * that nobody knows whether they are there: `isShared` looks.
 */
import type { Clock } from '../../clock.ts';
import type { Metrics } from '../../log.ts';
import { type SlackApi, SlackProblem, type SlackResult } from '../api.ts';

export interface FileToShare {
  readonly name: string;
  readonly title: string;
  /** For those who do not see it; pictures only. */
  readonly alt?: string;
  readonly content: Buffer;
}

export interface Place {
  readonly channel: string;
  readonly threadTs: string;
}

export interface Uploader {
  /** All of them in one message. `comment`: mrkdwn, what came from outside escaped. */
  share(place: Place, comment: string, files: readonly FileToShare[]): Promise<void>;
  /** Whether a file of this name is in the thread, as far as the bot may look. */
  isShared(place: Place, name: string): Promise<boolean>;
}

export interface UploaderDeps {
  readonly api: SlackApi;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly send?: typeof fetch;
}

/** A little more than 100 a minute would allow. */
const APART_MS = 650;
const SEND_MS = 20_000;
const PAGES = 10;

export function createUploader({ api, clock, metrics, send = fetch }: UploaderDeps): Uploader {
  let freeAt = 0;
  let before: Promise<unknown> = Promise.resolve();

  async function call(method: string, args: Readonly<Record<string, unknown>>): Promise<SlackResult> {
    const now = clock.monotonicMs();
    const mine = Math.max(now, freeAt);
    freeAt = mine + APART_MS;
    if (mine > now) await clock.sleep(mine - now);
    return api.call(method, args);
  }

  async function upload(url: string, content: Buffer): Promise<void> {
    const over = new AbortController();
    const inTime = new AbortController();
    void clock.sleep(SEND_MS, inTime.signal).then(() => over.abort());
    try {
      const answer = await send(url, { method: 'POST', body: new Uint8Array(content), signal: over.signal });
      await answer.arrayBuffer();
      if (!answer.ok) throw new SlackProblem('unreachable', 'upload', `http_${answer.status}`);
      metrics.slackRequest('upload', 'ok');
    } catch (error) {
      metrics.slackRequest('upload', 'error');
      throw error instanceof SlackProblem ? error : new SlackProblem('unreachable', 'upload', 'no_connection');
    } finally {
      inTime.abort();
    }
  }

  async function begin(file: FileToShare): Promise<{ id: string; title: string }> {
    const { upload_url: url, file_id: id } = await call('files.getUploadURLExternal', {
      filename: file.name,
      length: file.content.length,
      ...(file.alt === undefined ? {} : { alt_txt: file.alt.slice(0, 1_000) }),
    });
    if (typeof url !== 'string' || typeof id !== 'string')
      throw new SlackProblem('unreachable', 'files.getUploadURLExternal', 'not_an_answer_of_slack');
    await upload(url, file.content);
    return { id, title: file.title };
  }

  async function shareNow(place: Place, comment: string, files: readonly FileToShare[]): Promise<void> {
    const begun: { id: string; title: string }[] = [];
    for (const file of files) begun.push(await begin(file));
    await call('files.completeUploadExternal', {
      files: begun,
      channel_id: place.channel,
      thread_ts: place.threadTs,
      initial_comment: comment,
    });
  }

  return {
    share(place, comment, files) {
      const mine = before.then(() => shareNow(place, comment, files));
      before = mine.catch(() => {});
      return mine;
    },

    async isShared(place, name) {
      let cursor: string | undefined;
      for (let page = 0; page < PAGES; page++) {
        const result = await api.call('conversations.replies', {
          channel: place.channel,
          ts: place.threadTs,
          limit: 200,
          ...(cursor === undefined ? {} : { cursor }),
        });
        if (listOf(result['messages']).some((one) => listOf(one['files']).some((file) => file['name'] === name)))
          return true;
        const next = recordOf(result['response_metadata'])['next_cursor'];
        if (typeof next !== 'string' || next === '') return false;
        cursor = next;
      }
      return false;
    },
  };
}

function listOf(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}

function recordOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}
