/** chat.* and reactions.add. */
import { checkMessage } from '../block-limits.ts';
import { flagAt, type JsonObject, stringAt } from '../json.ts';
import { refuse, refuseProblems } from '../refusal.ts';
import type { SandboxBlock, SandboxMessage } from '../workspace.ts';
import {
  type ApiContext,
  bot,
  type Methods,
  messageJson,
  metadataOf,
  needString,
  visibleChannel,
  writableChannel,
} from './method.ts';

export interface Content {
  readonly text: string;
  readonly blocks: readonly SandboxBlock[];
}

/** Text and blocks of a message, checked; refuses what Slack refuses. */
export function contentOf(
  api: Pick<ApiContext, 'workspace'>,
  args: JsonObject,
  options: { readonly forUpdate?: boolean } = {},
): Content {
  // The sandbox has no attachments; refusing them is better than dropping them in silence.
  if (args['attachments'] !== undefined) refuse('invalid_attachments');
  const text = stringAt(args, 'text') ?? '';
  const blocks = args['blocks'] ?? [];
  refuseProblems(checkMessage(blocks, text, options));
  return { text, blocks: api.workspace.withIds(blocks as JsonObject[]) };
}

function ownMessage(api: ApiContext, args: JsonObject, error: string): SandboxMessage {
  const channel = visibleChannel(api, args);
  const message = api.workspace.message(channel.id, needString(args, 'ts'));
  if (message === undefined) refuse('message_not_found');
  if (message.user !== api.workspace.botUserId) refuse(error);
  if (channel.archived) refuse('is_archived');
  return message;
}

export const chatMethods: Methods = {
  'chat.postMessage': bot(['chat:write'], (api, args) => {
    const channel = writableChannel(api, args, 'public');
    const content = contentOf(api, args);
    const threadTs = stringAt(args, 'thread_ts');
    const message = api.workspace.post({
      channel: channel.id,
      user: api.workspace.botUserId,
      ...content,
      metadata: metadataOf(args) ?? null,
      thread_ts: threadTs,
      reply_broadcast: threadTs !== null && flagAt(args, 'reply_broadcast'),
    });
    return { channel: channel.id, ts: message.ts, message: messageJson(api, message, true) };
  }),

  'chat.update': bot(['chat:write'], (api, args) => {
    const old = ownMessage(api, args, 'cant_update_message');
    // "If you don't include blocks, the previous blocks will only be retained if text is not provided."
    const onlyText = args['blocks'] === undefined && stringAt(args, 'text') !== null;
    const content = contentOf(api, args, { forUpdate: true });
    const metadata = metadataOf(args);
    const message = api.workspace.edit(old, {
      text: content.text,
      blocks: onlyText ? [] : content.blocks,
      ...(metadata === undefined ? {} : { metadata }),
      ...(old.thread_ts !== null && flagAt(args, 'reply_broadcast') ? { reply_broadcast: true } : {}),
    });
    return { channel: old.channel, ts: old.ts, text: message.text, message: messageJson(api, message, true) };
  }),

  'chat.delete': bot(['chat:write'], (api, args) => {
    const message = ownMessage(api, args, 'cant_delete_message');
    api.workspace.delete(message.channel, message.ts);
    return { channel: message.channel, ts: message.ts };
  }),

  'chat.postEphemeral': bot(['chat:write'], (api, args) => {
    // chat:write.public does not help here: slackapi/node-slack-sdk#977.
    const channel = writableChannel(api, args, 'member');
    const user = api.workspace.users.get(needString(args, 'user'));
    if (user === undefined || user.isBot) refuse('user_not_in_channel');
    const ephemeral = api.workspace.whisper({
      user: user.id,
      channel: channel.id,
      thread_ts: stringAt(args, 'thread_ts'),
      ...contentOf(api, args),
      via: 'postEphemeral',
      interactions: [],
    });
    return { message_ts: ephemeral.ts };
  }),

  'chat.getPermalink': bot([], (api, args) => {
    const channel = visibleChannel(api, args);
    const message = api.workspace.message(channel.id, needString(args, 'message_ts'));
    if (message === undefined) refuse('message_not_found');
    const path = `archives/${channel.id}/p${message.ts.replace('.', '')}`;
    const thread = message.thread_ts === null ? '' : `?thread_ts=${message.thread_ts}&cid=${channel.id}`;
    return { channel: channel.id, permalink: `https://${api.workspace.teamDomain}.slack.com/${path}${thread}` };
  }),

  'reactions.add': bot(['reactions:write'], (api, args) => {
    const channel = visibleChannel(api, args);
    const message = api.workspace.message(channel.id, needString(args, 'timestamp'));
    const name = needString(args, 'name');
    if (message === undefined) refuse('message_not_found');
    if (message.reactions.includes(name)) refuse('already_reacted');
    api.workspace.react(message, name);
    return {};
  }),
};
