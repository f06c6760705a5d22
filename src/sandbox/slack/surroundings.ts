/** What block_actions and block_suggestion say of the place that they come from. Pure. */
import { messageJson } from './api/method.ts';
import type { JsonObject } from './json.ts';
import type { Place } from './on-screen.ts';
import { channelPayload } from './payloads.ts';
import type { StateValues } from './view-state.ts';
import type { Views } from './views.ts';
import type { Workspace } from './workspace.ts';

interface Parts {
  readonly workspace: Workspace;
  readonly views: Views;
}

export function surroundings({ workspace, views }: Parts, place: Place, values: StateValues): JsonObject {
  if (place.kind === 'view') {
    const { view } = place;
    return {
      container: { type: 'view', view_id: view.id },
      view: { ...views.toJson(view), state: { values } },
    };
  }
  const { ts, channel, kind } = place;
  const message = workspace.message(channel.id, ts);
  const thread = message?.thread_ts ?? null;
  return {
    container: {
      type: 'message',
      message_ts: ts,
      channel_id: channel.id,
      is_ephemeral: kind === 'ephemeral',
      ...(thread === null ? {} : { thread_ts: thread }),
    },
    channel: channelPayload(channel),
    // Slack leaves the message out of a click in an ephemeral.
    ...(message === undefined ? {} : { message: messageJson({ workspace }, message, true) }),
  };
}
