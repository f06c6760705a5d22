/**
 * Who may ask for migrations and who may pass gates, by REQUESTERS and APPROVERS; and who somebody is under whichever id.
 * Owns a short memory of the user groups' members and of people. Never rejects.
 *
 * When Slack does not tell:
 * - the members of a group: the answer is no, with the reason, for a list is what keeps others out;
 * - whether an account is deactivated: it counts as active. A click that Slack delivers comes from somebody who is logged
 *   in, and who is deactivated is logged out at once; what can be missed is an approval given shortly before;
 * - another id of somebody: the one that came is theirs. Slack names one person to one app in one way, so two ids of one
 *   person meet only when the workspace moves to Enterprise Grid between two clicks.
 *
 * Enterprise Grid (docs.slack.dev, migration.exchange and the user object): somebody of a workspace that moved there has a
 * local id (U…) and a global one (W… or U…), which `users.info` gives as `enterprise_user.id`. The global one is the person.
 */
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Authorizer, Permission } from '../engine/service.ts';
import type { Log } from '../log.ts';
import { isSlackProblem, type SlackApi } from './api.ts';
import { createRemembered } from './remembered.ts';
import { groupMention, mention } from './text.ts';

/** So long somebody waits to be told apart, before the id that came is taken for all there is. */
const WHO_MS = 3_000;

export interface AuthorizerDeps {
  readonly config: Pick<Config, 'requesters' | 'approvers'>;
  readonly api: SlackApi;
  readonly clock: Clock;
  readonly log: Log;
}

interface Who {
  /** The global id where there is one. */
  readonly id: string;
  readonly onGrid: boolean;
  readonly deactivated: boolean;
}

export function createAuthorizer(deps: AuthorizerDeps): Authorizer {
  const { config, api, clock, log } = deps;
  const membersOf = createRemembered(clock, askMembers);
  const lookUp = createRemembered(clock, askWho);

  async function askMembers(group: string): Promise<ReadonlySet<string> | null> {
    const result = await told('usergroups.users.list', { usergroup: group }, 'the members of a user group');
    return result === null ? null : new Set(Array.isArray(result['users']) ? result['users'].map(String) : []);
  }

  async function askWho(user: string): Promise<Who | null> {
    const result = await told('users.info', { user }, 'who somebody is');
    const about = recordOf(result?.['user']);
    if (typeof about['id'] !== 'string') return null;
    const global = recordOf(about['enterprise_user'])['id'];
    const onGrid = typeof global === 'string' && global !== '';
    return { id: onGrid ? global : about['id'], onGrid, deactivated: about['deleted'] === true };
  }

  async function told(method: string, args: Readonly<Record<string, string>>, what: string) {
    try {
      return await api.call(method, args);
    } catch (error) {
      const code = isSlackProblem(error) ? error.code : 'unexpected';
      log.warn({ ...args, code }, `Slack does not tell ${what}`);
      return null;
    }
  }

  /** Null when nobody can tell by then; the answer is remembered when it comes. */
  async function whoIs(user: string): Promise<Who | null> {
    const over = new AbortController();
    const late = clock.sleep(WHO_MS, over.signal).then(() => null);
    return Promise.race([lookUp(user), late]).finally(() => over.abort());
  }

  /** By name, under whichever id of theirs the list has. */
  async function isNamed(user: string, who: Who | null, named: readonly string[]): Promise<boolean> {
    if (named.includes(user) || (who !== null && named.includes(who.id))) return true;
    if (!who?.onGrid) return false;
    const others = await Promise.all(named.map(whoIs));
    return others.some((one) => one?.id === who.id);
  }

  async function mayDo(user: string, allowed: readonly string[] | null, what: string): Promise<Permission> {
    const groups = (allowed ?? []).filter(isGroup);
    const named = (allowed ?? []).filter((id) => !isGroup(id));
    const [who, ...members] = await Promise.all([whoIs(user), ...groups.map(membersOf)]);
    const person = who === null || who.id === user ? {} : { person: who.id };
    if (who?.deactivated)
      return { ok: false, why: `Your Slack account is deactivated: you may not ${what}.`, ...person };
    const inGroup = members.some((one) => one?.has(user) || (who !== null && one?.has(who.id)));
    if (allowed === null || inGroup || (await isNamed(user, who, named))) return { ok: true, ...person };
    const list = allowed.map((id) => (isGroup(id) ? groupMention(id) : mention(id))).join(', ');
    const unknown = groups.filter((_, place) => members[place] === null);
    if (unknown.length > 0) {
      return {
        ok: false,
        unsure: true,
        why: `Slack did not tell who is in ${unknown.map(groupMention).join(', ')}, so it is not known whether you may ${what}. Please try again in a minute. Those who may: ${list}.`,
        ...person,
      };
    }
    if (who === null && named.length > 0) {
      return {
        ok: false,
        unsure: true,
        why: `Slack did not tell who you are, and ${mention(user)} is not among those who may ${what}: ${list}. If one of them is you under another id, please try again in a minute.`,
      };
    }
    const why =
      list === ''
        ? `Nobody may ${what}: the list of those who may is empty.`
        : `You may not ${what}. Those who may: ${list}.`;
    return { ok: false, why, ...person };
  }

  return {
    // Whoever everybody is needs no looking up.
    mayRequest: (user) =>
      config.requesters === null ? Promise.resolve({ ok: true }) : mayDo(user, config.requesters, 'ask for migrations'),
    mayApprove: (user) => mayDo(user, config.approvers, 'approve'),
  };
}

function isGroup(id: string): boolean {
  return id.startsWith('S');
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}
