/** A status message that cannot be edited any more gets a successor; each links to the other where that is possible. */
import type { MigrationView } from '../domain/view.ts';
import type { Log } from '../log.ts';
import { isSlackProblem, type SlackApi } from './api.ts';
import type { Rendering } from './blocks/status.ts';
import { type Poster, STATUS_EVENT, STORY_EVENT } from './post.ts';

interface MoveDeps {
  readonly poster: Poster;
  readonly log: Log;
}

/** The `ts` of the new message; null when it could not be posted now. */
export async function moveMessage(
  deps: MoveDeps,
  view: MigrationView,
  code: string,
  rendering: Rendering,
): Promise<string | null> {
  const { poster, log } = deps;
  const old = view.messageTs ?? '0';
  try {
    const found = await poster.find({ channel: view.channel, oldest: old }, STATUS_EVENT, view.id);
    const already = found.find((message) => message.ts > old);
    const ts =
      already?.ts ??
      (await poster.post({
        channel: view.channel,
        ...callingNobody(rendering),
        metadata: { event_type: STATUS_EVENT, event_payload: { migration: view.id } },
      }));
    log.info({ migration: view.id, code }, 'the status message was posted anew');
    return ts;
  } catch (error) {
    if (!isSlackProblem(error)) throw error;
    log.warn({ migration: view.id, code: error.code }, 'the status message cannot be posted anew');
    return null;
  }
}

/** A new message notifies whoever is mentioned in it, and these were long ago. The update that follows shows them by name. */
function callingNobody({ text, blocks }: Rendering): Pick<Rendering, 'text' | 'blocks'> {
  const bare = (json: string) => json.replace(/<@([UW][A-Z0-9]{1,20})>/g, '$1');
  return { text: bare(text), blocks: JSON.parse(bare(JSON.stringify(blocks))) as Rendering['blocks'] };
}

/** Links are a courtesy: when they fail, the migration goes on without them. `view`: as it was before the move. Never rejects. */
export async function linkMessages(
  deps: MoveDeps & { readonly api: SlackApi },
  view: MigrationView,
  next: string,
  oldExists: boolean,
): Promise<void> {
  const { api, poster, log } = deps;
  const { channel, id, messageTs } = view;
  const old = messageTs ?? '0';
  const metadata = { event_type: STORY_EVENT, event_payload: { migration: id, seq: 0 } };
  const say = (threadTs: string, text: string) => poster.post({ channel, threadTs, text, metadata });
  try {
    if (!oldExists) {
      await say(next, 'The older status message was deleted; the story goes on here.');
      return;
    }
    await say(old, `The status is now shown <${await permalink(api, channel, next)}|in a newer message>.`);
    await say(next, `What happened before is told <${await permalink(api, channel, old)}|under the older message>.`);
  } catch (error) {
    const code = isSlackProblem(error) ? error.code : 'unexpected';
    log.info({ migration: id, code }, 'could not link the two status messages');
  }
}

async function permalink(api: SlackApi, channel: string, ts: string): Promise<string> {
  const result = await api.call('chat.getPermalink', { channel, message_ts: ts });
  return String(result['permalink']);
}
