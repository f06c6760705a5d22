/** auth.test, apps.connections.open, conversations.*, users.*, usergroups.*. */
import { flagAt, type JsonObject, stringAt } from '../json.ts';
import { refuse } from '../refusal.ts';
import type { SandboxChannel, SandboxMessage, SandboxUser, SandboxUserGroup } from '../workspace.ts';
import {
  type ApiContext,
  bot,
  type Methods,
  messageJson,
  needScope,
  needString,
  page,
  readableChannel,
  visibleChannel,
} from './method.ts';

function userJson(api: ApiContext, user: SandboxUser): JsonObject {
  return {
    id: user.id,
    team_id: api.workspace.teamId,
    name: user.name,
    deleted: user.deleted,
    real_name: user.realName,
    tz: 'Etc/UTC',
    tz_offset: 0,
    profile: { real_name: user.realName, display_name: user.name, team: api.workspace.teamId },
    is_admin: false,
    is_bot: user.isBot,
    is_app_user: false,
    updated: 0,
  };
}

function groupJson(api: ApiContext, group: SandboxUserGroup, withUsers: boolean): JsonObject {
  return {
    id: group.id,
    team_id: api.workspace.teamId,
    is_usergroup: true,
    name: group.handle,
    handle: group.handle,
    date_delete: 0,
    user_count: group.users.length,
    ...(withUsers ? { users: group.users } : {}),
  };
}

function channelJson(channel: SandboxChannel): JsonObject {
  const direct = channel.directWith !== null;
  return {
    id: channel.id,
    ...(direct ? { user: channel.directWith } : { name: channel.name }),
    is_channel: !direct && !channel.private,
    is_group: !direct && channel.private,
    is_im: direct,
    is_private: channel.private || direct,
    is_archived: channel.archived,
    is_member: channel.botIsMember,
  };
}

/** `oldest` and `latest` are outside the range unless `inclusive`. */
function within(messages: readonly SandboxMessage[], args: JsonObject): SandboxMessage[] {
  const oldest = Number(stringAt(args, 'oldest') ?? '0');
  const latest = Number(stringAt(args, 'latest') ?? 'Infinity');
  const inclusive = flagAt(args, 'inclusive');
  return messages.filter(({ ts }) => {
    const at = Number(ts);
    return inclusive ? at >= oldest && at <= latest : at > oldest && at < latest;
  });
}

export const placeMethods: Methods = {
  'auth.test': bot([], ({ workspace }) => ({
    url: `https://${workspace.teamDomain}.slack.com/`,
    team: 'Sandbox',
    user: workspace.users.get(workspace.botUserId)?.name,
    team_id: workspace.teamId,
    user_id: workspace.botUserId,
    bot_id: workspace.botId,
    is_enterprise_install: false,
  })),

  'apps.connections.open': { token: 'app', scopes: [], run: (api) => ({ url: api.newSocketUrl() }) },

  'conversations.history': bot([], (api, args) => {
    const channel = readableChannel(api, args);
    const shown = api.workspace.everything(channel.id).filter((one) => one.thread_ts === null || one.reply_broadcast);
    const messages = within(shown, args).toReversed();
    const json = messages.map((message) => messageJson(api, message, flagAt(args, 'include_all_metadata')));
    return page(json, args, 'messages', 100);
  }),

  'conversations.replies': bot([], (api, args) => {
    const channel = readableChannel(api, args);
    const ts = needString(args, 'ts');
    if (api.workspace.message(channel.id, ts) === undefined) refuse('thread_not_found');
    const all = api.workspace.everything(channel.id);
    const replies = within(
      all.filter((one) => one.thread_ts === ts && one.ts !== ts),
      args,
    );
    const thread = [...all.filter((one) => one.ts === ts), ...replies];
    const json = thread.map((message) => messageJson(api, message, flagAt(args, 'include_all_metadata')));
    return page(json, args, 'messages', 1000);
  }),

  'conversations.info': bot([], (api, args) => {
    const channel = visibleChannel(api, args);
    needScope(api, [channel.directWith !== null ? 'im:read' : channel.private ? 'groups:read' : 'channels:read']);
    return { channel: channelJson(channel) };
  }),

  'conversations.join': bot(['channels:join'], (api, args) => {
    const channel = visibleChannel(api, args);
    if (channel.archived) refuse('is_archived');
    if (channel.private || channel.directWith !== null) refuse('method_not_supported_for_channel_type');
    return { channel: channelJson(api.workspace.addChannel({ ...channel, botIsMember: true })) };
  }),

  'users.info': bot(['users:read'], (api, args) => {
    const user = api.workspace.users.get(needString(args, 'user'));
    if (user === undefined) refuse('user_not_found');
    return { user: userJson(api, user) };
  }),

  'users.list': bot(['users:read'], (api, args) => {
    const members = [...api.workspace.users.values()].map((user) => userJson(api, user));
    return page(members, args, 'members', 1000);
  }),

  'usergroups.list': bot(['usergroups:read'], (api, args) => ({
    usergroups: [...api.workspace.groups.values()].map((group) => groupJson(api, group, flagAt(args, 'include_users'))),
  })),

  'usergroups.users.list': bot(['usergroups:read'], (api, args) => {
    const group = api.workspace.groups.get(needString(args, 'usergroup'));
    if (group === undefined) refuse('no_such_subteam');
    return { users: group.users };
  }),
};
