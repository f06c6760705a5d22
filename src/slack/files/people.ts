/** Names of people for pictures and files, where Slack does not put them in. An id that Slack does not know stays an id. */
import type { NameOf } from '../../domain/report/plain-text.ts';
import type { Report } from '../../domain/report/report.ts';
import type { SlackApi } from '../api.ts';

export interface People {
  /** Asks Slack for those that are not known yet. Never rejects. */
  namesOf(report: Report): Promise<NameOf>;
}

/** So many people decide about one migration at most; the others are shown by their ids. */
const MOST_ASKED = 20;

export function createPeople(deps: { readonly api: SlackApi }): People {
  const known = new Map<string, string>();

  async function ask(user: string): Promise<void> {
    try {
      const result = await deps.api.call('users.info', { user });
      const found = nameIn(result['user']);
      if (found !== null) known.set(user, found);
    } catch {
      // The id does as well.
    }
  }

  return {
    async namesOf(report) {
      const unknown = [...idsIn(report)].filter((user) => !known.has(user)).slice(0, MOST_ASKED);
      await Promise.all(unknown.map(ask));
      return (user) => known.get(user) ?? user;
    },
  };
}

function idsIn(report: Report): ReadonlySet<string> {
  const texts = [...report.summary, ...report.timeline.map((row) => row.text)];
  const mentioned = texts.flatMap((text) => [...text.matchAll(/<@([UW][A-Z0-9]{1,20})>/g)].map(([, user]) => user));
  const deciding = report.milestones.map((one) => one.user);
  const all = [report.requestedBy, ...deciding, ...report.timeline.map((row) => row.actor), ...mentioned];
  return new Set(all.filter((one) => one != null && /^[UW][A-Z0-9]{1,20}$/.test(one)) as string[]);
}

function nameIn(user: unknown): string | null {
  const one = recordOf(user);
  const profile = recordOf(one['profile']);
  const names = [one['real_name'], profile['real_name'], profile['display_name'], one['name']];
  const found = names.find((name) => typeof name === 'string' && name.trim() !== '');
  return typeof found === 'string' ? found.trim().slice(0, 80) : null;
}

function recordOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}
