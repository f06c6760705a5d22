/** A person's picture: their first letter on their own colour; the bot has its mark. Decoration: the name is beside it. */
import type { Person } from '../state.ts';
import { BotMark } from './icons.tsx';

export function Avatar({ person, size }: { readonly person: Person; readonly size: 'small' | 'large' }) {
  const tint = person.role === 'bot' ? 'bot' : person.role;
  return (
    <span aria-hidden="true" className={`avatar avatar-${size} tint-${tint}`}>
      {person.role === 'bot' ? <BotMark /> : person.name.slice(0, 1).toUpperCase()}
    </span>
  );
}
