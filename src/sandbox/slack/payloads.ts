/** The bodies of Slack's requests, as docs.slack.dev/reference/interaction-payloads shows them. */
import { messageJson } from './api/method.ts';
import type { JsonObject } from './json.ts';
import { type FieldInput, stateOf } from './view-state.ts';
import type { SandboxChannel, SandboxMessage, SandboxUser, Workspace } from './workspace.ts';

/** The legacy verification token: every request has one, nobody should look at it. */
const TOKEN = 'sandbox-verification-token';

export function commonPayload(workspace: Workspace, user: SandboxUser): JsonObject {
  return {
    team: { id: workspace.teamId, domain: workspace.teamDomain },
    user: { id: user.id, username: user.name, name: user.name, team_id: workspace.teamId },
    api_app_id: workspace.appId,
    token: TOKEN,
    enterprise: null,
    is_enterprise_install: false,
  };
}

function channelName(channel: SandboxChannel): string {
  if (channel.directWith !== null) return 'directmessage';
  return channel.private ? 'privategroup' : channel.name;
}

export function channelPayload(channel: SandboxChannel): JsonObject {
  return { id: channel.id, name: channelName(channel) };
}

interface CommandFacts {
  readonly user: SandboxUser;
  readonly channel: SandboxChannel;
  readonly command: string;
  readonly text: string;
  readonly responseUrl: string;
  readonly triggerId: string;
}

export function commandPayload(workspace: Workspace, facts: CommandFacts): JsonObject {
  return {
    token: TOKEN,
    team_id: workspace.teamId,
    team_domain: workspace.teamDomain,
    channel_id: facts.channel.id,
    channel_name: channelName(facts.channel),
    user_id: facts.user.id,
    user_name: facts.user.name,
    command: facts.command,
    text: facts.text,
    api_app_id: workspace.appId,
    is_enterprise_install: 'false',
    response_url: facts.responseUrl,
    trigger_id: facts.triggerId,
  };
}

interface ShortcutFacts extends Pick<CommandFacts, 'user' | 'channel' | 'responseUrl' | 'triggerId'> {
  readonly message: SandboxMessage;
  readonly callbackId: string;
}

export function shortcutPayload(workspace: Workspace, facts: ShortcutFacts): JsonObject {
  return {
    type: 'message_action',
    ...commonPayload(workspace, facts.user),
    callback_id: facts.callbackId,
    trigger_id: facts.triggerId,
    response_url: facts.responseUrl,
    action_ts: workspace.nextTs(),
    message_ts: facts.message.ts,
    channel: channelPayload(facts.channel),
    message: messageJson({ workspace }, facts.message, false),
  };
}

export function actionPayload(
  blockId: string,
  element: JsonObject,
  input: FieldInput | undefined,
  more: { readonly actionTs: string; readonly offered: readonly JsonObject[] },
): JsonObject {
  const { type, action_id: actionId } = element as { type?: unknown; action_id?: unknown };
  const base = { type, action_id: actionId, block_id: blockId, action_ts: more.actionTs };
  if (type === 'overflow') {
    return { ...base, ...stateOf({ ...element, type: 'radio_buttons' }, input), type };
  }
  const state = stateOf(element, input, more.offered);
  const { placeholder } = element as { placeholder?: unknown };
  if (state !== null) return { ...base, ...state, ...(placeholder === undefined ? {} : { placeholder }) };
  const { text, value, style } = element as { text?: unknown; value?: unknown; style?: unknown };
  return {
    ...base,
    ...(text === undefined ? {} : { text }),
    ...(value === undefined ? {} : { value }),
    ...(style === undefined ? {} : { style }),
  };
}

export function eventPayload(workspace: Workspace, event: JsonObject): JsonObject {
  return {
    token: TOKEN,
    team_id: workspace.teamId,
    api_app_id: workspace.appId,
    event,
    type: 'event_callback',
    event_id: workspace.nextId('Ev'),
    event_time: Math.floor(workspace.clock.now() / 1000),
    authorizations: [
      {
        enterprise_id: null,
        team_id: workspace.teamId,
        user_id: workspace.botUserId,
        is_bot: true,
        is_enterprise_install: false,
      },
    ],
    is_ext_shared_channel: false,
    event_context: workspace.nextId('ctx'),
  };
}
