/** What a channel shows, in its order: days, messages, answers to one person. Pure. */
import type { DemoState, PageEphemeral, PageMessage } from '../state.ts';
import type { Replies } from './message.tsx';
import { dateOf, dayOf } from './time.ts';

export type Entry =
  | { readonly kind: 'day'; readonly key: string; readonly at: Date }
  | {
      readonly kind: 'message';
      readonly key: string;
      readonly message: PageMessage;
      readonly close: boolean;
      readonly replies: Replies | null;
    }
  | { readonly kind: 'ephemeral'; readonly key: string; readonly ephemeral: PageEphemeral };

const CLOSE_SECONDS = 300;

/** What is read of the state: a tick of the world outside is no reason to look again. */
export type Said = Pick<DemoState, 'messages' | 'ephemerals'>;

export function timeline(state: Said, channel: string, me: string): readonly Entry[] {
  const messages = state.messages
    .filter((one) => one.channel === channel && (one.threadTs === null || one.threadTs === one.ts || one.broadcast))
    .map((message) => ({ order: Number(message.ts), message }));
  const ephemerals = state.ephemerals
    .filter((one) => one.channel === channel && one.user === me)
    .map((ephemeral) => ({ order: Number(ephemeral.id) || Number.POSITIVE_INFINITY, ephemeral }));
  const entries: Entry[] = [];
  let day = '';
  let before: PageMessage | null = null;
  for (const one of [...messages, ...ephemerals].toSorted((a, b) => a.order - b.order)) {
    if ('ephemeral' in one) {
      entries.push({ kind: 'ephemeral', key: `e${one.ephemeral.id}`, ephemeral: one.ephemeral });
      before = null;
      continue;
    }
    const { message } = one;
    const at = dateOf(message.ts);
    const close =
      before !== null &&
      before.user === message.user &&
      day === dayOf(at) &&
      Number(message.ts) - Number(before.ts) < CLOSE_SECONDS;
    if (day !== dayOf(at)) entries.push({ kind: 'day', key: `d${dayOf(at)}`, at });
    day = dayOf(at);
    before = message;
    entries.push({ kind: 'message', key: message.ts, message, close, replies: repliesTo(state, message) });
  }
  return entries;
}

/** The message that began it, and its replies. */
export function threadOf(state: Pick<Said, 'messages'>, channel: string, ts: string): readonly PageMessage[] {
  return state.messages.filter((one) => one.channel === channel && (one.ts === ts || one.threadTs === ts));
}

function repliesTo(state: Said, root: PageMessage): Replies | null {
  if (root.threadTs !== null && root.threadTs !== root.ts) return null;
  const replies = threadOf(state, root.channel, root.ts).filter((one) => one.ts !== root.ts);
  const last = replies.at(-1);
  if (last === undefined) return null;
  return { count: replies.length, users: [...new Set(replies.map((one) => one.user))].slice(0, 4), last: last.ts };
}
