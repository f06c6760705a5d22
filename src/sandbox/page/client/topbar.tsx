/** Who acts, light or dark, and whether the world outside is shown. */
import { Avatar } from './avatar.tsx';
import { Icon } from './icons.tsx';
import type { Theme } from './theme.ts';
import { ROLE_WORDS, useWorkspace } from './workspace.tsx';

interface TopBarProps {
  readonly theme: Theme;
  readonly onTheme: () => void;
  readonly world: boolean;
  readonly onWorld: () => void;
  readonly onPerson: (id: string) => void;
}

export function TopBar({ theme, onTheme, world, onWorld, onPerson }: TopBarProps) {
  const { state, me } = useWorkspace();
  const people = state.people.filter(({ role }) => role !== 'bot');
  return (
    <header className="topbar">
      <div className="team">
        <span aria-hidden="true" className="team-mark">
          {state.team.slice(0, 1).toUpperCase()}
        </span>
        <span className="team-name">{state.team}</span>
      </div>
      <fieldset className="acting">
        <legend>Acting as</legend>
        {people.map((person) => (
          <label className="acting-person" key={person.id} title={ROLE_WORDS[person.role]}>
            <input
              checked={person.id === me.id}
              name="acting"
              onChange={() => onPerson(person.id)}
              type="radio"
              value={person.id}
            />
            <Avatar person={person} size="small" />
            <span className="acting-name">{person.name}</span>
            <span className="acting-role">{ROLE_WORDS[person.role] ?? person.role}</span>
          </label>
        ))}
      </fieldset>
      <div className="topbar-tools">
        <button
          aria-label={theme === 'dark' ? 'Switch to light' : 'Switch to dark'}
          className="topbar-button"
          onClick={onTheme}
          title={theme === 'dark' ? 'Light' : 'Dark'}
          type="button"
        >
          <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
        </button>
        <button
          aria-label="World outside"
          aria-pressed={world}
          className="topbar-button"
          onClick={onWorld}
          type="button"
        >
          <Icon name="globe" /> <span>World outside</span>
        </button>
      </div>
    </header>
  );
}
