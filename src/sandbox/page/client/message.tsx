/** One message: who, when, what; and what hangs below it. */
import { memo } from 'react';
import type { PageEphemeral, PageMessage } from '../state.ts';
import { Avatar } from './avatar.tsx';
import { Blocks } from './blocks/blocks.tsx';
import { Fields } from './fields/fields.tsx';
import { Files } from './files.tsx';
import { Icon } from './icons.tsx';
import { clockTime, dateOf, dayWords } from './time.ts';
import { personOf, useWorkspace } from './workspace.tsx';

export interface Replies {
  readonly count: number;
  readonly users: readonly string[];
  readonly last: string;
}

interface MessageProps {
  readonly message: PageMessage;
  /** Follows another one of the same person within minutes: no name and picture again. */
  readonly close: boolean;
  readonly replies: Replies | null;
  /** Null where there is no thread to open. */
  readonly onThread: ((ts: string) => void) | null;
}

export const Message = memo(function Message({ message, close, replies, onThread }: MessageProps) {
  const { state, act, me } = useWorkspace();
  const person = personOf(state, message.user);
  const at = dateOf(message.ts);
  const root = message.threadTs ?? message.ts;
  const short = close && message.threadTs === null;
  const began = message.threadTs === null ? '' : firstWords(state.messages.find((one) => one.ts === root)?.text ?? '');
  return (
    <li className={`message${short ? ' message-close' : ''}`} data-message={message.ts} tabIndex={-1}>
      {short ? (
        <time className="message-time-left" dateTime={at.toISOString()}>
          {clockTime(at).replace(/\s?[AP]M$/i, '')}
        </time>
      ) : (
        <Avatar person={person} size="large" />
      )}
      <div className="message-body">
        {!short && (
          <div className="message-head">
            <span className="message-name">{person.name}</span>
            {person.role === 'bot' && <span className="app-badge">APP</span>}
            <time dateTime={at.toISOString()} title={at.toLocaleString()}>
              {clockTime(at)}
            </time>
            {message.edited !== null && (
              <span className="edited" title={`Edited ${dateOf(message.edited).toLocaleString()}`}>
                (edited)
              </span>
            )}
          </div>
        )}
        {message.threadTs !== null && onThread !== null && (
          <button className="broadcast-of" onClick={() => onThread(root)} type="button">
            replied to a thread{began === '' ? '' : `: ${began}`}
          </button>
        )}
        <Content channel={message.channel} ts={message.ts} what={message} />
        <Files files={message.files} />
        {replies !== null && onThread !== null && (
          <button className="replies" onClick={() => onThread(root)} type="button">
            <span className="replies-faces">
              {replies.users.map((id) => (
                <Avatar key={id} person={personOf(state, id)} size="small" />
              ))}
            </span>
            <span className="replies-count">{replies.count === 1 ? '1 reply' : `${replies.count} replies`}</span>
            <span className="replies-last">
              Last reply {dayWords(dateOf(replies.last)).toLowerCase()} at {clockTime(dateOf(replies.last))}
            </span>
          </button>
        )}
      </div>
      {onThread !== null && (
        <div className="message-tools">
          <button
            aria-label={`Migrate these servers, from the message of ${person.name}, ${clockTime(at)}`}
            onClick={() => void act({ kind: 'shortcut', user: me.id, channel: message.channel, ts: message.ts })}
            title="Migrate these servers (redis-migrate)"
            type="button"
          >
            <Icon name="bolt" />
          </button>
          <button
            aria-label={`Reply in thread to ${person.name}, ${clockTime(at)}`}
            onClick={() => onThread(root)}
            title="Reply in thread"
            type="button"
          >
            <Icon name="thread" />
          </button>
        </div>
      )}
    </li>
  );
});

/** Of the message that a thread hangs on, as Slack names it. */
function firstWords(text: string): string {
  const line = text.split('\n')[0]?.replace(/<[^>]*>|[*_~`]/g, '') ?? '';
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

export const Ephemeral = memo(function Ephemeral({ ephemeral }: { readonly ephemeral: PageEphemeral }) {
  const { state } = useWorkspace();
  const bot = personOf(state, state.botUser);
  const at = dateOf(ephemeral.id);
  return (
    <li className="message message-ephemeral" data-message={ephemeral.id} tabIndex={-1}>
      <Avatar person={bot} size="large" />
      <div className="message-body">
        <div className="only-you">
          <Icon name="eye" size={13} /> Only visible to you
        </div>
        <div className="message-head">
          <span className="message-name">{bot.name}</span>
          <span className="app-badge">APP</span>
          {!Number.isNaN(at.getTime()) && <time dateTime={at.toISOString()}>{clockTime(at)}</time>}
        </div>
        <Content channel={ephemeral.channel} ts={ephemeral.id} what={ephemeral} />
      </div>
    </li>
  );
});

interface ContentProps {
  readonly what: Pick<PageMessage, 'text' | 'blocks'>;
  readonly channel: string;
  readonly ts: string;
}

function Content({ what, channel, ts }: ContentProps) {
  const own = what.text === '' ? [] : [{ type: 'section', text: { type: 'mrkdwn', text: what.text } }];
  const blocks = what.blocks.length > 0 ? what.blocks : own;
  return (
    <Fields at={{ channel, ts }} blocks={blocks} channel={channel}>
      <Blocks blocks={blocks} />
    </Fields>
  );
}
