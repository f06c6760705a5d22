/** The workspace's channels and its app. */
import { Avatar } from './avatar.tsx';
import { Icon } from './icons.tsx';
import type { Place } from './place.ts';
import { personOf, useWorkspace } from './workspace.tsx';

interface SidebarProps {
  readonly shown: string;
  readonly unread: ReadonlySet<string>;
  readonly onGo: (change: Partial<Place>) => void;
}

export function Sidebar({ shown, unread, onGo }: SidebarProps) {
  const { state } = useWorkspace();
  const bot = personOf(state, state.botUser);
  const here = (id: string) => (shown === id ? ('page' as const) : undefined);
  return (
    <nav aria-label="Channels and apps" className="sidebar">
      <h2 className="sidebar-section">Channels</h2>
      <ul>
        {state.channels.map(({ id, name }) => (
          <li key={id}>
            <button
              aria-current={here(id)}
              aria-label={unread.has(id) ? `${name}, new messages` : name}
              className={unread.has(id) ? 'sidebar-item sidebar-unread' : 'sidebar-item'}
              onClick={() => onGo({ channel: id, thread: null })}
              type="button"
            >
              <Icon name="hash" /> <span>{name}</span>
            </button>
          </li>
        ))}
      </ul>
      <h2 className="sidebar-section">Apps</h2>
      <ul>
        <li>
          <button
            aria-current={here('home')}
            aria-label={`${bot.name}, ${state.world.botRunning ? 'running' : 'stopped'}`}
            className="sidebar-item"
            onClick={() => onGo({ channel: 'home', thread: null })}
            type="button"
          >
            <Avatar person={bot} size="small" /> <span>{bot.name}</span>
            <span className={`dot ${state.world.botRunning ? 'dot-good' : 'dot-off'}`} />
          </button>
        </li>
      </ul>
      <p className="sidebar-note">A workspace on this machine only. Nothing here reaches Slack.</p>
    </nav>
  );
}
