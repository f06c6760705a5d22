/**
 * Where status messages are, by Slack's own word. Owns what it has learnt; asks once for each message, one at a time,
 * and never makes anybody wait: a link that is not known yet is not shown. When Slack does not say, it is asked again
 * after a while.
 */
import type { Clock } from '../clock.ts';
import type { MigrationView } from '../domain/view.ts';
import type { Log } from '../log.ts';
import { isSlackProblem, type SlackApi } from './api.ts';

export interface Links {
  /** Those of these messages that are known, by migration. Asks for the others. */
  of(views: readonly MigrationView[]): ReadonlyMap<string, string>;
}

export interface LinksDeps {
  readonly api: SlackApi;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when another one is known. */
  readonly found: () => void;
}

const ASK_AGAIN_MS = 600_000;
/** In what is shown at a time there are fewer. */
const MOST = 2_000;

export function createLinks(deps: LinksDeps): Links {
  const { api, clock, log, found } = deps;
  const known = new Map<string, { readonly link: string | null; readonly at: number }>();
  const wanted = new Map<string, MigrationView>();
  let asking = false;

  async function ask({ channel, messageTs }: MigrationView): Promise<string | null> {
    try {
      const { permalink } = await api.call('chat.getPermalink', { channel, message_ts: messageTs });
      return typeof permalink === 'string' ? permalink : null;
    } catch (error) {
      log.info({ channel, code: isSlackProblem(error) ? error.code : 'unexpected' }, 'a message has no link');
      return null;
    }
  }

  async function work(): Promise<void> {
    if (asking) return;
    asking = true;
    let news = false;
    for (const [message, view] of wanted) {
      const link = await ask(view);
      wanted.delete(message);
      if (known.size >= MOST) known.clear();
      known.set(message, { link, at: clock.monotonicMs() });
      news ||= link !== null;
    }
    asking = false;
    if (news) found();
  }

  return {
    of(views) {
      const links = new Map<string, string>();
      for (const view of views) {
        if (view.messageTs === null) continue;
        const message = `${view.channel} ${view.messageTs}`;
        const entry = known.get(message);
        if (entry?.link != null) links.set(view.id, entry.link);
        else if (!entry || clock.monotonicMs() - entry.at >= ASK_AGAIN_MS) wanted.set(message, view);
      }
      void work();
      return links;
    },
  };
}
