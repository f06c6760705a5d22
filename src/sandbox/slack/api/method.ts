/** What the methods of the Web API share: their table's shape, what they may use, and finding a channel by the rules. */
import { isObject, type JsonObject, stringAt } from '../json.ts';
import { refuse } from '../refusal.ts';
import type { Tickets } from '../tickets.ts';
import type { Views } from '../views.ts';
import type { SandboxChannel, SandboxMessage, Workspace } from '../workspace.ts';
import { fileJson, type Upload } from './file.ts';

export interface ApiContext {
  readonly workspace: Workspace;
  readonly views: Views;
  readonly tickets: Tickets;
  readonly scopes: ReadonlySet<string>;
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly origin: () => string;
  readonly newSocketUrl: () => string;
  readonly uploads: Map<string, Upload>;
}

export interface Method {
  readonly token: 'bot' | 'app';
  /** Any one of them suffices; an empty list needs none. */
  readonly scopes: readonly string[];
  /** Fields of the answer besides `ok`. Throws a SlackRefusal. */
  run(api: ApiContext, args: JsonObject): JsonObject;
}

export type Methods = Readonly<Record<string, Method>>;

export function bot(scopes: readonly string[], run: Method['run']): Method {
  return { token: 'bot', scopes, run };
}

export function needString(args: JsonObject, key: string): string {
  return stringAt(args, key) ?? refuseArgument(key);
}

function refuseArgument(key: string): never {
  const line = `missing required field: ${key} [json-pointer:/${key}]`;
  return refuse('invalid_arguments', { errors: [line], response_metadata: { messages: [`[ERROR] ${line}`] } });
}

/** A private channel without the bot in it doesn't exist as far as the bot can see. */
export function visibleChannel(api: ApiContext, args: JsonObject): SandboxChannel {
  const channel = api.workspace.findChannel(needString(args, 'channel'));
  if (channel === undefined || (channel.private && !channel.botIsMember)) refuse('channel_not_found');
  return channel;
}

/** `public`: chat:write.public lets the bot write to public channels that it is not in. */
export function writableChannel(api: ApiContext, args: JsonObject, how: 'member' | 'public'): SandboxChannel {
  const channel = visibleChannel(api, args);
  if (channel.archived) refuse('is_archived');
  const may =
    channel.botIsMember || channel.directWith !== null || (how === 'public' && api.scopes.has('chat:write.public'));
  if (!may) refuse('not_in_channel');
  return channel;
}

/** Reading a channel's messages needs the scope of its kind and membership. */
export function readableChannel(api: ApiContext, args: JsonObject): SandboxChannel {
  const channel = visibleChannel(api, args);
  const kind = channel.directWith !== null ? 'im' : channel.private ? 'groups' : 'channels';
  needScope(api, [`${kind}:history`]);
  if (!channel.botIsMember && channel.directWith === null) refuse('not_in_channel');
  return channel;
}

export function needScope(api: ApiContext, anyOf: readonly string[]): void {
  if (anyOf.length === 0 || anyOf.some((scope) => api.scopes.has(scope))) return;
  refuse('missing_scope', { needed: anyOf.join(','), provided: [...api.scopes].join(',') });
}

export function messageJson(
  api: Pick<ApiContext, 'workspace'>,
  message: SandboxMessage,
  withMetadata: boolean,
): JsonObject {
  const { workspace } = api;
  const replies = workspace
    .everything(message.channel)
    .filter((one) => one.thread_ts === message.ts && one.ts !== message.ts);
  const byBot = message.user === workspace.botUserId;
  return {
    type: 'message',
    ...(message.reply_broadcast ? { subtype: 'thread_broadcast' } : {}),
    user: message.user,
    ts: message.ts,
    text: message.text,
    team: workspace.teamId,
    ...(byBot ? { bot_id: workspace.botId, app_id: workspace.appId } : {}),
    ...(message.blocks.length > 0 ? { blocks: message.blocks } : {}),
    ...(message.thread_ts !== null ? { thread_ts: message.thread_ts, parent_user_id: workspace.botUserId } : {}),
    ...(replies.length > 0
      ? { thread_ts: message.ts, reply_count: replies.length, latest_reply: replies.at(-1)?.ts }
      : {}),
    ...(message.edited !== null ? { edited: { user: message.user, ts: message.edited } } : {}),
    ...(message.files.length > 0
      ? {
          files: message.files.flatMap((id) => {
            const file = workspace.files.get(id);
            return file === undefined ? [] : [fileJson(workspace, file)];
          }),
        }
      : {}),
    ...(message.reactions.length > 0
      ? { reactions: message.reactions.map((name) => ({ name, count: 1, users: [workspace.botUserId] })) }
      : {}),
    ...(withMetadata && message.metadata !== null ? { metadata: message.metadata } : {}),
  };
}

/** Cuts one page out of a list. The cursor is the index where the next page starts. */
export function page(items: readonly JsonObject[], args: JsonObject, key: string, defaultLimit: number): JsonObject {
  const start = Number(stringAt(args, 'cursor') ?? '0');
  const limit = Math.max(1, Number(stringAt(args, 'limit') ?? defaultLimit));
  if (!Number.isInteger(start) || start < 0) refuse('invalid_cursor');
  const end = start + limit;
  const more = end < items.length;
  return {
    [key]: items.slice(start, end),
    has_more: more,
    response_metadata: { next_cursor: more ? String(end) : '' },
  };
}

export function metadataOf(
  args: JsonObject,
): { readonly event_type: string; readonly event_payload: JsonObject } | null | undefined {
  const metadata = args['metadata'];
  if (metadata === undefined) return undefined;
  if (!isObject(metadata)) refuse('invalid_metadata_format');
  if (Object.keys(metadata).length === 0) return null;
  const { event_type: type, event_payload: payload } = metadata as { event_type?: unknown; event_payload?: unknown };
  if (typeof type !== 'string' || type === '' || !isObject(payload)) refuse('invalid_metadata_schema');
  return { event_type: type, event_payload: payload };
}
