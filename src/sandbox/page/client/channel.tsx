/** A channel: its messages, and where one writes. */
import { useMemo, useState } from 'react';
import { Composer } from './composer.tsx';
import { Icon } from './icons.tsx';
import { Ephemeral, Message } from './message.tsx';
import { useFollowing } from './scroll.ts';
import { dayWords } from './time.ts';
import { timeline } from './timeline.ts';
import { Welcome } from './welcome.tsx';
import { useWorkspace } from './workspace.tsx';

interface ChannelProps {
  readonly channel: { readonly id: string; readonly name: string };
  readonly onThread: (ts: string) => void;
}

export function Channel({ channel, onThread }: ChannelProps) {
  const { state, me } = useWorkspace();
  const [offered, setOffered] = useState<{ readonly text: string } | null>(null);
  const { messages, ephemerals } = state;
  const entries = useMemo(
    () => timeline({ messages, ephemerals }, channel.id, me.id),
    [messages, ephemerals, channel.id, me.id],
  );
  const { ref, atEnd, toEnd } = useFollowing(`${channel.id} ${me.id}`);
  const said = entries.findLast((entry) => entry.kind !== 'day');

  return (
    <section aria-label={`Channel ${channel.name}`} className="pane channel">
      <header className="pane-head">
        <h1>
          <Icon name="hash" /> {channel.name}
        </h1>
        <p>Migrations are asked for and approved here</p>
      </header>
      <div className="scroll" ref={ref} tabIndex={-1}>
        <div className="scroll-inside">
          <Welcome channel={channel} fresh={said === undefined} onOffer={(text) => setOffered({ text })} />
          <ol aria-label="Messages" className="messages">
            {entries.map((entry) => {
              if (entry.kind === 'day')
                return (
                  <li className="day" key={entry.key}>
                    <span>{dayWords(entry.at)}</span>
                  </li>
                );
              if (entry.kind === 'ephemeral') return <Ephemeral ephemeral={entry.ephemeral} key={entry.key} />;
              const { key, message, close, replies } = entry;
              return <Message close={close} key={key} message={message} onThread={onThread} replies={replies} />;
            })}
          </ol>
        </div>
      </div>
      {!atEnd && (
        <button className="to-end" onClick={toEnd} type="button">
          <Icon name="down" size={14} /> Latest messages
        </button>
      )}
      <p aria-live="polite" className="unseen">
        {said === undefined ? '' : said.kind === 'ephemeral' ? said.ephemeral.text : newest(said)}
      </p>
      <Composer channel={channel.id} key={channel.id} name={channel.name} offered={offered} threadTs={null} />
    </section>
  );
}

/** Read out once when it comes, not with each edit. */
function newest(entry: ReturnType<typeof timeline>[number]): string {
  return entry.kind === 'message' && entry.message.edited === null ? entry.message.text : '';
}
