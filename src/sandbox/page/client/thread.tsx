/** One message and its replies, beside the channel. */
import { useEffect, useRef } from 'react';
import { Composer } from './composer.tsx';
import { Icon } from './icons.tsx';
import { Message } from './message.tsx';
import { useFollowing } from './scroll.ts';
import { threadOf } from './timeline.ts';
import { useWorkspace } from './workspace.tsx';

interface ThreadProps {
  readonly channel: { readonly id: string; readonly name: string };
  readonly ts: string;
  readonly onClose: () => void;
}

export function Thread({ channel, ts, onClose }: ThreadProps) {
  const { state } = useWorkspace();
  const [root, ...replies] = threadOf(state, channel.id, ts);
  const { ref } = useFollowing(ts);
  const pane = useRef<HTMLElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented && document.querySelector('dialog') === null) onClose();
    };
    const own = pane.current;
    own?.addEventListener('keydown', onKey);
    return () => own?.removeEventListener('keydown', onKey);
  }, [onClose]);

  return (
    <section aria-label="Thread" className="pane thread" ref={pane}>
      <header className="pane-head">
        <h2>Thread</h2>
        <p>#{channel.name}</p>
        <button aria-label="Close the thread" className="pane-close" onClick={onClose} type="button">
          <Icon name="close" />
        </button>
      </header>
      <div className="scroll" ref={ref} tabIndex={-1}>
        <div className="scroll-inside">
          {root === undefined ? (
            <p className="empty">This message is gone.</p>
          ) : (
            <ol aria-label="Messages of the thread" className="messages">
              <Message close={false} message={root} onThread={null} replies={null} />
              <li className="reply-count">
                <span>{replies.length === 1 ? '1 reply' : `${replies.length} replies`}</span>
              </li>
              {replies.map((message) => (
                <Message close={false} key={message.ts} message={message} onThread={null} replies={null} />
              ))}
            </ol>
          )}
        </div>
      </div>
      <Composer channel={channel.id} key={ts} name={channel.name} threadTs={ts} />
    </section>
  );
}
