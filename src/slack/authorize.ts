/**
 * Who may ask for migrations and who may pass gates, by REQUESTERS and APPROVERS. Owns a short memory of the user
 * groups' members. When Slack does not tell the members, a list of at most ten minutes ago is used; without one the
 * answer is no, with the reason. Never rejects.
 */
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Authorizer, Permission } from '../engine/service.ts';
import type { Log } from '../log.ts';
import { isSlackProblem, type SlackApi } from './api.ts';
import { groupMention, mention } from './text.ts';

const FRESH_MS = 60_000;
const USABLE_MS = 600_000;

export interface AuthorizerDeps {
  readonly config: Pick<Config, 'requesters' | 'approvers'>;
  readonly api: SlackApi;
  readonly clock: Clock;
  readonly log: Log;
}

interface Members {
  readonly users: ReadonlySet<string>;
  readonly at: number;
}

export function createAuthorizer(deps: AuthorizerDeps): Authorizer {
  const { config, api, clock, log } = deps;
  const known = new Map<string, Members>();
  const asking = new Map<string, Promise<Members | null>>();

  async function ask(group: string): Promise<Members | null> {
    try {
      const result = await api.call('usergroups.users.list', { usergroup: group });
      const users = Array.isArray(result['users']) ? result['users'].map(String) : [];
      const members = { users: new Set(users), at: clock.monotonicMs() };
      known.set(group, members);
      return members;
    } catch (error) {
      log.warn(
        { group, code: isSlackProblem(error) ? error.code : 'unexpected' },
        'cannot read the members of a user group',
      );
      const old = known.get(group);
      return old && clock.monotonicMs() - old.at <= USABLE_MS ? old : null;
    }
  }

  /** Null when nobody can tell. Questions that come together are asked once. */
  function membersOf(group: string): Promise<Members | null> {
    const cached = known.get(group);
    if (cached && clock.monotonicMs() - cached.at <= FRESH_MS) return Promise.resolve(cached);
    const running = asking.get(group);
    if (running) return running;
    const question = ask(group).finally(() => asking.delete(group));
    asking.set(group, question);
    return question;
  }

  async function mayDo(user: string, allowed: readonly string[] | null, what: string): Promise<Permission> {
    if (allowed === null || allowed.includes(user)) return { ok: true };
    const groups = allowed.filter((id) => id.startsWith('S'));
    const answers = await Promise.all(groups.map(membersOf));
    if (answers.some((members) => members?.users.has(user))) return { ok: true };
    const who = allowed.map((id) => (id.startsWith('S') ? groupMention(id) : mention(id))).join(', ');
    const unknown = groups.filter((_, place) => answers[place] === null);
    if (unknown.length > 0) {
      return {
        ok: false,
        why: `Slack did not tell who is in ${unknown.map(groupMention).join(', ')}, so it is not known whether you may ${what}. Please try again in a minute. Those who may: ${who}.`,
      };
    }
    return {
      ok: false,
      why:
        who === ''
          ? `Nobody may ${what}: the list of those who may is empty.`
          : `You may not ${what}. Those who may: ${who}.`,
    };
  }

  return {
    mayRequest: (user) => mayDo(user, config.requesters, 'ask for migrations'),
    mayApprove: (user) => mayDo(user, config.approvers, 'approve'),
  };
}
