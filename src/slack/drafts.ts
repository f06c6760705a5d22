/**
 * The plans behind forms that are open: made when the first page was sent, started when the second one is. Owns them in
 * memory only. A form has room for 3000 characters of ours, 200 shards need more, and a password that was typed must not
 * leave the bot. After a restart they are gone; the form then says so, and its first page, which Slack still has, makes
 * the draft anew.
 */
import type { Clock } from '../clock.ts';
import type { Plan } from '../domain/plan.ts';

export interface Draft {
  readonly plan: Plan;
  /** The new servers in the order in which they were given. */
  readonly given: readonly string[];
  readonly onlyCheck: boolean;
  /** How often its order was put on a screen anew: a page of before shows another one. */
  readonly revision: number;
}

export interface Drafts {
  /** Returns what the form is handed to find it again. */
  put(draft: Draft): string;
  /** Null when it was used, is too old, or is another person's. */
  get(token: string, user: string): Draft | null;
  change(token: string, draft: Draft): void;
  drop(token: string): void;
}

/** Forms that nobody sends are forgotten, the oldest first. */
const MOST = 200;

export function createDrafts(clock: Pick<Clock, 'randomBytes'>): Drafts {
  const drafts = new Map<string, Draft>();
  return {
    put(draft) {
      const token = Buffer.from(clock.randomBytes(12)).toString('base64url');
      drafts.set(token, draft);
      for (const oldest of drafts.keys()) {
        if (drafts.size <= MOST) break;
        drafts.delete(oldest);
      }
      return token;
    },
    get(token, user) {
      const draft = drafts.get(token);
      return draft?.plan.requestedBy === user ? draft : null;
    },
    change(token, draft) {
      if (drafts.has(token)) drafts.set(token, draft);
    },
    drop: (token) => void drafts.delete(token),
  };
}
