/** The Slack half of what the page shows, as it is at this moment. Changes nothing; tokens and private data stay out. */
import type { SandboxFile, SandboxMessage, SandboxSlack, SandboxView } from '../slack/index.ts';
import type { JsonObject } from '../slack/json.ts';
import { isPicture } from './shared-file.ts';
import type { DemoState, PageEphemeral, PageFile, PageMessage, PageView, Person } from './state.ts';

export type SlackState = Omit<DemoState, 'version' | 'world'>;

/** `roles`: user id → role; who is not in it is nobody. */
export function slackState(slack: SandboxSlack, team: string, roles: ReadonlyMap<string, string>): SlackState {
  const people: Person[] = slack.users().map((user) => ({
    id: user.id,
    name: user.realName,
    role: user.isBot ? 'bot' : (roles.get(user.id) ?? 'nobody'),
  }));
  // Direct messages have a person's name for a name: the page has no place for them.
  const channels = slack.channels().filter((channel) => channel.directWith === null);
  const homes = people.flatMap(({ id }) => {
    const home = slack.homeView(id);
    return home === null ? [] : [{ user: id, viewId: home.id, blocks: home.blocks }];
  });
  return {
    team,
    botUser: slack.botUserId,
    people,
    channels: channels.map(({ id, name }) => ({ id, name })),
    messages: channels.flatMap(({ id }) => messagesOf(slack, id)).toSorted(byTs),
    ephemerals: people.flatMap(({ id }) => ephemeralsOf(slack, id)).toSorted((a, b) => compare(a.id, b.id)),
    views: people.flatMap(({ id }) => slack.openViews(id).map(viewOf)),
    homes,
  };
}

function messagesOf(slack: SandboxSlack, channel: string): PageMessage[] {
  const all = new Map<string, SandboxMessage>();
  for (const message of slack.messages(channel)) {
    all.set(message.ts, message);
    if (message.thread_ts !== null) continue;
    for (const reply of slack.thread(channel, message.ts)) all.set(reply.ts, reply);
  }
  return [...all.values()].map((message) => ({
    channel: message.channel,
    ts: message.ts,
    user: message.user,
    text: message.text,
    blocks: message.blocks,
    files: message.files.flatMap((id) => fileOf(slack.file(id))),
    threadTs: message.thread_ts,
    broadcast: message.reply_broadcast,
    edited: message.edited,
  }));
}

function fileOf(file: SandboxFile | null): PageFile[] {
  if (file === null) return [];
  const { id, name, title, alt, filetype, content } = file;
  return [{ id, name, title, alt, type: filetype, bytes: content.length, isPicture: isPicture(file) }];
}

function ephemeralsOf(slack: SandboxSlack, user: string): PageEphemeral[] {
  return slack.ephemerals(user).map(({ ts, channel, text, blocks }) => ({ id: ts, channel, user, text, blocks }));
}

function viewOf(view: SandboxView): PageView {
  const plain = (text: string | null): JsonObject | null =>
    text === null ? null : { type: 'plain_text', text, emoji: true };
  return {
    id: view.id,
    user: view.user,
    view: {
      id: view.id,
      type: view.type,
      callback_id: view.callback_id,
      title: plain(view.title),
      submit: plain(view.submit),
      close: plain(view.close),
      blocks: view.blocks,
    },
    errors: view.errors,
  };
}

function byTs(a: PageMessage, b: PageMessage): number {
  return compare(a.ts, b.ts);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
